"""What a company built: kept with the case at once, and brought into the company's own layer as a surveyed feature.

The message is kept whatever it says; a drawing that cannot be used is said to be unrecorded, with the reason. The layer
is changed outside the message's transaction, by the same ingest path as any delivery of the company, as an incremental
delivery of one feature: checked, versioned, and taken back like any other.
"""

from __future__ import annotations

import json
import logging
import math
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from shapely.geometry import LineString, mapping, shape
from sqlalchemy import Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from geo.crs import to_wgs84, transform_to
from geo.errors import PanjerehError
from geo.quality import QualityLevel
from geo.vocabulary import Utility
from layers import query
from layers.catalog import CoverSource, FieldRule, LayerSpec, Quality, Target
from layers.city import City
from layers.handling import Handling
from layers.register import current_delivery
from layers.report import Outcome
from permits import tables as t
from permits.ports import Json
from permits.views import as_json
from permits.vocabulary import ServiceLineState

log = logging.getLogger("panjereh.as_built")

LONGEST_M: Final = 2_000.0
# A survey in the open trench, where the message does not say how good it is (95 % half widths, m).
SURVEYED_M: Final = 0.1
_SOURCE: Final = "as-built survey of the service line"
_FIELDS: Final = (
    "feature_id", "origin", "role", "class_code", "pressure_bar", "voltage_kv", "diameter_mm", "material", "cover_m",
    "horizontal_uncertainty_m", "vertical_uncertainty_m", "status", "surveyed_on", "main_id",
)  # fmt: skip


class AsBuiltUnusable(PanjerehError):
    """The drawing of the built connection cannot be used."""

    code = "as-built-unusable"


def keep(session: Session, city: City, case_id: UUID, agency: str, said: Json) -> ServiceLineState:
    """Keep the drawing that came with `order.executed`; a later one replaces an earlier. Never raises."""
    try:
        drawing = _read(city, said)
        state = ServiceLineState.BUILT
    except AsBuiltUnusable as error:
        drawing, state = {"problem": error.code, "params": error.params}, ServiceLineState.UNRECORDED
    values = {"as_built": as_json(drawing), "state": state.value, "updated_at": func.now()}
    row = {
        "case_id": case_id,
        "agency_id": agency,
        "city_id": city.city_id,
        "body": {"utility": _utility(city, agency)},
    }
    session.execute(
        pg_insert(t.service_line)
        .values({**row, **values})
        .on_conflict_do_update(index_elements=["case_id", "agency_id"], set_=values)
    )
    return state


def _utility(city: City, agency: str) -> str:
    return str(city.agency(agency).utilities[0])


def _read(city: City, said: Json) -> Json:
    """The drawing in the city's CRS; raises AsBuiltUnusable saying what is wrong with it."""
    crs = said.get("crs")
    if not isinstance(crs, str):
        raise AsBuiltUnusable(member="crs", hint="state-crs")
    try:
        line = shape(said["geometry"])
        line = transform_to(line, crs, city.city_crs).shape
    except PanjerehError as error:
        raise AsBuiltUnusable(member="geometry", problem=error.code) from error
    except Exception as error:
        raise AsBuiltUnusable(member="geometry", problem=type(error).__name__) from error
    if not isinstance(line, LineString) or not 0 < line.length <= LONGEST_M:
        raise AsBuiltUnusable(member="geometry", problem="not-a-line", longest=LONGEST_M)
    numbers = ("cover_m", "outer_diameter_mm", "horizontal_uncertainty_m", "vertical_uncertainty_m")
    return {
        "geometry": mapping(line),
        "geometry_wgs84": mapping(to_wgs84(line, city.city_crs)),
        "length_m": round(float(line.length), 2),
        **{name: _number(said.get(name)) for name in numbers},
        "material": _text(said.get("material")),
        "main_id": _text(said.get("main_id")),
        "surveyed_on": _day(said.get("surveyed_on")),
    }


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value < 1e4 else None


def _text(value: object) -> str | None:
    return value[:100] if isinstance(value, str) and value.strip() else None


def _day(value: object) -> str | None:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        return None


def publish_due(engine: Engine, cities: Mapping[str, City], limit: int = 20) -> int:
    """Bring built lines into their companies' layers; returns how many were settled. Safe to repeat at any time."""
    line = t.service_line
    with engine.connect() as connection:
        due = connection.execute(
            select(line.c.case_id, line.c.agency_id, line.c.city_id)
            .where(line.c.state == ServiceLineState.BUILT.value, line.c.city_id.in_(list(cities)))
            .order_by(line.c.updated_at)
            .limit(limit)
        ).all()
    for row in due:
        _settle(engine, cities[row.city_id], row.case_id, row.agency_id)
    return len(due)


def _settle(engine: Engine, city: City, case_id: UUID, agency: str) -> None:
    line = t.service_line
    where = (line.c.case_id == case_id, line.c.agency_id == agency)
    with engine.connect() as connection:
        row = connection.execute(select(line).where(*where)).one()
    try:
        outcome, delivery_id = _deliver(engine, city, row)
        good = outcome in (Outcome.PUBLISHED, Outcome.UNCHANGED)
        told: Json = {"outcome": str(outcome), "delivery_id": delivery_id}
    except PanjerehError as error:
        good, told = False, {"problem": error.code, "params": error.params}
    if not good:
        log.warning("the line built for case %s by %s is not in its layer: %s", case_id, agency, told)
    state = ServiceLineState.RECORDED if good else ServiceLineState.UNRECORDED
    with engine.begin() as connection:
        connection.execute(
            update(line)
            .where(*where, line.c.as_built == row.as_built)  # a newer drawing is settled in its own turn
            .values(
                state=state.value, as_built=as_json({**row.as_built, "layer": told}), updated_at=func.now()
            )
        )


def _deliver(engine: Engine, city: City, row: Any) -> tuple[Outcome, int | None]:
    from layers.ingest import deliver  # readers and checks are loaded by the first drawing

    spec = _layer(city, row)
    with engine.connect() as connection:
        current = current_delivery(connection, city.city_id, spec.layer_id)
        main = next(
            iter(query.features(connection, city.city_id, spec.layer_id, [str(row.as_built["main_id"])])),
            None,
        )
    feature = {
        "type": "Feature",
        "geometry": row.as_built["geometry"],
        "properties": _properties(row, main),
    }
    crs = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{city.srid}"}}
    collection = {"type": "FeatureCollection", "crs": crs, "features": [feature]}
    as_of = current.as_of if current is not None else None
    with tempfile.TemporaryDirectory(prefix="panjereh-as-built-") as folder:
        path = Path(folder) / "as-built.geojson"
        path.write_text(json.dumps(collection), encoding="utf-8")
        # One line more does not make the rest of the layer newer: its day stays.
        how = Handling(as_of=as_of, incremental=True, file_name=f"as-built {row.case_id} {row.agency_id}")
        report = deliver(engine, city, _spec(spec, row), path, handling=how)
    return report.outcome, report.delivery_id


def _layer(city: City, row: Any) -> LayerSpec:
    named = row.main_layer_id
    utility = Utility(str(row.body.get("utility")))
    for spec in city.layers:
        if spec.target is Target.NETWORK_LINE and spec.utility is utility and named in (None, spec.layer_id):
            return spec
    raise AsBuiltUnusable(member="layer", problem="no-layer", utility=str(utility))


def _properties(row: Any, main: Any) -> Json:
    built = row.as_built
    return {
        "feature_id": f"AB-{row.case_id.hex[-12:]}-{row.agency_id}",
        "origin": "as-built",
        "role": "service",
        "class_code": main and main.class_code,
        "pressure_bar": main and main.pressure_bar,
        "voltage_kv": main and main.voltage_kv,
        "diameter_mm": built["outer_diameter_mm"],
        "material": built["material"],
        "cover_m": built["cover_m"],
        "horizontal_uncertainty_m": built["horizontal_uncertainty_m"] or SURVEYED_M,
        "vertical_uncertainty_m": built["vertical_uncertainty_m"] or SURVEYED_M,
        "status": "in_service",
        "surveyed_on": built["surveyed_on"],
        "main_id": built["main_id"],
    }


def _spec(spec: LayerSpec, row: Any) -> LayerSpec:
    """The company's layer, read by our own field names and known as well as the survey says."""
    built = row.as_built
    quality = Quality(
        QualityLevel.A,
        built["horizontal_uncertainty_m"] or SURVEYED_M,
        built["vertical_uncertainty_m"] or SURVEYED_M,
        CoverSource.SURVEYED,
        _SOURCE,
    )
    return replace(
        spec,
        table=None, quality=quality, fields={name: FieldRule(name) for name in _FIELDS}, codes={}, select={},
        constants={}, crs=None, encoding=None, local_grid=None,
    )  # fmt: skip
