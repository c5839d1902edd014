"""Conditions a machine can read: where each holds, when, and where to look first (A13, A08)."""

from __future__ import annotations

import json

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, shape
from shapely.geometry.base import BaseGeometry

from geo.clearance import Excavation
from geo.quality import Verdict
from permits.conditions import Window
from permits.conflicts import ConflictReport, check_conflicts
from permits.views import Condition
from tests.permits.test_conflicts import PACK, PIT, Layer, Line, beside, pit


def report(*lines: Line, method: str = "machine", works: str = "excavation_only") -> ConflictReport:
    return check_conflicts(pit(method, works), list(lines), PACK, [Layer()])


def condition(made: ConflictReport, code: str) -> Condition:
    return next(each for each in made.conditions if each.code == code)


def area(found: Condition) -> BaseGeometry:
    assert found.corridor is not None
    return shape(found.corridor)


def test_the_machines_ground_and_the_strips_make_up_the_dig() -> None:
    made = report(Line(), Line("water", "W1", beside(0.3), "water", "water", horizontal_uncertainty_m=0.5))
    safe = area(condition(made, "safe-corridor"))
    strips = [area(each) for each in made.conditions if each.code == "hand-dig"]
    assert len(strips) == 2
    assert safe.union(shapely.union_all(strips)).area == pytest.approx(PIT.area)
    assert all(safe.intersection(each).area < 1e-9 for each in strips)
    params = condition(made, "safe-corridor").params
    assert params["area_m2"] == pytest.approx(safe.area, abs=0.01)
    assert 0 < params["share"] < 1
    assert params["findings"] == ["gas_lines/G1", "water/W1"]


def test_where_nothing_is_left_for_the_machine_it_says_so() -> None:
    made = report(Line(horizontal_uncertainty_m=8.0, cover_m=None))
    safe = condition(made, "safe-corridor")
    assert (safe.corridor, safe.params["area_m2"], safe.params["share"]) == (None, 0.0, 0.0)


@pytest.mark.parametrize("method", ["hand", "vacuum", "hand_boring"])
def test_gentle_methods_need_no_strips(method: str) -> None:
    codes = {each.code for each in report(Line(), method=method).conditions}
    assert not codes & {"hand-dig", "safe-corridor"}
    assert "owner-watch" in codes


def test_the_owner_watches_in_the_hours_of_the_city() -> None:
    window = Window((6, 7, 1, 2, 3), "07:30", "13:00", 72)
    made = check_conflicts(pit(), [Line()], PACK, [Layer()], window=window)
    told = condition(made, "work-window").params
    assert told["owner"] == "gas"
    assert (told["weekdays"], told["from"], told["to"]) == ([6, 7, 1, 2, 3], "07:30", "13:00")
    assert told["notice_hours"] == 72
    assert area(condition(made, "owner-watch")).within(PIT.buffer(1e-6))


def test_the_trial_pits_are_points_on_the_line() -> None:
    line = Line(cover_m=None)
    made = report(line)
    asked = condition(made, "trial-pit")
    assert asked.params["pits"] == 1
    assert area(asked).distance(line.geom) < 1e-6
    first = made.findings_json[0]
    assert first["trial_pits"][0]["why"] == "depth-unknown"
    assert first["trial_pits"][0]["serves"] == ["gas_lines/G1"]
    assert shape(first["trial_pits"][0]["point"]).distance(PIT) < 1e-6


def test_each_finding_carries_what_it_calls_for() -> None:
    made = report(Line(cover_m=None), Line(feature_id="far", geom=beside(2.5)))
    through, far = made.findings_json
    assert [each["code"] for each in through["conditions"]] == [
        "owner-watch",
        "work-window",
        "trial-pit",
        "hand-dig",
    ]
    assert all(set(each) == {"code", "params", "corridor"} for each in through["conditions"])
    assert (through["zone"], far["zone"]) == ("no_dig", "machine_ok")
    assert (far["conditions"], far["trial_pits"]) == ([], [])
    assert through["relation"] == "parallel"
    assert through["zones"]["machine_m"] == 0.61
    assert through["zones"]["confirmed"] is False
    assert json.loads(json.dumps(made.findings_json)) == made.findings_json


def test_shapes_are_brought_into_the_shown_system() -> None:
    made = check_conflicts(
        pit(),
        [Line(cover_m=None)],
        PACK,
        [Layer()],
        shown=lambda one: shapely.affinity.translate(one, 1000, 0),
    )
    for each in made.conditions:
        if each.corridor is not None:
            assert area(each).bounds[0] >= 999
    assert made.findings_json[0]["trial_pits"][0]["point"]["coordinates"][0] >= 999


def test_cover_taken_away_is_given_back() -> None:
    """Only where a pack asks for cover; a dig over the line that leaves less of it must restore it."""
    from tests.permits.test_conflicts import load_pack
    from tests.permits.town import ROOT

    uk = load_pack(ROOT / "cities" / "packs" / "uk.csv")
    line = Line(cover_m=2.0)
    made = check_conflicts(Excavation(PIT, 1.6, works="repair"), [line], uk, [Layer()])
    restore = condition(made, "restore-cover")
    assert restore.params["cover_m"] == 0.75
    told = made.findings_json[0]["cover"]
    assert (told["required_m"], told["verdict"]) == (0.75, "violates")
    assert told["left_m"] == pytest.approx(0.4)
    shallow = check_conflicts(Excavation(PIT, 0.4, works="repair"), [line], uk, [Layer()])
    assert "restore-cover" not in {each.code for each in shallow.conditions}
    assert report(line).findings_json[0]["cover"] is None


@given(
    gaps=st.lists(st.floats(-3, 6), min_size=1, max_size=6),
    u=st.floats(0.05, 3),
    cover=st.one_of(st.none(), st.floats(0, 3)),
    method=st.sampled_from(["machine", "hand", "boring"]),
)
def test_conditions_of_a_finding_are_those_of_the_permit(
    gaps: list[float], u: float, cover: float | None, method: str
) -> None:
    """What a finding calls for is asked for on the permit too, in a strip at least as wide."""
    lines = [
        Line("l", str(n), beside(g), horizontal_uncertainty_m=u, cover_m=cover) for n, g in enumerate(gaps)
    ]
    made = report(*lines, method=method)
    for finding in made.findings_json:
        is_open = finding["verdict"] in (Verdict.VIOLATES, Verdict.UNDECIDABLE)
        assert is_open or not finding["conditions"]
        for own in finding["conditions"]:
            same = [
                each
                for each in made.conditions
                if each.code == own["code"] and finding["ref"] in each.params["findings"]
            ]
            assert same
            assert all(each.params["within"] >= own["params"]["within"] for each in same)
            if own["corridor"] is not None:
                assert area(same[0]).buffer(1e-6).covers(shape(own["corridor"]))


def test_a_line_that_only_touches_asks_for_no_ground() -> None:
    made = report(Line(geom=LineString([(5, 4), (5, 9)]), horizontal_uncertainty_m=0.05))
    assert {each["code"] for each in made.findings_json[0]["conditions"]} >= {"hand-dig"}
