"""With which layers a layer should agree, and from which distance on a person is asked (`layers.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from layers.config import Section

LIMIT_M: Final = 0.5


@dataclass(frozen=True, slots=True)
class AgreementRules:
    """`layers` None: by the layer's target. `usual_m`: what the layer is off (east, north) when all is well."""

    layers: tuple[str, ...] | None = None
    limit_m: float = LIMIT_M
    previous: bool = True
    usual_m: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def read_agreement(section: Section) -> AgreementRules:
    """Return the `agreement` of a layer's section; every part may be left out."""
    inner = section.section("agreement")
    limit_m = inner.number("limit_m", LIMIT_M)
    if not limit_m > 0:
        inner.refuse("limit_m", "must be more than 0 m")
    usual = inner.section("usual_m")
    made = AgreementRules(
        layers=inner.texts("with") if "with" in inner else None,
        limit_m=limit_m,
        previous=inner.boolean("previous", True),
        usual_m={layer_id: _pair(usual, layer_id) for layer_id in usual.keys()},  # noqa: SIM118 - no dict
    )
    usual.done()
    inner.done()
    return made


def _pair(section: Section, key: str) -> tuple[float, float]:
    east, north = section.numbers(key, 2)
    return east, north
