"""One trench for many works: stretches, shares and costs that sum exactly (A21)."""

from __future__ import annotations

import random
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import LineString, Polygon

from permits.dig_overlap import Relation, Work, overlap, shares_of
from permits.dig_shares import parts_of
from permits.dig_split import Prices, Reach, Split, group_of, split

DAY = date(2026, 5, 4)
REACH = Reach(50, 90)


def work(ref: str, x0: float, x1: float, y: float = 0.0, *, start: int = 0, width: float = 1.0) -> Work:
    outline = LineString([(x0, y), (x1, y)]).buffer(width / 2, cap_style="flat")
    assert isinstance(outline, Polygon)
    return Work(
        ref, outline, DAY + timedelta(days=start), DAY + timedelta(days=start + 10), round(x1 - x0, 2), width
    )


def of(works: list[Work], *, step: float = 0.01, rate: float = 95.0) -> Split:
    found = split(works, REACH, Prices({each.ref: rate for each in works}, step))
    assert found is not None
    return found


def lengths(found: Split) -> dict[str, float]:
    return {"".join(each.works): each.length_m for each in found.stretches}


def test_three_works_pay_for_the_stretches_they_are_in() -> None:
    """A short work in the middle of two long ones shares there with both, and leaves the rest to the two."""
    found = of([work("a", 0, 300), work("b", 0, 300, 5), work("c", 120, 180, 10, width=2.0)])
    assert lengths(found) == {"abc": 60.0, "ab": 240.0}
    three, two = found.stretches
    assert (three.joint_width_m, three.area_m2, three.cost) == (2.0, 120.0, 11400.0)
    assert three.shares == {"a": 0.25, "b": 0.25, "c": 0.5}
    assert three.costs == {"a": 2850.0, "b": 2850.0, "c": 5700.0}
    assert two.shares == {"a": 0.5, "b": 0.5}
    assert [(each.ref, each.alone_m, each.shared_m) for each in found.works] == [
        ("a", 0.0, 300.0),
        ("b", 0.0, 300.0),
        ("c", 0.0, 60.0),
    ]
    assert found.saved_m == 60 * 2 + 240
    assert found.total == 60 * 2 * 95 + 240 * 95


def test_a_chain_of_seasons_is_no_one_trench() -> None:
    """B meets a and c; a and c are two seasons apart: nobody keeps a trench open so long."""
    found = of([work("a", 0, 100), work("b", 0, 100, 3, start=90), work("c", 0, 100, 6, start=180)])
    assert lengths(found) == {"ab": 100.0}
    assert [each.alone_m for each in found.works] == [0.0, 0.0, 100.0]


def test_who_has_declined_shares_with_the_others_only() -> None:
    works = [work("a", 0, 100), work("b", 0, 100, 3), work("c", 0, 100, 6)]
    prices = Prices({each.ref: 1.0 for each in works}, 0.01)
    found = split(works, REACH, prices, [frozenset("ab"), frozenset("ac")])
    assert found is not None
    assert lengths(found) == {"bc": 100.0}
    assert split(works[:2], REACH, prices, [frozenset("ab")]) is None
    assert split(works[:1], REACH, prices) is None


def test_the_group_is_all_that_meet_directly_or_through_others() -> None:
    pairs = [("a", "b"), ("b", "c"), ("c", "d"), ("x", "y")]
    assert group_of("b", pairs, 9) == (["b", "a", "c", "d"], True)
    assert group_of("b", pairs, 3) == (["b", "a", "c"], False)
    assert group_of("z", pairs, 9) == (["z"], True)


@given(st.integers(0, 10**9), st.lists(st.integers(1, 2000), min_size=1, max_size=9))
@settings(max_examples=80)
def test_parts_sum_to_the_whole_and_none_is_a_unit_off(whole: int, weights: list[int]) -> None:
    named = {f"w{number}": weight / 100 for number, weight in enumerate(weights)}
    parts = parts_of(whole, named)
    assert sum(parts.values()) == whole
    for (name, part), weight in zip(parts.items(), weights, strict=True):
        assert abs(part - Fraction(whole * weight, sum(weights))) < 1, name
    assert parts_of(whole, dict(reversed(named.items()))) == parts


@given(st.integers(1, 999), st.integers(1, 999))
@settings(max_examples=80)
def test_two_shares_are_what_rounding_makes_of_them(a: int, b: int) -> None:
    """The formula of two works is what it was: each width's part of both, to four decimals."""
    exact = {
        "a": round(Fraction(a, a + b) * 10_000) / 10_000,
        "b": round(Fraction(b, a + b) * 10_000) / 10_000,
    }
    assert shares_of({"a": a / 100, "b": b / 100}) == exact


_CM = st.integers(0, 40_000).map(lambda cm: cm / 100)
_STREET = st.lists(
    st.tuples(_CM, st.integers(100, 30_000), st.integers(-60, 60), st.integers(0, 200), st.integers(3, 40)),
    min_size=2,
    max_size=6,
)


def drawn(rows: list[tuple[float, int, int, int, int]]) -> list[Work]:
    return [
        work(f"w{n}", x, x + length / 100, float(y), start=start, width=width / 10)
        for n, (x, length, y, start, width) in enumerate(rows)
    ]


@given(rows=_STREET, seed=st.integers(0, 99), step=st.sampled_from([0.01, 1.0, 1000.0]))
@settings(max_examples=40, deadline=None)
def test_whatever_the_works_the_parts_sum_to_the_whole(
    rows: list[tuple[float, int, int, int, int]], seed: int, step: float
) -> None:
    """Order makes no difference; every metre is once in a stretch or alone; every unit of money has one payer."""
    works = drawn(rows)
    prices = Prices({each.ref: 10.0 + len(each.ref) for each in works}, step)
    found = split(works, REACH, prices)
    mixed = list(works)
    random.Random(seed).shuffle(mixed)
    assert split(mixed, REACH, prices) == found
    if found is None:
        return
    by_ref = {each.ref: each for each in works}
    for stretch in found.stretches:
        assert sum(round(each * 10_000) for each in stretch.shares.values()) == 10_000
        assert sum(round(each / step) for each in stretch.costs.values()) == round(stretch.cost / step)
        assert set(stretch.costs) == set(stretch.works)
        for a in stretch.works:
            for b in stretch.works:
                met = a == b or overlap(by_ref[a], by_ref[b], 50, 90)
                assert met is True or (met and met.relation is Relation.ALONG)
    for part in found.works:
        in_stretches = sum(round(each.length_m * 100) for each in found.stretches if part.ref in each.works)
        assert part.alone_m >= 0
        assert round(part.alone_m * 100) + in_stretches == round(by_ref[part.ref].length_m * 100)
    borne = sum(round((each.cost_alone + each.cost_shared) / step) for each in found.works)
    assert borne == round(found.total / step)


@given(rows=st.lists(_STREET.map(lambda each: each[0]), min_size=2, max_size=2), turn=st.floats(0, 40))
@settings(max_examples=40, deadline=None)
def test_two_works_share_what_two_works_always_shared(
    rows: list[tuple[float, int, int, int, int]], turn: float
) -> None:
    """For a pair the split is the pair's overlap: shared length, width, savings and shares."""
    a, b = drawn(rows)
    b = Work(b.ref, affinity.rotate(b.shape_m, turn), b.starts_on, b.ends_on, b.length_m, b.width_m)
    found = split([b, a], REACH, Prices({a.ref: 1.0, b.ref: 1.0}, 0.01))
    met = overlap(a, b, 50, 90)
    if met is None or met.shared_m == 0:
        assert found is None
        return
    assert found is not None
    (one,) = found.stretches
    assert (one.length_m, one.joint_width_m, one.shares) == (met.shared_m, met.joint_width_m, met.shares)
    assert (one.saved_m, one.saved_m2) == (
        met.saved_m,
        pytest.approx(met.saved_m2, abs=0.011 * b.width_m + 0.011),
    )
