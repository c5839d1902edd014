"""The drawing of an excavation's map: an SVG in the city's metres, so that paper shows it to scale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

from api.badge_places import Box, Places, anchors_of
from api.dig_teller import Teller
from geo.crs import WGS84, transform_to
from layers.catalog import NETWORK_TARGETS, LayerSpec, Target
from permits.dig_map import DigMap

_WIDE_MM, _HIGH_MM = 186.0, 170.0
_BADGE_MM: Final = 2.3
_SCALES: Final = (100, 200, 250, 500, 1000, 2000, 2500, 5000, 10_000, 25_000, 50_000, 100_000)
_UNDRAWN: Final = frozenset({Target.LANDUSE, Target.ADDRESS})
_DASH: Final = {
    "gas": "",
    "water": "",
    "electricity": "2 1",
    "telecom": "1 1",
    "sewer": "4 1",
    "stormwater": "4 2",
}
"""A black-and-white copier must not make all lines one."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A finding as a GeoJSON feature, and the number by which the map and the list call it; None: it is clear."""

    feature: dict[str, Any]
    number: int | None

    @property
    def said(self) -> dict[str, Any]:
        """What the finding says."""
        properties: dict[str, Any] = self.feature["properties"]
        return properties


@dataclass(frozen=True, slots=True)
class Frame:
    """The map's window in the city's CRS and its scale on paper; `mm` is one millimetre of paper in metres."""

    west: float
    north: float
    wide_m: float
    high_m: float
    scale: int

    @property
    def mm(self) -> float:
        """Metres of ground under one millimetre of paper."""
        return self.scale / 1000

    @property
    def window(self) -> BaseGeometry:
        """The window as a shape."""
        return box(self.west, self.north - self.high_m, self.west + self.wide_m, self.north)

    def at(self, xy: Iterable[tuple[float, ...]]) -> str:
        """Coordinates of the drawing: metres from the upper left corner."""
        return " ".join(f"{each[0] - self.west:.2f},{self.north - each[1]:.2f}" for each in xy)


def frame_of(made: DigMap) -> Frame:
    """The excavation and its margin, at the largest usual scale that fits on the paper."""
    west, south, east, north = made.request.area_m.bounds
    wide, high = east - west, north - south
    fits = (each for each in _SCALES if wide * 1000 / each <= _WIDE_MM and high * 1000 / each <= _HIGH_MM)
    return Frame(west, north, wide, high, next(fits, _SCALES[-1]))


def _path(frame: Frame, shape_m: BaseGeometry) -> str:
    """The shape as the data of an SVG path; points are dots of zero length with round ends."""
    if hasattr(shape_m, "geoms"):
        return "".join(_path(frame, each) for each in shape_m.geoms)
    if shape_m.is_empty:
        return ""
    if shape_m.geom_type == "Polygon":
        rings = [shape_m.exterior, *shape_m.interiors]  # type: ignore[attr-defined]
        return "".join(f"M{frame.at(ring.coords)}Z" for ring in rings)
    return f"M{frame.at(shape_m.coords)}" + ("h0" if shape_m.geom_type == "Point" else "")


def _drawn(frame: Frame, shape_m: BaseGeometry, style: str) -> str:
    data = _path(frame, shape_m.intersection(frame.window) if shape_m.is_valid else shape_m)
    return f'<path d="{data}" style="{style}"/>' if data else ""


def _style(frame: Frame, spec: LayerSpec) -> str:
    mm = frame.mm
    if spec.target in NETWORK_TARGETS:
        pattern = _DASH.get(str(spec.utility), "3 1 1 1").split()
        dash = " ".join(f"{float(part) * mm:.2f}" for part in pattern) or "none"
        wide = 0.7 if spec.target is Target.NETWORK_LINE else 1.6
        line = f"fill:none;stroke:{spec.colour};stroke-width:{wide * mm:.2f}"
        return f"{line};stroke-linecap:round;stroke-dasharray:{dash}"
    if spec.target is Target.TREE:  # the trunk's place, not its size
        return f"fill:none;stroke:{spec.colour};stroke-width:{1.6 * mm:.2f};stroke-linecap:round"
    fill = "#ece8e1" if spec.target is Target.BUILDING else "none"
    return f"fill:{fill};stroke:{spec.colour};stroke-width:{0.2 * mm:.2f}"


def drawing(tell: Teller, frame: Frame, findings: Sequence[Numbered]) -> str:
    """The map as an SVG in metres."""
    made, mm = tell.made, frame.mm
    parts = []
    for spec in sorted(made.around.taken, key=lambda each: each.draw_order):
        if spec.target not in _UNDRAWN:
            style = _style(frame, spec)
            parts += [_drawn(frame, each.geom, style) for each in made.around.found[spec.layer_id]]
    for each in made.own["features"]:
        if each["properties"]["kind"] == "overlap":
            line = f"fill:none;stroke:#7a1fa2;stroke-width:{0.5 * mm:.2f};stroke-dasharray:{2 * mm:.2f}"
            parts.append(_drawn(frame, _in_city(made, each["geometry"]), line))
    parts.append(_drawn(frame, made.shape_m, f"fill:#a3211b33;stroke:#a3211b;stroke-width:{0.8 * mm:.2f}"))
    parts += _badges(tell, frame, findings)
    parts += [_scale_bar(tell, frame), _north(tell, frame)]
    return (
        f'<svg viewBox="0 0 {frame.wide_m:.2f} {frame.high_m:.2f}" role="img" '
        f'aria-label="{escape(made.dig.dig_no)}">{"".join(parts)}</svg>'
    )


def _in_city(made: DigMap, geometry: dict[str, Any]) -> BaseGeometry:
    return transform_to(shape(geometry), WGS84, made.city.city_crs).shape


def _badges(tell: Teller, frame: Frame, findings: Sequence[Numbered]) -> Iterator[str]:
    """The findings' lines, which come with the permit whatever layers the asker may see, and their numbers.

    Lines lie upon each other, their numbers must not: each stands on its line where there is room, else beside it
    with a leader. What is clear is drawn without a number, and where all is taken the list alone has it.
    """
    made, mm = tell.made, frame.mm
    thin = f"fill:none;stroke:#14252d;stroke-width:{0.3 * mm:.2f}"
    places, circles = Places(frame.wide_m, frame.high_m, _BADGE_MM * mm, _reserved(frame)), []
    for each in findings:
        line = _in_city(made, each.feature["geometry"]).intersection(frame.window)
        if line.is_empty:
            continue
        yield _drawn(frame, line, thin)
        if each.number is None:
            continue
        anchors = [(x - frame.west, frame.north - y) for x, y in anchors_of(line, made.shape_m)]
        spot = places.take(anchors)
        if spot is None:
            continue
        (x, y), (at_x, at_y) = spot
        if (x, y) != (at_x, at_y):
            circles.append(f'<path d="M{at_x:.2f},{at_y:.2f}L{x:.2f},{y:.2f}" style="{thin}"/>')
            circles.append(f'<circle cx="{at_x:.2f}" cy="{at_y:.2f}" r="{0.6 * mm:.2f}"/>')
        circles.append(_circle(x, y, tell.number(each.number), mm))
    # Circles last: no leader of another may cross out a number.
    yield from sorted(circles, key=lambda part: "<text" in part)


def _circle(x: float, y: float, said: str, mm: float) -> str:
    ring = f"fill:#fff;stroke:#14252d;stroke-width:{0.3 * mm:.2f}"
    size = f"font-size:{3 * mm:.2f}px;text-anchor:middle;font-weight:700"
    circle = f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{_BADGE_MM * mm:.2f}" style="{ring}"/>'
    return f"<g>{circle}{_text(x, y + 1.1 * mm, said, size)}</g>"


def _reserved(frame: Frame) -> list[Box]:
    """Where the scale bar and the arrow stand: from left, top, to right, bottom."""
    mm = frame.mm
    bar = (0.0, frame.high_m - 10 * mm, 5 * mm + _bar_m(frame), frame.high_m)
    return [bar, (frame.wide_m - 11 * mm, 0.0, frame.wide_m, 16 * mm)]


def _text(x: float, y: float, said: str, style: str) -> str:
    return f'<text x="{x:.2f}" y="{y:.2f}" style="{style}">{said}</text>'


def _bar_m(frame: Frame) -> int:
    """A round number of metres, about a quarter of the map long."""
    rounds = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
    return max((each for each in rounds if each <= frame.wide_m / 4), default=1)


def _scale_bar(tell: Teller, frame: Frame) -> str:
    length = _bar_m(frame)
    mm, y = frame.mm, frame.high_m - 4 * frame.mm
    bar = f'<path d="M{3 * mm:.2f},{y:.2f}h{length}" style="stroke:#14252d;stroke-width:{1.2 * mm:.2f}"/>'
    # The text begins at the bar's left end, in whichever direction it is read.
    anchor = f"direction:{tell.direction};text-anchor:{'end' if tell.direction == 'rtl' else 'start'}"
    said = tell.say("sheet-metres", length=tell.number(length))
    return bar + _text(3 * mm, y - 2.2 * mm, said, f"font-size:{3.2 * mm:.2f}px;{anchor}")


def _north(tell: Teller, frame: Frame) -> str:
    """An arrow: the city's grid north is up."""
    mm = frame.mm
    x, y = frame.wide_m - 6 * mm, 3 * mm
    arrow = f"l{2 * mm:.2f},{7 * mm:.2f}l{-2 * mm:.2f},{-2 * mm:.2f}l{-2 * mm:.2f},{2 * mm:.2f}Z"
    said = _text(x, y + 11 * mm, tell.say("sheet-north"), f"font-size:{3.5 * mm:.2f}px;text-anchor:middle")
    return f'<path d="M{x:.2f},{y:.2f}{arrow}"/>{said}'
