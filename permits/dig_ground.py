"""What the ground says of an excavation: its outline, what lies near, whom to ask, moratorium, earlier digs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import shapely
from shapely.geometry import Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geo.crs import to_wgs84, transform_to
from geo.errors import NotPolygon, ShapeUnreadable
from geo.shapes import check_area, checked_polygon
from layers import query
from layers.city import City
from layers.database import as_element
from permits import dig_tables as t
from permits import ground
from permits.dig_clocks import bars_until, years_after
from permits.dig_overlap import dimensions_m
from permits.dig_terms import DigTerms
from permits.dig_vocabulary import DigStatus
from permits.errors import ParcelNotFound
from permits.ports import Actor, Json
from permits.requests import ExcavationRequest
from permits.views import as_json
from permits.vocabulary import Works

DEFAULT_WIDTH_M = 0.8
"""A hand-dug service trench; used when only an axis was drawn and nobody stated a width."""


@dataclass(frozen=True, slots=True)
class Place:
    """An excavation's outline in the city's CRS, and its dimensions as drawn (m)."""

    shape_m: Polygon
    length_m: float
    width_m: float


def place_of(city: City, excavation: ExcavationRequest, width_m: float | None) -> Place:
    """The outline of what was drawn: an area, a trench's axis, or a point, widened by `width_m`.

    Raises a refusal of `geo` for a shape or a CRS that cannot be used.
    """
    kind = excavation.geometry.get("type") if isinstance(excavation.geometry, dict) else None
    if kind in {"LineString", "Point"}:
        return _widened(city, excavation, width_m or DEFAULT_WIDTH_M)
    pit_m = ground.pit_in_city(city.city_crs, excavation)
    length, width = dimensions_m(pit_m)
    return Place(pit_m, length, width)


def _widened(city: City, excavation: ExcavationRequest, width_m: float) -> Place:
    try:
        drawn = shape(excavation.geometry)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError):
        raise ShapeUnreadable(found=str(excavation.geometry.get("type")), hint="give-geojson") from None
    if not drawn.is_empty and not all(map(_is_finite, drawn.coords)):
        raise ShapeUnreadable(found=drawn.geom_type, hint="give-geojson")
    axis_m = transform_to(drawn, excavation.crs, city.city_crs).shape
    made = axis_m.buffer(
        width_m / 2, cap_style="square" if axis_m.length == 0 else "flat", join_style="mitre"
    )
    if not isinstance(made, Polygon):
        raise NotPolygon(found=made.geom_type, hint="draw-one-area")
    outline = checked_polygon(made)
    check_area(outline)
    return Place(outline, axis_m.length or width_m, width_m)


def _is_finite(xy: tuple[float, ...]) -> bool:
    return all(abs(value) < 1e12 for value in xy)


def in_wgs84(city: City, shape_m: BaseGeometry) -> Json:
    """A shape of the city's CRS as GeoJSON in degrees."""
    made: Json = as_json(mapping(to_wgs84(shape_m, city.city_crs)))
    return made


def look(
    session: Session,
    city: City,
    actor: Actor,
    shape_m: Polygon,
    excavation: ExcavationRequest,
    *,
    today: date,
    reach_m: float,
) -> Json:
    """The conflict check of an excavation, as it is stored: verdict, findings, missing, conditions, owners.

    `owners` are the agencies to ask: those with a line near, and those whose layer cannot speak.
    """
    ground.look_as(session, city, actor)
    found = ground.check_pit(session, city, shape_m, excavation, Works.EXCAVATION_ONLY, today, reach_m)
    known = {agency.agency_id for agency in city.agencies}
    layers = {spec.layer_id: spec.owner for spec in city.layers}
    utilities = {str(u): agency.agency_id for agency in city.agencies for u in agency.utilities}
    blind = {str(layer["layer_id"]) for layer in found.missing}
    mute = {layers.get(each) or utilities.get(each) for each in blind}
    return {
        "verdict": found.verdict,
        "findings": found.findings,
        "missing": found.missing,
        "conditions": found.conditions,
        "owners": sorted((set(found.owners) | {owner for owner in mute if owner}) & known),
    }


def check_parcel(session: Session, city: City, parcel_id: str | None) -> None:
    """A parcel that is named is one of the published ones. Raises `ParcelNotFound`."""
    if parcel_id is not None and query.parcel(session, city.city_id, parcel_id) is None:
        raise ParcelNotFound(parcel_id=parcel_id, city=city.city_id)


def hold_pavings(session: Session, city: City, *, to_change: bool = False) -> None:
    """Until this transaction ends, no other changes which streets of the city are newly paved.

    Taken before the first excavation is locked. Who is about to change one (`to_change`) waits for all that look:
    otherwise an excavation and a pavement written in the same instant would not know of each other.
    """
    key = func.hashtextextended(f"panjereh-pavings:{city.city_id}", 0)
    lock = func.pg_advisory_xact_lock if to_change else func.pg_advisory_xact_lock_shared
    session.execute(select(lock(key)))


def moratorium(
    session: Session, city: City, terms: DigTerms, shape_m: Polygon, starts_on: date
) -> Json | None:
    """The youngest pavement that bars the excavation, until when, and on what ground; None if none does."""
    outline = as_element(shape_m, city.srid)
    rows = session.execute(
        select(t.paving).where(
            t.paving.c.city_id == city.city_id,
            t.paving.c.taken_back_at.is_(None),
            t.paving.c.geom.op("&&")(outline),
            func.ST_Intersects(t.paving.c.geom, outline),
        )
    )
    barring: list[tuple[date, Any]] = []
    for row in rows:
        years = terms.whole("moratorium_years") if row.years is None else row.years
        until = bars_until(row.paved_on, years, starts_on)
        if until is not None:
            barring.append((until, row))
    if not barring:
        return None
    until, row = max(barring, key=lambda each: each[0])
    return barring_of(terms, row, until)


def barring_of(terms: DigTerms, row: Any, until: date) -> Json:
    """How a young pavement that bars works is told, with the term it rests on."""
    term = terms.terms["moratorium_years"]
    return {
        "paving_id": str(row.paving_id),
        "title": row.title,
        "paved_on": row.paved_on.isoformat(),
        "until": until.isoformat(),
        "source": row.source,
        "term": {"value": term.value, "source": term.source, "status": term.status.value},
        "lifted_by": None,
    }


def paving_until(terms: DigTerms, paved_on: date, years: int | None) -> date:
    """Until when a pavement may not be opened."""
    return years_after(paved_on, terms.whole("moratorium_years") if years is None else years)


_NEVER_DUG = (DigStatus.DRAFT.value, DigStatus.REFUSED.value, DigStatus.WITHDRAWN.value)


def earlier_digs(
    session: Session, city: City, terms: DigTerms, shape_m: Polygon, now: datetime, but: UUID | None
) -> int:
    """How many other excavations opened this place within the window that counts as repetition."""
    outline = as_element(shape_m.buffer(terms.number("repeat_radius_m")), city.srid)
    since = now.date() - timedelta(days=terms.whole("repeat_window_days"))
    query = (
        select(func.count())
        .select_from(t.dig)
        .where(
            t.dig.c.city_id == city.city_id,
            t.dig.c.status.not_in(_NEVER_DUG),
            t.dig.c.started_on >= since,
            t.dig.c.geom.op("&&")(outline),
            func.ST_Intersects(t.dig.c.geom, outline),
        )
    )
    if but is not None:
        query = query.where(t.dig.c.dig_id != but)
    found: int = session.execute(query).scalar_one()
    return found
