"""Networks of the published layers: the same answers as by hand, always of the version that is published now."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from shapely.geometry import LineString, MultiLineString
from sqlalchemy import Engine, text

from geo.network import LinkRole, SnapKind, role_code
from geo.trace import Break, isolate
from layers import memory
from layers.city import City, load_city
from layers.database import make_engine
from layers.handling import Handling
from layers.ingest import deliver, import_city
from layers.network import GIVING, CityNetwork, Networks
from layers.network_errors import NetworkMoving, NetworkNotStored
from tests.waiting import wait_until

BREAKS = 15


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo cities' networks of this run are kept."""
    return tmp_path_factory.mktemp("networks")


@pytest.fixture
def networks(town: Any, kept: Path) -> Networks:
    return Networks(town.engine, kept)


def network_of(networks: Networks, town: Any, utility: str) -> CityNetwork:
    with town.engine.connect() as connection:
        return networks.get(connection, town.city, utility)


def test_every_broken_main_is_isolated_as_by_hand(town: Any, networks: Networks, cities: Path) -> None:
    """All 15 breaks of each demo city's expected.json, from what was imported, published, built, kept and mapped."""
    zones = network_of(networks, town, "water").zones
    truth = json.loads((cities / town.city.city_id / "expected.json").read_text())["water_isolation"]
    assert len(truth) == BREAKS
    found = {}
    for main in truth:
        answer = isolate(zones, Break(links=(main,)))
        found[main] = {
            "isolated_mains": list(answer.isolated_mains),
            "valves_to_close": list(answer.valves_to_close),
            "source_in_section": bool(answer.sources_isolated),
            "services_cut": list(answer.services_cut),
            "mains_without_supply_after": list(answer.mains_without_supply),
            "services_without_supply_after": list(answer.services_without_supply),
        }
    assert found == truth


def test_what_is_kept_answers_as_what_was_built(schutterwald: Any, kept: Path) -> None:
    """A second process maps the files of the first, and builds nothing."""
    first = network_of(Networks(schutterwald.engine, kept), schutterwald, "electricity")
    before = {path: path.stat().st_mtime_ns for path in kept.rglob("*") if path.is_file()}
    again = network_of(Networks(schutterwald.engine, kept), schutterwald, "electricity")
    assert {path: path.stat().st_mtime_ns for path in kept.rglob("*") if path.is_file()} == before
    assert again is not first
    assert again.version == first.version
    assert list(again.zones.network.link_ids) == list(first.zones.network.link_ids)
    assert np.array_equal(again.zones.supplied, first.zones.supplied)


def test_who_builds_gives_the_memory_back_once_it_is_kept(
    schutterwald: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web process that built a network stays no larger than it must; who finds one made has nothing to give."""
    given: list[int] = []
    monkeypatch.setattr(memory, "give_back", lambda: given.append(len(list(tmp_path.rglob("about.json")))))
    monkeypatch.setattr(GIVING, "after_s", 0.01)
    for _ in range(2):
        network_of(Networks(schutterwald.engine, tmp_path), schutterwald, "water")
        assert wait_until(lambda: given == [1])


FOUND = """
import sys
from pathlib import Path
from geo.trace import Break, isolate
from layers.city import load_city
from layers.database import make_engine
from layers.network import Networks
url, cities, kept, link = sys.argv[1:]
city, networks = load_city(Path(cities), "schutterwald"), Networks(make_engine(url), Path(kept))
with networks._engine.connect() as connection:
    made = networks.get(connection, city, "water")
    served = networks.served(connection, city, made)
print(len(isolate(made.zones, Break(links=(link,))).valves_to_close), len(served.parcel_ids))
print([name for name in ("geopandas", "pandas", "pyarrow", "scipy.spatial") if name in sys.modules])
"""


def test_who_finds_a_network_made_loads_nothing_that_makes_it(
    schutterwald: Any, kept: Path, cities: Path
) -> None:
    """A web process that attaches to the files of another stays small."""
    networks = Networks(schutterwald.engine, kept)
    made = network_of(networks, schutterwald, "water")
    with schutterwald.engine.connect() as connection:
        served = networks.served(connection, schutterwald.city, made)
    link = made.zones.network.link_ids[0]
    wanted = len(isolate(made.zones, Break(links=(link,))).valves_to_close), len(served.parcel_ids)
    url = schutterwald.engine.url.render_as_string(hide_password=False)
    said = subprocess.run(
        [sys.executable, "-c", FOUND, url, str(cities), str(kept), link],
        cwd=cities.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert said.returncode == 0, said.stderr[-2000:]
    assert said.stdout.splitlines() == [f"{wanted[0]} {wanted[1]}", "[]"]


def test_a_kept_network_that_is_damaged_is_built_anew(schutterwald: Any, tmp_path: Path) -> None:
    """One that is gone, and one of another format: refused, and built again in its place."""
    made = network_of(Networks(schutterwald.engine, tmp_path), schutterwald, "telecom")
    (about,) = tmp_path.glob("schutterwald/telecom/*/about.json")
    told = json.loads(about.read_text())
    about.write_text(json.dumps(told | {"format": "panjereh-network-1", "places": {}}))
    again = network_of(Networks(schutterwald.engine, tmp_path), schutterwald, "telecom")
    assert json.loads(about.read_text())["format"] == told["format"]
    shutil.rmtree(about.parent)
    third = network_of(Networks(schutterwald.engine, tmp_path), schutterwald, "telecom")
    for found in (again, third):
        assert found.version == made.version
        assert list(found.zones.network.link_ids) == list(made.zones.network.link_ids)


def test_transformers_feed_their_own_cables(town: Any, networks: Networks) -> None:
    """Each transformer is a source on a node of the low-voltage grid; nothing joins the grid of another voltage."""
    found = network_of(networks, town, "electricity")
    network, said = found.zones.network, found.said
    assert [word for word in network.source_ids if not word] == []
    assert set(said.source_kind) == {"transformer"}
    for source in network.source_node.tolist():
        ends = np.flatnonzero((network.link_start == source) | (network.link_end == source))
        assert set(said.link_voltage_kv[ends].round(1).tolist()) == {np.float32(0.4)}


def test_switches_that_are_open_bar_the_way(schutterwald: Any, kept: Path) -> None:
    """The published grid has 88 open switches of 378; each opens one line at one end."""
    found = network_of(Networks(schutterwald.engine, kept), schutterwald, "electricity")
    network = found.zones.network
    assert (len(network.device_ids), int(network.device_closed.sum())) == (378, 88)
    assert (network.device_link >= 0).all()


def test_a_grid_with_an_infeed_has_its_transformers_as_links(nemuneh: Any, kept: Path) -> None:
    found = network_of(Networks(nemuneh.engine, kept), nemuneh, "electricity")
    network = found.zones.network
    assert set(found.said.source_kind) == {"substation"}
    assert int((network.link_role == role_code(LinkRole.TRANSFORMER)).sum()) == 4
    assert found.about["supplied_share"] == 1.0


@pytest.fixture(scope="session")
def nemuneh(cluster: Any, template: str, cities: Path) -> Iterator[Any]:
    """The made-up city, with its power network imported."""
    whole = load_city(cities, "nemuneh")
    city = replace(whole, layers=tuple(spec for spec in whole.layers if spec.utility == "electricity"))
    engine = make_engine(cluster.create_database("networks_nemuneh", template=template))
    import_city(engine, city, cities)
    yield SimpleNamespace(engine=engine, city=city)
    engine.dispose()


def test_whom_a_network_serves(town: Any, networks: Networks) -> None:
    """Every connection of the water network ends in a building, nearly all on a parcel."""
    with town.engine.connect() as connection:
        network = networks.get(connection, town.city, "water")
        served = networks.served(connection, town.city, network)
        again = Networks(town.engine, networks._folder)
        mapped = again.served(connection, town.city, again.get(connection, town.city, "water"))
    services = int((network.zones.network.link_role == role_code(LinkRole.SERVICE)).sum())
    assert len(served.end_xy) == services == len(mapped.end_xy)
    assert int((served.building < 0).sum()) <= 1
    assert (served.parcel >= 0).mean() > 0.9
    assert list(mapped.parcel_ids) == list(served.parcel_ids)
    assert list(mapped.building_use) == list(served.building_use)


def test_a_city_without_such_lines_says_so(schutterwald: Any, kept: Path) -> None:
    with pytest.raises(NetworkNotStored), schutterwald.engine.connect() as connection:
        Networks(schutterwald.engine, kept).get(connection, schutterwald.city, "heating")


# --- a toy city whose deliveries a test writes


def pipe(number: int, x: float, *ends: str | None, **changes: Any) -> dict[str, Any]:
    made = {
        "id": f"P{number:03d}",
        "kind": "M",
        "dn": 10.0,
        "depth": 120.0,
        "mat": "PE",
        "a": None,
        "b": None,
    }
    made |= dict(zip(("a", "b"), ends, strict=False))
    return made | {"geometry": LineString([(501000 + x, 3901000), (501000 + x + 10, 3901000)])} | changes


@pytest.fixture
def rules(toy_root: Path, cities: Path) -> None:
    """The common rules beside the toy city."""
    for name in ("networks.toml", "hazards.csv"):
        (toy_root / name).write_text((cities / name).read_text(encoding="utf-8"), encoding="utf-8")


Send = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def send(engine: Engine, toy: City, write: Callable[..., Path]) -> Send:
    def sent(rows: list[dict[str, Any]]) -> None:
        deliver(engine, toy, toy.layer("pipes"), write(rows), handling=Handling())

    return sent


def get(engine: Engine, toy: City, folder: Path) -> CityNetwork:
    with engine.connect() as connection:
        return Networks(engine, folder).get(connection, toy, "water")


@pytest.mark.usefixtures("rules")
def test_lines_without_nodes_join_by_place_and_by_logged_snaps(
    engine: Engine, toy: City, send: Send, tmp_path: Path
) -> None:
    """Equal ends join as they are; an end 10 cm off is a snap; one 30 cm off stays apart (tolerance 0.2 m)."""
    send([pipe(1, 0), pipe(2, 10), pipe(3, 20.1), pipe(4, 30.4)])
    made = get(engine, toy, tmp_path)
    network = made.zones.network
    assert [(snap.kind, round(snap.distance_m, 3)) for snap in network.snaps] == [(SnapKind.END_TO_END, 0.1)]
    assert made.about["parts"] == 2
    assert {"snapped-joins", "no-source", "no-valves"} <= set(made.about["explanations"])
    assert made.about["confidence"] == "low"


@pytest.mark.usefixtures("rules")
def test_a_line_in_several_parts_is_several_links(
    engine: Engine, toy: City, send: Send, tmp_path: Path
) -> None:
    """It begins and ends where its record says; its parts join by place."""
    parts = MultiLineString([[(501000, 3901000), (501010, 3901000)], [(501010, 3901000), (501020, 3901005)]])
    send(
        [
            pipe(1, 0, "n1", "n2", geometry=parts),
            pipe(2, 20, "n2", "n3", geometry=MultiLineString([[(501020, 3901005), (501030, 3901005)]])),
        ]
    )
    made = get(engine, toy, tmp_path)
    assert sorted(made.zones.network.link_ids) in (["P001", "P001", "P002"], ["P001", "P002"])
    assert (made.about["parts"], made.about["snaps"]) == (1, 0)
    assert made.about["length_m"] == pytest.approx(10 + 125**0.5 + 10, abs=0.1)


@pytest.mark.usefixtures("rules")
def test_recorded_nodes_are_trusted_and_only_gaps_repaired(
    engine: Engine, toy: City, send: Send, tmp_path: Path
) -> None:
    """P1 and P2 share a node 5 m apart by place; P3 names another node where P2 ends, and is repaired."""
    send([pipe(1, 0, "n1", "n2"), pipe(2, 15, "n2", "n3"), pipe(3, 25, "n4", "n5")])
    network = get(engine, toy, tmp_path).zones.network
    assert [({snap.subject, snap.other}, snap.distance_m) for snap in network.snaps] == [({"n3", "n4"}, 0.0)]


@pytest.mark.usefixtures("rules")
def test_a_delivery_changes_the_version_in_its_own_transaction(
    engine: Engine, toy: City, send: Send, tmp_path: Path
) -> None:
    networks = Networks(engine, tmp_path)

    def links() -> tuple[str, int]:
        with engine.connect() as connection:
            made = networks.get(connection, toy, "water")
            return made.version, made.zones.network.link_count

    send([pipe(1, 0)])
    first = links()
    assert links() == first
    send([pipe(1, 0), pipe(2, 10)])
    assert links()[1] == 2
    assert links()[0] != first[0]
    assert len([each for each in (tmp_path / "toytown" / "water").iterdir() if each.is_dir()]) == 2


_CURRENT = text("SELECT delivery_id FROM layers.layer WHERE city_id = 'toytown' AND layer_id = 'pipes'")
_COUNTS = text("SELECT delivery_id, row_count FROM layers.delivery WHERE published_at IS NOT NULL")
Seen = tuple[int, int, int, int]


class Asker(threading.Thread):
    """Asks for the network again and again, and notes what was published before and after each answer."""

    def __init__(self, engine: Engine, toy: City, networks: Networks) -> None:
        super().__init__()
        self.engine, self.toy, self.networks = engine, toy, networks
        self.done = threading.Event()
        self.seen: list[Seen] = []
        self.failed: Exception | None = None

    def run(self) -> None:
        try:
            while not self.done.is_set():
                self.ask()
        except Exception as error:
            self.failed = error

    def ask(self) -> None:
        with self.engine.connect() as connection:
            before = connection.execute(_CURRENT).scalar_one()
            try:
                made = self.networks.get(connection, self.toy, "water")
            except NetworkMoving:
                return
            after = connection.execute(_CURRENT).scalar_one()
        (layer,) = made.layers
        self.seen.append((before, layer.delivery_id, after, made.zones.network.link_count))


@pytest.mark.usefixtures("rules")
def test_no_answer_is_of_another_version_than_the_one_published(
    engine: Engine, toy: City, send: Send, tmp_path: Path
) -> None:
    """Two processes' networks, four askers, and deliveries in between.

    What is served is never older than what was published before the question, never newer than what is published
    after it, and always whole.
    """
    send([pipe(1, 0)])
    processes = [Networks(engine, tmp_path), Networks(engine, tmp_path)]
    askers = [Asker(engine, toy, each) for each in processes * 2]
    for each in askers:
        each.start()
    try:
        for count in range(2, 8):
            send([pipe(number, 10.0 * number) for number in range(count)])
    finally:
        for each in askers:
            each.done.set()
        for each in askers:
            each.join(timeout=60)
    assert [each.failed for each in askers] == [None] * 4
    with engine.connect() as connection:
        counts = {row.delivery_id: row.row_count for row in connection.execute(_COUNTS)}
    seen = [each for asker in askers for each in asker.seen]
    assert seen
    assert all(before <= served <= after for before, served, after, _ in seen)
    assert all(links == counts[served] for _, served, _, links in seen)
