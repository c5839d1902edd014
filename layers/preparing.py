"""A file becomes a prepared delivery: read -> map -> check -> stage, and asked as a whole; nothing is published yet.

The rows go by in batches, from the file into a stage in the database, so that a large delivery needs no more memory
than a small one; what must be known of all of them is known after a first look, or asked of the stage.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from layers.agreeing import Delivered, agreeing
from layers.agreement_report import Agreeing
from layers.ahead import ahead
from layers.catalog import LayerSpec, TrunkSource
from layers.checks import check
from layers.city import City
from layers.field_values import conversions
from layers.handling import Handling, without_tombstones
from layers.mapping import FirstRows, Mapped, check_columns, map_batch
from layers.memory import give_back
from layers.placing import Placing, placing
from layers.readers.reference import check_place, check_units
from layers.readers.source import Source
from layers.reading import file_hash, opened
from layers.report import Findings, Issue, Severity
from layers.staging import Packed, Stage
from layers.surveying import survey
from layers.wholeness import WholeDelivery

# Raised when the meaning of a mapped row changes, so that unchanged files are read again.
MODEL_VERSION = 2
# A delivery that loses more of its features than this is refused as a whole: something is wrong with the
# file.
MAX_REFUSED_SHARE = 0.05


def reading_hash(path: Path, city: City, spec: LayerSpec, as_of: date) -> str:
    """Return what identifies a file and how it is read: equal ones need not be read again."""
    reading = (MODEL_VERSION, city.crs, {**city.operations, **spec.operations}, city.extent_m, as_of)
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
    trunk = () if spec.trunk is None else (repr(spec.trunk),)
    return digest_of(file_hash(path), repr(reading), repr(meaning), repr(mapping), *trunk)


def content_hash(rows: str, as_of: date) -> str:
    """Return what identifies a delivery: its accepted features and their day, not the bytes of its file."""
    return digest_of(rows, as_of.isoformat())


def digest_of(*parts: str) -> str:
    """Return one hash of some texts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(slots=True)
class Account:
    """What is counted while the batches go by."""

    read: int = 0
    repaired: int = 0
    refused: int = 0
    repeated: int = 0
    not_selected: int = 0
    cover_unknown: int = 0
    trunk_assumed: int = 0
    given: dict[str, int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    findings: Findings = field(default_factory=Findings)

    def add(self, mapped: Mapped) -> None:
        """Count a batch."""
        self.read += len(mapped)
        self.repaired += len(mapped.repaired - mapped.refused)
        self.refused += len(mapped.refused)
        self.repeated += len(mapped.refused & mapped.repeated)
        self.not_selected += mapped.not_selected
        if mapped.spec.is_network:
            self.cover_unknown += int(mapped.columns["cover_m"].missing().sum())
        elif "trunk_source" in mapped.columns:
            self.trunk_assumed += int(mapped.columns["trunk_source"].where(TrunkSource.ASSUMED.__eq__).sum())
        for name, count in mapped.given.items():
            self.given[name] = self.given.get(name, 0) + count
        self.findings.add(mapped.issues)

    def facts(self, spec: LayerSpec) -> dict[str, Any]:
        """What was counted, for the report."""
        made: dict[str, Any] = {"not_selected": self.not_selected}
        if done := conversions(spec, self.given):
            made["conversions"] = done
        if spec.is_network:
            made["cover_unknown"] = self.cover_unknown
            made["quality_source"] = spec.quality.source if spec.quality else None
        if spec.trunk is not None:
            made["trunk_assumed"] = self.trunk_assumed
            made["trunk_assumed_mm"] = spec.trunk.diameter_mm
            made["trunk_source"] = spec.trunk.source
        return made


@dataclass(frozen=True, slots=True)
class Prepared:
    """A delivery that is read, mapped, checked and staged.

    `gone` None: the rows are the whole layer; else what an incremental delivery takes away.
    """

    spec: LayerSpec
    stage: Stage
    account: Account
    source: Source
    operation: str
    as_of: date
    file_hash: str
    content_hash: str
    refusal: Issue | None
    gone: tuple[str, ...] | None
    agreement: Agreeing | None


def prepared(
    connection: Connection, city: City, spec: LayerSpec, path: Path, asked: tuple[date, str, Handling]
) -> Prepared:
    """Read a file into the stage and ask all of it what only the whole can answer; `asked`: day, reading, handling."""
    day, read_as, how = asked
    stage, account, whole = Stage(connection, city, spec.target), Account(), WholeDelivery(city, spec)
    with opened(path, spec.table, crs=spec.crs, encoding=spec.encoding) as source:
        place, first_rows = _placed(source, city, spec, path, how)
        account.findings.add(source.issues)
        how.progress("checking")
        give_back()  # the thread that reads takes its memory from elsewhere

        def packed() -> Generator[Packed, None, None]:
            for batch in source.batches(how.batch_rows):
                mapped = map_batch(batch, source.crs, spec, place, first_rows)
                if how.incremental:
                    mapped, gone = without_tombstones(batch, mapped)
                    account.gone.update(gone)
                check(mapped, city)
                account.add(mapped)
                whole.add(mapped)
                yield stage.pack(mapped)

        # While the database takes in one batch, the next one is read and checked.
        with ahead(packed(), depth=1) as batches:
            for batch in batches:
                stage.send(batch)
    give_back()
    taken = tuple(sorted(account.gone)) if how.incremental else None
    stage.analyse()
    account.repaired, refusal, agreement = _asked(stage, account, whole, spec, taken)
    said = () if taken is None else ("incremental", *taken)
    content = digest_of(stage.digest(), day.isoformat(), *said)
    return Prepared(
        spec, stage, account, source, place.operation, day, read_as, content, refusal, taken, agreement
    )


@dataclass(frozen=True, slots=True)
class Looked:
    """What a delivery of some rows would find besides what was found in each of them."""

    findings: Findings
    repaired: int
    refusal: Issue | None
    agreement: Agreeing | None


def look(connection: Connection, city: City, mapped: Mapped) -> Looked:
    """Ask rows that are mapped and checked what a whole delivery is asked; the stage ends with the transaction."""
    stage, account, whole = (
        Stage(connection, city, mapped.spec.target),
        Account(),
        WholeDelivery(city, mapped.spec),
    )
    for each in (account, stage, whole):
        each.add(mapped)
    stage.analyse()
    repaired, refusal, agreement = _asked(stage, account, whole, mapped.spec, None)
    return Looked(account.findings, repaired, refusal, agreement)


def _asked(
    stage: Stage, account: Account, whole: WholeDelivery, spec: LayerSpec, gone: tuple[str, ...] | None
) -> tuple[int, Issue | None, Agreeing | None]:
    """What is staged, asked as a whole: the rows repaired in all, why it is refused, whether it agrees."""
    repaired = account.repaired + whole.settle(stage, account.findings, is_whole=gone is None)
    refusal = None if gone else _refusal(account)
    if refusal is not None:
        account.findings.add([refusal])
        return repaired, refusal, None
    return repaired, None, agreeing(Delivered(stage, spec, whole.lines))


def _placed(
    source: Source, city: City, spec: LayerSpec, path: Path, how: Handling
) -> tuple[Placing, FirstRows]:
    """Look the source over; return how it comes into the city's CRS, and which ids may come twice."""
    found = survey(source, spec, how.batch_rows)
    check_units(source, path.name)
    check_place(source, city)
    check_columns(source, spec)
    return placing(source, found.bounds, city, spec), FirstRows(found.repeated_ids)


def _refusal(account: Account) -> Issue | None:
    """Return why the delivery as a whole must not replace the layer, or None."""
    if not account.read:
        return Issue(Severity.ERROR, "empty-delivery")
    # A row that only repeats another takes nothing away with it.
    share = (account.refused - account.repeated) / account.read
    if share <= MAX_REFUSED_SHARE:
        return None
    return Issue(
        Severity.ERROR, "too-many-refused", params={"share": round(share, 3), "limit": MAX_REFUSED_SHARE}
    )
