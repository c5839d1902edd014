"""An agency's delivery becomes a layer: read -> map -> check -> stage -> publish, reported and reversible.

Publishing is one transaction: other connections see the layer as it was or as it is, and a failure at any
step leaves it as it was. The same content delivered twice changes nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from geo.errors import PanjerehError
from layers.agreeing import Agreeing, agreeing
from layers.catalog import LayerSpec
from layers.checks import check
from layers.city import City
from layers.handling import Handling, without_tombstones
from layers.mapping import Mapped, map_layer
from layers.readers.reference import check_place
from layers.reading import file_hash, read
from layers.report import DeliveryReport, Diff, Issue, Outcome, Severity, counted, kept
from layers.staging import (
    analyse,
    close_delivery,
    current_delivery,
    delivery,
    held_twin,
    keep_staged,
    open_delivery,
    payload,
    publish,
    register,
    revert,
    set_state,
    stage,
    was_shown,
    write_repairs,
)
from layers.tables import DeliveryRow
from layers.topology import check_whole, known_nodes

# Raised when the meaning of a mapped row changes, so that unchanged files are read again.
MODEL_VERSION = 2
# A delivery that loses more of its features than this is refused as a whole: something is wrong with the
# file.
MAX_REFUSED_SHARE = 0.05


class NothingToRollBack(PanjerehError):
    """The layer has no delivery to take back."""

    code = "nothing-to-roll-back"


def reading_hash(path: Path, city: City, spec: LayerSpec, as_of: date) -> str:
    """Return what identifies a file and how it is read: equal ones need not be read again."""
    reading = (MODEL_VERSION, city.crs, city.operations, city.extent_m, as_of)
    meaning = (
        spec.target,
        spec.table,
        spec.owner,
        spec.utility,
        spec.crs,
        spec.encoding,
        spec.surveyed_on,
        spec.quality,
    )
    mapping = (spec.fields, spec.codes, spec.select, spec.constants, spec.local_grid)
    return _digest(file_hash(path), repr(reading), repr(meaning), repr(mapping))


def content_hash(rows: str, as_of: date) -> str:
    """Return what identifies a delivery: its accepted features and their day, not the bytes of its file."""
    return _digest(rows, as_of.isoformat())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def import_city(engine: Engine, city: City, root: Path) -> list[DeliveryReport]:
    """Bring every layer of the city to what its files say; `root` is the `cities` folder.

    One transaction per layer; layers whose content is already published are reported as unchanged, and so are
    those that showed it once: what was delivered, corrected or taken back since then stays.
    """
    reports = [_imported(engine, city, spec, root / city.city_id / spec.source.path) for spec in city.layers]
    written = [spec.target for spec, report in zip(city.layers, reports, strict=True) if _is_new(report)]
    with engine.begin() as connection:
        analyse(connection, city.city_id, written)
    return reports


def _imported(engine: Engine, city: City, spec: LayerSpec, path: Path) -> DeliveryReport:
    with engine.begin() as connection:
        register(connection, city)
        current = current_delivery(connection, city.city_id, spec.layer_id)
        if current is not None and was_shown(connection, current, reading_hash(path, city, spec, spec.as_of)):
            return _unread(city, spec, current, Outcome.UNCHANGED, Diff(same=current.row_count))
    return deliver(engine, city, spec, path, analyse_after=False)


def _is_new(report: DeliveryReport) -> bool:
    return report.outcome is Outcome.PUBLISHED


def deliver(
    engine: Engine,
    city: City,
    spec: LayerSpec,
    path: Path,
    *,
    as_of: date | None = None,
    analyse_after: bool = True,
    handling: Handling | None = None,
) -> DeliveryReport:
    """Publish one file as the new state of one layer, or say why not; the layer is whole at every moment.

    `as_of` is the day whose truth the file shows (default: what the configuration says); `handling` says it
    with all else. A file that cannot be read at all raises (SourceUnreadable, SourceCrsMissing, ColumnMissing,
    a CRS error); a file whose content is refused returns a report with outcome `refused`; one that does not
    agree with the layers beside it is kept and `held` for a person's decision (`layers.deliveries.decide`).
    """
    how = handling or Handling(as_of=as_of)
    day = how.as_of or spec.as_of
    how.progress("reading")
    read_as = _read_as(path, city, spec, day, how)
    with engine.begin() as connection:
        register(connection, city)
        current = current_delivery(connection, city.city_id, spec.layer_id)
    if current is not None and current.file_hash == read_as:
        return _unread(city, spec, current, Outcome.UNCHANGED, Diff(same=current.row_count))
    prepared = _prepared(engine, city, spec, path, (day, read_as, how))
    if prepared.refusal:
        return _report(city, prepared, Outcome.REFUSED, Diff(), None)
    how.progress("staged")
    with engine.begin() as connection:
        report = _settled(connection, city, prepared, how)
    if analyse_after and _is_new(report):
        with engine.begin() as connection:
            analyse(connection, city.city_id, [spec.target])
    return report


def _read_as(path: Path, city: City, spec: LayerSpec, day: date, how: Handling) -> str:
    whole = reading_hash(path, city, spec, day)
    return _digest(whole, "incremental") if how.incremental else whole


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A delivery that is read, mapped, checked and compared, with its rows as COPY text.

    `gone` None: the rows are the whole layer; else what an incremental delivery takes away.
    """

    mapped: Mapped
    source_name: str
    as_of: date
    file_hash: str
    content_hash: str
    rows: str
    refusal: Issue | None
    gone: tuple[str, ...] | None
    agreement: Agreeing | None


def _prepared(
    engine: Engine, city: City, spec: LayerSpec, path: Path, asked: tuple[date, str, Handling]
) -> _Prepared:
    day, read_as, how = asked
    source = read(path, spec.table, crs=spec.crs, encoding=spec.encoding)
    check_place(source, city)
    mapped, gone = map_layer(source, city, spec), None
    if how.incremental:
        mapped, gone = without_tombstones(source, mapped)
        mapped.facts["tombstones"] = len(gone)
    how.progress("checking")
    check(mapped, city)
    with engine.connect() as connection:
        if gone is None:
            check_whole(mapped, city, known_nodes(connection, city, spec))
        refusal = None if gone else _refusal(mapped)
        agreement = agreeing(connection, city, mapped) if refusal is None else None
    if refusal is not None:
        mapped.issues.insert(0, refusal)
    rows = payload(city, mapped)
    content = (
        content_hash(rows, day) if gone is None else _digest(rows, day.isoformat(), "incremental", *gone)
    )
    return _Prepared(mapped, source.name, day, read_as, content, rows, refusal, gone, agreement)


def _refusal(mapped: Mapped) -> Issue | None:
    """Return why the delivery as a whole must not replace the layer, or None."""
    if not len(mapped):
        return Issue(Severity.ERROR, "empty-delivery")
    # A row that only repeats another takes nothing away with it.
    share = len(mapped.refused - mapped.repeated) / len(mapped)
    if share <= MAX_REFUSED_SHARE:
        return None
    return Issue(
        Severity.ERROR, "too-many-refused", params={"share": round(share, 3), "limit": MAX_REFUSED_SHARE}
    )


def _settled(connection: Connection, city: City, prepared: _Prepared, how: Handling) -> DeliveryReport:
    """Publish what is prepared, hold it for a decision, or, for a preview, only say what would change."""
    layer_id = prepared.mapped.spec.layer_id
    current = current_delivery(connection, city.city_id, layer_id, lock=True)
    if current is not None and current.content_hash == prepared.content_hash:
        # The same features from another file, or another process published them while this one read.
        same = Diff(same=current.row_count)
        return _report(city, prepared, Outcome.UNCHANGED, same, current.delivery_id)
    if how.preview:
        return _previewed(connection, city, prepared, current)
    if prepared.agreement is not None and prepared.agreement.is_held:
        return _held(connection, city, prepared, current, how)
    return _publish(connection, city, prepared, current, how)


def _opened(
    connection: Connection, city: City, prepared: _Prepared, current: DeliveryRow | None, how: Handling
) -> int:
    mapped = prepared.mapped
    return open_delivery(
        connection,
        {
            "city_id": city.city_id,
            "layer_id": mapped.spec.layer_id,
            "file_hash": prepared.file_hash,
            "content_hash": prepared.content_hash,
            "as_of": prepared.as_of,
            "source_name": prepared.source_name,
            "source_crs": mapped.source_crs,
            "source_operation": mapped.source_operation,
            "previous_id": current.delivery_id if current else None,
            "incremental": how.incremental,
        },
        how.delivery_id,
    )


def _publish(
    connection: Connection, city: City, prepared: _Prepared, current: DeliveryRow | None, how: Handling
) -> DeliveryReport:
    spec = prepared.mapped.spec
    delivery_id = _opened(connection, city, prepared, current, how)
    staged = stage(connection, spec.target, prepared.rows)
    diff = publish(connection, city.city_id, (spec.layer_id, spec.target), delivery_id, staged, prepared.gone)
    write_repairs(connection, city, delivery_id, prepared.mapped.repairs)
    report = _report(city, prepared, Outcome.PUBLISHED, diff, delivery_id)
    close_with(connection, report)
    return report


def _previewed(
    connection: Connection, city: City, prepared: _Prepared, current: DeliveryRow | None
) -> DeliveryReport:
    """What publishing would change, found by doing it and taking it back."""
    spec = prepared.mapped.spec
    with connection.begin_nested() as attempt:
        delivery_id = _opened(connection, city, prepared, current, Handling())
        staged = stage(connection, spec.target, prepared.rows)
        diff = publish(
            connection, city.city_id, (spec.layer_id, spec.target), delivery_id, staged, prepared.gone
        )
        attempt.rollback()
    return _report(city, prepared, Outcome.PREVIEWED, diff, None)


def _held(
    connection: Connection, city: City, prepared: _Prepared, current: DeliveryRow | None, how: Handling
) -> DeliveryReport:
    """Keep the rows until a person decides; the same content is held once."""
    spec = prepared.mapped.spec
    known = held_twin(connection, city.city_id, spec.layer_id, prepared.content_hash)
    if known is not None and how.delivery_id is None:
        return _report(city, prepared, Outcome.HELD, Diff(), known)
    delivery_id = _opened(connection, city, prepared, current, how)
    keep_staged(connection, delivery_id, prepared.rows, prepared.gone)
    write_repairs(connection, city, delivery_id, prepared.mapped.repairs)
    report = _report(city, prepared, Outcome.HELD, Diff(), delivery_id)
    set_state(connection, delivery_id, str(Outcome.HELD), report=report.as_dict())
    return report


def close_with(connection: Connection, report: DeliveryReport, **values: Any) -> None:
    """Make a delivery the one that its layer shows, with its report; the caller holds the layer's lock."""
    diff = report.diff
    counts = {"added": diff.added, "changed": diff.changed, "removed": diff.removed}
    rows = diff.added + diff.changed + diff.same
    close_delivery(
        connection,
        report.city_id,
        report.layer_id,
        report.delivery_id or 0,
        {**counts, "row_count": rows, "report": report.as_dict(), "state": str(report.outcome), **values},
    )


def _report(
    city: City, prepared: _Prepared, outcome: Outcome, diff: Diff, delivery_id: int | None
) -> DeliveryReport:
    mapped = prepared.mapped
    repaired = mapped.repaired - mapped.refused
    return DeliveryReport(
        city_id=city.city_id,
        layer_id=mapped.spec.layer_id,
        outcome=outcome,
        delivery_id=delivery_id,
        content_hash=prepared.content_hash,
        source_name=prepared.source_name,
        source_crs=mapped.source_crs,
        source_operation=mapped.source_operation,
        read=len(mapped),
        good=len(mapped) - len(mapped.refused) - len(repaired),
        repaired=len(repaired),
        refused=len(mapped.refused),
        diff=diff,
        counts=counted(mapped.issues),
        issues=kept(mapped.issues),
        facts=_facts(mapped),
        agreement=prepared.agreement.as_dict() if prepared.agreement else None,
    )


def _facts(mapped: Mapped) -> dict[str, Any]:
    facts: dict[str, Any] = {**mapped.facts, "not_selected": mapped.not_selected}
    if mapped.spec.is_network:
        facts["cover_unknown"] = sum(cover is None for cover in mapped.columns["cover_m"])
        facts["quality_source"] = mapped.spec.quality.source if mapped.spec.quality else None
    return facts


def _unread(
    city: City,
    spec: LayerSpec,
    row: DeliveryRow,
    outcome: Outcome,
    diff: Diff,
    delivery_id: int | None = None,
) -> DeliveryReport:
    """Return the report of a delivery for which no file was read; `row` says where its features came from."""
    return DeliveryReport(
        city_id=city.city_id,
        layer_id=spec.layer_id,
        outcome=outcome,
        delivery_id=delivery_id or row.delivery_id,
        content_hash=row.content_hash,
        source_name=row.source_name,
        source_crs=row.source_crs,
        source_operation=row.source_operation,
        read=0,
        good=0,
        repaired=0,
        refused=0,
        diff=diff,
        counts={},
        issues=(),
        facts={},
    )


def roll_back(engine: Engine, city: City, layer_id: str) -> DeliveryReport:
    """Take back the layer's current delivery: as a new one, the layer shows what it showed before.

    Nothing is erased: what was shown in between can still be asked. A second call takes back the first one.
    Raises NothingToRollBack if the layer was never delivered.
    """
    spec = city.layer(layer_id)
    with engine.begin() as connection:
        current = current_delivery(connection, city.city_id, layer_id, lock=True)
        if current is None:
            raise NothingToRollBack(city=city.city_id, layer=layer_id)
        before = delivery(connection, current.previous_id)
        restored = before or DeliveryRow(
            file_hash=None, content_hash=None, as_of=None, source_name="", source_crs="", source_operation=""
        )
        delivery_id = open_delivery(
            connection,
            {
                "city_id": city.city_id,
                "layer_id": layer_id,
                "file_hash": restored.file_hash,
                "content_hash": restored.content_hash,
                "as_of": restored.as_of,
                "source_name": restored.source_name,
                "source_crs": restored.source_crs,
                "source_operation": restored.source_operation,
                "previous_id": current.delivery_id,
                "reverts_id": current.delivery_id,
            },
        )
        diff = revert(connection, city.city_id, (layer_id, spec.target), delivery_id, current.delivery_id)
        report = _unread(city, spec, restored, Outcome.ROLLED_BACK, diff, delivery_id)
        close_with(connection, report)
    return report
