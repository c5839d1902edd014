"""Which published layers a network is made of, and what that makes its version: asked at every question."""

from __future__ import annotations

# ruff: noqa: S608 - what is spliced into SQL is a constant of the code, never data
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import Connection, text

from layers.catalog import Target
from layers.reads import Reader, Statement, connection_of, execute_prepared

# Part of every version: raise it whenever what is built or kept changes.
FORMAT: Final = "panjereh-network-4"


@dataclass(frozen=True, slots=True)
class SourceLayer:
    """A layer that a network is made of, with the delivery it shows."""

    layer_id: str
    target: Target
    owner: str
    utility: str | None
    sensitivity: str
    delivery_id: int
    mark: str

    def as_dict(self) -> dict[str, Any]:
        """The layer as JSON."""
        return {
            "layer_id": self.layer_id,
            "target": str(self.target),
            "owner": self.owner,
            "utility": self.utility,
            "sensitivity": self.sensitivity,
            "delivery_id": self.delivery_id,
            "mark": self.mark,
        }


MARK: Final = "concat_ws(' ', d.delivery_id, d.published_at, d.content_hash)"
"""What tells a delivery `d` from every other, as SQL."""
_LAYERS: Final = (
    f"SELECT l.layer_id, l.target, l.owner_agency, l.utility, l.sensitivity, l.delivery_id, {MARK} AS mark "
    "FROM layers.layer l JOIN layers.delivery d ON d.delivery_id = l.delivery_id "
    "WHERE l.city_id = %(city)s AND {which} ORDER BY l.layer_id"
)
_LINKED: Final = "l.target IN ('network_line', 'network_node', 'network_device')"
_SERVING: Final = "l.target IN ('parcel', 'building', 'network_device')"
_OF_NETWORKS: Final = Statement(_LAYERS.format(which=_LINKED), {"city": ""})
_OF_UTILITY: Final = Statement(
    _LAYERS.format(which=f"l.utility = %(utility)s AND {_LINKED}"), {"city": "", "utility": ""}
)
_OF_CITIES: Final = text(
    "SELECT l.city_id, string_agg(l.layer_id || ' ' || l.delivery_id, ',' ORDER BY l.layer_id) AS shown "
    f"FROM layers.layer l WHERE l.delivery_id IS NOT NULL AND ({_LINKED} OR {_SERVING}) "
    "GROUP BY l.city_id HAVING bool_or(l.target = 'network_line')"
)
_OF_SERVED: Final = Statement(_LAYERS.format(which=_SERVING), {"city": ""})


def _published(reader: Reader, statement: Statement, **values: str) -> tuple[SourceLayer, ...]:
    """The layers that a statement finds, as the reader's transaction sees them published at this moment.

    Asked at every question, so it is prepared once per connection and made into objects when it has changed.
    """
    connection = connection_of(reader)
    return _as_layers(tuple(execute_prepared(connection, statement, values)))


@lru_cache(maxsize=512)
def _as_layers(rows: tuple[tuple[Any, ...], ...]) -> tuple[SourceLayer, ...]:
    return tuple(SourceLayer(row[0], Target(row[1]), *row[2:]) for row in rows)


def network_layers(reader: Reader, city_id: str) -> tuple[SourceLayer, ...]:
    """The published layers that any network of the city is made of."""
    return _published(reader, _OF_NETWORKS, city=city_id)


def published_networks(connection: Connection) -> dict[str, str]:
    """Of each city with published lines: what tells one state of its networks and of whom they serve from another."""
    return {row.city_id: row.shown for row in connection.execute(_OF_CITIES)}


def layers_of(reader: Reader, city_id: str, utility: str) -> tuple[SourceLayer, ...]:
    """The published layers that one utility's network is made of."""
    return _published(reader, _OF_UTILITY, city=city_id, utility=utility)


def served_layers(reader: Reader, city_id: str) -> tuple[SourceLayer, ...]:
    """The published layers that say whom a network serves: parcels, buildings, and the devices of all utilities."""
    return _published(reader, _OF_SERVED, city=city_id)


@lru_cache(maxsize=512)
def version_of(layers: tuple[SourceLayer, ...], *also: str) -> str:
    """What a network made of these deliveries is called: it changes with any of them, in their transaction."""
    said = "\n".join([FORMAT, *also, *(f"{each.layer_id} {each.mark}" for each in layers)])
    return blake2b(said.encode(), digest_size=12).hexdigest()
