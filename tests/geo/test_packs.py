"""Clearance packs: every number traceable, every pair answered, exact beats general, order irrelevant."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import PackError, PackIncludeLoop, PackIncomplete, PackRowInvalid
from geo.packs import COLUMNS, load_pack, parse_party
from geo.rules import RulePack, RuleStatus, Subject, missing_pairs
from geo.vocabulary import DIMENSION, NETWORKS, Kind

PACKS = Path(__file__).resolve().parents[2] / "cities" / "packs"
NAMES = sorted(path.stem for path in PACKS.glob("*.csv"))
# The rows of the collected table of published clearances, all of which must have found a place.
COLLECTED_ROWS = 169


def load(name: str) -> RulePack:
    return load_pack(PACKS / f"{name}.csv")


def subject(text: str) -> Subject:
    kind, _, classes = text.partition(":")
    return Subject.of(Kind(kind), classes.split("+") if classes else [])


def applicable(pack: RulePack, one: str, other: str) -> list[float | None]:
    return [rule.horizontal_m for rule in pack.applicable(subject(one), subject(other))]


def write(tmp_path: Path, name: str, *rows: str, header: str = "") -> Path:
    path = tmp_path / f"{name}.csv"
    path.write_text(header + ",".join(COLUMNS) + "\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def row(rule_id: str, a: str, b: str, horizontal: str = "1", vertical: str = "0.2") -> str:
    return f"{rule_id},{a},{b},{horizontal},{vertical},a source,1,2026-01-01,unconfirmed,page,,"


@pytest.mark.parametrize("name", NAMES)
def test_every_pack_answers_every_network_against_digging_and_foundations(name: str) -> None:
    assert missing_pairs(load(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_carries_its_provenance(name: str) -> None:
    for rule in load(name):
        assert rule.source
        assert rule.rule_id.startswith(f"{rule.pack}-")
        assert rule.date.year >= 2026
        if rule.evidence in ("recalled", "page-secondary"):
            assert rule.status is RuleStatus.UNCONFIRMED, rule.rule_id


def test_all_collected_rows_are_in_a_pack() -> None:
    numbers = {int(rule.original.split("|")[0]) for name in NAMES for rule in load(name).own if rule.original}
    assert numbers == set(range(1, COLLECTED_ROWS + 1))


def test_printed_ranges_keep_their_worst_value_and_say_so() -> None:
    for name in NAMES:
        for rule in load(name).own:
            printed = rule.original.split("|")[4:6] if rule.original else []
            if any("-" in text for text in printed):
                assert "worst kept" in rule.note, rule.rule_id


@pytest.mark.parametrize("name", ["default", "ir", "ir-default"])
def test_borrowed_and_iranian_values_are_unconfirmed(name: str) -> None:
    assert {rule.status for rule in load(name)} == {RuleStatus.UNCONFIRMED}


def test_iran_gas_and_power() -> None:
    pack = load("ir-default")
    assert applicable(pack, "gas:MP", "electricity:LV") == [1.0]
    medium = pack.governing(subject("electricity:MV"), subject("gas:LP"))
    assert medium is not None
    assert (medium.horizontal_m, medium.vertical_m) == (1.0, 1.0)


def test_exact_class_beats_the_star() -> None:
    pack = load("default")
    assert applicable(pack, "gas:HP1", "excavation:machine") == [3.0]
    assert applicable(pack, "gas:LP", "excavation:machine") == [0.61]


def test_unknown_class_meets_every_class_strictest_first() -> None:
    found = applicable(load("default"), "gas", "building_foundation")
    assert found[0] == 13.5
    assert found == sorted(found, key=lambda value: value or 0, reverse=True)


def test_parent_class_leaves_its_children_open() -> None:
    """A pipe known only as high pressure may be of either high-pressure class."""
    assert applicable(load("default"), "gas:HP", "building_foundation")[:2] == [13.5, 5.0]


def test_known_class_excludes_the_others() -> None:
    assert applicable(load("default"), "gas:MP", "building_foundation") == [1.5]


def test_words_that_are_no_class_count_as_unknown() -> None:
    strange = Subject.of(Kind.GAS, ["LV", "NAYY 4x50", None, ""])
    assert strange == Subject.of(Kind.GAS)


def test_own_law_is_asked_before_borrowed_law() -> None:
    germany = load("de-demo")
    assert [pack.pack_id for pack in germany.fallbacks] == ["de", "eu", "default"]
    rule = germany.governing(subject("water"), subject("gas:LP"))
    assert rule is not None
    assert rule.pack == "de"
    digging = germany.governing(subject("water"), subject("excavation:machine"))
    assert digging is not None
    assert digging.pack == "default"


subjects = st.one_of(
    st.sampled_from(sorted(Kind)).map(Subject.of),
    st.tuples(st.sampled_from(sorted(Kind)), st.lists(st.sampled_from(sorted(DIMENSION)), max_size=3)).map(
        lambda pair: Subject.of(*pair)
    ),
)


@given(name=st.sampled_from(NAMES), one=subjects, other=subjects)
def test_the_order_of_a_pair_is_irrelevant(name: str, one: Subject, other: Subject) -> None:
    pack = _loaded(name)
    assert pack.applicable(one, other) == pack.applicable(other, one)


_CACHE: dict[str, RulePack] = {}


def _loaded(name: str) -> RulePack:
    return _CACHE.setdefault(name, load(name))


def test_incomplete_pack_is_refused_with_the_missing_pairs(tmp_path: Path) -> None:
    rows = [row(f"x-{n}", str(kind), "excavation") for n, kind in enumerate(sorted(NETWORKS))]
    path = write(tmp_path, "x", *rows, row("x-f", "gas", "building_foundation"))
    with pytest.raises(PackIncomplete) as refusal:
        load_pack(path)
    assert refusal.value.params["missing"] == [
        f"{kind}|building_foundation" for kind in sorted(NETWORKS) if kind != Kind.GAS
    ]


def test_a_rule_for_some_classes_only_does_not_complete_a_pack(tmp_path: Path) -> None:
    rows = [
        row(f"x-{n}", str(kind) if kind != Kind.GAS else "gas:LP", against)
        for n, (kind, against) in enumerate(
            itertools.product(sorted(NETWORKS), ["excavation", "building_foundation"])
        )
    ]
    with pytest.raises(PackIncomplete) as refusal:
        load_pack(write(tmp_path, "x", *rows))
    assert "gas|building_foundation" in refusal.value.params["missing"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        (row("x-1", "gaz", "water"), "a"),
        (row("x-1", "gas", "water:LV"), "b"),
        (row("x-1", "gas", "water", "1-2"), "horizontal_m"),
        (row("x-1", "gas", "water", "-1"), "horizontal_m"),
        (row("x-1", "gas", "water", "nan"), "horizontal_m"),
        (row("x-1", "gas", "water", "", ""), "vertical_m"),
        (row("", "gas", "water"), "rule_id"),
        (row("x-1", "gas", "water").replace("a source", ""), "source"),
        (row("x-1", "gas", "water").replace("2026-01-01", "yesterday"), "date"),
        (row("x-1", "gas", "water").replace("unconfirmed", "sure"), "status"),
    ],
)
def test_an_unreadable_row_is_located(tmp_path: Path, bad: str, column: str) -> None:
    with pytest.raises(PackRowInvalid) as refusal:
        load_pack(write(tmp_path, "x", row("x-0", "gas", "water"), bad), complete=False)
    assert (refusal.value.params["row"], refusal.value.params["column"]) == (2, column)


def test_repeated_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackRowInvalid):
        load_pack(
            write(tmp_path, "x", row("x-0", "gas", "water"), row("x-0", "gas", "sewer")), complete=False
        )


def test_packs_in_a_circle_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "x", header="# include: y\n")
    path = write(tmp_path, "y", header="# include: x\n")
    with pytest.raises(PackIncludeLoop):
        load_pack(path, complete=False)


def test_missing_file_and_foreign_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError):
        load_pack(tmp_path / "none.csv")
    path = tmp_path / "z.csv"
    path.write_text("a,b,c\n1,2,3\n", encoding="utf-8")
    with pytest.raises(PackRowInvalid):
        load_pack(path)


def test_parties_are_written_as_they_are_read() -> None:
    for text in ("gas", "gas:HP2", "excavation:hand", "any"):
        assert str(parse_party(text)) == text


def test_a_size_decides_where_a_norm_says_so() -> None:
    """Two gas pipes up to DN 300 may lie nearer to each other; a size nobody knows counts as the larger."""
    china = load("cn")
    assert applicable(china, "gas:LP+le300", "gas:LP+le300") == [0.4]
    assert applicable(china, "gas:LP+gt300", "gas:LP+le300") == [0.5]
    assert applicable(china, "gas:LP", "gas:LP")[0] == 0.5


@pytest.mark.parametrize(
    ("method", "found"), [("vacuum", 0.2), ("hand_boring", 0.2), ("boring", 0.61), ("hand", 0.2)]
)
def test_a_method_without_a_row_is_judged_as_the_one_it_resembles(method: str, found: float) -> None:
    assert applicable(load("default"), "water", f"excavation:{method}") == [found]


def test_a_row_for_a_gentle_method_says_nothing_of_the_rougher_one(tmp_path: Path) -> None:
    override = tmp_path / "town" / "clearance.csv"
    override.parent.mkdir()
    override.write_text(
        ",".join(COLUMNS) + "\n" + row("town-1", "water", "excavation:vacuum", "0.1") + "\n", encoding="utf-8"
    )
    pack = load_pack(PACKS / "default.csv", override=override)
    assert applicable(pack, "water", "excavation:vacuum") == [0.1]
    assert applicable(pack, "water", "excavation:hand") == [0.2]
    assert applicable(pack, "water", "excavation:machine") == [0.61]
