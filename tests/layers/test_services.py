"""Live pulls from a small real HTTP server: pages, counts, retries, axes, and every way a service lies."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pyproj import Transformer
from shapely.geometry import mapping
from sqlalchemy import Engine

from geo.errors import PanjerehError
from layers.city import City
from layers.ingest import deliver
from layers.readers.faults import ServiceRefused, ServiceUnreachable, SourceIncomplete
from layers.readers.pulling import Service, pull
from layers.readers.web import Fetcher
from layers.reading import read
from tests.layers.museum.base import COUNT, frame, line, row, rows, written

Reply = tuple[int, dict[str, str], bytes]
UTM = "http://www.opengis.net/def/crs/EPSG/0/32639"
GK = "http://www.opengis.net/def/crs/EPSG/0/31468"  # northing first, by its authority


@dataclass
class Site:
    """A server whose answers a test decides; `asked` are the requests that came."""

    answer: Callable[[str, dict[str, str], int], Reply]
    url: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Callable[..., Site]]:
    servers: list[ThreadingHTTPServer] = []

    def started(answer: Callable[[str, dict[str, str], int], Reply]) -> Site:
        made = Site(answer)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                params = {name: values[0] for name, values in parse_qs(parts.query).items()}
                made.asked.append(self.path)
                status, headers, body = made.answer(parts.path, params, len(made.asked))
                self.send_response(status)
                for name, value in {"content-length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Silence."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        made.url = f"http://127.0.0.1:{server.server_port}"
        return made

    yield started
    for server in servers:
        server.shutdown()
        server.server_close()


def quick(**options: Any) -> Fetcher:
    return Fetcher(timeout_s=5, pause_s=0, sleep=lambda _: None, **options)


def ok(content: Any, **headers: str) -> Reply:
    return 200, headers, json.dumps(content).encode()


# --- OGC API - Features -----------------------------------------------------------------------------------


def feature(number: int, move: Callable[..., Any] | None = None) -> dict[str, Any]:
    made = row(number)
    geometry = mapping(made.pop("geometry"))
    if move is not None:
        geometry["coordinates"] = [move(*xy) for xy in geometry["coordinates"]]
    return {"type": "Feature", "id": made["id"], "properties": made, "geometry": geometry}


def ogc(
    page: int = 15, storage: str | None = UTM, stated: str | None = UTM, count: int = COUNT, **lies: Any
) -> Callable[[str, dict[str, str], int], Reply]:
    move = None
    if stated == GK:
        transformer = Transformer.from_crs("EPSG:32639", "EPSG:31468", always_xy=True)

        def move(x: float, y: float) -> list[float]:
            return list(reversed(transformer.transform(x, y)))

    def answer(path: str, params: dict[str, str], _: int) -> Reply:
        if not path.endswith("/items"):
            return ok({"id": "pipes", **({"storageCrs": storage} if storage else {})})
        start = int(params.get("offset", 0))
        some = [feature(n, move) for n in range(start, min(start + page, count))]
        links = (
            [{"rel": "next", "href": f"items?offset={start + page}&f=json"}] if start + page < count else []
        )
        content = {"type": "FeatureCollection", "features": some, "links": links, "numberMatched": count}
        content |= {"numberReturned": len(some)} | lies
        return ok(content, **({"content-crs": f"<{stated}>"} if stated else {}))

    return answer


def test_a_collection_is_pulled_whole_and_delivered(
    engine: Engine, toy: City, site: Callable[..., Site], tmp_path: Path
) -> None:
    """Three pages in the storage CRS become a file, the file becomes the layer."""
    served = site(ogc())
    path = pull(Service.OGC_API, served.url, "pipes", tmp_path / "pipes.geojson", quick())
    assert len([asked for asked in served.asked if "/items" in asked]) == 3
    report = deliver(engine, toy, replace(toy.layer("pipes"), table=None), path)
    assert (report.read, report.good, report.source_crs) == (COUNT, COUNT, "EPSG:32639")
    first = path.read_bytes()
    assert pull(Service.OGC_API, served.url, "pipes", path, quick()).read_bytes() == first


def test_axes_are_turned_where_the_authority_puts_the_northing_first(
    site: Callable[..., Site], tmp_path: Path
) -> None:
    served = site(ogc(storage=GK, stated=GK, count=5))
    source = read(pull(Service.OGC_API, served.url, "pipes", tmp_path / "p.geojson", quick()))
    back = Transformer.from_crs("EPSG:31468", "EPSG:32639", always_xy=True)
    assert source.crs == "EPSG:31468"
    x, y = source.frame.geometry.iloc[0].coords[0]
    assert back.transform(x, y) == pytest.approx(line(0).coords[0], abs=0.01)


@pytest.mark.parametrize(
    ("served_by", "error"),
    [
        (ogc(numberMatched=COUNT + 1), SourceIncomplete),
        (ogc(numberReturned=14), ServiceRefused),
        (ogc(stated=None), ServiceRefused),
        (ogc(links=[{"rel": "next", "href": "items?offset=0"}]), ServiceRefused),
        (ogc(links=[{"rel": "next", "href": "http://169.254.169.254/latest"}]), ServiceRefused),
        (ogc(features="none"), ServiceRefused),
    ],
    ids=[
        "fewer-than-matched",
        "page-lacks-features",
        "crs-unstated",
        "pages-repeat",
        "other-host",
        "no-features",
    ],
)
def test_a_service_that_lies_is_refused(
    site: Callable[..., Site], tmp_path: Path, served_by: Any, error: type[PanjerehError]
) -> None:
    into = tmp_path / "p.geojson"
    with pytest.raises(error):
        pull(Service.OGC_API, site(served_by).url, "pipes", into, quick())
    assert not list(tmp_path.iterdir()), "nothing is written"


def test_a_get_that_failed_is_asked_again(site: Callable[..., Site], tmp_path: Path) -> None:
    steady = ogc(count=5)

    def moody(path: str, params: dict[str, str], number: int) -> Reply:
        return (503, {"retry-after": "1"}, b"") if number % 2 else steady(path, params, number)

    served = site(moody)
    pauses: list[float] = []
    pull(Service.OGC_API, served.url, "pipes", tmp_path / "p.geojson", Fetcher(sleep=pauses.append))
    assert (len(served.asked), pauses) == (4, [1.0, 1.0])


def test_a_service_that_stays_away_is_named(site: Callable[..., Site], tmp_path: Path) -> None:
    served = site(lambda *_: (502, {}, b""))
    with pytest.raises(ServiceUnreachable) as refusal:
        pull(Service.OGC_API, served.url, "pipes", tmp_path / "p.geojson", quick(tries=3))
    assert (refusal.value.params["tries"], len(served.asked)) == (3, 3)
    with pytest.raises(ServiceUnreachable):
        quick(tries=1).get("http://127.0.0.1:9/nothing")


def test_time_out_is_bounded(site: Callable[..., Site]) -> None:
    release = threading.Event()

    def slow(*_: Any) -> Reply:
        release.wait(10)
        return ok({})

    served = site(slow)
    with pytest.raises(ServiceUnreachable):
        Fetcher(timeout_s=0.2, tries=2, sleep=lambda _: None).get(served.url)
    release.set()
    assert len(served.asked) == 2


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/", "pipes"])
def test_only_http_is_spoken(address: str) -> None:
    with pytest.raises(ServiceRefused):
        quick().get(address)


def test_redirects_stay_with_the_host(site: Callable[..., Site]) -> None:
    served = site(lambda path, *_: ok({"here": 1}) if path == "/b" else (302, {"location": "/b"}, b""))
    assert quick().get(served.url + "/a").json() == {"here": 1}
    away = site(lambda *_: (302, {"location": served.url}, b""))
    with pytest.raises(ServiceRefused):
        quick().get(away.url)


def test_a_client_error_is_not_repeated(site: Callable[..., Site]) -> None:
    served = site(lambda *_: (404, {}, b"no such collection"))
    with pytest.raises(ServiceRefused) as refusal:
        quick().get(served.url)
    assert (refusal.value.params["status"], len(served.asked)) == (404, 1)


# --- WFS --------------------------------------------------------------------------------------------------


def wfs(folder: Path, page: int = 15, overlap: bool = False) -> Callable[[str, dict[str, str], int], Reply]:
    def answer(_path: str, params: dict[str, str], _number: int) -> Reply:
        head = f'<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" numberMatched="{COUNT}"'
        if params.get("resultType") == "hits":
            return 200, {}, f'{head} numberReturned="0"/>'.encode()
        start = 0 if overlap else int(params["startIndex"])
        some = rows()[start : start + page]
        if not some:
            return 200, {}, f'{head} numberReturned="0"/>'.encode()
        path = written(folder, f"page{start}.gml", frame(some), FORMAT="GML3.2")
        text = path.read_text().replace('gml:id="page', f'gml:id="from{start}page')
        return 200, {}, text.encode()

    return answer


def test_a_wfs_is_paged_as_gml(site: Callable[..., Site], tmp_path: Path) -> None:
    served = site(wfs(tmp_path))
    source = read(pull(Service.WFS, served.url + "/wfs", "pipes", tmp_path / "p.geojson", quick()))
    assert (len(source.frame), source.crs) == (COUNT, "EPSG:32639")
    assert sorted(source.frame["id"]) == [f"P{n:03d}" for n in range(COUNT)]
    assert source.frame.geometry.iloc[0].equals_exact(line(0), 0.01)


def test_a_wfs_that_ignores_paging_is_refused(site: Callable[..., Site], tmp_path: Path) -> None:
    with pytest.raises(ServiceRefused, match="overlap"):
        pull(Service.WFS, site(wfs(tmp_path, overlap=True)).url, "pipes", tmp_path / "p.geojson", quick())


def test_an_exception_report_is_a_refusal(site: Callable[..., Site], tmp_path: Path) -> None:
    report = b'<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1"/>'
    with pytest.raises(ServiceRefused, match="ExceptionReport"):
        pull(Service.WFS, site(lambda *_: (200, {}, report)).url, "x", tmp_path / "p.geojson", quick())


# --- ArcGIS -----------------------------------------------------------------------------------------------


def arcgis(
    paging: bool = True, page: int = 15, count: int = COUNT, short: int = 0
) -> Callable[[str, dict[str, str], int], Reply]:
    fields = [{"name": "OBJECTID", "type": "esriFieldTypeOID"}, {"name": "laid", "type": "esriFieldTypeDate"}]
    about = {"objectIdField": "OBJECTID", "fields": fields, "maxRecordCount": page}
    about["advancedQueryCapabilities"] = {"supportsPagination": paging}

    def one(number: int) -> dict[str, Any]:
        made = row(number)
        shape = made.pop("geometry")
        attributes = made | {"OBJECTID": number + 1, "laid": 1_600_000_000_000}
        return {"attributes": attributes, "geometry": {"paths": [[list(xy) for xy in shape.coords]]}}

    def answer(path: str, params: dict[str, str], _number: int) -> Reply:
        if not path.endswith("/query"):
            return ok(about)
        if "returnCountOnly" in params:
            return ok({"count": count})
        if "returnIdsOnly" in params:
            return ok({"objectIds": list(range(count, 0, -1))})
        if "objectIds" in params:
            some = [one(int(known) - 1) for known in params["objectIds"].split(",")]
        else:
            start = int(params["resultOffset"])
            some = [one(n) for n in range(start, min(start + page, count - short))]
        reference = {"wkid": 102100 + 0, "latestWkid": 32639}
        more = len(some) == page and "objectIds" not in params
        return ok({"features": some, "spatialReference": reference, "exceededTransferLimit": more})

    return answer


@pytest.mark.parametrize("paging", [True, False], ids=["by-offset", "by-ids"])
def test_an_arcgis_layer_is_pulled_in_its_own_system(
    site: Callable[..., Site], tmp_path: Path, paging: bool
) -> None:
    served = site(arcgis(paging))
    source = read(pull(Service.ARCGIS, served.url + "/FeatureServer", "0", tmp_path / "p.geojson", quick()))
    assert (len(source.frame), source.crs) == (COUNT, "EPSG:32639")
    assert source.frame["laid"].iloc[0].startswith("2020-09-13")
    assert source.frame.geometry.iloc[3].equals_exact(line(3), 0.01)


def test_an_arcgis_layer_that_stops_early_is_incomplete(site: Callable[..., Site], tmp_path: Path) -> None:
    with pytest.raises(SourceIncomplete) as refusal:
        pull(Service.ARCGIS, site(arcgis(short=3)).url, "0", tmp_path / "p.geojson", quick())
    assert (refusal.value.params["expected"], refusal.value.params["found"]) == (COUNT, COUNT - 3)


def test_an_arcgis_error_comes_with_status_200(site: Callable[..., Site], tmp_path: Path) -> None:
    served = site(lambda *_: ok({"error": {"code": 499, "message": "Token Required"}}))
    with pytest.raises(ServiceRefused, match="Token Required"):
        pull(Service.ARCGIS, served.url, "0", tmp_path / "p.geojson", quick())


def test_rings_become_areas_with_holes() -> None:
    """Clockwise rings are outlines; a hole belongs to the outline around it, in whatever order they come."""
    from layers.readers.arcgis import geometry_of

    hole = [[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]
    one = [[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]
    two = [[20, 0], [20, 5], [25, 5], [25, 0], [20, 0]]
    made = geometry_of({"rings": [hole, two, one]})
    assert made is not None
    assert (made.geom_type, made.area) == ("MultiPolygon", 100 - 4 + 25)
    assert geometry_of({"rings": [[[0, 0], [1, 1]]]}) is None
    assert geometry_of({"x": "NaN", "y": None}) is None


def test_a_service_without_a_system_is_asked(site: Callable[..., Site], tmp_path: Path) -> None:
    """A snapshot that says nothing must not mean WGS 84."""
    from layers.readers.faults import SourceCrsMissing

    told = arcgis()

    def silent(path: str, params: dict[str, str], number: int) -> Reply:
        _, _, body = told(path, params, number)
        content = json.loads(body)
        content.pop("spatialReference", None)
        return ok(content)

    path = pull(Service.ARCGIS, site(silent).url, "0", tmp_path / "p.geojson", quick())
    with pytest.raises(SourceCrsMissing):
        read(path)
    assert read(path, crs="EPSG:32639").crs == "EPSG:32639"
