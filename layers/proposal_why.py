"""Why a column is taken for a field, and how sure that is: slugs, worded where they are shown."""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """What a proposed field rests on."""

    NAME = "name"
    NAME_UNIQUE = "name-unique"
    UNIT_IN_NAME = "unit-in-name"
    UNIT_AND_SIGN = "unit-and-sign"
    INCH_MARKS = "inch-marks"
    USUAL_VALUES = "usual-values"
    AS_NAMED = "as-named"
    JALALI_DAYS = "jalali-days"
    GREGORIAN_DAYS = "gregorian-days"
    UNIQUE_VALUES = "unique-values"
    GUESS = "guess"
    SAID = "said"


class Confidence(StrEnum):
    """How sure a proposed field is; `asked`: a person must say; `said`: a person has said."""

    SURE = "sure"
    LIKELY = "likely"
    ASKED = "asked"
    SAID = "said"


_ASKED = frozenset({Why.UNIQUE_VALUES, Why.GUESS})


def confidence(why: Why, *, is_exact: bool) -> Confidence:
    """Return how sure a reason makes a field; `is_exact`: the column's whole name is one of the field's."""
    if why is Why.SAID:
        return Confidence.SAID
    if why in _ASKED:
        return Confidence.ASKED
    return Confidence.SURE if is_exact and why is not Why.AS_NAMED else Confidence.LIKELY
