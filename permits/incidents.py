"""Incidents: opened, logged by who did what when, closed. The log is a hash chain like a case's.

A valve that a crew reports closed, open or stuck is laid over the network from then on (`layers.device_state`).
Functions work inside the caller's transaction and never commit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.errors import PanjerehError
from layers.city import City
from permits.audit import AuditFault, verify_chain
from permits.identifiers import new_id
from permits.incident_vocabulary import DEVICE_EVENTS, IncidentEvent, IncidentKind, IncidentStatus
from permits.ports import Actor, Json
from permits.store import announce, audit_entries, chain, fingerprint, once


class IncidentNotFound(PanjerehError):
    """There is no such incident in this city."""

    code = "incident-not-found"


class IncidentClosed(PanjerehError):
    """The incident is closed; its log takes no more entries."""

    code = "incident-closed"


class IncidentInvalid(PanjerehError):
    """What was sent about the incident cannot be right; `reasons` say why."""

    code = "incident-invalid"


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """What opens an incident. `area_m` is in the city's CRS, `geometry` the same as sent, in WGS 84."""

    kind: IncidentKind
    title: str
    geometry: Json
    area_m: BaseGeometry
    utility: str | None = None
    start: Json | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What somebody did. `device` ({layer_id, feature_id}) is the valve of an event about one."""

    event: IncidentEvent
    text: str = ""
    device: Json | None = None
    agency: str | None = None
    params: Json = field(default_factory=dict)
    is_device_known: bool = True
    """Whether the network holds the named valve; who asked the network says so."""


@dataclass(frozen=True, slots=True)
class LogView:
    """One entry of an incident's log, as everybody sees it."""

    n: int
    at: datetime
    actor: str
    on_behalf_of: str
    event: str
    text: str
    device: Json | None
    agency: str | None
    params: Json
    hash: str


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident as everybody sees it; `log` is empty in lists."""

    incident_id: UUID
    incident_no: str
    city: str
    kind: str
    utility: str | None
    title: str
    status: str
    version: int
    geometry: Json
    start: Json | None
    opened_by: str
    opened_at: datetime
    closed_by: str | None
    closed_at: datetime | None
    outcome: str | None
    entries: int
    audit_head: str
    log: list[LogView]


_COLUMNS: Final = (
    "i.incident_id, i.incident_no, i.city_id AS city, i.kind, i.utility, i.title, i.status, i.version, i.geometry, "
    "i.start, i.opened_by, i.opened_at, i.closed_by, i.closed_at, i.outcome, coalesce(h.n, 0) AS entries, "
    "coalesce(encode(h.hash, 'hex'), '') AS audit_head"
)
_FROM: Final = (
    f"SELECT {_COLUMNS} FROM permits.incident i "  # noqa: S608 - a constant
    "LEFT JOIN permits.audit_head h ON h.case_id = i.incident_id WHERE i.city_id = :city_id"
)
_ONE: Final = text(f"{_FROM} AND i.incident_id = :incident_id")
_LIST: Final = text(
    f"{_FROM} AND (CAST(:status AS text) IS NULL OR i.status = :status) "
    "ORDER BY (i.status = 'open') DESC, i.opened_at DESC, i.incident_id DESC LIMIT :limit"
)
_INSERT: Final = text(
    "INSERT INTO permits.incident (incident_id, incident_no, city_id, kind, utility, title, status, version, area, "
    "geometry, start, opened_by, opened_at) VALUES (:incident_id, "
    "to_char(clock_timestamp(), 'YYYY') || '-' || lpad(nextval('permits.incident_no_seq')::text, 5, '0'), :city_id, "
    ":kind, :utility, :title, 'open', 1, ST_GeomFromWKB(:area, :srid), CAST(:geometry AS jsonb), "
    "CAST(:start AS jsonb), :opened_by, clock_timestamp())"
)
_LOCK: Final = text(
    "SELECT status FROM permits.incident WHERE city_id = :city_id AND incident_id = :incident_id FOR UPDATE"
)
_BUMP: Final = text(
    "UPDATE permits.incident SET version = version + 1 WHERE incident_id = :incident_id RETURNING status, version"
)
_CLOSE: Final = text(
    "UPDATE permits.incident SET status = 'closed', closed_by = :by, closed_at = clock_timestamp(), "
    "outcome = :outcome WHERE incident_id = :incident_id"
)
_MOVE: Final = text(
    "UPDATE permits.incident SET area = ST_GeomFromWKB(:area, :srid), geometry = CAST(:geometry AS jsonb) "
    "WHERE incident_id = :incident_id"
)
_DEVICE: Final = text(
    "INSERT INTO layers.device_state AS d "
    "(city_id, layer_id, feature_id, state, is_operable, at, by_actor, incident_id) "
    "VALUES (:city_id, :layer_id, :feature_id, :state, :is_operable, clock_timestamp(), :by, :incident_id) "
    "ON CONFLICT (city_id, layer_id, feature_id) DO UPDATE SET state = coalesce(excluded.state, d.state), "
    "is_operable = coalesce(excluded.is_operable, d.is_operable), at = excluded.at, by_actor = excluded.by_actor, "
    "incident_id = excluded.incident_id"
)
_AREA: Final = text(
    "SELECT ST_AsBinary(area) FROM permits.incident WHERE city_id = :city_id AND incident_id = :incident_id"
)
_SAID: Final = {
    IncidentEvent.VALVE_CLOSED: ("closed", None),
    IncidentEvent.VALVE_OPENED: ("open", None),
    IncidentEvent.VALVE_STUCK: (None, False),
    IncidentEvent.VALVE_FREED: (None, True),
}


def open_incident(
    session: Session, city: City, actor: Actor, wanted: OpenIncident, key: str | None = None
) -> IncidentView:
    """Open an incident; the same key opens it once."""
    mark = fingerprint("open-incident", [city.city_id, wanted.kind, wanted.title, wanted.geometry])

    def run() -> IncidentView:
        incident_id = new_id()
        values = {
            "incident_id": incident_id,
            "city_id": city.city_id,
            "kind": wanted.kind.value,
            "utility": wanted.utility,
            "title": wanted.title,
            "area": shapely.to_wkb(wanted.area_m),
            "srid": city.srid,
            "geometry": json.dumps(wanted.geometry),
            "start": json.dumps(wanted.start) if wanted.start else None,
            "opened_by": actor.id,
        }
        session.execute(_INSERT, values)
        body = {
            "kind": wanted.kind.value,
            "title": wanted.title,
            "text": wanted.note or "",
            "geometry": wanted.geometry,
        }
        _write(session, incident_id, actor, IncidentEvent.OPENED, body)
        _tell(session, city, incident_id, IncidentStatus.OPEN.value, 1)
        return incident(session, city, incident_id)

    return once(session, actor, key, mark, IncidentView, run)


def log(
    session: Session, city: City, actor: Actor, incident_id: UUID, entry: LogEntry, key: str | None = None
) -> IncidentView:
    """Write down what somebody did. Raises IncidentNotFound, IncidentClosed, IncidentInvalid."""
    mark = fingerprint("log-incident", [str(incident_id), entry.event, entry.text, entry.device])

    def run() -> IncidentView:
        _lock(session, city, incident_id)
        _check(city, entry)
        if entry.device is not None and entry.event in DEVICE_EVENTS:
            state, is_operable = _SAID[entry.event]
            values = {"city_id": city.city_id, **entry.device, "state": state, "is_operable": is_operable}
            session.execute(_DEVICE, values | {"by": actor.id, "incident_id": incident_id})
        body = {"text": entry.text, "device": entry.device, "agency": entry.agency, "params": entry.params}
        return _written(session, city, incident_id, actor, entry.event, body)

    return once(session, actor, key, mark, IncidentView, run)


def change_area(
    session: Session, city: City, actor: Actor, incident_id: UUID, geometry: Json, area_m: BaseGeometry
) -> IncidentView:
    """Draw the incident's area anew. Raises IncidentNotFound, IncidentClosed."""
    _lock(session, city, incident_id)
    values = {"area": shapely.to_wkb(area_m), "srid": city.srid, "geometry": json.dumps(geometry)}
    session.execute(_MOVE, values | {"incident_id": incident_id})
    body = {"text": "", "geometry": geometry}
    return _written(session, city, incident_id, actor, IncidentEvent.AREA_CHANGED, body)


def close(session: Session, city: City, actor: Actor, incident_id: UUID, outcome: str) -> IncidentView:
    """Close an incident with what came of it. Raises IncidentNotFound, IncidentClosed."""
    _lock(session, city, incident_id)
    session.execute(_CLOSE, {"incident_id": incident_id, "by": actor.id, "outcome": outcome})
    return _written(session, city, incident_id, actor, IncidentEvent.CLOSED, {"text": outcome})


def incident(session: Session, city: City, incident_id: UUID) -> IncidentView:
    """An incident with its log, oldest first. Raises IncidentNotFound."""
    row = (
        session.execute(_ONE, {"city_id": city.city_id, "incident_id": incident_id}).mappings().one_or_none()
    )
    if row is None:
        raise IncidentNotFound(incident_id=str(incident_id))
    entries = [_entry(each) for each in audit_entries(session, incident_id)]
    return IncidentView(**row, log=entries)


def incidents(
    session: Session, city: City, status: str | None = None, limit: int = 100
) -> list[IncidentView]:
    """The city's incidents, the open ones first, then the newest first; without their logs."""
    values = {"city_id": city.city_id, "status": status, "limit": limit}
    return [IncidentView(**row, log=[]) for row in session.execute(_LIST, values).mappings()]


def area_of(session: Session, city: City, incident_id: UUID) -> BaseGeometry:
    """The incident's area in the city's CRS. Raises IncidentNotFound."""
    found = session.execute(_AREA, {"city_id": city.city_id, "incident_id": incident_id}).scalar_one_or_none()
    if found is None:
        raise IncidentNotFound(incident_id=str(incident_id))
    shape: BaseGeometry = shapely.from_wkb(bytes(found))
    return shape


def verify(session: Session, incident_id: UUID) -> AuditFault | None:
    """The first fault in an incident's log, or None."""
    head = session.execute(
        text("SELECT n, hash FROM permits.audit_head WHERE case_id = :id"), {"id": incident_id}
    ).one_or_none()
    if head is None:
        return AuditFault(incident_id, 0, "chain-missing")
    return verify_chain(audit_entries(session, incident_id), (head.n, bytes(head.hash)))


def _lock(session: Session, city: City, incident_id: UUID) -> None:
    status = session.execute(
        _LOCK, {"city_id": city.city_id, "incident_id": incident_id}
    ).scalar_one_or_none()
    if status is None:
        raise IncidentNotFound(incident_id=str(incident_id))
    if status != IncidentStatus.OPEN:
        raise IncidentClosed(incident_id=str(incident_id))


def _check(city: City, entry: LogEntry) -> None:
    reasons = []
    if entry.event in (IncidentEvent.OPENED, IncidentEvent.CLOSED, IncidentEvent.AREA_CHANGED):
        reasons.append("event-of-its-own")
    if (entry.event in DEVICE_EVENTS) and entry.device is None:
        reasons.append("device-missing")
    elif entry.event in DEVICE_EVENTS and not entry.is_device_known:
        reasons.append("device-unknown")
    if entry.event is IncidentEvent.NOTE and not entry.text.strip():
        reasons.append("text-missing")
    if entry.device is not None and entry.device["layer_id"] not in {spec.layer_id for spec in city.layers}:
        reasons.append("layer-unknown")
    if entry.agency is not None and entry.agency not in {each.agency_id for each in city.agencies}:
        reasons.append(f"agency-unknown:{entry.agency[:100]}")
    if reasons:
        raise IncidentInvalid(reasons=reasons)


def _written(
    session: Session, city: City, incident_id: UUID, actor: Actor, event: IncidentEvent, body: Json
) -> IncidentView:
    _write(session, incident_id, actor, event, body)
    status, version = session.execute(_BUMP, {"incident_id": incident_id}).one()
    _tell(session, city, incident_id, status, version)
    return incident(session, city, incident_id)


def _write(session: Session, incident_id: UUID, actor: Actor, event: IncidentEvent, body: Json) -> None:
    chain(session, incident_id, actor, [(f"incident.{event.value}", body)])


def _tell(session: Session, city: City, incident_id: UUID, status: str, version: int) -> None:
    said: dict[str, str | int] = {"incident_id": str(incident_id), "status": status, "version": version}
    announce(session, "incident", city.city_id, said)


def _entry(entry: Any) -> LogView:
    body: Json = json.loads(entry.body)
    return LogView(
        n=entry.n,
        at=entry.at,
        actor=entry.actor,
        on_behalf_of=entry.on_behalf_of,
        event=entry.event.removeprefix("incident."),
        text=body.get("text", ""),
        device=body.get("device"),
        agency=body.get("agency"),
        params=body.get("params") or {},
        hash=entry.hash.hex(),
    )
