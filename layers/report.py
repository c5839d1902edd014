"""What an import says about a delivery: counts that add up, and located issues that an agency can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shapely.geometry.base import BaseGeometry

# So many issues are kept with their place; beyond it only the count by code grows.
KEPT_ISSUES = 1000

Value = str | int | float | bool | None


class Severity(StrEnum):
    """An error refuses the feature; a warning drops a value; a notice tells of a repair; a fact counts."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"
    FACT = "fact"


class Outcome(StrEnum):
    """What became of a delivery."""

    PUBLISHED = "published"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    HELD = "held"
    PREVIEWED = "previewed"
    ROLLED_BACK = "rolled_back"


_ORDER = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing found; `row` counts from 0 in the source, x and y are in the city's CRS (m)."""

    severity: Severity
    code: str
    row: int | None = None
    feature_id: str | None = None
    x: float | None = None
    y: float | None = None
    params: dict[str, Value] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The issue as JSON, without what is unknown."""
        said = {
            "severity": str(self.severity),
            "code": self.code,
            "row": self.row,
            "feature_id": self.feature_id,
        }
        place = {"x": self.x, "y": self.y}
        return {key: value for key, value in {**said, **place, **self.params}.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Repair:
    """What a check changed in one feature; `before` is its shape as delivered, in the city's CRS."""

    feature_id: str
    code: str
    before: BaseGeometry
    params: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Diff:
    """How a delivery differs from the layer it replaces, in features."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    same: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The account of one delivery of one layer; `good + repaired + refused == read`, always."""

    city_id: str
    layer_id: str
    outcome: Outcome
    delivery_id: int | None
    content_hash: str | None
    source_name: str
    source_crs: str
    source_operation: str
    read: int
    good: int
    repaired: int
    refused: int
    diff: Diff
    counts: dict[str, int]
    issues: tuple[Issue, ...]
    facts: dict[str, Value]
    agreement: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.good + self.repaired + self.refused != self.read:
            raise AssertionError(f"{self.layer_id}: counts do not add up: {self}")

    def line(self) -> str:
        """The report in one line of English, for logs and terminals."""
        if self.outcome is Outcome.UNCHANGED:
            return f"{self.city_id}/{self.layer_id}: unchanged, {self.diff.same} features"
        account = f"read {self.read} = good {self.good} + repaired {self.repaired} + refused {self.refused}"
        change = f"+{self.diff.added} ~{self.diff.changed} -{self.diff.removed} ={self.diff.same}"
        found = "".join(f"; {code} x{count}" for code, count in self.counts.items())
        return f"{self.city_id}/{self.layer_id}: {self.outcome}, {account}, {change}{found}"

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON: the counts, the facts, and the first located issues."""
        return {
            "city_id": self.city_id,
            "layer_id": self.layer_id,
            "outcome": str(self.outcome),
            "delivery_id": self.delivery_id,
            "content_hash": self.content_hash,
            "source": {"name": self.source_name, "crs": self.source_crs, "operation": self.source_operation},
            "read": self.read,
            "good": self.good,
            "repaired": self.repaired,
            "refused": self.refused,
            "added": self.diff.added,
            "changed": self.diff.changed,
            "removed": self.diff.removed,
            "same": self.diff.same,
            "counts": self.counts,
            "facts": self.facts,
            "agreement": self.agreement,
            "issues": [issue.as_dict() for issue in self.issues],
            "issues_not_listed": sum(self.counts.values()) - len(self.issues),
        }


def counted(issues: Iterable[Issue]) -> dict[str, int]:
    """Return how often each code was found, as `severity:code`, most frequent first."""
    return _ranked(Counter(f"{issue.severity}:{issue.code}" for issue in issues))


def _ranked(tally: Counter[str]) -> dict[str, int]:
    return dict(sorted(tally.items(), key=lambda each: (-each[1], each[0])))


def kept(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Return the issues worth listing: errors first, in file order, at most KEPT_ISSUES."""
    return tuple(sorted(issues, key=_rank)[:KEPT_ISSUES])


def _rank(issue: Issue) -> tuple[int, int]:
    return _ORDER[issue.severity], -1 if issue.row is None else issue.row


class Findings:
    """Everything found in a delivery, however much it is: all of it counted, the first of it kept."""

    def __init__(self) -> None:
        self._tally: Counter[str] = Counter()
        self._kept: list[Issue] = []

    def add(self, issues: Iterable[Issue], uncounted: int = 0) -> None:
        """Add issues; `uncounted` more like the first of them were not even made."""
        said = list(issues)
        self._tally.update(f"{issue.severity}:{issue.code}" for issue in said)
        if uncounted and said:
            self._tally[f"{said[0].severity}:{said[0].code}"] += uncounted
        self._kept += said
        if len(self._kept) > 4 * KEPT_ISSUES:
            self._kept = list(kept(self._kept))

    def counts(self) -> dict[str, int]:
        """How often each code was found, as `severity:code`, most frequent first."""
        return _ranked(self._tally)

    def kept(self) -> tuple[Issue, ...]:
        """The issues worth listing: errors first, in file order."""
        return kept(self._kept)
