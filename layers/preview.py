"""A proposal shown before anything is stored, written as TOML, and accepted into the city's `layers.toml`."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from layers.catalog import LayerSpec, Sensitivity, Target, Trunk
from layers.catalog_reading import read_layers
from layers.checks import check
from layers.city import City, load_city
from layers.columns import Column
from layers.config import CityConfigError, Section, Words
from layers.delivery_errors import LayerNotPreviewed
from layers.mapping import Mapped, map_layer
from layers.proposal import NO_WISHES, Proposal, Question, Wishes, propose, unused_columns
from layers.proposal_edits import NO_EDITS, Edits, edited
from layers.readers import reference
from layers.readers.source import Table
from layers.reading import as_source, read_table
from layers.report import Issue, counted, kept

PROPOSALS = "proposals"
_ROWS = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be stored: the first rows in the canonical model, every conversion, all that was found.

    `table` is the file as read, `mapped` what became of it (None where questions forbid the mapping).
    """

    table: Table
    mapped: Mapped | None
    proposal: Proposal
    toml: str
    crs: str | None
    operation: str | None
    read: int
    refused: int
    rows: tuple[dict[str, Any], ...]
    conversions: tuple[dict[str, Any], ...]
    counts: Mapping[str, int]
    issues: tuple[Issue, ...]
    unused: tuple[str, ...]
    facts: Mapping[str, Any]

    @property
    def questions(self) -> tuple[Question, ...]:
        """What a person must say before the proposal is accepted."""
        return self.proposal.questions

    def as_dict(self) -> dict[str, Any]:
        """The preview as JSON."""
        return {
            "layer_id": self.proposal.layer_id,
            "target": str(self.proposal.target),
            "language": self.proposal.language,
            "crs": self.crs,
            "operation": self.operation,
            "read": self.read,
            "refused": self.refused,
            "fields": [
                {
                    "field": p.field,
                    "column": p.column,
                    "unit": p.unit,
                    "why": str(p.why),
                    "confidence": str(p.confidence),
                }
                for p in self.proposal.fields
            ],
            "questions": [
                {"code": q.code, "field": q.field, "column": q.column, "candidates": list(q.candidates)}
                for q in self.questions
            ],
            "conversions": list(self.conversions),
            "counts": dict(self.counts),
            "issues": [issue.as_dict() for issue in self.issues],
            "unused": list(self.unused),
            "facts": dict(self.facts),
            "rows": list(self.rows),
        }


def preview(
    path: Path,
    city: City,
    layer_id: str,
    wishes: Wishes = NO_WISHES,
    rows: int = _ROWS,
    edits: Edits = NO_EDITS,
) -> Preview:
    """Return the preview of a file as layer `layer_id`, mapped as `edits` say; nothing is stored.

    Where the CRS or the id is open the rows are not mapped, and the questions say so. Raises what reading
    raises (SourceUnreadable, SourceCrsContradiction, PlaceMistaken), MappingInvalid and geo's CRS errors.
    """
    table = read_table(path, wishes.table, encoding=wishes.encoding)
    proposal = edited(propose(table, city, layer_id, wishes), table, edits)
    text = to_toml(proposal, path, city, edits=edits, columns=list(map(str, table.frame.columns)))
    asked = {question.code for question in proposal.questions}
    mappable = any(p.field == "feature_id" for p in proposal.fields) and not asked & {
        "crs-unstated",
        "utility-unclear",
    }
    if not mappable:
        return _unmapped(table, proposal, text)
    return _mapped(table, city, proposal, text, rows)


def _unmapped(table: Table, proposal: Proposal, text: str) -> Preview:
    return Preview(
        table=table,
        mapped=None,
        proposal=proposal,
        toml=text,
        crs=None,
        operation=None,
        read=len(table.frame),
        refused=len(table.refused),
        rows=(),
        conversions=(),
        counts=counted(table.issues),
        issues=kept(table.issues),
        unused=tuple(unused_columns(table, proposal)),
        facts=table.facts,
    )


def _mapped(table: Table, city: City, proposal: Proposal, text: str, rows: int) -> Preview:
    code = reference.stated(table, proposal.crs, table.name or "")
    source = as_source(table, code)
    reference.check_units(source, source.name)
    reference.check_place(source, city)
    spec = spec_of(text, city)
    mapped = map_layer(source, city, spec)
    check(mapped, city)
    shown = [
        _row(mapped.columns, mapped.geometry, mapped.attributes, index)
        for index in range(min(rows, len(mapped)))
    ]
    return Preview(
        table=table,
        mapped=mapped,
        proposal=proposal,
        toml=text,
        crs=mapped.source_crs,
        operation=mapped.source_operation,
        read=len(mapped),
        refused=len(mapped.refused),
        rows=tuple(shown),
        conversions=tuple(mapped.facts.get("conversions", ())),
        counts=counted(mapped.issues),
        issues=kept(mapped.issues)[:50],
        unused=tuple(unused_columns(table, proposal)),
        facts={name: value for name, value in mapped.facts.items() if name != "conversions"},
    )


def _row(columns: Mapping[str, Column], geometry: Any, attributes: Column, index: int) -> dict[str, Any]:
    made = {name: values[index] for name, values in columns.items() if values[index] is not None}
    made = {name: value.isoformat() if isinstance(value, date) else value for name, value in made.items()}
    shape = geometry[index]
    made["geometry"] = (
        None if shape is None else f"{shape.geom_type} {[round(float(v), 2) for v in shape.bounds]}"
    )
    made["attributes"] = json.loads(attributes[index])
    return made


# --- as data beside the city ------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _quoted(text)


def to_toml(
    proposal: Proposal,
    path: Path,
    city: City,
    *,
    edits: Edits = NO_EDITS,
    columns: Sequence[str] = (),
    delivered_on: date | None = None,
) -> str:
    """Return a proposal as the `[[source]]` and `[[layer]]` that `layers.toml` would hold.

    What the layer says now beside its mapping (the rows it selects, constants, what it should agree with) stays
    as far as the file has the `columns` for it.
    """
    base = proposal.base
    lines = [f"# asked: {_question(question)}" for question in proposal.questions]
    lines += [
        "[[source]]",
        f"id = {_quoted(proposal.layer_id)}",
        f"path = {_quoted(_relative(path, city))}",
        f"delivered_on = {(delivered_on or _delivered(path)).isoformat()}",
        f"licence = {_quoted(base.source.licence if base else 'asked')}",
        f"credit = {_quoted(base.source.credit if base else proposal.owner)}",
        "",
        "[[layer]]",
        f"id = {_quoted(proposal.layer_id)}",
        f"name = {_words(base.name if base else edits.name, proposal.layer_id)}",
        f"target = {_quoted(str(proposal.target))}",
        f"source = {_quoted(proposal.layer_id)}",
    ]
    lines += [f"{key} = {_quoted(value)}" for key, value in _optional(proposal) if value is not None]
    lines += [
        f"owner = {_quoted(proposal.owner)}",
        f"sensitivity = {_quoted(str(base.sensitivity if base else edits.sensitivity or Sensitivity.SHARED))}",
        f"freshness_days = {base.freshness_days if base else 365}",
        *_quality(proposal),
        *_trunk(proposal),
        *_kept_settings(city, proposal.layer_id, columns),
    ]
    for proposed in proposal.fields:
        unit = f", unit = {_quoted(proposed.unit)}" if proposed.unit else ""
        value = f"{{ column = {_quoted(proposed.column)}{unit} }}" if unit else _quoted(proposed.column)
        lines.append(f"fields.{proposed.field} = {value}  # {proposed.why}")
    for name, words in proposal.codes.items():
        inner = ", ".join(f"{_key(word)} = {_quoted(ours)}" for word, ours in words.items())
        lines.append(f"codes.{name} = {{ {inner} }}" if inner else f"codes.{name} = {{}}")
    return "\n".join(lines) + "\n"


def _question(question: Question) -> str:
    said = f"{question.code} {question.field or ''} {question.column or ''}".split()
    return " ".join(said) + (f": {', '.join(question.candidates)}" if question.candidates else "")


def _optional(proposal: Proposal) -> list[tuple[str, str | None]]:
    return [
        ("table", proposal.table),
        ("crs", proposal.crs),
        ("encoding", proposal.encoding),
        ("utility", str(proposal.utility) if proposal.utility else None),
    ]


# What a layer says beside its mapping and its file.
_KEPT = ("min_zoom", "draw_order", "colour", "constants", "select", "agreement", "operations")


def _kept_settings(city: City, layer_id: str, columns: Sequence[str]) -> list[str]:
    """Return these settings of the layer as the city's `layers.toml` has them; `select` needs its columns."""
    path = city.folder / "layers.toml"
    said = tomllib.loads(path.read_text(encoding="utf-8")).get("layer", []) if path.is_file() else []
    own: dict[str, Any] = next((layer for layer in said if layer.get("id") == layer_id), {})
    kept = {name: own[name] for name in _KEPT if name in own}
    if not set(kept.get("select", {})) <= set(columns):
        del kept["select"]
    return [f"{name} = {_toml(value)}" for name, value in kept.items()]


def _toml(value: Any) -> str:
    """A value of a TOML file as one line."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(name)} = {_toml(each)}" for name, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _words(name: Words | None, layer_id: str) -> str:
    en, fa = (name.en, name.fa) if name else (layer_id, layer_id)
    return f"{{ en = {_quoted(en)}, fa = {_quoted(fa)} }}"


def _quality(proposal: Proposal) -> list[str]:
    """Return the layer's quality; a new layer is taken for what records are worth until someone says more."""
    if proposal.utility is None:
        return []
    said = proposal.base.quality if proposal.base else None
    vertical = said.vertical_uncertainty_m if said else 0.5
    parts = [
        f"level = {_quoted(str(said.quality_level) if said else 'D')}",
        f"horizontal_uncertainty_m = {said.horizontal_uncertainty_m if said else 1.0}",
        *([f"vertical_uncertainty_m = {vertical}"] if vertical is not None else []),
        f"cover_source = {_quoted(str(said.cover_source) if said else 'unknown')}",
        f"source = {_quoted(said.source if said else 'not stated: level D assumed (ASCE 38-22)')}",
    ]
    return [f"quality = {{ {', '.join(parts)} }}"]


def _trunk(proposal: Proposal) -> list[str]:
    """Return what is taken of trees that do not say it; of a new layer a street tree and a hand-held receiver."""
    if proposal.target is not Target.TREE:
        return []
    said = proposal.base.trunk if proposal.base else None
    known = said or Trunk(300.0, 1.0, "not stated: a street tree of 0.3 m, placed to 1 m, assumed")
    parts = f"diameter_mm = {known.diameter_mm}, horizontal_uncertainty_m = {known.horizontal_uncertainty_m}"
    return [f"trunk = {{ {parts}, source = {_quoted(known.source)} }}"]


def _relative(path: Path, city: City) -> str:
    there, folder = path.resolve(), city.folder.resolve()
    return str(there.relative_to(folder)) if there.is_relative_to(folder) else str(there)


def _delivered(path: Path) -> date:
    return date.fromtimestamp(path.stat().st_mtime)  # noqa: DTZ012 - the day on this desk's calendar


def spec_of(text: str, city: City) -> LayerSpec:
    """Return the layer that a proposal's TOML describes; raises CityConfigError."""
    agencies = [agency.agency_id for agency in city.agencies]
    said = tomllib.loads(text)
    for layer in said["layer"]:  # the other layers, which it may name, are not in this text
        layer.pop("agreement", None)
    spec = read_layers(Section(Path("proposal.toml"), "", said), agencies)[0]
    base = next((each for each in city.layers if each.layer_id == spec.layer_id), None)
    return replace(spec, agreement=base.agreement) if base else spec


def write(previewed: Preview, city: City) -> Path:
    """Keep a proposal beside the city, where a clerk may correct it; return its path."""
    return write_text(previewed.toml, city, previewed.proposal.layer_id)


def write_text(toml: str, city: City, layer_id: str) -> Path:
    """Keep a proposal's TOML beside the city; return its path."""
    path = city.folder / PROPOSALS / f"{layer_id}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(toml, encoding="utf-8")
    return path


def accept(root: Path, city: City, layer_id: str) -> LayerSpec:
    """Put the kept proposal of a layer into the city's `layers.toml`, in place of the layer of that id.

    The new file is read in full before it replaces the old one. Raises LayerNotPreviewed or CityConfigError.
    """
    proposal = city.folder / PROPOSALS / f"{layer_id}.toml"
    if not proposal.is_file():
        raise LayerNotPreviewed(city=city.city_id, layer=layer_id)
    kept_text = _without((city.folder / "layers.toml").read_text(encoding="utf-8"), layer_id)
    made = kept_text.rstrip() + "\n\n" + proposal.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="panjereh-") as folder:
        trial = Path(folder) / city.city_id
        trial.mkdir()
        for name in ("city.toml", "agencies.toml", "tariffs.toml"):
            shutil.copyfile(city.folder / name, trial / name)
        (trial / "layers.toml").write_text(made, encoding="utf-8")
        spec = load_city(Path(folder), city.city_id).layer(layer_id)
    partial = city.folder / "layers.toml.part"
    partial.write_text(made, encoding="utf-8")
    partial.replace(city.folder / "layers.toml")
    return spec


def _without(text: str, layer_id: str) -> str:
    """Return a layers.toml without the layer and the source of that id; all other lines and comments stay."""
    blocks = re.split(r"(?m)^(?=\[\[(?:layer|source)\]\])", text)
    own = re.compile(rf"(?m)^id\s*=\s*\"{re.escape(layer_id)}\"\s*$")
    left = [block for block in blocks if not (block.startswith("[[") and own.search(block))]
    try:
        tomllib.loads("".join(left))
    except tomllib.TOMLDecodeError as error:
        raise CityConfigError(file="layers.toml", key=layer_id, problem=str(error)) from error
    return "".join(left)


__all__ = [
    "LayerNotPreviewed",
    "Preview",
    "Wishes",
    "accept",
    "preview",
    "spec_of",
    "to_toml",
    "write",
    "write_text",
]
