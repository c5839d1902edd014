"""The map of one excavation as a file: a page for phone and paper, GeoJSON, a GeoPackage, or the offline pack."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask

from api import i18n
from api.deps import CityDep, RuntimeDep, context
from api.dig_sheet import CSP, sheet
from api.digs import Guard
from api.security import Holder, Permission, asker, may_look_at, require
from layers.access import identify, map_purpose
from layers.city import City
from layers.exports import FORMATS, Format
from layers.offline_pack import PackPage, build_pack
from permits import dig_map
from permits.dig_map import DigMap, Wanted

router = APIRouter(prefix="/v1/cities/{city_id}/digs", tags=["excavations"])
_PRIVATE: Final = {"Cache-Control": "private, no-store"}


class MapForm(StrEnum):
    """What the map is sent as."""

    HTML = "html"
    GEOJSON = "geojson"
    GEOPACKAGE = "gpkg"
    PACK = "zip"


class MapQuery(BaseModel):
    """Which map."""

    model_config = ConfigDict(extra="forbid")

    f: MapForm = Field(
        default=MapForm.HTML,
        description="html: one page, drawn to scale for A4, no network needed; zip: the offline pack of the area",
    )
    margin_m: float = Field(
        default=dig_map.MARGIN_M, ge=5, le=100, description="metres around the excavation"
    )
    lang: Literal["fa", "en"] | None = Field(
        default=None, description="of the page; else what the client prefers"
    )


def _wanted(place: City, who: Holder, margin_m: float) -> Wanted:
    """The layers by the same two tables as the map's; what they do not allow is named, never silently left out."""
    purpose = map_purpose(who.role.value)
    seen = [spec for spec in place.layers if may_look_at(who, spec, place.city_id, purpose)]
    withheld = [spec for spec in place.layers if spec not in seen]
    return Wanted(seen, withheld, margin_m, who.name)


@router.get(
    "/{dig_id}/map",
    summary="The map of the excavation to take along: page for phone and paper, GeoJSON, GeoPackage, offline pack",
    responses={200: {"content": {"text/html": {}, "application/geo+json": {}, "application/zip": {}}}},
)
def dig_map_file(
    request: Request,
    resources: RuntimeDep,
    place: CityDep,
    who: Guard.Read,
    dig_id: UUID,
    asked: Annotated[MapQuery, Query()],
) -> Response:
    """The excavation, its findings and conditions, and the layers around that the asker may see.

    A look at sensitive layers is written down, counts against the day's budget and is refused (403) beyond it.
    """
    if asked.f is MapForm.PACK:
        require(who, Permission.MAKE_PACK, place.city_id)
    wanted = _wanted(place, who, asked.margin_m)
    ctx = context(place, who)

    def read(session: Session) -> DigMap:
        identify(session, asker(who), place.city_id, map_purpose(who.role.value))
        return dig_map.dig_map(session, ctx, dig_id, wanted)

    if asked.f in (MapForm.HTML, MapForm.GEOJSON):
        with resources.sessions.begin() as session:
            made = read(session)
        if asked.f is MapForm.GEOJSON:
            text = json.dumps(dig_map.as_geojson(made), ensure_ascii=False)
            return Response(
                text, media_type="application/geo+json", headers=_saved(made.dig.dig_no, "geojson")
            )
        language = asked.lang or i18n.preferred(request.headers.get("accept-language"))
        return Response(
            sheet(made, language),
            media_type="text/html; charset=utf-8",
            headers={**_PRIVATE, "Content-Security-Policy": CSP, "Content-Language": language},
        )

    def write(path: Path) -> None:
        with resources.sessions.begin() as session:
            if asked.f is MapForm.GEOPACKAGE:
                dig_map.write_gpkg(read(session), path)
                return
            page = PackPage.read(resources.settings.web_dir / "offline")
            identify(session, asker(who), place.city_id, map_purpose(who.role.value))
            build_pack(session, dig_map.request_of(session, ctx, dig_id, wanted), page, path)

    media = "application/zip" if asked.f is MapForm.PACK else FORMATS[Format.GEOPACKAGE].media
    return _file(write, f"dig-{datetime.now(UTC):%Y%m%d-%H%M}.{asked.f.value}", media)


def _saved(dig_no: str, suffix: str) -> dict[str, str]:
    return {**_PRIVATE, "Content-Disposition": f'attachment; filename="{dig_no}.{suffix}"'}


def _file(write: Callable[[Path], Any], name: str, media: str) -> FileResponse:
    """What `write` writes, sent and then removed."""
    folder = tempfile.TemporaryDirectory(prefix="panjereh-dig-")
    path = Path(folder.name) / name
    try:
        write(path)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path, media_type=media, filename=name, headers=_PRIVATE, background=BackgroundTask(folder.cleanup)
    )
