"""Finished tiles kept in the process, least recently used first out, bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from api.zipped import unzipped, zipped

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """A finished tile: its bytes, gzip'd or not; none where there is nothing to draw."""

    data: bytes
    is_zipped: bool

    @property
    def is_empty(self) -> bool:
        """True where there is nothing to draw."""
        return not self.data

    def zipped(self) -> Tile:
        """The tile for a client that takes gzip."""
        if self.is_zipped or self.is_empty:
            return self
        return Tile(zipped(self.data), is_zipped=True)

    def plain(self) -> Tile:
        """The tile for a client that does not."""
        return Tile(unzipped(self.data), is_zipped=False) if self.is_zipped else self


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
        return len(tile.data) + 200


def kept_or_made(cache: TileCache, key: Key, make: Callable[[], bytes], takes_gzip: bool) -> Tile:
    """The tile as the client takes it, from the cache or made now; kept gzip'd once anybody took it so."""
    kept = cache.get(key)
    tile = kept or Tile(make(), is_zipped=False)
    if takes_gzip:
        tile = tile.zipped()
    if kept is None or (takes_gzip and tile is not kept):
        cache.put(key, tile)
    return tile if takes_gzip else tile.plain()
