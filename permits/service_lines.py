"""The service lines of a case: proposed with the request, asked of the companies, and what was built in the end.

A proposal is a drawing and an estimate; the company's own answer always counts. It is made in the transaction that
opens the case, from the layers as they are published, with the mains' room left after what others were offered.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import shapely
from geoalchemy2.shape import from_shape
from shapely.errors import GEOSException
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from geo.clearance import Placed
from geo.crs import to_wgs84
from geo.service_design import SHARED_EDGE_M, design
from geo.service_line import (
    CommonTrench,
    Design,
    Encounter,
    Existing,
    Main,
    Obstacle,
    ServiceLine,
    Site,
    Unreached,
    Unserved,
    Wanted,
)
from geo.vocabulary import NETWORKS, Kind, Utility
from layers import query
from layers.catalog import Target
from layers.city import Agency, City
from layers.records import NearFeature
from layers.service_rules import LineSize, Per, ServiceRule, load_service_rules
from permits import tables as t
from permits.conflicts import placed_from, plain_finding
from permits.ground import Ground, rules_of
from permits.ports import Json
from permits.requests import SubmitRequest, WishRequest
from permits.store import CaseRow
from permits.views import as_json
from permits.vocabulary import CaseStatus, ServiceLineState, Wish

log = logging.getLogger("panjereh.service_lines")

# A service is tapped from a main that its record shows no farther than this from its end.
TAPPED_WITHIN_M = 0.5
_AROUND = (Target.PARCEL, Target.BUILDING, Target.STREET, Target.LANDUSE, Target.NETWORK_LINE)
# How exactly outlines of the ground are known (95 % half width, our assumption), and what a land use calls a tree.
OUTLINE_M = 0.3
TREES = frozenset({"tree", "trees", "tree_row"})
_CLOSED = (CaseStatus.REFUSED, CaseStatus.WITHDRAWN, CaseStatus.REVOKED, CaseStatus.COMPLETED)
PROPOSED = "proposed"
"""The layer name under which lines that exist on paper only appear in an encounter."""


@dataclass(frozen=True, slots=True)
class Order:
    """One connection to design: who is asked, by which rule, how much, and the line that is enough for it."""

    agency: Agency
    rule: ServiceRule
    demand: float
    size: LineSize


@dataclass(frozen=True, slots=True)
class _Surroundings:
    parcel: BaseGeometry
    features: Mapping[Target, Sequence[NearFeature]]
    proposed: Sequence[Existing]


def propose(
    session: Session, city: City, case: CaseRow, request: SubmitRequest, found: Ground, today: date
) -> dict[str, Json]:
    """Design and store a line for every connection wanted now; returns what each agency's inquiry says of it.

    Where the layers hold no parcel, or no rule says how a utility lays its lines, nothing is proposed for it.
    """
    wishes, refused = _wishes(city, request)
    parcel = query.parcel(session, city.city_id, case.parcel_id) if wishes else None
    if parcel is None:
        _store(session, [_row(case, city, name, _unserved(reason)) for name, reason in refused.items()])
        return {}
    around = _surroundings(session, city, case, parcel.geom, max(wish.rule.max_length_m for wish in wishes))
    pack = rules_of(city)
    wanted = [_wanted(session, city, wish, around) for wish in wishes]
    try:
        made = design(_site(around, found.shape_m), wanted, pack)
    except GEOSException as error:  # a proposal is a help: without one the companies still answer
        log.warning("no service lines for case %s: %s", case.case_no, error)
        made = Design((), tuple(Unserved(each.name, Unreached.NO_WAY) for each in wanted), None)
    by_agency = {wish.agency.agency_id: wish for wish in wishes}
    bodies = {line.name: _proposal(city, line, by_agency[line.name], request, today) for line in made.lines}
    shared = _shared(city, made.trench)
    rows = [
        _row(
            case, city, line.name, {**bodies[line.name], "shared_trench": shared.get(line.name)}, line, wanted
        )
        for line in made.lines
    ]
    rows += [_row(case, city, each.name, _unserved(each.reason, each.length_m)) for each in made.unserved]
    rows += [_row(case, city, name, _unserved(reason)) for name, reason in refused.items()]
    _store(session, rows)
    return {row["agency_id"]: _for_company(city, row) for row in rows if row["geom"] is not None}


def _wishes(city: City, request: SubmitRequest) -> tuple[list[Order], dict[str, Unreached]]:
    """The connections wanted now that a rule can lay, and why others cannot be."""
    rules = _rules(city.folder)
    made: list[Order] = []
    refused: dict[str, Unreached] = {}
    for agency in city.consulted_agencies:
        wish = request.wishes.get(agency.agency_id, WishRequest(Wish.NOT_NEEDED))
        rule = rules.get(agency.utilities[0])
        if wish.wish is not Wish.NOW or rule is None:
            continue
        demand = rule.demand(wish.capacity, as_json(request.units))
        size = rule.size(demand)
        if size is None:
            refused[agency.agency_id] = Unreached.BEYOND_A_SERVICE
        else:
            made.append(Order(agency, rule, demand, size))
    return made, refused


@lru_cache(maxsize=64)
def _rules(folder: Path) -> Mapping[Utility, ServiceRule]:
    return load_service_rules(folder)


def _surroundings(
    session: Session, city: City, case: CaseRow, parcel: BaseGeometry, reach_m: float
) -> _Surroundings:
    """One indexed look at everything that a line could use or meet, and the lines that others were promised."""
    layers = [spec.layer_id for spec in city.layers if spec.target in _AROUND]
    found: dict[Target, list[NearFeature]] = {target: [] for target in _AROUND}
    for feature in query.near(session, city.city_id, layers, parcel, reach_m):
        found[Target(feature.target)].append(feature)
    others = session.execute(
        select(
            t.service_line.c.body,
            func.ST_AsBinary(t.service_line.c.geom).label("geom"),
            t.service_line.c.case_id,
            t.service_line.c.agency_id,
        )
        .join(t.case_, t.case_.c.case_id == t.service_line.c.case_id)
        .where(
            t.service_line.c.city_id == city.city_id,
            t.service_line.c.state == ServiceLineState.PROPOSED.value,
            t.service_line.c.case_id != case.case_id,
            t.case_.c.status.not_in([status.value for status in _CLOSED]),
            func.ST_DWithin(t.service_line.c.geom, from_shape(parcel, srid=city.srid), reach_m),
        )
    )
    return _Surroundings(parcel, found, [_on_paper(row) for row in others])


def _on_paper(row: Any) -> Existing:
    """A line that another case was proposed: it will lie where it is drawn, to the accuracy of setting out."""
    said = row.body
    placed = Placed(
        PROPOSED, f"{row.case_id}:{row.agency_id}", str(said["utility"]), ("service",), row.agency_id,
        said["size"]["outer_diameter_mm"] / 2000, said["cover_m"], "design", 0.1, 0.1, "B",
    )  # fmt: skip
    return Existing(placed, shapely.from_wkb(bytes(row.geom)))


def _site(around: _Surroundings, pit: BaseGeometry) -> Site:
    def shapes(target: Target) -> list[BaseGeometry]:
        return [each.geom for each in around.features[target] if not each.geom.is_empty]

    own = around.parcel.buffer(-SHARED_EDGE_M)
    lines = [Existing(placed_from(each), each.geom) for each in around.features[Target.NETWORK_LINE]]
    return Site(
        parcel=around.parcel,
        pit=pit,
        neighbours=[each for each in shapes(Target.PARCEL) if each.intersection(own).area < 1.0],
        buildings=[each for each in shapes(Target.BUILDING) if not each.intersects(own)],
        streets=shapes(Target.STREET),
        lines=[*(line for line in lines if line.placed.utility in NETWORKS), *around.proposed],
        obstacles=_obstacles(around, own),
    )


def _obstacles(around: _Surroundings, own: BaseGeometry) -> list[Existing]:
    """Others' foundations and plot lines, and the trees: what stands beside a line without being one."""
    edge = around.parcel.buffer(SHARED_EDGE_M)
    found = [
        (Obstacle.BUILDING_FOUNDATION, each, each.geom)
        for each in around.features[Target.BUILDING]
        if not each.geom.intersects(own)
    ]
    found += [
        (Obstacle.PLOT_LINE, each, each.geom.boundary.difference(edge))
        for each in around.features[Target.PARCEL]
        if each.geom.intersection(own).area < 1.0
    ]
    found += [
        (Obstacle.TREE, each, each.geom) for each in around.features[Target.LANDUSE] if each.kind in TREES
    ]
    return [Existing(_standing(kind, each), shape) for kind, each, shape in found if not shape.is_empty]


def _standing(kind: Obstacle, each: NearFeature) -> Placed:
    return Placed(
        each.layer_id,
        each.feature_id,
        str(kind),
        owner=each.owner_agency,
        horizontal_uncertainty_m=OUTLINE_M,
    )


def _wanted(session: Session, city: City, wish: Order, around: _Surroundings) -> Wanted:
    utility = str(wish.agency.utilities[0])
    lines = [each for each in around.features[Target.NETWORK_LINE] if each.utility == utility]
    mains = [
        each
        for each in lines
        if each.kind == "main"
        and each.status in (None, "in_service", "unknown")
        and wish.rule.fits(each.diameter_mm, each.pressure_bar, each.voltage_kv)
    ]
    services = [each for each in lines if each.kind == "service"]
    promised = _promised(session, city, mains)
    return Wanted(
        name=wish.agency.agency_id,
        kind=Kind(utility),
        mains=tuple(
            Main(placed_from(each), each.geom, _spare(wish.rule, each, services, promised)) for each in mains
        ),
        demand=wish.demand,
        cover_m=wish.rule.cover_m,
        least_cover_m=wish.rule.least_cover_m,
        most_cover_m=wish.rule.most_cover_m,
        outer_diameter_mm=wish.size.outer_diameter_mm,
        trench_width_m=wish.rule.trench_width_m,
        max_length_m=wish.rule.max_length_m,
    )


def _spare(
    rule: ServiceRule,
    main: NearFeature,
    services: Sequence[NearFeature],
    promised: Mapping[tuple[str, str], float],
) -> float | None:
    capacity = rule.capacity(main.diameter_mm)
    if capacity is None:
        return None
    tapped = sum(1 for each in services if each.geom.distance(main.geom) <= TAPPED_WITHIN_M)
    return capacity - rule.promised(tapped, promised.get((main.layer_id, main.feature_id), 0.0))


def _promised(session: Session, city: City, mains: Sequence[NearFeature]) -> dict[tuple[str, str], float]:
    """What open cases were already offered of these mains."""
    line = t.service_line
    rows = session.execute(
        select(line.c.main_layer_id, line.c.main_feature_id, func.sum(line.c.demand))
        .join(t.case_, t.case_.c.case_id == line.c.case_id)
        .where(
            line.c.city_id == city.city_id,
            line.c.state == ServiceLineState.PROPOSED.value,
            line.c.main_feature_id.in_([each.feature_id for each in mains]),
            t.case_.c.status.not_in([status.value for status in _CLOSED]),
        )
        .group_by(line.c.main_layer_id, line.c.main_feature_id)
    )
    return {(row[0], row[1]): float(row[2]) for row in rows}


def _row(
    case: CaseRow,
    city: City,
    agency: str,
    body: Json,
    line: ServiceLine | None = None,
    wanted: Sequence[Wanted] = (),
) -> Json:
    main = None if line is None else line.main.placed
    return {
        "case_id": case.case_id,
        "agency_id": agency,
        "city_id": city.city_id,
        "state": (ServiceLineState.UNSERVED if line is None else ServiceLineState.PROPOSED).value,
        "main_layer_id": main and main.layer_id,
        "main_feature_id": main and main.feature_id,
        "demand": next((each.demand for each in wanted if each.name == agency), None),
        "geom": None if line is None else from_shape(line.route, srid=city.srid),
        "body": as_json({**body, "route_m": None if line is None else mapping(line.route)}),
    }


def _store(session: Session, rows: Sequence[Json]) -> None:
    if rows:
        session.execute(insert(t.service_line), list(rows))


def _unserved(reason: Unreached, length_m: float | None = None) -> Json:
    return {"reason": str(reason), "length_m": None if length_m is None else round(length_m, 1)}


def _proposal(city: City, line: ServiceLine, wish: Order, request: SubmitRequest, today: date) -> Json:
    main = line.main.placed
    return {
        "utility": str(wish.agency.utilities[0]),
        "main": {
            "layer_id": main.layer_id,
            "feature_id": main.feature_id,
            "diameter_mm": None if main.radius_m is None else round(main.radius_m * 2000, 1),
            "spare": None if line.main.spare is None else round(line.main.spare, 1),
        },
        "route": mapping(to_wgs84(line.route, city.city_crs)),
        "length_m": round(line.length_m, 2),
        "inside_m": round(line.inside_m, 2),
        "cover_m": line.cover_m,
        "over_parcels_m": round(line.over_parcels_m, 2),
        "size": {"name": wish.size.name, "outer_diameter_mm": wish.size.outer_diameter_mm},
        "demand": {"amount": wish.demand, "unit": wish.rule.unit},
        "price": _price(city, line, wish, request, today),
        "verdict": str(line.verdict),
        "encounters": [_encounter(city, each) for each in line.encounters],
    }


def _price(city: City, line: ServiceLine, wish: Order, request: SubmitRequest, today: date) -> Json | None:
    formula = wish.rule.price(today, city.currency)
    if formula is None:
        return None
    units = request.units
    items = formula.estimate(
        {
            Per.CONNECTION: 1.0,
            Per.METRE: line.length_m,
            Per.DEMAND: wish.demand,
            Per.SIZE: wish.size.size,
            Per.RESIDENTIAL: units.residential,
            Per.COMMERCIAL: units.commercial,
            Per.OTHER: units.other,
        }
    )
    return {
        "amount": sum(amount for _, amount in items),
        "currency": formula.currency,
        "items": [{"code": code, "amount": amount} for code, amount in items],
        "formula_id": formula.formula_id,
        "valid_from": formula.valid_from.isoformat(),
        "status": formula.status,
        "source": formula.source,
    }


def _encounter(city: City, met: Encounter) -> Json:
    """What is met, as the findings of the case say it; without a rule only that it is met."""
    finding = {} if met.finding is None else plain_finding(met.finding)
    return {
        **finding,
        "ref": f"{met.placed.layer_id}/{met.placed.feature_id}",
        "utility": met.placed.utility,
        "owner": met.placed.owner,
        "crossing": met.crossing,
        "obstacle": met.placed.utility not in NETWORKS,
        "verdict": str(met.verdict),
        "point": mapping(to_wgs84(met.at, city.city_crs)),
    }


def _shared(city: City, trench: CommonTrench | None) -> dict[str, Json]:
    """What the common trench means for each of its lines."""
    if trench is None:
        return {}
    names = [slot.name for slot in trench.slots]
    told = {
        "length_m": round(trench.length_m, 2),
        "separate_m": round(trench.separate_m, 2),
        "saved_m": round(trench.saved_m, 2),
        "width_m": trench.width_m,
        "geometry": mapping(to_wgs84(trench.shape, city.city_crs)),
        "slots": [{"agency": s.name, "offset_m": s.offset_m, "cover_m": s.cover_m} for s in trench.slots],
    }
    return {name: {"with": [other for other in names if other != name], **told} for name in names}


def _for_company(city: City, row: Json) -> Json:
    """The proposal as the company's inquiry carries it: in the city's CRS, without what others pay."""
    said = row["body"]
    shared = said["shared_trench"]
    return {
        "main_id": said["main"]["feature_id"],
        "route": said["route_m"],
        "crs": city.crs,
        "length_m": said["length_m"],
        "cover_m": said["cover_m"],
        "size": said["size"],
        "demand": said["demand"],
        "estimate": said["price"],
        "shared_trench": shared and {name: shared[name] for name in ("with", "saved_m", "width_m", "slots")},
    }


def of_case(session: Session, case_id: UUID) -> list[Json]:
    """The case's service lines as the API shows them, by agency."""
    rows = session.execute(
        select(t.service_line).where(t.service_line.c.case_id == case_id).order_by(t.service_line.c.agency_id)
    )
    return [_view(row) for row in rows]


def _view(row: Any) -> Json:
    body = {key: value for key, value in row.body.items() if key != "route_m"}
    return {
        "agency": row.agency_id,
        "state": row.state,
        "serviceable": row.state != ServiceLineState.UNSERVED.value,
        **body,
        "as_built": row.as_built,
    }
