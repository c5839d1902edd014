"""OWSLib, the Python client of many catalogues and plugins, lists and reads the layers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import shape

from tests.clients.conftest import Site, shapes_in_degrees

BOX = (7.8800, 48.4520, 7.8860, 48.4570)
CONDITION = "area_m2 > 1000 AND id LIKE '%7'"


@pytest.fixture(scope="module")
def owslib(open_site: Site) -> dict[str, Any]:
    """What OWSLib read; by our own Python or the system's, whichever has it."""
    for python in (sys.executable, "/usr/bin/python3"):
        if not Path(python).exists():
            continue
        probe = [python, "-c", "import owslib.ogcapi.features"]
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            break
    else:
        pytest.skip("OWSLib is not installed (apt-get install python3-owslib)")
    script = Path(__file__).with_name("owslib_client.py")
    done = subprocess.run(
        [python, script, open_site.ogc, "parcels", ",".join(map(str, BOX)), CONDITION],
        env={"PATH": "/usr/bin:/bin", "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_owslib_lists_and_describes(owslib: dict[str, Any]) -> None:
    assert owslib["title"]
    assert owslib["described"] == "3.0.3"
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in owslib["conforms"]
    assert sorted(owslib["collections"]) == ["buildings", "parcels", "streets"]
    assert owslib["collection"]
    assert {"id", "geometry", "area_m2"} <= set(owslib["queryables"])


def test_owslib_reads(owslib: dict[str, Any], open_site: Site) -> None:
    """Pages, box, filter, order, one feature; a wrong box is refused in words that it hands on."""
    truth = shapes_in_degrees(open_site, "parcel")
    assert owslib["whole"] == [len(truth), 400]
    assert owslib["offset"] == sorted(truth)[400:403]
    rectangle = shapely.box(*BOX)
    assert owslib["in_box"] == sorted(key for key, each in truth.items() if each.intersects(rectangle))
    assert owslib["filtered"]
    assert all(each.endswith("7") for each in owslib["filtered"])
    assert owslib["largest"] == sorted(owslib["largest"], reverse=True)
    assert owslib["one"]["id"] == owslib["first"]["id"]
    assert shape(owslib["one"]["geometry"]).equals(shape(owslib["first"]["geometry"]))
    assert owslib["refused"] == "parameter-invalid"
