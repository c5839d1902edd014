"""What the questions of a crisis share: where they start, who may ask, how places and lines are shown.

All questions only read: from the network as published at this moment (`layers.network`) and from the layers. Looks
at sensitive parts are made for the purpose `emergency` and written down in the same transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, MultiPoint, Point, box, mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from geo.crs import WGS84, lonlat_around, transform_to
from geo.network import NOWHERE, ROLES, Indices, Metres, NetworkError
from geo.trace import Cut
from layers import query
from layers.access import AccessRefused, Asker, Purpose, identify, may_look
from layers.catalog import LayerSpec, Sensitivity
from layers.city import Agency, City
from layers.network_rules import CrisisRules
from layers.reads import Reader
from layers.records import LayerFreshness

if TYPE_CHECKING:  # what puts networks together comes with the first question
    from layers.network import CityNetwork, Networks
    from layers.network_layers import SourceLayer

Json = dict[str, Any]
# How far from a click a line is still the one that is meant.
MEANT_M: Final = 60.0
MOST_FEATURES: Final = 5_000
MOST_LISTED: Final = 1_000
_NONE: Final = np.zeros(0, dtype=np.int32)


class NothingThere(NetworkError):
    """No line of this utility lies near the point; the nearest may be farther than `within_m` metres."""

    code = "nothing-there"


class FeatureNotInNetwork(NetworkError):
    """The utility's network has no feature `feature` in the layer `layer`."""

    code = "feature-not-in-network"


@dataclass(frozen=True, slots=True)
class StartAt:
    """Where a question starts: a place in degrees, or a feature of a layer by the agency's id."""

    lon: float | None = None
    lat: float | None = None
    layer_id: str | None = None
    feature_id: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """What was found there, by index in the network; `place_m` is on the network, in the city's CRS."""

    kind: str
    links: Indices
    devices: Indices
    sources: Indices
    nodes: Indices
    layer_id: str
    feature_id: str
    place_m: Point
    distance_m: float

    @property
    def cut(self) -> Cut:
        """The start as what failed."""
        return Cut(self.links, self.nodes, self.devices)


@dataclass(frozen=True)
class Desk:
    """One question: who asks about which city, and through which transaction."""

    reader: Reader
    city: City
    asker: Asker
    networks: Networks

    @cached_property
    def rules(self) -> CrisisRules:
        """How the city's networks are traced."""
        return self.networks.rules(self.city)

    @cached_property
    def today(self) -> date:
        """The day in the city."""
        return datetime.now(UTC).astimezone(ZoneInfo(self.city.timezone)).date()

    @cached_property
    def freshness(self) -> dict[str, LayerFreshness]:
        """How fresh each layer is."""
        return {each.layer_id: each for each in query.freshness(self.reader, self.city, self.today)}

    @cached_property
    def _shown(self) -> Any:
        return lonlat_around(box(*self.city.extent_m), self.city.city_crs)

    def open(self) -> None:
        """Say who looks; raises AccessRefused for one who has no business with emergencies here."""
        identify(self.reader, self.asker, self.city.city_id, Purpose.EMERGENCY)

    def sees(self, sensitivity: str, owner: str) -> bool:
        """Whether the asker may see a layer of this class and owner in an emergency."""
        return may_look(self.asker, Purpose.EMERGENCY, sensitivity, owner, self.city.city_id)

    def network(self, utility: str) -> CityNetwork:
        """The network as published now; an agency asks about its own.

        Raises AccessRefused, NetworkNotStored, NetworkMoving.
        """
        found = self.networks.get(self.reader, self.city, utility)
        is_own = any(each.owner == self.asker.organisation for each in found.layers)
        if self.asker.organisation is not None and not is_own:
            raise AccessRefused(layer=f"{utility}/*", purpose=Purpose.EMERGENCY, role=self.asker.role)
        return found

    def note(self, layers: Iterable[SourceLayer], area_m: BaseGeometry, features: int) -> None:
        """Write down a look along a network, where sensitive layers are part of what is shown."""
        sensitive = sorted(each.layer_id for each in layers if each.sensitivity == Sensitivity.SENSITIVE)
        if sensitive:
            self.reader.execute(
                _NOTE,
                {
                    "city": self.city.city_id,
                    "layers": sensitive,
                    "area": shapely.to_wkb(area_m),
                    "srid": self.city.srid,
                    "features": features,
                },
            )

    # --- shown in degrees

    def point(self, place_m: Point | Sequence[float]) -> list[float] | None:
        """A place of the city as [longitude, latitude]; None for one that is not known."""
        x, y = (place_m.x, place_m.y) if isinstance(place_m, Point) else place_m
        if not np.isfinite([x, y]).all():
            return None
        at = self._shown(Point(x, y))
        return [round(at.x, 7), round(at.y, 7)]

    def points(self, places_m: Metres) -> list[list[float]]:
        """Places of the city as [longitude, latitude]."""
        if not len(places_m):
            return []
        found: list[list[float]] = np.round(
            shapely.get_coordinates(self._shown(MultiPoint(places_m))), 7
        ).tolist()
        return found

    def shape(self, shape_m: BaseGeometry) -> Json:
        """A shape of the city as GeoJSON."""
        return dict(mapping(shapely.set_precision(self._shown(shape_m), 1e-7, mode="pointwise")))

    def shapes(self, shapes_m: Sequence[BaseGeometry]) -> list[Json]:
        """Shapes of the city as GeoJSON, all at once."""
        if not shapes_m:
            return []
        moved = shapely.set_precision(self._shown(np.array(shapes_m, dtype=object)), 1e-7, mode="pointwise")
        return [json.loads(each) for each in shapely.to_geojson(moved).tolist()]

    def metres(self, shape: BaseGeometry, crs: str = WGS84) -> BaseGeometry:
        """A shape in the city's CRS; raises CrsError for one outside the city or in a system that is not known."""
        return transform_to(shape, crs, self.city.city_crs).shape

    def lines(self, network: CityNetwork, links: Indices) -> Json:
        """Links as a FeatureCollection; the first MOST_FEATURES of them."""
        shown = links[:MOST_FEATURES]
        features = _features(network, shown, self._line_coordinates(network, shown)) if len(shown) else []
        made: Json = {"type": "FeatureCollection", "features": features}
        return made | {"numberMatched": len(links), "numberReturned": len(shown)}

    def _line_coordinates(self, network: CityNetwork, links: Indices) -> list[list[list[float]]]:
        """The vertices of links as [longitude, latitude], all moved at once."""
        coords, vertices = network.said.coords, network.said.vertices
        chosen = [coords[vertices[k] : vertices[k + 1]] for k in links.tolist()]
        moved = shapely.get_coordinates(self._shown(LineString(np.concatenate(chosen))))
        listed = np.round(moved, 7).tolist()
        ends = np.cumsum([0, *(len(part) for part in chosen)]).tolist()
        return [listed[first:end] for first, end in pairwise(ends)]

    # --- who is behind it

    def contacts(self, agencies: Iterable[str]) -> list[Json]:
        """The desks to call, in the order given, each once; agencies the city does not know are left out."""
        known = {each.agency_id: each for each in self.city.agencies}
        return [contact(known[each]) for each in dict.fromkeys(agencies) if each in known]

    def specs(self, utility: str) -> list[LayerSpec]:
        """The layers of one utility."""
        return [spec for spec in self.city.layers if spec.utility == utility]


def contact(agency: Agency) -> Json:
    """How an agency's desk is reached."""
    return {
        "agency": agency.agency_id,
        "kind": agency.kind,
        "name": agency.name.as_dict(),
        "phone": agency.contact.phone,
        "email": agency.contact.email,
        "desk": agency.contact.desk.as_dict(),
    }


_NOTE = text(
    "SELECT layers.note_look(:city, :layers, ST_ConvexHull(ST_GeomFromWKB(:area, :srid)), :features)"
)


def _features(network: CityNetwork, links: Indices, coordinates: list[list[list[float]]]) -> list[Json]:
    """Links as GeoJSON features; thousands are shown at once, so by columns."""
    said, inner = network.said, network.zones.network
    columns = zip(
        coordinates,
        [network.layers[k] for k in said.link_layer[links].tolist()],
        _texts(inner.link_ids, links),
        [str(ROLES[k]) for k in inner.link_role[links].tolist()],
        inner.link_length_m[links].tolist(),
        _known(said.link_diameter_mm[links]),
        [said.link_material.words[k] if k >= 0 else None for k in said.link_material.codes[links].tolist()],
        _known(said.link_pressure_bar[links]),
        _known(said.link_voltage_kv[links]),
        strict=True,
    )
    return [
        {
            "type": "Feature",
            "id": f"{layer.layer_id}/{feature_id}",
            "geometry": {"type": "LineString", "coordinates": places},
            "properties": {
                "layer_id": layer.layer_id,
                "feature_id": feature_id,
                "owner": layer.owner,
                "utility": network.utility,
                "role": role,
                "length_m": round(length, 1),
                "diameter_mm": diameter,
                "material": material,
                "pressure_bar": pressure,
                "voltage_kv": voltage,
            },
        }
        for places, layer, feature_id, role, length, diameter, material, pressure, voltage in columns
    ]


def _texts(ids: Any, numbers: Indices) -> list[str]:
    made: list[str] = ids.texts(numbers)
    return made


def _known(values: npt.NDArray[np.float32]) -> list[float | None]:
    """As `known`; there are few different measures."""
    different, which = np.unique(values, return_inverse=True)
    said = [known(each) for each in different]
    return [said[k] for k in which.tolist()]


def known(value: Any) -> float | None:
    """A measure, or None where the record does not say; as short as single precision is."""
    return None if np.isnan(value) else float(f"{float(value):.6g}")


# --- where it starts


def find_start(desk: Desk, network: CityNetwork, at: StartAt) -> Start:
    """What a question starts from. Raises NothingThere, FeatureNotInNetwork, CrsError."""
    if at.feature_id is not None:
        return _start_by_id(network, at)
    place = desk.metres(Point(at.lon or 0.0, at.lat or 0.0))
    return _start_at(network, Point(place.x, place.y))  # type: ignore[attr-defined]


def _start_at(network: CityNetwork, place: Point) -> Start:
    from geo.line_kernels import nearest

    said = network.said
    found, apart = nearest(said.coords, said.vertices, said.link_box, place.x, place.y, MEANT_M)
    if found < 0:
        raise NothingThere(utility=network.utility, within_m=MEANT_M, hint="click-nearer-a-line")
    line = line_of(network, found)
    on = line.interpolate(line.project(place))
    return _of_links(network, np.array([found], dtype=np.int32), Point(on.x, on.y), apart)


def line_of(network: CityNetwork, link: int) -> LineString:
    """A link's line, in the city's CRS."""
    coords, vertices = network.said.coords, network.said.vertices
    return LineString(coords[vertices[link] : vertices[link + 1]])


def _of_links(network: CityNetwork, links: Indices, place: Point, apart: float) -> Start:
    link = int(links[0])
    layer = network.layers[int(network.said.link_layer[link])].layer_id
    name = network.zones.network.link_ids[link]
    return Start("line", links, _NONE, _NONE, _NONE, layer, name, place, round(apart, 3))


def _start_by_id(network: CityNetwork, at: StartAt) -> Start:
    wanted, layer = at.feature_id or "", at.layer_id
    inner, said = network.zones.network, network.said

    def of(indices: Indices, layers: Any) -> Indices:
        names = [each.layer_id for each in network.layers]
        return indices if layer is None else indices[[names[layers[k]] == layer for k in indices.tolist()]]

    links = of(_found(inner.link_ids, wanted), said.link_layer)
    if len(links):
        middle = line_of(network, int(links[0])).interpolate(0.5, normalized=True)
        return _of_links(network, links, Point(middle.x, middle.y), 0.0)
    devices = of(_found(inner.device_ids, wanted), said.device_layer)
    if len(devices):
        place = Point(said.device_xy[int(devices[0])])
        return Start(
            "device",
            _NONE,
            devices,
            _NONE,
            _NONE,
            _layer(network, said.device_layer, devices),
            wanted,
            place,
            0.0,
        )
    sources = of(_found(inner.source_ids, wanted), said.source_layer)
    if len(sources):
        place = Point(said.source_xy[int(sources[0])])
        return Start(
            "source",
            _NONE,
            _NONE,
            sources,
            _NONE,
            _layer(network, said.source_layer, sources),
            wanted,
            place,
            0.0,
        )
    nodes = _found(inner.node_ids, wanted)
    if len(nodes):
        return Start(
            "node", _NONE, _NONE, _NONE, nodes, layer or "", wanted, Point(inner.node_xy[int(nodes[0])]), 0.0
        )
    raise FeatureNotInNetwork(layer=layer or "-", feature=wanted, utility=network.utility)


def _found(ids: Any, wanted: str) -> Indices:
    made: Indices = ids.find((wanted,))[0]
    return made


def _layer(network: CityNetwork, layers: Any, indices: Indices) -> str:
    number = int(layers[int(indices[0])])
    return network.layers[number].layer_id if number != NOWHERE else ""


def start_json(desk: Desk, network: CityNetwork, start: Start) -> Json:
    """The start as shown; with the line itself where it is one."""
    lines = desk.lines(network, start.links)["features"]
    return {
        "kind": start.kind,
        "layer_id": start.layer_id,
        "feature_id": start.feature_id,
        "point": desk.point(start.place_m),
        "distance_m": start.distance_m,
        "feature": lines[0] if lines else None,
    }
