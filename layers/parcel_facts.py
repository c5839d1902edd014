"""What a parcel's delivery says beyond the canonical model: the columns that the field map does not name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

_ATTRIBUTES = text(
    "SELECT t.attributes FROM layers.parcel t WHERE t.city_id = :city_id AND t.retired_by IS NULL"
    " AND t.feature_id = :parcel_id ORDER BY t.layer_id LIMIT 1"
)


def parcel_attributes(reader: Connection | Session, city_id: str, parcel_id: str) -> dict[str, Any]:
    """Everything else that was delivered with the live parcel, by column; empty when there is none."""
    found = reader.execute(_ATTRIBUTES, {"city_id": city_id, "parcel_id": parcel_id}).scalar_one_or_none()
    return dict(found) if isinstance(found, dict) else {}
