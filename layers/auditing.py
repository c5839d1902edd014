"""The city-wide audit: the live lines of a city against its rule pack, as one ranked table, and as files.

The table holds pairs of existing lines that lie closer than the pack asks. It is a list of where to survey first,
not a list of offences (`geo.survey` says why), and every file says so too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyogrio.raw
from pyarrow import compute, parquet
from pyproj import CRS
from sqlalchemy import Engine

from geo.crs import CityCrs, lonlat_around
from geo.quality import CLEAR_AT, VIOLATES_AT, Verdict
from geo.rules import RulePack
from geo.survey import Pairs, ranks, survey, unruled
from layers.city import City
from layers.survey_reading import Snapshot, snapshot

NOTE: Final = (
    "A ranked list of where to survey first, made from existing lines as recorded; not a list of offences. "
    "فهرست رتبه‌بندی‌شدهٔ جاهایی که باید زودتر برداشت شوند، از روی خطوط موجود و سوابقشان؛ فهرست تخلف نیست."
)
GEOMETRY: Final = "geometry"
_LINE_BYTES: Final = 41

SCHEMA: Final = pa.schema([
    ("rank", pa.int32()), ("severity", pa.float64()), ("p_violation", pa.float64()), ("verdict", pa.string()),
    ("a_row", pa.int64()), ("a_layer", pa.string()), ("a_id", pa.string()), ("a_owner", pa.string()),
    ("a_utility", pa.string()), ("a_class", pa.string()), ("a_role", pa.string()),
    ("b_row", pa.int64()), ("b_layer", pa.string()), ("b_id", pa.string()), ("b_owner", pa.string()),
    ("b_utility", pa.string()), ("b_class", pa.string()), ("b_role", pa.string()),
    ("crosses", pa.bool_()), ("separation_h_m", pa.float64()), ("required_h_m", pa.float64()),
    ("separation_v_m", pa.float64()), ("required_v_m", pa.float64()), ("missing", pa.float64()),
    ("rule_id", pa.string()), ("rule_pack", pa.string()), ("rule_status", pa.string()), ("clause", pa.string()),
    ("source", pa.string()), ("x", pa.float64()), ("y", pa.float64()), (GEOMETRY, pa.binary()),
])  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """The pairs, ranked, and what they were found among.

    `pairs` has the columns of `SCHEMA`; texts that repeat may be kept once (`plain` spells them out).
    """

    pairs: pa.Table
    lines: int
    pack: RulePack
    unruled: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.pairs.num_rows)

    @property
    def unconfirmed(self) -> int:
        """How many pairs rest on a rule that nobody has confirmed."""
        return len(self) - int(
            compute.sum(compute.equal(self.pairs["rule_status"], "confirmed")).as_py() or 0
        )


def audit(engine: Engine, city_id: str, pack: RulePack, threads: int = 1) -> Audit:
    """Audit the live lines of a city; the engine must be the owner's (see `layers.survey_reading`)."""
    taken = snapshot(engine, city_id)
    lines = taken.lines
    pairs = survey(lines, pack, threads)
    # in order before it is a table: a table put in order would be a second table
    pairs = pairs.taken(ranks(pairs.severity, lines.row_id[pairs.a], lines.row_id[pairs.b]))
    return Audit(as_table(taken, pairs), len(taken), pack, tuple(unruled(lines.groups, pack)))


def plain(pairs: pa.Table) -> pa.Table:
    """The pairs with every text spelt out, in the form of `SCHEMA`."""
    return pairs.cast(SCHEMA)


def found(taken: Snapshot, pack: RulePack) -> pa.Table:
    """The pairs of a snapshot that break a rule, in the form of `SCHEMA`, not yet ranked."""
    return plain(as_table(taken, survey(taken.lines, pack)))


def ranked(pairs: pa.Table) -> pa.Table:
    """The pairs worst first, with their ranks, which do not depend on the order in which they were found."""
    severity, a, b = (pairs[name].to_numpy() for name in ("severity", "a_row", "b_row"))
    order = ranks(severity, a, b)
    numbers = pa.array(np.arange(1, len(order) + 1, dtype=np.int32))
    return pairs.take(pa.array(order)).set_column(0, SCHEMA.field(0), numbers).cast(SCHEMA)


def as_table(taken: Snapshot, pairs: Pairs) -> pa.Table:
    """These pairs of a snapshot's lines as a table, numbered; texts that repeat are kept once, as dictionaries."""
    columns: dict[str, Any] = {
        "rank": np.arange(1, len(pairs) + 1, dtype=np.int32),
        "severity": pairs.severity,
        "p_violation": pairs.p_violation,
        "verdict": _verdicts(pairs.p_violation),
    }
    for side, rows in (("a", pairs.a), ("b", pairs.b)):
        columns |= _side(taken, side, rows)
    columns |= {
        "crosses": pairs.crosses,
        "separation_h_m": pairs.separation_h_m,
        "required_h_m": pairs.required_h_m,
        "separation_v_m": pa.array(pairs.separation_v_m, from_pandas=True),
        "required_v_m": pa.array(pairs.required_v_m, from_pandas=True),
        "missing": pairs.missing,
        "rule_id": _texts(pairs.rule, [rule.rule_id for rule in pairs.rules]),
        "rule_pack": _texts(pairs.rule, [rule.pack for rule in pairs.rules]),
        "rule_status": _texts(pairs.rule, [str(rule.status) for rule in pairs.rules]),
        "clause": _texts(pairs.rule, [rule.clause for rule in pairs.rules]),
        "source": _texts(pairs.rule, [rule.source for rule in pairs.rules]),
        "x": (pairs.link[:, 0] + pairs.link[:, 2]) / 2,
        "y": (pairs.link[:, 1] + pairs.link[:, 3]) / 2,
        GEOMETRY: _wkb(pairs.link),
    }
    return pa.table({name: columns[name] for name in SCHEMA.names})


def _side(taken: Snapshot, side: str, rows: npt.NDArray[np.int32]) -> dict[str, Any]:
    lines, groups = taken.lines, taken.lines.groups
    of = lines.group[rows]
    return {
        f"{side}_row": lines.row_id[rows],
        f"{side}_layer": _texts(of, [group.layer_id for group in groups]),
        f"{side}_id": taken.feature_ids.take(pa.array(rows)),
        f"{side}_owner": _texts(of, [group.owner for group in groups]),
        f"{side}_utility": _texts(of, [group.utility for group in groups]),
        f"{side}_class": _texts(of, [group.class_code for group in groups]),
        f"{side}_role": _texts(of, [group.role for group in groups]),
    }


def _texts(numbers: npt.NDArray[np.int32], texts: list[str] | list[str | None]) -> pa.DictionaryArray:
    unknown = np.array([text is None for text in texts], dtype=bool)
    indices = pa.array(numbers, pa.int32(), mask=unknown[numbers] if unknown.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array([text or "" for text in texts], pa.string()))


def _verdicts(p: npt.NDArray[np.float64]) -> pa.DictionaryArray:
    words = [str(Verdict.CLEAR), str(Verdict.UNDECIDABLE), str(Verdict.VIOLATES)]
    return _texts(((p > CLEAR_AT).astype(np.int32) + (p >= VIOLATES_AT)).astype(np.int32), words)


def _wkb(links: npt.NDArray[np.float64]) -> pa.Array:
    """The connections as WKB lines of two points, all at once."""
    head = np.frombuffer(b"\x01\x02\x00\x00\x00\x02\x00\x00\x00", dtype=np.uint8)
    made = np.empty((len(links), _LINE_BYTES), dtype=np.uint8)
    made[:, : len(head)] = head
    made[:, len(head) :] = np.ascontiguousarray(links, dtype="<f8").view(np.uint8).reshape(len(links), 32)
    ends = np.arange(len(links) + 1, dtype=np.int32) * _LINE_BYTES
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(links), [None, pa.py_buffer(ends), pa.py_buffer(made)]
    )


# --- files


def write(made: Audit, city: City, folder: Path, limit: int) -> dict[str, int]:
    """Write audit.parquet (all pairs), audit.gpkg and audit.geojson (the worst `limit`); say how many in each.

    GeoParquet and GeoPackage are in the city's CRS, GeoJSON in WGS 84. Existing files are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    worst = plain(made.pairs.slice(0, limit))
    write_parquet(made.pairs, city.srid, folder / "audit.parquet")
    _write_gpkg(worst, city.srid, folder / "audit.gpkg")
    _write_geojson(worst, city.city_crs, folder / "audit.geojson")
    return {
        "audit.parquet": len(made),
        "audit.gpkg": worst.num_rows,
        "audit.geojson": worst.num_rows,
    }


def write_parquet(pairs: pa.Table, srid: int, path: Path) -> None:
    """Write GeoParquet 1.1 with the note of what the list is."""
    column = {
        "encoding": "WKB",
        "geometry_types": ["LineString"],
        "crs": CRS.from_epsg(srid).to_json_dict(),
        "edges": "planar",
    }
    geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
    parquet.write_table(
        pairs.replace_schema_metadata({"geo": json.dumps(geo), "note": NOTE}), path, compression="zstd"
    )


def _write_gpkg(pairs: pa.Table, srid: int, path: Path) -> None:
    path.unlink(missing_ok=True)
    names = [name for name in SCHEMA.names if name != GEOMETRY]
    values = [pairs[name].to_numpy() for name in names]
    pyogrio.raw.write(
        path, pairs[GEOMETRY].to_numpy(), values, names, layer="survey_list", driver="GPKG",
        geometry_type="LineString", crs=f"EPSG:{srid}", encoding="UTF-8", layer_metadata={"DESCRIPTION": NOTE},
    )  # fmt: skip


def lonlat(pairs: pa.Table, crs: CityCrs) -> npt.NDArray[np.float64]:
    """The connections as longitude, latitude of both ends (n x 4), by the city's own operation."""
    import shapely

    if not pairs.num_rows:
        return np.empty((0, 4))
    lines = shapely.from_wkb(pairs[GEOMETRY].to_numpy())
    whole = shapely.MultiPoint(shapely.get_coordinates(lines))
    moved: npt.NDArray[np.float64] = shapely.get_coordinates(lonlat_around(whole, crs)(whole)).reshape(-1, 4)
    return moved


def features(pairs: pa.Table, crs: CityCrs) -> list[dict[str, Any]]:
    """The pairs as GeoJSON features (WGS 84, 7 decimals)."""
    ends = np.round(lonlat(pairs, crs), 7).tolist()
    return [
        {
            "type": "Feature",
            "id": row["rank"],
            "geometry": {"type": "LineString", "coordinates": [end[:2], end[2:]]},
            "properties": row,
        }
        for row, end in zip(pairs.drop_columns([GEOMETRY, "x", "y"]).to_pylist(), ends, strict=True)
    ]


def _write_geojson(pairs: pa.Table, crs: CityCrs, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(
            f'{{"type":"FeatureCollection","note":{json.dumps(NOTE, ensure_ascii=False)},"features":[\n'
        )
        for count, feature in enumerate(features(pairs, crs)):
            file.write((",\n" if count else "") + json.dumps(feature, ensure_ascii=False))
        file.write("\n]}\n")
