"""Columns kept at publication: the same network as from the rows, only of what is published, and nobody's but ours."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from shapely.geometry import LineString
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from geo.vocabulary import Utility
from layers import network_kept
from layers.access import RoleMode, run_as_app
from layers.city import City
from layers.database import make_engine
from layers.handling import Handling
from layers.ingest import deliver, roll_back
from layers.network_build import build
from layers.network_kept import keep, kept, read_network, standing
from layers.network_layers import SourceLayer, layers_of
from layers.network_read import delivered, layer_query, read_rows
from layers.network_rules import NetworkRules, crisis_rules
from layers.register import open_delivery, register
from layers.repairs import undo
from tests.layers import equal

CLEAR = text("DELETE FROM layers.kept_columns")
PARTS = text("SELECT layer_id, count(*) FROM layers.kept_columns GROUP BY layer_id")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small layers are kept too, in several parts."""
    monkeypatch.setattr(network_kept, "WORTH_ROWS", 1)
    monkeypatch.setattr(network_kept, "PART_BLOCKS", 3)


@pytest.fixture
def few(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever changed of a small layer, it is few."""
    monkeypatch.setattr(network_kept, "WORTH_SHARE", 9.0)


@pytest.fixture
def own(town: Any) -> Iterator[Any]:
    """A demo city whose columns are kept for this test."""
    yield town
    with town.engine.begin() as connection:
        connection.execute(CLEAR)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("utility", ["water", "gas", "electricity"])
def test_a_network_of_kept_columns_is_that_of_the_rows(own: Any, utility: str) -> None:
    """Every array of the built network is the same, whichever it was read from, in one part or in many."""
    rules = crisis_rules(own.city).networks[Utility(utility)]
    city_id = own.city.city_id
    keep(own.engine, own.city, [spec.layer_id for spec in own.city.layers])
    with own.engine.connect() as connection:
        layers = layers_of(connection, city_id, utility)
        parts = {layer_id: count for layer_id, count in connection.execute(PARTS).all()}  # noqa: C416 - rows
        assert {layer.layer_id for layer in layers} <= parts.keys()
        assert max(parts.values()) > 1
        queries = [layer_query(city_id, layer, rules) for layer in layers]
        pairs = zip(layers, queries, strict=True)
        there = [_in_order(kept(connection, city_id, layer, query)) for layer, query in pairs]
        rows = [_in_order(read_rows(connection, query)) for query in queries]
    one, other = build(delivered(layers, there), rules), build(delivered(layers, rows), rules)
    equal.same(one, other)


def _in_order(table: Any) -> Any:
    by = [name for name in ("feature_id", "part") if name in table.column_names]
    return table.take(pc.sort_indices(table.select(by), sort_keys=[(name, "ascending") for name in by]))


# --- a toy city whose deliveries a test writes


def pipes(*ends: float) -> list[dict[str, Any]]:
    """Pipes one after the other to these places (m)."""
    starts = (0.0, *ends)
    return [
        {
            "id": f"P{k}", "kind": "M", "dn": 10.0, "depth": 120.0, "mat": "PE", "a": None, "b": None,
            "geometry": LineString([(501000 + starts[k], 3901000), (501000 + end, 3901000)]),
        }
        for k, end in enumerate(ends)
    ]  # fmt: skip


@pytest.fixture
def rules(toy: City, toy_root: Path, cities: Path) -> NetworkRules:
    for name in ("networks.toml", "hazards.csv"):
        shutil.copy(cities / name, toy_root / name)
    return crisis_rules(toy).networks[Utility.WATER]


@pytest.fixture
def send(engine: Engine, toy: City, write: Callable[..., Path]) -> Callable[..., Any]:
    return lambda *ends: deliver(engine, toy, toy.layer("pipes"), write(pipes(*ends)))


def _kept(connection: Connection, rules: NetworkRules) -> tuple[SourceLayer, Any]:
    (layer,) = layers_of(connection, "toytown", "water")
    return layer, kept(connection, "toytown", layer, layer_query("toytown", layer, rules))


@pytest.mark.usefixtures("small")
def test_only_what_is_published_now_counts(
    engine: Engine,
    toy: City,
    rules: NetworkRules,
    send: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each delivery keeps its own; columns of what is not shown any more are passed over, and the rows are read."""
    send(10, 20)
    with engine.connect() as connection:
        assert _kept(connection, rules)[1].num_rows == 2
    send(10, 20, 30)
    with engine.connect() as connection:
        layer, table = _kept(connection, rules)
        assert table.num_rows == 3
        # what the city's rules look for in the attributes is part of what was kept
        other = replace(layer_query("toytown", layer, rules), values={"city": "toytown", "layer": "x"})
        assert kept(connection, "toytown", layer, other) is None
    monkeypatch.setattr(network_kept, "keep", lambda *_, **__: None)
    roll_back(engine, toy, "pipes")
    with engine.connect() as connection:
        layer, table = _kept(connection, rules)
        assert table is None, "too much has changed since"
        assert read_network(connection, "toytown", (layer,), rules).lines.num_rows == 2
    keep(engine, toy, ["pipes"])
    with engine.connect() as connection:
        assert _kept(connection, rules)[1].num_rows == 2


def pipe(name: str, *xy: tuple[float, float], **more: Any) -> dict[str, Any]:
    """A pipe through these places (m)."""
    line = LineString([(501000 + x, 3901000 + y) for x, y in xy])
    return pipes(10)[0] | {"id": name, "geometry": line} | more


@pytest.fixture
def change(engine: Engine, toy: City, write: Callable[..., Path]) -> Callable[..., Any]:
    """Deliver some features that came or changed."""

    def sent(*rows: dict[str, Any], **how: Any) -> Any:
        handling = Handling(incremental=True, **how)
        return deliver(engine, toy, toy.layer("pipes"), write(list(rows)), handling=handling)

    return sent


@pytest.fixture
def same(engine: Engine, rules: NetworkRules) -> Callable[..., None]:
    """The pipes are these, and the network by what is kept, so many deliveries ago, is that by the rows."""

    def checked(since: int, *names: str) -> None:
        with engine.connect() as connection:
            layer, table = _kept(connection, rules)
            query = layer_query("toytown", layer, rules)
            found = standing(connection, "toytown", layer, query)
            assert found is not None
            assert len(found.since) == since
            assert sorted(table.column("feature_id").to_pylist()) == list(names)
            tables = table, read_rows(connection, query)
            one, other = (build(delivered((layer,), [_in_order(each)]), rules) for each in tables)
            equal.same(one, other)

    return checked


ALL = ("m", "o", "p")


@pytest.mark.usefixtures("few")
def test_a_few_changes_since_are_read_beside_what_is_kept(
    engine: Engine,
    toy: City,
    write: Callable[..., Path],
    change: Callable[..., Any],
    same: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a line as built, a repair taken back, a feature gone, roll-backs, several in a row: as from the rows."""
    main = pipe("m", (0, 0), (100, 0))
    rows = [main, pipe("o", (50, 0.02), (50, 20)), pipe("p", (70, 0.03), (70, 20))]
    whole = deliver(engine, toy, toy.layer("pipes"), write(rows))
    assert whole.repaired == 2
    same(0, *ALL)
    change(pipe("ab1", (20, 0), (20, 9)))
    same(1, "ab1", *ALL)
    undo(engine, toy, "pipes", whole.delivery_id or 0, ["o"], by="clerk")
    same(2, "ab1", *ALL)
    change(pipe("ab1", (20, 0), (20, 8)), pipe("ab2", (30, 0), (30, 9)))
    same(3, "ab1", "ab2", *ALL)
    change(main | {"mat": "PVC", "_deleted": False}, pipe("p", (70, 0), (70, 9), _deleted=True))
    same(4, "ab1", "ab2", "m", "o")
    with monkeypatch.context() as patch:
        # a roll-back keeps all anew; here whoever rolled back stopped before
        patch.setattr(network_kept, "keep", lambda *_, **__: None)
        for since, names in ((5, ALL), (6, ("m", "o")), (7, ALL)):
            roll_back(engine, toy, "pipes")
            same(since, "ab1", "ab2", *names)
    roll_back(engine, toy, "pipes")
    same(0, "ab1", "ab2", "m", "o")


@pytest.mark.usefixtures("few")
def test_numbers_of_deliveries_are_no_order(
    engine: Engine,
    toy: City,
    send: Callable[..., Any],
    change: Callable[..., Any],
    same: Callable[..., None],
) -> None:
    """What was received before what is kept may be shown after it."""
    with engine.begin() as connection:
        register(connection, toy)
        said = {"city_id": "toytown", "layer_id": "pipes"}
        said |= dict.fromkeys(("source_name", "source_crs", "source_operation"), "")
        early = open_delivery(connection, said)
    assert send(10, 20).delivery_id > early
    same(0, "P0", "P1")
    moved, added = pipe("P1", (10, 0), (20, 1)), pipe("P2", (20, 0), (25, 0))
    assert change(moved, added, delivery_id=early).delivery_id == early
    same(1, "P0", "P1", "P2")


@pytest.mark.usefixtures("small")
def test_who_changes_much_keeps_anew(
    send: Callable[..., Any],
    change: Callable[..., Any],
    same: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What many changes, or changes without end, would wear out is kept once more by the last of them."""
    monkeypatch.setattr(network_kept, "WORTH_SHARE", 0.5)
    send(10, 20, 30)
    change(pipe("P4", (30, 0), (40, 0)))
    same(1, *(f"P{k}" for k in (0, 1, 2, 4)))
    change(*(pipe(f"P{k}", (10.0 * k, 0), (10.0 * k + 10, 0)) for k in (5, 6, 7)))
    same(0, *(f"P{k}" for k in (0, 1, 2, 4, 5, 6, 7)))


@pytest.mark.usefixtures("small")
def test_the_application_never_sees_kept_columns(
    engine: Engine, rules: NetworkRules, send: Callable[..., Any]
) -> None:
    """They hold sensitive features: the application's role finds none, and can write none (A33)."""
    send(10, 20)
    with engine.connect() as connection:
        assert _kept(connection, rules)[1] is not None
    app = run_as_app(make_engine(engine.url.render_as_string(hide_password=False)), RoleMode.REQUIRE)
    try:
        with app.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM layers.kept_columns")).scalar_one() == 0
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(CLEAR)
    finally:
        app.dispose()


def test_a_few_rows_are_not_kept(engine: Engine, rules: NetworkRules, send: Callable[..., Any]) -> None:
    send(10, 20)
    with engine.connect() as connection:
        assert _kept(connection, rules)[1] is None


@pytest.mark.usefixtures("small")
def test_two_who_keep_at_once(
    engine: Engine,
    toy: City,
    rules: NetworkRules,
    send: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of them comes too late for what it saw: that is no failure, and what the other kept stands."""
    send(10, 20)
    asked = network_kept.layer_query

    def overtaken(*said: Any) -> Any:
        monkeypatch.setattr(network_kept, "layer_query", asked)
        send(10, 20, 30)
        return asked(*said)

    monkeypatch.setattr(network_kept, "layer_query", overtaken)
    keep(engine, toy, ["pipes"])
    with engine.connect() as connection:
        assert _kept(connection, rules)[1].num_rows == 3
