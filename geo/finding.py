"""What a check records of one existing line."""

from __future__ import annotations

from dataclasses import dataclass, field

from geo.cover import CoverCheck
from geo.quality import Verdict
from geo.vocabulary import DigZone, Relation


@dataclass(frozen=True, slots=True)
class Zones:
    """How near one may dig: by machine and by hand, metres from the line's outside, and by which rules.

    `zone` is what holds where the works come nearest. None as a distance: no rule, so nothing until the owner
    has answered.
    """

    zone: DigZone
    machine_m: float | None
    hand_m: float | None
    machine_rule: str | None
    hand_rule: str | None
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """The recorded result for one line, by the rule that fares worst. Lengths in metres, 95 % half widths.

    `separation_h_m` is from the line's outside to the excavation, negative when it runs through it;
    `separation_v_m` from the excavation's floor down to the top of the line, negative when it is dug past.
    `assumptions` are slugs of what had to be assumed; `explanation` is a message id, `params` its values.
    `replaces` names the rules whose place the city's own rule has taken. `cover` is what ground is left above
    the line, where a rule asks for some.
    """

    layer_id: str
    feature_id: str
    utility: str
    owner: str | None
    verdict: Verdict
    p_violation: float
    separation_h_m: float
    separation_v_m: float | None
    required_h_m: float | None
    required_v_m: float | None
    uncertainty_h_m: float
    uncertainty_v_m: float | None
    against: str
    rule_id: str | None
    rule_pack: str | None
    clause: str
    source: str
    rule_status: str | None
    rule_date: str | None
    explanation: str
    params: dict[str, str | int | float] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    zones: Zones | None = None
    relation: Relation | None = None
    angle_deg: float | None = None
    replaces: tuple[str, ...] = ()
    cover: CoverCheck | None = None

    @property
    def ref(self) -> str:
        """`layer_id/feature_id`, as permit conditions name a line."""
        return f"{self.layer_id}/{self.feature_id}"

    @property
    def zone(self) -> DigZone:
        """With what one may dig here; nothing where no rule says how near."""
        return DigZone.NO_DIG if self.zones is None else self.zones.zone

    @property
    def rank(self) -> tuple[int, float, float, str]:
        """Sorts findings worst first."""
        return (-self.verdict.severity, -self.p_violation, self.separation_h_m, self.ref)
