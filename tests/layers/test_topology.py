"""The rules of whole deliveries, one by one: each finds its fault, and none finds one where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import LineString, Polygon, box
from sqlalchemy import Engine, text

from layers.city import City, load_city
from layers.deliveries import one
from layers.delivery_errors import RepairNotShown
from layers.ingest import deliver, roll_back
from layers.repairs import UNDO, repairs, undo
from layers.report import DeliveryReport, Outcome
from tests.layers.open_rows import untrue

X, Y = 501000.0, 3901000.0

MORE = """
[[layer]]
id = "nodes"
name = { en = "Nodes", fa = "گره‌ها" }
target = "network_node"
source = "file"
table = "nodes"
owner = "water"
utility = "water"
sensitivity = "shared"
freshness_days = 30
fields = { feature_id = "id" }
quality = { level = "D", horizontal_uncertainty_m = 1.0, source = "the tests" }
"""


def line(name: str, *xy: tuple[float, float], **changes: Any) -> dict[str, Any]:
    made = {
        "id": name,
        "kind": "M",
        "dn": 10.0,
        "depth": 120.0,
        "mat": "PE",
        "a": None,
        "b": None,
        "main": None,
    }
    return made | {"geometry": LineString([(X + x, Y + y) for x, y in xy])} | changes


@pytest.fixture
def city(toy_root: Path) -> City:
    file = toy_root / "toytown" / "layers.toml"
    known = file.read_text(encoding="utf-8").replace(
        'fields.to_node = "b"', 'fields.to_node = "b"\nfields.main_id = "main"'
    )
    file.write_text(known + MORE, encoding="utf-8")
    return load_city(toy_root, "toytown")


@pytest.fixture
def send(engine: Engine, city: City, write: Callable[..., Path]) -> Callable[..., DeliveryReport]:
    def sent(rows: list[dict[str, Any]], layer: str = "pipes") -> DeliveryReport:
        spec = city.layer(layer)
        return deliver(engine, city, spec, write(rows, table=spec.table))

    return sent


def found(report: DeliveryReport) -> list[tuple[str, str | None]]:
    return [(issue.code, issue.feature_id) for issue in report.issues if issue.code != "duplicate-geometry"]


MAIN = line("m", (0, 0), (100, 0))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (line("o", (50, 0), (50, 20)), []),
        (line("o", (50, 0.3), (50, 20)), [("undershoot", "o")]),
        (line("o", (50, -0.3), (50, 20)), [("overshoot", "o")]),
        (line("o", (50, 0.02), (50, 20)), [("snapped-end", "o")]),
        (line("o", (100.03, 0), (150, 0)), [("snapped-end", "o")]),
        (line("o", (50, 0.9), (50, 20)), []),
        (line("o", (50, 5), (50, 20), kind="S"), [("dangling-service", "o")]),
        (line("o", (50, 0), (50, 20), kind="S", main="m"), []),
        (line("o", (50, 5), (50, 20), kind="S", main="m"), [("dangling-service", "o"), ("service-off-main", "o")]),
        (line("o", (50, 0), (50, 20), kind="S", main="gone"), [("unknown-main", "o")]),
    ],
)  # fmt: skip
def test_ends(send: Any, other: dict[str, Any], expected: list[Any]) -> None:
    assert found(send([MAIN, other])) == expected


def test_ends_that_are_said_to_be_elsewhere_are_no_fault(send: Any) -> None:
    """Two services that end 3 cm apart in one house stay two: their nodes say so."""
    main = MAIN | {"a": "n1", "b": "n2"}
    report = send([
        main,
        line("s1", (50, 0), (50, 20), kind="S", a="t1", b="door1", main="m"),
        line("s2", (51, 0), (50.03, 20), kind="S", a="t2", b="door2", main="m"),
    ])  # fmt: skip
    assert found(report) == []


def test_links(send: Any) -> None:
    rows = [
        line("a", (0, 0), (100, 0), a="n1", b="n2"),
        line("b", (100, 0), (200, 0), a="n2", b="n3"),
        line("c", (200, 0), (300, 0), a="n3", b="n4"),
        line("d", (300, 0), (200, 0), a="n3", b="n4"),
        line("e", (200, 0), (200, 50), a="n3", b="n5"),
    ]
    assert sorted(found(send(rows))) == [("duplicate-link", "d"), ("reversed-link", "d")]


def test_missing_nodes_are_told_once_nodes_are_known(send: Any) -> None:
    point = [{"id": name, "geometry": shapely.Point(X, Y)} for name in ("n1", "n2")]
    rows = [line("a", (0, 0), (100, 0), a="n1", b="n2"), line("b", (100, 0), (200, 0), a="n2", b="n9")]
    assert found(send(rows)) == []
    assert send(point, "nodes").outcome is Outcome.PUBLISHED
    rows[0]["mat"] = "PVC"
    assert found(send(rows)) == [("missing-node", "b")]


def test_parcels_cover_the_ground(send: Any) -> None:
    def parcel(name: str, *bounds: float) -> dict[str, Any]:
        west, south, east, north = bounds
        return {"pid": name, "geometry": box(X + west, Y + south, X + east, Y + north)}

    whole = [parcel("p1", 0, 0, 20, 20), parcel("p2", 20, 0, 40, 20), parcel("p3", 0, 20, 40, 40)]
    assert found(send(whole, "parcels")) == []
    report = send([*whole[:2], parcel("p3", 0, 19.5, 40, 40)], "parcels")
    assert [code for code, _ in found(report)] == ["parcels-overlap"] * 2
    assert report.issues[0].params["area_m2"] == 10.0
    ring = [
        parcel("q1", 0, 0, 30, 10),
        parcel("q2", 0, 11, 30, 20),
        parcel("q3", 0, 10, 10, 11),
        parcel("q4", 12, 10, 30, 11),
    ]
    (gap,) = send(ring, "parcels").issues
    assert (gap.code, gap.params["area_m2"]) == ("parcels-gap", 2.0)


def test_a_repair_is_logged_with_the_shape_as_delivered(engine: Engine, send: Any) -> None:
    report = send([MAIN, line("o", (50, 0.02), (50, 20))])
    assert (report.good, report.repaired) == (1, 1)
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT delivery_id, feature_id, code, params, ST_AsText(before), ST_SRID(before) FROM layers.repair"
            )
        ).one()
        shown = connection.execute(
            text("SELECT ST_Y(ST_StartPoint(geom)) FROM layers.network_line WHERE feature_id = 'o'")
        ).scalar_one()
    assert tuple(row[:4]) == (report.delivery_id, "o", "snapped-end", {"other": "m", "gap_m": 0.02})
    assert row[4] == "LINESTRING(501050 3901000.02,501050 3901020)"
    assert row[5] == 32639
    assert shown == Y


def _start(engine: Engine, name: str) -> list[float]:
    with engine.connect() as connection:
        return list(
            connection.execute(
                text(
                    "SELECT ST_Y(ST_StartPoint(geom)) FROM layers.network_line "
                    "WHERE feature_id = :name AND retired_by IS NULL"
                ),
                {"name": name},
            ).scalars()
        )


def test_one_repair_is_taken_back_and_the_others_stay(engine: Engine, city: City, send: Any) -> None:
    """As a delivery of its own, which can be rolled back; what is not shown as repaired is refused."""
    rows = [MAIN, line("o", (50, 0.02), (50, 20)), line("p", (70, 0.03), (70, 20))]
    first = send(rows)
    spec = city.layer("pipes")
    with engine.connect() as connection:
        found = repairs(connection, city, spec, first.delivery_id)
    told = {each.feature_id: (each.codes, each.is_shown, each.back) for each in found}
    assert told == {"o": (("snapped-end",), True, "delivered"), "p": (("snapped-end",), True, "delivered")}
    assert (found[0].before_m.coords[0], found[0].after_m.coords[0]) == ((X + 50, Y + 0.02), (X + 50, Y))

    made = undo(engine, city, "pipes", first.delivery_id, ["o"], by="clerk", note="they do not meet")
    assert (_start(engine, "o"), _start(engine, "p")) == ([Y + 0.02], [Y])
    with engine.connect() as connection:
        row = one(connection, city.city_id, "pipes", made)
        assert (row.changed, row.removed, row.row_count, row.previous_id) == (1, 0, 3, first.delivery_id)
        assert {key: row.decision[key] for key in ("choice", "by", "note", "delivery", "features")} == {
            "choice": UNDO, "by": "clerk", "note": "they do not meet", "delivery": first.delivery_id, "features": ["o"],
        }  # fmt: skip
        assert [each.is_shown for each in repairs(connection, city, spec, first.delivery_id)] == [False, True]
    for names in (["o"], ["m"], ["nobody", "p"]):
        with pytest.raises(RepairNotShown):
            undo(engine, city, "pipes", first.delivery_id, names, by="clerk")
    assert send(rows).outcome is Outcome.PUBLISHED, "the same file again is asked again"
    roll_back(engine, city, "pipes")
    assert _start(engine, "o") == [Y + 0.02]
    assert untrue(engine) == {}


def test_an_outline_that_stands_by_its_repair_alone_is_taken_out(
    engine: Engine, city: City, send: Any
) -> None:
    spike = Polygon([(X, Y), (X + 20, Y), (X + 20, Y + 20), (X + 20, Y + 25), (X + 20, Y + 20), (X, Y + 20)])
    rows = [{"pid": "a", "geometry": box(X + 30, Y, X + 50, Y + 20)}, {"pid": "b", "geometry": spike}]
    report = send(rows, "parcels")
    assert report.repaired == 1
    made = undo(engine, city, "parcels", report.delivery_id, by="clerk")
    with engine.connect() as connection:
        live = text("SELECT feature_id FROM layers.parcel WHERE retired_by IS NULL")
        assert connection.execute(live).scalars().all() == ["a"]
        assert one(connection, city.city_id, "parcels", made).removed == 1


def test_services_apart_from_their_mains_are_not_asked_how_they_meet(
    send: Callable[..., DeliveryReport],
) -> None:
    """Their mains are another layer's lines: two services that pass at 2 cm are not joined, none dangles."""
    near = [
        line("s1", (0, 0), (0, 20), kind="S", main="elsewhere"),
        line("s2", (0.02, 0), (9, 20), kind="S", main="elsewhere"),
    ]
    report = send(near)
    assert (report.good, found(report)) == (2, [])
