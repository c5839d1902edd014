"""The networks of the cities as they are published now: version-stamped, built once, shared by all processes.

A network's version is made of the deliveries of its layers. It is read in each question's own transaction, and
changes in the transaction that publishes; an answer never comes from a network of another version. What is
built is kept as files that all processes map, and in the memory of each. One process builds (an advisory lock);
the others wait for it.
"""

from __future__ import annotations

import logging
import math
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Engine, text

from geo.errors import PanjerehError
from geo.network import NetworkError
from geo.snapping import connectivity
from geo.vocabulary import Utility
from geo.zones import ZoneGraph
from layers.catalog import Target
from layers.city import City
from layers.network_build import Attributes, Built, build
from layers.network_columns import UNKNOWN_DAY
from layers.network_files import Unreadable, load, save
from layers.network_read import Reader, SourceLayer, layers_of, read_network, source_layers, version_of
from layers.network_rules import CrisisRules, NetworkRules, crisis_rules

log = logging.getLogger("panjereh.networks")
# A publication that overtakes a build is rare; several in a row are somebody's loop.
_ATTEMPTS: Final = 6
_KEPT: Final = 2


class NetworkNotStored(NetworkError):
    """The city has no published lines of this utility."""

    code = "network-not-stored"


class NetworkMoving(PanjerehError):
    """The network's layers are published faster than it can be put together; ask again."""

    code = "network-moving"


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


class Networks:
    """The networks of a process. `engine` reads as the owner of the layers: sensitive devices are part of them."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._memory: dict[tuple[str, str], CityNetwork] = {}
        self._rules: dict[str, CrisisRules] = {}
        self._locks: dict[tuple[str, str], threading.Lock] = {}
        self._guard = threading.Lock()

    def rules(self, city: City) -> CrisisRules:
        """How the city's networks are traced."""
        if city.city_id not in self._rules:
            self._rules[city.city_id] = crisis_rules(city)
        return self._rules[city.city_id]

    def get(self, reader: Reader, city: City, utility: str) -> CityNetwork:
        """The network as the reader's transaction sees it published.

        Raises NetworkNotStored; NetworkMoving when publications overtake every attempt to build.
        """
        rules = self.rules(city).networks.get(Utility(utility))
        for _ in range(_ATTEMPTS):
            layers = layers_of(source_layers(reader, city.city_id), utility)
            if rules is None or not any(each.target is Target.NETWORK_LINE for each in layers):
                raise NetworkNotStored(city=city.city_id, utility=utility)
            wanted = version_of(layers, city.city_id, utility, rules.digest)
            found = self._memory.get((city.city_id, utility))
            if found is not None and found.version == wanted:
                return found
            found = self._attached(city, utility, rules, wanted) or self._built(city, utility, rules, wanted)
            if found.version == wanted:
                return found
        raise NetworkMoving(city=city.city_id, utility=utility)

    def utilities(self, reader: Reader, city: City) -> tuple[str, ...]:
        """The utilities that have published lines, in the catalogue's order."""
        layers = source_layers(reader, city.city_id)
        named = {each.utility for each in layers if each.target is Target.NETWORK_LINE}
        return tuple(str(each) for each in self.rules(city).networks if str(each) in named)

    def _home(self, city: City, utility: str) -> Path:
        return self._folder / city.city_id / utility

    def _attached(self, city: City, utility: str, rules: NetworkRules, version: str) -> CityNetwork | None:
        """The network of this version from its files, if some process has built it."""
        try:
            built, about = load(self._home(city, utility) / version)
        except Unreadable:
            return None
        layers = tuple(SourceLayer(**{**each, "target": Target(each["target"])}) for each in about["layers"])
        made = CityNetwork(
            city.city_id, utility, version, rules, built.zones, built.attributes, about, layers
        )
        self._memory[city.city_id, utility] = made
        return made

    def _built(self, city: City, utility: str, rules: NetworkRules, wanted: str) -> CityNetwork:
        """The network as published now, built by one thread of one process; its version may be another."""
        with self._guard:
            lock = self._locks.setdefault((city.city_id, utility), threading.Lock())
        with lock:
            if (found := self._attached(city, utility, rules, wanted)) is not None:
                return found
            with self._engine.connect() as connection, _alone(connection, city.city_id, utility):
                found = self._attached(city, utility, rules, wanted)
                return found or self._build(connection, city, utility, rules)

    def _build(self, connection: Connection, city: City, utility: str, rules: NetworkRules) -> CityNetwork:
        started = time.perf_counter()
        with connection.execution_options(isolation_level="REPEATABLE READ").begin():
            layers = layers_of(source_layers(connection, city.city_id), utility)
            version = version_of(layers, city.city_id, utility, rules.digest)
            delivered = read_network(connection, city.city_id, layers, rules)
        built = build(delivered, rules)
        about = described(built, rules, layers) | {
            "version": version,
            "built_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "build_ms": round((time.perf_counter() - started) * 1e3),
        }
        home = self._home(city, utility)
        save(home / version, built, about)
        _clear(home, version)
        log.info("network %s/%s %s built in %s ms", city.city_id, utility, version, about["build_ms"])
        made = self._attached(city, utility, rules, version)
        if made is None:
            raise Unreadable(str(home / version))
        return made


class _alone:  # noqa: N801 - used as a function
    """Nobody else builds this network meanwhile, in any process on this database."""

    def __init__(self, connection: Connection, city_id: str, utility: str) -> None:
        self._connection = connection
        self._values = {"key": f"panjereh-network {city_id} {utility}"}

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


# --- what is said about a network


def described(built: Built, rules: NetworkRules, layers: tuple[SourceLayer, ...]) -> dict[str, Any]:
    """Counts, how far the network can be trusted to be one, and why not further."""
    network, said = built.zones.network, built.attributes
    joined = connectivity(network)
    surveyed = said.link_surveyed[said.link_surveyed != UNKNOWN_DAY]
    graded = sorted(
        word for code, word in enumerate(said.link_quality.words) if (said.link_quality.codes == code).any()
    )
    missing = sorted(
        str(target)
        for target in (Target.NETWORK_LINE, Target.NETWORK_NODE, Target.NETWORK_DEVICE)
        if not any(each.target is target for each in layers)
    )
    facts = {
        "nodes": network.node_count,
        "links": network.link_count,
        "valves": len(network.device_ids),
        "sources": len(network.source_ids),
        "zones": len(np.unique(built.zones.segments.link)),
        "snaps": joined.snapped,
        "widest_snap_m": round(joined.widest_snap_m, 3),
        "parts": joined.parts,
        "largest_share": round(joined.largest_share, 4),
        "supplied_share": round(joined.supplied_share, 4),
        "length_m": round(joined.length_m, 1),
        "unplaced": len(network.unplaced),
        "oldest_survey": _day(int(surveyed.min())) if len(surveyed) else None,
        "lowest_quality": graded[-1] if graded else None,
        "missing_layers": missing,
        "tolerance_m": rules.tolerance_m,
        "layers": [each.as_dict() for each in layers],
    }
    reasons = doubts(facts)
    return facts | {"explanations": reasons, "confidence": level_of(facts, reasons)}


def _day(days: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()


def doubts(facts: Mapping[str, Any]) -> list[str]:
    """Why an answer may be wrong, as slugs."""
    found = {
        "no-source": facts["sources"] == 0,
        "no-valves": facts["valves"] == 0,
        "snapped-joins": facts["snaps"] > 0,
        "parts-without-source": facts["sources"] > 0 and facts["supplied_share"] < 0.995,
        "unplaced-devices": facts["unplaced"] > 0,
        "never-surveyed": facts["oldest_survey"] is None,
        "records-only": facts["lowest_quality"] == "D",
        "layers-missing": bool(facts["missing_layers"]),
    }
    return [slug for slug, holds in found.items() if holds]


def level_of(facts: Mapping[str, Any], reasons: list[str]) -> str:
    """How far an answer may be trusted: `low`, `medium` or `high`."""
    if "no-source" in reasons or "layers-missing" in reasons or facts["supplied_share"] < 0.9:
        return "low"
    share = facts["snaps"] / max(facts["links"], 1)
    if share > 0.05 or facts["supplied_share"] < 0.995 or facts["lowest_quality"] == "D":
        return "medium"
    return "high"


def is_number(value: float) -> bool:
    """Whether a measure is known."""
    return not math.isnan(value)
