"""A delivery as JSON: its state, its report with places in WGS 84, its refusal in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from api import i18n
from api.problem_words import worded
from geo.crs import to_wgs84
from geo.errors import PanjerehError
from layers.city import City
from layers.deliveries import RUNNING, Choice, State
from layers.tables import DeliveryRow

_PLAIN = (
    "delivery_id", "city_id", "layer_id", "state", "preview", "incremental", "file_name", "size_bytes", "as_of",
    "submitted_by", "received_at", "updated_at", "published_at", "previous_id", "reverts_id", "corrects_id",
    "correction", "decision",
)  # fmt: skip
_COUNTS = ("read", "good", "repaired", "refused", "added", "changed", "removed", "same")


def as_json(
    row: DeliveryRow,
    place: City,
    current: int | None,
    language: i18n.Language,
    *,
    is_brief: bool = False,
    corrected_by: int | None = None,
) -> dict[str, Any]:
    """The delivery as the API tells it; `is_brief` leaves out the report.

    `corrected_by` is the delivery that was published in place of this one, moved.
    """
    made = {name: _value(getattr(row, name)) for name in _PLAIN}
    report = row.report or None
    made["running"] = row.state in RUNNING
    made["current"] = row.delivery_id == current
    made["corrected_by"] = corrected_by
    made["file_name"] = row.file_name or row.source_name
    made["decisions"] = _decisions(row)
    made["problem"] = _problem(row.problem, language)
    made["counts"] = {name: report.get(name, 0) for name in _COUNTS} if report else None
    if not is_brief:
        made["report"] = _report(report, place) if report else None
    return made


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _decisions(row: DeliveryRow) -> list[str]:
    if row.state != State.HELD:
        return []
    agreement = row.report.get("agreement") or {}
    is_offered = agreement.get("correction") is not None
    return [str(choice) for choice in Choice if is_offered or choice is not Choice.CORRECT]


def _report(report: dict[str, Any], place: City) -> dict[str, Any]:
    return {**report, "issues": with_places(report.get("issues", []), place)}


def with_places(things: Iterable[dict[str, Any]], place: City) -> list[dict[str, Any]]:
    """Things with x and y (metres in the city's CRS), given lon and lat (degrees, WGS 84) besides."""
    listed = list(things)
    located = [each for each in listed if each.get("x") is not None and each.get("y") is not None]
    if not located:
        return listed
    points: BaseGeometry = shapely.MultiPoint(np.array([(each["x"], each["y"]) for each in located]))
    degrees = shapely.get_coordinates(to_wgs84(points, place.city_crs))
    where = {id(each): xy for each, xy in zip(located, degrees.tolist(), strict=True)}
    return [
        {**each, "lon": round(where[id(each)][0], 7), "lat": round(where[id(each)][1], 7)}
        if id(each) in where
        else each
        for each in listed
    ]


def _problem(problem: dict[str, Any] | None, language: i18n.Language) -> dict[str, Any] | None:
    """Why a file could not be taken, in the language of the request."""
    if problem is None:
        return None
    told = type("Told", (PanjerehError,), {"code": problem["code"], "__doc__": problem["code"]})
    error: PanjerehError = told(**problem["params"])
    return {**problem, "title": i18n.say(language, "problem-422"), "detail": worded(language, error)}
