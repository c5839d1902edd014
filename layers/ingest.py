"""An agency's delivery becomes a layer: read -> map -> check -> stage -> compare -> publish, reported and reversible.

How a file becomes a stage is `layers.preparing`; here the stage becomes what is shown. All of it is one transaction:
other connections see the layer as it was or as it is, and a failure at any step leaves it as it was. The same content
delivered twice changes nothing.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from layers import network_kept, preparing
from layers.catalog import LayerSpec
from layers.city import City
from layers.delivery_errors import NothingToRollBack
from layers.handling import Handling
from layers.preparing import Prepared, digest_of, reading_hash
from layers.publishing import analyse, compared, publish, revert
from layers.register import (
    close_delivery,
    current_delivery,
    delivery,
    held_twin,
    open_delivery,
    register,
    set_state,
    was_shown,
)
from layers.report import DeliveryReport, Diff, Outcome
from layers.staging import keep_staged
from layers.survey_state import delivering
from layers.tables import DeliveryRow


def import_city(engine: Engine, city: City, root: Path) -> list[DeliveryReport]:
    """Bring every layer of the city to what its files say; `root` is the `cities` folder.

    One transaction per layer; layers whose content is already published are reported as unchanged, and so are
    those that showed it once: what was delivered, corrected or taken back since then stays.
    """
    reports = [_imported(engine, city, spec, root / city.city_id / spec.source.path) for spec in city.layers]
    written = [spec.target for spec, report in zip(city.layers, reports, strict=True) if _is_new(report)]
    with engine.begin() as connection:
        analyse(connection, city.city_id, written)
    network_kept.keep(engine, city, [each.layer_id for each in reports if _is_new(each)])
    return reports


def _imported(engine: Engine, city: City, spec: LayerSpec, path: Path) -> DeliveryReport:
    with engine.begin() as connection:
        register(connection, city)
        current = current_delivery(connection, city.city_id, spec.layer_id)
        if current is not None and was_shown(connection, current, reading_hash(path, city, spec, spec.as_of)):
            return unread(city, spec, current, Outcome.UNCHANGED, Diff(same=current.row_count))
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
        return unread(city, spec, current, Outcome.UNCHANGED, Diff(same=current.row_count))
    with engine.begin() as connection:
        delivering(connection, city.city_id)
        prepared = preparing.prepared(connection, city, spec, path, (day, read_as, how))
        if prepared.refusal:
            return _report(city, prepared, Outcome.REFUSED, Diff(), None)
        how.progress("staged")
        report = _settled(connection, city, prepared, how)
    if analyse_after and _is_new(report):
        with engine.begin() as connection:
            analyse(connection, city.city_id, [spec.target])
        # a few changed features are not worth reading the layer again
        network_kept.keep(engine, city, [spec.layer_id], stale_only=how.incremental)
    return report


def _read_as(path: Path, city: City, spec: LayerSpec, day: date, how: Handling) -> str:
    whole = reading_hash(path, city, spec, day)
    return digest_of(whole, "incremental") if how.incremental else whole


def _settled(connection: Connection, city: City, prepared: Prepared, how: Handling) -> DeliveryReport:
    """Publish what is prepared, hold it for a decision, or, for a preview, only say what would change."""
    layer_id = prepared.spec.layer_id
    current = current_delivery(connection, city.city_id, layer_id, lock=True)
    if current is not None and current.content_hash == prepared.content_hash:
        # The same features from another file, or another process published them while this one read.
        same = Diff(same=current.row_count)
        return _report(city, prepared, Outcome.UNCHANGED, same, current.delivery_id)
    if how.preview:
        diff = compared(prepared.stage, layer_id, prepared.gone)
        return _report(city, prepared, Outcome.PREVIEWED, diff, None)
    if prepared.agreement is not None and prepared.agreement.is_held:
        return _held(connection, city, prepared, current, how)
    return _publish(connection, city, prepared, current, how)


def _opened(
    connection: Connection, city: City, prepared: Prepared, current: DeliveryRow | None, how: Handling
) -> int:
    return open_delivery(
        connection,
        {
            "city_id": city.city_id,
            "layer_id": prepared.spec.layer_id,
            "file_hash": prepared.file_hash,
            "content_hash": prepared.content_hash,
            "as_of": prepared.as_of,
            "source_name": prepared.source.name,
            "source_crs": prepared.source.crs,
            "source_operation": prepared.operation,
            "previous_id": current.delivery_id if current else None,
            "incremental": how.incremental,
        },
        how.delivery_id,
    )


def _publish(
    connection: Connection, city: City, prepared: Prepared, current: DeliveryRow | None, how: Handling
) -> DeliveryReport:
    delivery_id = _opened(connection, city, prepared, current, how)
    diff = publish(prepared.stage, prepared.spec.layer_id, delivery_id, prepared.gone)
    prepared.stage.log_repairs(delivery_id)
    report = _report(city, prepared, Outcome.PUBLISHED, diff, delivery_id)
    close_with(connection, report)
    return report


def _held(
    connection: Connection, city: City, prepared: Prepared, current: DeliveryRow | None, how: Handling
) -> DeliveryReport:
    """Keep the rows until a person decides; the same content is held once."""
    known = held_twin(connection, city.city_id, prepared.spec.layer_id, prepared.content_hash)
    if known is not None and how.delivery_id is None:
        return _report(city, prepared, Outcome.HELD, Diff(), known)
    delivery_id = _opened(connection, city, prepared, current, how)
    keep_staged(prepared.stage, delivery_id, prepared.gone)
    prepared.stage.log_repairs(delivery_id)
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
    city: City, prepared: Prepared, outcome: Outcome, diff: Diff, delivery_id: int | None
) -> DeliveryReport:
    account = prepared.account
    facts = {**prepared.source.facts, **account.facts(prepared.spec)}
    if prepared.gone is not None:
        facts["tombstones"] = len(prepared.gone)
    return DeliveryReport(
        city_id=city.city_id,
        layer_id=prepared.spec.layer_id,
        outcome=outcome,
        delivery_id=delivery_id,
        content_hash=prepared.content_hash,
        source_name=prepared.source.name,
        source_crs=prepared.source.crs,
        source_operation=prepared.operation,
        read=account.read,
        good=account.read - account.refused - account.repaired,
        repaired=account.repaired,
        refused=account.refused,
        diff=diff,
        counts=account.findings.counts(),
        issues=account.findings.kept(),
        facts=facts,
        agreement=prepared.agreement.as_dict() if prepared.agreement else None,
    )


def unread(
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
        report = unread(city, spec, restored, Outcome.ROLLED_BACK, diff, delivery_id)
        close_with(connection, report)
    network_kept.keep(engine, city, [layer_id])
    return report
