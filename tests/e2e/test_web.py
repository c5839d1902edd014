"""The page in a real browser, against the whole system, in Persian and in English.

An officer's afternoon, what the officer does when things do not go straight, and a clerk's deliveries: the steps are
in `web/e2e/*.mjs`; here the system is started and what the browser saw is judged.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import pytest
from shapely.affinity import translate

from api.home import free_port
from api.settings import Settings

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_S = 300
PARCELS = {"fa": "08-5440-00437", "en": "08-5440-00540"}
CITY = "schutterwald"
MORE_PARCELS = {
    "fa": ["08-5440-00440", "08-5440-00441", "08-5440-00442", "08-5440-00443"],
    "en": ["08-5440-00444", "08-5440-00445", "08-5440-00446", "08-5440-00447"],
}
LAYER = "water_lines"
UNKNOWN_LAYER = "sewer_lines"

pytestmark = pytest.mark.e2e


def _reason_to_skip(root: Path) -> str | None:
    if not CHROMIUM.exists():
        return f"no browser: {CHROMIUM} is missing (apt-get install chromium)"
    if shutil.which("node") is None:
        return "no Node.js on the path"
    if not (root / "web/node_modules/playwright-core").is_dir():
        return "the page's tools are not installed (cd web && npm ci)"
    if not (root / "web/dist/index.html").is_file():
        return "the page is not built (cd web && npm run build)"
    return None


@dataclass(frozen=True, slots=True)
class System:
    """A running system: its address, and the officer's token."""

    address: str
    token: str
    folder: Path


@pytest.fixture(scope="module")
def system(root: Path) -> Iterator[System]:
    """`panjereh run` on a data directory of its own; stopped as a person would stop it."""
    reason = _reason_to_skip(root)
    if reason is not None:
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="pje-", dir="/tmp"))  # short: it holds a Unix socket
    folder.chmod(0o755)
    cities = folder / "cities"  # accepted mappings are written beside a city's data
    shutil.copytree(root / "cities", cities)
    port = free_port("127.0.0.1", 18300, set())
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "run"],
        cwd=root,
        env=Settings().for_child(
            data_dir=str(folder), port=str(port), cities='["schutterwald"]', cities_dir=str(cities)
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        printed: list[str] = []
        for line in process.stdout:
            printed.append(line)
            if found := re.search(r"(http://\S+)/#token=(\S+)", line):
                yield System(found[1], found[2], folder)
                break
        else:
            pytest.fail("the system did not start:\n" + "".join(printed[-30:]))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


def _seen(root: Path, system: System, script: str, lang: str, *more: str) -> dict[str, Any]:
    done = subprocess.run(
        ["node", f"e2e/{script}.mjs", system.address, system.token, lang, *more],
        cwd=root / "web",
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.stdout.strip(), done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return seen


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_officers_afternoon(root: Path, system: System, lang: str) -> None:
    """A11, A14: sign in, request, findings, answers, approval, orders with all three companies; both languages."""
    seen = _seen(root, system, "flow", lang, PARCELS[lang])
    assert seen["complaints"] == []
    assert seen["refusedToken"] == "not-authenticated"
    assert "token" not in seen["addressAfterLogin"], "the token must not stay in the address"
    start, end = ("right", "left") if lang == "fa" else ("left", "right")
    assert (seen["htmlLang"], seen["dir"]) == (lang, "rtl" if lang == "fa" else "ltr")
    assert (seen["panelSide"], seen["controlsSide"]) == (start, end)
    assert seen["parcelSide"] == end, "the map's padding follows the panel"
    assert seen["problemsWhenEmpty"] >= 3
    assert seen["corners"] >= 3, "the dig begins as the building's footprint"
    assert re.fullmatch(r"\d{4}-\d{6}", seen["caseNo"]), "an identifier keeps its stored digits and order"
    assert seen["caseNoDir"] == "ltr"
    assert seen["findings"] > 0
    assert (seen["offers"], seen["orders"]) == (3, 3)
    assert seen["history"] > 10
    assert (seen["switchedDir"], seen["stillThere"]) == ("ltr" if lang == "fa" else "rtl", True)


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_acts_when_things_do_not_go_straight(root: Path, system: System, lang: str) -> None:
    """A14: refuse, withdraw, revoke, put a connection off and try again, complete; the tariffs return."""
    book = json.loads((system.folder / "agencies.json").read_text())["agencies"]
    gas = book[f"{CITY}/gas"]
    parcels = ",".join(MORE_PARCELS[lang])
    seen = _seen(root, system, "acts", lang, CITY, parcels, gas["url"], gas["token"])
    assert seen["complaints"] == []
    assert seen["ends"]["refuse"] == "refused"
    assert seen["ends"]["withdraw"] == "withdrawn"
    assert seen["ends"]["revoke"] == "revoked"
    assert seen["ends"]["complete"] == "completed"
    assert seen["deferrable"] == 3
    assert (seen["returns"], seen["revokedReturns"]) == (3, 3), "each company's return of the tariff is told"


def _deliveries(folder: Path, root: Path, layer: str) -> tuple[Path, Path, Path]:
    """A layer with some faults, the same layer 0.7 m off, and a file that was cut short."""
    source = f"/vsizip/{root}/cities/{CITY}/{CITY}.gpkg.zip"
    whole = geopandas.read_file(source, layer=layer)
    faulty = whole.drop(index=whole.index[5:9])
    shapes = faulty.geometry.copy()
    shapes.iloc[20:26] = [translate(shape, 3.0, 1.5) for shape in shapes.iloc[20:26]]
    shapes.iloc[40] = None
    shapes.iloc[60] = translate(shapes.iloc[60], 90_000.0, 0.0)
    good, shifted, broken = (folder / f"{name}.gpkg" for name in ("good", "shifted", "broken"))
    faulty.set_geometry(shapes).to_file(good, layer=layer)
    whole.set_geometry(whole.translate(0.62, -0.35)).to_file(shifted, layer=layer)
    content = good.read_bytes()
    broken.write_bytes(content[: len(content) // 3])
    return good, shifted, broken


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_deliveries(root: Path, system: System, tmp_path: Path, lang: str) -> None:
    """Upload with progress, report, located issues, changes, roll-back, a held delivery corrected, one refused."""
    files = [str(path) for path in _deliveries(tmp_path, root, LAYER)]
    seen = _seen(root, system, "layers", lang, CITY, LAYER, *files)
    assert seen["complaints"] == []
    assert seen["layers"] > 10
    assert seen["formats"] >= 3
    assert (seen["wrongKind"], seen["mayNotSend"]) == (1, True)
    assert (seen["preview"], seen["good"]) == ("done", "done")
    assert seen["rules"] >= 2
    assert seen["issueSide"] == ("left" if lang == "fa" else "right"), "a chosen issue is not under the panel"
    assert seen["changes"] > 0
    assert seen["rolledBack"]
    assert (seen["held"], seen["choices"]) == ("waiting", 3)
    assert seen["verdict"] >= 1
    assert seen["corrected"] == 5
    assert (seen["broken"], seen["why"]) == ("stopped", True)
    assert seen["deliveries"] >= 6


def _unknown(folder: Path, root: Path, layer: str, lang: str) -> list[Path]:
    """A layer as another company would send it: a Shapefile with Persian columns, minus depths and no .prj."""
    frame = geopandas.read_file(f"/vsizip/{root}/cities/{CITY}/{CITY}.gpkg.zip", layer=layer)
    frame["depth_m"] *= -100
    frame["kind"] = frame["kind"].map({"main": "اصلی", "service": "انشعاب"})
    frame.loc[frame.index[3], "kind"] = "کمربندی"
    frame["year"] = 2001 if lang == "fa" else 2002  # each run delivers something of its own
    # the names of a Shapefile's columns end after ten bytes, so "نوع لوله" (kind of pipe) becomes a riddle
    names = {
        "line_id": "شناسه",
        "kind": "نوع لوله",
        "depth_m": "عمق",
        "diameter_mm": "قطر",
        "material": "جنس",
    }
    path = folder / "لوله.shp"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the names are cut is the point
        frame.rename(columns=names)[[*names.values(), "year", "geometry"]].to_file(path, encoding="utf-8")
    return [path, *(path.with_suffix(ending) for ending in (".dbf", ".shx", ".cpg"))]


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_an_unknown_file_is_mapped_on_the_page(root: Path, system: System, tmp_path: Path, lang: str) -> None:
    """A Shapefile in its parts: the CRS is asked, columns and words are mapped, accepted and published."""
    files = _unknown(tmp_path, root, UNKNOWN_LAYER, lang)
    seen = _seen(root, system, "sight", lang, CITY, UNKNOWN_LAYER, ",".join(map(str, files)))
    assert seen["complaints"] == []
    assert (seen["byKeyboard"], seen["lacking"], seen["mayNotSend"]) == (True, 1, True)
    assert seen["parts"] == 4
    assert (seen["guessed"], seen["mayNotAccept"]) == ("", True), "a CRS is asked, never guessed"
    assert seen["systems"] >= 1
    assert (seen["unitsAsked"], seen["stillNot"]) == (1, True), "nor is a unit that two readings fit"
    assert (seen["unmapped"], seen["words"]) == ("", 3)
    assert seen["agrees"] == 1
    assert seen["rows"] == 5
    assert (seen["end"], seen["shown"]) == ("done", 1)
    kept = (system.folder / "cities" / CITY / "layers.toml").read_text(encoding="utf-8")
    assert 'cover_m = { column = "عمق", unit = "-cm" }' in kept
