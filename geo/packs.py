"""Reading a clearance pack: one CSV per place, every number with its unit, source, day and standing.

The first lines may be comments: `# title: …` and `# include: other, another` (files beside this one, asked
in that order for what the pack does not mention). A pack is refused as a whole when one row cannot be read,
or when a network could meet an excavation or a foundation without a rule.

A city may lay rules of its own over its country's pack: a file of the same form, each row with its source and
date, which takes the place of the pack's rules for the same pair and condition.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from geo.errors import PackError, PackIncludeLoop, PackIncomplete, PackRowInvalid
from geo.rules import ClearanceRule, Party, RulePack, RuleStatus, missing_pairs
from geo.vocabulary import ANY_CLASS, DIMENSION, DIMENSIONS_OF, Kind, Relation

COLUMNS: Final = (
    "rule_id", "a", "b", "horizontal_m", "vertical_m", "source", "clause", "date", "status", "evidence",
    "note", "original",
)  # fmt: skip
# A last column that most packs do without: `parallel` or `crossing` where a rule speaks of one of them only.
RELATION: Final = "relation"
# After it, in packs with trees: `axis` where a distance is from the axis of the trunk, not from its bark.
MEASURED_FROM: Final = "from"
_HEADERS: Final = (COLUMNS, (*COLUMNS, RELATION), (*COLUMNS, RELATION, MEASURED_FROM))


def load_pack(path: Path, *, override: Path | None = None, complete: bool = True) -> RulePack:
    """The pack in `path` with all it includes, and the city's own rules in `override` over it, checked.

    Raises `PackRowInvalid` (row and column named), `PackIncludeLoop`, or, unless `complete` is False,
    `PackIncomplete` listing the pairs without a rule.
    """
    pack = _with_includes(path, ())
    if override is not None:
        pack = pack.overridden(_own_rules(override))
    missing = missing_pairs(pack)
    if complete and missing:
        raise PackIncomplete(pack=pack.pack_id, missing=missing, hint="add-the-rules")
    return pack


def parse_party(text: str) -> Party:
    """`kind` or `kind:CLASS`. Raises ValueError for words outside the vocabulary.

    >>> str(parse_party("gas:LP")), str(parse_party("water"))
    ('gas:LP', 'water')
    """
    kind_text, _, class_code = text.strip().partition(":")
    kind = Kind(kind_text)
    code = class_code or ANY_CLASS
    if code != ANY_CLASS and DIMENSION.get(code) not in DIMENSIONS_OF.get(kind, frozenset()):
        raise ValueError(text)
    return Party(kind, code)


def _with_includes(path: Path, above: tuple[str, ...]) -> RulePack:
    pack_id = path.stem
    if pack_id in above:
        raise PackIncludeLoop(pack=pack_id, chain=[*above, pack_id])
    header, body = _split(path)
    own = tuple(_rules(pack_id, body))
    chain: list[RulePack] = []
    for name in filter(None, (part.strip() for part in header.get("include", "").split(","))):
        included = _with_includes(path.with_name(f"{name}.csv"), (*above, pack_id))
        chain += [RulePack(included.pack_id, included.title, included.own), *included.fallbacks]
    return RulePack(pack_id, header.get("title", pack_id), own, _last_of_each(chain))


def _own_rules(path: Path) -> list[ClearanceRule]:
    """A city's own rules, named after its folder; one decision for each pair and condition."""
    name = path.parent.name
    header, body = _split(path)
    if "include" in header:
        raise PackRowInvalid(pack=name, row=0, column="include", value=header["include"])
    rules = _rules(name, body)
    decided: set[object] = set()
    for number, rule in enumerate(rules, start=1):
        if rule.about in decided:
            raise PackRowInvalid(pack=name, row=number, column="a", value=f"{rule.a}|{rule.b}")
        decided.add(rule.about)
    return rules


def _last_of_each(chain: list[RulePack]) -> tuple[RulePack, ...]:
    """The general fallback, reached along several includes, must come after all of them."""
    kept: dict[str, RulePack] = {}
    for pack in reversed(chain):
        kept.setdefault(pack.pack_id, pack)
    return tuple(reversed(kept.values()))


def _split(path: Path) -> tuple[dict[str, str], list[str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise PackError(pack=path.stem, hint="pack-file-missing") from None
    header: dict[str, str] = {}
    start = 0
    for start, line in enumerate(lines):  # noqa: B007 - the row where the table begins
        if not line.startswith("#"):
            break
        key, _, value = line.lstrip("# ").partition(":")
        header[key.strip()] = value.strip()
    return header, lines[start:]


def _rules(pack_id: str, lines: list[str]) -> list[ClearanceRule]:
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) not in _HEADERS:
        raise PackRowInvalid(pack=pack_id, row=0, column="header", value=",".join(reader.fieldnames or ()))
    rules = [_rule(pack_id, number, row) for number, row in enumerate(reader, start=1)]
    seen: set[str] = set()
    for number, rule in enumerate(rules, start=1):
        if rule.rule_id in seen:
            raise PackRowInvalid(pack=pack_id, row=number, column="rule_id", value=rule.rule_id)
        seen.add(rule.rule_id)
    return rules


def _rule(pack_id: str, number: int, row: Mapping[str, str | None]) -> ClearanceRule:
    column = "rule_id"
    try:
        rule_id = _text(row[column])
        column = "a"
        a = parse_party(row[column] or "")
        column = "b"
        b = parse_party(row[column] or "")
        column = "horizontal_m"
        horizontal_m = _metres(row[column])
        column = "vertical_m"
        vertical_m = _metres(row[column])
        if horizontal_m is None and vertical_m is None:
            raise ValueError(column)
        column = "source"
        source = _text(row[column])
        column = "date"
        taken_on = date.fromisoformat(row[column] or "")
        column = "status"
        status = RuleStatus(row[column] or "")
        column = RELATION
        relation = _relation(row.get(column))
        column = MEASURED_FROM
        is_from_axis = _is_from_axis(row.get(column), (a, b))
    except (ValueError, KeyError):
        raise PackRowInvalid(pack=pack_id, row=number, column=column, value=str(row.get(column))) from None
    return ClearanceRule(
        rule_id, a, b, horizontal_m, vertical_m, source, row["clause"] or "", taken_on, status,
        row["note"] or "", pack_id, row["evidence"] or "", row["original"] or "", relation,
        is_from_axis=is_from_axis,
    )  # fmt: skip


def _text(value: str | None) -> str:
    if not value or not value.strip():
        raise ValueError(value)
    return value.strip()


def _relation(value: str | None) -> Relation | None:
    """`oblique` is what a line may be, not what a rule may ask for."""
    if not value:
        return None
    relation = Relation(value)
    if relation is Relation.OBLIQUE:
        raise ValueError(value)
    return relation


def _is_from_axis(value: str | None, parties: tuple[Party, Party]) -> bool:
    """Only a tree has an axis that a rule may be measured from: pipes are measured from their outside."""
    if not value:
        return False
    if value != "axis" or Kind.TREE not in {party.kind for party in parties}:
        raise ValueError(value)
    return True


def _metres(value: str | None) -> float | None:
    if not value:
        return None
    number = float(value)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(value)
    return number
