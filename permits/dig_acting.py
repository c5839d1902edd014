"""One action on an excavation: what it is given, what it returns, and what a request's values become."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from layers.city import City
from permits import dig_ground
from permits import dig_store as store
from permits.dig_clocks import local_day
from permits.dig_errors import DigRequestInvalid
from permits.dig_requests import DigChange, WorksRequest, date_faults, depth_faults, work_faults
from permits.dig_store import AnyRow, DigRow
from permits.dig_terms import DigTerms, terms_of
from permits.dig_vocabulary import DigGuard, DigRecordKind
from permits.ports import Actor, Json
from permits.requests import ExcavationRequest
from permits.store import Event
from permits.views import as_json
from permits.vocabulary import DigMethod

BLANK_WORKS: Json = {
    "pavement": None,
    "length_m": None,
    "width_m": None,
    "surplus_length_m": 0.0,
    "surplus_width_m": 0.0,
    "section": None,
    "asphalt_thickness_cm": None,
    "asphalt_age_years": None,
    "quality_coefficient": 1.0,
    "spoil_m3": None,
    "phases": [],
    "traffic_approval_no": None,
    "safety_approval_no": None,
}
"""What is known of the works of a request that says nothing of them."""


@dataclass(frozen=True, slots=True)
class Act:
    """One action on one locked excavation: by whom, when, and what was said with it."""

    session: Session
    city: City
    actor: Actor
    now: datetime
    dig: DigRow
    said: Json = field(default_factory=dict)

    @property
    def terms(self) -> DigTerms:
        """The city's terms."""
        return terms_of(self.city.folder)

    @property
    def today(self) -> date:
        """The city's date."""
        return local_day(self.now, self.city.timezone)

    @property
    def asked(self) -> dict[str, AnyRow]:
        """The newest round of each question, as stored now."""
        return store.current(store.inquiries(self.session, self.dig.dig_id))

    def keep(self, kind: DigRecordKind, body: Json, agency: str | None = None) -> UUID:
        """Keep a record of this action."""
        return store.add_record(
            self.session, self.dig.dig_id, kind, self.actor.id, self.now, as_json(body), agency
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What an action did: new values of the excavation, its history, facts it brought about."""

    values: Json = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    facts: frozenset[DigGuard] = frozenset()
    moves_in_street: bool = False
    """Place or dates changed: overlaps are looked for again."""


# --- the request


def works_json(stated: WorksRequest, place: dig_ground.Place | None, before: Json) -> Json:
    """The dimensions as stored; what was not stated comes from the drawing, then from what was stored."""
    made: Json = (
        BLANK_WORKS | before | {key: value for key, value in as_json(stated).items() if value is not None}
    )
    if place is not None:
        made["drawn_length_m"], made["drawn_width_m"] = round(place.length_m, 2), round(place.width_m, 2)
    for name in ("length_m", "width_m"):
        value = getattr(stated, name)
        if value is None and (place is not None or made.get(name) is None):
            value = made.get(f"drawn_{name}")
        made[name] = value if value is not None else made.get(name)
    return made


def excavation_json(city: City, excavation: ExcavationRequest, place: dig_ground.Place) -> Json:
    """The excavation as stored and shown."""
    return {
        "geometry": dig_ground.in_wgs84(city, place.shape_m),
        "depth_m": excavation.depth_m,
        "area_m2": round(place.shape_m.area, 2),
        "method": excavation.method.value,
        "top_m": excavation.top_m,
    }


def stored_excavation(city: City, dig: DigRow) -> ExcavationRequest:
    """The stored excavation as a request in the city's CRS."""
    said = dig.excavation or {}
    outline = {} if dig.shape_m is None else as_json(dig.shape_m.__geo_interface__)
    depth_m, top_m = float(said["depth_m"]), float(said.get("top_m", 0.0))
    return ExcavationRequest(outline, city.crs, depth_m, DigMethod(said["method"]), top_m)


def surveyed(act: Act, dig: DigRow) -> Json:
    """What the ground says of the excavation as it is now drawn and dated: values to store."""
    assert dig.shape_m is not None
    assert dig.starts_on is not None
    found = dig_ground.look(
        act.session,
        act.city,
        act.actor,
        dig.shape_m,
        stored_excavation(act.city, dig),
        today=act.today,
        reach_m=act.terms.number("inquiry_reach_m"),
    )
    young = dig_ground.moratorium(act.session, act.city, act.terms, dig.shape_m, dig.starts_on)
    lifted = (dig.moratorium or {}).get("lifted_by")
    if young is not None and lifted and (dig.moratorium or {}).get("paving_id") == young["paving_id"]:
        young |= {key: (dig.moratorium or {}).get(key) for key in ("lifted_by", "authority", "lifted_why")}
    return {
        "ground": found,
        "moratorium": young,
        "earlier_digs": dig_ground.earlier_digs(
            act.session, act.city, act.terms, dig.shape_m, act.now, dig.dig_id
        ),
    }


def digest(values: Json) -> Json:
    """What the history keeps of a look at the ground."""
    ground = values.get("ground") or {}
    return {
        "verdict": ground.get("verdict"),
        "findings": len(ground.get("findings", ())),
        "owners": ground.get("owners", []),
        "moratorium": (values.get("moratorium") or {}).get("until"),
        "earlier_digs": values.get("earlier_digs", 0),
    }


def changed_values(act: Act, change: DigChange) -> tuple[Json, bool]:
    """The new values of a request, and whether its place or depth changed. Raises `DigRequestInvalid`."""
    dig = act.dig
    stated = change.works or WorksRequest()
    starts_on, ends_on = change.starts_on or dig.starts_on, change.ends_on or dig.ends_on
    faults = [*work_faults(stated), *date_faults(starts_on, ends_on), *depth_faults(change.excavation)]
    if faults:
        raise DigRequestInvalid(reasons=faults)
    place = None
    values: Json = {"starts_on": starts_on, "ends_on": ends_on}
    if change.excavation is not None:
        width = stated.width_m or dig.works.get("width_m")
        place = dig_ground.place_of(act.city, change.excavation, width)
        values |= {
            "shape_m": place.shape_m,
            "excavation": excavation_json(act.city, change.excavation, place),
        }
    values["works"] = works_json(stated, place, dig.works) if change.works or place else dig.works
    for name in ("title", "contractor", "supervisor"):
        if getattr(change, name) is not None:
            values[name] = getattr(change, name)
    return values, place is not None
