"""What the ground says: the parcel's dossier and the conflict check, from the layers as published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import shapely
from shapely.geometry import Polygon, mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from geo.clearance import Excavation, RulePack, load_pack, search_margin_m, tree_margin_m
from geo.crs import CityCrs, lonlat_around, to_wgs84, transform_to
from geo.quality import accuracy
from geo.shapes import check_area, checked_polygon
from layers import query
from layers.access import Asker, Purpose, identify
from layers.catalog import Target
from layers.city import City
from layers.reach import within_reach
from layers.records import NearFeature, ParcelRecord
from permits.calendars import WEEKEND
from permits.conditions import Shown, Window
from permits.conflicts import KEEP_CLEAR_WITHIN_M, ConflictReport, check_conflicts
from permits.errors import ExcavationOffParcel, ParcelNotFound
from permits.ports import Actor, Json
from permits.requests import ExcavationRequest
from permits.trees import OUTLINE_M, is_tree
from permits.views import as_json
from permits.vocabulary import Works

# A pit may reach over the parcel's edge (a service trench does), but it begins at the parcel.
BESIDE_M = 5.0
# Of a line that is found, so much is shown beyond where it comes nearest.
_SHOWN_M = 5.0


@dataclass(frozen=True, slots=True)
class Ground:
    """The pit in the city's CRS (`shape_m`) and in WGS84, the dossier, the findings as stored."""

    shape_m: Polygon
    shape_wgs84: Json
    parcel_geometry: Json
    """GeoJSON in the city's CRS, for the inquiry to the agencies."""
    dossier: Json
    verdict: str
    findings: list[Json] = field(default_factory=list)
    missing: list[Json] = field(default_factory=list)


Survey = Callable[[Session, City, str, ExcavationRequest, Works, date], Ground]


def survey(
    session: Session, city: City, parcel_id: str, excavation: ExcavationRequest, works: Works, today: date
) -> Ground:
    """Look at the ground; raises `ParcelNotFound`, `ExcavationOffParcel` or a geometry refusal of `geo`."""
    found = query.parcel(session, city.city_id, parcel_id)
    if found is None:
        raise ParcelNotFound(parcel_id=parcel_id, city=city.city_id)
    pit_m = pit_in_city(city.city_crs, excavation)
    off_m = found.geom.distance(pit_m)
    if off_m > BESIDE_M:
        raise ExcavationOffParcel(parcel_id=parcel_id, distance=round(off_m, 1), limit=BESIDE_M)
    report, lines = _check(session, city, pit_m, excavation, works, today)
    return Ground(
        shape_m=pit_m,
        shape_wgs84=as_json(mapping(to_wgs84(pit_m, city.city_crs))),
        parcel_geometry=as_json(mapping(found.geom)),
        dossier=_dossier(session, city, found, report, today),
        verdict=str(report.verdict),
        findings=_with_geometry(report.findings_json, lines, lonlat_around(pit_m, city.city_crs)),
        missing=[as_json(layer) for layer in report.missing_information],
    )


@dataclass(frozen=True, slots=True)
class Pit:
    """What lies around a pit that belongs to no parcel: the check, and whose lines are near."""

    shape_wgs84: Json
    verdict: str
    findings: list[Json]
    missing: list[Json]
    conditions: list[Json]
    owners: tuple[str, ...]
    """Agencies with a line within the check's reach or `reach_m`."""


def check_pit(
    session: Session,
    city: City,
    pit_m: Polygon,
    excavation: ExcavationRequest,
    works: Works,
    today: date,
    reach_m: float,
) -> Pit:
    """Check a pit in the city's CRS as a case's is checked; the look must have been announced (`look_as`)."""
    report, lines = _check(session, city, pit_m, excavation, works, today)
    layer_ids = [spec.layer_id for spec in city.layers if spec.target is Target.NETWORK_LINE]
    near = query.near(session, city.city_id, layer_ids, pit_m, reach_m)
    found = {each.owner_agency for each in near} | {each.owner for each in report.findings}
    return Pit(
        shape_wgs84=as_json(mapping(to_wgs84(pit_m, city.city_crs))),
        verdict=str(report.verdict),
        findings=_with_geometry(report.findings_json, lines, lonlat_around(pit_m, city.city_crs)),
        missing=[as_json(layer) for layer in report.missing_information],
        conditions=[as_json(condition) for condition in report.conditions],
        owners=tuple(sorted(str(owner) for owner in found if owner)),
    )


def look_as(session: Session, city: City, actor: Actor, case_id: UUID | None = None) -> None:
    """Say, for the rest of this transaction, for whom the ground is looked at; raises `AccessRefused`."""
    asker = Asker(actor.id, actor.role.value, actor.agency)
    identify(session, asker, city.city_id, Purpose.PERMIT, case_id)


def pit_in_city(city_crs: CityCrs, excavation: ExcavationRequest) -> Polygon:
    """The stated excavation as a checked polygon in the city's CRS."""
    stated = checked_polygon(excavation.geometry)
    pit_m = checked_polygon(transform_to(stated, excavation.crs, city_crs).shape)
    check_area(pit_m)
    return pit_m


def _check(
    session: Session, city: City, pit_m: Polygon, excavation: ExcavationRequest, works: Works, today: date
) -> tuple[ConflictReport, dict[str, BaseGeometry]]:
    """One indexed look around the pit; also the lines found, clipped to that neighbourhood, by reference.

    Each line is looked for as far as it itself may lie off: a badly known one is found from farther away.
    """
    pack = rules_of(city)
    lines = [spec.layer_id for spec in city.layers if spec.target is Target.NETWORK_LINE]
    margin_m = _margin_m(city, pack, works)
    near = within_reach(session, city.city_id, lines, pit_m, margin_m)
    near += _trees(session, city, pit_m, tree_margin_m(pack, works=works.value))
    states = [
        state
        for state in query.freshness(session, city, today)
        if state.target == Target.NETWORK_LINE or state.utility is None
    ]
    expected = {str(utility) for agency in city.agencies for utility in agency.utilities}
    pit = Excavation(pit_m, excavation.depth_m, excavation.method.value, works.value, top_m=excavation.top_m)
    shown = _rounded(lonlat_around(pit_m, city.city_crs))
    report = check_conflicts(pit, near, pack, states, expected, _window(city), shown)
    return report, _clipped(near, pit_m, margin_m + _SHOWN_M)


def _trees(session: Session, city: City, pit_m: Polygon, margin_m: float | None) -> list[NearFeature]:
    """The trees around the pit; nobody looks where no rule asks (`margin_m` None)."""
    if margin_m is None:
        return []
    reach_m = max(margin_m, KEEP_CLEAR_WITHIN_M)
    points = [spec.layer_id for spec in city.layers if spec.target is Target.TREE]
    areas = [spec.layer_id for spec in city.layers if spec.target is Target.LANDUSE]
    found = within_reach(session, city.city_id, points, pit_m, reach_m)
    return found + [
        each for each in query.near(session, city.city_id, areas, pit_m, reach_m + OUTLINE_M) if is_tree(each)
    ]


def _margin_m(city: City, pack: RulePack, works: Works) -> float:
    """How far beyond each line's own reach to look: as far as any rule asks, and as clear lines are kept.

    A line that states no accuracy reaches as far as its level says; its stored reach knows only of no level.
    """
    levels = [spec.quality.quality_level for spec in city.layers if spec.quality is not None]
    unknown_m = accuracy(None).horizontal_m
    worse_m = max((accuracy(str(level)).horizontal_m - unknown_m for level in levels), default=0.0)
    return max(search_margin_m(pack, works=works.value), KEEP_CLEAR_WITHIN_M) + max(worse_m, 0.0)


def rules_of(city: City) -> RulePack:
    """The city's clearance rules: its pack, and over it the city's own `clearance.csv` where there is one."""
    own = city.folder / "clearance.csv"
    return _pack(city.folder.parent / "packs" / f"{city.clearance_pack}.csv", own if own.is_file() else None)


@lru_cache(maxsize=64)
def _pack(path: Path, override: Path | None) -> RulePack:
    return load_pack(path, override=override)


def _window(city: City) -> Window:
    """When owners can attend: the city's office hours on the days that are not its weekend."""
    weekend = WEEKEND[city.calendar.value]
    days = tuple(day for day in range(1, 8) if day not in weekend)
    return Window(days, city.watch.opens, city.watch.closes, city.watch.notice_hours)


def _rounded(shown: Shown) -> Shown:
    """Corridors are drawn, not measured: eight decimals of a degree, about a millimetre."""

    def rounded(shape_m: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shown(shape_m), lambda degrees: degrees.round(8))

    return rounded


def _clipped(near: Sequence[NearFeature], pit_m: Polygon, within_m: float) -> dict[str, BaseGeometry]:
    """Each line as far as it lies around the pit; of one that is farther away, the part that is nearest."""
    around = pit_m.buffer(within_m)
    return {
        f"{each.layer_id}/{each.feature_id}": each.geom.intersection(
            around if each.distance_m <= within_m - _SHOWN_M else pit_m.buffer(each.distance_m + _SHOWN_M)
        )
        for each in near
    }


def _with_geometry(findings: Iterable[Json], lines: dict[str, BaseGeometry], shown: Shown) -> list[Json]:
    """Each finding with its line in WGS84, as far as it lies in the neighbourhood that was searched."""
    return [
        as_json({**finding, "geometry": mapping(shown(lines[str(finding["ref"])]))}) for finding in findings
    ]


def _dossier(session: Session, city: City, parcel: ParcelRecord, report: ConflictReport, today: date) -> Json:
    """What all layers say about the parcel, its outline (WGS84), and the conditions the check suggests."""
    said = query.dossier(session, city.city_id, parcel.parcel_id, today=today).as_dict()
    said["geometry"] = mapping(to_wgs84(parcel.geom, city.city_crs))
    said["suggested_conditions"] = list(report.conditions)
    said["checked"] = {"lines": report.checked, "rule_pack": report.pack_id}
    plain: Json = as_json(said)
    return plain
