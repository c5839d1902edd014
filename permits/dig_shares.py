"""A whole number divided by weights, so that the parts are whole numbers that sum to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction


def parts_of(whole: int, weights: Mapping[str, float]) -> dict[str, int]:
    """`whole` divided by `weights` (all above 0), rounded so that the parts sum to it exactly.

    Each part is its exact quotient rounded down; the units that are left go to the largest remainders, of equal ones
    to an odd part first (two parts are then what rounding half to even makes of them), then by name.
    """
    exact = {name: Fraction(str(weight)) for name, weight in weights.items()}
    total = sum(exact.values())
    quotients = {name: whole * weight / total for name, weight in exact.items()}
    parts = {name: int(quotient) for name, quotient in quotients.items()}
    left = whole - sum(parts.values())
    order = sorted(parts, key=lambda name: (parts[name] - quotients[name], -(parts[name] % 2), name))
    for name in order[:left]:
        parts[name] += 1
    return parts
