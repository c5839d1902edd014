"""Related applications file themselves: an approved case spawns the excavation of each wanted connection (T9, T2).

The drafts are written in the approval's own transaction, once per case, agency and cycle; where the trench would run
is filled in afterwards by the worker, because it needs a look at the ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from layers import query
from layers.catalog import Target
from layers.city import City
from permits import dig_store as store
from permits import dig_tables as t
from permits import ground
from permits import tables as case_tables
from permits.dig_acting import excavation_json, works_json
from permits.dig_ground import DEFAULT_WIDTH_M, place_of
from permits.dig_requests import WorksRequest
from permits.dig_store import DigRow, blank_dig
from permits.dig_terms import terms_of
from permits.dig_vocabulary import DigKind, DigStatus
from permits.ports import SYSTEM, Actor, Json
from permits.requests import ExcavationRequest
from permits.store import CaseRow, Event, chain
from permits.views import as_json
from permits.vocabulary import DigMethod, Wish

REACH_M = 60.0
"""Farther away there is no main to connect to without a plan of its own."""
MIN_TRENCH_M = 0.5
COVER_M = 1.2
BED_M = 0.1
"""What is dug below a pipe for its bed."""

_PERIOD = timedelta(days=14)
_LEAD = timedelta(days=30)


def spawn(
    session: Session, city: City, actor: Actor, now: datetime, case: CaseRow, cycle: int = 1
) -> list[UUID]:
    """A draft excavation for each connection wanted now, linked to the case; none that is there already.

    Returns the ids of the new ones. Repeating it for the same case and cycle adds nothing (T2). Two statements,
    whatever the number of agencies.
    """
    wanted = [agency for agency in case.wishes if case.wish(agency) is Wish.NOW]
    if not wanted:
        return []
    rows = [_draft(city, now, case, agency, cycle) for agency in wanted]
    made = session.execute(
        pg_insert(t.dig)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["case_id", "agency_id", "cycle"])
        .returning(t.dig.c.dig_id, t.dig.c.dig_no, t.dig.c.agency_id)
    ).all()
    said: list[tuple[UUID, Event]] = [
        (dig.dig_id, ("dig.spawned", {"case_no": case.case_no, "agency": dig.agency_id, "cycle": cycle}))
        for dig in made
    ]
    if made:
        listed = [{"dig_no": dig.dig_no, "agency": dig.agency_id} for dig in made]
        said.append((case.case_id, ("digs.spawned", {"digs": listed, "cycle": cycle})))
        store.chain_each(session, actor, said)
    return [dig.dig_id for dig in made]


def _draft(city: City, now: datetime, case: CaseRow, agency: str, cycle: int) -> dict[str, Any]:
    c = case_tables.case_
    dig = blank_dig(
        dig_no="",
        city_id=city.city_id,
        kind=DigKind.CONNECTION,
        title=case.parcel_id,  # no word of any language: whose it is, is told beside it
        now=now,
        agency_id=agency,
        case_id=case.case_id,
        cycle=cycle,
        parcel_id=case.parcel_id,
        applicant={},
        applicant_actor=case.applicant_actor,
        works=works_json(WorksRequest(), None, {}),
        starts_on=(now + _LEAD).date(),
        ends_on=(now + _LEAD + _PERIOD).date(),
        allowed_delay_days=terms_of(city.folder).whole("allowed_delay_days"),
    )
    row = {column.name: getattr(dig, column.name) for column in t.dig.c if column.name != "geom"}
    return row | {
        "kind": dig.kind.value,
        "status": dig.status.value,
        "dig_no": store.dig_no_expression(now.year),
        "applicant": select(c.c.applicant).where(c.c.case_id == case.case_id).scalar_subquery(),
    }


# --- where the trench would run


@dataclass(frozen=True, slots=True)
class Proposal:
    """A trench from the agency's main to the parcel: the designed service line's, else straight to the pit."""

    axis_m: LineString
    main: str
    depth_m: float = COVER_M


def unfilled(session: Session, city: City, limit: int = 20) -> list[UUID]:
    """The drafts whose trench has not been proposed yet, oldest first."""
    d = t.dig
    query_ = (
        select(d.c.dig_id)
        .where(
            d.c.status == DigStatus.DRAFT.value,
            d.c.geom.is_(None),
            d.c.prefilled_at.is_(None),
            d.c.case_id.is_not(None),
            d.c.city_id == city.city_id,
        )
        .order_by(d.c.created_at)
        .limit(limit)
    )
    return list(session.execute(query_).scalars())


def prefill(session: Session, city: City, dig_id: UUID, now: datetime) -> bool:
    """The draft shows the trench of the proposed service line; False where there is no main within reach.

    Raises `DigNotFound` while another process holds the draft.
    """
    dig = store.lock_dig(session, dig_id, city_id=city.city_id, skip_locked=True)
    if dig.status is not DigStatus.DRAFT or dig.shape_m is not None or dig.prefilled_at is not None:
        return False
    found = _designed(session, dig) or _proposal(session, city, dig)
    if found is None:
        store.change_dig(session, dig, city.srid, prefilled_at=now)
        return False
    width = DEFAULT_WIDTH_M
    drawn = ExcavationRequest(
        as_json(found.axis_m.__geo_interface__), city.crs, found.depth_m, DigMethod.HAND
    )
    place = place_of(city, drawn, width)
    values: Json = {
        "shape_m": place.shape_m,
        "excavation": excavation_json(city, drawn, place),
        "works": works_json(WorksRequest(width_m=width), place, dig.works),
        "prefilled_at": now,
    }
    event: Event = ("dig.prefilled", {"main": found.main, "length_m": round(place.length_m, 2)})
    store.change_dig(session, dig, city.srid, **values)
    chain(session, dig_id, SYSTEM, [event])
    return True


def _designed(session: Session, dig: DigRow) -> Proposal | None:
    """The trench of the service line that was proposed with the case, deep enough for the pipe and its bed."""
    line = case_tables.service_line
    row = session.execute(
        select(
            func.ST_AsBinary(line.c.geom).label("wkb"),
            line.c.main_layer_id,
            line.c.main_feature_id,
            line.c.body,
        ).where(line.c.case_id == dig.case_id, line.c.agency_id == dig.agency_id, line.c.geom.is_not(None))
    ).one_or_none()
    axis = None if row is None else shapely.from_wkb(bytes(row.wkb))
    if row is None or not isinstance(axis, LineString) or axis.length < MIN_TRENCH_M:
        return None
    outer_mm = float((row.body.get("size") or {}).get("outer_diameter_mm") or 0)
    depth_m = round(float(row.body.get("cover_m") or COVER_M) + outer_mm / 1000 + BED_M, 2)
    return Proposal(axis, f"{row.main_layer_id}/{row.main_feature_id}", depth_m)


def _proposal(session: Session, city: City, dig: DigRow) -> Proposal | None:
    layer_ids = [
        spec.layer_id
        for spec in city.layers
        if spec.target is Target.NETWORK_LINE and spec.owner == dig.agency_id
    ]
    c = case_tables.case_
    wkb = session.execute(_pit(c, dig.case_id)).scalar_one_or_none()
    if not layer_ids or wkb is None:
        return None
    pit_m = shapely.from_wkb(bytes(wkb))
    ground.look_as(session, city, SYSTEM)
    near = query.near(session, city.city_id, layer_ids, pit_m, REACH_M)
    return _shortest(pit_m, [(f"{each.layer_id}/{each.feature_id}", each.geom, each.kind) for each in near])


def _pit(c: Any, case_id: UUID | None) -> Any:
    return select(func.ST_AsBinary(c.c.geom)).where(c.c.case_id == case_id)


def _shortest(pit_m: BaseGeometry, lines: Sequence[tuple[str, BaseGeometry, str | None]]) -> Proposal | None:
    """From the nearest main (services count only where no line is called a main) straight to the pit."""
    mains = [each for each in lines if each[2] == "main"] or list(lines)
    for name, line, _ in sorted(mains, key=lambda each: (each[1].distance(pit_m), each[0])):
        start, end = nearest_points(line, pit_m)
        axis = LineString([start, end])
        if axis.length >= MIN_TRENCH_M:
            return Proposal(axis, name)
    return None
