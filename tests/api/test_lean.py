"""The serving process stays small: what serves maps and forms has not loaded what reads files or traces networks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HEAVY = (
    "alembic", "dask", "distributed", "geopandas", "llvmlite", "numba", "pandas", "pyarrow", "pyogrio", "scipy",
)  # fmt: skip
ASKED = """
import json, math, sys
from pathlib import Path
from permits.vocabulary import Role
from tests.api.conftest import served
url, root, folder, *heavy = sys.argv[1:]
city = "/v1/cities/schutterwald"
with served(url, Path(root), Path(folder), ["schutterwald"]) as api, api.client(Role.OFFICER) as client:
    found = client.get(f"{city}/ogc/collections/parcels/items?limit=1").json()["features"][0]
    lon, lat = found["geometry"]["coordinates"][0][0][:2]
    x = int((lon + 180) / 360 * 2**16)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**16)
    asked = [
        "/", "/v1/cities", city, f"{city}/tiles/16/{x}/{y}.pbf", f"{city}/parcels/{found['id']}",
        f"{city}/ogc", f"{city}/ogc/api", f"{city}/ogc/collections/parcels/items/{found['id']}",
        f"{city}/ogc/collections/parcels/items?bbox=7.8,48.4,7.9,48.5&filter=area_m2>100",
        f"{city}/ogc/collections/parcels/tiles/WebMercatorQuad/16/{y}/{x}",
        f"{city}/cases", f"{city}/digs", f"{city}/deliveries/newest",
    ]
    answers = {path: client.get(path).status_code for path in asked}
print(json.dumps([answers, [name for name in heavy if name in sys.modules]]))
"""


def test_maps_features_and_forms_are_served_without_the_heavy_libraries(
    city_database_url: str, root: Path, tmp_path: Path
) -> None:
    said = subprocess.run(
        [sys.executable, "-c", ASKED, city_database_url, str(root), str(tmp_path), *HEAVY],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert said.returncode == 0, said.stderr[-2000:]
    answers, loaded = json.loads(said.stdout.splitlines()[-1])
    assert set(answers.values()) == {200}, answers
    assert loaded == []
