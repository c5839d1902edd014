"""Tiles and style: the same bytes as the map, and nothing from anywhere else."""

from __future__ import annotations

import json
import math
import re

import pytest

from layers.city import City
from tests.api.conftest import Served
from tests.api.ogc.asking import OGC, anyone, linked


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    """Column and row of the tile at a place."""
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * 2**z), int(y * 2**z)


def test_tile_sets(site: Served, place: City) -> None:
    with anyone(site) as client:
        for home in (OGC, f"{OGC}/collections/parcels"):
            one = client.get(f"{home}/tiles").json()["tilesets"][0]
            assert one["dataType"] == "vector"
            assert (
                one["tileMatrixSetURI"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
            )
            own = client.get(linked(one, "self")[0]).json()
            template = linked(own, "item")[0]
            limits = next(each for each in own["tileMatrixSetLimits"] if each["tileMatrix"] == "16")
            found = 0
            for row in range(limits["minTileRow"], limits["maxTileRow"] + 1, 2):
                for col in range(limits["minTileCol"], limits["maxTileCol"] + 1, 2):
                    address = (
                        template.replace("{tileMatrix}", "16")
                        .replace("{tileRow}", str(row))
                        .replace("{tileCol}", str(col))
                    )
                    response = client.get(address)
                    assert response.status_code in {200, 204}
                    if response.status_code == 200:
                        found += 1
                        assert response.headers["content-type"] == "application/vnd.mapbox-vector-tile"
                        assert (
                            client.get(
                                address, headers={"If-None-Match": response.headers["etag"]}
                            ).status_code
                            == 304
                        )
            assert found
            scheme = client.get(linked(own, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme")[0]).json()
            assert scheme["tileMatrices"][3]["scaleDenominator"] == pytest.approx(69885283.00358972)
        for path in (
            "WorldCRS84Quad/1/0/0",
            "WebMercatorQuad/3/8/0",
            "WebMercatorQuad/30/0/0",
            "WebMercatorQuad/a/0/0",
        ):
            assert client.get(f"{OGC}/tiles/{path}").status_code == 404, path


def test_the_open_tiles_are_the_map_s_tiles(site: Served) -> None:
    """Row and column change places; the bytes are the same."""
    col, row = tile_of(7.8852, 48.4545, 16)
    with anyone(site) as client:
        ours = client.get(f"{OGC}/tiles/WebMercatorQuad/16/{row}/{col}?collections=parcels,buildings")
        theirs = client.get(f"/v1/cities/schutterwald/tiles/16/{col}/{row}.pbf?layers=parcels,buildings")
        assert ours.content == theirs.content != b""


def test_tilejson_and_style_ask_for_nothing_but_our_own(site: Served, place: City) -> None:
    with site.client() as client:
        described = client.get(f"{OGC}/tiles/WebMercatorQuad/tilejson").json()
        style = client.get(f"{OGC}/style.json").json()
    assert described["tiles"][0].endswith("/ogc/tiles/WebMercatorQuad/{z}/{y}/{x}")
    assert style["version"] == 8
    assert "glyphs" not in style
    assert "sprite" not in style
    assert set(re.findall(r"https?://[^/\"]+", json.dumps(style))) == {site.url}
    drawn = [each for each in style["layers"] if "source-layer" in each]
    assert {each["source-layer"] for each in drawn} == {
        spec.layer_id for spec in place.layers if spec.sensitivity != "sensitive"
    }
    order = [place.layer(each["source-layer"]).draw_order for each in drawn]
    assert order == sorted(order)
    colours = {
        each["source-layer"]: each["paint"].get("line-color") for each in drawn if each["type"] == "line"
    }
    assert (colours["water_lines"], colours["gas_lines"]) == ("#0b6fc2", "#e0a800")
    assert len({each["id"] for each in style["layers"]}) == len(style["layers"])
