"""What holds of an excavation now: the facts that the rows of the process ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from permits.dig_clocks import local_day
from permits.dig_store import DigRow
from permits.dig_terms import DigTerms
from permits.dig_vocabulary import (
    DigAnswer,
    DigGuard,
    DigInquiryStatus,
    DigKind,
    DigRecordKind,
    Pavement,
)
from permits.ports import Json

Asked = Mapping[str, Any]
"""By agency, the newest round of its question."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored about an excavation beside its own row: questions, records, entries of the control list."""

    asked: Asked
    kept: Sequence[Any]
    listed: Sequence[Json] = ()


def facts_of(dig: DigRow, known: Known, terms: DigTerms, now: datetime, timezone: str) -> set[DigGuard]:
    """Every fact that holds."""
    today = local_day(now, timezone)
    asked, kept, listed = known.asked, known.kept, known.listed
    holds = {
        DigGuard.COMPLETE: is_complete(dig),
        DigGuard.INQUIRIES_CLOSED: _is_closed(dig, asked),
        DigGuard.CONSENT: _is_closed(dig, asked) and all(map(consents, asked.values())),
        DigGuard.NOT_BARRED: is_not_barred(dig),
        DigGuard.NOT_LISTED: dig.kind is DigKind.INCIDENT or not listed,
        DigGuard.INQUIRIES_VALID: all(is_valid(each, now) for each in asked.values()),
        DigGuard.SETTLED: is_settled(dig),
        DigGuard.WORKS_BEGUN: dig.started_on is not None,
        DigGuard.RENEWALS_LEFT: dig.renewals < terms.whole("renewals"),
        DigGuard.TIME_OVER: dig.valid_until is not None and dig.valid_until < now,
        DigGuard.TESTS_PASSED: has_passed_tests(dig, kept, terms),
        DigGuard.NO_OPEN_DEFECTS: not open_defects(kept),
        DigGuard.GUARANTEE_OVER: dig.guarantee_until is not None and dig.guarantee_until < today,
    }
    return {fact for fact, is_so in holds.items() if is_so}


def is_complete(dig: DigRow) -> bool:
    """Place, dates and pavement are stated."""
    stated = (dig.shape_m, dig.starts_on, dig.ends_on, dig.works.get("pavement"))
    return all(each is not None for each in stated)


def _is_closed(dig: DigRow, asked: Asked) -> bool:
    """Companies were evaluated (T4) and nobody is waited for."""
    return dig.asked_at is not None and all(
        row.status != DigInquiryStatus.PENDING.value for row in asked.values()
    )


def consents(row: Any) -> bool:
    """No objection, or established silence."""
    return bool(
        row.status == DigInquiryStatus.SILENT.value
        or (row.status == DigInquiryStatus.ANSWERED.value and row.answer == DigAnswer.NO_OBJECTION.value)
    )


def is_valid(row: Any, now: datetime) -> bool:
    """Whether an answer, or a silence, still holds."""
    return row.valid_until is None or row.valid_until >= now


def is_not_barred(dig: DigRow) -> bool:
    """No young pavement in the way; an incident cannot wait for it."""
    said = dig.moratorium
    return said is None or said.get("lifted_by") is not None or dig.kind is DigKind.INCIDENT


def is_settled(dig: DigRow) -> bool:
    """Paid in full."""
    if dig.costs is None:
        return False
    paid = float((dig.payment or {}).get("amount", 0.0))
    return paid + 1e-9 >= float(dig.costs["total"])


def open_defects(kept: Sequence[Any]) -> list[Any]:
    """The defects nobody has mended."""
    return [
        row
        for row in kept
        if row.kind == DigRecordKind.DEFECT.value and getattr(row, "closed_at", None) is None
    ]


def has_passed_tests(dig: DigRow, kept: Sequence[Any], terms: DigTerms) -> bool:
    """Both stages passed, each by its newest test; pavements without laboratory tests have nothing to pass."""
    stated = dig.works.get("pavement")
    if not terms.needs_tests(Pavement(stated) if stated else None):
        return True
    newest: dict[int, bool] = {}
    for row in kept:
        if row.kind == DigRecordKind.TEST.value:
            newest[int(row.body["stage"])] = bool(row.body["passed"])
    return newest.get(1, False) and newest.get(2, False)
