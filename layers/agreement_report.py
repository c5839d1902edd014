"""What the comparisons of a delivery say, each by itself and together: the verdict, how sure it is, the correction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from geo.agreement import Agreement, AgreementVerdict
from geo.agreement_readings import Reading
from geo.planar import Similarity


class How(StrEnum):
    """What was compared with what."""

    PREVIOUS = "previous"
    CONTAINED = "contained"
    DOORS = "doors"


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison; `share` is the part of the anchors that lie where they should, as delivered."""

    layer_id: str
    how: How
    answer: Agreement
    share: float | None = None

    @property
    def off_m(self) -> float:
        """By how much the delivery is off (95 of 100 places at most, errors included); 0 unless it is off."""
        return self.answer.within_m if self.answer.verdict is AgreementVerdict.OFF else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON."""
        answer = self.answer
        is_matched = answer.verdict is not AgreementVerdict.NO_MATCH and answer.partners > 0
        return {
            "layer_id": self.layer_id,
            "how": str(self.how),
            "verdict": str(answer.verdict),
            "reason": answer.reason and str(answer.reason),
            "within_m": _rounded(answer.within_m),
            "offset_m": [round(value, 3) for value in answer.offset_m] if is_matched else None,
            "offset_length_m": round(math.hypot(*answer.offset_m), 3) if is_matched else None,
            "rotation_deg": round(answer.rotation_deg, 5),
            "scale_ppm": round(answer.scale_ppm, 1),
            **(_errors(answer) if is_matched else {}),
            "anchors": list(answer.anchors),
            "partners": answer.partners,
            "share": None if self.share is None else round(self.share, 3),
            "residual_p95_m": _rounded(answer.residual_p95_m),
            "reading": str(answer.reading),
            "looks_like": [
                {
                    "source": known.source,
                    "name": known.source_name,
                    "operation": known.operation,
                    "misreading": str(known.misreading),
                }
                for known in answer.signatures
            ],
        }


def _errors(answer: Agreement) -> dict[str, Any]:
    """How sure the movement is: two standard errors of each part, and how many anchors found their partner."""
    return {
        "offset_error_m": [_rounded(2.0 * error) for error in answer.offset_se_m],
        "rotation_error_deg": _rounded(2.0 * answer.rotation_se_deg, 5),
        "scale_error_ppm": _rounded(2.0 * answer.scale_se_ppm, 1),
        "inlier_share": _rounded(answer.inlier_share),
        "chance_share": _rounded(answer.chance_share),
    }


@dataclass(frozen=True, slots=True)
class Agreeing:
    """What all comparisons say together; `worst` is the one for which the delivery is to be held, if any."""

    limit_m: float
    compared: tuple[Compared, ...] = ()
    worst: Compared | None = field(default=None)

    @property
    def is_held(self) -> bool:
        """Whether a person must decide."""
        return self.worst is not None

    @property
    def correction(self) -> Similarity | None:
        """The movement that would bring the delivery where it belongs; None where none is offered."""
        if self.worst is None or self.worst.answer.reading is not Reading.AS_DELIVERED:
            return None
        return self.worst.answer.correction

    @property
    def verdict(self) -> AgreementVerdict:
        """The whole in one word: held is off, one agreement is enough, else nothing could be compared."""
        if self.is_held:
            return AgreementVerdict.OFF
        said = {each.answer.verdict for each in self.compared}
        return AgreementVerdict.AGREES if AgreementVerdict.AGREES in said else AgreementVerdict.NO_MATCH

    def as_dict(self) -> dict[str, Any]:
        """The answer as JSON, for the report."""
        offered = self.correction
        return {
            "verdict": str(self.verdict),
            "limit_m": self.limit_m,
            "worst": self.worst and self.worst.layer_id,
            "compared": [each.as_dict() for each in self.compared],
            "correction": offered and correction_as_dict(offered),
        }


def correction_as_dict(movement: Similarity) -> dict[str, Any]:
    """A similarity as JSON with all its digits: it must be possible to take it back."""
    return {
        "origin_m": [movement.origin_x_m, movement.origin_y_m],
        "shift_m": [movement.dx_m, movement.dy_m],
        "rotation_deg": movement.rotation_deg,
        "scale_ppm": movement.scale_ppm,
    }


def correction_from_dict(said: Mapping[str, Any]) -> Similarity:
    """The similarity that `correction_as_dict` wrote down."""
    (x, y), (dx, dy) = said["origin_m"], said["shift_m"]
    return Similarity(x, y, dx, dy, said["rotation_deg"], 1.0 + said["scale_ppm"] / 1e6)


def _rounded(value: float, digits: int = 3) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
