"""Reports from the trench: what was not as the maps say, and what its owner answers (A27).

An accepted report is a quality flag on the feature until its owner delivers a corrected one; a damage is a line of
the damage register, linked to the layer that was missing or wrong.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from shapely.geometry import Point, mapping
from sqlalchemy import insert, or_, select, text, update
from sqlalchemy.orm import Session

from geo.crs import WGS84, transform_to
from layers.city import City
from layers.database import as_element
from layers.published import ever_published
from permits import dig_reading
from permits import dig_store as store
from permits import dig_tables as t
from permits import tables as case_tables
from permits.dig_errors import (
    DigActionNotAllowed,
    DigRequestInvalid,
    PhotoNotFound,
    ReportAnswered,
    TrenchReportNotFound,
)
from permits.dig_photo import Photo
from permits.dig_requests import TrenchReportRequest
from permits.dig_store import AnyRow
from permits.dig_views import TrenchReportView
from permits.dig_vocabulary import TrenchFault, TrenchReportStatus
from permits.errors import AgencyUnknown, CaseNotFound
from permits.identifiers import new_id
from permits.ports import Actor, Json
from permits.service import Context
from permits.store import announce, chain, fingerprint, once
from permits.views import as_json
from permits.vocabulary import Role

_FEATURE_UNKNOWN: Final = "feature-unknown"
REPORTERS = frozenset({Role.OFFICER, Role.FRONT_OFFICE, Role.APPLICANT, Role.AGENCY, Role.CRISIS})


@dataclass(frozen=True, slots=True)
class PhotoStore:
    """The pictures as files under their digests, outside the database."""

    folder: Path

    def put(self, photo: Photo) -> None:
        """The picture is on disk, whole; the same picture twice is one file."""
        path = self._path(photo.digest, photo.suffix)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{new_id().hex}")
        temporary.write_bytes(photo.content)
        temporary.replace(path)

    def path(self, said: Json) -> Path:
        """Where a stored picture lies. Raises `PhotoNotFound`."""
        suffix = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}[said["media_type"]]
        found = self._path(str(said["sha256"]), suffix)
        if not found.is_file():
            raise PhotoNotFound(sha256=str(said["sha256"]))
        return found

    def _path(self, digest: str, suffix: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.{suffix}"


def report(
    session: Session, ctx: Context, request: TrenchReportRequest, photo: Photo | None
) -> TrenchReportView:
    """A report is open and its owner, where known, is told.

    The owner is the stated agency, else the owner of the named layer, else the one company of the utility.
    Raises `DigRequestInvalid`, `AgencyUnknown`, `DigNotFound`, `CaseNotFound` or a refusal of `geo`.
    """

    def run() -> TrenchReportView:
        if ctx.actor.role not in REPORTERS:
            raise DigActionNotAllowed(
                dig_status="none", dig_action="report", role=ctx.actor.role.value, needs=[]
            )
        _check(session, ctx, request)
        row = _row(session, ctx, request, photo)
        session.execute(insert(t.trench_report).values(row))
        said = {"report_no": row["report_no"], "kind": row["kind"], "agency": row["agency_id"]}
        chain(session, row["report_id"], ctx.actor, [("trench.reported", said | {"photo": row["photo"]})])
        if request.dig_id is not None:
            chain(session, request.dig_id, ctx.actor, [("trench.reported", said)])
        _notify(session, ctx.city, row["report_id"], "open")
        return trench_report(session, ctx, row["report_id"])

    asked = {"request": request, "photo": None if photo is None else photo.digest}
    mark = fingerprint(f"{ctx.city.city_id}:trench-report", asked)
    return once(session, ctx.actor, ctx.idempotency_key, mark, TrenchReportView, run)


def _check(session: Session, ctx: Context, request: TrenchReportRequest) -> None:
    faults = [
        *_depth_faults(request),
        *_place_faults(session, ctx.city, request.layer_id, request.feature_id),
    ]
    if faults:
        raise DigRequestInvalid(reasons=faults)
    if request.agency is not None and request.agency not in {each.agency_id for each in ctx.city.agencies}:
        raise AgencyUnknown(agency=request.agency)
    if request.dig_id is not None:
        dig_reading.check_reader(store.read_dig(session, request.dig_id, ctx.city.city_id), ctx.actor)
    if request.case_id is not None:
        _check_case(session, ctx, request.case_id)


def _depth_faults(request: TrenchReportRequest) -> Iterator[str]:
    if request.depth_m is not None and not 0 <= request.depth_m <= 60:
        yield "depth-out-of-range"
    if request.kind == TrenchFault.OTHER_DEPTH.value and request.depth_m is None:
        yield "depth-needed"


def _place_faults(
    session: Session, city: City, layer_id: str | None, feature_id: str | None
) -> Iterator[str]:
    """The named layer is the city's, and the named feature one that it shows, or showed.

    Whoever digs may hold a map that is some days old.
    """
    if layer_id is not None and layer_id not in {spec.layer_id for spec in city.layers}:
        yield "layer-unknown"
    elif feature_id is not None and layer_id is None:
        yield "layer-needed"
    elif feature_id is not None and layer_id is not None and _is_unknown(session, city, layer_id, feature_id):
        yield f"{_FEATURE_UNKNOWN}:{feature_id}"


def _is_unknown(session: Session, city: City, layer_id: str, feature_id: str) -> bool:
    return ever_published(session, city.city_id, layer_id, feature_id) is False


def _check_case(session: Session, ctx: Context, case_id: UUID) -> None:
    c = case_tables.case_
    query = select(c.c.applicant_actor).where(c.c.case_id == case_id, c.c.city_id == ctx.city.city_id)
    owner = session.execute(query).scalar_one_or_none()
    if owner is None or (ctx.actor.role is Role.APPLICANT and owner != ctx.actor.id):
        raise CaseNotFound(case_id=str(case_id))


def _row(session: Session, ctx: Context, request: TrenchReportRequest, photo: Photo | None) -> dict[str, Any]:
    point = Point(request.lon, request.lat)
    shape_m = transform_to(point, WGS84, ctx.city.city_crs).shape
    number: int = session.execute(text("SELECT nextval('permits.trench_report_no_seq')")).scalar_one()
    return {
        "report_id": new_id(),
        "report_no": f"T{ctx.now.year}-{number:06d}",
        "city_id": ctx.city.city_id,
        "kind": request.kind,
        "status": TrenchReportStatus.OPEN.value,
        "dig_id": request.dig_id,
        "case_id": request.case_id,
        "agency_id": owner_of(ctx.city, request),
        "utility": request.utility or _utility_of(ctx.city, request.layer_id),
        "layer_id": request.layer_id,
        "feature_id": request.feature_id,
        "depth_m": request.depth_m,
        "note": request.note,
        "geometry": as_json(mapping(point)),
        "geom": as_element(shape_m, ctx.city.srid),
        "photo": None if photo is None else photo.as_json(),
        "damage": request.damage,
        "reported_by": ctx.actor.id,
        "reported_at": ctx.now,
    }


def owner_of(city: City, request: TrenchReportRequest) -> str | None:
    """Whose the thing in the trench is, as far as the report tells; None: the municipality must find out."""
    if request.agency is not None:
        return request.agency
    if request.layer_id is not None:
        return city.layer(request.layer_id).owner
    owners = [a.agency_id for a in city.agencies if request.utility in {u.value for u in a.utilities}]
    return owners[0] if len(owners) == 1 else None


def _utility_of(city: City, layer_id: str | None) -> str | None:
    utility = None if layer_id is None else city.layer(layer_id).utility
    return None if utility is None else str(utility)


def _notify(session: Session, city: City, report_id: UUID, status: str) -> None:
    announce(session, "trench", city.city_id, {"report_id": str(report_id), "status": status})


def may_answer(row: AnyRow, actor: Actor) -> bool:
    """The owner answers; the officer for an owner that is unknown or not on the wire."""
    if row.status != TrenchReportStatus.OPEN.value:
        return False
    return actor.role is Role.OFFICER or (
        actor.role is Role.AGENCY and row.agency_id is not None and row.agency_id == actor.agency
    )


def answer(session: Session, ctx: Context, report_id: UUID, said: Json) -> TrenchReportView:
    """The owner accepts or rejects the report; `said` is `{accepted, reason, correction_by, agency}`.

    Accepted: the feature carries a quality flag and a correction is expected by that day. Rejected needs a
    reason. Raises `TrenchReportNotFound`, `ReportAnswered`, `DigRequestInvalid`, `DigActionNotAllowed`.
    """

    def run() -> TrenchReportView:
        row = _read(session, ctx, report_id, lock=True)
        if row.status != TrenchReportStatus.OPEN.value:
            raise ReportAnswered(report_id=str(report_id), status=row.status)
        if not may_answer(row, ctx.actor):
            raise DigActionNotAllowed(
                dig_status="open",
                dig_action="answer",
                role=ctx.actor.role.value,
                needs=["own-works"],
                hint="fulfil-first",
            )
        if not said["accepted"] and not said.get("reason"):
            raise DigRequestInvalid(reasons=["reason-needed"])
        status = TrenchReportStatus.ACCEPTED if said["accepted"] else TrenchReportStatus.REJECTED
        values = {
            "status": status.value,
            "answer": as_json({key: said.get(key) for key in ("reason", "correction_by")}),
            "answered_by": ctx.actor.id,
            "answered_at": ctx.now,
        }
        session.execute(
            update(t.trench_report).where(t.trench_report.c.report_id == report_id).values(values)
        )
        event = (f"trench.{status.value}", {"report_no": row.report_no, **values["answer"]})
        chain(session, report_id, ctx.actor, [event])
        if row.dig_id is not None:
            chain(session, row.dig_id, ctx.actor, [event])
        _notify(session, ctx.city, report_id, status.value)
        return trench_report(session, ctx, report_id)

    mark = fingerprint(f"{ctx.city.city_id}:trench-answer", {"report": report_id, "said": said})
    return once(session, ctx.actor, ctx.idempotency_key, mark, TrenchReportView, run)


_COLUMNS = [column for column in t.trench_report.c if column.name not in {"geom", "city_id"}]


def _read(session: Session, ctx: Context, report_id: UUID, *, lock: bool = False) -> AnyRow:
    r = t.trench_report
    query = select(*_COLUMNS).where(r.c.report_id == report_id, r.c.city_id == ctx.city.city_id)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None or (ctx.actor.role is Role.APPLICANT and row.reported_by != ctx.actor.id):
        raise TrenchReportNotFound(report_id=str(report_id))
    return row


def trench_report(session: Session, ctx: Context, report_id: UUID) -> TrenchReportView:
    """One report as this actor may see it. Raises `TrenchReportNotFound`; applicants know of the own ones."""
    return _view(ctx, _read(session, ctx, report_id))


def _view(ctx: Context, row: AnyRow) -> TrenchReportView:
    values = row._asdict()
    values["agency"] = values.pop("agency_id")
    return TrenchReportView(city=ctx.city.city_id, may_answer=may_answer(row, ctx.actor), **values)


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """Which reports; `after` is the last report_id of the page before."""

    status: str | None = None
    kind: str | None = None
    agency: str | None = None
    dig_id: UUID | None = None
    case_id: UUID | None = None
    limit: int = 50
    after: UUID | None = None


def reports(session: Session, ctx: Context, filters: ReportFilter) -> list[TrenchReportView]:
    """The reports, newest first; an applicant sees the own ones."""
    r = t.trench_report
    query = select(*_COLUMNS).where(r.c.city_id == ctx.city.city_id)
    if ctx.actor.role is Role.APPLICANT:
        query = query.where(r.c.reported_by == ctx.actor.id)
    equal = {
        "status": filters.status,
        "kind": filters.kind,
        "agency_id": filters.agency,
        "dig_id": filters.dig_id,
        "case_id": filters.case_id,
    }
    for name, value in equal.items():
        if value is not None:
            query = query.where(r.c[name] == value)
    if filters.after is not None:
        query = query.where(r.c.report_id < filters.after)
    rows = session.execute(query.order_by(r.c.report_id.desc()).limit(filters.limit))
    return [_view(ctx, row) for row in rows]


def quality_flags(session: Session, city: City, layer_ids: Iterable[str] | None = None) -> list[Json]:
    """The features whose owner accepted that they are not as shown, and by when a correction is expected."""
    r = t.trench_report
    query = select(
        r.c.layer_id, r.c.feature_id, r.c.kind, r.c.depth_m, r.c.report_no, r.c.answer, r.c.geometry
    ).where(
        r.c.city_id == city.city_id,
        r.c.status == TrenchReportStatus.ACCEPTED.value,
        r.c.layer_id.is_not(None),
    )
    if layer_ids is not None:
        query = query.where(r.c.layer_id.in_(list(layer_ids)))
    flags: list[Json] = as_json([row._asdict() for row in session.execute(query.order_by(r.c.report_no))])
    return flags


def damages(session: Session, ctx: Context) -> Json:
    """The damage register: every damage, and per layer how many it was missing or wrong in (A27)."""
    r = t.trench_report
    kept = session.execute(
        select(*_COLUMNS)
        .where(
            r.c.city_id == ctx.city.city_id,
            or_(r.c.kind == TrenchFault.DAMAGED.value, r.c.damage.is_not(None)),
        )
        .order_by(r.c.report_id.desc())
        .limit(2000)
    ).all()
    causes: dict[tuple[str, str], list[Json]] = {}
    for row in kept:
        cause = str((row.damage or {}).get("cause") or "unknown")
        causes.setdefault((row.layer_id or "-", cause), []).append(row.damage or {})
    by_layer = [
        {
            "layer_id": layer,
            "cause": cause,
            "count": len(found),
            "cost": sum(float(each.get("cost") or 0) for each in found),
        }
        for (layer, cause), found in sorted(causes.items())
    ]
    return {"damages": [_view(ctx, row) for row in kept], "by_layer": by_layer}
