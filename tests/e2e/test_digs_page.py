"""Coordinated digs on the page, in a real browser and in both languages: one trench for two works, a report from it.

The steps are in `web/e2e/digs.mjs`; here what the browser saw is judged.
"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import pytest

from tests.e2e.conftest import CITY, Scene, System

PLACES = {"fa": (7.8880, 48.4562), "en": (7.8720, 48.4560)}
"""Far from each other: what one run plans is not near the other's works."""

pytestmark = pytest.mark.e2e


def _photo(path: Path) -> Path:
    """A PNG of 64 by 48 brown pixels."""
    row = b"\x00" + b"\x8a\x6a\x4a" * 64
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * 48)),
        (b"IEND", b""),
    )
    chunks = (struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in parts)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_two_works_one_trench_and_a_report_from_it(
    scene: Scene, system: System, tmp_path: Path, lang: str
) -> None:
    """A21, A22, A27, T10: the calendar, a dig drawn beside a plan, the pair joined, three taps and a photo."""
    lon, lat = PLACES[lang]
    photo = str(_photo(tmp_path / "trench.png"))
    second = system.tokens["officer-2"]
    seen = scene("digs", system.address, system.token, lang, CITY, str(lon), str(lat), photo, second)
    assert seen["signs"], "the number in the list stands on the map"
    assert seen["months"] >= 6
    assert seen["problems"] >= 3, "an empty request says what is missing"
    assert re.search("[۰-۹]" if lang == "fa" else "[0-9]", seen["trench"]), seen["trench"]
    assert re.fullmatch(r"D\d{4}-\d{6}", seen["digNo"]), "an identifier keeps its stored digits and order"
    assert seen["offered"] == "offered"
    assert seen["agreed"] == 2
    split = seen["split"]
    assert len(split["parts"]) >= 3
    assert round(sum(split["parts"]), 2) == split["total"] > 0, "what each bears sums to the whole"
    if lang == "fa":
        assert seen["listed"] == 2, "on the control list: entered and lifted"
    else:
        assert seen["freed"] == 0, "what was entered wrongly bars nothing"
    assert {"dig", "plan"} <= set(seen["barred"]), "a repaved street names the works that would open it"
    assert seen["waits"] == "visit"
    assert seen["silence"] >= 1, "what silence means is said"
    assert seen["headerFits"]
    assert seen["report"]
    assert seen["answered"]
