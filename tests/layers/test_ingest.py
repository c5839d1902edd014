"""A delivery: published whole or not at all, told apart from the last one, and taken back in one call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import LineString
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError

from layers.city import City
from layers.database import make_engine
from layers.delivery_errors import NothingToRollBack
from layers.ingest import deliver, import_city, roll_back
from layers.register import LayerTargetChanged
from layers.report import DeliveryReport, Outcome
from tests.layers.open_rows import untrue

Write = Callable[..., Path]
Live = Callable[..., list[Any]]


def pipe(number: int, **changes: Any) -> dict[str, Any]:
    y = 3901000.0 + 10.0 * number
    made = {"id": f"P{number:03d}", "kind": "M", "dn": 10.0, "depth": 120.0, "mat": "PE", "a": "x", "b": "y"}
    return made | {"geometry": LineString([(501000, y), (501100, y)])} | changes


@pytest.fixture
def send(engine: Engine, toy: City, write: Write) -> Callable[..., DeliveryReport]:
    def sent(rows: list[dict[str, Any]], **options: Any) -> DeliveryReport:
        return deliver(engine, toy, toy.layer("pipes"), write(rows), **options)

    return sent


def test_units_codes_and_defaults_become_canonical(engine: Engine, send: Any, live: Live) -> None:
    send([pipe(1, colour="blue"), pipe(2, kind="S", depth=None, mat=None)])
    columns = "role, diameter_mm, cover_m, cover_source, vertical_uncertainty_m, material, attributes"
    assert live(engine, columns) == [
        ("main", 100.0, 1.2, "design", 0.3, "PE", {"kind": "M", "colour": "blue"}),
        ("service", 100.0, None, "unknown", None, None, {"kind": "S"}),
    ]


def test_the_same_delivery_twice_changes_nothing(engine: Engine, send: Any, live: Live) -> None:
    rows = [pipe(1), pipe(2)]
    first, second = send(rows), send(rows)
    assert (first.outcome, second.outcome) == (Outcome.PUBLISHED, Outcome.UNCHANGED)
    assert second.delivery_id == first.delivery_id
    assert live(engine, "published_by") == [(first.delivery_id,)] * 2


def test_a_changed_file_is_told_apart_feature_by_feature(engine: Engine, send: Any, live: Live) -> None:
    first = send([pipe(1), pipe(2), pipe(3)])
    moved = LineString([(501000, 3901020.0), (501100, 3901020.5)])
    second = send([pipe(1), pipe(2, geometry=moved), pipe(4)])
    diff = second.diff
    assert (diff.added, diff.changed, diff.removed, diff.same) == (1, 1, 1, 1)
    assert live(engine, "feature_id, published_by") == [
        ("P001", first.delivery_id),
        ("P002", second.delivery_id),
        ("P004", second.delivery_id),
    ]
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT row_count, report FROM layers.delivery ORDER BY 1")).all()
    assert [row[0] for row in stored] == [3, 3]
    assert stored[1][1]["source"] == {
        "name": "pipes.gpkg:pipes",
        "crs": "EPSG:32639",
        "operation": "conversion",
    }


def test_what_a_layer_showed_at_any_delivery_can_be_asked(engine: Engine, send: Any) -> None:
    """T11: nothing is erased; a retired feature keeps the deliveries between which it was shown."""
    first = send([pipe(1), pipe(2)])
    second = send([pipe(1, mat="PVC")])
    with engine.connect() as connection:
        for delivery_id, expected in ((first.delivery_id, ["PE", "PE"]), (second.delivery_id, ["PVC"])):
            shown = connection.execute(
                text(
                    "SELECT material FROM layers.network_line WHERE published_by <= :at "
                    "AND (retired_by IS NULL OR retired_by > :at) ORDER BY feature_id"
                ),
                {"at": delivery_id},
            ).scalars()
            assert list(shown) == expected


def test_other_connections_see_the_old_layer_until_the_commit(
    engine: Engine, database_url: str, send: Any, live: Live
) -> None:
    send([pipe(number) for number in range(20)])
    other = make_engine(database_url)
    seen: list[Any] = []
    listener = lambda _connection: seen.append(live(other, "feature_id, material"))  # noqa: E731
    event.listen(engine, "commit", listener)
    send([pipe(number, mat="PVC") for number in range(5, 25)])
    event.remove(engine, "commit", listener)
    old = [(f"P{number:03d}", "PE") for number in range(20)]
    assert (
        seen[-3] == old
    )  # the last commits are the statistics' and the kept columns'; the one before them published
    assert live(other, "feature_id, material") == [(f"P{number:03d}", "PVC") for number in range(5, 25)]
    other.dispose()


def test_a_reader_never_sees_a_mixture(engine: Engine, database_url: str, send: Any, live: Live) -> None:
    """While the layer is published six times, each answer to another connection is one whole version."""
    send([pipe(number, mat="v0") for number in range(50)])
    other, stop, answers = make_engine(database_url), threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            answers.append(live(other, "material"))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for version in range(1, 7):
            send([pipe(number, mat=f"v{version}") for number in range(50 + version)])
    finally:
        stop.set()
        reader.join()
        other.dispose()
    assert len(answers) > 1
    for answer in answers:
        (version,) = {row[0] for row in answer}
        assert len(answer) == 50 + int(version[1:])


def test_a_failure_mid_way_leaves_the_old_layer(engine: Engine, send: Any, live: Live) -> None:
    first = send([pipe(1), pipe(2)])

    def fail(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("INSERT INTO layers.network_line"):
            raise RuntimeError("the disk is full")

    event.listen(engine, "before_cursor_execute", fail)
    with pytest.raises(RuntimeError):
        send([pipe(1, mat="PVC"), pipe(3)])
    event.remove(engine, "before_cursor_execute", fail)
    assert live(engine, "feature_id, material, published_by") == [
        ("P001", "PE", first.delivery_id),
        ("P002", "PE", first.delivery_id),
    ]
    again = send([pipe(1, mat="PVC"), pipe(3)])
    assert (again.outcome, again.diff.changed, again.diff.added) == (Outcome.PUBLISHED, 1, 1)


def test_a_backend_that_dies_before_the_commit_leaves_the_old_layer(
    engine: Engine, database_url: str, send: Any, live: Live
) -> None:
    send([pipe(1)])
    other = make_engine(database_url)

    def kill(connection: Any) -> None:
        pid = connection.connection.dbapi_connection.get_backend_pid()
        with other.connect() as killer:
            busy = killer.execute(text("SELECT count(*) FROM layers.network_line")).scalar_one()
            assert busy == 1
            killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    commits = iter([None, kill])  # first the register's commit, then the publication's
    listener = lambda connection: (next(commits) or (lambda _: None))(connection)  # noqa: E731
    event.listen(engine, "commit", listener)
    with pytest.raises(DBAPIError):
        send([pipe(1, mat="PVC"), pipe(2)])
    event.remove(engine, "commit", listener)
    assert live(other, "feature_id, material") == [("P001", "PE")]
    other.dispose()


def test_two_publishers_at_once_end_in_one_delivery(
    engine: Engine, toy: City, write: Write, live: Live
) -> None:
    path = write([pipe(number) for number in range(30)])
    outcomes: list[Outcome] = []
    barrier = threading.Barrier(2)

    def publish() -> None:
        barrier.wait()
        outcomes.append(deliver(engine, toy, toy.layer("pipes"), path).outcome)

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [Outcome.PUBLISHED, Outcome.UNCHANGED]
    assert len(live(engine, "feature_id")) == 30


def test_a_delivery_is_taken_back_in_one_call(engine: Engine, toy: City, send: Any, live: Live) -> None:
    rows = [pipe(1), pipe(2), pipe(3)]
    send(rows)
    before = live(engine, "feature_id, material, ST_AsText(geom)")
    bad = send([pipe(1), pipe(2, mat="PVC"), pipe(4)])
    after = live(engine, "feature_id, material, ST_AsText(geom)")
    back = roll_back(engine, toy, "pipes")
    assert live(engine, "feature_id, material, ST_AsText(geom)") == before
    assert back.outcome is Outcome.ROLLED_BACK
    diff = back.diff
    assert (diff.added, diff.changed, diff.removed, diff.same) == (1, 1, 1, 1)
    with engine.connect() as connection:
        reverts = connection.execute(
            text("SELECT reverts_id FROM layers.delivery ORDER BY delivery_id")
        ).scalars()
    assert list(reverts) == [None, None, bad.delivery_id]
    assert untrue(engine) == {}
    # The good file is what the layer shows again; the bad one would be published anew.
    assert send(rows).outcome is Outcome.UNCHANGED
    roll_back(engine, toy, "pipes")
    assert live(engine, "feature_id, material, ST_AsText(geom)") == after


def test_taking_back_the_first_delivery_leaves_nothing(
    engine: Engine, toy: City, send: Any, live: Live
) -> None:
    with pytest.raises(NothingToRollBack):
        roll_back(engine, toy, "pipes")
    send([pipe(1)])
    roll_back(engine, toy, "pipes")
    assert live(engine, "feature_id") == []
    assert send([pipe(1)]).outcome is Outcome.PUBLISHED


def test_an_empty_file_never_replaces_a_layer(engine: Engine, toy: City, send: Any, live: Live) -> None:
    """An empty delivery is a mistake, not the news that no pipe is left."""
    send([pipe(1)])
    spec = replace(toy.layer("pipes"), select={"mat": ("none such",)})
    report = deliver(engine, toy, spec, toy.folder / "pipes.gpkg")
    assert (report.outcome, report.issues[0].code) == (Outcome.REFUSED, "empty-delivery")
    assert len(live(engine, "feature_id")) == 1


def test_too_many_bad_features_refuse_the_delivery(engine: Engine, send: Any, live: Live) -> None:
    send([pipe(number) for number in range(10)])
    far = LineString([(1, 1), (2, 2)])
    report = send([pipe(number) for number in range(9)] + [pipe(9, geometry=far)])
    assert (report.outcome, report.issues[0].code) == (Outcome.REFUSED, "too-many-refused")
    assert (report.read, report.good, report.refused) == (10, 9, 1)
    assert len(live(engine, "feature_id")) == 10


def test_the_partition_refuses_another_crs(engine: Engine, send: Any) -> None:
    send([pipe(1)])
    with engine.connect() as connection, pytest.raises(DBAPIError, match="ck_network_line_toytown_srid"):
        connection.execute(text("UPDATE layers.network_line SET geom = ST_SetSRID(geom, 32638)"))


def test_a_city_cannot_change_its_crs_under_stored_layers(engine: Engine, toy: City, send: Any) -> None:
    send([pipe(1)])
    with engine.connect() as connection, pytest.raises(DBAPIError, match="stored in EPSG:32639"):
        connection.execute(text("SELECT layers.add_city('toytown', 32638)"))


def test_a_layer_cannot_become_another_kind(engine: Engine, toy: City, send: Any) -> None:
    send([pipe(1)])
    other = replace(toy, layers=(replace(toy.layer("parcels"), layer_id="pipes"),))
    with pytest.raises(LayerTargetChanged):
        deliver(engine, other, other.layers[0], toy.folder / "pipes.gpkg")


def test_a_newer_date_on_the_same_file_renews_the_layer(send: Any) -> None:
    send([pipe(1)])
    again = send([pipe(1)], as_of=date(2026, 11, 1))
    assert (again.outcome, again.diff.same, again.diff.added) == (Outcome.PUBLISHED, 1, 0)


def test_a_whole_city_is_imported_from_its_folder(
    engine: Engine, toy: City, toy_root: Path, write: Write
) -> None:
    import geopandas
    from shapely.geometry import box

    path = write([pipe(1)])
    parcels = geopandas.GeoDataFrame(
        [{"pid": "1", "geometry": box(501000, 3901000, 501020, 3901030)}],
        crs="EPSG:32639",
        geometry="geometry",
    )
    parcels.to_file(path, layer="parcels", engine="pyogrio", mode="a")
    reports = import_city(engine, toy, toy_root)
    assert [(report.layer_id, report.outcome) for report in reports] == [
        ("parcels", Outcome.PUBLISHED),
        ("pipes", Outcome.PUBLISHED),
    ]
    assert "read 1 = good 1 + repaired 0 + refused 0, +1 ~0 -0 =0" in reports[0].line()
