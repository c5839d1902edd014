"""A case on the map: the dig, the parcel, what was found, where to dig by hand, the service lines; WGS84."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from permits import service_lines
from permits import tables as t
from permits.errors import CaseNotFound
from permits.ports import Json

# The proposed conditions whose ground is drawn, and as what.
_DRAWN: Final[Mapping[str, str]] = {"safe-corridor": "safe_corridor", "hand-dig": "hand_dig"}


def case_geojson(session: Session, case_id: UUID) -> Json:
    """All shapes of one case as a FeatureCollection, each with its `kind`; raises `CaseNotFound`."""
    row = session.execute(
        select(t.case_.c.excavation, t.case_.c.dossier, t.case_.c.parcel_id).where(
            t.case_.c.case_id == case_id
        )
    ).one_or_none()
    if row is None:
        raise CaseNotFound(case_id=str(case_id))
    bodies = session.execute(
        select(t.finding.c.body).where(t.finding.c.case_id == case_id).order_by(t.finding.c.n)
    )
    findings: list[Json] = list(bodies.scalars())
    features = [
        _feature(row.excavation["geometry"], {"kind": "excavation", "depth_m": row.excavation["depth_m"]}),
        _feature(row.dossier.get("geometry"), {"kind": "parcel", "parcel_id": row.parcel_id}),
        *_grounds(row.dossier.get("suggested_conditions") or ()),
        *(_feature(each.get("geometry"), {"kind": "finding", **without_geometry(each)}) for each in findings),
        *_trial_pits(findings),
    ]
    for line in service_lines.of_case(session, case_id):
        features += _line_features(line)
    return {"type": "FeatureCollection", "features": [f for f in features if f["geometry"] is not None]}


def without_geometry(finding: Json) -> Json:
    """A finding as the case shows it; its line is on the map, in the GeoJSON of the case."""
    return {key: value for key, value in finding.items() if key != "geometry"}


def _grounds(conditions: Sequence[Json]) -> Iterable[Json]:
    """Where machines may work and where only hands may, as the conditions propose it."""
    for each in conditions:
        kind = _DRAWN.get(str(each.get("code")))
        if kind is not None:
            yield _feature(each.get("corridor"), {"kind": kind, **(each.get("params") or {})})


def _trial_pits(findings: Iterable[Json]) -> Iterable[Json]:
    """Each trial pit once, with the references of all the lines that it would decide."""
    places: dict[str, tuple[Json, list[str]]] = {}
    for finding in findings:
        for pit in finding.get("trial_pits") or ():
            _, refs = places.setdefault(json.dumps(pit["point"], sort_keys=True), (pit["point"], []))
            refs.append(str(finding.get("ref")))
    for point, refs in places.values():
        yield _feature(point, {"kind": "trial_pit", "refs": refs})


def _line_features(line: Json) -> list[Json]:
    """A service line on the map: as proposed, as built, and the trench it shares (under its first agency only)."""
    said = {
        "kind": "service_line",
        "agency": line["agency"],
        "utility": line.get("utility"),
        "state": line["state"],
    }
    made = [_feature(line.get("route"), {**said, "length_m": line.get("length_m")})]
    built = line.get("as_built")
    if built:
        made.append(_feature(built.get("geometry_wgs84"), {**said, "kind": "service_line_as_built"}))
    shared = line.get("shared_trench")
    if shared and line["agency"] < min(shared["with"]):
        trench = {"kind": "shared_trench", "saved_m": shared["saved_m"], "width_m": shared["width_m"]}
        made.append(_feature(shared["geometry"], trench))
    return made


def _feature(geometry: Json | None, properties: Json) -> Json:
    return {"type": "Feature", "geometry": geometry, "properties": properties}
