"""Who may see what: the policy's table, the one door to sensitive layers, the second wall behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from layers import cql2_text, query, tiles
from layers.access import (
    POLICY,
    AccessRefused,
    AppRoleMissing,
    AreaBudgetSpent,
    Asker,
    CaseNotOpen,
    LookTooLarge,
    LookUnidentified,
    OutsideCaseSite,
    Purpose,
    RoleMode,
    identify,
    is_app,
    map_purpose,
    may_look,
    run_as_app,
)
from layers.catalog import Target
from layers.city import load_city
from layers.cluster import Cluster
from layers.database import make_engine
from layers.feature_sql import Shape, items_statement, shape_of
from layers.reads import reading_engine
from layers.references import Space
from layers.selection import Box, Selection, View, source_of
from tests.layers.open_rows import untrue

CITY = "schutterwald"
ROLES = ("officer", "front_office", "applicant", "agency", "crisis", "system", "auditor", "unheard-of")
OFFICER = Asker("officer-1", "officer")
SENSITIVE = ["power_transformers"]


@pytest.fixture
def app(city_database_url: str) -> Iterator[Engine]:
    """The application's connections to a fresh Schutterwald."""
    engine = run_as_app(make_engine(city_database_url), RoleMode.REQUIRE)
    yield engine
    engine.dispose()


def transformer(engine: Engine) -> BaseGeometry:
    """Where one sensitive feature is, as only the owner can read it."""
    with engine.connect() as connection:
        return query.near(connection, CITY, SENSITIVE, box(410000, 5360000, 425000, 5375000), 0.0)[0].geom


def square(around: BaseGeometry, side_m: float) -> Polygon:
    x, y = around.centroid.coords[0]
    return box(x - side_m / 2, y - side_m / 2, x + side_m / 2, y + side_m / 2)


def open_case(engine: Engine, site: Polygon, status: str = "awaiting_decision") -> UUID:
    case_id = uuid4()
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO permits.case_ (case_id, case_no, city_id, parcel_id, status, version, works, storeys, "
                "units, wishes, applicant, excavation, geom, dossier, verdict, missing, applicant_actor, "
                "submitted_at, updated_at) VALUES (:case_id, :no, :city, 'p', :status, 1, 'repair', 1, '{}', '{}', "
                "'{}', '{}', ST_GeomFromWKB(:site, 25832), '{}', 'clear', '[]', 'a', now(), now())"
            ),
            {"case_id": case_id, "no": str(case_id), "city": CITY, "status": status, "site": site.wkb},
        )
    return case_id


def looks(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(
            connection.execute(
                text(
                    "SELECT actor_id, actor_role, organisation, city_id, purpose, case_id, layer_ids, features, "
                    "round(area_m2) AS area_m2 FROM layers.asset_view ORDER BY view_id"
                )
            )
        )


# --- the policy


def expected(role: str, purpose: Purpose, own: bool) -> int:
    """The highest class (0 public, 1 shared, 2 sensitive) that this pair may see; written out by hand."""
    everything = {
        Purpose.PERMIT: {"officer", "front_office", "applicant", "agency", "crisis", "system", "auditor"},
        Purpose.REVIEW: {"officer", "agency", "crisis"},
        Purpose.OVERVIEW: {"officer"},
        Purpose.EMERGENCY: {"crisis", "officer"},
        Purpose.OWN_ASSETS: set(),
    }[purpose]
    if role in everything:
        return 2
    if role == "agency" and purpose in (Purpose.EMERGENCY, Purpose.OWN_ASSETS):
        return 2 if own else 1
    shared = {
        Purpose.REVIEW: {"front_office", "auditor"},
        Purpose.OVERVIEW: {"agency", "crisis", "front_office", "auditor"},
    }.get(purpose, set())
    return 1 if role in shared else 0


@pytest.mark.parametrize("purpose", list(Purpose))
def test_policy_by_role_organisation_class_and_purpose(purpose: Purpose) -> None:
    classes = ("public", "shared", "sensitive", "no-such-class")
    for role, own, (rank, kind), bound in product(ROLES, (True, False), enumerate(classes), (None, "x", "y")):
        asker = Asker("a", role, "gas" if role == "agency" else None, bound)
        owner = "gas" if own else "power"
        allowed = min(rank, 2) <= expected(role, purpose, own and role == "agency")
        if rank and bound == "y":  # bound to another city: nothing but the public there
            allowed = False
        assert may_look(asker, purpose, kind, owner, "x") == allowed, (role, own, kind, bound)
        assert may_look(None, purpose, kind, owner, "x") == (kind == "public")


def test_every_purpose_has_its_limits_in_the_database(app: Engine) -> None:
    with app.connect() as connection:
        stored = set(connection.execute(text("SELECT purpose FROM layers.access_purpose")).scalars())
    assert stored == set(Purpose)
    assert {purpose for _, purpose in POLICY} == set(Purpose)
    assert [map_purpose(role) for role in ("officer", "crisis", "agency")] == [
        Purpose.OVERVIEW, Purpose.EMERGENCY, Purpose.OWN_ASSETS,
    ]  # fmt: skip


# --- the door


def test_a_look_gives_the_features_and_is_written_down(app: Engine, city_engine: Engine) -> None:
    spot = transformer(city_engine)
    case_id = open_case(city_engine, square(spot, 20))
    with app.begin() as connection:
        assert is_app(connection)
        identify(connection, Asker("gas-7", "agency", "gas"), CITY, Purpose.REVIEW, case_id)
        seen = query.near(connection, CITY, ["power_transformers", "water_lines"], spot, 10.0)
    with city_engine.connect() as connection:
        assert not is_app(connection)
        plain = query.near(connection, CITY, ["power_transformers", "water_lines"], spot, 10.0)
    assert seen == plain
    assert {each.layer_id for each in seen} == {"power_transformers", "water_lines"}
    (row,) = looks(city_engine)
    count = sum(each.layer_id == "power_transformers" for each in seen)
    assert tuple(row) == ("gas-7", "agency", "gas", CITY, "review", case_id, SENSITIVE, count, 314)


def test_a_look_that_is_rolled_back_shows_nothing_and_leaves_no_record(
    app: Engine, city_engine: Engine
) -> None:
    with app.connect() as connection:
        identify(connection, OFFICER, CITY, Purpose.OVERVIEW)
        query.near(connection, CITY, SENSITIVE, transformer(city_engine), 10.0)
        connection.rollback()
    assert looks(city_engine) == []


def test_nobody_looks_without_saying_who_and_where(app: Engine, city_engine: Engine) -> None:
    spot = transformer(city_engine)
    with app.connect() as connection, pytest.raises(LookUnidentified):
        query.near(connection, CITY, SENSITIVE, spot, 5.0)
    with app.connect() as connection:
        identify(connection, OFFICER, "karhula", Purpose.OVERVIEW)
        with pytest.raises(LookUnidentified):  # said for another city
            query.near(connection, CITY, SENSITIVE, spot, 5.0)
    with app.connect() as connection, pytest.raises(AccessRefused):
        identify(connection, Asker("x", "officer", None, "karhula"), CITY, Purpose.OVERVIEW)
    with app.connect() as connection, pytest.raises(AccessRefused):
        identify(connection, Asker("x", "applicant"), CITY, Purpose.REVIEW)
    with app.connect() as connection:  # the settings end with the transaction
        identify(connection, OFFICER, CITY, Purpose.OVERVIEW)
        connection.commit()
        with pytest.raises(LookUnidentified):
            query.near(connection, CITY, SENSITIVE, spot, 5.0)


def test_limits_of_area_and_case(app: Engine, city_engine: Engine) -> None:
    spot = transformer(city_engine)
    site = square(spot, 20)
    case_id, closed = open_case(city_engine, site), open_case(city_engine, site, "withdrawn")

    def look(purpose: Purpose, side_m: float, case: UUID | None = None, east_m: float = 0.0) -> int:
        x0, y0, x1, y1 = square(spot, side_m).bounds
        with app.begin() as connection:
            identify(connection, OFFICER, CITY, purpose, case)
            area = box(x0 + east_m, y0, x1 + east_m, y1)
            return len(query.near(connection, CITY, SENSITIVE, area, 0.0))

    assert look(Purpose.OVERVIEW, 500) >= 1
    with pytest.raises(LookTooLarge) as refused:
        look(Purpose.OVERVIEW, 501)
    assert refused.value.params == {"found": 251001.0, "allowed": 250000.0}
    assert look(Purpose.REVIEW, 220 / 2**0.5, case_id) >= 1
    for case in (None, closed, uuid4()):
        with pytest.raises(CaseNotOpen):
            look(Purpose.REVIEW, 10, case)
    with pytest.raises(OutsideCaseSite):
        look(Purpose.REVIEW, 10, case_id, east_m=130)
    assert look(Purpose.PERMIT, 400, case_id) >= 1  # a conflict check is bounded by its area alone
    assert [row.purpose for row in looks(city_engine)] == ["overview", "review", "permit"]


def test_the_day_has_a_budget_of_new_ground(app: Engine, city_engine: Engine) -> None:
    with city_engine.begin() as connection:
        connection.execute(text("UPDATE layers.access_purpose SET daily_area_m2 = 30000"))

    def look(actor: str, number: int) -> None:
        with app.begin() as connection:
            identify(connection, Asker(actor, "officer"), CITY, Purpose.OVERVIEW)
            x = 417000 + 100 * number
            query.near(connection, CITY, SENSITIVE, box(x, 5367000, x + 100, 5367100), 0.0)

    for number in (0, 1, 1, 0, 2, 0):  # what was seen today costs nothing
        look("a", number)
    with pytest.raises(AreaBudgetSpent) as refused:
        look("a", 3)
    assert refused.value.params["allowed"] == 30000.0
    look("a", 2)
    look("b", 3)


def test_lines_are_cut_at_the_area(app: Engine, city_engine: Engine) -> None:
    with city_engine.begin() as connection:
        connection.execute(
            text("UPDATE layers.layer SET sensitivity = 'sensitive' WHERE layer_id = 'water_lines'")
        )
        area = square(transformer(city_engine), 100)
        whole = query.near(connection, CITY, ["water_lines"], area, 0.0)
    with app.begin() as connection:
        identify(connection, OFFICER, CITY, Purpose.OVERVIEW)
        cut = query.near(connection, CITY, ["water_lines"], area, 0.0)
    assert [each.feature_id for each in cut] == [each.feature_id for each in whole]
    assert any(each.geom.length > area.length for each in whole) or len(whole) > 1
    assert all(each.geom.within(area.buffer(1e-6)) for each in cut)
    assert all(each.geom_type in {"LineString", "MultiLineString"} for each in (c.geom for c in cut))


def test_a_tile_of_a_sensitive_layer_is_the_same_through_the_door(app: Engine, city_engine: Engine) -> None:
    place = load_city(query_root(), CITY)
    z = tiles.look_zoom(place)
    assert z == 16
    with city_engine.connect() as connection:
        x, y = connection.execute(
            text(
                "SELECT floor((ST_X(geom_3857) + 20037508.342789244) / 40075016.685578488 * :n)::int, "
                "floor((20037508.342789244 - ST_Y(geom_3857)) / 40075016.685578488 * :n)::int "
                "FROM layers.network_device WHERE layer_id = 'power_transformers' ORDER BY feature_id LIMIT 1"
            ),
            {"n": 2**z},
        ).one()
        plain = tiles.tile(connection, CITY, ["parcels", *SENSITIVE], z, x, y)
    with app.begin() as connection, pytest.raises(LookUnidentified):
        tiles.tile(connection, CITY, ["parcels", *SENSITIVE], z, x, y)
    with app.begin() as connection:
        identify(connection, Asker("power-1", "agency", "power"), CITY, Purpose.OWN_ASSETS)
        assert sorted(tiles.tile(connection, CITY, ["parcels", *SENSITIVE], z, x, y)) == sorted(plain)
    assert looks(city_engine)[0].features >= 1


def query_root() -> Any:
    from tests.conftest import ROOT

    return ROOT / "cities"


# --- the second wall


def count(connection: Connection, layer_id: str, table: str = "network_device") -> int:
    statement = text(f"SELECT count(*) FROM layers.{table} WHERE layer_id = :layer_id")
    return int(connection.execute(statement, {"layer_id": layer_id}).scalar_one())


def test_the_application_reads_open_layers_only_and_writes_none(app: Engine, city_engine: Engine) -> None:
    with city_engine.connect() as connection:
        assert count(connection, "power_transformers") > 0
    with app.connect() as connection:
        assert count(connection, "power_transformers") == 0
        assert count(connection, "parcels", "parcel") > 0
        identify(connection, OFFICER, "karhula", Purpose.OVERVIEW)
        assert count(connection, "parcels", "parcel") == 0  # this transaction works for another city
    for statement in (
        "SELECT count(*) FROM layers.network_device_schutterwald",
        "SELECT * FROM layers.area_seen",
        "UPDATE layers.parcel SET land_use = 'x'",
        "DELETE FROM layers.asset_view",
        "INSERT INTO layers.access_purpose VALUES ('any', false, NULL)",
        "UPDATE layers.layer SET sensitivity = 'public'",
        "UPDATE permits.audit SET actor = 'x'",
        "SELECT layers.add_city('new', 25832)",
    ):
        with app.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(statement))


def test_a_layer_whose_class_changes_takes_its_rows_with_it(app: Engine, city_engine: Engine) -> None:
    """Each row says whether its layer is open: as imported, and from the transaction on that changes the class."""
    assert untrue(city_engine) == {}
    for sensitivity, is_seen in (
        ("sensitive", False),
        ("shared", True),
        ("public", True),
        ("unheard-of", False),
    ):
        with city_engine.begin() as connection:
            connection.execute(
                text("UPDATE layers.layer SET sensitivity = :said WHERE layer_id = 'parcels'"),
                {"said": sensitivity},
            )
            with app.connect() as other:
                before = count(other, "parcels", "parcel") > 0
        assert untrue(city_engine) == {}
        with app.connect() as connection:
            assert (count(connection, "parcels", "parcel") > 0) is is_seen
            assert count(connection, "streets", "street") > 0
        assert before is (sensitivity != "shared")  # nobody saw it before it was committed


def test_the_record_of_looks_is_append_only_for_the_owner_too(city_engine: Engine) -> None:
    for statement in ("DELETE FROM layers.asset_view", "TRUNCATE layers.asset_view"):
        with city_engine.connect() as connection, pytest.raises(ProgrammingError, match="append-only"):
            connection.execute(text(statement))


def scanned(plan: Any) -> set[str]:
    """The tables that a plan reads from end to end."""
    if isinstance(plan, list):
        return set().union(*(scanned(each) for each in plan))
    if not isinstance(plan, dict):
        return set()
    own = {plan["Relation Name"]} if plan.get("Node Type") == "Seq Scan" else set()
    return own.union(*(scanned(each) for each in plan.values()))


def test_row_level_security_keeps_the_spatial_indexes(app: Engine) -> None:
    spot = box(417600, 5367500, 417610, 5367506)
    values = {
        "city_id": CITY, "srid": 25832, "shape": spot.wkb, "layer_ids": ["water_lines", "parcels"], "radius_m": 5.0,
    }  # fmt: skip
    with app.connect() as connection:
        identify(connection, OFFICER, CITY, Purpose.OVERVIEW)
        tables = query.targets(connection, CITY, ["water_lines", "parcels"])
        explain = text(f"EXPLAIN (FORMAT JSON) {query.near_statement(tables.values())}")
        plan = connection.execute(explain, values).scalar_one()
    for table in ("network_line", "parcel"):
        assert f"{table}_schutterwald_geom_idx" in json.dumps(plan), plan
    assert scanned(plan) <= {"layer"}, plan


BOX = "POLYGON((7.880 48.470,7.881 48.470,7.881 48.471,7.880 48.471,7.880 48.470))"


@pytest.mark.parametrize(
    "filter_text", [f"S_{name}(geometry, {BOX})" for name in ("INTERSECTS", "WITHIN", "TOUCHES", "OVERLAPS")]
    + [f"land_use = 'x' AND (S_CROSSES({BOX}, geometry))", None],
)  # fmt: skip
def test_so_do_the_filters_boxes_and_tiles_of_the_open_interface(
    city_database_url: str, cities: Path, filter_text: str | None
) -> None:
    """Every spatial filter says && besides, the only operator that may use an index below the policy (T9)."""
    engine = run_as_app(reading_engine(city_database_url, pool_size=1), RoleMode.REQUIRE)
    source = source_of(load_city(cities, CITY), "parcels")
    view, shape = View(), Shape(has_offset=False, has_after=False, is_counted=True)
    if filter_text is not None:
        chosen = Selection(source, filter=cql2_text.parse(filter_text))
    else:
        chosen = Selection(source, Box.between(877100, 6184500, 877200, 6184600, Space.MERCATOR))
    made = [(items_statement(shape_of(chosen), view, shape), {**chosen.bound, "limit": 10, "rows": 11})]
    if filter_text is None:
        made.append(
            (
                tiles._open_statement(CITY, (Target.PARCEL,), 16),
                {"layer0": "parcels", **tiles._place(16, 34202, 22653)},
            )
        )
    with engine.connect() as connection:
        assert is_app(connection)
        cursor = connection.connection.cursor()
        for statement, values in made:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.sql}", {**statement.values, **values})
            ((plan,),) = cursor.fetchall()
            assert "parcel_schutterwald_geom_3857_idx" in json.dumps(plan), plan
            assert scanned(plan) <= {"layer"}, plan
    engine.dispose()


def test_without_the_right_to_make_roles_the_owner_goes_on(
    city_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    owner = make_engine(city_database_url)
    with owner.begin() as connection:  # what an upgrade of PostGIS does
        connection.execute(text("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF"))
    owner.dispose()
    engine = run_as_app(make_engine(city_database_url))
    with caplog.at_level("WARNING"), engine.connect() as connection:
        assert not is_app(connection)
        assert query.nearest(connection, CITY, "power_transformers", box(0, 0, 1, 1)) is not None
    assert "overlap-not-leakproof" in caplog.text
    engine.dispose()
    engine = run_as_app(make_engine(city_database_url), RoleMode.REQUIRE)
    with pytest.raises(AppRoleMissing), engine.connect():
        pass
    engine.dispose()


def test_an_owner_without_rights_over_roles_can_still_migrate(cluster: Cluster) -> None:
    """On a server of somebody else: no superuser, PostGIS installed by the administrator."""
    from layers.database import migrate

    url = cluster.create_database("modest")
    admin = make_engine(url)
    with admin.begin() as connection:
        connection.execute(text("CREATE EXTENSION postgis"))
        connection.execute(text("DROP ROLE IF EXISTS modest"))
        connection.execute(text("CREATE ROLE modest LOGIN"))
        connection.execute(text("GRANT CREATE ON DATABASE modest TO modest"))
        connection.execute(text("GRANT CREATE ON SCHEMA public TO modest"))
    modest = url.replace("//panjereh@", "//modest@")
    migrate(modest)
    engine = run_as_app(make_engine(modest))
    with engine.connect() as connection:
        assert not is_app(connection)
        assert connection.execute(text("SELECT current_user")).scalar_one() == "modest"
    engine.dispose()
    admin.dispose()
    cluster.drop_database("modest")


@pytest.mark.parametrize("table", ["staged", "repair", "area_seen"])
def test_held_and_repaired_shapes_are_no_way_around_the_door(app: Engine, table: str) -> None:
    with app.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(f"SELECT * FROM layers.{table}"))
