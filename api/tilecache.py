"""Finished tiles kept in the process, least recently used first out, bounded in bytes."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from dataclasses import dataclass

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """A finished tile: its gzip'd bytes, or nothing where there is nothing to draw."""

    zipped: bytes

    @property
    def is_empty(self) -> bool:
        """True where there is nothing to draw."""
        return not self.zipped

    def plain(self) -> bytes:
        """The bytes for a client that does not take gzip."""
        return gzip.decompress(self.zipped) if self.zipped else b""


def finished(data: bytes) -> Tile:
    """A tile ready to send. Level 1: a stronger one costs more than making the tile."""
    return Tile(gzip.compress(data, compresslevel=1, mtime=0) if data else b"")


class TileCache:
    """Thread-safe; a key contains the layers' version, so nothing stale is ever found."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._size = 0
        self._tiles: OrderedDict[Key, Tile] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Tile | None:
        """The tile if it is kept, now the most recently used."""
        with self._lock:
            tile = self._tiles.get(key)
            if tile is not None:
                self._tiles.move_to_end(key)
            return tile

    def put(self, key: Key, tile: Tile) -> None:
        """The tile is kept; older ones leave until the bytes fit."""
        with self._lock:
            previous = self._tiles.pop(key, None)
            self._size += self._cost(tile) - (self._cost(previous) if previous else 0)
            self._tiles[key] = tile
            while self._size > self._limit and self._tiles:
                _, dropped = self._tiles.popitem(last=False)
                self._size -= self._cost(dropped)

    @staticmethod
    def _cost(tile: Tile) -> int:
        return len(tile.zipped) + 200
