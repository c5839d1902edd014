"""A network of what is published now, as arrays to be kept, with how far it can be trusted to be one."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection

from geo.snapping import connectivity
from geo.zones import ZoneGraph
from layers import network_files, network_served
from layers.catalog import Target
from layers.city import City
from layers.network_build import build
from layers.network_built import UNKNOWN_DAY, Attributes, Built
from layers.network_customers import read_served
from layers.network_files import Block
from layers.network_kept import read_network
from layers.network_layers import SourceLayer
from layers.network_rules import NetworkRules
from layers.network_served import Asked

log = logging.getLogger("panjereh.networks")


def network_block(
    version: str, city: City, layers: tuple[SourceLayer, ...], rules: NetworkRules, connection: Connection
) -> Block:
    """A network as its layers show it in this transaction, as arrays."""
    started = time.perf_counter()
    built = build(read_network(connection, city.city_id, layers, rules), rules)
    arrays, more = network_files.as_block(built)
    about = described(built, rules, layers) | {
        "version": version,
        "built_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "build_ms": round((time.perf_counter() - started) * 1e3),
    }
    log.info("network %s/%s %s built in %s ms", city.city_id, rules.utility, version, about["build_ms"])
    return Block(version, arrays, about | more)


def served_block(asked: Asked, zones: ZoneGraph, said: Attributes, connection: Connection) -> Block:
    """Whom a network serves, as arrays."""
    found = read_served(connection, asked, zones.network, said.coords, said.vertices)
    return Block(asked.version, *network_served.as_block(found))


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
