"""Trees beside digs and lines: distances by hand, from the bark or from the axis, and the same as an area (A13)."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from shapely import box
from shapely.geometry import LineString, Point, Polygon

from geo.clearance import Excavation, assess_all, load_pack, tree_margin_m
from geo.encounters import stand_off_m
from geo.errors import PackRowInvalid
from geo.finding import Finding
from geo.line_clearance import ProposedLine, assess_line
from geo.packs import COLUMNS
from geo.placed import Placed
from geo.quality import Verdict, probability_below
from geo.rules import ClearanceRule, Party, RulePack, RuleStatus
from geo.trial_pits import is_decidable
from geo.vocabulary import Kind, Relation

PACKS = Path(__file__).resolve().parents[2] / "cities" / "packs"
# The trunk: 0.40 m thick, its axis 3 m east of the dig's edge, known to 0.1 m; the dig is set out to 0.1 m.
AT = Point(3.0, 1.0)
TREE = Placed("trees", "T7", "tree", radius_m=0.2, horizontal_uncertainty_m=0.1)
PIT = Excavation(box(-10, 0, 0, 4), 1.5, works="repair")
SD = math.hypot(0.1, 0.1) / 1.959963984540054


def rule(required_m: float, against: Kind = Kind.EXCAVATION, *, is_from_axis: bool = False) -> ClearanceRule:
    return ClearanceRule(
        "t-1", Party(against), Party(Kind.TREE), required_m, None, "the tests", "4.2", date(2026, 1, 1),
        RuleStatus.CONFIRMED, is_from_axis=is_from_axis,
    )  # fmt: skip


def dug(found: RulePack | ClearanceRule, placed: Placed = TREE, shape: Point | Polygon = AT) -> Finding:
    pack = found if isinstance(found, RulePack) else RulePack("t", "t", (found,))
    (finding,) = assess_all(PIT, [placed], [shape], pack)
    return finding


@pytest.mark.parametrize(
    ("required", "is_from_axis", "measured", "verdict"),
    [
        (2.5, False, 2.8, Verdict.CLEAR), (2.8, False, 2.8, Verdict.UNDECIDABLE), (3.0, False, 2.8, Verdict.VIOLATES),
        (2.8, True, 3.0, Verdict.CLEAR), (3.0, True, 3.0, Verdict.UNDECIDABLE), (3.2, True, 3.0, Verdict.VIOLATES),
    ],
)  # fmt: skip
def test_a_dig_beside_a_tree_by_hand(
    required: float, is_from_axis: bool, measured: float, verdict: Verdict
) -> None:
    """Axis at 3.00 m, bark at 2.80 m: which of the two is asked for is the rule's to say."""
    found = dug(rule(required, is_from_axis=is_from_axis))
    assert (found.separation_h_m, found.verdict) == (pytest.approx(measured, abs=1e-12), verdict)
    assert found.p_violation == pytest.approx(probability_below(required, measured, SD), abs=1e-12)
    assert (found.clause, found.params["from"]) == ("4.2", "axis" if is_from_axis else "bark")
    assert not {"cover-unknown", "radius-assumed"} & set(found.assumptions)
    assert not is_decidable(found)


@pytest.mark.parametrize("required", [2.5, 2.8, 2.9, 3.0])
def test_the_same_tree_as_an_area_has_the_same_finding(required: float) -> None:
    area = replace(TREE, radius_m=None)
    point, trunk = dug(rule(required)), dug(rule(required), area, AT.buffer(0.2, quad_segs=512))
    assert trunk.separation_h_m == pytest.approx(point.separation_h_m, abs=1e-5)
    assert trunk.p_violation == pytest.approx(point.p_violation, abs=1e-4)
    assert (trunk.verdict, trunk.explanation) == (point.verdict, point.explanation)


def test_a_tree_in_the_dig_is_in_the_way_whichever_way_it_was_delivered() -> None:
    inside = Point(-3.0, 1.0)
    found = dug(rule(0.5), TREE, inside)
    assert (found.verdict, found.explanation) == (Verdict.VIOLATES, "finding-tree-in-dig")
    assert found.separation_h_m == pytest.approx(-1.2)
    area = dug(rule(0.5), replace(TREE, radius_m=None), inside.buffer(0.2))
    assert (area.verdict, area.explanation) == (Verdict.VIOLATES, "finding-tree-in-dig")


def test_an_area_of_trees_under_a_pack_that_asks_how_lines_run() -> None:
    """An outline runs nowhere: rules for beside and across lines do not stumble over it."""
    beside = replace(rule(1.0, Kind.GAS), rule_id="t-2", relation=Relation.PARALLEL)
    pack = RulePack("t", "t", (rule(3.0), beside))
    found = dug(pack, replace(TREE, radius_m=None), AT.buffer(0.2))
    assert (found.verdict, found.relation) == (Verdict.VIOLATES, None)


def line(y: float) -> ProposedLine:
    return ProposedLine(LineString([(0, y), (10, y)]), "gas", ("MP",), 0.05, 0.8)


def test_a_line_beside_a_tree_is_measured_as_its_norm_says() -> None:
    """The CIS table asks for 1.5 m from the trunk's axis; the Australian row for 3 m from the tree."""
    cis = load_pack(PACKS / "cis.csv")
    found = assess_line(line(0.0), TREE, Point(5.0, 1.6), cis)
    assert found is not None
    assert (found.separation_h_m, found.required_h_m) == (pytest.approx(1.55), 1.5)
    assert stand_off_m(Kind.GAS, Placed("g", "1", "gas", ("MP", "main")), TREE, cis) == 1.5
    au = load_pack(PACKS / "au.csv")
    water = replace(line(0.0), utility="water", classes=())
    found = assess_line(water, TREE, Point(5.0, 4.0), au)
    assert found is not None
    assert (found.separation_h_m, found.required_h_m) == (pytest.approx(3.75), 3.0)
    assert stand_off_m(Kind.WATER, Placed("w", "1", "water", ("main",)), TREE, au) == pytest.approx(3.2)


def test_every_row_that_was_collected_from_the_axis_says_so() -> None:
    """The meaning of `tree_trunk_axis` is kept in the pack, and only there."""
    for path in PACKS.glob("*.csv"):
        for each in load_pack(path).own:
            assert each.is_from_axis == ("tree_trunk_axis" in each.original), each.rule_id


def test_nobody_looks_for_trees_where_no_rule_names_them_and_digging() -> None:
    assert tree_margin_m(load_pack(PACKS / "cis.csv")) is None
    assert tree_margin_m(RulePack("t", "t", (rule(2.5),))) == pytest.approx(2.6)
    foundation = RulePack("t", "t", (rule(4.0, Kind.BUILDING_FOUNDATION),))
    assert tree_margin_m(foundation) == pytest.approx(4.1)
    assert tree_margin_m(foundation, works="repair") is None


@pytest.mark.parametrize(("b", "said"), [("tree", "bark"), ("water", "axis")])
def test_only_a_tree_is_measured_from_its_axis(tmp_path: Path, b: str, said: str) -> None:
    path = tmp_path / "x.csv"
    row = f"x-1,gas,{b},1,,a source,1,2026-01-01,unconfirmed,page,,,,{said}"
    path.write_text(",".join((*COLUMNS, "relation", "from")) + f"\n{row}\n", encoding="utf-8")
    with pytest.raises(PackRowInvalid) as refused:
        load_pack(path, complete=False)
    assert refused.value.params["column"] == "from"
