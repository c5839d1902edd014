"""The scripted case over the REST API: a real parcel, a pit over its own building, three companies."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from shapely.geometry import Polygon, mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from api import i18n
from api.client import Client
from api.demo_desk import Desks, Waiting
from api.teller import Teller
from geo.errors import PanjerehError
from layers import query
from layers.catalog import LayerSpec, Target
from layers.city import City
from layers.database import make_engine
from layers.records import NearFeature

WORKING_SPACE_M: Final = 0.8
DEPTH_M: Final = 2.4
SEARCH_M: Final = 400.0
TRIES: Final = 4
PATIENCE_S: Final = 90.0
DESK_LOOK_S: Final = 0.5
"""So often the desks are looked at while the case waits."""
NOTE: Final = "Services to be exposed by hand and disconnected by their owners before the pit is dug."


class NoCandidate(PanjerehError):
    """The city has no parcel whose building stands on service lines."""

    code = "demo-no-candidate"


class TooSlow(PanjerehError):
    """The demonstration's case did not get on in time."""

    code = "demo-too-slow"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A parcel with a pit around its building; `score` counts the utilities whose services the pit meets."""

    parcel_id: str
    pit: Polygon
    score: int


@dataclass(frozen=True, slots=True)
class Story:
    """The case that was played, how long each part took (seconds), and what it says now.

    `at_desk`: what people did for companies without a system, (agency, op). `waits`: what people must still do, where
    the demonstration may not act for them.
    """

    city_id: str
    case_id: str
    timings: dict[str, float]
    case: dict[str, Any]
    at_desk: tuple[tuple[str, str], ...] = ()
    waits: tuple[Waiting, ...] = ()

    def as_state(self) -> dict[str, Any]:
        """What is remembered between starts; the case itself is always read again."""
        said = asdict(self)
        return {key: said[key] for key in ("city_id", "case_id", "timings")}


def candidates(connection: Connection, city: City, wanted: int = TRIES) -> list[Candidate]:
    """Parcels near the city's middle whose building's pit meets service lines, the most utilities first.

    The pit is the building's footprint with working space around it, within the parcel.
    """
    buildings = [spec.layer_id for spec in city.layers if spec.target is Target.BUILDING]
    lines = [spec for spec in city.network_layers if _is_exchanged_line(city, spec)]
    found: list[Candidate] = []
    for building in _around(connection, city, buildings):
        parcel = query.parcel_at(connection, city.city_id, building.geom.representative_point())
        if parcel is None:
            continue
        pit = building.geom.buffer(WORKING_SPACE_M, join_style="mitre").intersection(parcel.geom)
        if isinstance(pit, Polygon) and pit.area > 30:
            found.append(Candidate(parcel.parcel_id, pit, _met(connection, city, lines, pit)))
        if sum(each.score >= min(3, len(lines)) for each in found) >= wanted:
            break
    best = sorted((each for each in found if each.score), key=lambda each: (-each.score, each.parcel_id))
    if not best:
        raise NoCandidate(city=city.city_id)
    return best[:wanted]


def _is_exchanged_line(city: City, spec: LayerSpec) -> bool:
    owners = {agency.agency_id for agency in city.consulted_agencies}
    return spec.target is Target.NETWORK_LINE and spec.owner in owners


def _around(connection: Connection, city: City, layer_ids: Sequence[str]) -> Iterator[NearFeature]:
    """Buildings around the middle of the published parcels, nearest first, at most 60."""
    west, south, east, north = query.bounds(connection, city.city_id) or city.extent_m
    middle: BaseGeometry = Polygon.from_bounds(west, south, east, north).centroid
    near = query.near(connection, city.city_id, layer_ids, middle, SEARCH_M)
    yield from sorted(near, key=lambda each: (each.distance_m, each.feature_id))[:60]


def _met(connection: Connection, city: City, lines: Sequence[LayerSpec], pit: Polygon) -> int:
    """How many utilities have a line in the pit."""
    near = query.near(connection, city.city_id, [spec.layer_id for spec in lines], pit, 0.0)
    utility = {spec.layer_id: spec.utility for spec in lines}
    return len({utility[each.layer_id] for each in near})


def request_body(candidate: Candidate, city: City) -> dict[str, Any]:
    """The body of POST …/cases: a small house; no capacities, so each company sizes by the units."""
    return {
        "parcel_id": candidate.parcel_id,
        "works": "demolish_rebuild",
        "storeys": 2,
        "units": {"residential": 2, "commercial": 0, "other": 0},
        "excavation": {
            "geometry": mapping(candidate.pit),
            "crs": city.crs,
            "depth_m": DEPTH_M,
            "method": "machine",
        },
        "wishes": {agency.agency_id: {"wish": "now"} for agency in city.consulted_agencies},
        "applicant": {"name": "Sara Ahmadi"},
    }


class Clock:
    """Seconds of each part."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self.parts: dict[str, float] = {}

    def lap(self, part: str) -> None:
        """The time since the last lap belongs to `part`."""
        now = time.monotonic()
        self.parts[part] = round(now - self._at, 3)
        self._at = now


def play(
    address: str, token: str, city: City, url: str, teller: Teller, people: Mapping[str, str] | None = None
) -> Story:
    """Play the whole case on the first parcel that every company can serve; the case is left active.

    Where a company works by people at a desk, its person of `people` (agency -> token) acts there; without one the
    case is left waiting at that desk, and the story says so.
    """
    engine = make_engine(url, application_name="panjereh-demo", pool_size=1)
    with engine.connect() as connection:
        options = candidates(connection, city)
    engine.dispose()
    with Client(address, token) as client, Desks(address, city.city_id, people or {}) as desks:
        for option in options:
            with teller.working(f"Playing a first case on parcel {option.parcel_id}"):
                story = _try(client, desks, city, option)
            if story is not None:
                return story
    raise NoCandidate(city=city.city_id, hint="no-company-serves")


def _try(client: Client, desks: Desks, city: City, option: Candidate) -> Story | None:
    """The case on this parcel, active or waiting for people; None (and withdrawn) when a company cannot serve it."""
    base = f"/v1/cities/{city.city_id}/cases"
    clock = Clock()
    view = client.post(base, request_body(option, city))
    clock.lap("submit and conflict check")
    path = f"{base}/{view['case_id']}"
    view, waits = _wait(client, desks, path, {"awaiting_decision"})
    if not waits:
        clock.lap("answers of all companies")
        if not all(each["serviceable"] for each in view["consultations"]):
            client.post(f"{path}/withdraw")
            return None
        client.post(f"{path}/approve", {"expected_version": view["version"], "conditions": conditions(view)})
        clock.lap("approval")
        view, waits = _wait(client, desks, path, {"active", "needs_decision"})
        clock.lap("orders held and confirmed")
    return Story(city.city_id, view["case_id"], clock.parts, view, tuple(desks.acted), tuple(waits))


def conditions(view: dict[str, Any]) -> list[dict[str, Any]]:
    """The protective measures that answer every violation found."""
    violated = [
        f"{each['layer_id']}/{each['feature_id']}"
        for each in view["findings"]
        if each["verdict"] == "violates"
    ]
    if not violated:
        return []
    return [{"code": "protective-measures", "params": {"findings": violated}, "note": NOTE}]


def _wait(client: Client, desks: Desks, path: str, wanted: set[str]) -> tuple[dict[str, Any], list[Waiting]]:
    """The case once it has come so far, or what it waits for at a desk where nobody is known.

    Raises `TooSlow` when it waits for neither.
    """
    deadline = time.monotonic() + PATIENCE_S
    look = 0.0
    while True:
        view: dict[str, Any] = client.get(path)
        if view["status"] in wanted:
            return view, []
        if time.monotonic() >= look:
            if waiting := desks.attend(client, view["case_id"]):
                return view, waiting
            look = time.monotonic() + DESK_LOOK_S
            continue  # what was done at a desk may have been all
        if time.monotonic() > deadline:
            raise TooSlow(status=view["status"], wanted=sorted(wanted), case=view["case_no"])
        time.sleep(0.1)


def recall(address: str, token: str, remembered: dict[str, Any]) -> Story:
    """The case that an earlier start played, as it stands now."""
    with Client(address, token) as client:
        view = client.get(f"/v1/cities/{remembered['city_id']}/cases/{remembered['case_id']}")
    return Story(remembered["city_id"], remembered["case_id"], remembered["timings"], view)


def tell(story: Story, city: City, teller: Teller) -> None:
    """The short table: permit, findings, orders, tariffs before and after, timings."""
    view = story.case
    permit = (view.get("permit") or {}).get("permit_no", "-")
    verdicts = Counter(each["verdict"] for each in view["findings"])
    found = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())) or "none"
    teller.say()
    teller.say(f"Permit {permit}, case {view['case_no']}, parcel {view['parcel_id']}: {view['status']}")
    teller.say(f"Findings: {found}")
    if view["exchanges"]:
        exchange = view["exchanges"][-1]
        at = datetime.fromisoformat(exchange["effective_at"])
        instant = i18n.instant("en", at, ZoneInfo(city.timezone))
        title = f"Orders {exchange['state']}; every tariff changes at {instant} {city.timezone}"
        teller.table(title, ("company", "order", "tariff before", "after", "receipt"), _orders(exchange))
    for agency in dict.fromkeys(agency for agency, _ in story.at_desk):
        done = ", ".join(op for who, op in story.at_desk if who == agency)
        teller.say(f"{agency} works by people at its desk; the demonstration acted there for them: {done}")
    for each in story.waits:
        teller.say(
            f"{each.agency} works by people at its desk. The case waits there ({each.op}): {each.page}"
        )
    parts = ", ".join(f"{part} {_seconds(value)}" for part, value in story.timings.items())
    teller.say(f"Timings: {parts}")


def _orders(exchange: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            each["agency"],
            each["order_number"] or "-",
            each["tariff_from"],
            each["tariff_to"],
            each["receipt"] or "-",
        )
        for each in exchange["agencies"]
    ]


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{math.ceil(value)} s"
