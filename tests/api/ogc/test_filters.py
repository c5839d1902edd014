"""Which: CQL2 in both its languages, properties as parameters, days."""

from __future__ import annotations

import json
import re

from sqlalchemy import text

from layers.database import make_engine
from tests.api.conftest import Served
from tests.api.ogc.asking import ITEMS, OGC, Code, anyone, ids, linked


def test_datetime(api: Served, problem_of: Code) -> None:
    """A feature of unknown day always matches; a day is counted whole."""
    engine = make_engine(str(api.settings.database_url))
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE layers.network_line SET surveyed_on = date '2020-01-01' + row_id::int % 99 WHERE row_id % 2 = 0"
            )
        )
        days = dict(
            connection.execute(
                text("SELECT feature_id, surveyed_on FROM layers.network_line WHERE layer_id = 'water_lines'")
            ).all()
        )
    engine.dispose()
    path = f"{OGC}/collections/water_lines/items"
    cases = {
        "2020-03-01": ("2020-03-01", "2020-03-01"),
        "2020-03-01T12:30:00Z": ("2020-03-01", "2020-03-01"),
        "2020-03-01/2020-04-01": ("2020-03-01", "2020-04-01"),
        "2020-03-01T00:00:00Z/2020-04-01T23:59:59.5+00:00": ("2020-03-01", "2020-04-01"),
        "../2020-04-01": ("0001-01-01", "2020-04-01"),
        "/2020-04-01": ("0001-01-01", "2020-04-01"),
        "2020-03-01/..": ("2020-03-01", "9999-01-01"),
        "2020-03-01/": ("2020-03-01", "9999-01-01"),
    }
    with api.client() as client:
        for said, (start, end) in cases.items():
            wanted = {key for key, day in days.items() if day is None or start <= day.isoformat() <= end}
            body = client.get(path, params={"datetime": said}).json()
            assert set(ids(body)) == wanted, said
        for wrong in (
            "",
            "..",
            "../..",
            "/",
            "yesterday",
            "2020-13-01",
            "2020-04-01/2020-03-01",
            "2020-03-01T12:30:00",
            "1/2/3",
        ):
            response = client.get(path, params={"datetime": wrong})
            assert (response.status_code, problem_of(response)) == (400, "parameter-invalid"), wrong
        collection = client.get(f"{OGC}/collections/water_lines").json()
        known = [day for day in days.values() if day]
        assert collection["extent"]["temporal"]["interval"] == [
            [f"{min(known)}T00:00:00Z", f"{max(known)}T23:59:59Z"]
        ]
    with anyone(api) as client:  # parcels have no day of their own: all match
        whole = client.get(f"{ITEMS}?limit=1").json()["numberMatched"]
        assert client.get(f"{ITEMS}?limit=1&datetime=1999-01-01").json()["numberMatched"] == whole


def test_filter_in_both_languages(site: Served, problem_of: Code) -> None:
    said = "area_m2 BETWEEN 500 AND 900 AND CASEI(id) LIKE CASEI('08-%1') "
    said += "AND S_INTERSECTS(geometry, BBOX(7.88,48.45,7.89,48.46))"
    as_json = {
        "op": "and",
        "args": [
            {"op": "between", "args": [{"property": "area_m2"}, 500, 900]},
            {
                "op": "like",
                "args": [{"op": "casei", "args": [{"property": "id"}]}, {"op": "casei", "args": ["08-%1"]}],
            },
            {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [7.88, 48.45, 7.89, 48.46]}]},
        ],
    }
    with anyone(site) as client:
        one = client.get(ITEMS, params={"filter": said}).json()
        two = client.get(ITEMS, params={"filter": json.dumps(as_json), "filter-lang": "cql2-json"}).json()
        three = client.get(ITEMS, params={"filter": said, "filter-lang": "cql-text"}).json()
        assert ids(one) == ids(two) == ids(three) != []
        assert all(500 <= each["properties"]["area_m2"] <= 900 for each in one["features"])
        both = client.get(ITEMS, params={"filter": said, "bbox": "7.885,48.45,7.89,48.46"}).json()
        assert set(ids(both)) < set(ids(one))
        follow = client.get(ITEMS, params={"filter": said, "limit": 2}).json()
        assert follow["numberMatched"] == len(one["features"])
        assert ids(client.get(linked(follow, "next")[0]).json()) == ids(one)[2:4]
        for params, code in (
            ({"filter": "area_m2 >"}, "filter-syntax"),
            ({"filter": "none = 1"}, "filter-property"),
            ({"filter": "area_m2 = 'x'"}, "filter-type"),
            ({"filter": "upper(id) = 'X'"}, "filter-unsupported"),
            ({"filter": "area_m2 ^ 100000 > 1"}, "filter-failed"),
            ({"filter": "(0 - area_m2) ^ 0.5 > 1"}, "filter-failed"),
            ({"filter": "TRUE", "filter-lang": "sql"}, "parameter-invalid"),
            ({"filter": "{", "filter-lang": "cql2-json"}, "filter-syntax"),
            ({"filter": "(" * 200}, "filter-too-large"),
            ({"filter": "id = 'a\x00b'"}, "parameter-invalid"),
        ):
            response = client.get(ITEMS, params=params)
            assert (response.status_code, problem_of(response)) == (400, code), params


def test_properties_as_parameters(site: Served, problem_of: Code) -> None:
    """Part 3, queryables as query parameters: equality; a value of the wrong kind is refused."""
    path = f"{OGC}/collections/water_lines/items"
    with site.client() as client:
        mains = client.get(f"{path}?role=main&material=PVC").json()
        assert mains["features"]
        assert {
            (each["properties"]["role"], each["properties"]["material"]) for each in mains["features"]
        } == {("main", "PVC")}
        assert client.get(path, params={"filter": "role = 'main' AND material = 'PVC'"}).json()[
            "numberMatched"
        ] == len(mains["features"])
        assert ids(client.get(f"{path}?id=WM00001").json()) == ["WM00001"]
        assert client.get(f"{path}?installed_year=1985").json()["numberMatched"] > 0
        for wrong in ("installed_year=x", "installed_year=1e3", "diameter_mm=nan", "surveyed_on=x"):
            response = client.get(f"{path}?{wrong}")
            assert (response.status_code, problem_of(response)) == (400, "parameter-invalid"), wrong
        response = client.get(f"{path}?land_use=x")  # another layer's property
        assert (response.status_code, problem_of(response)) == (400, "unknown-parameter")


def test_refusals_are_worded_in_persian_too(site: Served) -> None:
    with anyone(site) as client:
        response = client.get(f"{ITEMS}?filter=area_m2>", headers={"Accept-Language": "fa"})
    assert response.headers["content-language"] == "fa"
    assert re.search(r"[\u0600-\u06ff]", response.json()["detail"])
