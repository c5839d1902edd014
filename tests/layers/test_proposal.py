"""First sight of a file: names and values become a mapping that a person previews, corrects and accepts."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import pytest
from shapely.geometry import LineString
from sqlalchemy import Engine

from geo.crs import CityCrs, to_wgs84
from layers import preview as previews
from layers.catalog import Target
from layers.city import City, load_city
from layers.ingest import deliver
from layers.proposal import Proposal, Wishes, _fields, propose
from layers.proposal_units import cover_units, diameter_units, pressure_units, voltage_units
from layers.readers.source import Table
from layers.report import Outcome
from layers.units import day, measure
from tests.layers.museum.base import CRS, line, written

COUNT = 30


def table(crs: str | None = CRS, name: str = "pipes.gpkg", **columns: list[Any]) -> Table:
    size = max(len(values) for values in columns.values())
    data = {column: [values[n % len(values)] for n in range(size)] for column, values in columns.items()}
    frame = geopandas.GeoDataFrame(data, geometry=[line(n) for n in range(size)], crs=crs)
    return Table(frame, crs=frame.crs, name=name)


def mapped(proposal: Proposal) -> dict[str, tuple[str, str | None]]:
    return {proposed.field: (proposed.column, proposed.unit) for proposed in proposal.fields}


IDS = [f"L{n}" for n in range(COUNT)]


def test_persian_names_and_words(toy: City) -> None:
    made = propose(
        table(
            name="شبکه آب.shp",
            **{
                "شناسه": IDS,
                "نوع لوله": ["اصلي", "انشعاب"],  # with the Arabic ye, as Windows-1256 writes it
                "قطر (میلیمتر)": [110.0, 63.0, 160.0],
                "عمق": [-120.0, -95.0, -140.0],
                "جنس": ["پلی‌اتیلن", "چدن داکتیل"],
                "سال نصب": [1385, 1391, 1402],
                "تاریخ برداشت": ["1402/08/15"],
                "توضیحات": ["ندارد"],
            },
        ),
        toy,
        "new_water",
    )
    assert (made.language, made.target, made.utility, made.owner) == (
        "fa",
        Target.NETWORK_LINE,
        "water",
        "water",
    )
    assert mapped(made) == {
        "feature_id": ("شناسه", None),
        "role": ("نوع لوله", None),
        "diameter_mm": ("قطر (میلیمتر)", "mm"),
        "cover_m": ("عمق", "-cm"),
        "material": ("جنس", None),
        "installed_year": ("سال نصب", "jalali"),
        "surveyed_on": ("تاریخ برداشت", "jalali"),
    }
    assert made.codes["role"] == {"اصلي": "main", "انشعاب": "service"}
    assert made.codes["material"] == {"پلی‌اتیلن": "PE", "چدن داکتیل": "DI"}
    assert made.questions == ()


def test_persian_in_latin_letters(toy: City) -> None:
    """Shapefile columns have ten ASCII letters, so Persian names come transliterated."""
    made = propose(
        table(CODE=IDS, GHOTR=[4.0, 6.0, 8.0], OMGH=[1.2, 0.9], JENS=["AC"], SALE_NASB=[1370]), toy, "water_x"
    )
    assert mapped(made) == {
        "feature_id": ("CODE", None),
        "diameter_mm": ("GHOTR", "in"),
        "cover_m": ("OMGH", "m"),
        "material": ("JENS", None),
        "installed_year": ("SALE_NASB", "jalali"),
    }
    assert made.language == "fa"


def test_german_names_and_words(toy: City) -> None:
    made = propose(
        table(
            Leitungsnummer=IDS,
            Leitungsart=["Hauptleitung", "Hausanschluss"],
            Nennweite=[100, 150, 200],
            Werkstoff=["GGG", "PE"],
            Überdeckung_cm=[110, 130],
            Baujahr=[1978, 2004],
            Betriebszustand=["in Betrieb", "stillgelegt"],
        ),
        toy,
        "wasser",
    )
    assert (made.language, made.utility) == ("de", "water")
    assert mapped(made)["cover_m"] == ("Überdeckung_cm", "cm")
    assert mapped(made)["diameter_mm"] == ("Nennweite", "mm")
    assert mapped(made)["installed_year"] == ("Baujahr", "gregorian")
    assert made.codes["role"] == {"Hauptleitung": "main", "Hausanschluss": "service"}
    assert made.codes["status"] == {"in Betrieb": "in_service", "stillgelegt": "abandoned"}


def test_english_names_camel_case_and_inch_marks(toy: City) -> None:
    made = propose(
        table(
            FacilityID=IDS,
            LineType=["Main"],
            PipeDiameter=['4"', '1 1/2"', '12"'],
            DepthOfCover_m=[1.1],
            InstallYear=[1999],
        ),
        toy,
        "water_z",
    )
    assert mapped(made) == {
        "feature_id": ("FacilityID", None),
        "role": ("LineType", None),
        "diameter_mm": ("PipeDiameter", "in"),
        "cover_m": ("DepthOfCover_m", "m"),
        "installed_year": ("InstallYear", "gregorian"),
    }


def test_what_is_unclear_is_asked(toy: City) -> None:
    made = propose(
        table(
            None,
            name="x.shp",
            a=IDS,
            kind=["Main", "Quellfassung"],
            diameter=[20.0, 25.0, 16.0],
            depth=["deep", "deep"],
        ),
        toy,
        "things",
    )
    asked = {question.code: question for question in made.questions}
    assert set(asked) == {
        "utility-unclear", "crs-unstated", "id-unclear", "words-unknown", "unit-unclear", "values-unreadable"
    }  # fmt: skip
    assert asked["crs-unstated"].candidates[0] == CRS
    assert set(asked["unit-unclear"].candidates) >= {"mm", "cm"}
    assert asked["words-unknown"].candidates == ("Quellfassung",)
    assert "cover_m" not in mapped(made), "a column of words is no depth, whatever its name"


def test_heights_that_may_be_depths_are_asked_never_proposed(toy: City) -> None:
    made = propose(table(id=IDS, z_m=[-1.2]), toy, "water_q")
    assert [question.code for question in made.questions] == ["heights-or-depths"]
    assert "cover_m" not in mapped(made)


@pytest.mark.parametrize(
    ("units", "values", "expected"),
    [
        (diameter_units, [110, 160, 63], ["mm"]),
        (diameter_units, [11.0, 16.0, 6.3], ["cm"]),
        (diameter_units, [0.11, 0.16, 0.063], ["m"]),
        (diameter_units, [0.5, 0.75, 1, 2], ["in"]),
        (diameter_units, [17, 23, 123], []),
        (cover_units, [1.2, 0.9, 0], ["m"]),
        (cover_units, [120, 90], ["cm"]),
        (cover_units, [1200, 900], ["mm"]),
        (cover_units, [-1.2, -0.9], ["-m"]),
        (cover_units, [500, 600], ["cm", "mm"]),
        (voltage_units, [230.0, 20000.0], ["V"]),
        (voltage_units, [0.4, 20.0], ["kV"]),
        (voltage_units, [230.0, 400.0], ["V", "kV"]),
        (pressure_units, [60.0, 250.0], ["psi"]),
        (pressure_units, [4.0, 0.1], ["bar"]),
        (pressure_units, [60.0], ["bar", "mbar", "psi"]),
    ],
)
def test_units_by_values(units: Any, values: list[float], expected: list[str]) -> None:
    assert units(values) == expected


@pytest.mark.parametrize(
    ("field", "unit", "value", "expected"),
    [
        ("diameter_mm", "in", '1 1/2"', 38.1),
        ("diameter_mm", "in", "3/4", 19.05),
        ("diameter_mm", None, "DN 100", 100.0),
        ("diameter_mm", "cm", "Ø۱۱", 110.0),
        ("cover_m", "-cm", -120, 1.2),
        ("cover_m", "m", "1,25", 1.25),
        ("cover_m", "m", "۱٫۲۵", 1.25),
        ("installed_year", "jalali", "۱۴۰۲", 2023),
        ("installed_year", None, 1999.0, 1999),
        ("pressure_bar", "psi", 60, 4.136854374),
        ("cover_m", "m", "", None),
    ],
)
def test_values_become_canonical(field: str, unit: str | None, value: Any, expected: float | None) -> None:
    assert measure(field, unit, value) == (pytest.approx(expected) if expected is not None else None)


@pytest.mark.parametrize("value", ["1,250", "about 1 m", "1/0", "nan", "", "--1"][:4] + ["--1"])
def test_what_could_be_two_numbers_is_none(value: str) -> None:
    """1,250 is a metre and a quarter in Germany and a kilometre and a quarter in England."""
    with pytest.raises(ValueError, match=r".*"):
        measure("cover_m", "in", value)


@pytest.mark.parametrize(
    ("jalali", "gregorian"),
    [
        ("1304/01/02", date(1925, 3, 22)), ("1360-05-26", date(1981, 8, 17)), ("1378/10/11", date(2000, 1, 1)),
        ("13911021", date(2013, 1, 10)), ("۱۳۹۳/۵/۱۳", date(2014, 8, 4)), ("1403/12/30", date(2025, 3, 20)),
        ("1404/01/01", date(2025, 3, 21)), ("1402/08/15", date(2023, 11, 6)),
    ],
)  # fmt: skip
def test_jalali_days(jalali: str, gregorian: date) -> None:
    """The vectors of jalaali-js, and a date of the founding documents."""
    assert day("jalali", jalali) == gregorian


@pytest.mark.parametrize(
    "wrong", ["1393/12/30", "1393/07/31", "1393/13/01", "1395/12/31", "2020-01-01x", "روز"]
)
def test_days_that_do_not_exist(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        day("jalali", wrong)


# --- preview, TOML, acceptance ----------------------------------------------------------------------------


@pytest.fixture
def persian_file(toy_root: Path) -> Path:
    rows = [
        {"شناسه": f"L{n}", "نوع": "اصلی" if n % 2 else "انشعاب", "قطر_mm": 110.0, "عمق": -120.0, "سال نصب": 1391,
         "یادداشت": "x", "geometry": line(n)}
        for n in range(COUNT)
    ]  # fmt: skip
    frame = geopandas.GeoDataFrame(rows, geometry="geometry", crs=CRS)
    return written(toy_root / "toytown", "شبکه آب.geojson", frame)


def test_a_preview_shows_rows_and_conversions_and_stores_nothing(toy: City, persian_file: Path) -> None:
    before = sorted(toy.folder.rglob("*"))
    made = previews.preview(persian_file, toy, "water_new")
    assert (made.read, made.refused, made.crs, made.operation) == (COUNT, 0, CRS, "conversion")
    first = made.rows[0]
    assert (first["role"], first["diameter_mm"], first["cover_m"], first["installed_year"]) == (
        "service",
        110.0,
        1.2,
        2012,
    )
    assert first["attributes"] == {"نوع": "انشعاب", "یادداشت": "x"}
    assert {c["field"]: c.get("factor") for c in made.conversions} == {
        "cover_m": -0.01, "diameter_mm": 1.0, "installed_year": 1.0, "role": None
    }  # fmt: skip
    assert made.unused == ("یادداشت",)
    assert sorted(toy.folder.rglob("*")) == before
    assert json.loads(json.dumps(made.as_dict(), ensure_ascii=False))["questions"] == []


def test_an_accepted_proposal_is_configuration(
    engine: Engine, toy: City, toy_root: Path, persian_file: Path
) -> None:
    """File to layer without a line of code: preview, keep, accept, deliver; the next file needs none of it."""
    previews.write(previews.preview(persian_file, toy, "water_new"), toy)
    spec = previews.accept(toy_root, toy, "water_new")
    city = load_city(toy_root, "toytown")
    assert {layer.layer_id for layer in city.layers} == {"parcels", "pipes", "water_new"}
    report = deliver(engine, city, spec, persian_file)
    assert (report.outcome, report.good) == (Outcome.PUBLISHED, COUNT)


def test_accepting_again_replaces_only_that_layer(toy: City, toy_root: Path, persian_file: Path) -> None:
    path = toy_root / "toytown" / "layers.toml"
    path.write_text("# a clerk's remark\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    for _ in range(2):
        previews.write(previews.preview(persian_file, load_city(toy_root, "toytown"), "pipes"), toy)
        previews.accept(toy_root, toy, "pipes")
    said = path.read_text(encoding="utf-8")
    assert said.startswith("# a clerk's remark")
    assert said.count('\nid = "pipes"\nname') == 1
    spec = load_city(toy_root, "toytown").layer("pipes")
    assert (spec.fields["cover_m"].unit, spec.name.en, spec.freshness_days) == ("-cm", "Pipes", 30)


def test_a_broken_proposal_changes_nothing(toy: City, toy_root: Path) -> None:
    from layers.config import CityConfigError

    folder = toy.folder / previews.PROPOSALS
    folder.mkdir()
    (folder / "pipes.toml").write_text('[[layer]]\nid = "pipes"\ntarget = "moon"\n')
    before = (toy.folder / "layers.toml").read_bytes()
    with pytest.raises(CityConfigError):
        previews.accept(toy_root, toy, "pipes")
    assert (toy.folder / "layers.toml").read_bytes() == before
    with pytest.raises(previews.LayerNotPreviewed):
        previews.accept(toy_root, toy, "never")


def test_an_open_crs_is_asked_and_then_used(toy: City, tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame([{"id": "1", "geometry": line(0)}], geometry="geometry", crs=None)
    path = written(tmp_path, "water.shp", frame)
    made = previews.preview(path, toy, "water_new")
    assert [question.code for question in made.questions] == ["crs-unstated"]
    assert made.rows == ()
    again = previews.preview(path, toy, "water_new", Wishes(crs=CRS))
    assert (again.questions, again.crs, len(again.rows)) == ((), CRS, 1)
    assert f'crs = "{CRS}"' in again.toml


def test_the_command_line_shows_and_keeps(
    toy_root: Path, persian_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from api.cli import app

    monkeypatch.setenv("PANJEREH_CITIES_DIR", str(toy_root))
    runner = CliRunner()
    shown = runner.invoke(app, ["city", "preview", "toytown", "water_new", str(persian_file), "--write"])
    assert shown.exit_code == 0, shown.output
    assert "cover_m <- عمق -cm" in shown.output
    assert (toy_root / "toytown" / "proposals" / "water_new.toml").is_file()
    accepted = runner.invoke(app, ["city", "accept", "toytown", "water_new"])
    assert accepted.exit_code == 0, accepted.output
    as_json = runner.invoke(app, ["city", "preview", "toytown", "water_new", str(persian_file), "--json"])
    assert json.loads(as_json.output)["read"] == COUNT


def test_degrees_are_previewed_in_the_citys_system(toy: City, tmp_path: Path) -> None:
    shape = to_wgs84(LineString([(501000, 3901000), (501100, 3901000)]), CityCrs(CRS))
    frame = geopandas.GeoDataFrame([{"id": "1", "geometry": shape}], geometry="geometry", crs="EPSG:4326")
    made = previews.preview(written(tmp_path, "water.geojson", frame), toy, "water_new")
    assert made.rows[0]["geometry"].startswith("LineString [501000.")


@pytest.mark.parametrize("city_id", ["schutterwald", "karhula"])
def test_the_demo_cities_would_have_been_proposed_right(cities: Path, city_id: str) -> None:
    """Against what people wrote in their layers.toml: most fields found, none from a wrong column or unit."""
    from layers.reading import read_table
    from layers.units import factor

    place = load_city(cities, city_id)
    found = total = 0
    for spec in place.layers:
        made = read_table(place.folder / spec.source.path, spec.table)
        fields = {proposed.field: proposed for proposed in propose(made, place, spec.layer_id).fields}
        for name, rule in spec.fields.items():
            total += 1
            if name in fields:
                found += 1
                assert fields[name].column == rule.column, (spec.layer_id, name)
                if fields[name].unit != "gregorian":
                    assert factor(name, fields[name].unit) == factor(name, rule.unit), (spec.layer_id, name)
    assert found >= 0.9 * total, (found, total)


def test_the_agencys_own_id_goes_before_the_one_its_program_gave() -> None:
    """GML from ogr2ogr: `gml_id` counts the rows of this file, `line_id` is the pipe's."""
    columns = {"gml_id": ["l.0", "l.1"], "line_id": ["W1", "W2"], "OBJECTID": [1, 2]}
    fields, _ = _fields(columns, Target.NETWORK_LINE)
    assert {each.field: each.column for each in fields}["feature_id"] == "line_id"
    del columns["line_id"]
    fields, _ = _fields(columns, Target.NETWORK_LINE)
    assert {each.field: each.column for each in fields}["feature_id"] == "gml_id"
