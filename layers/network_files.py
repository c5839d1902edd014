"""A built network as files: one block of arrays that every process maps, written beside and renamed into place.

A folder that is there is whole: it was renamed after its last byte was written. Nothing waits for the disk: files of
before the machine's last start are not read, so a crash can leave none that is taken for whole. What is mapped stays
readable after a folder was cleared away.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Final, overload

import numpy as np

from geo.ids import Coded, Ids
from geo.network import Network, Snap, SnapKind
from geo.zones import Segments, TraceGraph, ZoneGraph
from layers.network_built import Attributes, Built, Shapes
from layers.network_layers import FORMAT

_META: Final = "about.json"
_BLOCK: Final = "arrays.bin"
_ALIGNED: Final = 64
_KINDS: Final = tuple(SnapKind)
_NETWORK: Final = (
    "node_xy", "link_start", "link_end", "link_role", "link_length_m", "link_squeezable", "tap_node", "tap_link",
    "device_node", "device_link", "device_closed", "device_operable", "source_node",
)  # fmt: skip
_IDS: Final = ("node_ids", "link_ids", "device_ids", "source_ids")
_GRAPH: Final = ("a", "b", "device", "start", "target", "arc_device", "arc_edge")
_ZONES: Final = (
    "hollow", "device", "a", "b", "start", "target", "arc_device", "link_start", "links", "node_start", "nodes",
    "snap_node", "source_zone", "last", "held_by",
)  # fmt: skip


class Unreadable(Exception):
    """The folder is not there, does not hold what it should, or is of another format."""


@dataclass(frozen=True, slots=True, eq=False)
class Snaps(Sequence[Snap]):
    """The snaps of a network as columns."""

    kind: Any
    node: Any
    other_node: Any
    other_link: Any
    place: Any
    subjects: Ids
    others: Ids

    def __len__(self) -> int:
        return len(self.kind)

    @overload
    def __getitem__(self, index: int) -> Snap: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Snap, ...]: ...
    def __getitem__(self, index: int | slice) -> Snap | tuple[Snap, ...]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        apart, x, y = self.place[index].tolist()
        return Snap(
            _KINDS[int(self.kind[index])], self.subjects[index], self.others[index], apart, x, y,
            int(self.node[index]), int(self.other_node[index]), int(self.other_link[index]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What is made, before it is written."""

    version: str
    arrays: Mapping[str, Any]
    about: Mapping[str, Any]


def as_block(built: Built) -> tuple[dict[str, Any], dict[str, Any]]:
    """A network as arrays, and what is said of them."""
    words: dict[str, Sequence[str]] = {}
    arrays = dict(_arrays(built, words))
    return arrays, {"words": words, "sizes": _sizes(built)}


def write_block(folder: Path, arrays: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write arrays, and what is said about them, to `folder` in one step; a folder that is there stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.parent / f".{folder.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}"
    beside.mkdir()
    try:
        places: dict[str, Any] = {}
        with (beside / _BLOCK).open("wb") as stream:
            for name, array in arrays.items():
                stream.write(b"\0" * (-stream.tell() % _ALIGNED))
                places[name] = [str(array.dtype.str), list(array.shape), stream.tell()]
                stream.write(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
            stream.write(b"\0" * _ALIGNED)  # an empty file cannot be mapped
        with (beside / _META).open("w", encoding="utf-8") as page:
            json.dump({**about, "format": FORMAT, "boot": _boot(), "places": places}, page)
        _rename(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@cache
def _boot() -> str:
    """Which start of the machine this is (Linux); elsewhere each process trusts its own files only."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return uuid.uuid4().hex


def _rename(beside: Path, folder: Path) -> None:
    try:
        beside.rename(folder)
    except OSError:
        if not (folder / _META).is_file():
            raise


def _sizes(built: Built) -> dict[str, int]:
    parts = built.zones.segments
    return {"nodes": parts.nodes, "links": parts.links, "zones": parts.count, "fed": built.zones.fed}


def _arrays(built: Built, words: dict[str, Sequence[str]]) -> Iterator[tuple[str, Any]]:
    network, graph, zones = built.zones.network, built.zones.graph, built.zones
    yield from ((f"network.{name}", getattr(network, name)) for name in _NETWORK)
    for name in _IDS:
        yield from _ids(f"network.{name}", getattr(network, name))
    yield from ((f"graph.{name}", getattr(graph, name)) for name in _GRAPH)
    yield from ((f"zones.{name}", getattr(zones, name)) for name in _ZONES)
    yield "zones.vertex", zones.segments.vertex
    yield from _snaps(network.snaps)
    for name, value in _said(built).items():
        if isinstance(value, Coded):
            words[name] = list(value.words)
            value = value.codes  # noqa: PLW2901 - the words go with the description
        yield name, np.asarray(value)
    words["unplaced"] = list(network.unplaced)


def _said(built: Built) -> dict[str, Any]:
    named = {f"said.{each.name}": getattr(built.attributes, each.name) for each in fields(Attributes)}
    kinds = built.zones.network.node_kinds
    return named | {"network.node_kinds": kinds}


def _ids(name: str, ids: Sequence[str]) -> Iterator[tuple[str, Any]]:
    yield from ids_parts(name, ids if isinstance(ids, Ids) else Ids.of(ids)).items()


def _snaps(snaps: Sequence[Snap]) -> Iterator[tuple[str, Any]]:
    listed = list(snaps)
    yield "snaps.kind", np.array([_KINDS.index(each.kind) for each in listed], dtype=np.int8)
    for name in ("node", "other_node", "other_link"):
        yield f"snaps.{name}", np.array([getattr(each, name) for each in listed], dtype=np.int32)
    place = np.array([(each.distance_m, each.x, each.y) for each in listed], dtype=np.float64)
    yield "snaps.place", place.reshape(-1, 3)
    yield from _ids("snaps.subjects", [each.subject for each in listed])
    yield from _ids("snaps.others", [each.other for each in listed])


# --- back


def read_block(folder: Path) -> tuple[Callable[[str], Any], dict[str, Any]]:
    """The arrays of a folder by name, mapped, and what is said about them. Raises Unreadable."""
    try:
        about = json.loads((folder / _META).read_text(encoding="utf-8"))
        with (folder / _BLOCK).open("rb") as stream:
            # Copy on write: compiled code takes it for ordinary arrays; nothing here writes.
            block = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as error:
        raise Unreadable(str(error)) from error
    if about.get("format") != FORMAT:
        raise Unreadable(f"format {about.get('format')}")
    if about.get("boot") != _boot():
        raise Unreadable("written before this start of the machine")

    def array(name: str) -> Any:
        kind, shape, offset = about["places"][name]
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(block, dtype=np.dtype(kind), count=count, offset=offset).reshape(shape)

    return array, about


def ids_from(array: Callable[[str], Any], name: str) -> Ids:
    """Ids that `ids_parts` gave to a block."""
    return Ids(*(array(f"{name}.{part.name}") for part in fields(Ids)))


def ids_parts(name: str, ids: Ids) -> dict[str, Any]:
    """Ids as arrays of a block."""
    return {f"{name}.{part.name}": getattr(ids, part.name) for part in fields(Ids)}


def from_block(array: Callable[[str], Any], about: Mapping[str, Any]) -> Built:
    """Back from `as_block`."""
    words, sizes = about["words"], about["sizes"]

    def ids(name: str) -> Ids:
        return ids_from(array, name)

    def coded(name: str) -> Any:
        return Coded(array(name), tuple(words[name])) if name in words else array(name)

    attributes = Attributes(**{each.name: coded(f"said.{each.name}") for each in fields(Attributes)})
    own: dict[str, Any] = {name: array(f"network.{name}") for name in _NETWORK}
    own |= {name: ids(f"network.{name}") for name in _IDS}
    columns = {name: array(f"snaps.{name}") for name in ("kind", "node", "other_node", "other_link", "place")}
    network = Network(
        **own,
        node_kinds=coded("network.node_kinds"),
        link_shapes=Shapes(attributes.coords, attributes.vertices),
        snaps=Snaps(**columns, subjects=ids("snaps.subjects"), others=ids("snaps.others")),
        unplaced=tuple(words["unplaced"]),
    )
    graph = TraceGraph(network, **{name: array(f"graph.{name}") for name in _GRAPH})
    parts = Segments(array("zones.vertex"), sizes["nodes"], sizes["links"], sizes["zones"])
    columns = {name: array(f"zones.{name}") for name in _ZONES}
    zones = ZoneGraph(graph=graph, segments=parts, fed=sizes["fed"], **columns)
    return Built(zones, attributes)
