"""Whether a layer knows a feature by its id, now or in an earlier delivery."""

from __future__ import annotations

# ruff: noqa: S608 - what is spliced into SQL is a table of the code, never data
from sqlalchemy import text

from layers import access
from layers.query import targets
from layers.reads import Reader


def ever_published(reader: Reader, city_id: str, layer_id: str, feature_id: str) -> bool | None:
    """True when the layer has, or once had, this feature; None where it may not be said.

    A layer behind the door (`layers.access`) is looked at by area only: its ids cannot be tried out one by one.
    """
    table = targets(reader, city_id, [layer_id]).get(layer_id)
    if table is None:
        return False
    if access.behind_the_door(reader, city_id, [layer_id]):
        return None
    mine = "t.city_id = :city_id AND t.layer_id = :layer_id AND t.feature_id = :feature_id"
    # Only what is live has an index by id; what was retired is asked for when that finds nothing.
    statement = text(
        f"SELECT EXISTS (SELECT FROM layers.{table} t WHERE {mine} AND t.retired_by IS NULL) "
        f"OR EXISTS (SELECT FROM layers.{table} t WHERE {mine} AND t.retired_by IS NOT NULL)"
    )
    values = {"city_id": city_id, "layer_id": layer_id, "feature_id": feature_id}
    return bool(reader.execute(statement, values).scalar_one())
