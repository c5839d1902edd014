"""Control points: the local grid is found, blunders are named, and what cannot be known is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.control_points import (
    ControlPointNotFinite,
    ControlPointsDisagree,
    ControlPointsFlat,
    GridModel,
    TooFewControlPoints,
    fit_control_points,
)
from geo.planar import Affine, Points, Similarity

LOCAL = np.array([[0.0, 0.0], [1000.0, 40.0], [980.0, 820.0], [-30.0, 790.0], [480.0, 400.0], [700.0, 150.0]])
GRID = Affine(0.0, 0.0, 278_000.0, 3_467_000.0, Similarity(0, 0, 0, 0, 17.0, 0.9998).affine().matrix)
SHEARED = Affine(0.0, 0.0, 278_000.0, 3_467_000.0, (1.0005, 0.002, -0.001, 0.9989))


def off(fit_points: Points, expected: Points) -> float:
    return float(np.linalg.norm(fit_points - expected, axis=1).max())


@pytest.mark.parametrize(("model", "truth"), [(GridModel.SIMILARITY, GRID), (GridModel.AFFINE, SHEARED)])
def test_a_local_grid_is_recovered(model: GridModel, truth: Affine) -> None:
    random = np.random.default_rng(4)
    city = truth.apply(LOCAL) + random.normal(0.0, 0.02, LOCAL.shape)
    fit = fit_control_points(LOCAL, city, model)
    assert fit.rejected == ()
    assert off(fit.transform.apply(LOCAL), truth.apply(LOCAL)) < 0.06
    assert 0.0 < fit.rms_m < 0.05
    assert fit.predicted_m >= fit.worst_m / 2.0
    assert len(fit.residuals_m) == len(LOCAL)


@pytest.mark.parametrize("model", list(GridModel))
@pytest.mark.parametrize("index", range(len(LOCAL)))
@pytest.mark.parametrize("blunder", [(1.5, 0.0), (0.0, -100.0), (9000.0, 9000.0)])
def test_one_blundered_point_is_named_and_takes_no_part(
    model: GridModel, index: int, blunder: tuple[float, float]
) -> None:
    random = np.random.default_rng(9)
    city = GRID.apply(LOCAL) + random.normal(0.0, 0.03, LOCAL.shape)
    city[index] += blunder
    fit = fit_control_points(LOCAL, city, model)
    assert fit.rejected == (index,)
    others = np.arange(len(LOCAL)) != index
    assert off(fit.transform.apply(LOCAL[others]), GRID.apply(LOCAL[others])) < 0.15
    assert math.hypot(*fit.residuals_m[index]) == pytest.approx(math.hypot(*blunder), abs=0.4)
    assert fit.worst_m < 0.2


def test_four_points_are_enough_to_find_one_blunder() -> None:
    city = GRID.apply(LOCAL[:4])
    city[2, 0] += 10.0
    assert fit_control_points(LOCAL[:4], city).rejected == (2,)


def test_an_undocumented_unit_is_only_a_scale() -> None:
    """Ten-digit coordinates in units of about 1.1157 cm have been seen; a similarity does not mind."""
    unit = 0.011157
    local = LOCAL / unit + 4.0e9
    fit = fit_control_points(local, GRID.apply(LOCAL))
    assert fit.transform.scales[0] == pytest.approx(0.9998 * unit, rel=1e-6)
    assert fit.transform.rotation_deg == pytest.approx(17.0, abs=1e-4)
    assert fit.transform.skew_deg == pytest.approx(0.0, abs=1e-6)
    assert fit.worst_m < 0.001


def test_a_sheared_sheet_shows_in_the_affine() -> None:
    fit = fit_control_points(LOCAL, SHEARED.apply(LOCAL), GridModel.AFFINE)
    assert fit.transform.matrix == pytest.approx(SHEARED.matrix, abs=1e-9)
    assert abs(fit.transform.skew_deg) > 0.05
    assert fit.transform.inverse().apply(SHEARED.apply(LOCAL)) == pytest.approx(LOCAL, abs=1e-6)


def test_too_few_points_are_refused() -> None:
    for model, needed in ((GridModel.SIMILARITY, 4), (GridModel.AFFINE, 5)):
        with pytest.raises(TooFewControlPoints) as refused:
            fit_control_points(LOCAL[: needed - 1], GRID.apply(LOCAL[: needed - 1]), model)
        assert refused.value.params["needed"] == needed
    with pytest.raises(TooFewControlPoints):
        fit_control_points(LOCAL, GRID.apply(LOCAL)[:-3])


def test_points_that_fix_nothing_are_refused() -> None:
    line = np.column_stack((np.arange(6) * 100.0, np.arange(6) * 50.0))
    with pytest.raises(ControlPointsFlat):
        fit_control_points(line, GRID.apply(line), GridModel.AFFINE)
    assert fit_control_points(line, GRID.apply(line)).rms_m < 1e-6  # a similarity needs no width
    with pytest.raises(ControlPointsFlat):
        fit_control_points(np.zeros((5, 2)), np.zeros((5, 2)) + 3.0)


def test_points_that_do_not_belong_together_are_refused() -> None:
    random = np.random.default_rng(2)
    with pytest.raises(ControlPointsDisagree) as refused:
        fit_control_points(LOCAL, random.uniform(0.0, 1000.0, LOCAL.shape) + 278_000.0)
    assert refused.value.params["count"] == len(LOCAL)
    city = GRID.apply(LOCAL)
    city[0] += 50.0
    city[1] -= 80.0
    city[2, 0] += 30.0
    with pytest.raises(ControlPointsDisagree):
        fit_control_points(LOCAL, city)


def test_a_number_that_is_none_is_refused() -> None:
    city = GRID.apply(LOCAL)
    city[3, 1] = math.nan
    with pytest.raises(ControlPointNotFinite) as refused:
        fit_control_points(LOCAL, city)
    assert refused.value.params["index"] == 3


@settings(max_examples=60, deadline=None)
@given(
    rotation=st.floats(-180.0, 180.0),
    scale=st.floats(0.01, 100.0),
    dx=st.floats(-1e6, 1e6),
    dy=st.floats(-1e6, 1e6),
)
def test_any_similarity_is_recovered_exactly(rotation: float, scale: float, dx: float, dy: float) -> None:
    truth = Similarity(500.0, 400.0, dx, dy, rotation, scale)
    fit = fit_control_points(LOCAL, truth.apply(LOCAL), tolerance_m=1.0)
    assert fit.rejected == ()
    assert off(fit.transform.apply(LOCAL), truth.apply(LOCAL)) < 1e-6 * max(1.0, abs(dx), abs(dy))
