"""What an area's pack takes along: the features of each layer that may go, how old they are, and what stays behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shapely.geometry.base import BaseGeometry

from geo.errors import PanjerehError
from layers import access, query
from layers.catalog import LayerSpec, Sensitivity
from layers.city import City
from layers.reads import Reader
from layers.records import LayerFreshness, NearFeature

MAX_AREA_M2: Final = 4_000_000.0


class PackTooLarge(PanjerehError):
    """The area is too large for one offline pack."""

    code = "pack-too-large"


@dataclass(frozen=True, slots=True)
class PackRequest:
    """What to pack: the area in the city's CRS, the layers the asker may see, who asks and when."""

    city: City
    area_m: BaseGeometry
    layers: Sequence[LayerSpec]
    made_by: str
    made_at: datetime
    note: str = ""
    extra: Mapping[str, Any] | None = None
    """More for the page's data, as is: an incident, open trenches."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A layer that is not in the pack, and why: `sensitive-area-too-large` or `never-delivered`."""

    layer_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What lies in the area, read in one transaction: by layer, how old each is, and what was left out."""

    taken: Sequence[LayerSpec]
    left_out: tuple[LeftOut, ...]
    states: Mapping[str, LayerFreshness]
    found: Mapping[str, Sequence[NearFeature]]


def collect(reader: Reader, request: PackRequest) -> Collected:
    """Read the area's features. Raises PackTooLarge, or AccessRefused when a sensitive layer stays shut."""
    area = float(request.area_m.area)
    if area > MAX_AREA_M2:
        raise PackTooLarge(found=round(area), allowed=round(MAX_AREA_M2), hint="draw-smaller-area")
    states = {each.layer_id: each for each in query.freshness(reader, request.city, request.made_at.date())}
    taken, left_out = _chosen(request, states)
    found = {
        spec.layer_id: query.near(reader, request.city.city_id, [spec.layer_id], request.area_m, 0.0)
        for spec in taken
    }
    return Collected(taken, left_out, states, found)


def _chosen(
    request: PackRequest, states: Mapping[str, LayerFreshness]
) -> tuple[list[LayerSpec], tuple[LeftOut, ...]]:
    """The layers that go in; a sensitive one only where one look may cover the whole area."""
    taken, left_out = [], []
    whole = float(request.area_m.envelope.area)
    for spec in request.layers:
        state = states.get(spec.layer_id)
        if state is None or state.as_of is None:
            left_out.append(LeftOut(spec.layer_id, "never-delivered"))
        elif spec.sensitivity is Sensitivity.SENSITIVE and whole > access.MAX_AREA_M2:
            left_out.append(LeftOut(spec.layer_id, "sensitive-area-too-large"))
        else:
            taken.append(spec)
    return taken, tuple(left_out)
