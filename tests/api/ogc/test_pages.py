"""For people: pages in both languages, and whole layers as files."""

from __future__ import annotations

import re

import pytest
import shapely
from sqlalchemy import text

from layers.database import make_engine
from tests.api.conftest import Served
from tests.api.ogc.asking import ITEMS, OGC, Code, anyone, ids


class _Page:
    """What an assistive technology would look for in a page."""

    def __init__(self, text_: str) -> None:
        self.text = text_

    def check(self, language: str) -> None:
        assert f'<html lang="{language}" dir="{"rtl" if language == "fa" else "ltr"}">' in self.text
        assert self.text.count("<h1>") == 1
        assert '<main id="main">' in self.text
        assert 'href="#main"' in self.text
        assert "<script" not in self.text
        assert not re.search(r"(?<!/)\b(?:ogc|property)-[a-z-]+\b", re.sub(r"<[^>]*>", " ", self.text)), (
            "a message without words"
        )
        for table in re.findall(r"<table>.*?</table>", self.text, re.DOTALL):
            assert "<caption" in table
            assert 'scope="col"' in table


@pytest.mark.parametrize("language", ["en", "fa"])
def test_pages_in_both_languages(site: Served, language: str) -> None:
    layer = "/collections/water_lines"
    own = [f"{layer}{rest}" for rest in ("", "/schema", "/queryables", "/items", "/items/WM00001", "/tiles")]
    schemes = ["/tileMatrixSets", "/tileMatrixSets/WebMercatorQuad"]
    paths = ["", "/conformance", "/api", "/collections", "/tiles", "/tiles/WebMercatorQuad", *schemes, *own]
    paths.append("/collections/parcels/items?bbox=7.88,48.45,7.89,48.46")
    with site.client(Accept="text/html,application/xhtml+xml,*/*;q=0.8") as client:
        for path in paths:
            response = client.get(f"{OGC}{path}", headers={"Accept-Language": language})
            assert response.status_code == 200, path
            assert response.headers["content-type"].startswith("text/html"), path
            assert response.headers["content-language"] == language
            _Page(response.text).check(language)
            hosts = set(re.findall(r'(?:href|src)="(https?://[^/"]+)', response.text))
            assert hosts <= {site.url}, path
            for href in set(re.findall(r'href="([^"#]+)"', response.text)):
                address = href.replace("&amp;", "&")
                if "/items" not in address and "{" not in address and "/export" not in address:
                    assert client.get(address).status_code == 200, (path, address)


def test_pages_escape_what_agencies_wrote(api: Served) -> None:
    engine = make_engine(str(api.settings.database_url))
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE layers.parcel SET land_use = '<script>alert(1)</script>\"&' WHERE feature_id = '08-5440-00001'"
            )
        )
    engine.dispose()
    with anyone(api) as client:
        for path in (f"{ITEMS}?limit=3&f=html", f"{ITEMS}/08-5440-00001?f=html"):
            page = client.get(path).text
            assert "<script>alert" not in page
            assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;" in page
        reflected = client.get(f"{ITEMS}?f=html&land_use=%22%3E%3Cscript%3E").text
        assert "<script>" not in reflected


def test_files(site: Served, problem_of: Code, parcels: dict[str, shapely.Geometry]) -> None:
    starts = {
        "gpkg": b"SQLite format 3\x00",
        "fgb": b"fgb\x03",
        "geojson": b'{"type":"FeatureCollection"',
        "geojsonseq": b"\x1e{",
        "dxf": b"  0\n",
    }
    with anyone(site) as client:
        for form, start in starts.items():
            response = client.get(f"{OGC}/collections/parcels/export?f={form}")
            assert response.status_code == 200, response.text
            assert response.content.startswith(start), (form, response.content[:20])
            assert "attachment" in response.headers["content-disposition"]
            again = client.get(
                f"{OGC}/collections/parcels/export?f={form}",
                headers={"If-None-Match": response.headers["etag"]},
            )
            assert again.status_code == 304
        some = client.get(
            f"{OGC}/collections/parcels/export?f=geojson&bbox=7.88,48.45,7.885,48.455&filter=area_m2>500"
        ).json()
        same = client.get(f"{ITEMS}?bbox=7.88,48.45,7.885,48.455&filter=area_m2>500").json()
        assert ids(some) == ids(same) != []
        for wrong in (
            "",
            "?f=shp",
            "?f=gpkg&bbox=1",
            "?f=gpkg&filter=x",
            "?f=geojson&filter=area_m2%5E100000>1",
        ):
            response = client.get(f"{OGC}/collections/parcels/export{wrong}")
            assert response.status_code == 400, wrong
