"""The company's own copy of its network, loaded from the city's file when it starts for the first time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psycopg2.extras import execute_values
from sqlalchemy import Connection, Engine, text

from integrations.sandbox.profile import CompanyKind, Place, Profile, TariffClass, parcels_table

log = logging.getLogger("company")

_Rows = list[dict[str, Any]]


def network_file(cities_dir: Path, place: Place, override: Path | None) -> Path:
    """Return the file the network is read from. Raises FileNotFoundError naming it."""
    path = override or cities_dir / place.file
    if not path.exists():
        raise FileNotFoundError(f"the network of {place.city_id} is not at {path}")
    return path


def load_once(
    engine: Engine, profile: Profile, place: Place, path: Path, capacity_factor: float = 1.0
) -> bool:
    """Load the network and the parcels unless they are there already; say whether it loaded.

    One transaction: a company killed while loading starts again from nothing.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(7203302)"))
        if connection.execute(text("SELECT 1 FROM setting WHERE name = 'network'")).first():
            return False
        mains, services = _network_rows(path, profile, capacity_factor)
        _insert_network(connection, mains, services, place.crs)
        _insert_parcels(connection, path, place.crs)
        connection.execute(text("ANALYZE main, service, parcel"))  # without, the joins take seconds
        _attach_services(connection, profile)
        connection.execute(
            text(
                "INSERT INTO setting VALUES ('network', "
                "jsonb_build_object('file', cast(:f AS text), 'srid', cast(:s AS int)))"
            ),
            {"f": path.name, "s": place.crs},
        )
    log.info("network of %s loaded: %d mains, %d services", place.city_id, len(mains), len(services))
    return True


def _read(path: Path, table: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    # The reader is large and is needed once in the company's life.
    from pyogrio.raw import read

    source = f"/vsizip/{path}" if path.suffix == ".zip" else str(path)
    meta, _fids, geometries, columns = read(source, layer=table)
    for i, geometry in enumerate(geometries):
        if geometry is not None:
            yield {name: column[i] for name, column in zip(meta["fields"], columns, strict=True)}, geometry


def _number(row: dict[str, Any], *names: str) -> float | None:
    """The first of the columns that is there and holds a number (NaN is how the reader says NULL)."""
    for name in names:
        value = row.get(name)
        if value is not None and float(value) == float(value):
            return float(value)
    return None


def _text(row: dict[str, Any], *names: str) -> str | None:
    value = next((row[name] for name in names if row.get(name) is not None), None)
    return value if isinstance(value, str) else None


def _is_live(row: dict[str, Any]) -> bool:
    return row.get("in_service") is not False and row.get("status") in (None, "in_service")


def _network_rows(path: Path, profile: Profile, factor: float) -> tuple[_Rows, _Rows]:
    mains: _Rows = []
    services: _Rows = []
    for spec in profile.tables:
        for row, geometry in _read(path, spec["table"]):
            if not _is_live(row):
                continue
            if row["kind"] in spec["main"]:
                mains.append(_main(row, geometry, profile, factor))
            elif row["kind"] in spec["service"]:
                services.append({"id": row["line_id"], "main": _text(row, "main_id"), "geom": geometry})
    return mains, services


def _main(row: dict[str, Any], geometry: bytes, profile: Profile, factor: float) -> dict[str, Any]:
    diameter_mm = _number(row, "outer_diameter_mm", "diameter_mm")
    cable = _text(row, "cable_type")
    kilo_ampere = _number(row, "max_i_ka")
    ampere = kilo_ampere * 1000 if kilo_ampere is not None else None
    return {
        "id": row["line_id"],
        "dn": diameter_mm,
        "bar": _number(row, "pressure_bar"),
        "kv": _number(row, "voltage_kv"),
        "material": _text(row, "material"),
        "cable": cable,
        "capacity": profile.carried_by(diameter_mm, cable, ampere) * factor,
        "geom": geometry,
    }


def _insert(connection: Connection, head: str, row: str, rows: _Rows) -> None:
    """Insert the rows in few round trips: a company that starts for the first time is being waited for."""
    raw = connection.connection.cursor()
    try:
        execute_values(raw, f"{head} VALUES %s", rows, row, page_size=500)
    finally:
        raw.close()


def _insert_network(connection: Connection, mains: _Rows, services: _Rows, srid: int) -> None:
    _insert(
        connection,
        "INSERT INTO main (main_id, diameter_mm, pressure_bar, voltage_kv, material, cable, capacity, geom)",
        "(%(id)s, %(dn)s, %(bar)s, %(kv)s, %(material)s, %(cable)s, %(capacity)s, "
        f"ST_Force2D(ST_GeomFromWKB(%(geom)s, {srid:d})))",
        mains,
    )
    _insert(
        connection,
        "INSERT INTO service (service_id, main_id, geom)",
        "(%(id)s, (SELECT main_id FROM main WHERE main_id = %(main)s), "  # noqa: S608 - a number goes in
        f"ST_Force2D(ST_GeomFromWKB(%(geom)s, {srid:d})))",
        services,
    )


def _insert_parcels(connection: Connection, path: Path, srid: int) -> None:
    table, key = parcels_table()
    _insert(
        connection,
        "INSERT INTO parcel (parcel_id, source, initial_class, geom)",
        f"(%(id)s, 'city', 'none', ST_Force2D(ST_GeomFromWKB(%(geom)s, {srid:d})))",
        [{"id": row[key], "geom": geometry} for row, geometry in _read(path, table)],
    )


def _attach_services(connection: Connection, profile: Profile) -> None:
    """Every service has its main, every main its load, every parcel its services and first tariff."""
    connection.execute(
        text(
            "UPDATE service s SET main_id = (SELECT m.main_id FROM main m "
            "WHERE ST_DWithin(m.geom, s.geom, 1) ORDER BY m.geom <-> s.geom, m.main_id LIMIT 1) "
            "WHERE s.main_id IS NULL"
        )
    )
    connection.execute(
        text(
            "UPDATE main m SET existing = c.n * :each FROM "
            "(SELECT main_id, count(*) AS n FROM service GROUP BY 1) c "
            "WHERE c.main_id = m.main_id"
        ),
        {"each": profile.existing_service * profile.simultaneity},
    )
    # A service ends inside the building it serves: its farther end from the main says whose it is.
    connection.execute(
        text(
            "WITH ends AS MATERIALIZED (SELECT CASE "
            "  WHEN ST_Distance(ST_StartPoint(s.geom), m.geom) > ST_Distance(ST_EndPoint(s.geom), m.geom) "
            "  THEN ST_StartPoint(s.geom) ELSE ST_EndPoint(s.geom) END AS point "
            "  FROM service s JOIN main m USING (main_id)) "
            "UPDATE parcel p SET services = c.n, initial_class = :first FROM ("
            "  SELECT p2.parcel_id, count(*) AS n FROM ends JOIN parcel p2 ON ST_Covers(p2.geom, ends.point) "
            "  GROUP BY 1) c WHERE c.parcel_id = p.parcel_id"
        ),
        {"first": TariffClass.RESIDENTIAL.value},
    )


def is_usable(profile: Profile) -> str:
    """The SQL condition (on `main`) under which a service may be tapped from a main of this company."""
    if profile.kind is CompanyKind.POWER:
        return "voltage_kv < 1"
    if profile.max_pressure_bar is not None:
        return f"diameter_mm >= {profile.min_main_diameter_mm} AND pressure_bar <= {profile.max_pressure_bar}"
    return f"diameter_mm >= {profile.min_main_diameter_mm}"
