"""A museum of awkward files: one fault each, delivered to a real layer, and what its report must say."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from geo.errors import PanjerehError
from layers.city import City, load_city
from layers.cluster import Cluster
from layers.database import make_engine
from layers.ingest import deliver
from layers.report import Outcome
from tests.layers.conftest import FILES as TOY_FILES
from tests.layers.museum import drawings, places, shapes, tables, texts  # noqa: F401 - these fill the museum
from tests.layers.museum.base import COUNT, EXHIBITS, Exhibit, frame, row, written


@pytest.fixture(scope="module")
def museum_city(tmp_path_factory: pytest.TempPathFactory) -> City:
    folder = tmp_path_factory.mktemp("cities") / "toytown"
    folder.mkdir()
    for name, content in TOY_FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    return load_city(folder.parent, "toytown")


@pytest.fixture(scope="module")
def museum(cluster: Cluster, template: str, museum_city: City, tmp_path_factory: Any) -> Iterator[Engine]:
    """A database with one published layer: whatever is refused must leave it as it is."""
    engine = make_engine(cluster.create_database("museum", template=template))
    first = written(tmp_path_factory.mktemp("first"), "pipes.gpkg", frame([row(900)]))
    assert deliver(engine, museum_city, museum_city.layer("pipes"), first).outcome is Outcome.PUBLISHED
    yield engine
    engine.dispose()


def _live(engine: Engine) -> list[Any]:
    statement = "SELECT feature_id, published_by FROM layers.network_line WHERE retired_by IS NULL ORDER BY 1"
    with engine.connect() as connection:
        return [tuple(found) for found in connection.execute(text(statement))]


def _within(expected: Any, found: Any) -> bool:
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            _within(value, found.get(key)) for key, value in expected.items()
        )
    return bool(expected == found)


def _telling(counts: dict[str, int], shown: Exhibit) -> dict[str, int]:
    """All that is expected, and every error; what the network's own rules warn of is not this museum's."""
    return {
        code: count for code, count in counts.items() if code in shown.counts or code.startswith("error:")
    }


@pytest.mark.parametrize("shown", EXHIBITS, ids=[shown.name for shown in EXHIBITS])
def test_exhibit(museum: Engine, museum_city: City, tmp_path: Path, shown: Exhibit) -> None:
    """Every record is good, repaired or refused; a refused file leaves the layer untouched."""
    if shown.needs and importlib.util.find_spec(shown.needs) is None:
        pytest.skip(f"{shown.needs} is not installed")
    spec = replace(museum_city.layer("pipes"), **shown.spec)
    path = shown.build(tmp_path)
    beside = sorted(tmp_path.rglob("*"))
    before = _live(museum)
    if shown.refusal is not None:
        with pytest.raises(PanjerehError) as refusal:
            deliver(museum, museum_city, spec, path)
        assert refusal.value.code == shown.refusal, refusal.value
        assert _within(shown.params, refusal.value.params), refusal.value.params
        assert _live(museum) == before
        return
    report = deliver(museum, museum_city, spec, path)
    assert _telling(report.counts, shown) == shown.counts
    assert (report.read, report.refused, report.repaired) == (shown.read, shown.refused, shown.repaired)
    assert _within(shown.facts, report.facts), report.facts
    if "error:too-many-refused" in report.counts:
        assert report.outcome is Outcome.REFUSED
        assert _live(museum) == before
    else:
        assert report.outcome in (Outcome.PUBLISHED, Outcome.UNCHANGED)
        assert len(_live(museum)) == report.good + report.repaired
    assert sorted(tmp_path.rglob("*")) == beside, "reading leaves nothing beside the delivery"


def test_every_refusal_and_issue_has_words(root: Path) -> None:
    """What a clerk is told exists in both languages."""
    wanted = {f"error-{shown.refusal}" for shown in EXHIBITS if shown.refusal}
    wanted |= {"issue-" + code.partition(":")[2] for shown in EXHIBITS for code in shown.counts}
    for language in ("en", "fa"):
        words = (root / "locales" / f"{language}.ftl").read_text(encoding="utf-8")
        known = {entry.partition(" =")[0] for entry in words.splitlines() if " =" in entry}
        assert wanted <= known, sorted(wanted - known)


def test_the_museum_is_large_enough() -> None:
    assert len(EXHIBITS) > 80
    assert COUNT * 0.05 >= 2, "two refused rows must not refuse a delivery"
