"""Coordinated digs on the page, in a real browser and in both languages: one trench for two works, a report from it.

The steps are in `web/e2e/digs.mjs`; here the system is started and what the browser saw is judged.
"""

from __future__ import annotations

import json
import re
import struct
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layers.cluster import Cluster
from permits.vocabulary import Role
from tests.api.conftest import Served, served
from tests.e2e.test_web import _reason_to_skip

PATIENCE_S = 300
CITY = "schutterwald"
PLACES = {"fa": (7.8880, 48.4562), "en": (7.8720, 48.4560)}
"""Far from each other: what one run plans is not near the other's works."""

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def office(
    root: Path, cluster: Cluster, schutterwald_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The API with the built page."""
    if (reason := _reason_to_skip(root)) is not None:
        pytest.skip(reason)
    url = cluster.create_database("digs_page", template=schutterwald_template)
    try:
        with served(url, root, tmp_path_factory.mktemp("digs"), [CITY]) as made:
            yield made
    finally:
        cluster.drop_database("digs_page")


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
    root: Path, office: Served, tmp_path: Path, lang: str
) -> None:
    """A21, A22, A27, T10: the calendar, a dig drawn beside a plan, the pair joined, three taps and a photo."""
    lon, lat = PLACES[lang]
    photo = str(_photo(tmp_path / "trench.png"))
    token = office.tokens[Role.OFFICER]
    done = subprocess.run(
        ["node", "e2e/digs.mjs", office.url, token, lang, CITY, str(lon), str(lat), photo],
        cwd=root / "web",
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.stdout.strip(), done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert seen["complaints"] == []
    assert seen["dir"] == ("rtl" if lang == "fa" else "ltr")
    assert seen["signs"], "the number in the list stands on the map"
    assert seen["months"] >= 6
    assert seen["problems"] >= 3, "an empty request says what is missing"
    assert re.search("[۰-۹]" if lang == "fa" else "[0-9]", seen["trench"]), seen["trench"]
    assert re.fullmatch(r"D\d{4}-\d{6}", seen["digNo"]), "an identifier keeps its stored digits and order"
    assert seen["offered"] == "offered"
    assert seen["agreed"] == 2
    assert seen["waits"] == "visit"
    assert seen["silence"] >= 1, "what silence means is said"
    assert seen["headerFits"]
    assert seen["report"]
    assert seen["answered"]
