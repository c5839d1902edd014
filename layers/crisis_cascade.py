"""What else is in danger: others' things within the reach of a failure, and what of others hangs on it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.network import Indices
from geo.zones import services_among
from layers.catalog import Target
from layers.crisis import (
    Desk,
    Json,
    Start,
    StartAt,
    find_start,
    known,
    line_of,
    start_json,
)
from layers.crisis_look import MOST_HERE, around, features_json, looked
from layers.crisis_said import confidence, device_state
from layers.crisis_trace import dependants, hanging, lost, shut_off
from layers.records import NearFeature

if TYPE_CHECKING:
    from layers.network import CityNetwork

_NONE: Final = np.zeros(0, dtype=np.int32)
_ASSUMED_M: Final = 25.0


def cascade(desk: Desk, utility: str, at: StartAt, hazard_m: float | None = None) -> Json:
    """What a failure there endangers around it, and what of other utilities stops with it.

    Without `hazard_m` (metres) the distance is the one of the hazard table for the broken line.
    Raises what `crisis_trace.isolation` raises, and AreaTooLarge.
    """
    started = time.perf_counter()
    desk.open()
    network = desk.network(utility)
    start = find_start(desk, network, at)
    hazard = _hazard(desk, network, start, hazard_m)
    seed = _seed(network, start, by_place=at.feature_id is None)
    zone = around(seed, hazard["hazard_m"])
    specs = [
        spec
        for spec in desk.city.layers
        if spec.utility != utility
        and spec.target in (Target.NETWORK_LINE, Target.NETWORK_DEVICE, Target.BUILDING)
    ]
    found = looked(desk, specs, zone, seed)
    others = [each for each in found.features if each.target != Target.BUILDING]
    buildings = [each for each in found.features if each.target == Target.BUILDING]
    first = [each for each in buildings if desk.rules.priority_of(each.kind) is not None]
    dark = _dark(desk, network, start)
    served = desk.networks.served(desk.reader, desk.city, network)
    _, services = services_among(network.zones.network, dark)
    depends = dependants(desk, served, dark)
    owners = [*(each.owner for each in network.layers), *(each.owner_agency for each in others)]
    owners += [str(each["owner"]) for each in depends] + found.owners()
    desk.note(network.layers, zone, len(depends))
    return {
        "utility": utility,
        "network_version": network.version,
        "start": start_json(desk, network, start),
        "hazard": desk.shape(zone),
        "hazard_rule": hazard,
        "in_danger": features_json(desk, others),
        "in_danger_by_owner": _by_owner(others),
        "buildings": {
            "count": sum(
                count.features
                for layer, count in found.counts.items()
                if desk.city.layer(layer).target is Target.BUILDING
            ),
            "priority": features_json(
                desk, sorted(first, key=lambda each: desk.rules.priority_of(each.kind) or (0, ""))
            ),
        },
        "withheld": [{"layer_id": spec.layer_id, "owner": spec.owner} for spec in found.withheld.values()],
        "depends": depends,
        "lost": lost(desk, served, _NONE, services, dark),
        "contacts": desk.contacts(owners),
        "confidence": confidence(desk, network, dark, _NONE),
        "limits": {"truncated": found.matched > MOST_HERE, "features": MOST_HERE, "matched": found.matched},
        "took_ms": round((time.perf_counter() - started) * 1e3, 1),
    }


def _hazard(desk: Desk, network: CityNetwork, start: Start, wished_m: float | None) -> Json:
    """How far it reaches, and who says so."""
    pressure = diameter = None
    if len(start.links):
        pressure = known(network.said.link_pressure_bar[int(start.links[0])])
        diameter = known(network.said.link_diameter_mm[int(start.links[0])])
    row = desk.rules.hazard(network.utility, pressure, diameter)
    said: Json = {"pressure_bar": pressure, "diameter_mm": diameter}
    if wished_m is not None or row is None:
        asked = wished_m if wished_m is not None else _ASSUMED_M
        why = "asked" if wished_m is not None else "assumed"
        words = {"source": why, "clause": "", "note": ""}
        return said | {"hazard_m": asked, "status": "unconfirmed", **words, "fa": words}
    return said | {
        "hazard_m": row.reach_m(pressure, diameter),
        "source": row.source,
        "clause": row.clause,
        "status": row.status,
        "note": row.note,
        "fa": dict(row.fa),
    }


def _seed(network: CityNetwork, start: Start, *, by_place: bool) -> BaseGeometry:
    """What the hazard spreads from: the place that was clicked, or all of the line that was named."""
    if by_place or not len(start.links):
        return start.place_m
    return shapely.unary_union([line_of(network, link) for link in start.links.tolist()])


def _dark(desk: Desk, network: CityNetwork, start: Start) -> Indices:
    """What goes without supply: behind a source that fails, or in and beyond the section that is shut off."""
    state = device_state(desk, network)
    if start.kind == "source":
        return hanging(network, start, state)
    section = shut_off(network, start, state)
    return np.concatenate([section.mains, section.services, section.dry_mains, section.dry_services])


def _by_owner(found: list[NearFeature]) -> list[Json]:
    made: dict[str, Json] = {}
    for each in found:
        entry = made.setdefault(
            each.owner_agency,
            {"owner": each.owner_agency, "count": 0, "nearest_m": round(each.distance_m, 2), "utilities": []},
        )
        entry["count"] += 1
        if each.utility and each.utility not in entry["utilities"]:
            entry["utilities"].append(each.utility)
    return sorted(made.values(), key=lambda entry: entry["nearest_m"])
