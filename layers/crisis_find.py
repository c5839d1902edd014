"""A valve, switch, line or source found by its agency's number: whole, begun, or a part of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from shapely.geometry import MultiPoint, Point

from geo.ids import Ids
from layers.access import AccessRefused
from layers.crisis import Desk, Json, line_of
from layers.network_errors import NetworkMoving, NetworkNotStored
from layers.readers.text import fold_digits, normal_letters

if TYPE_CHECKING:
    from layers.network import CityNetwork

# How well a number fits: the whole of it, its running number, its beginning, its end, something in between.
_WHOLE, _RUNNING, _BEGINS, _ENDS, _INSIDE = range(5)
# What one goes to in the street comes first.
_KINDS: Final = ("device", "source", "line", "node")
_LOOKED_AT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """What was asked for: a part of a number, and perhaps whose or which layer's."""

    part: str
    owners: frozenset[str]
    layers: frozenset[str]
    utilities: frozenset[str]

    def of(self, owner: str, layer: str, utility: str) -> bool:
        """Whether a thing of this owner, layer and utility is meant."""
        wanted = ((self.owners, owner), (self.layers, layer), (self.utilities, utility))
        return all(not names or name in names for names, name in wanted)


def said_of(desk: Desk, query: str) -> Said:
    """`water_lines/WM00122`, `water 122`, `۱۲۲`: words that name an agency, a layer or a utility narrow the search."""
    words = [word for word in re.split(r"[\s/]+", normal_letters(fold_digits(query)).strip()) if word]
    agencies = {each.agency_id for each in desk.city.agencies}
    specs = desk.city.layers
    layers = {spec.layer_id for spec in specs}
    utilities = {str(spec.utility) for spec in specs if spec.utility is not None}
    lowered = {word.lower() for word in words}
    part = "".join(word for word in words if word.lower() not in agencies | layers | utilities)
    owners = frozenset(lowered & agencies)
    # "water" is an agency's name and a network's: whoever says it means either
    return Said(part, owners, frozenset(lowered & layers), frozenset((lowered & utilities) - owners))


def is_device(desk: Desk, layer_id: str, feature_id: str) -> bool:
    """Whether this layer holds such a valve, switch or station of a network.

    True also while the network is just being published: what was done in the street is written down all the same.
    Raises AccessRefused for an agency that says so of another's network.
    """
    desk.open()
    spec = next((each for each in desk.city.layers if each.layer_id == layer_id), None)
    if spec is None or spec.utility is None:
        return False
    try:
        network = desk.network(str(spec.utility))
    except NetworkMoving:
        return True
    except NetworkNotStored:
        return False
    inner, said = network.zones.network, network.said
    sides: list[tuple[Any, Any]] = [
        (inner.device_ids, said.device_layer),
        (inner.source_ids, said.source_layer),
    ]
    own = [int(layers[index]) for ids, layers in sides for index in ids.find((feature_id,))[0].tolist()]
    return any(number >= 0 and network.layers[number].layer_id == layer_id for number in own)


@dataclass(frozen=True, slots=True)
class _Hit:
    rank: int
    kind: str
    number: str
    index: int
    layer: int
    network: CityNetwork


def found(desk: Desk, query: str, limit: int) -> Json:
    """Features of the networks whose number fits, the best first, each with its place; only what the asker may see.

    Raises AccessRefused for one who has no business with emergencies here.
    """
    desk.open()
    said = said_of(desk, query)
    hits: list[_Hit] = []
    for network in _networks(desk) if said.part else ():
        hits += _hits(desk, network, said)
    hits.sort(key=lambda hit: (hit.rank, _KINDS.index(hit.kind), len(hit.number), hit.number))
    shown = hits[:limit]
    places = [_place(hit) for hit in shown]
    for network in {id(hit.network): hit.network for hit in shown}.values():
        own = [place for hit, place in zip(shown, places, strict=True) if hit.network is network]
        layers = [network.layers[hit.layer] for hit in shown if hit.network is network and hit.layer >= 0]
        desk.note(dict.fromkeys(layers), MultiPoint(own), len(own))
    features = [_shown(desk, hit, place) for hit, place in zip(shown, places, strict=True)]
    return {"features": features, "truncated": len(hits) > limit}


def _networks(desk: Desk) -> Iterator[CityNetwork]:
    for utility in desk.networks.utilities(desk.reader, desk.city):
        try:
            yield desk.network(utility)
        except (AccessRefused, NetworkNotStored, NetworkMoving):
            continue  # another agency's, or one that is just being published: the others still answer


def _hits(desk: Desk, network: CityNetwork, said: Said) -> Iterator[_Hit]:
    inner, about = network.zones.network, network.said
    # a node's layer is not kept: nodes are shown to those who may see all of the network
    may_see_nodes = all(desk.sees(each.sensitivity, each.owner) for each in network.layers)
    sides: list[tuple[str, Any, Any]] = [
        ("device", inner.device_ids, about.device_layer),
        ("source", inner.source_ids, about.source_layer),
        ("line", inner.link_ids, about.link_layer),
    ]
    if may_see_nodes and not said.layers:
        sides.append(("node", inner.node_ids, None))
    seen: set[str] = set()
    for kind, ids, layers in sides:
        for index in _matching(ids, said.part):
            number = ids[index]
            layer = -1 if layers is None else int(layers[index])
            of = network.layers[layer] if layer >= 0 else None
            if number in seen or (of is not None and not desk.sees(of.sensitivity, of.owner)):
                continue
            owner = of.owner if of is not None else network.layers[0].owner
            if not said.of(owner, of.layer_id if of is not None else "", network.utility):
                continue
            seen.add(number)  # a valve is a node as well, and a line that a valve cuts is two links
            yield _Hit(rank_of(number, said.part), kind, number, index, layer, network)


def rank_of(number: str, part: str) -> int:
    """How well a number fits what was said of it.

    >>> [rank_of(one, "122") for one in ("122", "WM00122", "122-4", "WM5122", "A1220")]
    [0, 1, 2, 3, 4]
    """
    ours, theirs = number.upper(), part.upper()
    if ours == theirs:
        return _WHOLE
    digits = re.search(r"\d+$", ours)
    if theirs.isdigit() and digits is not None and int(digits[0]) == int(theirs):
        return _RUNNING
    if ours.startswith(theirs):
        return _BEGINS
    return _ENDS if ours.endswith(theirs) else _INSIDE


def _matching(ids: Sequence[str], part: str) -> list[int]:
    """Positions of the ids that contain `part` in either case, found in the block of bytes at once."""
    if not isinstance(ids, Ids):
        return [index for index, one in enumerate(ids) if part.upper() in one.upper()][:_LOOKED_AT]
    block, wanted = ids.blob.tobytes().upper(), part.upper().encode()
    made: dict[int, None] = {}
    at = block.find(wanted)
    while at >= 0 and len(made) < _LOOKED_AT:
        index = int(np.searchsorted(ids.offsets, at, side="right")) - 1
        end = int(ids.offsets[index + 1])
        if at + len(wanted) <= end:  # not across two ids
            made[index] = None
            at = block.find(wanted, end)
        else:
            at = block.find(wanted, at + 1)
    return list(made)


def _place(hit: _Hit) -> Point:
    inner, about = hit.network.zones.network, hit.network.said
    if hit.kind == "line":
        middle = line_of(hit.network, hit.index).interpolate(0.5, normalized=True)
        return Point(middle.x, middle.y)
    places = {"device": about.device_xy, "source": about.source_xy, "node": inner.node_xy}
    return Point(places[hit.kind][hit.index])


def _shown(desk: Desk, hit: _Hit, place: Point) -> Json:
    about = hit.network.said
    layer = hit.network.layers[hit.layer] if hit.layer >= 0 else None
    words = {"device": about.device_kind, "source": about.source_kind}
    return {
        "utility": hit.network.utility,
        "kind": hit.kind,
        "network_kind": words[hit.kind][hit.index] if hit.kind in words else None,
        "layer_id": layer.layer_id if layer is not None else None,
        "feature_id": hit.number,
        "owner": layer.owner if layer is not None else None,
        "point": desk.point(place),
    }
