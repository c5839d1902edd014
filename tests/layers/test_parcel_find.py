"""A parcel found by the numbers that its owner has in hand (Iran: renovation code, plate, postal code)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from geo.parcel_numbers import Plate, parcel_code, plates, postal_code, renovation_code
from layers.cluster import Cluster
from layers.database import make_engine
from layers.parcel_find import parcels_like

ROWS = """
SELECT layers.add_city('ahvaz', 32639);
INSERT INTO layers.delivery (city_id, layer_id, source_name, source_crs, source_operation, row_count, added, changed,
    removed, report, published_at) VALUES ('ahvaz', 'parcels', 'test', '', '', 0, 0, 0, 0, '{}', now());
INSERT INTO layers.layer (city_id, layer_id, target, owner_agency, sensitivity, freshness_days, min_zoom, delivery_id)
    VALUES ('ahvaz', 'parcels', 'parcel', 'municipality', 'public', 100, 14, 1);
INSERT INTO layers.parcel (city_id, layer_id, feature_id, owner_agency, source_crs, source_operation, published_by,
    is_open, renovation_code, postal_code, plate_main, plate_sub, plate_section, geom)
    SELECT 'ahvaz', 'parcels', id, 'municipality', '', '', 1, true, code, post, main, sub, section,
        ST_SetSRID(ST_MakeEnvelope(n, 0, n + 1, 1), 32639) FROM (VALUES
        (1, 'P-1', '۳-۱۲-۴۵-۷-۰-۰-۰', '16197-35744', 45, 123, 5),
        (2, 'P-2', '3/12/45/8/0/0/0', '۱۴۱۶۹۳۲۷۹۰', 45, NULL, 5),
        (3, 'P-3', NULL, NULL, 123, 45, 6),
        (4, '1416932790', NULL, NULL, NULL, NULL, NULL)
    ) AS given (n, id, code, post, main, sub, section);
"""


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("3-12-45-7-0-0-0", [("renovation_code", "P-1")]),
        ("۳/۱۲/۴۵/۷/۱/۴/۰", [("renovation_code", "P-1")]),  # a flat in the building on it
        ("\u2066۳-۱۲-۴۵-۸-۰-۰-۰\u2069", [("renovation_code", "P-2")]),
        ("1619735744", [("postal_code", "P-1")]),
        ("14169-32790", [("postal_code", "P-2")]),
        ("۱۴۱۶۹۳۲۷۹۰", [("postal_code", "P-2"), ("parcel_id", "1416932790")]),
        ("۱۲۳ فرعی از ۴۵ اصلی، بخش ۵", [("plate", "P-1")]),
        ("۱۲۳ فرعی از ۴۵ اصلی", [("plate", "P-1")]),
        ("۱۲۳ فرعی از ۴۵ اصلی بخش ۶", []),
        ("45 asli", [("plate", "P-2")]),
        ("45/123", [("plate", "P-1"), ("plate", "P-3")]),  # both readings are shown
        ("P-", [("parcel_id", "P-1"), ("parcel_id", "P-2"), ("parcel_id", "P-3")]),
        ("%", []),
        ("99999999999999999999/1", []),
    ],
)
def test_whatever_number_is_in_hand_finds_the_parcel(
    numbered: Engine, typed: str, wanted: list[tuple[str, str]]
) -> None:
    with numbered.connect() as connection:
        found = parcels_like(connection, "ahvaz", typed)
    assert [(each.found_by, each.parcel_id) for each in found] == wanted


@pytest.fixture(scope="module")
def numbered(cluster: Cluster, template: str) -> Iterator[Engine]:
    """Four parcels whose numbers are written as agencies write them."""
    engine = make_engine(cluster.create_database("numbered_parcels", template=template))
    with engine.begin() as connection:
        for statement in ROWS.split(";\n"):
            if statement.strip():
                connection.execute(text(statement))
    yield engine
    engine.dispose()


def test_the_numbers_are_recognised_as_they_are_written() -> None:
    """The vectors of the identifiers' reference: valid, and invalid for one reason each."""
    for code in ("3-12-45-7-0-0-0", "3-12-45-7-1-0-0", "3-12-45-7-1-4-0", "3-12-45-7-0-0-2"):
        assert renovation_code(code) == code
        assert parcel_code(code) == "3-12-45-7-0-0-0"
    for code in ("3-0-45-7-0-0-0", "3-12-45-7-0-4-0", "3-12-45", "3-12-45-7-1-4-0-0", "0-0-0-0-0-0-0"):
        assert renovation_code(code) is None
    for code in ("1619735744", "1416932790", "1458963210", "5174643119", "6615853966", "1517863332"):
        assert postal_code(code) == code
    for code in (
        "11619735744",
        "0000073574",
        "0200073574",
        "2222273574",
        "1111735744",
        "2987654321",
        "14589",
    ):
        assert postal_code(code) is None
    assert plates("45 اصلی") == (Plate(45, 0),)
    assert plates("0/0") == ()


@pytest.mark.parametrize("column", ["renovation_key", "postal_key", "plate_main"])
def test_the_application_finds_a_number_by_its_index(numbered: Engine, column: str) -> None:
    """Row-level security lets an index be used only where a column itself is compared."""
    value = "1" if column == "plate_main" else "'1'"
    statement = (
        "EXPLAIN SELECT feature_id FROM layers.parcel t WHERE t.city_id = 'ahvaz' AND t.retired_by IS NULL "
        f"AND t.{column} = {value}"
    )
    with numbered.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL ROLE panjereh_app"))
        plan = "\n".join(connection.execute(text(statement)).scalars())
    assert f"{column} = " in plan
    assert "Index Scan using parcel_ahvaz_" in plan or "Bitmap Index Scan on parcel_ahvaz_" in plan
