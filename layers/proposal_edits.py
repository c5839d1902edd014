"""What a person changes about a proposal, and which of its questions are then still open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from layers.catalog import FIELDS, VOCABULARIES, Sensitivity
from layers.config import Words
from layers.delivery_errors import MappingInvalid
from layers.proposal import Proposal, Proposed, Question, code_lists, first_values
from layers.proposal_why import Why
from layers.readers.source import Table
from layers.units import known_units

# Without these answers nothing can be stored; the other questions only lose what they ask about.
BLOCKING: Final = frozenset({"crs-unstated", "utility-unclear", "id-unclear", "unit-unclear"})
# Asked anew from the code lists as they are after the edits.
_OF_CODES: Final = frozenset({"words-unknown", "no-code-list"})
_OF_FILE: Final = frozenset({"crs-unstated", "utility-unclear"})


@dataclass(frozen=True, slots=True)
class Picked:
    """A person's choice for a field: the column, and the unit or calendar (None: as it is)."""

    column: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Edits:
    """A person's mapping. None: as proposed. `settled` are the fields whose questions the person has answered.

    `name`, `owner` and `sensitivity` are what is said about a layer that the city does not have yet.
    """

    fields: Mapping[str, Picked] | None = None
    codes: Mapping[str, Mapping[str, str]] | None = None
    settled: frozenset[str] = field(default_factory=frozenset)
    name: Words | None = None
    owner: str | None = None
    sensitivity: Sensitivity | None = None


NO_EDITS: Final = Edits()


def edited(proposal: Proposal, table: Table, edits: Edits) -> Proposal:
    """Return the proposal as a person wants it; raises MappingInvalid naming what does not exist."""
    made = replace(proposal, owner=edits.owner or proposal.owner)
    if edits.fields is None and edits.codes is None and not edits.settled:
        return made
    columns = first_values(table)
    fields = _fields(proposal, edits, columns)
    codes, asked = code_lists(columns, fields)
    if edits.codes is not None:
        _check_codes(edits.codes)
        codes = {name: dict(edits.codes.get(name, words)) for name, words in codes.items()} | {
            name: dict(words) for name, words in edits.codes.items() if name in {p.field for p in fields}
        }
    still = [
        question for question in proposal.questions if _is_open(question, fields, edits, proposal.fields)
    ]
    return replace(made, fields=fields, codes=codes, questions=(*still, *_words_asked(asked, codes, edits)))


def blocking(questions: Sequence[Question]) -> list[Question]:
    """Return the questions without whose answers nothing can be stored."""
    return [question for question in questions if question.code in BLOCKING]


def _fields(proposal: Proposal, edits: Edits, columns: Mapping[str, Sequence[Any]]) -> tuple[Proposed, ...]:
    if edits.fields is None:
        return proposal.fields
    known = {proposed.field: proposed for proposed in proposal.fields}
    made = []
    for name, picked in sorted(edits.fields.items()):
        _check(name, picked, proposal, columns)
        before = known.get(name)
        is_same = before is not None and (before.column, before.unit) == (picked.column, picked.unit)
        if before is not None and is_same and name not in edits.settled:
            made.append(before)
        else:
            made.append(Proposed(name, picked.column, picked.unit, "", Why.SAID))
    return tuple(made)


def _check(name: str, picked: Picked, proposal: Proposal, columns: Mapping[str, Sequence[Any]]) -> None:
    if name not in FIELDS[proposal.target]:
        raise MappingInvalid(field=name, known=sorted(FIELDS[proposal.target]))
    if picked.column not in columns:
        raise MappingInvalid(field=name, column=picked.column, known=sorted(columns)[:50])
    if picked.unit is not None and picked.unit not in known_units(name):
        raise MappingInvalid(field=name, unit=picked.unit, known=sorted(known_units(name)))


def _check_codes(codes: Mapping[str, Mapping[str, str]]) -> None:
    for name, words in codes.items():
        allowed = VOCABULARIES.get(name)
        wrong = sorted(set(words.values()) - allowed) if allowed is not None else []
        if wrong:
            raise MappingInvalid(field=name, word=wrong[0], known=sorted(allowed or ()))


def _is_open(
    question: Question, fields: Sequence[Proposed], edits: Edits, before: Sequence[Proposed]
) -> bool:
    """Whether a question still stands; one about a field that was chosen otherwise, or settled, does not."""
    if question.code in _OF_CODES:
        return False
    if question.code in _OF_FILE or question.field is None:
        return True
    now = {proposed.field: (proposed.column, proposed.unit) for proposed in fields}.get(question.field)
    if now is None:
        return question.code == "id-unclear" or (
            question.code != "unit-unclear" and question.field not in edits.settled
        )
    first = {proposed.field: (proposed.column, proposed.unit) for proposed in before}.get(question.field)
    return question.field not in edits.settled and now == first


def _words_asked(
    asked: Sequence[Question], codes: Mapping[str, Mapping[str, str]], edits: Edits
) -> list[Question]:
    """Return the questions about words that no code list has."""
    still = []
    for question in asked:
        known = codes.get(question.field or "", {})
        left = tuple(word for word in question.candidates if word not in known)
        if question.field not in edits.settled and left:
            still.append(replace(question, candidates=left))
    return still
