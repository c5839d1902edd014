"""Property: a file damaged at random is refused in words, or every record of it is accounted for.

Never another error than a refusal, never half a layer, never a good record lost without a word.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from geo.errors import PanjerehError
from layers.catalog import FieldRule
from layers.checks import check
from layers.city import City, load_city
from layers.cluster import Cluster
from layers.database import make_engine
from layers.ingest import deliver
from layers.mapping import Mapped, map_layer
from layers.readers.reference import check_place
from layers.reading import read
from layers.report import Outcome
from tests.layers.conftest import FILES as TOY_FILES
from tests.layers.museum import drawings, shapes, tables, texts
from tests.layers.museum.base import COUNT, CRS, frame, row, written

SEED = 20261122
# builder, and the suffix of the part that is damaged
FORMATS: dict[str, tuple[Callable[[Path], Path], str, dict[str, Any]]] = {
    "gpkg": (tables.good_geopackage, ".gpkg", {}),
    "shp": (shapes.good_shapefile, ".shp", {"table": None}),
    "shx": (shapes.good_shapefile, ".shx", {"table": None}),
    "dbf": (shapes.persian_in_utf8, ".dbf", {"table": None}),
    "fgb": (tables.good_flatgeobuf, ".fgb", {"table": None}),
    "geojson": (texts.good_geojson, ".geojson", {"table": None}),
    "kml": (texts.good_kml, ".kml", {"table": None}),
    "gml": (texts.good_gml, ".gml", {"table": None}),
    "csv": (texts.csv_with_wkt, ".csv", {"table": None, "crs": CRS}),
    "dxf": (
        drawings.drawing,
        ".dxf",
        {"table": None, "crs": CRS, "fields": {"feature_id": FieldRule("handle")}, "codes": {}},
    ),
    "zip": (drawings.zipped_geopackage, ".zip", {}),
    "parquet": (tables.good_geoparquet, ".parquet", {"table": None}),
}
# Where a whole line that is gone leaves no trace, bytes are changed and cut, but none taken out.
damages = st.lists(
    st.tuples(
        st.sampled_from(["flip", "zero", "junk", "cut"]),
        st.floats(0.0, 1.0, exclude_max=True),
        st.binary(min_size=1, max_size=24),
    ),
    min_size=1,
    max_size=4,
)


def damaged(raw: bytes, how: list[tuple[str, float, bytes]]) -> bytes:
    made = bytearray(raw)
    for kind, where, junk in how:
        at = int(where * len(made))
        if kind == "cut":
            del made[max(at, 1) :]
        elif kind == "flip" and made:
            made[at] ^= junk[0] or 1
        else:
            patch = bytes(len(junk)) if kind == "zero" else junk
            made[at : at + len(patch)] = patch[: len(made) - at]
    return bytes(made)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> City:
    folder = tmp_path_factory.mktemp("cities") / "toytown"
    folder.mkdir()
    for name, content in TOY_FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    return load_city(folder.parent, "toytown")


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each good file, written once."""
    made = {}
    for name, (build, _, _) in FORMATS.items():
        if name != "parquet" or importlib.util.find_spec("pyarrow"):
            made[name] = build(tmp_path_factory.mktemp(name))
    return made


@pytest.fixture(scope="module")
def published(cluster: Cluster, template: str, town: City, tmp_path_factory: Any) -> Iterator[Engine]:
    engine = make_engine(cluster.create_database("damage", template=template))
    first = written(tmp_path_factory.mktemp("first"), "pipes.gpkg", frame([row(900)]))
    deliver(engine, town, town.layer("pipes"), first)
    yield engine
    engine.dispose()


def _copy(original: Path, suffix: str, how: list[tuple[str, float, bytes]], folder: Path) -> Path:
    for part in original.parent.iterdir():
        if part.is_file():
            shutil.copyfile(part, folder / part.name)
    hurt = (folder / original.name).with_suffix(suffix)
    hurt.write_bytes(damaged(hurt.read_bytes(), how))
    return folder / original.name


def _mapped(path: Path, town: City, changes: dict[str, Any]) -> Mapped:
    spec = replace(town.layer("pipes"), **changes)
    source = read(path, spec.table, crs=spec.crs, encoding=spec.encoding)
    check_place(source, town)
    mapped = map_layer(source, town, spec)
    check(mapped, town)
    return mapped


def _ids(mapped: Mapped) -> set[str]:
    return {
        str(known) for index, known in enumerate(mapped.columns["feature_id"]) if index not in mapped.refused
    }


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_refused_or_accounted_for(
    originals: dict[str, Path], town: City, name: str
) -> None:
    if name not in originals:
        pytest.skip("pyarrow is not installed")
    print("seed", SEED)
    _, suffix, changes = FORMATS[name]
    good = _ids(_mapped(originals[name], town, changes))
    assert len(good) >= COUNT

    @seed(SEED)
    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(how=damages)
    def never_silent(how: list[tuple[str, float, bytes]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = _copy(originals[name], suffix, how, Path(folder))
            try:
                mapped = _mapped(path, town, changes)
            except PanjerehError:
                return
        lost = good - _ids(mapped)
        # An id whose letters were changed is another id: no record is gone with it.
        renamed = _ids(mapped) - good
        told = len(mapped.refused) + sum(issue.code != "duplicate-geometry" for issue in mapped.issues)
        assert len(lost) <= len(renamed) or told, (lost, mapped.issues, mapped.facts)

    never_silent()


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_never_half_publishes(
    originals: dict[str, Path], town: City, published: Engine, name: str
) -> None:
    if name not in originals:
        pytest.skip("pyarrow is not installed")
    print("seed", SEED)
    _, suffix, changes = FORMATS[name]
    spec = replace(town.layer("pipes"), **changes)

    def live() -> list[Any]:
        statement = (
            "SELECT feature_id, published_by FROM layers.network_line WHERE retired_by IS NULL ORDER BY 1"
        )
        with published.connect() as connection:
            return [tuple(found) for found in connection.execute(text(statement))]

    @seed(SEED)
    @settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(how=damages)
    def all_or_nothing(how: list[tuple[str, float, bytes]]) -> None:
        before = live()
        with tempfile.TemporaryDirectory() as folder:
            path = _copy(originals[name], suffix, how, Path(folder))
            try:
                report = deliver(published, town, spec, path)
            except PanjerehError:
                assert live() == before
                return
        assert report.good + report.repaired + report.refused == report.read
        if report.outcome is Outcome.PUBLISHED:
            assert len(live()) == report.good + report.repaired
        else:
            assert live() == before

    all_or_nothing()
