"""One situation per data-quality rule. A bad place refuses a feature; a bad number only becomes unknown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import LineString, MultiPoint, Polygon, box
from sqlalchemy import Engine, text

from layers.checks import REPAIR_TOLERANCE_M2
from layers.city import City
from layers.ingest import deliver
from layers.report import DeliveryReport, Outcome, Severity

Write = Callable[..., Path]
GOOD = 40


def _pipe(number: int, **changes: Any) -> dict[str, Any]:
    y = 3901000.0 + number
    made = {"id": f"P{number}", "kind": "M", "dn": 10.0, "depth": 120.0, "mat": "PE", "a": "x", "b": "y"}
    return made | {"geometry": LineString([(501000, y), (501100, y)])} | changes


@pytest.fixture
def with_one(engine: Engine, toy: City, write: Write) -> Callable[..., DeliveryReport]:
    """Deliver many good pipes and one changed one."""

    def delivered(**changes: Any) -> DeliveryReport:
        rows = [_pipe(number) for number in range(GOOD)] + [_pipe(GOOD, **changes)]
        return deliver(engine, toy, toy.layer("pipes"), write(rows))

    return delivered


REFUSED = [
    ("missing-id", {"id": None}),
    ("missing-id", {"id": "  "}),
    ("missing-geometry", {"geometry": None}),
    ("missing-geometry", {"geometry": LineString()}),
    ("wrong-geometry-type", {"geometry": box(501000, 3901000, 501010, 3901010)}),
    ("wrong-geometry-type", {"geometry": MultiPoint([(501000, 3901000), (501001, 3901000)])}),
    ("outside-city", {"geometry": LineString([(401000, 3901000), (401010, 3901000)])}),
    ("duplicate-id", {"id": "P0"}),
    ("zero-length", {"geometry": LineString([(501000, 3901000), (501000, 3901000)])}),
]


@pytest.mark.parametrize(("code", "changes"), REFUSED)
def test_a_feature_in_no_trustworthy_place_is_refused_and_located(
    with_one: Any, code: str, changes: dict[str, Any]
) -> None:
    report = with_one(**changes)
    assert report.outcome is Outcome.PUBLISHED
    assert (report.read, report.good, report.repaired, report.refused) == (GOOD + 1, GOOD, 0, 1)
    assert report.counts == {f"error:{code}": 1}
    issue = report.issues[0]
    assert (issue.severity, issue.row) == (Severity.ERROR, GOOD)
    assert (issue.x is None) == (code == "missing-geometry")


NUMBERS = [
    ("depth", -50.0, "cover_m"),
    ("depth", 99999.0, "cover_m"),
    ("dn", -10.0, "diameter_mm"),
    ("dn", 0.0, "diameter_mm"),
    ("dn", 5000.0, "diameter_mm"),
]


@pytest.mark.parametrize(("column", "value", "field"), NUMBERS)
def test_a_bad_number_never_makes_a_pipe_vanish(
    engine: Engine, with_one: Any, column: str, value: float, field: str
) -> None:
    report = with_one(**{column: value})
    assert (report.good, report.refused) == (GOOD + 1, 0)
    assert report.counts == {"warning:out-of-range": 1}
    assert report.issues[0].params["field"] == field
    with engine.connect() as connection:
        kept = connection.execute(
            text(
                f"SELECT {field}, cover_source, vertical_uncertainty_m FROM layers.network_line "
                "WHERE feature_id = 'P40'"
            )
        ).one()
    assert kept[0] is None
    assert tuple(kept[1:]) == (("unknown", None) if field == "cover_m" else ("design", 0.3))


def test_a_word_outside_the_code_list_is_reported_and_kept(engine: Engine, with_one: Any) -> None:
    report = with_one(kind="X")
    assert report.counts == {"warning:unknown-code": 1}
    with engine.connect() as connection:
        role, kept = connection.execute(
            text("SELECT role, attributes FROM layers.network_line WHERE feature_id = 'P40'")
        ).one()
    assert (role, kept["kind"]) == ("other", "X")


def test_a_line_with_one_end_is_reported(with_one: Any) -> None:
    assert with_one(b=None).counts == {"warning:one-end-missing": 1}


def test_text_in_a_number_column_is_reported(engine: Engine, toy: City, write: Write) -> None:
    rows = [_pipe(0, depth="120"), _pipe(1, depth="deep"), _pipe(2, depth="۱۲۰"), _pipe(3, depth="")]
    report = deliver(engine, toy, toy.layer("pipes"), write(rows))
    assert report.counts == {"warning:unreadable-value": 1}
    assert (report.issues[0].feature_id, report.issues[0].params["value"]) == ("P1", "deep")
    with engine.connect() as connection:
        covers = connection.execute(
            text("SELECT cover_m FROM layers.network_line ORDER BY feature_id")
        ).scalars()
    assert list(covers) == [1.2, None, 1.2, None]


@pytest.fixture
def with_parcel(engine: Engine, toy: City, write: Write) -> Callable[[Any], DeliveryReport]:
    def delivered(shape: Any) -> DeliveryReport:
        rows = [
            {"pid": str(n), "geometry": box(502000 + 30 * n, 3902000, 502030 + 30 * n, 3902030)}
            for n in range(GOOD)
        ]
        path = write([*rows, {"pid": "odd", "geometry": shape}], table="parcels")
        return deliver(engine, toy, toy.layer("parcels"), path)

    return delivered


X, Y = 504000.0, 3904000.0


def test_t23_a_bow_tie_is_refused_with_its_crossing(engine: Engine, with_parcel: Any) -> None:
    """T23: invalid geometry killed a map. Which half is meant nobody can know, so it is refused."""
    bow = Polygon([(X, Y), (X + 20, Y + 20), (X + 20, Y), (X, Y + 20)])
    report = with_parcel(bow)
    assert report.counts == {"error:invalid-polygon": 1}
    assert "Self-intersection" in str(report.issues[0].params["reason"])
    with engine.connect() as connection:
        assert (
            connection.execute(
                text("SELECT count(*) FROM layers.parcel WHERE NOT ST_IsValid(geom)")
            ).scalar_one()
            == 0
        )


def test_t23_a_spike_of_no_area_is_repaired_and_said(engine: Engine, with_parcel: Any) -> None:
    spiked = Polygon([(X, Y), (X + 20, Y), (X + 20, Y + 20), (X + 25, Y + 20), (X + 20, Y + 20), (X, Y + 20)])
    report = with_parcel(spiked)
    assert (report.good, report.repaired, report.refused) == (GOOD, 1, 0)
    assert report.counts == {"notice:repaired-polygon": 1}
    with engine.connect() as connection:
        area, valid = connection.execute(
            text("SELECT ST_Area(geom), ST_IsValid(geom) FROM layers.parcel WHERE feature_id = 'odd'")
        ).one()
    assert valid
    assert area == pytest.approx(400.0, abs=1e-6)


@pytest.mark.parametrize("width", [0.5, 3.0])
def test_t23_a_small_twist_is_repaired_only_below_the_tolerance(with_parcel: Any, width: float) -> None:
    """A loop of w by w at a corner: the two readings differ by its area, and 1 m2 is the limit."""
    twisted = Polygon([(X, Y), (X + 20, Y), (X + 20, Y + 20 + width), (X + 20 + width, Y + 20), (X, Y + 20)])
    report = with_parcel(twisted)
    assert (report.repaired, report.refused) == (
        (1, 0) if width * width / 2 < REPAIR_TOLERANCE_M2 else (0, 1)
    )


def test_an_area_of_one_part_is_taken_out_of_its_collection(with_parcel: Any) -> None:
    from shapely.geometry import GeometryCollection

    assert with_parcel(GeometryCollection([box(X, Y, X + 10, Y + 10)])).good == GOOD + 1


def test_the_account_always_adds_up(with_parcel: Any) -> None:
    with pytest.raises(AssertionError):
        DeliveryReport(**{**_fields(with_parcel(box(X, Y, X + 1, Y + 1))), "good": 1})


def _fields(report: DeliveryReport) -> dict[str, Any]:
    return {name: getattr(report, name) for name in DeliveryReport.__dataclass_fields__}
