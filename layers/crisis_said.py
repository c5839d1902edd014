"""What answers of the crisis desk say of devices and sources, and how far an answer can be trusted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import text

from geo.network import Indices
from geo.trace import DeviceState
from layers.crisis import Desk, Json
from layers.records import Freshness

if TYPE_CHECKING:
    from layers.network import CityNetwork

_STATES = text(
    "SELECT layer_id, feature_id, state, is_operable FROM layers.device_state "
    "WHERE city_id = :city AND layer_id = ANY(:layers)"
)


def device_state(desk: Desk, network: CityNetwork, stuck: Collection[str] = ()) -> DeviceState:
    """How the devices stand: as delivered, what crews have reported since, and those said to be stuck now.

    Raises NotInNetwork for a stuck device that the network does not have.
    """
    inner = network.zones.network
    state = DeviceState.of(inner, stuck)
    layers = [each.layer_id for each in network.layers]
    rows = desk.reader.execute(_STATES, {"city": desk.city.city_id, "layers": layers}).all()
    if not rows:
        return state
    closed, operable = state.closed.copy(), state.operable.copy()
    for row, found in zip(rows, _ids(inner.device_ids, [row.feature_id for row in rows]), strict=True):
        for device in found.tolist():
            if layers[int(network.said.device_layer[device])] != row.layer_id:
                continue
            if row.state is not None:
                closed[device] = row.state == network.rules.barriers.get(network.said.device_kind[device])
            if row.is_operable is not None:
                operable[device] &= row.is_operable
    return DeviceState(closed, operable)


def _ids(ids: Any, wanted: Sequence[str]) -> list[Indices]:
    made: list[Indices] = ids.find(wanted)
    return made


def devices_json(desk: Desk, network: CityNetwork, devices: Indices, state: DeviceState) -> list[Json]:
    """Valves or switches as shown; the place of one that the asker may not see is left out."""
    said, inner = network.said, network.zones.network
    places = desk.points(said.device_xy[devices])
    made = []
    for device, place in zip(devices.tolist(), places, strict=True):
        layer = network.layers[int(said.device_layer[device])]
        kind = said.device_kind[device]
        bars = network.rules.barriers.get(kind, "closed")
        free = "closed" if bars == "open" else "open"
        visible = desk.sees(layer.sensitivity, layer.owner)
        made.append(
            {
                "layer_id": layer.layer_id,
                "feature_id": inner.device_ids[device] if visible else None,
                "kind": kind,
                "owner": layer.owner,
                "point": place if visible else None,
                "state": bars if state.closed[device] else free,
                "turn_to": bars,
                "operable": bool(state.operable[device]),
            }
        )
    return sorted(made, key=lambda each: (each["layer_id"], each["feature_id"] or ""))


def sources_json(desk: Desk, network: CityNetwork, sources: Indices) -> list[Json]:
    """Where supply enters, as shown."""
    said, inner = network.said, network.zones.network
    made = []
    for source, place in zip(sources.tolist(), said.source_xy[sources].tolist(), strict=True):
        layer = network.layers[int(said.source_layer[source])]
        visible = desk.sees(layer.sensitivity, layer.owner)
        made.append(
            {
                "layer_id": layer.layer_id,
                "feature_id": inner.source_ids[source] if visible else None,
                "kind": said.source_kind[source],
                "owner": layer.owner,
                "point": desk.point(place) if visible else None,
            }
        )
    return made


# --- how far it can be trusted

_LEVELS: Final = ("low", "medium", "high")


def confidence(desk: Desk, network: CityNetwork, links: Indices, snaps: Indices) -> Json:
    """How far an answer about these links can be trusted, and why not further; the assumed joins among them."""
    from layers.network_built import UNKNOWN_DAY  # with its libraries, when the first network is there

    about, said = network.about, network.said
    days = said.link_surveyed[links]
    surveyed = days[days != UNKNOWN_DAY]
    codes = np.unique(said.link_quality.codes[links])
    words = sorted(said.link_quality.words[code] for code in codes[codes >= 0].tolist())
    states = {spec.layer_id: desk.freshness[spec.layer_id].state for spec in desk.specs(network.utility)}
    missing = sorted(layer for layer, state in states.items() if state == Freshness.MISSING)
    stale = sorted(layer for layer, state in states.items() if state == Freshness.STALE)
    reasons = list(about["explanations"])
    reasons += [
        slug for slug, holds in (("snaps-in-section", len(snaps) > 0), ("layers-stale", bool(stale))) if holds
    ]
    if missing and "layers-missing" not in reasons:
        reasons.append("layers-missing")
    level = _LEVELS.index(about["confidence"])
    worst = min(level, 1) if len(snaps) or stale else level
    inner = network.zones.network
    listed = [inner.snaps[k] for k in snaps[:50].tolist()]
    return {
        "level": _LEVELS[0 if missing else worst],
        "explanations": reasons,
        "snaps": len(snaps),
        "snap_points": [
            {
                "point": desk.point((each.x, each.y)),
                "distance_m": round(each.distance_m, 3),
                "kind": each.kind.value,
            }
            for each in listed
        ],
        "network_snaps": about["snaps"],
        "supplied_share": about["supplied_share"],
        "unplaced": about["unplaced"],
        "oldest_survey": _date(int(surveyed.min())) if len(surveyed) else None,
        "lowest_quality": words[-1] if words else None,
        "missing_layers": missing,
        "stale_layers": stale,
    }


def _date(days: int) -> str:
    return date.fromordinal(date(1970, 1, 1).toordinal() + days).isoformat()


def network_json(desk: Desk, network: CityNetwork) -> Json:
    """A network as listed."""
    about: Mapping[str, Any] = network.about
    wanted = (
        "version", "built_at", "nodes", "links", "valves", "sources", "zones", "snaps", "parts", "length_m",
        "supplied_share", "largest_share", "unplaced", "oldest_survey", "lowest_quality", "missing_layers",
        "tolerance_m", "confidence", "explanations",
    )  # fmt: skip
    owners = list(dict.fromkeys(each.owner for each in network.layers))
    return {
        "utility": network.utility,
        **{name: about[name] for name in wanted},
        "owners": owners,
        "layers": [each.layer_id for each in network.layers],
        "contacts": desk.contacts(owners),
    }
