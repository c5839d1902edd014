"""A city's own rules over its country's pack: they win, they say so, and they leave the rest as it was (A13)."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from geo.clearance import Excavation, Placed, RulePack, assess, search_radius_m
from geo.errors import PackError, PackRowInvalid
from geo.packs import COLUMNS, RELATION, load_pack
from geo.quality import Verdict
from geo.rules import Subject
from geo.vocabulary import Kind, Relation

PACKS = Path(__file__).resolve().parents[2] / "cities" / "packs"
PIT = shapely.box(0, 0, 10, 4)
MACHINE = Subject.of(Kind.EXCAVATION, ["machine"])


def row(rule_id: str, a: str, b: str, horizontal: str, vertical: str = "", relation: str = "") -> str:
    decided = "Council decision 12,4,2026-05-01,confirmed,file,,"
    return f"{rule_id},{a},{b},{horizontal},{vertical},{decided},{relation}"


def city(tmp_path: Path, *rows: str, header: str = "") -> Path:
    folder = tmp_path / "oldtown"
    folder.mkdir(exist_ok=True)
    path = folder / "clearance.csv"
    path.write_text(header + ",".join((*COLUMNS, RELATION)) + "\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def pack(tmp_path: Path, *rows: str, name: str = "de-demo") -> RulePack:
    return load_pack(PACKS / f"{name}.csv", override=city(tmp_path, *rows))


def water(gap: float, rules: RulePack, relation: Relation | None = None) -> tuple[Verdict, str | None]:
    placed = Placed("w", "1", "water", ("main",), None, 0.1, 1.0, "surveyed", 0.05, 0.05)
    found = assess(Excavation(PIT, 2.0, works="repair"), placed, gap, rules)
    return found.verdict, found.rule_id


def test_an_override_wins_and_is_named_in_the_finding(tmp_path: Path) -> None:
    rules = pack(tmp_path, row("oldtown-1", "excavation:machine", "water", "2", "0.3"))
    placed = Placed("w", "1", "water", ("main",), None, 0.1, 1.0, "surveyed", 0.05, 0.05)
    pit = Excavation(PIT, 2.0, works="repair")
    assert assess(pit, placed, 1.2, load_pack(PACKS / "de-demo.csv")).verdict is Verdict.CLEAR
    found = assess(pit, placed, 1.2, rules)
    assert found.verdict is Verdict.VIOLATES
    assert (found.rule_id, found.rule_pack, found.replaces) == ("oldtown-1", "oldtown", ("default-001",))
    assert (found.source, found.clause, found.rule_date) == ("Council decision 12", "4", "2026-05-01")
    assert found.rule_status == "confirmed"
    assert found.zones is not None
    assert found.zones.machine_rule == "oldtown-1"
    assert "rule-unconfirmed" in found.assumptions  # the distance for hand digging is still borrowed


def test_an_override_may_also_be_more_lenient(tmp_path: Path) -> None:
    rules = pack(tmp_path, row("oldtown-1", "water", "excavation:machine", "0.3", "0.2"))
    assert water(0.6, rules) == (Verdict.CLEAR, "oldtown-1")
    assert "default-001" not in {rule.rule_id for rule in rules}


def test_an_override_leaves_more_exact_rules_and_other_pairs_alone(tmp_path: Path) -> None:
    """A city that decides about gas has not decided about high pressure, which its country speaks of."""
    rules = pack(tmp_path, row("oldtown-1", "gas", "excavation:machine", "0.8"))
    high = rules.governing(Subject.of(Kind.GAS, ["HP1", "main"]), MACHINE)
    low = rules.governing(Subject.of(Kind.GAS, ["LP", "main"]), MACHINE)
    assert high is not None
    assert low is not None
    assert (high.rule_id, low.rule_id) == ("default-008", "oldtown-1")
    whole = load_pack(PACKS / "de-demo.csv")
    for kind in (Kind.WATER, Kind.SEWER, Kind.TELECOM):
        assert rules.applicable(Subject.of(kind), MACHINE) == whole.applicable(Subject.of(kind), MACHINE)


def test_an_override_of_one_condition_leaves_the_other(tmp_path: Path) -> None:
    """Merged per pair and condition: a crossing distance does not touch the distance beside."""
    rules = pack(tmp_path, row("oldtown-1", "water", "excavation:machine", "0.1", "0.1", "crossing"))
    pair = Subject.of(Kind.WATER, ["main"]), MACHINE
    assert [rule.rule_id for rule in rules.applicable(*pair, Relation.CROSSING)] == ["oldtown-1"]
    assert [rule.rule_id for rule in rules.applicable(*pair, Relation.PARALLEL)] == ["default-001"]
    for unsure in (Relation.OBLIQUE, None):
        assert {rule.rule_id for rule in rules.applicable(*pair, unsure)} == {"oldtown-1", "default-001"}
    assert rules.distinguishes
    assert not load_pack(PACKS / "de-demo.csv").distinguishes


def test_an_override_widens_the_search(tmp_path: Path) -> None:
    plain = load_pack(PACKS / "de-demo.csv")
    rules = pack(tmp_path, row("oldtown-1", "sewer", "building_foundation", "25"))
    assert search_radius_m(rules, 1.0) > search_radius_m(plain, 1.0) + 10


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        (["x-1,gas,excavation,1,,,4,2026-05-01,confirmed,file,,,"], "source"),
        (["x-1,gas,excavation,1,,a source,4,,confirmed,file,,,"], "date"),
        (["x-1,gas,excavation,1,,a source,4,2026-05-01,,file,,,"], "status"),
        ([row("x-1", "gas", "excavation", "1", "", "oblique")], "relation"),
        ([row("x-1", "gas", "excavation", "1"), row("x-2", "excavation", "gas", "2")], "a"),
    ],
)
def test_an_override_without_provenance_or_decided_twice_is_refused(
    tmp_path: Path, rows: list[str], column: str
) -> None:
    with pytest.raises(PackRowInvalid) as refusal:
        pack(tmp_path, *rows)
    assert refusal.value.params["column"] == column
    assert refusal.value.params["pack"] == "oldtown"


def test_an_override_takes_in_no_other_file(tmp_path: Path) -> None:
    path = city(tmp_path, row("x-1", "gas", "excavation", "1"), header="# include: us\n")
    with pytest.raises(PackRowInvalid):
        load_pack(PACKS / "de-demo.csv", override=path)
    with pytest.raises(PackError):
        load_pack(PACKS / "de-demo.csv", override=tmp_path / "missing.csv")
