"""Method and zone: gentler ways of digging raise fewer alarms, and the zone says which way is allowed (A13)."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from geo.clearance import Excavation, Placed, RulePack, assess
from geo.dig_zones import hand_width_m, limits_machine, machine_ground, strip
from geo.errors import TopInvalid
from geo.packs import load_pack
from geo.quality import Verdict
from geo.vocabulary import DigZone, Utility

PACKS = Path(__file__).resolve().parents[2] / "cities" / "packs"
NAMES = sorted(path.stem for path in PACKS.glob("*.csv"))
PIT = shapely.box(0, 0, 10, 4)


@cache
def pack(name: str = "default") -> RulePack:
    return load_pack(PACKS / f"{name}.csv")


def pit(
    method: str = "machine", works: str = "repair", depth_m: float = 1.5, top_m: float = 0.0
) -> Excavation:
    return Excavation(PIT, depth_m, method, works, top_m=top_m)


lines = st.builds(
    Placed,
    st.just("l"),
    st.just("f"),
    st.sampled_from(sorted(Utility)),
    st.tuples(st.sampled_from([None, "LP", "MP", "HP1", "LV", "MV", "gravity", "service", "main", "duct"])),
    radius_m=st.one_of(st.none(), st.floats(0.02, 0.5)),
    cover_m=st.one_of(st.none(), st.floats(0, 4)),
    horizontal_uncertainty_m=st.floats(0.05, 3),
    vertical_uncertainty_m=st.floats(0.05, 1),
)
gaps = st.floats(-3, 8)


@given(name=st.sampled_from(NAMES), placed=lines, gap=gaps, works=st.sampled_from(["repair", "new_building"]))
def test_gentler_methods_never_raise_more_alarms(name: str, placed: Placed, gap: float, works: str) -> None:
    """By every pack: machine >= hand = suction, drill = machine, and an auger turned by hand <= a drill."""
    rules = pack(name)

    def severity(method: str, top_m: float = 0.0) -> int:
        return assess(pit(method, works, top_m=top_m), placed, gap, rules).verdict.severity

    machine, hand = severity("machine"), severity("hand")
    assert hand <= machine
    assert severity("vacuum") <= hand
    assert severity("boring") <= machine
    assert severity("hand_boring") <= min(hand, severity("boring"))
    for top in (0.4, 1.0):
        assert severity("hand_boring", top) <= severity("boring", top) <= machine
        assert severity("hand_boring", top) <= severity("hand_boring")


def test_a_bore_passes_under_a_shallow_line_and_an_open_dig_does_not() -> None:
    cable = Placed("l", "f", "electricity", ("LV",), None, 0.03, 0.6, "surveyed", 0.1, 0.1)
    deep = pit("hand_boring", depth_m=2.4, top_m=2.0)
    assert assess(deep, cable, -1.0, pack()).verdict is Verdict.CLEAR
    assert assess(deep, cable, -1.0, pack()).separation_v_m == pytest.approx(2.0 - 0.66)
    assert assess(pit("hand", depth_m=2.4), cable, -1.0, pack()).verdict is Verdict.VIOLATES
    # The upper side of an open dig is the surface, whatever was stated.
    assert assess(pit("hand", depth_m=2.4, top_m=2.0), cable, -1.0, pack()).verdict is Verdict.VIOLATES


@given(top=st.floats(0.1, 1.4), gap=st.floats(-3, -1.5), method=st.sampled_from(["boring", "hand_boring"]))
def test_an_unknown_depth_never_passes_over_a_bore_either(top: float, gap: float, method: str) -> None:
    cable = Placed("l", "f", "electricity", ("LV",), None, 0.03, None, None, 0.1, None)
    assert assess(pit(method, top_m=top), cable, gap, pack()).verdict is Verdict.VIOLATES
    zero = dataclasses.replace(cable, cover_m=0.0, vertical_uncertainty_m=0.05)  # how some write "unknown"
    assert assess(pit(method, top_m=top), zero, gap, pack()).verdict is Verdict.VIOLATES
    thick = dataclasses.replace(cable, radius_m=None, cover_m=0.3, vertical_uncertainty_m=0.05)
    over = assess(pit(method, top_m=top), thick, gap, pack())
    assert over.separation_v_m == pytest.approx(
        0.3 - 1.5
    )  # a line of unknown thickness has no known underside


@pytest.mark.parametrize("top", [-0.1, 1.5, 2.0, float("nan")])
def test_a_bore_has_its_upper_side_above_its_floor(top: float) -> None:
    with pytest.raises(TopInvalid):
        pit("boring", top_m=top)


@given(name=st.sampled_from(NAMES), placed=lines, gap=gaps)
def test_the_zone_agrees_with_the_verdict_of_the_method(name: str, placed: Placed, gap: float) -> None:
    machine = assess(pit("machine"), placed, gap, pack(name))
    hand = assess(pit("hand"), placed, gap, pack(name))
    assert machine.zone is hand.zone
    assert (machine.verdict is Verdict.CLEAR) is (machine.zone is DigZone.MACHINE_OK)
    if hand.verdict is Verdict.VIOLATES:
        assert hand.zone is DigZone.NO_DIG
    assert hand.zones is not None
    assert hand.zones.hand_rule
    assert hand.zones.machine_rule


@given(placed=lines, gap=gaps, nearer=st.floats(0, 5))
def test_the_zone_never_loosens_as_the_line_comes_nearer(placed: Placed, gap: float, nearer: float) -> None:
    order = list(DigZone)
    far, near = (assess(pit(), placed, each, pack()).zone for each in (gap, gap - nearer))
    assert order.index(near) >= order.index(far)


def test_unconfirmed_distances_say_so() -> None:
    """Iran's pack is unconfirmed throughout: every finding by it says so, and so do its zones."""
    for utility in sorted(Utility):
        found = assess(pit(), Placed("l", "f", utility), 0.5, pack("ir-default"))
        assert found.rule_status == "unconfirmed"
        assert "rule-unconfirmed" in found.assumptions
        assert found.zones is not None
        assert not found.zones.is_confirmed


def test_a_network_without_rules_is_not_dug_at() -> None:
    found = assess(pit(), Placed("l", "f", "hyperloop"), 0.5, pack())
    assert (found.zone, found.zones) == (DigZone.NO_DIG, None)
    assert limits_machine(found)


shapes = st.lists(st.tuples(st.floats(-5, 15), st.floats(-5, 9)), min_size=2, max_size=4, unique=True).map(
    LineString
)


@given(drawn=st.lists(shapes, max_size=5), within=st.floats(0, 3), radius=st.floats(0, 0.5))
def test_strips_and_the_ground_for_the_machine_share_the_outline(
    drawn: list[LineString], within: float, radius: float
) -> None:
    strips = [strip(PIT, line, radius, within) for line in drawn]
    ground = machine_ground(PIT, strips)
    taken = shapely.union_all([each.shape_m for each in strips])
    assert ground.area + taken.area == pytest.approx(PIT.area)
    assert ground.intersection(taken).area == pytest.approx(0, abs=1e-9)
    for line in drawn:  # nowhere in the machine's ground is a line nearer than its strip is wide
        if not ground.is_empty:
            assert ground.distance(line) >= within + radius - 1e-6


def test_the_strip_is_the_machines_distance_and_the_doubt() -> None:
    placed = Placed("l", "f", "water", (), None, 0.1, 1.0, "surveyed", 0.3, 0.3)
    found = assess(pit(), placed, -1.0, pack())
    assert hand_width_m(found) == pytest.approx(0.61 + found.uncertainty_h_m)
    assert isinstance(machine_ground(PIT, []), Polygon)
