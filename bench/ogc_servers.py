"""The servers that the OGC bench asks: ours, the floor, tipg and pygeoapi, each with its own paths."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
SRID = 32639
FILTER = quote("land_use = 'mixed' AND area_m2 BETWEEN 300 AND 330")


@dataclass
class Server:
    """One server process and how it is asked."""

    name: str
    command: list[str]
    environment: dict[str, str]
    port: int
    paths: dict[str, str]
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    connection: http.client.HTTPConnection | None = None

    @property
    def log(self) -> Path:
        return Path(tempfile.gettempdir()) / f"panjereh-bench-{os.getpid()}-{self.name}.log"

    def start(self) -> None:
        made = environment(self.environment)
        with self.log.open("wb") as stream:
            self.process = subprocess.Popen(self.command, env=made, stdout=stream, stderr=stream)
        until = time.monotonic() + 90
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended at once: {self.log.read_text()[-2000:]}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
                    return
            time.sleep(0.1)
        raise SystemExit(f"{self.name} did not start: {self.log.read_text()[-2000:]}")

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, dict[str, str]]:
        for attempt in (0, 1):
            try:
                return self._get(path, headers or {})
            except (http.client.RemoteDisconnected, ConnectionError):  # idle while the others were asked
                if attempt:
                    raise
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        raise AssertionError

    def _get(self, path: str, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        assert self.connection is not None
        self.connection.request("GET", path, headers=headers)
        response = self.connection.getresponse()
        return (
            response.status,
            response.read(),
            {name.lower(): value for name, value in response.getheaders()},
        )

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.log.unlink(missing_ok=True)


def environment(more: dict[str, str]) -> dict[str, str]:
    """The environment of ours and more."""
    return {**os.environ, **more}  # noqa: TID251 - a bench starts strangers' servers


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


OURS = """
import sys, uvicorn
from pathlib import Path
from api.app import create_app
from api.http1 import server_config
from api.settings import Settings
url, cities, port, cache, role = sys.argv[1:]
said = Settings(
    database_url=url, cities_dir=Path(cities), cities=["benchton"], port=int(port), tile_cache_bytes=int(cache),
    database_role=role,
)
uvicorn.Server(server_config(create_app(said), "127.0.0.1", int(port))).run()
"""


def our_server(
    url: str, cities: Path, name: str = "ours", *, cache: int = 0, role: str = "require"
) -> Server:
    """Ours as it is run; `cache`: bytes of tiles kept, `role`: `off` for the owner's rights."""
    port = free_port()
    base = "/v1/cities/benchton/ogc/collections/parcels"
    paths = {
        "items": base + "/items?bbox={box}&limit=100",
        "item": base + "/items/{pid}",
        "tile16": base + "/tiles/WebMercatorQuad/16/{y16}/{x16}",
        "tile14": base + "/tiles/WebMercatorQuad/14/{y14}/{x14}",
        "first": base + "/items?limit=100",
        "page": base + "/items?limit=100&after={deep}",
        "map16": "/v1/cities/benchton/tiles/16/{x16}/{y16}.pbf?layers=parcels",
        "filter": base + "/items?limit=100&filter=" + FILTER,
    }
    command = [sys.executable, "-c", OURS, url, str(cities), str(port), str(cache), role]
    return Server(name, command, {"PYTHONPATH": str(ROOT)}, port, paths)


def floor_server(dsn: str) -> Server:
    port = free_port()
    paths = {
        "items": "/items?bbox={box}&limit=100",
        "item": "/items/{pid}",
        "tile16": "/tiles/16/{x16}/{y16}",
        "tile14": "/tiles/14/{x14}/{y14}",
    }
    return Server(
        "floor",
        [sys.executable, str(ROOT / "bench" / "ogc_floor.py"), dsn, str(SRID), str(port)],
        {},
        port,
        paths,
    )


def tipg_server(venv: Path, socket_dir: str, database: str) -> Server:
    port = free_port()
    base = "/collections/bench.parcels"
    paths = {
        "items": base + "/items?bbox={box}&limit=100",
        "item": base + "/items/{pid}",
        "tile16": base + "/tiles/WebMercatorQuad/16/{x16}/{y16}?properties=feature_id,land_use",
        "tile14": base + "/tiles/WebMercatorQuad/14/{x14}/{y14}?properties=land_use",
        "filter": base + "/items?limit=100&filter-lang=cql2-text&filter=" + FILTER,
    }
    settings = {
        "DATABASE_URL": f"postgresql://panjereh:x@{quote(socket_dir, safe='')}:5432/{database}",
        "TIPG_DB_SCHEMAS": '["bench"]',
        "TIPG_MAX_FEATURES_PER_TILE": "100000",
        "TIPG_MAX_FEATURES_PER_QUERY": "10000",
    }
    command = [str(venv / "bin" / "uvicorn"), "tipg.main:app", "--port", str(port), "--log-level", "error"]
    return Server("tipg", command, settings, port, paths)


def pygeoapi_server(venv: Path, socket_dir: str, database: str, folder: Path) -> Server:
    port = free_port()
    crs84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    host = {"name": "b", "url": "http://example.org"}
    words = {"title": "b", "description": "b", "keywords": ["b"]}
    provider = {
        "type": "feature",
        "name": "PostgreSQL",
        "id_field": "feature_id",
        "table": "parcels",
        "geom_field": "geom",
        "storage_crs": f"http://www.opengis.net/def/crs/EPSG/0/{SRID}",
        "crs": [crs84],
        "data": {
            "host": socket_dir,
            "dbname": database,
            "user": "panjereh",
            "password": "x",
            "search_path": ["bench", "public"],
        },
    }
    said = {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 100, "max_items": 10000},
            "map": {"url": "http://127.0.0.1/{z}/{x}/{y}.png", "attribution": ""},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                **words,
                "keywords_type": "theme",
                "terms_of_service": "b",
                "url": "http://example.org",
            },
            "license": host,
            "provider": host,
            "contact": {**host, "position": "b", "email": "b@example.org"},
        },
        "resources": {
            "parcels": {
                "type": "collection",
                **words,
                "links": [],
                "extents": {"spatial": {"bbox": [40, 20, 60, 40], "crs": crs84}},
                "providers": [provider],
            }
        },
    }
    config, openapi = folder / "pygeoapi.yml", folder / "openapi.yml"
    config.write_text(json.dumps(said))  # JSON is YAML
    settings = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi)}
    subprocess.run(
        [str(venv / "bin" / "pygeoapi"), "openapi", "generate", str(config), "--output-file", str(openapi)],
        env=environment(settings),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    paths = {
        "items": "/collections/parcels/items?bbox={box}&limit=100&f=json",
        "item": "/collections/parcels/items/{pid}?f=json",
    }
    command = [
        str(venv / "bin" / "gunicorn"),
        "-w",
        "1",
        "--threads",
        "4",
        "-b",
        f"127.0.0.1:{port}",
        "pygeoapi.flask_app:APP",
    ]
    return Server("pygeoapi", command, settings, port, paths)
