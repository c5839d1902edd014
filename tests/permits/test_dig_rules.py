"""The pure rules of excavations: terms, costs, clocks, overlap, photos."""

from __future__ import annotations

import math
import struct
import zlib
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import LineString, Point, Polygon, box

from permits.dig_clocks import bars_until, due_after, permit_until, warnings_due
from permits.dig_costs import CostBasis, SharedPart, billed_area_m2, costs, delay_fine
from permits.dig_errors import DigTermsInvalid, PhotoTooLarge, PhotoUnusable
from permits.dig_overlap import Relation, Work, dimensions_m, overlap
from permits.dig_photo import MAX_BYTES, photo_from
from permits.dig_terms import DEFAULTS, KNOWN, TermStatus, read_terms
from permits.dig_vocabulary import Pavement
from permits.vocabulary import DigMethod
from tests.permits.town import ROOT

TERMS = read_terms(ROOT / "cities" / "schutterwald")
DAY = date(2026, 5, 4)


# --- terms


@pytest.mark.parametrize("city", ["schutterwald", "karhula", "nemuneh"])
def test_every_city_has_every_term_with_its_source(city: str) -> None:
    terms = read_terms(ROOT / "cities" / city)
    assert set(terms.terms) == set(KNOWN)
    assert all(term.source and term.unit and term.dated for term in terms.terms.values())


def test_the_clocks_of_the_decision_of_1394_are_confirmed_where_they_hold() -> None:
    """15 days for the first answer and 5 for a repeat: confirmed in the Iranian city, a default elsewhere."""
    nemuneh = read_terms(ROOT / "cities" / "nemuneh")
    for term_id, days in (("first_answer_days", 15), ("repeat_answer_days", 5)):
        assert nemuneh.whole(term_id) == TERMS.whole(term_id) == days
        assert nemuneh.terms[term_id].status is TermStatus.CONFIRMED
        assert TERMS.terms[term_id].status is TermStatus.UNCONFIRMED


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("[terms.no_such_term]\nvalue = 1", "no_such_term"),
        ("[terms.renewals]\nvalue = 1", "renewals"),
        (
            '[terms.renewals]\nvalue = -1\nunit = "x"\nsource = "x"\ndated = 2026-01-01\nstatus = "confirmed"',
            "renewals",
        ),
        (
            '[terms.renewals]\nvalue = 1\nunit = "x"\nsource = "x"\ndated = 2026-01-01\nstatus = "sure"',
            "renewals",
        ),
        ("nonsense", "-"),
    ],
)
def test_a_wrong_term_is_named(tmp_path: Path, text: str, term: str) -> None:
    (tmp_path / "city").mkdir()
    (tmp_path / "city" / "digs.toml").write_text(text)
    with pytest.raises(DigTermsInvalid) as caught:
        read_terms(tmp_path / "city")
    assert caught.value.params["term"] == term


def test_a_city_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    assert DEFAULTS.is_file()
    assert read_terms(tmp_path / "nowhere").whole("guarantee_days") == 365


# --- costs


def basis(**changes: object) -> CostBasis:
    made = {"length_m": 60.0, "width_m": 1.0, "pavement": Pavement.ASPHALT, "asphalt_age_years": 8.0}
    return CostBasis(**(made | changes))  # type: ignore[arg-type]


def test_the_bill_follows_its_formula_and_shows_its_inputs() -> None:
    bill = costs(basis(asphalt_age_years=3, quality_coefficient=1.2, earlier_digs=2), TERMS, "EUR")
    damage, supervision = bill.items
    assert damage.amount == round(60 * 95 * 1.5 * 1.2 * 1.5, 2)
    assert supervision.amount == round(damage.amount * 0.1, 2)
    assert bill.total == round(damage.amount + supervision.amount, 2)
    assert damage.inputs["repeat_coefficient"] == 1.5
    assert "damage_rates" in bill.unconfirmed


def test_a_bore_opens_the_pavement_at_its_pits_alone() -> None:
    bored = costs(basis(method=DigMethod.HAND_BORING), TERMS, "EUR")
    assert bored.items[0].amount == pytest.approx(costs(basis(), TERMS, "EUR").items[0].amount * 0.15)


def test_rials_are_billed_in_whole_thousands() -> None:
    bill = costs(basis(length_m=7.333), read_terms(ROOT / "cities" / "nemuneh"), "IRR")
    assert all(item.amount % 1000 == 0 for item in bill.items)


def test_a_joint_trench_costs_its_share() -> None:
    """The shared 50 m of a joint trench 1.5 m wide at 40 %, and the 10 m alone."""
    shared = SharedPart(50.0, 1.5, 0.4)
    assert billed_area_m2(basis(shared=(shared,)), TERMS) == pytest.approx(10 * 1.0 + 50 * 1.5 * 0.4)
    three = (SharedPart(20.0, 1.5, 0.25), SharedPart(30.0, 1.2, 0.5))
    bill = costs(basis(shared=three), TERMS, "EUR")
    assert bill.items[0].inputs["area_m2"] == pytest.approx(10 * 1.0 + 20 * 1.5 * 0.25 + 30 * 1.2 * 0.5)
    assert (bill.items[0].inputs["shared_length_m"], bill.items[0].inputs["stretches"]) == (50.0, 2)


def test_the_smallest_area_and_the_oldest_pavement() -> None:
    assert billed_area_m2(basis(length_m=0.5, width_m=0.5), TERMS) == 1.0
    assert TERMS.age_factor(5000) == 0.8
    assert TERMS.age_factor(None) == 1.0
    assert [TERMS.repeat_factor(n) for n in range(6)] == [1.0, 1.25, 1.5, 2.0, 2.0, 2.0]


def test_a_delay_within_the_allowance_costs_nothing() -> None:
    assert [delay_fine(days, 5, TERMS) for days in (-3, 0, 5, 6, 15)] == [0, 0, 0, 50, 500]


@given(
    length=st.floats(0.1, 5000), width=st.floats(0.1, 20), more=st.floats(1.0, 3.0), earlier=st.integers(0, 9)
)
@settings(max_examples=60)
def test_more_ground_or_more_repetition_never_costs_less(
    length: float, width: float, more: float, earlier: int
) -> None:
    less = costs(basis(length_m=length, width_m=width, earlier_digs=earlier), TERMS, "EUR").total
    assert (
        costs(basis(length_m=length * more, width_m=width, earlier_digs=earlier), TERMS, "EUR").total >= less
    )
    assert costs(basis(length_m=length, width_m=width, earlier_digs=earlier + 1), TERMS, "EUR").total >= less


# --- clocks


def test_a_clock_ends_with_the_last_second_of_its_last_day() -> None:
    """T7: it starts with the question; days are the city's, across the change of the clock too."""
    asked = datetime(2026, 3, 20, 23, 30, tzinfo=UTC)  # the 21st in Berlin
    due = due_after(asked, 15, "Europe/Berlin")
    assert due == datetime(2026, 4, 5, 21, 59, 59, tzinfo=UTC)


def test_t21_warnings_at_half_at_four_fifths_and_at_the_end() -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    end = start + timedelta(days=10)
    steps = [
        warnings_due(start, end, start + timedelta(days=d), (0.5, 0.8)) for d in (0, 4.9, 5, 7.9, 8, 9.9, 10)
    ]
    assert steps == [0, 0, 1, 1, 2, 2, 3]


def test_a_young_pavement_bars_until_its_years_are_over() -> None:
    assert bars_until(date(2024, 2, 29), 5, date(2026, 1, 1)) == date(2029, 3, 1)
    assert bars_until(date(2020, 1, 1), 5, date(2025, 1, 1)) is None
    assert bars_until(date(2026, 6, 1), 5, date(2026, 5, 1)) is None
    assert bars_until(date(2026, 6, 1), 0, date(2026, 6, 1)) is None
    assert permit_until(DAY, 5) == DAY + timedelta(days=5)


# --- overlap


def work(ref: str, shape_m: Polygon, start: int = 0, days: int = 10, width: float = 1.0) -> Work:
    length, _ = dimensions_m(shape_m)
    return Work(ref, shape_m, DAY + timedelta(days=start), DAY + timedelta(days=start + days), length, width)


def street(x0: float, x1: float, y: float, width: float = 1.0) -> Polygon:
    made = LineString([(x0, y), (x1, y)]).buffer(width / 2, cap_style="flat")
    assert isinstance(made, Polygon)
    return made


def test_two_works_side_by_side_share_their_common_length() -> None:
    a, b = work("a", street(0, 60, 0)), work("b", street(0, 100, 5), start=20, width=1.5)
    found = overlap(a, b, 50, 90)
    assert found is not None
    assert (found.relation, found.gap_days, found.distance_m) == (Relation.ALONG, 10, 4.0)
    assert found.shared_m == 60.0
    assert found.joint_width_m == 1.5
    assert found.saved_m2 == pytest.approx(60 * (1.0 + 1.5 - 1.5))
    assert found.shares == {"a": 0.4, "b": 0.6}


def test_works_that_cross_share_no_trench() -> None:
    a = work("a", street(0, 60, 0))
    b = work("b", affinity.rotate(street(0, 60, 0), 90, origin=(30, 0)))
    found = overlap(a, b, 50, 90)
    assert found is not None
    assert (found.relation, found.shared_m, found.saved_m2) == (Relation.CROSSING, 0.0, 0.0)


@pytest.mark.parametrize(("gap", "meets"), [(0, True), (90, True), (91, False)])
def test_the_window_is_ninety_days(gap: int, meets: bool) -> None:
    a, b = work("a", street(0, 60, 0)), work("b", street(0, 60, 0), start=10 + gap)
    assert (overlap(a, b, 50, 90) is not None) == meets


@pytest.mark.parametrize(("apart", "meets"), [(49.9, True), (50.1, False)])
def test_the_buffer_is_fifty_metres(apart: float, meets: bool) -> None:
    a, b = work("a", street(0, 60, 0)), work("b", street(0, 60, apart + 1.0))
    assert (overlap(a, b, 50, 90) is not None) == meets


@given(
    dx=st.floats(-80, 80), dy=st.floats(-80, 80), turn=st.floats(0, 180), start=st.integers(-120, 120),
    width=st.floats(0.3, 4), east=st.floats(-1e5, 1e5),
)  # fmt: skip
@settings(max_examples=120)
def test_overlap_is_symmetric_and_does_not_depend_on_the_place(
    dx: float, dy: float, turn: float, start: int, width: float, east: float
) -> None:
    a = work("a", street(0, 60, 0))
    shape = affinity.translate(affinity.rotate(street(0, 40, 0, width), turn, origin=(20, 0)), dx, dy)
    b = work("b", shape, start=start, width=width)
    one, other = overlap(a, b, 50, 90), overlap(b, a, 50, 90)
    assert one == other or (one is not None and other is not None and one.shares == other.shares)
    far = [work("a", affinity.translate(a.shape_m, east, east)),
           work("b", affinity.translate(shape, east, east), start=start, width=width)]  # fmt: skip
    moved = overlap(*far, 50, 90)
    if one is None or moved is None:
        # Only works exactly at the buffer's edge may fall to either side.
        assert one is moved or a.shape_m.distance(shape) == pytest.approx(50, abs=1e-6)
        return
    assert math.isclose(moved.distance_m, one.distance_m, abs_tol=0.02)
    assert 0 <= one.shared_m <= min(a.length_m, b.length_m) + 0.01
    assert sum(one.shares.values()) == pytest.approx(1, abs=2e-4)


def test_dimensions_of_what_was_drawn() -> None:
    assert dimensions_m(box(0, 0, 12, 0.8)) == pytest.approx((12, 0.8))
    bent = LineString([(0, 0), (30, 0), (30, 30)]).buffer(0.5, cap_style="flat", join_style="mitre")
    assert isinstance(bent, Polygon)
    length, width = dimensions_m(bent)
    assert length == pytest.approx(60, rel=0.02)
    assert width == pytest.approx(1.0, rel=0.02)
    round_pit = Point(0, 0).buffer(2)
    assert isinstance(round_pit, Polygon)
    assert math.prod(dimensions_m(round_pit)) == pytest.approx(round_pit.area)


# --- photos


def tiff(lat: float, lon: float, taken: str) -> bytes:
    """An EXIF block (big-endian TIFF) with a position and a time."""

    def fractions(value: float) -> bytes:
        degrees = int(abs(value))
        minutes = int((abs(value) - degrees) * 60)
        seconds = round(((abs(value) - degrees) * 60 - minutes) * 60 * 1000)
        return struct.pack(">6I", degrees, 1, minutes, 1, seconds, 1000)

    head = b"MM\0*" + struct.pack(">I", 8)
    first = (
        struct.pack(">H", 2) + struct.pack(">HHII", 0x8769, 4, 1, 38) + struct.pack(">HHII", 0x8825, 4, 1, 76)
    )
    exif = struct.pack(">H", 1) + struct.pack(">HHII", 0x9003, 2, 20, 56) + struct.pack(">I", 0)
    text = taken.encode() + b"\0"
    gps = struct.pack(">H", 4)
    gps += struct.pack(">HHI", 1, 2, 2) + (b"N" if lat >= 0 else b"S") + b"\0\0\0"
    gps += struct.pack(">HHII", 2, 5, 3, 130)
    gps += struct.pack(">HHI", 3, 2, 2) + (b"E" if lon >= 0 else b"W") + b"\0\0\0"
    gps += struct.pack(">HHII", 4, 5, 3, 154) + struct.pack(">I", 0)
    return head + first + struct.pack(">I", 0) + exif + text + gps + fractions(lat) + fractions(lon)


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """A JPEG of 3 x 2 as far as its structure goes, with these segments before the picture."""

    def segment(marker: int, data: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data

    frame = segment(0xC0, struct.pack(">BHHB", 8, 2, 3, 1) + b"\1\x11\0")
    scan = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\x34\xff\x00\x56\xff\xd9"
    return b"\xff\xd8" + b"".join(segment(*each) for each in segments) + frame + scan


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    made = b"".join(
        kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2) for kind, body in chunks
    )
    return b"RIFF" + struct.pack("<I", len(made) + 4) + b"WEBP" + made


def test_a_jpeg_loses_its_exif_and_keeps_two_things_of_it_as_data() -> None:
    exif = b"Exif\0\0" + tiff(48.45, 7.8725, "2026:05:04 09:08:07")
    raw = jpeg((0xE0, b"JFIF\0"), (0xE1, exif), (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"), (0xFE, b"me"))
    photo = photo_from(raw + b"hidden behind the end")
    assert (photo.width, photo.height, photo.media_type) == (3, 2, "image/jpeg")
    assert b"Exif" not in photo.content
    assert b"adobe" not in photo.content
    assert b"hidden" not in photo.content
    assert photo.content == jpeg((0xE0, b"JFIF\0"))
    assert photo.said["taken_at"] == "2026-05-04T09:08:07"
    assert photo.said["place"] == {
        "lon": pytest.approx(7.8725, abs=1e-6),
        "lat": pytest.approx(48.45, abs=1e-6),
    }
    assert photo_from(photo.content).content == photo.content


def test_a_webp_loses_its_exif_and_the_flag_that_announced_it() -> None:
    vp8x = bytes([0b0000_1100, 0, 0, 0]) + (9).to_bytes(3, "little") + (4).to_bytes(3, "little")
    exif = tiff(-33.9, -70.5, "2026:05:04 09:08:07")
    photo = photo_from(webp((b"VP8X", vp8x), (b"VP8L", b"\x2f1234"), (b"EXIF", exif), (b"XMP ", b"<x/>")))
    assert (photo.width, photo.height) != (0, 0)
    assert photo.content[20] == 0
    assert b"EXIF" not in photo.content
    assert photo.said["place"]["lat"] == pytest.approx(-33.9, abs=1e-6)
    assert struct.unpack("<I", photo.content[4:8])[0] == len(photo.content) - 8


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not-an-image"),
        (b"GIF89a", "not-an-image"),
        (b"<svg onload='x'/>", "not-an-image"),
        (b"\xff\xd8\xff", "damaged"),
        (jpeg()[:-2], "damaged"),
        (jpeg()[:12], "damaged"),
        (png((b"IHDR", struct.pack(">IIBBBBB", 0, 5, 8, 0, 0, 0, 0)), (b"IEND", b"")), "size"),
        (png((b"IHDR", struct.pack(">IIBBBBB", 19000, 19000, 8, 0, 0, 0, 0)), (b"IEND", b"")), "size"),
        (png((b"IHDR", struct.pack(">IIBBBBB", 5, 5, 8, 0, 0, 0, 0))), "damaged"),
        (webp((b"VP8L", b"\x2f")), "size"),
        (webp((b"VP8L", b"\x2f1234"))[:-3], "damaged"),
    ],
)
def test_what_is_no_usable_picture_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(PhotoUnusable) as caught:
        photo_from(raw)
    assert caught.value.params["reason"] == reason


def test_a_photo_of_too_many_bytes_is_refused() -> None:
    with pytest.raises(PhotoTooLarge):
        photo_from(b"\xff\xd8\xff" + b"\0" * MAX_BYTES)


@given(
    st.binary(max_size=200),
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b""]),
)
@settings(max_examples=150)
def test_no_bytes_at_all_break_the_reader(noise: bytes, start: bytes) -> None:
    with suppress(PhotoUnusable):
        assert photo_from(start + noise).digest


@given(st.binary(max_size=120))
@settings(max_examples=100)
def test_no_exif_breaks_the_reader(noise: bytes) -> None:
    photo = photo_from(jpeg((0xE1, b"Exif\0\0MM\0*" + noise)))
    assert b"Exif" not in photo.content
