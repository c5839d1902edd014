"""A first sight of an agency's file becomes a proposal of its mapping: names and values, each with its reason.

A proposal maps nothing. It is previewed (the first rows as they would be stored, every conversion, every open
question) and written as TOML in the shape of `layers.toml`, which a clerk corrects and accepts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from geo.vocabulary import Utility
from layers import units
from layers.catalog import FIELDS, VOCABULARIES, LayerSpec, Target, geometry_types
from layers.city import City
from layers.field_words import CODE_WORDS, GIRTH_WORDS, TREE_WORDS, UTILITY_WORDS
from layers.proposal_names import score_of, unit_in, words_of
from layers.proposal_units import BY_VALUES
from layers.proposal_why import Confidence, Why, confidence
from layers.readers.records import HEIGHT_COLUMN
from layers.readers.source import Table
from layers.readers.text import normal_letters

_SAMPLE = 2_000
# So many of a column's values must be readable as what its name promises.
_READABLE = 0.8
_MOSTLY_UNIQUE = 0.95
# More different words than that are no code list but names.
_MOST_CODES = 60


@dataclass(frozen=True, slots=True)
class Question:
    """What nobody but a person can say; `candidates` are the answers that would fit."""

    code: str
    field: str | None = None
    column: str | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposed:
    """One canonical field, the column that it comes from and why; `unit` None: the value is taken as it is."""

    field: str
    column: str
    unit: str | None
    language: str
    why: Why
    is_exact: bool = True

    @property
    def confidence(self) -> Confidence:
        """How sure it is."""
        return confidence(self.why, is_exact=self.is_exact)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for one layer, and what is asked."""

    layer_id: str
    target: Target
    utility: Utility | None
    owner: str
    table: str | None
    crs: str | None
    encoding: str | None
    language: str
    fields: tuple[Proposed, ...]
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    base: LayerSpec | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person at the desk says beforehand; None: it is looked for."""

    table: str | None = None
    crs: str | None = None
    encoding: str | None = None
    target: Target | None = None
    utility: Utility | None = None


NO_WISHES = Wishes()


def propose(table: Table, city: City, layer_id: str, wishes: Wishes = NO_WISHES) -> Proposal:
    """Return the proposal for a file's table as layer `layer_id` of the city (which it may have, or not yet)."""
    base = next((spec for spec in city.layers if spec.layer_id == layer_id), None)
    target = wishes.target or (base.target if base else _target(table, layer_id))
    columns = first_values(table)
    utility = wishes.utility or (base.utility if base else _utility(table, layer_id, columns))
    fields, questions = _fields(columns, target)
    codes, open_codes = code_lists(columns, fields)
    network = target in (Target.NETWORK_LINE, Target.NETWORK_NODE, Target.NETWORK_DEVICE)
    if network and utility is None:
        questions.append(Question("utility-unclear", candidates=tuple(Utility)))
    is_stated = _states_crs(table)
    if not is_stated and wishes.crs is None:
        questions.append(Question("crs-unstated", candidates=tuple(_fitting(table, city))))
    return Proposal(
        layer_id=layer_id,
        target=target,
        utility=utility if network else None,
        owner=base.owner if base else _owner(city, utility if network else None),
        table=wishes.table,
        crs=None if is_stated and table.crs is not None else wishes.crs,
        encoding=wishes.encoding,
        language=_language(fields),
        fields=tuple(fields),
        codes=codes,
        questions=tuple(questions + open_codes),
        base=base,
    )


def _states_crs(table: Table) -> bool:
    from layers.readers.reference import stated_code

    return stated_code(table) is not None


def _fitting(table: Table, city: City) -> list[str]:
    from layers.readers.reference import fitting

    return fitting(table, city)


# --- what the layer is ------------------------------------------------------------------------------------


def _target(table: Table, layer_id: str) -> Target:
    """Return the table that suits the geometry; areas are parcels unless a name says buildings or land use."""
    kinds = Counter(shape.geom_type for shape in table.frame.geometry.array if shape is not None)
    kind = kinds.most_common(1)[0][0] if kinds else "LineString"
    words = set(words_of(f"{layer_id} {table.name or ''}"))
    if kind in geometry_types(Target.NETWORK_LINE):
        streets = {"street", "streets", "road", "roads", "معابر", "معبر", "straßen", "strassen"}
        return Target.STREET if words & streets else Target.NETWORK_LINE
    if kind == "Point":
        if words & TREE_WORDS:
            return Target.TREE
        nodes = {"node", "nodes", "junction", "گره", "knoten"}
        return Target.NETWORK_NODE if words & nodes else Target.NETWORK_DEVICE
    if words & {"building", "buildings", "ساختمان", "gebäude", "gebaeude"}:
        return Target.BUILDING
    return Target.LANDUSE if words & {"landuse", "کاربری", "nutzung"} else Target.PARCEL


def _utility(table: Table, layer_id: str, columns: Mapping[str, Sequence[Any]]) -> Utility | None:
    """Return the utility that the names of file, table and DXF layers speak of, when it is one."""
    layers = [str(value) for value in columns.get("layer", ())][:200]
    words = set(words_of(" ".join([layer_id, table.name or "", *layers])))
    found = [name for name, said in UTILITY_WORDS.items() if words & set(said)]
    return Utility(found[0]) if len(found) == 1 else None


def _owner(city: City, utility: Utility | None) -> str:
    owners = [
        agency.agency_id for agency in city.agencies if utility is not None and utility in agency.utilities
    ]
    return owners[0] if owners else city.agencies[0].agency_id


# --- columns -> fields ------------------------------------------------------------------------------------


def first_values(table: Table) -> dict[str, list[Any]]:
    """Return each column's first values, nothing left out."""
    frame = table.frame.iloc[:_SAMPLE]
    return {
        str(name): [
            None if nothing else value for value, nothing in zip(frame[name], frame[name].isna(), strict=True)
        ]
        for name in frame.columns
        if name != frame.geometry.name
    }


def _fields(columns: Mapping[str, Sequence[Any]], target: Target) -> tuple[list[Proposed], list[Question]]:
    """Give each field its best column, the best pairs first; a column is used once."""
    pairs = []
    for order, column in enumerate(columns):
        unit, name = unit_in(words_of(column))
        for field_name in FIELDS[target]:
            own = max(score_of(name, field_name), score_of(" ".join(words_of(column)), field_name))
            if own[0] > 0:
                pairs.append((own[0], -order, field_name, column, unit, own[1]))
    made: dict[str, Proposed] = {}
    questions: list[Question] = []
    for score, _, field_name, column, unit, language in sorted(
        pairs, key=lambda pair: (-pair[0], -pair[1], pair[2])
    ):
        if field_name in made or column in {proposed.column for proposed in made.values()}:
            continue
        proposed, asked = _proposed(field_name, column, unit, columns[column])
        questions.extend(asked)
        if proposed is not None:
            made[field_name] = replace(proposed, language=language, is_exact=score >= 1)
    _id_by_values(made, questions, columns)
    _depth_from_heights(made, questions, columns, target)
    return sorted(made.values(), key=lambda proposed: proposed.field), questions


def _proposed(
    field_name: str, column: str, said: str | None, values: Sequence[Any]
) -> tuple[Proposed | None, list[Question]]:
    """Return the field with its unit if the values bear the name out."""
    if field_name == "feature_id":
        filled = [str(value) for value in values if value is not None]
        if len(set(filled)) == len(values):
            return Proposed(field_name, column, None, "", Why.NAME_UNIQUE), []
        if len(set(filled)) < _MOSTLY_UNIQUE * len(values):
            return None, []
        asked = Question(
            "id-unclear", field_name, column, (column,)
        )  # some rows repeat another's, or have none
        return Proposed(field_name, column, None, "", Why.GUESS), [asked]
    if field_name in units.DAYS:
        return _day_field(field_name, column, values)
    if not units.is_number(field_name):
        return Proposed(field_name, column, None, "", Why.NAME), []
    numbers = _numbers(values)
    filled_count = sum(value is not None and str(value).strip() != "" for value in values)
    if not numbers or len(numbers) < _READABLE * filled_count:
        return None, [Question("values-unreadable", field_name, column)] if filled_count else []
    return _with_unit(field_name, column, said, numbers, values)


def _with_unit(
    field_name: str, column: str, said: str | None, numbers: list[float], values: Sequence[Any]
) -> tuple[Proposed, list[Question]]:
    possible = units.known_units(field_name)
    by_values = BY_VALUES[field_name](numbers) if field_name in BY_VALUES else []
    if field_name == "trunk_diameter_mm" and GIRTH_WORDS & set(words_of(column)):
        by_values = [f"girth-{unit}" for unit in by_values]
        said = said and f"girth-{said}"
    if field_name == "diameter_mm" and any('"' in str(value) or "″" in str(value) for value in values):
        return Proposed(field_name, column, "in", "", Why.INCH_MARKS), []
    if (
        said is not None
        and (downward := f"-{said}") in possible
        and by_values
        and by_values[0].startswith("-")
    ):
        return Proposed(field_name, column, downward, "", Why.UNIT_AND_SIGN), []
    if said in possible:
        return Proposed(field_name, column, said, "", Why.UNIT_IN_NAME), []
    if len(by_values) == 1:
        return Proposed(field_name, column, by_values[0], "", Why.USUAL_VALUES), []
    natural = _natural(field_name)
    if not possible or (field_name not in BY_VALUES):
        return Proposed(field_name, column, None, "", Why.AS_NAMED if natural else Why.NAME), []
    chosen = by_values[0] if by_values else natural
    asked = Question("unit-unclear", field_name, column, tuple(by_values) or tuple(sorted(possible)))
    return Proposed(field_name, column, chosen, "", Why.GUESS), [asked]


def _natural(field_name: str) -> str | None:
    suffix = field_name.rpartition("_")[2]
    return next((unit for unit in units.known_units(field_name) if unit.lower() == suffix), None)


def _day_field(field_name: str, column: str, values: Sequence[Any]) -> tuple[Proposed | None, list[Question]]:
    filled = [value for value in values if value is not None and str(value).strip()]
    for calendar, unit in (("jalali", "jalali"), ("gregorian", None)):
        read = [day for day in (_day(calendar, value) for value in filled) if day is not None]
        sensible = [day for day in read if 1850 <= day.year <= 2100]
        if filled and len(sensible) >= _READABLE * len(filled):
            return Proposed(field_name, column, unit, "", Why(f"{calendar}-days")), []
    return None, [Question("values-unreadable", field_name, column)] if filled else []


def _day(calendar: str, value: Any) -> Any:
    try:
        return units.day(calendar, value)
    except ValueError:
        return None


def _numbers(values: Iterable[Any]) -> list[float]:
    made = []
    for value in values:
        try:
            number = units.measure("diameter_mm", "in", value)
        except ValueError:
            continue
        if number is not None and np.isfinite(number):
            made.append(number / 25.4)
    return [round(number, 9) for number in made]


def _id_by_values(
    made: dict[str, Proposed], questions: list[Question], columns: Mapping[str, Sequence[Any]]
) -> None:
    """Without a known name, the first column of short unique values may be the id: proposed and asked."""
    if "feature_id" in made:
        return
    used = {proposed.column for proposed in made.values()}
    unique = [name for name, values in columns.items() if name not in used and values and _is_key(values)]
    questions.append(Question("id-unclear", "feature_id", unique[0] if unique else None, tuple(unique[:5])))
    if unique:
        made["feature_id"] = Proposed("feature_id", unique[0], None, "", Why.UNIQUE_VALUES)


def _is_key(values: Sequence[Any]) -> bool:
    """Whether values are short, all there, all different, and no measurements."""
    texts = [str(value) for value in values]
    if None in values or len(set(texts)) < len(texts) or any(len(text) > 40 for text in texts):
        return False
    return not all(isinstance(value, float) and not value.is_integer() for value in values)


def _depth_from_heights(
    made: dict[str, Proposed],
    questions: list[Question],
    columns: Mapping[str, Sequence[Any]],
    target: Target,
) -> None:
    """Heights of -0.3 to -30 m may be depths, or ground below the sea (the Caspian shore): asked, not proposed."""
    values = [value for value in columns.get(HEIGHT_COLUMN, ()) if isinstance(value, (int, float))]
    wanted = "cover_m" in FIELDS[target] and "cover_m" not in made
    if wanted and values and sum(-30 <= value < 0 for value in values) * 2 > len(values):
        questions.append(Question("heights-or-depths", "cover_m", HEIGHT_COLUMN, ("-m",)))


# --- values -> code lists ---------------------------------------------------------------------------------


def code_lists(
    columns: Mapping[str, Sequence[Any]], fields: Sequence[Proposed]
) -> tuple[dict[str, dict[str, str]], list[Question]]:
    """Return the code lists; words that nobody here knows are asked and stay out of the list."""
    made: dict[str, dict[str, str]] = {}
    questions: list[Question] = []
    for proposed in fields:
        if proposed.field not in CODE_WORDS:
            continue
        words = list(
            dict.fromkeys(
                str(v).strip() for v in columns[proposed.column] if v is not None and str(v).strip()
            )
        )
        known = {word: ours for word in words if (ours := _our_word(proposed.field, word))}
        unknown = tuple(word for word in words if word not in known)
        closed = proposed.field in VOCABULARIES
        if closed and len(words) <= _MOST_CODES:
            made[proposed.field] = known
            if unknown:
                questions.append(Question("words-unknown", proposed.field, proposed.column, unknown[:20]))
        elif closed:
            questions.append(Question("no-code-list", proposed.field, proposed.column, unknown[:5]))
        elif known and not unknown and any(word != ours for word, ours in known.items()):
            made[proposed.field] = known
    return made, questions


def _our_word(field_name: str, word: str) -> str | None:
    plain = normal_letters(word).strip().lower()
    spaced = " ".join(re.split(r"[\s_\-‌]+", plain))
    for ours, said in CODE_WORDS[field_name].items():
        if plain in said or spaced in said or plain == ours.lower():
            return ours
    return None


def _language(fields: Sequence[Proposed]) -> str:
    counted = Counter(proposed.language for proposed in fields if proposed.language)
    return counted.most_common(1)[0][0] if counted else "en"


def unused_columns(table: Table, proposal: Proposal) -> list[str]:
    """Return the columns that stay in `attributes`, as delivered."""
    used = {proposed.column for proposed in proposal.fields}
    frame = pd.Index(table.frame.columns)
    return [str(name) for name in frame if name != table.frame.geometry.name and str(name) not in used]
