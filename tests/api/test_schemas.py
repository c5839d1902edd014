"""Request models: what a form may say of the dig and of a condition."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.schemas import ApproveIn, ExcavationIn
from permits.vocabulary import DigMethod

PIT = {"type": "Polygon", "coordinates": [[[7.9, 48.4], [7.91, 48.4], [7.91, 48.41], [7.9, 48.4]]]}


@pytest.mark.parametrize("method", list(DigMethod))
def test_every_method_of_digging_can_be_stated(method: DigMethod) -> None:
    stated = ExcavationIn.model_validate(
        {"geometry": PIT, "crs": "EPSG:4326", "depth_m": 2.0, "method": method.value, "top_m": 1.5}
    )
    assert (stated.method, stated.top_m) == (method, 1.5)
    plain = ExcavationIn.model_validate({"geometry": PIT, "crs": "EPSG:4326", "depth_m": 2.0})
    assert (plain.method, plain.top_m) == (DigMethod.MACHINE, 0.0)


@pytest.mark.parametrize("top", [-0.1, float("inf"), "1"])
def test_a_bore_starts_at_a_depth(top: object) -> None:
    with pytest.raises(ValidationError):
        ExcavationIn.model_validate({"geometry": PIT, "crs": "EPSG:4326", "depth_m": 2.0, "top_m": top})


def test_a_condition_may_come_back_with_its_ground() -> None:
    """The page sends a proposed condition back as it was shown."""
    shown = {
        "code": "hand-dig",
        "params": {"findings": ["a/1"], "within": 1.2},
        "note": None,
        "corridor": PIT,
    }
    body = ApproveIn.model_validate({"expected_version": 2, "conditions": [shown]})
    assert body.conditions[0].corridor is not None
    assert body.conditions[0].corridor.model_dump() == PIT
    with pytest.raises(ValidationError):
        ApproveIn.model_validate({"expected_version": 2, "conditions": [{**shown, "corridor": [1, 2]}]})
