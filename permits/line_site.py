"""What a service line may use and what it meets: the mains with room left, the lines and obstacles around a parcel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geo.clearance import Placed
from geo.service_design import SHARED_EDGE_M
from geo.service_line import Existing, Main, Obstacle, Site, Wanted
from geo.vocabulary import NETWORKS, Kind
from layers import query
from layers.catalog import Target
from layers.city import Agency, City
from layers.database import as_element
from layers.records import NearFeature
from layers.service_rules import LineSize, ServiceRule
from permits import tables as t
from permits.conflicts import placed_from
from permits.store import CaseRow
from permits.trees import OUTLINE_M, is_tree, tree_from
from permits.vocabulary import CaseStatus, ServiceLineState

# A service is tapped from a main that its record shows no farther than this from its end.
TAPPED_WITHIN_M = 0.5
_AROUND = (
    Target.PARCEL, Target.BUILDING, Target.STREET, Target.LANDUSE, Target.TREE, Target.NETWORK_LINE,
)  # fmt: skip
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
class Surroundings:
    """A parcel, the features within reach of it, and the lines that open cases were proposed there."""

    parcel: BaseGeometry
    features: Mapping[Target, Sequence[NearFeature]]
    proposed: Sequence[Existing]


def surroundings(
    session: Session, city: City, case: CaseRow, parcel: BaseGeometry, reach_m: float
) -> Surroundings:
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
            func.ST_DWithin(t.service_line.c.geom, as_element(parcel, city.srid), reach_m),
        )
    )
    return Surroundings(parcel, found, [_on_paper(row) for row in others])


def _on_paper(row: Any) -> Existing:
    """A line that another case was proposed: it will lie where it is drawn, to the accuracy of setting out."""
    said = row.body
    placed = Placed(
        PROPOSED, f"{row.case_id}:{row.agency_id}", str(said["utility"]), ("service",), row.agency_id,
        said["size"]["outer_diameter_mm"] / 2000, said["cover_m"], "design", 0.1, 0.1, "B",
    )  # fmt: skip
    return Existing(placed, shapely.from_wkb(bytes(row.geom)))


def site_of(around: Surroundings, pit: BaseGeometry) -> Site:
    """The ground as the design sees it, around the parcel and its pit (city CRS)."""

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


def _obstacles(around: Surroundings, own: BaseGeometry) -> list[Existing]:
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
    standing = [Existing(_standing(kind, each), shape) for kind, each, shape in found if not shape.is_empty]
    ground = (*around.features[Target.LANDUSE], *around.features[Target.TREE])
    return standing + [Existing(tree_from(each), each.geom) for each in ground if is_tree(each)]


def _standing(kind: Obstacle, each: NearFeature) -> Placed:
    return Placed(
        each.layer_id,
        each.feature_id,
        str(kind),
        owner=each.owner_agency,
        horizontal_uncertainty_m=OUTLINE_M,
    )


def wanted_of(session: Session, city: City, wish: Order, around: Surroundings) -> Wanted:
    """One connection to design, with the mains that may carry it and the room that each has left."""
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
