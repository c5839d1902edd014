"""The report of a case: order, verdict, conditions that answer each open finding, what nobody saw."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from geo.clearance import Excavation
from geo.packs import load_pack
from geo.quality import Verdict
from permits.conflicts import ConflictReport, check_conflicts, placed_from

PACK = load_pack(Path(__file__).resolve().parents[2] / "cities" / "packs" / "default.csv")
PIT = shapely.box(0, 0, 10, 4)
THROUGH = LineString([(-5, 2), (15, 2)])


@dataclass(frozen=True)
class Line:
    layer_id: str = "gas_lines"
    feature_id: str = "G1"
    geom: BaseGeometry = THROUGH
    utility: str | None = "gas"
    owner_agency: str = "gas"
    class_code: str | None = "MP"
    role: str | None = "main"
    diameter_mm: float | None = 125.0
    cover_m: float | None = 0.8
    cover_source: str | None = "surveyed"
    horizontal_uncertainty_m: float | None = 0.1
    vertical_uncertainty_m: float | None = 0.1
    quality_level: str | None = "A"


@dataclass(frozen=True)
class Layer:
    layer_id: str = "gas_lines"
    state: str = "fresh"
    utility: str | None = "gas"


def pit(method: str = "machine", works: str = "excavation_only", depth_m: float = 1.5) -> Excavation:
    return Excavation(PIT, depth_m, method, works)


def beside(distance_m: float) -> LineString:
    return LineString([(-5, 4 + distance_m), (15, 4 + distance_m)])


def codes(report: ConflictReport) -> list[str]:
    return [condition.code for condition in report.conditions]


def test_nothing_near_and_all_layers_fresh_is_clear() -> None:
    report = check_conflicts(pit(), [], PACK, [Layer()], ["gas"])
    assert report.verdict is Verdict.CLEAR
    assert (report.findings, report.conditions, report.missing_information) == ((), (), ())


@pytest.mark.parametrize("state", ["stale", "missing"])
def test_a_silent_layer_is_no_information_never_no_line(state: str) -> None:
    report = check_conflicts(pit(), [], PACK, [Layer(state=state)])
    assert report.verdict is Verdict.NO_INFORMATION
    assert [(layer.layer_id, layer.state) for layer in report.missing_information] == [("gas_lines", state)]
    assert codes(report) == ["locate-first"]
    assert report.conditions[0].params == {"findings": ["*"], "layers": ["gas_lines"]}


def test_a_utility_without_any_layer_is_absent() -> None:
    report = check_conflicts(pit(), [], PACK, [Layer()], ["gas", "telecom"])
    assert report.verdict is Verdict.NO_INFORMATION
    assert [(layer.layer_id, layer.state) for layer in report.missing_information] == [("telecom", "absent")]


def test_a_stale_parcel_layer_is_reported_but_hides_no_line() -> None:
    report = check_conflicts(pit(), [], PACK, [Layer(), Layer("parcels", "stale", None)])
    assert report.verdict is Verdict.CLEAR
    assert [layer.layer_id for layer in report.missing_information] == ["parcels"]
    assert report.conditions == ()


def test_findings_outrank_missing_information() -> None:
    report = check_conflicts(pit(), [Line()], PACK, [Layer(state="stale")])
    assert report.verdict is Verdict.VIOLATES
    assert codes(report)[-1] == "locate-first"


def test_worst_first_and_far_clear_lines_only_counted() -> None:
    near = [
        Line(feature_id="far", geom=beside(9)),
        Line(feature_id="beside", geom=beside(2)),
        Line(feature_id="through"),
        Line(feature_id="vague", geom=beside(0.9), horizontal_uncertainty_m=1.0),
    ]
    report = check_conflicts(pit(), near, PACK, [Layer()])
    assert [finding.feature_id for finding in report.findings] == ["through", "vague", "beside"]
    assert report.checked == 4
    assert report.verdict is Verdict.VIOLATES


def test_what_belongs_to_no_utility_is_not_judged() -> None:
    report = check_conflicts(pit(), [Line(utility=None)], PACK, [Layer()])
    assert report.checked == 0


def test_conditions_of_a_pipe_through_the_pit() -> None:
    report = check_conflicts(pit(), [Line()], PACK, [Layer()])
    assert codes(report) == ["owner-watch", "work-window", "hand-dig", "safe-corridor"]
    watch, _, dig, _ = report.conditions
    assert watch.params["owner"] == "gas"
    assert dig.params["utility"] == "gas"
    assert dig.params["findings"] == ["gas_lines/G1"]
    assert 0.61 < float(dig.params["within"]) < 1.0


def test_undecidable_asks_for_a_trial_pit() -> None:
    vague = Line("water", "W1", beside(0.9), "water", "water", horizontal_uncertainty_m=1.0)
    assert codes(check_conflicts(pit(), [vague], PACK, [Layer()])) == [
        "trial-pit",
        "hand-dig",
        "safe-corridor",
    ]


def test_violated_for_want_of_a_depth_asks_for_a_trial_pit_too() -> None:
    report = check_conflicts(pit(), [Line(cover_m=None)], PACK, [Layer()])
    assert "trial-pit" in codes(report)
    assert report.findings[0].explanation == "finding-crosses-depth-unknown"


def test_a_line_under_the_foundation_must_move() -> None:
    report = check_conflicts(pit(works="new_building"), [Line()], PACK, [Layer()])
    assert codes(report)[0] == "move-or-protect"


def test_by_hand_no_hand_dig_condition() -> None:
    assert "hand-dig" not in codes(check_conflicts(pit("hand"), [Line()], PACK, [Layer()]))


def test_t15_unknown_network_asks_its_owner() -> None:
    report = check_conflicts(pit(), [Line(utility="hydrogen")], PACK, [Layer()])
    assert report.verdict is Verdict.NO_INFORMATION
    assert codes(report) == ["ask-owner"]


distances = st.lists(st.floats(-3, 12), max_size=8)
utilities = st.sampled_from(["gas", "water", "electricity", "sewer", "telecom", "heating", "stormwater"])


@given(
    gaps=distances,
    utility=utilities,
    uncertainty=st.floats(0.05, 3),
    method=st.sampled_from(["machine", "hand"]),
)
def test_every_open_finding_is_answered_by_a_condition(
    gaps: list[float], utility: str, uncertainty: float, method: str
) -> None:
    near = [
        Line("l", str(n), beside(gap), utility, horizontal_uncertainty_m=uncertainty)
        for n, gap in enumerate(gaps)
    ]
    report = check_conflicts(pit(method, "new_building"), near, PACK, [Layer()])
    answered = {ref for condition in report.conditions for ref in condition.params["findings"]}
    open_ones = {finding.ref for finding in report.findings if finding.verdict is not Verdict.CLEAR}
    assert open_ones == answered
    severities = [finding.verdict.severity for finding in report.findings]
    assert severities == sorted(severities, reverse=True)
    assert report.verdict.severity == max(severities, default=0)


def test_findings_travel_as_json() -> None:
    report = check_conflicts(pit(), [Line(), Line(feature_id="G2", cover_m=None)], PACK, [Layer()])
    again = json.loads(json.dumps(report.findings_json))
    assert again == report.findings_json
    first = again[0]
    assert first["verdict"] == "violates"
    assert {"rule_id", "clause", "source", "rule_status", "explanation", "params", "assumptions"} <= set(
        first
    )


def test_attributes_a_layer_lacks_stay_unknown() -> None:
    @dataclass(frozen=True)
    class Bare:
        layer_id: str = "w"
        feature_id: str = "1"
        utility: str = "water"
        geom: BaseGeometry = THROUGH

    placed = placed_from(Bare())
    assert (placed.radius_m, placed.cover_m, placed.owner, placed.quality_level) == (None, None, None, None)
    report = check_conflicts(pit(), [Bare()], PACK, [Layer()])
    assert report.findings[0].verdict is not Verdict.CLEAR
    assert "accuracy-assumed" in report.findings[0].assumptions
