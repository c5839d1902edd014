"""First sight of a file: uploaded, looked at with a mapping that a person may change, accepted and delivered."""

from __future__ import annotations

import json
import math
import re
import shutil
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from fastapi import Path as InPath
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api import i18n
from api.deliveries import Deliverer, LayerNotFound, runs
from api.deps import CityDep, Runtime, RuntimeDep
from api.errors import NotFound, ParameterInvalid
from api.problem_words import worded
from api.security import Holder, NotAllowed, Permission
from api.uploads import UPLOAD_BODY, Received, Runs, received
from api.words_of_deliveries import as_json, with_places
from geo.errors import PanjerehError
from geo.vocabulary import Utility
from layers import deliveries as stored
from layers.catalog import Sensitivity, Target
from layers.city import City, load_city
from layers.config import Words
from layers.delivery_errors import MappingInvalid
from layers.handling import Handling
from permits.vocabulary import Role

if TYPE_CHECKING:  # what reads files is loaded by the first that is looked at
    from layers.first_sight import Asked
    from layers.proposal import Wishes
    from layers.proposal_edits import Edits

router = APIRouter(prefix="/v1/cities/{city_id}/layers/{layer_id}", tags=["deliveries"])
KEPT_S: Final = 24 * 3600
_LAYER_ID: Final = re.compile(r"[a-z][a-z0-9_]{1,40}")
_ACCEPTING: Final = threading.Lock()


class SightNotFound(NotFound):
    """There is no such file to look at; files that nobody accepts are kept for a day."""

    code = "sight-not-found"


@dataclass(frozen=True, slots=True)
class Desk:
    """Who looks at a file as which layer; `layer_id` may be one that the city does not have yet."""

    place: City
    layer_id: str
    who: Holder
    language: i18n.Language


def desk(
    request: Request, place: CityDep, who: Deliverer, layer_id: Annotated[str, InPath(max_length=100)]
) -> Desk:
    """An officer, or somebody of the agency that owns the layer; new layers are the officer's alone."""
    known = {spec.layer_id: spec for spec in place.layers}
    spec = known.get(layer_id)
    if spec is None and not _LAYER_ID.fullmatch(layer_id):
        raise LayerNotFound(unknown=[layer_id[:100]], known=sorted(known))
    if who.role is Role.AGENCY and (spec is None or who.agency != spec.owner):
        raise NotAllowed(role=who.role.value, action=Permission.DELIVER.value)
    return Desk(place, layer_id, who, i18n.preferred(request.headers.get("accept-language")))


DeskDep = Annotated[Desk, Depends(desk)]


class Choice(BaseModel):
    """The column of a field, and its unit or calendar."""

    model_config = ConfigDict(extra="forbid")

    column: str = Field(max_length=300)
    unit: str | None = Field(default=None, max_length=20)


class Name(BaseModel):
    """A layer's name in both languages."""

    model_config = ConfigDict(extra="forbid")

    en: str = Field(min_length=1, max_length=100)
    fa: str = Field(min_length=1, max_length=100)


class Said(BaseModel):
    """What the person at the desk says; what is left out is proposed."""

    model_config = ConfigDict(extra="forbid")

    table: str | None = Field(default=None, max_length=300)
    crs: str | None = Field(default=None, max_length=40, pattern=r"^EPSG:\d{1,6}$")
    encoding: str | None = Field(default=None, max_length=40)
    target: Target | None = None
    utility: Utility | None = None
    fields: dict[str, Choice] | None = None
    codes: dict[str, dict[str, str]] | None = None
    settled: list[str] = Field(default_factory=list, max_length=100)
    name: Name | None = None
    owner: str | None = Field(default=None, max_length=100)
    sensitivity: Sensitivity | None = None

    def wishes(self) -> Wishes:
        """What is said about the file as a whole."""
        from layers.proposal import Wishes

        return Wishes(self.table, self.crs, self.encoding, self.target, self.utility)

    def edits(self) -> Edits:
        """What is said about the mapping."""
        from layers.proposal_edits import Edits, Picked

        fields = self.fields
        return Edits(
            fields=None
            if fields is None
            else {n: Picked(c.column, c.unit or None) for n, c in fields.items()},
            codes=self.codes,
            settled=frozenset(self.settled),
            name=Words(self.name.en, self.name.fa) if self.name else None,
            owner=self.owner,
            sensitivity=self.sensitivity,
        )


class Accepted(Said):
    """The mapping as it is to be kept, and the day whose truth the file shows."""

    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that waits to be accepted."""

    sight_id: str
    folder: Path
    file: Path
    size_bytes: int

    @classmethod
    def of(cls, resources: Runtime, at: Desk, sight_id: str) -> Kept:
        """The kept file of a layer; SightNotFound."""
        folder = _folder(resources) / sight_id
        try:
            said = json.loads((folder / "sight.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SightNotFound(sight=sight_id) from error
        if (said["city"], said["layer"]) != (at.place.city_id, at.layer_id):
            raise SightNotFound(sight=sight_id)
        return cls(sight_id, folder, folder / "file" / said["file"], said["size_bytes"])


def _folder(resources: Runtime) -> Path:
    return resources.settings.data_dir / "sights"


def _keep(resources: Runtime, at: Desk, file: Received) -> Kept:
    """Move a received file to where it waits; forget those that waited for a day in vain."""
    there = _folder(resources)
    there.mkdir(parents=True, exist_ok=True)
    for old in there.iterdir():
        if time.time() - old.stat().st_mtime > KEPT_S:
            shutil.rmtree(old, ignore_errors=True)
    made = Kept(uuid.uuid4().hex, there, file.path, file.size_bytes)
    folder = there / made.sight_id
    folder.mkdir()
    file.path.parent.rename(folder / "file")
    said = {
        "city": at.place.city_id,
        "layer": at.layer_id,
        "file": file.path.name,
        "size_bytes": file.size_bytes,
        "by": at.who.actor_id,
    }
    (folder / "sight.json").write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    return replace(made, folder=folder, file=folder / "file" / file.path.name)


def _asked(at: Desk, kept: Kept, said: Said) -> Asked:
    from layers.first_sight import Asked

    if said.owner is not None and said.owner not in {agency.agency_id for agency in at.place.agencies}:
        raise ParameterInvalid(parameter="owner", value=said.owner, expected=at.place.agencies[0].agency_id)
    return Asked(kept.file, at.place, at.layer_id, said.wishes(), said.edits())


def _look(resources: Runtime, at: Desk, kept: Kept, said: Said) -> dict[str, Any]:
    """The file as it would be taken; what makes it unreadable as asked is told, for the person may say more."""
    from layers import first_sight

    told: dict[str, Any] = {
        "sight_id": kept.sight_id,
        "city_id": at.place.city_id,
        "layer_id": at.layer_id,
        "file_name": kept.file.name,
        "size_bytes": kept.size_bytes,
        "problem": None,
        "preview": None,
    }
    asked = _asked(at, kept, said)
    try:
        with resources.engine.connect() as connection:
            made = first_sight.look(connection, asked)
    except MappingInvalid:
        raise
    except PanjerehError as error:
        title = i18n.say(at.language, "problem-422")
        problem = {"code": error.code, "params": dict(error.params), "title": title}
        return told | {"problem": problem | {"detail": worded(at.language, error)}}
    made["issues"] = with_places(made["issues"], at.place)
    return told | {"preview": _plain(made)}


def _plain(value: Any) -> Any:
    """A value as JSON knows it: no NaN, no numbers of other libraries, days as text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


async def upload(request: Request, resources: RuntimeDep, _desk: DeskDep) -> Received:
    """The body, streamed to disk; who may not deliver is refused before a byte is read."""
    return await received(request, resources.settings)


@router.post(
    "/sights", status_code=201, summary="Look at a file before it is delivered", openapi_extra=UPLOAD_BODY
)
def create(
    request: Request, resources: RuntimeDep, at: DeskDep, file: Annotated[Received, Depends(upload)]
) -> JSONResponse:
    """Keep the file for a day and tell the proposed mapping and what would become of the file."""
    try:
        kept = _keep(resources, at, file)
    except BaseException:
        file.remove()
        raise
    answer = JSONResponse(_look(resources, at, kept, Said()), status_code=201)
    answer.headers["Location"] = f"{request.url.path}/{kept.sight_id}"
    return answer


SightId = Annotated[str, InPath(pattern=r"^[0-9a-f]{32}$")]


@router.post("/sights/{sight_id}", summary="Look at the file again, mapped otherwise")
def again(resources: RuntimeDep, at: DeskDep, sight_id: SightId, said: Said) -> dict[str, Any]:
    """The same answer with the person's mapping instead of the proposed one; nothing is stored."""
    return _look(resources, at, Kept.of(resources, at, sight_id), said)


@router.delete("/sights/{sight_id}", status_code=204, summary="Forget the file")
def forget(resources: RuntimeDep, at: DeskDep, sight_id: SightId) -> Response:
    """The file is removed; nothing else was kept of it."""
    shutil.rmtree(Kept.of(resources, at, sight_id).folder, ignore_errors=True)
    return Response(status_code=204)


@router.post("/sights/{sight_id}/accept", status_code=202, summary="Keep the mapping and deliver the file")
def accept(
    resources: RuntimeDep,
    at: DeskDep,
    sight_id: SightId,
    said: Accepted,
    in_hand: Annotated[Runs, Depends(runs)],
) -> JSONResponse:
    """The mapping is kept as data beside the city, and the file delivered with it: a *Delivery* to be followed."""
    from layers import first_sight

    as_of = said.as_of or datetime.now(ZoneInfo(at.place.timezone)).date()
    root = resources.settings.cities_dir
    with _ACCEPTING:
        kept = Kept.of(resources, at, sight_id)
        mark = f"{datetime.now(UTC):%Y%m%d}-{sight_id[:8]}"
        spec = first_sight.accept(_asked(at, kept, said), root, as_of, mark)
        place = load_city(root, at.place.city_id)
        resources.cities[place.city_id] = place
    uploads = resources.settings.uploads_dir
    uploads.mkdir(parents=True, exist_ok=True)
    folder = uploads / f"d-{sight_id}"
    kept.file.parent.rename(folder)
    shutil.rmtree(kept.folder, ignore_errors=True)
    file = Received(folder / kept.file.name, kept.size_bytes)
    number = in_hand.take(place, spec, file, Handling(as_of=as_of), by=at.who.actor_id, table=None)
    with resources.engine.connect() as connection:
        row = stored.one(connection, place.city_id, spec.layer_id, number)
        current = stored.shown(connection, place.city_id, spec.layer_id)
    answer = JSONResponse(as_json(row, place, current, at.language), status_code=202)
    answer.headers["Location"] = f"/v1/cities/{place.city_id}/layers/{spec.layer_id}/deliveries/{number}"
    return answer
