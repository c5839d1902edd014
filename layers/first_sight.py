"""First sight of a file for a page: the proposed mapping with all that it could be, and what would become of it.

The preview maps and checks the file; here it is also asked how its lines hang together and whether it agrees
with the layers beside it, as a delivery is, and its shapes are drawn. Nothing is stored.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from shapely.geometry import mapping as as_geojson
from sqlalchemy import Connection

from geo.crs import to_wgs84
from layers import preparing
from layers import preview as previews
from layers.catalog import FIELDS, VOCABULARIES, LayerSpec
from layers.city import City
from layers.delivery_errors import MappingIncomplete, MappingNotKept
from layers.mapping import Mapped
from layers.proposal import Wishes
from layers.proposal_edits import Edits, blocking
from layers.readers import reference
from layers.readers.source import Table
from layers.units import known_units

_SAMPLES: Final = 4
_MOST_WORDS: Final = 60
_MOST_SHAPES: Final = 1_500
_DRAWN_M: Final = 0.5
_ISSUES: Final = 200
# Where the accepted file of a layer is kept, below the city's folder.
DELIVERED: Final = "delivered"


@dataclass(frozen=True, slots=True)
class Asked:
    """One look at a file: as which layer of which city, and what the person at the desk says about it."""

    path: Path
    city: City
    layer_id: str
    wishes: Wishes
    edits: Edits


def look(connection: Connection, asked: Asked) -> dict[str, Any]:
    """Return the preview of a file with columns, choices, shapes and agreement; raises what `preview` does."""
    made = previews.preview(asked.path, asked.city, asked.layer_id, asked.wishes, edits=asked.edits)
    told = made.as_dict() | {
        "utility": made.proposal.utility and str(made.proposal.utility),
        "owner": made.proposal.owner,
        "table": made.table.name,
        "is_known": made.proposal.base is not None,
        "blocking": [
            {"code": q.code, "field": q.field, "column": q.column} for q in blocking(made.questions)
        ],
        "columns": _columns(made.table),
        "choices": _choices(made),
        "codes": _codes(made),
        "systems": _systems(made, asked.city),
        "good": 0,
        "repaired": 0,
        "refusal": None,
        "agreement": None,
        "shapes": None,
    }
    return told | _outcome(connection, asked.city, made.mapped) if made.mapped is not None else told


def _outcome(connection: Connection, city: City, mapped: Mapped) -> dict[str, Any]:
    """What a delivery of these rows would say of itself, as far as can be said without storing it."""
    found = preparing.look(connection, city, mapped)
    return {
        "read": len(mapped),
        "refused": len(mapped.refused),
        "repaired": found.repaired,
        "good": len(mapped) - len(mapped.refused) - found.repaired,
        "counts": found.findings.counts(),
        "issues": [issue.as_dict() for issue in found.findings.kept()[:_ISSUES]],
        "refusal": found.refusal and found.refusal.code,
        "agreement": found.agreement.as_dict() if found.agreement else None,
        "shapes": _shapes(mapped, city),
    }


# --- what there is to choose from -------------------------------------------------------------------------


def _columns(table: Table) -> list[dict[str, Any]]:
    """Each column of the file: how many values it has, and a few of them as they are written."""
    frame = table.frame
    made = []
    for name in frame.columns:
        if name == frame.geometry.name:
            continue
        filled = frame[name].dropna()
        values = list(dict.fromkeys(_text(value) for value in filled.iloc[:2_000] if _text(value)))
        made.append(
            {"name": str(name), "filled": len(filled), "of": len(frame), "samples": values[:_SAMPLES]}
        )
    return made


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()[:60]


def _choices(made: previews.Preview) -> list[dict[str, Any]]:
    """Each field of the target with the units and words that it may have; the id first."""
    names = sorted(FIELDS[made.proposal.target], key=lambda name: (name != "feature_id", name))
    return [
        {
            "field": name,
            "units": sorted(known_units(name)),
            "words": sorted(VOCABULARIES[name]) if name in VOCABULARIES else None,
        }
        for name in names
    ]


def _codes(made: previews.Preview) -> dict[str, list[dict[str, Any]]]:
    """Each code list: the words of the column, how often each stands there, and what it becomes."""
    told = {}
    for proposed in made.proposal.fields:
        if proposed.field not in made.proposal.codes and proposed.field not in VOCABULARIES:
            continue
        known = made.proposal.codes.get(proposed.field, {})
        words = Counter(
            str(value).strip() for value in made.table.frame[proposed.column] if not pd.isna(value)
        )
        told[proposed.field] = [
            {"word": word, "count": count, "ours": known.get(word)}
            for word, count in words.most_common(_MOST_WORDS)
            if word
        ]
    return told


def _systems(made: previews.Preview, city: City) -> dict[str, Any]:
    """The reference system: stated by the file, or to be chosen among those known for the city."""
    stated = reference.stated_code(made.table)
    fitting = set() if stated else set(reference.fitting(made.table, city))
    return {
        "stated": stated,
        "is_stated": stated is not None,
        "chosen": made.proposal.crs,
        "known": [
            {"code": code, "name": CRS.from_user_input(code).name, "fits": code in fitting}
            for code in reference.known_systems(city)
        ],
    }


# --- drawn ------------------------------------------------------------------------------------------------


def _shapes(mapped: Mapped, city: City) -> dict[str, Any]:
    """The shapes in WGS 84, those first of which something is to be said; `left_off` tells how many are not drawn."""
    there = [index for index, shape in enumerate(mapped.geometry) if shape is not None and not shape.is_empty]
    state = dict.fromkeys(mapped.repaired, "repaired") | dict.fromkeys(mapped.refused, "refused")
    marked = [index for index in there if index in state]
    plain = [index for index in there if index not in state]
    room = max(0, _MOST_SHAPES - len(marked[:_MOST_SHAPES]))
    step = max(1, -(-len(plain) // room)) if room else len(plain) + 1
    drawn = [*plain[::step][:room], *marked[:_MOST_SHAPES]]
    shapes = np.array([mapped.geometry[index] for index in drawn], dtype=object)
    finite = [index for index, shape in zip(drawn, shapes, strict=True) if np.isfinite(shape.bounds).all()]
    crs = city.city_crs
    features = [
        {
            "type": "Feature",
            "properties": {"row": int(mapped.rows[index]), "state": state.get(index, "good")},
            "geometry": as_geojson(_drawn(mapped.geometry[index], crs)),
        }
        for index in finite
    ]
    return {"type": "FeatureCollection", "features": features, "left_off": len(mapped) - len(features)}


def _drawn(shape: Any, crs: Any) -> Any:
    return shapely.set_precision(to_wgs84(shape.simplify(_DRAWN_M), crs), 1e-7, mode="pointwise")


# --- accepted ---------------------------------------------------------------------------------------------


def accept(asked: Asked, root: Path, as_of: date, mark: str) -> LayerSpec:
    """Keep the file beside the city and its mapping in `layers.toml` (`root` is the cities' folder).

    `mark` names the folder of this acceptance; the file that the layer had from an earlier one is removed.
    Raises MappingIncomplete while a question is open, MappingNotKept where the city's folder cannot be written,
    what `preview` raises, and CityConfigError.
    """
    made = previews.preview(asked.path, asked.city, asked.layer_id, asked.wishes, edits=asked.edits)
    if still := blocking(made.questions):
        raise MappingIncomplete(questions=[" ".join(filter(None, (q.code, q.field))) for q in still])
    folder = asked.city.folder / DELIVERED / asked.layer_id
    there = folder / mark
    try:
        shutil.copytree(asked.path.parent, there)
        columns = [str(name) for name in made.table.frame.columns]
        text = previews.to_toml(
            made.proposal,
            there / asked.path.name,
            asked.city,
            edits=asked.edits,
            columns=columns,
            delivered_on=as_of,
        )
        previews.write_text(text, asked.city, asked.layer_id)
        spec = previews.accept(root, asked.city, asked.layer_id)
    except BaseException as error:
        shutil.rmtree(there, ignore_errors=True)
        if isinstance(error, OSError):
            raise MappingNotKept(problem=error.strerror or str(error)) from error
        raise
    for other in folder.iterdir():
        if other != there:
            shutil.rmtree(other, ignore_errors=True)
    return spec
