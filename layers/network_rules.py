"""How a city's networks are traced, who is looked after first, and how far a failure reaches: data, with its source.

`cities/networks.toml` and `cities/hazards.csv` hold what is common; a city's own `networks.toml` and
`hazards.csv` beside its layers replace it, key by key and row by row.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from geo.vocabulary import Utility
from layers.city import City
from layers.config import CityConfigError, Section, Words

_FILE: Final = "networks.toml"
_HAZARDS: Final = "hazards.csv"
_BAR_IN_PSI: Final = 14.5038
_INCH_MM: Final = 25.4
_FOOT_M: Final = 0.3048


_UNSAID: Final = Words("", "")


@dataclass(frozen=True, slots=True)
class Squeeze:
    """What can be squeezed off: by the first letters of the material, up to a diameter (mm), room from joints (m)."""

    materials: tuple[str, ...] = ()
    largest_diameter_mm: float = 0.0
    room_m: float = 1.0
    source: Words = _UNSAID

    def allows(self, material: str | None, diameter_mm: float | None) -> bool:
        """Whether a pipe can be squeezed; one of unknown material or size cannot."""
        if material is None or diameter_mm is None:
            return False
        return material.upper().startswith(self.materials) and diameter_mm <= self.largest_diameter_mm


@dataclass(frozen=True)
class NetworkRules:
    """How one utility's network is traced."""

    utility: Utility
    tolerance_m: float = 0.2
    drains: bool = False
    sources: frozenset[str] = frozenset()
    barriers: Mapping[str, str] = field(default_factory=dict)
    transformers: frozenset[str] = frozenset()
    infeeds: frozenset[str] = frozenset()
    transformer_reach_m: float = 2.0
    transformer_node: Mapping[str, str] = field(default_factory=dict)
    device_link: Mapping[str, str] = field(default_factory=dict)
    sparse_m: float = math.inf
    squeeze: Squeeze = field(default_factory=Squeeze)

    @cached_property
    def digest(self) -> str:
        """What the built network depends on besides the layers."""
        said = [
            self.utility, self.tolerance_m, self.drains, sorted(self.sources), sorted(self.barriers.items()),
            sorted(self.transformers), sorted(self.infeeds), self.transformer_reach_m,
            sorted(self.transformer_node.items()), sorted(self.device_link.items()),
            self.squeeze.materials, self.squeeze.largest_diameter_mm,
        ]  # fmt: skip
        return hashlib.blake2b(json.dumps(said).encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Priority:
    """Whom to look after first: buildings of these uses, or with one of these words in their name."""

    kind: str
    uses: frozenset[str]
    names: tuple[str, ...] = ()

    def fits(self, use: str | None, name: str | None) -> bool:
        """Whether a building is one of these."""
        return use in self.uses or (bool(name) and any(word in str(name).casefold() for word in self.names))


@dataclass(frozen=True, slots=True)
class Dependence:
    """Which devices of other utilities stop without this one, and how far away (m) their supply may enter."""

    utility: Utility
    kinds: frozenset[str]
    reach_m: float


@dataclass(frozen=True, slots=True)
class Hazard:
    """How far a failure endangers others, and who says so."""

    utility: str
    measure: str
    from_value: float
    hazard_m: float
    formula: str
    source: str
    clause: str
    status: str
    note: str
    fa: Mapping[str, str]
    """`source`, `clause` and `note` in Persian, where the table says them."""

    def reach_m(self, pressure_bar: float | None, diameter_mm: float | None) -> float:
        """The distance in metres; a formula's never falls below the plain figure."""
        if self.formula != "rupture" or pressure_bar is None or diameter_mm is None:
            return self.hazard_m
        # PAPA guidelines, appendix C: feet = 2.28 x sqrt(psig) x inches
        rupture_m = 2.28 * math.sqrt(pressure_bar * _BAR_IN_PSI) * diameter_mm / _INCH_MM * _FOOT_M
        return max(self.hazard_m, round(rupture_m))


@dataclass(frozen=True, slots=True)
class CrisisRules:
    """All of it for one city."""

    networks: Mapping[Utility, NetworkRules]
    priorities: tuple[Priority, ...]
    depends: tuple[Dependence, ...]
    hazards: tuple[Hazard, ...]

    def hazard(self, utility: str, pressure_bar: float | None, diameter_mm: float | None) -> Hazard | None:
        """The strictest row that applies to a line of this pressure (bar) and diameter (mm)."""
        known = {"": 0.0, "pressure_bar": pressure_bar, "diameter_mm": diameter_mm}
        fitting = [
            row
            for row in self.hazards
            if row.utility == utility
            and (value := known.get(row.measure)) is not None
            and value >= row.from_value
        ]
        return max(fitting, key=lambda row: row.reach_m(pressure_bar, diameter_mm), default=None)

    def priority_of(self, use: str | None, name: str | None = None) -> tuple[int, str] | None:
        """The rank (0: first) and kind of a building; None where it comes with all the others."""
        for rank, each in enumerate(self.priorities):
            if each.fits(use, name):
                return rank, each.kind
        return None


def crisis_rules(city: City) -> CrisisRules:
    """The rules of a city; raises CityConfigError naming the file and key."""
    common, own = city.folder.parent / _FILE, city.folder / _FILE
    said: dict[str, dict[str, Any]] = {}
    sections: list[Section] = [Section.read(path) for path in (common, own) if path.is_file()]
    for section in sections:
        for each in section.sections("network"):
            utility = str(each.choice("utility", Utility))
            names = tuple(each.keys())
            known = {key: each.mapping(key) if _is_table(key) else None for key in names}
            said.setdefault(utility, {}).update(
                {key: table if table is not None else _plain(each, key) for key, table in known.items()}
            )
    networks = {Utility(name): _network(section.file, values) for name, values in said.items()}
    priorities = [
        Priority(
            each.text("kind"),
            frozenset(each.texts("uses")),
            tuple(word.casefold() for word in each.texts("names")),
        )
        for section in sections
        for each in section.sections("priority")
    ]
    depends = [
        Dependence(each.choice("utility", Utility), frozenset(each.texts("kinds")), each.number("reach_m"))
        for section in sections
        for each in section.sections("depends")
    ]
    return CrisisRules(networks, tuple(priorities), tuple(depends), _hazards(city))


_TABLES: Final = frozenset({"barriers", "squeeze", "transformer_node", "device_link"})
_LISTS: Final = frozenset({"sources", "transformers", "infeeds"})
_NUMBERS: Final = frozenset({"tolerance_m", "transformer_reach_m", "sparse_m"})


def _is_table(key: str) -> bool:
    return key in _TABLES


def _plain(section: Section, key: str) -> Any:
    if key in _LISTS:
        return section.texts(key)
    if key in _NUMBERS:
        return section.number(key)
    if key == "drains":
        return section.boolean(key)
    if key == "utility":
        return section.text(key)
    return section.refuse(key, f"unknown key; known: {', '.join(sorted(_TABLES | _LISTS | _NUMBERS))}")


def _network(file: Path, said: Mapping[str, Any]) -> NetworkRules:
    values = dict(said)
    for key in _LISTS & values.keys():
        values[key] = frozenset(values[key])
    table = values.pop("squeeze", {})
    inner = Section(file, "squeeze", table)
    squeeze = Squeeze(
        inner.texts("materials"),
        inner.number("largest_diameter_mm", 0.0),
        inner.number("room_m", 1.0),
        inner.words("source") if "source" in table else _UNSAID,
    )
    inner.done()
    return NetworkRules(**values | {"utility": Utility(values["utility"]), "squeeze": squeeze})


def _hazards(city: City) -> tuple[Hazard, ...]:
    rows: dict[tuple[str, str, str], Hazard] = {}
    for path in (city.folder.parent / _HAZARDS, city.folder / _HAZARDS):
        if path.is_file():
            rows.update(_hazard_rows(path))
    return tuple(rows.values())


def _hazard_rows(path: Path) -> dict[tuple[str, str, str], Hazard]:
    made = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=2):
            try:
                made[row["utility"], row["measure"], row["from_value"]] = Hazard(
                    utility=str(Utility(row["utility"])),
                    measure=row["measure"],
                    from_value=float(row["from_value"] or 0),
                    hazard_m=float(row["hazard_m"]),
                    formula=row["formula"],
                    source=row["source"],
                    clause=row["clause"],
                    status=row["status"],
                    note=row["note"],
                    fa={name: row.get(f"{name}_fa") or row[name] for name in ("source", "clause", "note")},
                )
            except (KeyError, ValueError) as error:
                raise CityConfigError(file=str(path), key=f"line {number}", problem=str(error)) from error
    return made
