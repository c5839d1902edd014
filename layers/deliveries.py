"""Deliveries from receipt to decision: durable states, background runs that may be killed, held ones decided.

A process holds an advisory lock of each delivery it has in hand (`Alive`); one in a running state whose lock is
free was left by a process that ended, and is `interrupted`. Publishing itself is one transaction, so whatever
happens the layer is as it was or as it is to be.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select, text, update
from sqlalchemy.exc import DBAPIError

from geo.errors import PanjerehError
from layers.catalog import LayerSpec
from layers.city import City
from layers.delivery_errors import DeliveryNotFound, DeliveryNotHeld, NoCorrectionOffered
from layers.handling import Handling
from layers.register import close_delivery, current_delivery, open_delivery, register, set_state
from layers.report import DeliveryReport, Outcome
from layers.tables import DeliveryRow

log = logging.getLogger("panjereh.deliveries")
# The first half of the advisory lock's key: "DELV".
_LOCK_CLASS: Final = 0x44454C56


class State(StrEnum):
    """Where a delivery stands; the first four while it runs."""

    RECEIVED = "received"
    READING = "reading"
    CHECKING = "checking"
    STAGED = "staged"
    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    HELD = "held"
    REFUSED = "refused"
    PREVIEWED = "previewed"
    ROLLED_BACK = "rolled_back"
    CORRECTED = "corrected"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


RUNNING: Final = frozenset({State.RECEIVED, State.READING, State.CHECKING, State.STAGED})


class Choice(StrEnum):
    """What may be decided about a held delivery."""

    ACCEPT = "accept"
    CORRECT = "correct"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A file that was received: its name and size, who sent it, and how it is to be taken."""

    file_name: str
    size_bytes: int
    submitted_by: str | None
    handling: Handling


def receive(engine: Engine, city: City, layer_id: str, receipt: Receipt) -> int:
    """Write down that a file was received; return the delivery's number."""
    with engine.begin() as connection:
        register(connection, city)
        current = current_delivery(connection, city.city_id, layer_id)
        return open_delivery(
            connection,
            {
                "city_id": city.city_id,
                "layer_id": layer_id,
                "as_of": receipt.handling.as_of,
                "source_name": receipt.file_name,
                "source_crs": "",
                "source_operation": "",
                "previous_id": current.delivery_id if current else None,
                "preview": receipt.handling.preview,
                "incremental": receipt.handling.incremental,
                "file_name": receipt.file_name,
                "size_bytes": receipt.size_bytes,
                "submitted_by": receipt.submitted_by,
            },
        )


class Alive:
    """Holds the locks of the deliveries that this process has in hand, on one connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guard = Lock()
        self._connection: Connection | None = None

    @contextmanager
    def holding(self, delivery_id: int) -> Iterator[None]:
        """Hold the delivery's lock for a while; it ends with this process, however that ends."""
        self.hold(delivery_id)
        try:
            yield
        finally:
            self.release(delivery_id)

    def hold(self, delivery_id: int) -> None:
        """Take the delivery in hand."""
        self._say("SELECT pg_advisory_lock(:kind, CAST(:number AS int))", delivery_id)

    def release(self, delivery_id: int) -> None:
        """Leave the delivery."""
        self._say("SELECT pg_advisory_unlock(:kind, CAST(:number AS int))", delivery_id)

    def close(self) -> None:
        """Leave all of them."""
        with self._guard:
            if self._connection is not None:
                self._connection.invalidate()
                self._connection.close()
                self._connection = None

    def _say(self, statement: str, delivery_id: int) -> None:
        with self._guard:
            for _attempt in range(2):
                if self._connection is None:
                    self._connection = self._engine.connect()
                try:
                    self._connection.execute(text(statement), {"kind": _LOCK_CLASS, "number": delivery_id})
                    self._connection.commit()
                except DBAPIError:  # the database was away: the old locks are gone with their connection
                    self._connection.invalidate()
                    self._connection.close()
                    self._connection = None
                else:
                    return


def run(engine: Engine, city: City, spec: LayerSpec, path: Path, handling: Handling) -> DeliveryReport | None:
    """Carry out a received delivery; its state and report are in the database whatever happens.

    Returns the report, or None where the file could not be read (state `refused`, with the problem) or we
    failed (state `failed`).
    """
    from layers.ingest import deliver  # readers and checks are loaded by the first delivery

    delivery_id = handling.delivery_id
    if delivery_id is None:
        raise ValueError("a delivery is received before it is run")

    def progress(state: str) -> None:
        with engine.begin() as connection:
            set_state(connection, delivery_id, state)

    try:
        report = deliver(engine, city, spec, path, handling=replace(handling, progress=progress))
    except PanjerehError as error:
        problem = {"code": error.code, "params": dict(error.params)}
        _end(engine, delivery_id, State.REFUSED, problem=problem)
        return None
    except Exception:
        log.exception("delivery %s of %s/%s failed", delivery_id, city.city_id, spec.layer_id)
        _end(engine, delivery_id, State.FAILED, problem={"code": "internal", "params": {}})
        return None
    if report.outcome not in (Outcome.PUBLISHED, Outcome.HELD):
        state = State(str(report.outcome))
        _end(engine, delivery_id, state, report=report.as_dict(), as_of=handling.as_of or spec.as_of)
    return report


def _end(engine: Engine, delivery_id: int, state: State, **values: Any) -> None:
    with engine.begin() as connection:
        set_state(connection, delivery_id, str(state), **values)


def mark_interrupted(engine: Engine) -> list[int]:
    """Find the deliveries whose process ended while they ran, and say so; return their numbers."""
    with engine.begin() as connection:
        return list(
            connection.execute(
                text(
                    "UPDATE layers.delivery SET state = 'interrupted', updated_at = clock_timestamp() "
                    "WHERE state = ANY(:running) AND delivery_id IN (SELECT delivery_id FROM layers.delivery "
                    "WHERE state = ANY(:running) AND updated_at < clock_timestamp() - interval '2 seconds' "
                    "AND pg_try_advisory_xact_lock(:kind, CAST(delivery_id AS int))) RETURNING delivery_id"
                ),
                {"running": sorted(RUNNING), "kind": _LOCK_CLASS},
            ).scalars()
        )


def is_in_hand(connection: Connection, city_id: str) -> bool:
    """Whether some process has a delivery of this city in hand, or will have in a moment: received, not ended."""
    return bool(
        connection.execute(
            text(
                "SELECT EXISTS (SELECT FROM layers.delivery WHERE city_id = :city_id AND state = ANY(:running) "
                "AND (updated_at >= clock_timestamp() - interval '2 seconds' "
                "OR NOT pg_try_advisory_xact_lock(:kind, CAST(delivery_id AS int))))"
            ),
            {"city_id": city_id, "running": sorted(RUNNING), "kind": _LOCK_CLASS},
        ).scalar_one()
    )


# --- reading ----------------------------------------------------------------------------------------------


def one(connection: Connection, city_id: str, layer_id: str, delivery_id: int) -> DeliveryRow:
    """Return a delivery of a layer; raises DeliveryNotFound."""
    table = DeliveryRow.__table__
    row = (
        connection.execute(
            select(table).where(
                table.c.city_id == city_id,
                table.c.layer_id == layer_id,
                table.c.delivery_id == delivery_id,
            )
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise DeliveryNotFound(city=city_id, layer=layer_id, delivery=delivery_id)
    return DeliveryRow(**row)


def listed(
    connection: Connection, city_id: str, layer_id: str, *, limit: int = 50, before: int | None = None
) -> list[DeliveryRow]:
    """Return a layer's deliveries without the issues of their reports, newest first."""
    table = DeliveryRow.__table__
    columns = [column for column in table.c if column.name != "report"]
    report = (table.c.report.op("-")("issues")).label("report")
    statement = (
        select(*columns, report)
        .where(table.c.city_id == city_id, table.c.layer_id == layer_id)
        .order_by(table.c.delivery_id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(table.c.delivery_id < before)
    return [DeliveryRow(**row) for row in connection.execute(statement).mappings()]


def shown(connection: Connection, city_id: str, layer_id: str) -> int | None:
    """Return the number of the delivery that a layer shows now."""
    current = current_delivery(connection, city_id, layer_id)
    return current.delivery_id if current else None


# --- deciding ---------------------------------------------------------------------------------------------


def decide(
    engine: Engine,
    city: City,
    layer_id: str,
    delivery_id: int,
    choice: Choice,
    *,
    by: str,
    note: str | None = None,
) -> int:
    """Carry out a person's decision about a held delivery; return the number of the delivery concerned now.

    `accept` publishes it as it is; `correct` publishes it moved by the offered similarity as a new delivery,
    whose number is returned; `refuse` forgets its rows. Raises DeliveryNotFound, DeliveryNotHeld,
    NoCorrectionOffered.
    """
    from layers import network_kept

    decided = _decided(engine, city, (layer_id, delivery_id), choice, by=by, note=note)
    if choice is not Choice.REFUSE:
        network_kept.keep(engine, city, [layer_id])
    return decided


def _decided(
    engine: Engine, city: City, which: tuple[str, int], choice: Choice, *, by: str, note: str | None
) -> int:
    from layers.staging import forget_staged

    layer_id, delivery_id = which
    spec = city.layer(layer_id)
    with engine.begin() as connection:
        current = current_delivery(connection, city.city_id, layer_id, lock=True)
        held = one(connection, city.city_id, layer_id, delivery_id)
        if held.state != State.HELD:
            raise DeliveryNotHeld(delivery=delivery_id, state=held.state)
        said = {"choice": str(choice), "by": by, "note": note, "at": _now(connection)}
        previous_id = current.delivery_id if current else None
        match choice:
            case Choice.REFUSE:
                forget_staged(connection, delivery_id)
                set_state(connection, delivery_id, str(State.REFUSED), decision=said)
                return delivery_id
            case Choice.ACCEPT:
                connection.execute(
                    update(DeliveryRow)
                    .where(DeliveryRow.delivery_id == delivery_id)
                    .values(previous_id=previous_id, decision=said)
                )
                _show(connection, city, spec, held, delivery_id)
                return delivery_id
            case Choice.CORRECT:
                return _corrected(connection, city, spec, held, (previous_id, said))


def _now(connection: Connection) -> str:
    return str(connection.execute(select(func.clock_timestamp())).scalar_one().isoformat())


def _corrected(
    connection: Connection,
    city: City,
    spec: LayerSpec,
    held: DeliveryRow,
    decided: tuple[int | None, dict[str, Any]],
) -> int:
    from layers.preparing import content_hash

    previous_id, said = decided
    agreement = held.report.get("agreement") or {}
    offered = agreement.get("correction")
    if offered is None:
        raise NoCorrectionOffered(delivery=held.delivery_id)
    correction = {**offered, "source_crs": _datum(agreement)}
    delivery_id = open_delivery(
        connection,
        {
            "city_id": city.city_id,
            "layer_id": spec.layer_id,
            "content_hash": content_hash(f"{held.content_hash} {offered}", held.as_of or date.min),
            "as_of": held.as_of,
            "source_name": held.source_name,
            "source_crs": held.source_crs,
            "source_operation": held.source_operation,
            "previous_id": previous_id,
            "incremental": held.incremental,
            "file_name": held.file_name,
            "size_bytes": held.size_bytes,
            "submitted_by": held.submitted_by,
            "decision": said,
            "correction": correction,
            "corrects_id": held.delivery_id,
        },
    )
    connection.execute(
        text(
            "INSERT INTO layers.repair (delivery_id, feature_id, code, params, before) "
            "SELECT :made, feature_id, code, params, before FROM layers.repair WHERE delivery_id = :held"
        ),
        {"made": delivery_id, "held": held.delivery_id},
    )
    set_state(connection, held.delivery_id, str(State.CORRECTED), decision=said)
    _show(connection, city, spec, held, delivery_id)
    return delivery_id


def _datum(agreement: dict[str, Any]) -> str | None:
    """The reference system that the delivery was probably in, where only one name fits."""
    named = {
        known["source"]
        for each in agreement.get("compared", ())
        if each["layer_id"] == agreement.get("worst")
        for known in each["looks_like"]
    }
    return named.pop() if len(named) == 1 else None


def _show(connection: Connection, city: City, spec: LayerSpec, held: DeliveryRow, delivery_id: int) -> None:
    """Publish a held delivery's rows as the work of `delivery_id`; moved, where that is another one."""
    from layers.agreement_report import correction_from_dict
    from layers.publishing import move_staged, publish
    from layers.staging import take_staged

    stage, gone = take_staged(connection, city, spec.target, held.delivery_id)
    if delivery_id != held.delivery_id:
        movement = correction_from_dict(held.report["agreement"]["correction"])
        move_staged(stage, movement.coefficients())
    diff = publish(stage, spec.layer_id, delivery_id, gone)
    counts = {"added": diff.added, "changed": diff.changed, "removed": diff.removed}
    said = {**held.report, **counts, "same": diff.same}
    said |= {"outcome": str(Outcome.PUBLISHED), "delivery_id": delivery_id}
    values = {**counts, "row_count": diff.added + diff.changed + diff.same, "report": said}
    values["state"] = str(State.PUBLISHED)
    close_delivery(connection, city.city_id, spec.layer_id, delivery_id, values)
