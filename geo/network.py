"""An immutable utility network: nodes, links, devices and sources as arrays, and every assumed join.

A network joins in four ways, and each stays visible:

* a link ends at a node (`link_start`, `link_end`; -1 = that end joins nothing);
* a tap: a node sits in mid-span of a link, as the source recorded it (a service and the main it leaves);
* a snap: an end lies so near another end or line that we take them as joined. Snaps are edges of their own
  with
  their distance, never merged coordinates: dropping them gives the network as delivered.

Devices are barriers a crew can operate: valves, switches. A device stands at a node and bars every join
there, or at one end of one link. What is not a barrier (a hydrant, a joint) is the `kind` of its node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from shapely.geometry import LineString

from geo.errors import PanjerehError
from geo.ids import Ids

Indices = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Metres = npt.NDArray[np.float64]

NOWHERE: Final = -1


class NetworkError(PanjerehError):
    """The network cannot be built or asked this."""

    code = "network-invalid"


class DuplicateId(NetworkError):
    """Two `what` records carry the same id; the first such is `id`."""

    code = "network-duplicate-id"


class NotInNetwork(NetworkError):
    """The network has no `what` with this id."""

    code = "network-not-in-network"


class LinkRole(StrEnum):
    """What a link is for: a main (or feeder), one customer's connection, or a transformer."""

    MAIN = "main"
    SERVICE = "service"
    TRANSFORMER = "transformer"


ROLES: Final = tuple(LinkRole)
_ROLE_CODE: Final = {role: code for code, role in enumerate(ROLES)}
SERVICE_CODE: Final = _ROLE_CODE[LinkRole.SERVICE]


def role_code(role: LinkRole) -> int:
    """The number that stands for a role in `Network.link_role`."""
    return _ROLE_CODE[role]


class SnapKind(StrEnum):
    """What was taken as joined though the source does not say so."""

    END_TO_END = "end_to_end"
    END_TO_LINE = "end_to_line"
    DEVICE_TO_NODE = "device_to_node"
    DEVICE_TO_LINE = "device_to_line"


@dataclass(frozen=True, slots=True)
class Snap:
    """One assumed join: `subject` (a node or device id) onto `other` (a node or line id), `distance_m` apart.

    `node` and the one of `other_node`, `other_link` that is not -1 index the network; `x`, `y` are in the
    city CRS.
    """

    kind: SnapKind
    subject: str
    other: str
    distance_m: float
    x: float
    y: float
    node: int
    other_node: int = NOWHERE
    other_link: int = NOWHERE

    @property
    def is_join(self) -> bool:
        """Whether it joins parts of the network; a device's snap only places the device."""
        return self.kind in (SnapKind.END_TO_END, SnapKind.END_TO_LINE)


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A node as delivered; x, y in the city CRS (NaN: not placed)."""

    node_id: str
    kind: str = ""
    x: float = float("nan")
    y: float = float("nan")


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """A pipe or cable as delivered; lengths in metres, `shape` in the city CRS.

    `main_id` names the main that a service leaves in mid-span at its `from_node`. `squeezable` says that the
    material and size allow a squeeze-off.
    """

    link_id: str
    from_node: str | None
    to_node: str | None
    length_m: float = 0.0
    role: LinkRole = LinkRole.MAIN
    main_id: str | None = None
    shape: LineString | None = None
    squeezable: bool = False


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A valve or switch at a node; with `link_id` it bars only that link's end there.

    `closed` is its state now (an open switch is a *closed* valve: both bar the way). `operable` False: it
    cannot be moved out of that state.
    """

    device_id: str
    node_id: str
    link_id: str | None = None
    closed: bool = False
    operable: bool = True


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """Where supply enters: a reservoir, a regulator, the low-voltage side of a transformer."""

    source_id: str
    node_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network as arrays; the position in an array is the index that other arrays use.

    `link_ids` may repeat: a line that a valve cuts in mid-span becomes several links with the line's one id.
    `unplaced` are devices, sources and taps that name a node or main that does not exist.
    """

    node_ids: Sequence[str]
    node_kinds: Sequence[str]
    node_xy: Metres
    link_ids: Sequence[str]
    link_start: Indices
    link_end: Indices
    link_role: npt.NDArray[np.uint8]
    link_length_m: Metres
    link_squeezable: Flags
    link_shapes: Sequence[LineString | None]
    tap_node: Indices
    tap_link: Indices
    device_ids: Sequence[str]
    device_node: Indices
    device_link: Indices
    device_closed: Flags
    device_operable: Flags
    source_ids: Sequence[str]
    source_node: Indices
    snaps: Sequence[Snap] = ()
    unplaced: Sequence[str] = ()
    _links: dict[str, list[int]] = field(init=False, repr=False, default_factory=dict)
    _devices: dict[str, int] = field(init=False, repr=False, default_factory=dict)
    _nodes: dict[str, int] = field(init=False, repr=False, default_factory=dict)

    @property
    def node_count(self) -> int:
        """How many nodes."""
        return len(self.node_ids)

    @property
    def link_count(self) -> int:
        """How many links."""
        return len(self.link_ids)

    def links(self, ids: Iterable[str]) -> Indices:
        """The indices of all links with these line ids. Raises `NotInNetwork`."""
        if isinstance(self.link_ids, Ids):
            return _among(self.link_ids, ids, "link")
        if not self._links:
            for index, link_id in enumerate(self.link_ids):
                self._links.setdefault(link_id, []).append(index)
        return _found([self._links.get(link_id, link_id) for link_id in ids], "link")

    def nodes(self, ids: Iterable[str]) -> Indices:
        """The indices of these nodes. Raises `NotInNetwork`."""
        if isinstance(self.node_ids, Ids):
            return _among(self.node_ids, ids, "node")
        if not self._nodes:
            self._nodes.update((node_id, index) for index, node_id in enumerate(self.node_ids))
        return _found([[self._nodes[i]] if i in self._nodes else i for i in ids], "node")

    def devices(self, ids: Iterable[str]) -> Indices:
        """The indices of these devices. Raises `NotInNetwork`."""
        if isinstance(self.device_ids, Ids):
            return _among(self.device_ids, ids, "device")
        if not self._devices:
            self._devices.update((device_id, index) for index, device_id in enumerate(self.device_ids))
        return _found([[self._devices[i]] if i in self._devices else i for i in ids], "device")

    def sources(self, ids: Iterable[str]) -> Indices:
        """The indices of these sources. Raises `NotInNetwork`."""
        at = {source_id: index for index, source_id in enumerate(self.source_ids)}
        return _found([[at[i]] if i in at else i for i in ids], "source")

    def ids_of_links(self, indices: Iterable[int]) -> tuple[str, ...]:
        """The line ids of these links, each once, sorted."""
        return tuple(sorted({self.link_ids[index] for index in indices}))

    def without_snaps(self, beyond_m: float = 0.0) -> Network:
        """The same network without the joins assumed over more than `beyond_m` metres.

        Device placements stay: a device without a place would be no device.
        """
        kept = tuple(snap for snap in self.snaps if not snap.is_join or snap.distance_m <= beyond_m)
        return replace(self, snaps=kept)


def _found(indices: Sequence[list[int] | str], what: str) -> Indices:
    for entry in indices:
        if isinstance(entry, str):
            raise NotInNetwork(what=what, id=entry)
    return np.array([index for entry in indices for index in entry], dtype=np.int32)


def _among(known: Ids, wanted: Iterable[str], what: str) -> Indices:
    asked = tuple(wanted)
    found = known.find(asked)
    for one, at in zip(asked, found, strict=True):
        if not len(at):
            raise NotInNetwork(what=what, id=one)
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int32)


def build_network(
    links: Sequence[LinkRecord],
    nodes: Sequence[NodeRecord] = (),
    devices: Sequence[DeviceRecord] = (),
    sources: Sequence[SourceRecord] = (),
) -> Network:
    """The network that the records' own node ids describe; nothing is guessed from geometry.

    A node that only links name is made without a place. A device, source or tap that names a node or main
    that does not exist is left out and listed in `unplaced`. Raises `DuplicateId` for two records with one
    id.

    >>> net = build_network([LinkRecord("a", "1", "2", 10.0), LinkRecord("b", "2", "3", 5.0)])
    >>> net.node_ids, net.link_start.tolist(), net.link_end.tolist()
    (('1', '2', '3'), [0, 1], [1, 2])
    """
    _refuse_duplicates("link", (link.link_id for link in links))
    _refuse_duplicates("node", (node.node_id for node in nodes))
    _refuse_duplicates("device", (device.device_id for device in devices))
    _refuse_duplicates("source", (source.source_id for source in sources))
    node_at = {node.node_id: index for index, node in enumerate(nodes)}
    start = [_node(node_at, link.from_node) for link in links]
    end = [_node(node_at, link.to_node) for link in links]
    placed = (*nodes, *(NodeRecord(node_id) for node_id in list(node_at)[len(nodes) :]))
    link_at = {link.link_id: index for index, link in enumerate(links)}
    taps, tapless = _taps(links, start, link_at)
    fitted, homeless = _fitted(devices, node_at, link_at)
    fed = [(source.source_id, node_at.get(source.node_id, NOWHERE)) for source in sources]
    return Network(
        node_ids=tuple(node.node_id for node in placed),
        node_kinds=tuple(node.kind for node in placed),
        node_xy=np.array([(node.x, node.y) for node in placed], dtype=np.float64).reshape(-1, 2),
        link_start=np.array(start, dtype=np.int32),
        link_end=np.array(end, dtype=np.int32),
        **link_columns(links),
        tap_node=np.array([node for node, _ in taps], dtype=np.int32),
        tap_link=np.array([link for _, link in taps], dtype=np.int32),
        device_ids=tuple(device.device_id for device, _, _ in fitted),
        device_node=np.array([node for _, node, _ in fitted], dtype=np.int32),
        device_link=np.array([link for _, _, link in fitted], dtype=np.int32),
        device_closed=np.array([device.closed for device, _, _ in fitted], dtype=np.bool_),
        device_operable=np.array([device.operable for device, _, _ in fitted], dtype=np.bool_),
        source_ids=tuple(source_id for source_id, node in fed if node != NOWHERE),
        source_node=np.array([node for _, node in fed if node != NOWHERE], dtype=np.int32),
        unplaced=(*tapless, *homeless, *(source_id for source_id, node in fed if node == NOWHERE)),
    )


def link_columns(links: Sequence[LinkRecord]) -> dict[str, Any]:
    """The columns of a `Network` that links fill by themselves."""
    return {
        "link_ids": tuple(link.link_id for link in links),
        "link_role": np.array([_ROLE_CODE[link.role] for link in links], dtype=np.uint8),
        "link_length_m": np.array([link.length_m for link in links], dtype=np.float64),
        "link_squeezable": np.array([link.squeezable for link in links], dtype=np.bool_),
        "link_shapes": tuple(link.shape for link in links),
    }


def _refuse_duplicates(what: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise DuplicateId(what=what, id=one)
        seen.add(one)


def _node(node_at: dict[str, int], node_id: str | None) -> int:
    return NOWHERE if node_id is None else node_at.setdefault(node_id, len(node_at))


def _taps(
    links: Sequence[LinkRecord], start: Sequence[int], link_at: Mapping[str, int]
) -> tuple[list[tuple[int, int]], list[str]]:
    taps: list[tuple[int, int]] = []
    missing: list[str] = []
    for link, node in zip(links, start, strict=True):
        if link.main_id is None:
            continue
        main = link_at.get(link.main_id, NOWHERE)
        if main == NOWHERE or node == NOWHERE:
            missing.append(link.link_id)
        else:
            taps.append((node, main))
    return taps, missing


def _fitted(
    devices: Sequence[DeviceRecord], node_at: Mapping[str, int], link_at: Mapping[str, int]
) -> tuple[list[tuple[DeviceRecord, int, int]], list[str]]:
    fitted: list[tuple[DeviceRecord, int, int]] = []
    missing: list[str] = []
    for device in devices:
        node = node_at.get(device.node_id, NOWHERE)
        link = NOWHERE if device.link_id is None else link_at.get(device.link_id, NOWHERE)
        if node == NOWHERE or (device.link_id is not None and link == NOWHERE):
            missing.append(device.device_id)
        else:
            fitted.append((device, node, link))
    return fitted, missing
