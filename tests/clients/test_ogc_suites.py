"""OGC's own executable test suites against our server, where somebody has put them.

They are Java programs of the Open Geospatial Consortium: `ets-ogcapi-features10-<version>-aio.jar` and
`ets-ogcapi-tiles10-<version>-aio.jar`, in the folder `.suites` of this checkout. `make conformance` runs them and the
abstract tests beside this file.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import httpx2
import pytest

from tests.clients.conftest import Site

PATIENCE_S = 1_800
_DOCTYPE = '<!DOCTYPE properties SYSTEM "http://java.sun.com/dtd/properties.dtd">'


def _arguments(site: Site, suite: str) -> dict[str, str]:
    """What a suite must be told; the tiles' one wants a range of tiles too."""
    if suite == "ets-ogcapi-features10":
        return {"iut": site.ogc, "noofcollections": "-1"}
    tileset = httpx2.get(f"{site.ogc}/tiles/WebMercatorQuad", trust_env=False).json()
    limits = next(each for each in tileset["tileMatrixSetLimits"] if each["tileMatrix"] == "15")
    return {
        "iut": site.ogc,
        "tilematrixsetdefinitionuri": tileset["tileMatrixSetURI"],
        "urltemplatefortiles": next(each["href"] for each in tileset["links"] if each["rel"] == "item"),
        "tilematrix": "15",
        **{
            name.lower(): str(limits[name])
            for name in ("minTileRow", "maxTileRow", "minTileCol", "maxTileCol")
        },
    }


def failures(results: Path) -> tuple[int, list[str]]:
    """How many test methods passed, and what the others said."""
    passed, failed = 0, []
    for method in ElementTree.parse(results).iter("test-method"):
        if method.get("is-config") == "true":
            continue
        if method.get("status") == "PASS":
            passed += 1
        elif method.get("status") == "FAIL":
            said = (method.findtext(".//message") or "").strip()
            failed.append(f"{method.get('name')}: {said[:400]}")
    return passed, failed


@pytest.mark.parametrize("suite", ["ets-ogcapi-features10", "ets-ogcapi-tiles10"])
def test_suite(root: Path, open_site: Site, tmp_path: Path, suite: str) -> None:
    jars = sorted((root / ".suites").glob(f"{suite}-*aio*.jar"))
    if not jars:
        pytest.skip(f"{suite}-<version>-aio.jar is not in .suites/ (docs/ogc.md)")
    java = shutil.which("java")
    if java is None:
        pytest.skip("no Java on the path (17 or newer)")
    entries = "".join(
        f'<entry key="{key}">{escape(value)}</entry>' for key, value in _arguments(open_site, suite).items()
    )
    told = tmp_path / "test-run-props.xml"
    told.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>{_DOCTYPE}<properties version="1.0">{entries}</properties>'
    )
    done = subprocess.run(
        [java, "-jar", jars[-1], "-o", tmp_path, told],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    found = sorted(tmp_path.rglob("testng-results.xml"))
    assert found, done.stdout[-2000:] + done.stderr[-2000:]
    passed, failed = failures(found[-1])
    assert failed == []
    assert passed > 0
