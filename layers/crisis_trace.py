"""Isolation, upstream and downstream: which valves to close, what that costs whom, what hangs on what."""

from __future__ import annotations

import time
from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from shapely.geometry import MultiPoint, Point

from geo.network import NOWHERE, Indices
from geo.squeeze import squeeze_around
from geo.trace import Cut, DeviceState, Section, outage_of, section_of, upstream_of
from geo.zones import services_among
from layers.crisis import (
    MOST_LISTED,
    Desk,
    Json,
    Start,
    StartAt,
    find_start,
    known,
    start_json,
)
from layers.crisis_said import confidence, device_state, devices_json, sources_json

if TYPE_CHECKING:
    from layers.network import CityNetwork
    from layers.network_served import Served

# What if this valve does not close? Asked for so many valves at most.
_WHAT_IFS: Final = 24
_NONE: Final = np.zeros(0, dtype=np.int32)
# Devices of other utilities come after hospitals and fire stations, before schools.
_DEVICE_RANK: Final = 15


def isolation(desk: Desk, utility: str, at: StartAt, stuck: Collection[str] = ()) -> Json:
    """How to shut off a break there, who loses supply by that, and how far the answer can be trusted.

    Raises AccessRefused, NetworkNotStored, NothingThere, FeatureNotInNetwork, NotInNetwork (an unknown stuck
    valve), NetworkMoving.
    """
    started = time.perf_counter()
    desk.open()
    network = desk.network(utility)
    start = find_start(desk, network, at)
    state = device_state(desk, network, stuck)
    section = shut_off(network, start, state)
    served = desk.networks.served(desk.reader, desk.city, network)
    inside = np.concatenate([section.mains, section.services])
    dry = np.concatenate([section.dry_mains, section.dry_services])
    valves = devices_json(desk, network, section.to_close, state)
    desk.note(network.layers, _around(network, section, start), len(valves) + len(inside) + len(dry))
    return {
        "utility": utility,
        "network_version": network.version,
        "start": start_json(desk, network, start),
        "valves": _with_what_ifs(network, start, state, section, valves),
        "already_closed": devices_json(desk, network, section.already_closed, state),
        "stuck": devices_json(desk, network, section.stuck, state),
        "restorable_by": devices_json(desk, network, section.restoring, state),
        "sources": sources_json(desk, network, section.sources),
        "segment": desk.lines(network, np.concatenate([section.mains, section.services])),
        "unintended": desk.lines(network, np.concatenate([section.dry_mains, section.dry_services])),
        **_squeeze(desk, network, start, state, section),
        "section": {
            "mains": len(section.mains),
            "services": len(section.services),
            "mains_m": round(float(network.zones.network.link_length_m[section.mains].sum()), 1),
        },
        "lost": lost(desk, served, section.services, section.dry_services, np.concatenate([inside, dry])),
        "confidence": confidence(desk, network, inside, section.snaps),
        "contacts": desk.contacts(each.owner for each in network.layers),
        "took_ms": round((time.perf_counter() - started) * 1e3, 1),
    }


def shut_off(network: CityNetwork, start: Start, state: DeviceState) -> Section:
    """The section around a start; around a source that failed, what its node is part of."""
    cut = start.cut
    if start.kind == "source":
        nodes = np.unique(network.zones.network.source_node[start.sources]).astype(np.int32)
        cut = Cut(_NONE, nodes, _NONE)
    return section_of(network.zones, cut, state)


def _around(network: CityNetwork, section: Section, start: Start) -> Any:
    places = network.said.device_xy[np.concatenate([section.to_close, section.already_closed])]
    return MultiPoint([start.place_m, *(Point(xy) for xy in places.tolist())])


def _with_what_ifs(
    network: CityNetwork, start: Start, state: DeviceState, section: Section, valves: list[Json]
) -> list[Json]:
    """The valves to close, each with what it costs if it does not close."""
    inner = network.zones.network
    before = len(section.services) + len(section.dry_services)
    more: dict[str, int] = {}
    for device in section.to_close[:_WHAT_IFS].tolist():
        operable = state.operable.copy()
        operable[device] = False
        other = shut_off(network, start, DeviceState(state.closed, operable))
        more[inner.device_ids[device]] = len(other.services) + len(other.dry_services) - before
    return [
        each
        | {"if_stuck": {"more_connections": more[each["feature_id"]]} if each["feature_id"] in more else None}
        for each in valves
    ]


def _squeeze(desk: Desk, network: CityNetwork, start: Start, state: DeviceState, section: Section) -> Json:
    """Where pipes can be pinched instead, if the valves are too sparse."""
    inner, rules = network.zones.network, network.rules
    length = float(inner.link_length_m[section.mains].sum())
    is_sparse = length > rules.sparse_m or not len(section.to_close)
    none: Json = {"valves_are_sparse": is_sparse, "squeeze_points": [], "squeeze": None}
    if not is_sparse or start.kind == "source" or not inner.link_squeezable.any():
        return none
    plan = squeeze_around(network.zones.graph, start.cut, state, rules.squeeze.room_m)
    if not plan.squeezes:
        return none
    points = [
        {
            "feature_id": each.link_id,
            "from_node": each.node_id,
            "offset_m": each.offset_m,
            "point": desk.point((each.x, each.y)) if each.x is not None and each.y is not None else None,
            "diameter_mm": known(network.said.link_diameter_mm[int(inner.links([each.link_id])[0])]),
        }
        for each in plan.squeezes
    ]
    return {
        "valves_are_sparse": True,
        "squeeze_points": points,
        "squeeze": {
            "valves_to_close": list(plan.valves_to_close),
            "mains": len(plan.isolated_mains),
            "connections_lost": len(plan.services_cut) + len(plan.services_without_supply),
            "room_m": rules.squeeze.room_m,
            "source": rules.squeeze.source.as_dict(),
        },
    }


def lost(desk: Desk, served: Served, cut: Indices, dry: Indices, links: Indices) -> Json:
    """Who loses supply: by the services in the section (`cut`), by those beyond it, and by what hangs on `links`."""
    gone = served.of(np.concatenate([cut, dry]))
    parcels = np.unique(served.parcel[gone])
    parcels = parcels[parcels != NOWHERE]
    buildings = np.unique(served.building[gone])
    buildings = buildings[buildings != NOWHERE]
    units = served.building_units[buildings]
    bare = int((served.building[gone] == NOWHERE).sum())
    assumed = int(np.isnan(units).sum()) + bare
    names = sorted(served.parcel_ids.texts(parcels))
    first = _buildings(desk, served, gone, buildings) + _devices(desk, served, links)
    return {
        "connections": len(gone),
        "cut": len(served.of(cut)),
        "without_supply": len(gone) - len(served.of(cut)),
        "parcels": len(parcels),
        "buildings": len(buildings),
        "units": int(np.nansum(units)) + assumed,
        "units_assumed": assumed,
        "priority": sorted(first, key=lambda each: (each["rank"], each["kind"], each["name"] or "")),
        "parcels_list": names[:MOST_LISTED],
    }


def _buildings(desk: Desk, served: Served, gone: Indices, buildings: Indices) -> list[Json]:
    made = []
    rank_of = lru_cache(maxsize=None)(desk.rules.priority_of)  # most have no name, and one of few uses
    for number, name in zip(buildings.tolist(), served.building_name.texts(buildings), strict=True):
        rank = rank_of(served.building_use[number], name)
        if rank is None:
            continue
        at = gone[served.building[gone] == number]
        parcel = int(served.parcel[at[0]])
        made.append(
            {
                "rank": rank[0] * 10,
                "kind": rank[1],
                "use": served.building_use[number],
                "name": name or None,
                "building_id": served.building_ids[number],
                "parcel_id": served.parcel_ids[parcel] if parcel != NOWHERE else None,
                "point": desk.point(served.building_xy[number].tolist()),
            }
        )
    return made


def _devices(desk: Desk, served: Served, links: Indices) -> list[Json]:
    return [
        {
            "rank": _DEVICE_RANK,
            "kind": each["kind"],
            "use": None,
            "name": each["name"],
            "building_id": None,
            "parcel_id": None,
            **{
                name: each[name]
                for name in ("point", "layer_id", "feature_id", "owner", "utility", "distance_m")
            },
        }
        for each in dependants(desk, served, links)
    ]


def dependants(desk: Desk, served: Served, links: Indices) -> list[Json]:
    """The devices of other utilities that take their supply from these links, as far as the asker may know."""
    made = []
    for number in served.dependants(links).tolist():
        layer = served.layers[int(served.dependant_layer[number])]
        visible = desk.sees(layer.sensitivity, layer.owner)
        made.append(
            {
                "layer_id": layer.layer_id,
                "feature_id": served.dependant_ids[number] if visible else None,
                "kind": served.dependant_kind[number],
                "name": (served.dependant_name[number] or None) if visible else None,
                "owner": layer.owner,
                "utility": layer.utility,
                "distance_m": round(float(served.dependant_apart_m[number]), 1),
                "point": desk.point(served.dependant_xy[number].tolist()) if visible else None,
            }
        )
    return made


# --- up and down


def trace(desk: Desk, utility: str, at: StartAt, direction: str) -> Json:
    """What lies upstream of a place (the ways from a source to it) or downstream (what hangs on it alone).

    In a drain the stream runs to the outlet: upstream is what drains through the place, downstream the way out.
    """
    started = time.perf_counter()
    desk.open()
    network = desk.network(utility)
    start = find_start(desk, network, at)
    state = device_state(desk, network)
    to_source = (direction == "upstream") != network.rules.drains
    graph = network.zones.graph
    if to_source:
        links, gone = upstream_of(graph, _links_at(network, start), state), _NONE
    else:
        links = gone = hanging(network, start, state)
    served = desk.networks.served(desk.reader, desk.city, network)
    _, services = services_among(network.zones.network, gone)
    desk.note(network.layers, start.place_m, len(links))
    return desk.lines(network, links) | {
        "utility": utility,
        "network_version": network.version,
        "direction": direction,
        "start": start_json(desk, network, start),
        "sources": sources_json(desk, network, _sources_at(network, links if to_source else _NONE)),
        "lost": lost(desk, served, _NONE, services, gone) if not to_source else None,
        "length_m": round(float(network.zones.network.link_length_m[links].sum()), 1),
        "confidence": confidence(desk, network, links, _NONE),
        "took_ms": round((time.perf_counter() - started) * 1e3, 1),
    }


def _links_at(network: CityNetwork, start: Start) -> Indices:
    """The links of a start, or those that end at it."""
    if len(start.links):
        return start.links
    inner = network.zones.network
    nodes = np.concatenate([start.nodes, inner.device_node[start.devices], inner.source_node[start.sources]])
    made: Indices = np.flatnonzero(np.isin(inner.link_start, nodes) | np.isin(inner.link_end, nodes)).astype(
        np.int32
    )
    return made


def hanging(network: CityNetwork, start: Start, state: DeviceState) -> Indices:
    """The links that have supply only through the start."""
    return outage_of(network.zones.graph, start.cut, start.sources, state).links


def _sources_at(network: CityNetwork, links: Indices) -> Indices:
    inner = network.zones.network
    nodes = np.concatenate([inner.link_start[links], inner.link_end[links]])
    made: Indices = np.flatnonzero(np.isin(inner.source_node, nodes)).astype(np.int32)
    return made
