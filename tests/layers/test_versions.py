"""Incremental deliveries, tombstones, differences, any past instant, and failures that change nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely.geometry import LineString
from sqlalchemy import Engine, text

from geo.errors import PanjerehError
from layers.city import City
from layers.delivery_errors import DeliveryNotFound
from layers.handling import Handling
from layers.ingest import deliver, import_city, roll_back
from layers.report import DeliveryReport, Outcome
from layers.versions import as_of, difference

Live = Callable[..., list[Any]]


def pipe(number: int, dy: float = 0.0, **changes: Any) -> dict[str, Any]:
    y = 3901000.0 + 10.0 * number + dy
    made = {"id": f"P{number:03d}", "kind": "M", "dn": 10.0, "depth": 120.0, "mat": "PE", "a": "x", "b": "y"}
    return made | {"geometry": LineString([(501000, y), (501100, y)])} | changes


@pytest.fixture
def send(engine: Engine, toy: City, write: Callable[..., Path]) -> Callable[..., DeliveryReport]:
    def sent(rows: list[dict[str, Any]], **options: Any) -> DeliveryReport:
        return deliver(engine, toy, toy.layer("pipes"), write(rows), handling=Handling(**options))

    return sent


def test_an_incremental_delivery_adds_changes_and_takes_away(engine: Engine, send: Any, live: Live) -> None:
    send([pipe(1), pipe(2), pipe(3)])
    rows = [pipe(2, mat="PVC", _deleted=False), pipe(3, _deleted=True), pipe(4, _deleted=None)]
    report = send(rows, incremental=True)
    diff = report.diff
    assert (report.outcome, report.read) == (Outcome.PUBLISHED, 2)
    assert (diff.added, diff.changed, diff.removed, diff.same) == (1, 1, 1, 1)
    assert live(engine, "feature_id, material") == [("P001", "PE"), ("P002", "PVC"), ("P004", "PE")]
    assert send(rows, incremental=True).outcome is Outcome.UNCHANGED


def test_tombstones_alone_are_a_delivery(engine: Engine, send: Any, live: Live) -> None:
    send([pipe(1), pipe(2)])
    report = send([pipe(1, _deleted=1)], incremental=True)
    assert (report.outcome, report.diff.removed) == (Outcome.PUBLISHED, 1)
    assert live(engine, "feature_id") == [("P002",)]


def test_any_past_instant_can_be_asked(engine: Engine, toy: City, send: Any) -> None:
    """T11: each published state answers for its own time, whatever came later."""
    spec, instants, shown = toy.layer("pipes"), [datetime.now(UTC)], [[]]
    for rows, options in (
        ([pipe(1), pipe(2)], {}),
        ([pipe(2, mat="PVC"), pipe(3)], {}),
        ([pipe(3, _deleted="yes"), pipe(5)], {"incremental": True}),
    ):
        send(rows, **options)
        instants.append(datetime.now(UTC))
        with engine.connect() as connection:
            found = as_of(connection, toy, spec, instants[-1])
        shown.append([(each.feature_id, each.properties["material"]) for each in found])
    roll_back(engine, toy, "pipes")
    instants.append(datetime.now(UTC))
    shown.append(shown[2])
    assert shown[1:4] == [
        [("P001", "PE"), ("P002", "PE")],
        [("P002", "PVC"), ("P003", "PE")],
        [("P002", "PVC"), ("P005", "PE")],
    ]
    with engine.connect() as connection:
        for at, expected in zip(instants, shown, strict=True):
            found = as_of(connection, toy, spec, at)
            assert [(each.feature_id, each.properties["material"]) for each in found] == expected
        pages = as_of(connection, toy, spec, instants[1], limit=1)
        assert [
            each.feature_id for each in as_of(connection, toy, spec, instants[1], after=pages[0].feature_id)
        ] == ["P002"]
        assert as_of(connection, toy, spec, instants[0] - timedelta(days=9)) == []


def test_the_difference_of_two_deliveries(engine: Engine, toy: City, send: Any) -> None:
    one = send([pipe(1), pipe(2), pipe(3)]).delivery_id
    two = send([pipe(1), pipe(2, dy=0.25), pipe(4)]).delivery_id
    three = send([pipe(1, mat="PVC"), pipe(2), pipe(3), pipe(4)]).delivery_id
    spec = toy.layer("pipes")
    with engine.connect() as connection:
        near = difference(connection, toy, spec, two)
        far = difference(connection, toy, spec, three, one)
        back = difference(connection, toy, spec, one, three)
        first = difference(connection, toy, spec, one)
        with pytest.raises(DeliveryNotFound):
            difference(connection, toy, spec, 999)
    assert [(each.feature_id, each.change, each.moved_m) for each in near.changes] == [
        ("P002", "changed", 0.25),
        ("P003", "removed", None),
        ("P004", "added", None),
    ]
    assert near.as_dict()["moved"] == {"count": 1, "median_m": 0.25, "max_m": 0.25}
    # What went and came back in between is no difference.
    assert [(each.feature_id, each.change, each.fields) for each in far.changes] == [
        ("P001", "changed", ("material",)),
        ("P004", "added", ()),
    ]
    assert [(each.feature_id, each.change) for each in back.changes] == [
        ("P001", "changed"),
        ("P004", "removed"),
    ]
    assert [each.change for each in first.changes] == ["added"] * 3


def test_a_preview_says_what_would_change_and_changes_nothing(engine: Engine, send: Any, live: Live) -> None:
    send([pipe(1), pipe(2)])
    before = live(engine, "feature_id, material, published_by")
    report = send([pipe(1, mat="PVC"), pipe(3)], preview=True)
    assert report.outcome is Outcome.PREVIEWED
    assert (report.diff.added, report.diff.changed, report.diff.removed) == (1, 1, 1)
    assert live(engine, "feature_id, material, published_by") == before
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM layers.delivery")).scalar_one() == 1


def test_a_file_damaged_at_any_byte_leaves_the_layer_or_is_the_whole_delivery(
    engine: Engine, toy: City, write: Callable[..., Path], live: Live
) -> None:
    """Cut or flipped anywhere: refused whole, or every record is accounted for; never half published."""
    seed = 20261122
    print(f"seed {seed}")
    random = np.random.default_rng(seed)
    spec = toy.layer("pipes")
    deliver(engine, toy, spec, write([pipe(number) for number in range(30)]))
    path = write([pipe(number, mat="PVC") for number in range(30)], name="next.geojson", table=None)
    whole = path.read_bytes()
    for number in range(40):
        at = int(random.integers(len(whole)))
        damaged = whole[:at] if number % 2 else whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        path.write_bytes(damaged)
        before = live(engine, "feature_id, material, published_by")
        try:
            report = deliver(engine, toy, spec, path)
        except PanjerehError:
            assert live(engine, "feature_id, material, published_by") == before, at
            continue
        after = live(engine, "feature_id, material, published_by")
        assert report.good + report.repaired + report.refused == report.read
        if report.outcome is Outcome.PUBLISHED:
            assert len(after) == report.good + report.repaired
        else:
            assert after == before


def test_an_import_leaves_what_was_delivered_since(
    engine: Engine, toy: City, write: Callable[..., Path], send: Any, live: Live
) -> None:
    """A start brings in what its city's files say once; a clerk's delivery, or a roll-back, outlives the next start."""
    file = write([pipe(1), pipe(2)])
    source = replace(toy.layer("pipes").source, path=str(file.rename(file.with_name("first.gpkg"))))
    city = replace(toy, layers=(replace(toy.layer("pipes"), source=source),))
    assert import_city(engine, city, file.parent)[0].outcome is Outcome.PUBLISHED
    send([pipe(1), pipe(2, mat="PVC")])
    report = import_city(engine, city, file.parent)[0]
    assert (report.outcome, report.diff.same) == (Outcome.UNCHANGED, 2)
    assert live(engine, "material") == [("PE",), ("PVC",)]
    roll_back(engine, toy, "pipes")
    roll_back(engine, toy, "pipes")
    assert import_city(engine, city, file.parent)[0].outcome is Outcome.UNCHANGED
    assert live(engine, "material") == [("PE",), ("PVC",)]
