"""The excavation's map on paper: numbers that can be read, and conditions in full (A13, A15, A20)."""

from __future__ import annotations

import math
import random
import re
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import shapely
from shapely.geometry import LineString, box, mapping
from shapely.geometry.base import BaseGeometry

from api.badge_places import Places, anchors_of
from api.dig_sheet import sheet
from api.i18n import LANGUAGES, Language
from geo.crs import to_wgs84
from layers.city import load_city
from layers.pack_contents import Collected, PackRequest
from permits.dig_map import DigMap

CITY = load_city(Path(__file__).resolve().parents[2] / "cities", "schutterwald")
WEST, SOUTH = 418566.0, 5367463.0
TRENCH = box(WEST, SOUTH, WEST + 50, SOUTH + 0.8)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
HOURS = {"weekdays": [1, 2, 3, 4, 5], "from": "08:00", "to": "14:00", "notice_hours": 48}
COUNT = 14


def finding(number: int, verdict: str, line: BaseGeometry) -> dict[str, Any]:
    """Every second one is the gas company's."""
    layer, owner = ("gas_lines", "gas") if number % 2 else ("power_lv_lines", "power")
    said = {
        "kind": "finding",
        "ref": f"{layer}/L{number}",
        "utility": "gas",
        "owner": owner,
        "verdict": verdict,
    }
    shown = mapping(to_wgs84(line, CITY.city_crs))
    return {
        "geometry": shown,
        "properties": {**said, "explanation": "finding-no-rule", "params": {"through": 0.8}},
    }


def made(conditions: list[dict[str, Any]], permit: dict[str, Any] | None = None) -> DigMap:
    """A trench with lines that all lie upon each other: some in the way, the last two clear."""
    line = LineString([(WEST - 10, SOUTH + 0.4), (WEST + 60, SOUTH + 0.4)])
    verdicts = ["violates"] * (COUNT - 2) + ["clear"] * 2
    found = [finding(number, verdict, line) for number, verdict in enumerate(verdicts, 1)]
    dig = SimpleNamespace(
        dig_no="D2026-000001", title="Main", status="requested", kind="development", agency="gas", contractor=None,
        supervisor=None, works={"length_m": 50, "width_m": 0.8}, excavation=None, listed=[], permit=permit,
        starts_on=date(2026, 12, 1), ends_on=date(2026, 12, 9), suggested_conditions=conditions,
    )  # fmt: skip
    request = PackRequest(CITY, TRENCH.buffer(30), [], "Officer", NOW)
    around = Collected([], (), {}, {})
    return DigMap(CITY, cast(Any, dig), TRENCH, request, around, {"features": found}, NOW)


def condition(code: str, *refs: str, **params: Any) -> dict[str, Any]:
    return {"code": code, "note": None, "params": {"findings": list(refs), **params}}


def numbers(page: str) -> list[tuple[float, float, float, str]]:
    """The numbered circles: middle, radius, what stands in them."""
    found = re.findall(r'<g><circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"[^>]*/><text[^>]*>([^<]+)<', page)
    return [(float(x), float(y), float(r), said) for x, y, r, said in found]


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_of_lines_that_lie_upon_each_other_can_all_be_read(language: Language) -> None:
    """A20: one for each finding that is not clear, in the reader's digits, none on another."""
    circles = numbers(sheet(made([]), language))
    digits = "۰۱۲۳۴۵۶۷۸۹" if language == "fa" else "0123456789"
    wanted = ["".join(digits[int(sign)] for sign in str(number)) for number in range(1, COUNT - 1)]
    assert [said for *_, said in circles] == wanted
    pairs = [(one, other) for one in circles for other in circles if one is not other]
    assert all(math.dist(one[:2], other[:2]) > one[2] + other[2] for one, other in pairs)


def test_persian_numbers_in_a_row_are_parted_by_a_comma() -> None:
    """A point between Persian digits is read as a zero; so is nothing at all."""
    hours = {**HOURS, "owner": "gas", "within": 1.7}
    refs = [f"gas_lines/L{number}" for number in (1, 3, 5)]
    page = sheet(
        made([condition("work-window", *refs, **hours), condition("restore-cover", "gas_lines/L13")]), "fa"
    )
    assert "ردیف ۱، ۳، ۵" in page
    assert "دوشنبه تا جمعه، ساعت ۰۸:۰۰ تا ۱۴:۰۰؛ با اعلام ۴۸ ساعت" in page
    assert "تا ۱٫۷ متری هر سوی خط" in page
    assert "شرکت گاز شوتروالد" in page
    assert "۲۰ متر" in page
    # What is clear has no number: it is called by its layer's name.
    assert 'لوله‌های گاز <bdi dir="ltr">L13</bdi></span></li>' in page
    assert "gas_lines/" not in page
    assert "به طول ۰٫۸ متر از درون حفاری می‌گذرد" in page


def test_conditions_that_differ_in_a_value_are_two() -> None:
    both = [condition("owner-watch", owner=owner, within=1.7) for owner in ("gas", "power")]
    page = sheet(made(both), "en")
    assert page.count("The owner’s representative attends the digging") == 2
    assert "Schutterwald Power; up to 1.7 m on either side" in page


def test_a_permit_without_conditions_has_none_on_paper() -> None:
    """What the officer struck does not come back as the permit's own."""
    suggested = [condition("owner-watch", owner="gas")]
    assert "representative attends" in sheet(made(suggested), "en")
    page = sheet(made(suggested, {"permit_no": "P1", "conditions": []}), "en")
    assert "representative attends" not in page
    assert "Conditions of the permit" not in page


def test_no_two_places_touch_and_where_all_is_full_there_is_none() -> None:
    seed = 20260
    print(f"seed {seed}")
    chance = random.Random(seed)
    places = Places(40, 30, 2.0, [(0, 0, 10, 10)])
    taken = []
    for _ in range(200):
        spot = places.take([(chance.uniform(0, 40), chance.uniform(0, 30))])
        taken += [] if spot is None else [spot[0]]
    assert 20 < len(taken) < 90
    assert all(math.dist(a, b) >= 4 for a in taken for b in taken if a is not b)
    assert all(2 <= x <= 38 and 2 <= y <= 28 and not (x < 12 and y < 12) for x, y in taken)


def test_a_number_stands_on_what_the_works_touch() -> None:
    spots = anchors_of(LineString([(WEST - 900, SOUTH + 0.4), (WEST + 20, SOUTH + 0.4)]), TRENCH)
    assert all(TRENCH.buffer(3.1).contains(shapely.Point(spot)) for spot in spots)
    (far,) = anchors_of(LineString([(WEST, SOUTH + 9), (WEST + 10, SOUTH + 99)]), TRENCH)
    assert far == pytest.approx((WEST, SOUTH + 9))
