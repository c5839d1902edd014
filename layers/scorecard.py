"""How good is each owner's data? Levels 1 to 5 by measure.

Measures and thresholds follow the maturity toolkit of the UK's National Underground Asset Register (Open
Government Licence): depth and quality attributes from 5, 25, 50 and 75 % of the features on, valid geometry from
75 to 99 %, conformance to code lists from 25 to 90 %; the two inner thresholds of the last two are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import text

from layers.catalog import LayerSpec, Target
from layers.city import City
from layers.reads import Reader


class Measure(StrEnum):
    """What is measured."""

    DEPTH = "depth"
    ACCURACY = "accuracy"
    DATES = "dates"
    VALID_GEOMETRY = "valid-geometry"
    CONFORMANCE = "conformance"


_COMPLETE: Final = (0.05, 0.25, 0.50, 0.75)
THRESHOLDS: Final[Mapping[Measure, tuple[float, ...]]] = {
    Measure.DEPTH: _COMPLETE,
    Measure.ACCURACY: _COMPLETE,
    Measure.DATES: _COMPLETE,
    Measure.VALID_GEOMETRY: (0.75, 0.85, 0.95, 0.99),
    Measure.CONFORMANCE: (0.25, 0.50, 0.75, 0.90),
}
# What a report says of a feature whose shape had to be refused or repaired, and of a value that was not understood.
_BAD_SHAPE: Final = frozenset(
    {"missing-geometry", "bad-coordinates", "wrong-geometry-type", "invalid-polygon", "zero-length"}
    | {"repaired-polygon"}
)
_NOT_CONFORM: Final = frozenset({"unknown-code", "out-of-range", "unreadable-value"})


@dataclass(frozen=True, slots=True)
class Score:
    """One measure over `features` features, of which `share` meet it."""

    measure: Measure
    share: float
    features: int

    @property
    def level(self) -> int:
        """1 (nearly none) to 5 (nearly all)."""
        return level(self.measure, self.share)

    def as_dict(self) -> dict[str, Any]:
        """The score as JSON."""
        return {
            "measure": str(self.measure),
            "share": round(self.share, 4),
            "level": self.level,
            "features": self.features,
            "thresholds": list(THRESHOLDS[self.measure]),
        }


@dataclass(frozen=True, slots=True)
class OwnerCard:
    """What one owner's layers are worth; the level is the lowest of the measures."""

    agency: str
    layers: tuple[str, ...]
    features: int
    scores: tuple[Score, ...]

    @property
    def level(self) -> int | None:
        """The owner's level; None without features."""
        return min((score.level for score in self.scores), default=None)

    def as_dict(self) -> dict[str, Any]:
        """The card as JSON."""
        return {
            "agency": self.agency,
            "level": self.level,
            "features": self.features,
            "layers": list(self.layers),
            "measures": [score.as_dict() for score in self.scores],
        }


def level(measure: Measure, share: float) -> int:
    """The level of a share: one more than the number of thresholds that it reaches.

    >>> [level(Measure.DEPTH, share) for share in (0.0, 0.05, 0.49, 0.5, 1.0)]
    [1, 2, 3, 4, 5]
    """
    return 1 + sum(share >= threshold for threshold in THRESHOLDS[measure])


def scorecard(reader: Reader, city: City) -> list[OwnerCard]:
    """Return a card for each owner of live features, by agency id.

    Depth, accuracy and dates are asked of pipes and cables only (a sewer's manhole has the depth of its pipes).
    An accuracy counts where the feature states its own, that is, not the default of its layer.
    """
    owners: dict[str, list[LayerSpec]] = {}
    for spec in city.layers:
        owners.setdefault(spec.owner, []).append(spec)
    cards = (_card(reader, city, agency, specs) for agency, specs in sorted(owners.items()))
    return [card for card in cards if card.features]


def _card(reader: Reader, city: City, agency: str, specs: Iterable[LayerSpec]) -> OwnerCard:
    met: dict[Measure, tuple[float, int]] = {}
    layers, features = [], 0
    for spec in specs:
        found = {**_stated(reader, city, spec), **_reported(reader, city, spec)}
        count = _count(reader, city, spec)
        if not count:
            continue
        layers.append(spec.layer_id)
        features += count
        for measure, (good, of) in found.items():
            before = met.get(measure, (0.0, 0))
            met[measure] = (before[0] + good, before[1] + of)
    scores = tuple(
        Score(measure, good / of, of)
        for measure in Measure
        if (pair := met.get(measure))
        for good, of in [pair]
        if of
    )
    return OwnerCard(agency, tuple(layers), features, scores)


_SCOPE = (
    "FROM layers.{target} t WHERE t.city_id = :city_id AND t.layer_id = :layer_id AND t.retired_by IS NULL"
)


def _values(city: City, spec: LayerSpec) -> dict[str, Any]:
    return {"city_id": city.city_id, "layer_id": spec.layer_id}


def _count(reader: Reader, city: City, spec: LayerSpec) -> int:
    statement = text(f"SELECT count(*) {_SCOPE.format(target=spec.target)}")
    return int(reader.execute(statement, _values(city, spec)).scalar_one())


def _stated(reader: Reader, city: City, spec: LayerSpec) -> dict[Measure, tuple[float, int]]:
    """What the live pipes and cables of a layer say of themselves."""
    if spec.target is not Target.NETWORK_LINE or spec.quality is None:
        return {}
    own = "t.horizontal_uncertainty_m IS DISTINCT FROM :default" if _has_accuracy(spec) else "FALSE"
    statement = text(
        "SELECT count(*), count(*) FILTER (WHERE t.cover_m IS NOT NULL), "
        f"count(*) FILTER (WHERE {own}), "
        "count(*) FILTER (WHERE t.surveyed_on IS NOT NULL OR t.installed_year IS NOT NULL) "
        f"{_SCOPE.format(target=spec.target)}"
    )
    values = _values(city, spec) | {"default": spec.quality.horizontal_uncertainty_m}
    count, depth, accuracy, dates = reader.execute(statement, values).one()
    return {
        Measure.DEPTH: (depth, count),
        Measure.ACCURACY: (accuracy, count),
        Measure.DATES: (dates, count),
    }


def _has_accuracy(spec: LayerSpec) -> bool:
    return "horizontal_uncertainty_m" in spec.fields


_REPORT = text(
    "SELECT d.report FROM layers.layer l JOIN layers.delivery s ON s.delivery_id = l.delivery_id "
    "JOIN layers.delivery d ON d.city_id = s.city_id AND d.layer_id = s.layer_id "
    "AND (d.delivery_id = s.delivery_id OR (s.reverts_id IS NOT NULL AND d.content_hash = s.content_hash)) "
    "WHERE l.city_id = :city_id AND l.layer_id = :layer_id AND CAST(d.report->>'read' AS int) > 0 "
    "ORDER BY d.delivery_id DESC LIMIT 1"
)


def _reported(reader: Reader, city: City, spec: LayerSpec) -> dict[Measure, tuple[float, int]]:
    """What the checks found in the delivery that is shown; what is stored is valid, what was sent may not be."""
    report = reader.execute(_REPORT, _values(city, spec)).scalar_one_or_none()
    if report is None:
        return {}
    found = {key.partition(":")[2]: count for key, count in report["counts"].items()}
    read = int(report["read"])

    def good(codes: Iterable[str]) -> float:
        return float(max(0, read - sum(found.get(code, 0) for code in codes)))

    return {Measure.VALID_GEOMETRY: (good(_BAD_SHAPE), read), Measure.CONFORMANCE: (good(_NOT_CONFORM), read)}
