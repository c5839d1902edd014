"""Is there ground enough above a line: the cover its kind must have, and what is left of it."""

from __future__ import annotations

from dataclasses import dataclass

from geo.quality import Verdict, probability_below, standard_deviation, verdict
from geo.rules import ClearanceRule, RulePack, Subject
from geo.vocabulary import Kind

_GROUND = Subject.of(Kind.COVER)


@dataclass(frozen=True, slots=True)
class CoverCheck:
    """The ground above a line (m), what the rule asks for, and how probable it is that it is less.

    `left_m` None: nobody knows, which never passes.
    """

    required_m: float
    left_m: float | None
    p_short: float
    verdict: Verdict
    rule: ClearanceRule


def check_cover(
    subject: Subject, left_m: float | None, half_width_m: float, pack: RulePack
) -> CoverCheck | None:
    """Whether `left_m` (95 % half width `half_width_m`) is cover enough; None where no rule asks for any.

    By the rule that asks for most, where the class leaves several open.
    """
    rules = [rule for rule in pack.applicable(subject, _GROUND) if rule.vertical_m is not None]
    if not rules:
        return None
    rule = max(rules, key=lambda each: (each.vertical_m or 0.0, each.rule_id))
    required = rule.vertical_m or 0.0
    if left_m is None:
        return CoverCheck(required, None, 1.0, Verdict.UNDECIDABLE, rule)
    p_short = probability_below(required, left_m, standard_deviation(half_width_m))
    return CoverCheck(required, left_m, p_short, verdict(p_short), rule)
