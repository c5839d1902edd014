"""A made-up Iranian city, to measure and to show on: seeded, as large as wanted, in EPSG:32639 near Ahvaz.

    python -m bench.city --segments 100000 --out build/city.gpkg
    python -m bench.city --nemuneh                  (writes the demo city's data file)

At 1,000,000 segments it has the proportions of a real one of 16 by 11 km: water and gas 35 % each, power and
sewers 12 % each, telecom 6 %; 300,000 parcels, 250,000 buildings, 60,000 valves of which 93 % can be turned,
twelve sources a network, accuracies of 0.1, 0.3, 1 and 2 m. Rows come in random order, as deliveries do.
Nothing in it is real.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyogrio
import shapely

from bench.city_ground import CRS, Ground, Indexes, Plan, Shapes, as_lines, as_points, lay_out
from bench.city_names import lane_name, plate_texts, postal_codes, renovation_codes, street_name
from bench.city_networks import TRADES, Network, Trade, lay
from bench.city_trees import planted

ROOT: Final = Path(__file__).resolve().parent.parent
ORIGIN: Final = "synthetic:bench/city.py"
NEMUNEH_SEED: Final = 1405
_SHARES: Final = {
    "water": 0.352755,
    "gas": 0.352850,
    "power_lv": 0.119604,
    "sewer": 0.119559,
    "telecom": 0.055232,
}
_BLOCKS_PER_SEGMENT: Final = 15_000 / 1_000_000
_COLUMNS_TO_ROWS: Final = 109 / 137
# In the demo city nearly every building is served, and the fittings are there to be seen.
_NEMUNEH_SERVED: Final = {"water": 1.0, "gas": 0.94, "power_lv": 1.0, "sewer": 0.9, "telecom": 0.6}
_NEMUNEH_FITTINGS: Final = {"water": 0.5, "sewer": 0.6, "telecom": 0.4}
_DISTRICT_BLOCKS: Final = (14, 14)

Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: shapes in EPSG:32639 and its columns, row by row."""

    shapes: Shapes
    columns: Columns

    def __len__(self) -> int:
        return len(self.shapes)


@dataclass(frozen=True, slots=True)
class SyntheticCity:
    """The layers by name, bottom to top, and what they were made from."""

    ground: Ground
    networks: dict[str, Network]
    layers: dict[str, Layer]

    @property
    def segments(self) -> int:
        """How many network lines there are."""
        return sum(len(network.lines) for network in self.networks.values())

    def write(self, path: Path) -> None:
        """The layers as a GeoPackage; an existing file is replaced."""
        path.unlink(missing_ok=True)
        # The same seed shall give the same file, to the byte.
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-11-22T00:00:00.000Z"})
        for name, layer in self.layers.items():
            pyogrio.raw.write(
                str(path),
                geometry=shapely.to_wkb(layer.shapes),
                field_data=list(layer.columns.values()),
                fields=list(layer.columns),
                geometry_type=_geometry_type(layer.shapes),
                crs=CRS,
                driver="GPKG",
                layer=name,
            )
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def generate(segments: int, seed: int = 1, with_z: bool = True) -> SyntheticCity:
    """A city of exactly `segments` network lines (10,000 to 1,000,000 make sense); mains are cut at taps."""
    blocks = max(12.0, segments * _BLOCKS_PER_SEGMENT)
    columns = max(3, round((blocks * _COLUMNS_TO_ROWS) ** 0.5))
    ground = lay_out(Plan(seed, columns, max(3, round(blocks / columns))))
    networks: dict[str, Network] = {}
    left = segments
    for trade in TRADES:
        wanted = left if trade is TRADES[-1] else round(segments * _SHARES[trade.name])
        networks[trade.name] = _sized(ground, trade, wanted, with_z)
        left -= len(networks[trade.name].lines)
    return _assembled(ground, networks, shuffle=True)


def nemuneh() -> SyntheticCity:
    """The demo city: some 400 parcels in twenty blocks, nearly all served, mains whole between valves."""
    ground = lay_out(Plan(NEMUNEH_SEED, 5, 4, built=0.92))
    networks = {}
    for trade in TRADES:
        served = round(_NEMUNEH_SERVED[trade.name] * len(ground.buildings.parcel))
        fitted = replace(trade, fittings=_NEMUNEH_FITTINGS.get(trade.name, 0.0))
        networks[trade.name] = lay(ground, fitted, served, split=False, sources=1, with_z=False)
    city = _assembled(ground, networks, shuffle=False)
    shapes, columns = planted(ground)
    city.layers["trees"] = Layer(shapes, columns | {"origin": _origin(len(shapes))})
    return city


def _sized(ground: Ground, trade: Trade, wanted: int, with_z: bool) -> Network:
    """The network with so many services that its segments are `wanted`; meshes are cut at every tap."""
    split = trade.layout == "mesh"
    bare = len(lay(ground, trade, 0, split, 12, with_z=False).lines)
    if split and (wanted - bare) % 2:  # a tap makes two segments: one more main or one fewer service
        wanted -= 1
    services = (wanted - bare) // 2 if split else wanted - bare
    most = len(ground.buildings.parcel)
    if not 0 <= services <= most:
        raise ValueError(
            f"{trade.name}: {services} services for {most} buildings; take another number of segments"
        )
    return lay(ground, trade, services, split, 12, with_z)


def _assembled(ground: Ground, networks: dict[str, Network], shuffle: bool) -> SyntheticCity:
    parcels, ids = _parcels(ground)
    layers = {"parcels": parcels, "buildings": _buildings(ground, ids), "streets": _streets(ground)}
    for name, network in networks.items():
        layers[f"{name}_lines"] = _lines(network)
        layers[f"{name}_nodes"] = _nodes(network)
    layers |= _power(ground, networks["power_lv"])
    if shuffle:
        random = np.random.default_rng([ground.plan.seed, 3])
        layers = {name: _shuffled(layer, random) for name, layer in layers.items()}
    return SyntheticCity(ground, networks, layers)


def _parcels(ground: Ground) -> tuple[Layer, list[str]]:
    p = ground.parcels
    shapes = ground.rectangles(p.x0, p.y0, p.x1, p.y1)
    wide, high = (min(size, max(2, (count + 1) // 2)) for size, count in zip(
        _DISTRICT_BLOCKS, (ground.plan.columns, ground.plan.rows), strict=True))  # fmt: skip
    across = -(-ground.plan.columns // wide)
    district = p.column // wide + across * (p.row // high) + 1
    region = (p.column % wide) // 7 + 2 * ((p.row % high) // 7) + 1
    block = p.row * ground.plan.columns + p.column
    in_region = (p.column % wide) % 7 + 7 * ((p.row % high) % 7) + 1
    house = p.lot + 1
    ids = [f"NM-{b + 1:05d}-{h:02d}" for b, h in zip(block.tolist(), house.tolist(), strict=True)]
    main = 100 + block // 25
    sub = (block % 25) * 40 + house
    use = np.full(len(ids), "residential", dtype=object)
    random = np.random.default_rng([ground.plan.seed, 4])
    chance = random.random(len(ids))
    use[chance < 0.10] = "commercial"
    use[chance < 0.03] = "public"
    columns: Columns = {
        "parcel_id": np.array(ids, dtype=object),
        "renovation_code": np.array(renovation_codes(district, region, in_region, house), dtype=object),
        "plate_main": main,
        "plate_sub": sub,
        "plate_section": district,
        "plate": np.array(plate_texts(main, sub, district), dtype=object),
        "postal_code": np.array(postal_codes(block, house), dtype=object),
        "district": district,
        "land_use": use,
        "area_m2": np.round(shapely.area(shapes), 1),
        "origin": _origin(len(ids)),
    }
    return Layer(shapes, columns), ids


def _buildings(ground: Ground, parcel_ids: list[str]) -> Layer:
    b = ground.buildings
    shapes = ground.rectangles(b.x0, b.y0, b.x1, b.y1)
    count = len(b.parcel)
    random = np.random.default_rng([ground.plan.seed, 5])
    columns: Columns = {
        "building_id": _ids("B", count),
        "parcel_id": np.array(parcel_ids, dtype=object)[b.parcel],
        "use": np.where(random.random(count) < 0.88, "residential", "commercial").astype(object),
        "storeys": random.choice([1, 2, 3, 4, 5], count, p=[0.25, 0.35, 0.2, 0.12, 0.08]),
        "area_m2": np.round(shapely.area(shapes), 1),
        "origin": _origin(count),
    }
    return Layer(shapes, columns)


def _streets(ground: Ground) -> Layer:
    """One line for each street between two crossings; lanes are numbered off the street that they leave."""
    x, y = ground.street_x, ground.street_y
    step = np.linspace(0.0, 1.0, 5)
    lines, names, kinds = [], [], []
    wide = {"primary": 30.0, "secondary": 18.0, "residential": 11.0}
    titles_y = _titles(ground.kind_y, 0)
    titles_x = _titles(ground.kind_x, len(y))
    for j, kind in enumerate(ground.kind_y):
        for i in range(len(x) - 1):
            lines.append(ground.bent(x[i] + step * (x[i + 1] - x[i]), np.full(5, y[j])))
            names.append(titles_y[j])
            kinds.append(kind)
    for i, kind in enumerate(ground.kind_x):
        for j in range(len(y) - 1):
            lines.append(ground.bent(np.full(5, x[i]), y[j] + step * (y[j + 1] - y[j])))
            names.append(titles_x[i])
            kinds.append(kind)
    columns: Columns = {
        "street_id": _ids("ST", len(lines)),
        "name": np.array(names, dtype=object),
        "street_class": np.array(kinds, dtype=object),
        "width_m": np.array([wide[kind] for kind in kinds]),
        "origin": _origin(len(lines)),
    }
    return Layer(as_lines(np.array(lines)), columns)


def _titles(kinds: tuple[str, ...], first: int) -> list[str]:
    titles, parent, lane = [], street_name(first, "secondary"), 0
    for number, kind in enumerate(kinds):
        if kind == "residential":
            lane += 1
            titles.append(lane_name(parent, lane))
        else:
            parent, lane = street_name(first + number, kind), 0
            titles.append(parent)
    return titles


def _lines(network: Network) -> Layer:
    trade, count = network.trade, len(network.lines)
    ids = _ids(f"{trade.prefix}L", count)
    nodes = _ids(f"{trade.prefix}N", len(network.node_points))
    main = ids[network.main]
    main[network.main < 0] = None
    columns: Columns = {
        "line_id": ids,
        "kind": np.where(network.is_service, "service", "main").astype(object),
        "diameter_mm": network.diameter_mm,
        "cable_type" if trade.name == "power_lv" else "material": network.material,
        "depth_m": network.cover_m,
        "accuracy_m": network.accuracy_m,
        "year": network.year,
        "from_node": nodes[network.from_node],
        "to_node": nodes[network.to_node],
        "main_id": main,
        "status": np.full(count, "in_service", dtype=object),
        "origin": _origin(count),
    }
    if trade.name == "gas":
        columns["pressure_bar"] = np.where(network.is_service, 0.25, 4.0)
    if trade.name == "power_lv":
        columns["voltage_kv"] = np.full(count, 0.4)
    return Layer(network.lines, columns)


def _nodes(network: Network) -> Layer:
    count = len(network.node_points)
    valve = network.node_kind == "valve"
    columns: Columns = {
        "node_id": _ids(f"{network.trade.prefix}N", count),
        "kind": network.node_kind,
        "depth_m": network.node_cover_m,
        "origin": _origin(count),
    }
    if valve.any():
        columns["operable"] = ~valve | network.operable
        state = np.full(count, None, dtype=object)
        state[valve] = "open"
        columns["state"] = state
    return Layer(network.node_points, columns)


def _power(ground: Ground, low: Network) -> dict[str, Layer]:
    """Transformers at the feet of the low-voltage zones, a switch at each, and the 20 kV cable between."""
    at = np.flatnonzero(low.node_kind == "transformer_lv_bus")
    points = low.node_points[at]
    node_ids = _ids("EN", len(low.node_points))
    count = len(at)
    random = np.random.default_rng([ground.plan.seed, 6])
    transformers: Columns = {
        "transformer_id": _ids("ET", count),
        "kva": random.choice([200.0, 315.0, 500.0, 630.0], count),
        "lv_node": node_ids[at],
        "origin": _origin(count),
    }
    switches: Columns = {
        "switch_id": _ids("ES", count),
        "bus": node_ids[at],
        "closed": np.ones(count, dtype=bool),
        "origin": _origin(count),
    }
    mv_points = np.append(points, as_points(shapely.get_coordinates(points[:1]) - 60.0))
    order = np.r_[count, np.arange(count)]
    ends = shapely.get_coordinates(mv_points[order])
    elbow = np.column_stack((ends[1:, 0], ends[:-1, 1]))
    mv_lines = as_lines(np.stack((ends[:-1], elbow, ends[1:]), axis=1))
    mv_ids = _ids("MN", count + 1)
    mv: Columns = {
        "line_id": _ids("ML", count),
        "kind": np.full(count, "mv_cable", dtype=object),
        "diameter_mm": np.full(count, 75),
        "cable_type": np.full(count, "N2XSEYHY 3x120", dtype=object),
        "voltage_kv": np.full(count, 20.0),
        "depth_m": np.round(random.normal(1.1, 0.05, count), 2),
        "from_node": mv_ids[order[:-1]],
        "to_node": mv_ids[order[1:]],
        "status": np.full(count, "in_service", dtype=object),
        "origin": _origin(count),
    }
    mv_kind = np.array(["bus"] * count + ["substation"], dtype=object)
    mv_nodes: Columns = {"node_id": mv_ids, "kind": mv_kind, "origin": _origin(count + 1)}
    return {
        "power_transformers": Layer(points, transformers),
        "power_switches": Layer(points, switches),
        "power_mv_lines": Layer(mv_lines, mv),
        "power_mv_nodes": Layer(mv_points, mv_nodes),
    }


def _ids(prefix: str, count: int) -> npt.NDArray[np.object_]:
    return np.array([f"{prefix}{number:07d}" for number in range(1, count + 1)], dtype=object)


def _origin(count: int) -> npt.NDArray[np.object_]:
    return np.full(count, ORIGIN, dtype=object)


def _shuffled(layer: Layer, random: np.random.Generator) -> Layer:
    order: Indexes = random.permutation(len(layer))
    return Layer(layer.shapes[order], {name: column[order] for name, column in layer.columns.items()})


def _geometry_type(shapes: Shapes) -> str:
    kind = str(shapely.from_wkb(shapely.to_wkb(shapes[0])).geom_type)
    return f"{kind} Z" if shapely.has_z(shapes[0]) else kind


def write_nemuneh(folder: Path) -> Path:
    """The demo city's data file, `nemuneh.gpkg.zip`, in the folder; the same bytes every time."""
    path = folder / "nemuneh.gpkg.zip"
    with tempfile.TemporaryDirectory() as directory:
        plain = Path(directory) / "nemuneh.gpkg"
        nemuneh().write(plain)
        info = zipfile.ZipInfo("nemuneh.gpkg", date_time=(2026, 11, 22, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "w", compresslevel=9) as archive:
            archive.writestr(info, plain.read_bytes())
    return path


def main(arguments: list[str] | None = None) -> int:
    """Write a city to a GeoPackage."""
    parser = argparse.ArgumentParser(description="A made-up Iranian city, seeded.")
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("build/city.gpkg"))
    parser.add_argument("--nemuneh", action="store_true", help="write the demo city's data file instead")
    options = parser.parse_args(arguments)
    if options.nemuneh:
        print(write_nemuneh(ROOT / "cities" / "nemuneh"))
        return 0
    options.out.parent.mkdir(parents=True, exist_ok=True)
    city = generate(options.segments, options.seed)
    city.write(options.out)
    print(
        f"{options.out}: seed {options.seed}, {city.segments:,} segments,"
        f" {len(city.layers['parcels']):,} parcels"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
