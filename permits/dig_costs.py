"""What opening a street costs: restoring the pavement, and supervising it. Pure; all numbers are the city's terms.

Formula `dig-costs-1`, in words:

    billed area  = (length + surplus length) x (width + surplus width), at least `min_area_m2`
                   over a joint trench's stretches only this work's share of the joint width counts
    damage       = billed area x rate of the pavement x method factor x age factor x quality coefficient
                   x repeat coefficient
    supervision  = damage x supervision share
    each item is rounded to the currency's step, half up
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from permits.dig_terms import DigTerms
from permits.dig_vocabulary import Pavement
from permits.ports import Json
from permits.vocabulary import DigMethod

FORMULA = "dig-costs-1"
_TERMS = (
    "damage_rates",
    "method_factors",
    "age_factors",
    "repeat_coefficients",
    "min_area_m2",
    "supervision_share",
    "rounding",
)


@dataclass(frozen=True, slots=True)
class SharedPart:
    """A stretch that is dug together: its length (m), its width (m), and what this work bears."""

    length_m: float
    joint_width_m: float
    share: float


@dataclass(frozen=True, slots=True)
class CostBasis:
    """What the costs are computed from; metres, years; `earlier_digs` at the same place."""

    length_m: float
    width_m: float
    pavement: Pavement
    surplus_length_m: float = 0.0
    surplus_width_m: float = 0.0
    asphalt_age_years: float | None = None
    quality_coefficient: float = 1.0
    earlier_digs: int = 0
    shared: tuple[SharedPart, ...] = ()
    method: DigMethod = DigMethod.MACHINE


@dataclass(frozen=True, slots=True)
class CostItem:
    """One line of the bill, with every input it was computed from."""

    code: str
    amount: float
    inputs: Json


@dataclass(frozen=True, slots=True)
class Costs:
    """The bill: items and their sum in the city's currency, and which terms nobody has confirmed."""

    formula: str
    currency: str
    items: tuple[CostItem, ...]
    total: float
    unconfirmed: tuple[str, ...]


def billed_area_m2(basis: CostBasis, terms: DigTerms) -> float:
    """The area that is restored at this work's expense."""
    length = basis.length_m + basis.surplus_length_m
    width = basis.width_m + basis.surplus_width_m
    together = min(sum(part.length_m for part in basis.shared), length)
    area = (length - together) * width + _borne_m2(basis.shared)
    return max(area, terms.number("min_area_m2"))


def _borne_m2(shared: Sequence[SharedPart]) -> float:
    return sum(part.length_m * part.joint_width_m * part.share for part in shared)


def costs(basis: CostBasis, terms: DigTerms, currency: str) -> Costs:
    """The bill for one work."""
    area = billed_area_m2(basis, terms)
    rate, age = terms.rate(basis.pavement), terms.age_factor(basis.asphalt_age_years)
    repeat = terms.repeat_factor(basis.earlier_digs)
    step = terms.number("rounding")
    method = terms.method_factor(basis.method)
    damage = _money([area, rate, method, age, basis.quality_coefficient, repeat], step)
    share = terms.number("supervision_share")
    supervision = _money([damage, share], step)
    inputs: Json = {
        "area_m2": round(area, 3),
        "pavement": basis.pavement.value,
        "rate": rate,
        "method_factor": method,
        "age_factor": age,
        "quality_coefficient": basis.quality_coefficient,
        "repeat_coefficient": repeat,
        "earlier_digs": basis.earlier_digs,
    }
    inputs |= _shared_inputs(basis.shared)
    items = (
        CostItem("damage", damage, inputs),
        CostItem("supervision", supervision, {"damage": damage, "share": share}),
    )
    total = float(sum((Decimal(str(item.amount)) for item in items), Decimal(0)))
    return Costs(FORMULA, currency, items, total, tuple(terms.unconfirmed(*_TERMS)))


def _shared_inputs(shared: Sequence[SharedPart]) -> Json:
    """One stretch by its width and share, several by the area that is borne of them."""
    if not shared:
        return {}
    said: Json = {"shared_length_m": round(sum(part.length_m for part in shared), 2)}
    if len(shared) == 1:
        return said | {"joint_width_m": round(shared[0].joint_width_m, 2), "share": round(shared[0].share, 4)}
    return said | {"stretches": len(shared), "shared_area_m2": round(_borne_m2(shared), 3)}


def delay_fine(days_late: int, allowed_days: int, terms: DigTerms) -> float:
    """The fine for days beyond the allowed delay; 0 within it."""
    return _money(
        [max(0, days_late - allowed_days), terms.number("delay_fine_per_day")], terms.number("rounding")
    )


def _money(factors: list[float], step: float) -> float:
    product = Decimal(1)
    for factor in factors:
        product *= Decimal(str(factor))
    unit = Decimal(str(step))
    return float((product / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit)
