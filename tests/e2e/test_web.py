"""The page in a real browser, against the whole system, in Persian and in English.

An officer's afternoon, what the officer does when things do not go straight, and a clerk's deliveries: the steps are
in `web/e2e/*.mjs`; here what the browser saw is judged. What depends on the language is seen in both; of what is the
server's, one half is played in each.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import geopandas
import pytest
from shapely.affinity import translate

from tests.e2e.conftest import CITY, Scene, System

PARCELS = {"fa": "08-5440-00437", "en": "08-5440-00540"}
ACTS = {
    "fa": {"withdraw": "08-5440-00440", "complete": "08-5440-00441"},
    "en": {"refuse": "08-5440-00444", "revoke": "08-5440-00445"},
}
LAYER = "water_lines"
UNKNOWN_LAYER = "sewer_lines"

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_officers_afternoon(scene: Scene, system: System, lang: str) -> None:
    """A11, A14: sign in, request, findings, answers, approval, orders with all three companies; both languages."""
    seen = scene("flow", system.address, system.token, lang, PARCELS[lang])
    assert seen["refusedToken"] == "not-authenticated"
    assert "token" not in seen["addressAfterLogin"], "the token must not stay in the address"
    start, end = ("right", "left") if lang == "fa" else ("left", "right")
    assert seen["htmlLang"] == lang
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
def test_acts_when_things_do_not_go_straight(scene: Scene, system: System, lang: str) -> None:
    """A14: refuse, withdraw, revoke, put a connection off and try again, complete; the tariffs return."""
    gas = json.loads((system.folder / "agencies.json").read_text())["agencies"][f"{CITY}/gas"]
    acts, parcels = ",".join(ACTS[lang]), ",".join(ACTS[lang].values())
    seen = scene("acts", system.address, system.token, lang, CITY, acts, parcels, gas["url"], gas["token"])
    ends = {"withdraw": "withdrawn", "refuse": "refused", "revoke": "revoked", "complete": "completed"}
    assert {act: seen["ends"][act] for act in ACTS[lang]} == {act: ends[act] for act in ACTS[lang]}
    if "complete" in ACTS[lang]:
        assert (seen["deferrable"], seen["returns"]) == (3, 3), "each company's return of the tariff is told"
    if "revoke" in ACTS[lang]:
        assert seen["revokedReturns"] == 3


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


@pytest.mark.parametrize(("lang", "part"), [("fa", "taken-back"), ("en", "corrected")])
def test_deliveries(scene: Scene, system: System, root: Path, tmp_path: Path, lang: str, part: str) -> None:
    """Upload with progress, report, located issues, changes, roll-back, one refused; a held delivery corrected."""
    files = [str(path) for path in _deliveries(tmp_path, root, LAYER)]
    seen = scene("layers", system.address, system.token, lang, CITY, LAYER, part, *files)
    assert seen["layers"] > 10
    assert seen["formats"] >= 3
    assert (seen["wrongKind"], seen["mayNotSend"]) == (1, True)
    assert seen["good"] == "done"
    assert seen["rules"] >= 2
    assert seen["issueSide"] == ("left" if lang == "fa" else "right"), "a chosen issue is not under the panel"
    assert seen["changes"] > 0
    assert seen["deliveries"] >= 4
    if part == "taken-back":
        assert (seen["preview"], seen["rolledBack"]) == ("done", True)
        assert (seen["broken"], seen["why"]) == ("stopped", True)
    else:
        assert (seen["held"], seen["choices"]) == ("waiting", 3)
        assert seen["verdict"] >= 1
        assert seen["corrected"] == 5


def _unknown(folder: Path, root: Path, layer: str) -> list[Path]:
    """A layer as another company would send it: a Shapefile with Persian columns, minus depths and no .prj."""
    frame = geopandas.read_file(f"/vsizip/{root}/cities/{CITY}/{CITY}.gpkg.zip", layer=layer)
    frame["depth_m"] *= -100
    frame["kind"] = frame["kind"].map({"main": "اصلی", "service": "انشعاب"})
    frame.loc[frame.index[3], "kind"] = "کمربندی"
    frame["year"] = 2001
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


@pytest.mark.parametrize(("lang", "end"), [("fa", "accept"), ("en", "forget")])
def test_an_unknown_file_is_mapped_on_the_page(
    scene: Scene, system: System, root: Path, tmp_path: Path, lang: str, end: str
) -> None:
    """A Shapefile in its parts: the CRS is asked, columns and words are mapped, accepted and published, or let go."""
    files = ",".join(map(str, _unknown(tmp_path, root, UNKNOWN_LAYER)))
    seen = scene("sight", system.address, system.token, lang, CITY, UNKNOWN_LAYER, files, end)
    assert (seen["byKeyboard"], seen["lacking"], seen["mayNotSend"]) == (True, 1, True)
    assert seen["parts"] == 4
    assert (seen["guessed"], seen["mayNotAccept"]) == ("", True), "a CRS is asked, never guessed"
    assert seen["systems"] >= 1
    assert (seen["unitsAsked"], seen["stillNot"]) == (1, True), "nor is a unit that two readings fit"
    assert (seen["unmapped"], seen["words"]) == ("", 3)
    assert seen["agrees"] == 1
    assert seen["rows"] == 5
    if end == "forget":
        assert seen["forgotten"] is True
        return
    assert (seen["end"], seen["shown"]) == ("done", 1)
    kept = (system.folder / "cities" / CITY / "layers.toml").read_text(encoding="utf-8")
    assert 'cover_m = { column = "عمق", unit = "-cm" }' in kept
