"""The last audit of each city as it is kept for the map and the API, and what its page draws around the pairs."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import shapely
from psycopg2 import sql
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from geo.errors import PanjerehError
from layers.access import refusals
from layers.city import City

if TYPE_CHECKING:  # a server that only reads the kept list needs neither Arrow nor a compiler
    from layers.auditing import Audit

# What is kept in the database: nobody works through more; the files hold all.
KEPT: Final = 20_000
_INNER: Final = frozenset({"rank", "a_row", "b_row", "x", "y", "geometry"})


class SurveyListMissing(PanjerehError):
    """No audit of this city has been kept."""

    code = "survey-list-missing"


@dataclass(frozen=True, slots=True)
class SurveyRun:
    """What one kept audit was: when, by which rules, among how many lines; `pairs` counts all that were found."""

    made_at: datetime
    rule_pack: str
    lines: int
    pairs: int
    unconfirmed: int
    unruled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SurveyPair:
    """One kept pair: its rank, what the audit says of it, and the shortest connection (city CRS)."""

    rank: int
    said: dict[str, Any]
    geom: BaseGeometry


def keep(engine: Engine, city: City, made: Audit, at: datetime, of: Mapping[str, Any] | None = None) -> int:
    """Keep an audit in place of the city's last one, in one transaction; return how many pairs are kept.

    `of` is what it was made of (`layers.survey_state.made_of`). Tries to make one are forgotten: here it is.
    """
    worst = made.pairs.slice(0, KEPT)
    connection: Any = engine.raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM layers.survey_try WHERE city_id = %s", (city.city_id,))
            cursor.execute("DELETE FROM layers.survey_run WHERE city_id = %s", (city.city_id,))
            cursor.execute(
                "INSERT INTO layers.survey_run VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    city.city_id, at, made.pack.pack_id, made.lines, len(made), made.unconfirmed,
                    list(made.unruled), None if of is None else json.dumps(of),
                ),
            )  # fmt: skip
            columns = sql.SQL("city_id, rank, a_layer, b_layer, said, geom")
            cursor.copy_expert(
                sql.SQL("COPY layers.survey_pair ({}) FROM STDIN").format(columns),
                io.StringIO("".join(_row(city, row) for row in worst.to_pylist())),
            )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.close()
    return int(worst.num_rows)


def _row(city: City, row: dict[str, Any]) -> str:
    said = json.dumps({name: value for name, value in row.items() if name not in _INNER}, ensure_ascii=False)
    shape = shapely.set_srid(shapely.from_wkb(row["geometry"]), city.srid)
    cells = (
        city.city_id, str(row["rank"]), row["a_layer"], row["b_layer"], said,
        shapely.to_wkb(shape, hex=True, include_srid=True),
    )  # fmt: skip
    return (
        "\t".join(cell.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") for cell in cells)
        + "\n"
    )


_RUN = text(
    "SELECT made_at, rule_pack, lines, pairs, unconfirmed, unruled FROM layers.survey_run WHERE city_id = :city_id"
)
_LIST = text(
    "SELECT rank, said, ST_AsBinary(geom) AS geom FROM layers.survey_list(:city_id, :layer_ids, "
    "ST_SetSRID(ST_GeomFromWKB(CAST(:box AS bytea)), CAST(:srid AS integer)), :limit)"
)


def run_of(session: Session, city_id: str) -> SurveyRun:
    """What the city's kept audit was. Raises SurveyListMissing."""
    row = session.execute(_RUN, {"city_id": city_id}).mappings().one_or_none()
    if row is None:
        raise SurveyListMissing(city=city_id, hint="run-audit")
    return SurveyRun(**{**row, "unruled": tuple(row["unruled"])})


def pairs(
    session: Session,
    city: City,
    layer_ids: Collection[str],
    limit: int,
    area_m: BaseGeometry | None = None,
) -> list[SurveyPair]:
    """The worst kept pairs whose two layers are both among these, in the box of an area in the city's CRS.

    The transaction must have said who looks (`layers.access.identify`); the look is written down.
    """
    values = {
        "city_id": city.city_id,
        "layer_ids": list(layer_ids),
        "limit": limit,
        "srid": city.srid,
        "box": None if area_m is None else shapely.to_wkb(area_m),
    }
    with refusals():
        rows = session.execute(_LIST, values).mappings()
    return [SurveyPair(row["rank"], row["said"], shapely.from_wkb(bytes(row["geom"]))) for row in rows]


# --- what the page draws


@dataclass(frozen=True, slots=True)
class Drawn:
    """Shapes for the page, in the city's CRS: the listed pairs' lines by row id, and the streets around."""

    lines: dict[int, BaseGeometry]
    streets: tuple[BaseGeometry, ...]


LISTED: Final = 1500
_STREETS_DRAWN: Final = 20_000
_LINES = text(
    "SELECT row_id, ST_AsBinary(ST_Force2D(geom)) AS geom FROM layers.network_line "
    "WHERE city_id = :city_id AND row_id = ANY(:rows)"
)
_STREETS = text(
    "SELECT ST_AsBinary(ST_Force2D(geom)) AS geom FROM layers.street "
    "WHERE city_id = :city_id AND retired_by IS NULL ORDER BY row_id LIMIT :limit"
)


def drawn(engine: Engine, city: City, made: Audit, count: int = LISTED) -> Drawn:
    """The lines of the worst pairs, and the city's streets; as the owner of the tables."""
    worst = made.pairs.slice(0, count)
    rows = sorted({*worst["a_row"].to_pylist(), *worst["b_row"].to_pylist()})
    with engine.connect() as connection:
        lines = connection.execute(_LINES, {"city_id": city.city_id, "rows": rows}).mappings()
        streets = connection.execute(_STREETS, {"city_id": city.city_id, "limit": _STREETS_DRAWN}).mappings()
        return Drawn(
            {row["row_id"]: shapely.from_wkb(bytes(row["geom"])) for row in lines},
            tuple(shapely.from_wkb(bytes(row["geom"])) for row in streets),
        )
