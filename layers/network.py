"""The networks of the cities as they are published now: version-stamped, built once, shared by all processes.

A network's version is made of the deliveries of its layers. It is read in each question's own transaction, and
changes in the transaction that publishes; an answer never comes from a network of another version. What is
built is kept as files that all processes map, and in the memory of each. One process builds (an advisory lock);
the others wait for it.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Engine, text

from geo.trace import Cut, DeviceState, section_of, upstream_of
from geo.vocabulary import Utility
from geo.zones import ZoneGraph
from layers import network_files, network_served
from layers.catalog import Target
from layers.city import City
from layers.network_built import Attributes
from layers.network_errors import NetworkMoving, NetworkNotStored
from layers.network_files import Block, Unreadable, read_block, write_block
from layers.network_layers import (
    SourceLayer,
    layers_of,
    network_layers,
    served_layers,
    version_of,
)
from layers.network_rules import CrisisRules, NetworkRules, crisis_rules
from layers.network_served import Asked, Served
from layers.reads import Reader

log = logging.getLogger("panjereh.networks")
# A publication that overtakes a build is rare; several in a row are somebody's loop.
_ATTEMPTS: Final = 6
_KEPT: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class CityNetwork:
    """One utility's network of one city at one version."""

    city_id: str
    utility: str
    version: str
    rules: NetworkRules
    zones: ZoneGraph
    said: Attributes
    about: Mapping[str, Any]
    layers: tuple[SourceLayer, ...]

    @property
    def oldest_survey(self) -> date | None:
        """The day of the oldest surveyed line; None where no line says."""
        days = self.about["oldest_survey"]
        return date.fromisoformat(days) if days else None

    def warm(self) -> None:
        """Compile what the first question would otherwise wait for."""
        from geo.line_kernels import nearest

        inner = self.zones.network
        if not inner.link_count:
            return
        first, none = np.zeros(1, dtype=np.int32), np.zeros(0, dtype=np.int32)
        section_of(self.zones, Cut(first, none, none), DeviceState.of(inner))
        upstream_of(self.zones.graph, first)
        x, y = self.said.coords[0].tolist()
        nearest(self.said.coords, self.said.vertices, self.said.link_box, x, y, 1.0)


class Networks:
    """The networks of a process. `engine` reads as the owner of the layers: sensitive devices are part of them."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._memory: dict[tuple[str, ...], Any] = {}
        self._rules: dict[str, CrisisRules] = {}
        self._locks: dict[tuple[str, ...], threading.Lock] = {}
        self._guard = threading.Lock()

    def rules(self, city: City) -> CrisisRules:
        """How the city's networks are traced."""
        if city.city_id not in self._rules:
            self._rules[city.city_id] = crisis_rules(city)
        return self._rules[city.city_id]

    def utilities(self, reader: Reader, city: City) -> tuple[str, ...]:
        """The utilities that have published lines, in the catalogue's order."""
        layers = network_layers(reader, city.city_id)
        named = {each.utility for each in layers if each.target is Target.NETWORK_LINE}
        return tuple(str(each) for each in self.rules(city).networks if str(each) in named)

    def get(self, reader: Reader, city: City, utility: str) -> CityNetwork:
        """The network as the reader's transaction sees it published.

        Raises NetworkNotStored; NetworkMoving when publications overtake every attempt to build.
        """
        rules = self.rules(city).networks.get(Utility(utility))

        def wanted(at: Reader) -> tuple[str, tuple[SourceLayer, ...]]:
            layers = layers_of(at, city.city_id, utility)
            if rules is None or not any(each.target is Target.NETWORK_LINE for each in layers):
                raise NetworkNotStored(city=city.city_id, utility=utility)
            return version_of(layers, city.city_id, utility, rules.digest), layers

        def make(connection: Connection) -> Block:
            # with libraries that who finds it made does not need
            from layers.network_making import network_block

            version, layers = wanted(connection)
            return network_block(version, city, layers, rules or NetworkRules(Utility(utility)), connection)

        def attach(folder: Path) -> CityNetwork:
            return _network_from(folder, city, utility, rules or NetworkRules(Utility(utility)))

        made: CityNetwork = self._current((city.city_id, utility), lambda: wanted(reader)[0], attach, make)
        return made

    def served(self, reader: Reader, city: City, network: CityNetwork) -> Served:
        """Whom this network serves, with parcels and buildings as the reader's transaction sees them published."""
        depends = [each for each in self.rules(city).depends if each.utility == network.utility]
        kinds = tuple(sorted(kind for each in depends for kind in each.kinds))
        reach_m = max((each.reach_m for each in depends), default=0.0)

        def asked(at: Reader) -> Asked:
            layers = served_layers(at, city.city_id)
            version = version_of(layers, network.version, *kinds, str(reach_m))
            return Asked(city.city_id, city.srid, network.utility, version, layers, kinds, reach_m)

        def make(connection: Connection) -> Block:
            from layers.network_making import served_block

            return served_block(asked(connection), network.zones, network.said, connection)

        def attach(folder: Path) -> Served:
            return network_served.from_block(*read_block(folder))

        made: Served = self._current(
            (city.city_id, network.utility, "served"), lambda: asked(reader).version, attach, make
        )
        return made

    def _current(
        self,
        key: tuple[str, ...],
        wanted: Callable[[], str],
        attach: Callable[[Path], Any],
        make: Callable[[Connection], Block],
    ) -> Any:
        """What is kept under `key`, at the version that is wanted now: from memory, from files, or made."""
        for _ in range(_ATTEMPTS):
            version = wanted()
            found = self._memory.get(key)
            if found is not None and found.version == version:
                return found
            home = self._folder.joinpath(*key)
            try:
                found = attach(home / version)
            except Unreadable:
                found = self._made(key, home, version, attach, make)
            if found.version == version:
                self._memory[key] = found
                return found
        raise NetworkMoving(city=key[0], utility=key[1])

    def _made(
        self,
        key: tuple[str, ...],
        home: Path,
        version: str,
        attach: Callable[[Path], Any],
        make: Callable[[Connection], Block],
    ) -> Any:
        """Made by one thread of one process as published now, which may be another version."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock, self._engine.connect() as connection, _alone(connection, " ".join(key)):
            try:
                return attach(home / version)
            except Unreadable:
                shutil.rmtree(home / version, ignore_errors=True)  # of another format, or cut short
            with connection.execution_options(isolation_level="REPEATABLE READ").begin():
                block = make(connection)
            write_block(home / block.version, block.arrays, block.about)
            _clear(home, block.version)
            found = attach(home / block.version)
        GIVING.soon()
        return found


class GivingBack:
    """Who has built maps the files like everybody else: what the making took is free, and the next may be days off.

    Half a minute after the last one, so that nobody waits for it and several in a row share what they take.
    """

    def __init__(self) -> None:
        self.after_s = 30.0
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def soon(self) -> None:
        """What is free is given back in a while; who asked before need not ask again."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self.after_s, _give_back)
            self._timer.daemon = True
            self._timer.start()


def _give_back() -> None:
    from layers.memory import give_back  # Arrow comes with it, and is loaded where something was made

    give_back()


GIVING: Final = GivingBack()


def _network_from(folder: Path, city: City, utility: str, rules: NetworkRules) -> CityNetwork:
    array, about = read_block(folder)
    built = network_files.from_block(array, about)
    layers = tuple(SourceLayer(**{**each, "target": Target(each["target"])}) for each in about["layers"])
    return CityNetwork(
        city.city_id, utility, about["version"], rules, built.zones, built.attributes, about, layers
    )


class _alone:  # noqa: N801 - used as a function
    """Nobody else builds this network meanwhile, in any process on this database."""

    def __init__(self, connection: Connection, what: str) -> None:
        self._connection = connection
        self._values = {"key": f"panjereh-network {what}"}

    def __enter__(self) -> None:
        # before the snapshot is taken, so that it shows what is published when our turn comes
        self._connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:key, 0))"), self._values)
        self._connection.commit()

    def __exit__(self, *_: object) -> None:
        self._connection.rollback()
        self._connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))"), self._values)
        self._connection.commit()


def _clear(home: Path, kept: str) -> None:
    """Drop all but the newest versions; a process that maps one keeps what it maps."""
    others = sorted(
        (each for each in home.iterdir() if each.name != kept and each.is_dir()),
        key=lambda each: each.stat().st_mtime,
        reverse=True,
    )
    stale = time.time() - timedelta(hours=1).total_seconds()
    complete = [each for each in others if not each.name.startswith(".")]
    halves = [each for each in others if each.name.startswith(".") and each.stat().st_mtime < stale]
    for each in (*complete[_KEPT - 1 :], *halves):
        shutil.rmtree(each, ignore_errors=True)
