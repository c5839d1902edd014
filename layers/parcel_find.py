"""Parcels found by what people know them by: the beginning of the id, a renovation code, a plate, a postal code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from geo.parcel_numbers import Plate, parcel_code, plain, plates, postal_code
from layers.reads import Reader

_COLUMNS: Final = (
    "t.feature_id, t.area_m2, t.renovation_code, t.postal_code, t.plate_main, t.plate_sub, t.plate_section, "
    "ST_AsBinary(t.geom) FROM layers.parcel t WHERE t.city_id = :city_id AND t.retired_by IS NULL"
)
_ORDERED: Final = " ORDER BY t.feature_id LIMIT :limit"
_BY_PREFIX: Final = text(f"SELECT {_COLUMNS} AND starts_with(t.feature_id, :number){_ORDERED}")
_BY_CODE: Final = text(f"SELECT {_COLUMNS} AND t.renovation_key = :number{_ORDERED}")
_BY_POST: Final = text(f"SELECT {_COLUMNS} AND t.postal_key = :number{_ORDERED}")
_BY_PLATE: Final = text(
    f"SELECT {_COLUMNS} AND t.plate_main = :main AND coalesce(t.plate_sub, 0) = :sub "
    f"AND (CAST(:section AS integer) IS NULL OR t.plate_section = :section){_ORDERED}"
)


@dataclass(frozen=True, slots=True)
class FoundParcel:
    """A parcel, its numbers, and by which of them it was found; `geom` in the city's CRS."""

    found_by: str
    parcel_id: str
    area_m2: float | None
    renovation_code: str | None
    postal_code: str | None
    plate: Plate | None
    geom: BaseGeometry


def parcels_like(reader: Reader, city_id: str, number: str, limit: int = 20) -> list[FoundParcel]:
    """Return the live parcels that a number may name, each once: whole numbers first, then ids that begin so.

    A renovation code of a building or a flat finds its parcel; a plate written "123/45" finds both readings.
    """
    written = plain(number)
    rows: list[tuple[str, Any]] = []

    def ask(found_by: str, statement: Any, **values: Any) -> None:
        asked = {"city_id": city_id, "limit": limit, **values}
        rows.extend((found_by, row) for row in reader.execute(statement, asked))

    if (code := parcel_code(written)) is not None:
        ask("renovation_code", _BY_CODE, number=code)
    if (post := postal_code(written)) is not None:
        ask("postal_code", _BY_POST, number=post)
    for plate in plates(written):
        ask("plate", _BY_PLATE, main=plate.main, sub=plate.sub, section=plate.section)
    ask("parcel_id", _BY_PREFIX, number=written)
    seen: dict[str, FoundParcel] = {}
    for found_by, row in rows:
        seen.setdefault(row[0], _found(found_by, row))
    return list(seen.values())[:limit]


def _found(found_by: str, row: Any) -> FoundParcel:
    parcel_id, area_m2, code, post, main, sub, section, geom = row
    plate = None if main is None else Plate(main, sub or 0, section)
    return FoundParcel(found_by, parcel_id, area_m2, code, post, plate, shapely.from_wkb(bytes(geom)))
