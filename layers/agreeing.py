"""Does a delivery agree with what is shown already? Its anchors are laid upon those of other layers.

Three comparisons, each cheap when all is well. *Previous*: the features with ids that the layer has now, each
beside itself. *Contained*: buildings in parcels, service ends at buildings; here a systematic distance is no
fault (houses stand at the back of their plots), so a movement counts only if more things lie where they
belong after it. *Doors*: the dead ends of different utilities, which meet at the same doors.

All shapes and lengths are metres in the city's CRS.
"""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL come from the catalogue
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import Connection, Result, text

from geo.agreement import Agreement, AgreementVerdict, NoMatchReason, compare
from geo.agreement_readings import Reading
from geo.planar import Points, Similarity
from layers.agreement_report import Agreeing, Compared, How
from layers.catalog import LayerSpec, Target
from layers.city import City
from layers.hanging import MOST_ANCHORS, loose_ends
from layers.line_tiles import Gathering
from layers.staging import Stage

Shapes = npt.NDArray[np.object_]

# A near look is a tenth of the far one's cost, and almost always enough.
_NEAR_RADIUS_M: Final = 25.0
_PART: Final = 20_000
_SAME_PLACE_M: Final = 0.01
# A centimetre below the limit is the limit: estimates are not exact.
_SLACK_M: Final = 0.01
# So near a building, a service ends at it.
_AT_BUILDING_M: Final = 1.0
_MOSTLY: Final = 0.5
_ABOVE_CHANCE: Final = 0.2
_BETTER: Final = 0.1
# Where chance would put things: as delivered, but a plot and a half away.
_ELSEWHERE_M: Final = ((27.0, 11.0), (-11.0, 27.0), (-27.0, -11.0), (11.0, -27.0))
_DOORS_ASKED: Final = 3


@dataclass(frozen=True)
class Delivered:
    """The staged rows of a delivery, and its lines, where it has lines."""

    stage: Stage
    spec: LayerSpec
    lines: Gathering | None

    @cached_property
    def ends(self) -> Points:
        """The loose ends of the lines, at most so many as make the answer better."""
        if self.lines is None:
            return np.empty((0, 2))
        return loose_ends(self.lines, _SAME_PLACE_M, MOST_ANCHORS)

    @property
    def city(self) -> City:
        """The city it is delivered for."""
        return self.stage.city

    def sample(self) -> Shapes:
        """Shapes of at most so many rows as make the answer better, spread over the file."""
        rows = self.stage.connection.execute(
            text(f"SELECT ST_AsBinary(geom) FROM {self.stage.name} WHERE row_no % :step = 0 ORDER BY row_no"),
            {"step": _step(self.stage.rows)},
        ).scalars()
        return _shapes(rows)


def _step(count: int) -> int:
    return 1 + count // MOST_ANCHORS


def _shapes(rows: Iterable[Any]) -> Shapes:
    found = [bytes(row) for row in rows]
    made = np.empty(len(found), dtype=object)
    made[:] = shapely.from_wkb(found)
    return made


def agreeing(delivered: Delivered) -> Agreeing:
    """Compare the staged rows of a delivery with the live layers; nothing is written."""
    rules, connection = delivered.spec.agreement, delivered.stage.connection
    found: list[Compared] = []
    if not delivered.stage.rows:
        return Agreeing(rules.limit_m)
    previous = _previous(connection, delivered) if rules.previous else None
    if previous is not None:
        found.append(previous)
    is_settled = previous is not None and previous.answer.verdict is AgreementVerdict.AGREES
    found += _others(connection, delivered, is_quick=is_settled)
    # What was accepted once, in spite of its neighbours, need not be accepted at each delivery again.
    counted = found[:1] if is_settled else found
    off = [each for each in counted if each.off_m >= rules.limit_m - _SLACK_M]
    return Agreeing(rules.limit_m, tuple(found), min(off, key=_precision) if off else None)


def _precision(compared: Compared) -> int:
    """The more exact kind first: the same thing, the same door, the house for its plot."""
    return (How.PREVIOUS, How.DOORS, How.CONTAINED).index(compared.how)


# --- what is shown already --------------------------------------------------------------------------------

_SHOWN: Final = "t.city_id = :city_id AND t.layer_id = :layer_id AND t.retired_by IS NULL"


def _live(connection: Connection, city: City, spec: LayerSpec, what: str) -> Result[Any]:
    """Something of every feature of a layer as it is shown now, in id order, a part at a time."""
    statement = text(f"SELECT {what} FROM layers.{spec.target} t WHERE {_SHOWN} ORDER BY t.feature_id")
    values = {"city_id": city.city_id, "layer_id": spec.layer_id}
    return connection.execute(statement.execution_options(yield_per=_PART), values)


def _live_shapes(connection: Connection, city: City, spec: LayerSpec) -> Shapes:
    return _shapes(_live(connection, city, spec, "ST_AsBinary(t.geom)").scalars())


def _live_middles(connection: Connection, city: City, spec: LayerSpec) -> Points:
    """The centroids of a layer as it is shown now."""
    found = _live(connection, city, spec, "ST_X(ST_Centroid(t.geom)), ST_Y(ST_Centroid(t.geom))")
    parts = [np.array([tuple(row) for row in part], dtype=np.float64) for part in found.partitions()]
    return np.concatenate([np.empty((0, 2)), *parts])


def _live_ends(connection: Connection, city: City, spec: LayerSpec) -> Points:
    """The loose ends of the lines of a layer as it is shown now."""
    gathering = Gathering(city.extent_m)
    for part in _live(connection, city, spec, "ST_AsBinary(t.geom)").scalars().partitions():
        gathering.add_shapes(_shapes(part))
    return loose_ends(gathering, _SAME_PLACE_M)


# --- comparisons ------------------------------------------------------------------------------------------


def _middles(shapes: Shapes) -> Points:
    points = shapely.centroid(shapes)
    return np.column_stack((shapely.get_x(points), shapely.get_y(points)))


def _compared(moving: Points, fixed: Points, city: City, *, is_quick: bool = False) -> Agreement:
    """The near look first; the far one only when the near one finds nothing."""
    near = compare(moving, fixed, city.crs, radius_m=_NEAR_RADIUS_M)
    is_over = near.verdict is not AgreementVerdict.NO_MATCH or near.reason is NoMatchReason.TOO_FEW_ANCHORS
    return near if is_over or is_quick else compare(moving, fixed, city.crs)


def _previous(connection: Connection, delivered: Delivered) -> Compared | None:
    stage, spec = delivered.stage, delivered.spec
    values = {"city_id": delivered.city.city_id, "layer_id": spec.layer_id}
    is_shown = text(f"SELECT EXISTS (SELECT FROM layers.{spec.target} t WHERE {_SHOWN})")
    if not connection.execute(is_shown, values).scalar_one():
        return None
    both = f"FROM {stage.name} s JOIN layers.{spec.target} t ON s.feature_id = t.feature_id AND {_SHOWN}"
    pairs = connection.execute(text(f"SELECT count(*) {both}"), values).scalar_one()
    if pairs * 3 < stage.rows:  # ids were given anew: only places can be compared
        theirs = _live_middles(connection, delivered.city, spec)
        answer = _compared(_middles(delivered.sample()), theirs, delivered.city)
        return Compared(spec.layer_id, How.PREVIOUS, answer)
    rows = connection.execute(
        text(
            f"SELECT ST_AsBinary(s.geom), ST_AsBinary(t.geom) {both} WHERE s.row_no % :step = 0 ORDER BY s.row_no"
        ),
        {**values, "step": _step(pairs)},
    ).all()
    moving, fixed = (_middles(_shapes(row[side] for row in rows)) for side in (0, 1))
    share = float((np.linalg.norm(moving - fixed, axis=1) <= _SAME_PLACE_M).mean()) if len(rows) else 0.0
    if share > _MOSTLY:
        answer = _agrees(len(moving), len(fixed), _SAME_PLACE_M)
    else:
        answer = _compared(moving, fixed, delivered.city)
    return Compared(spec.layer_id, How.PREVIOUS, answer, share)


def _agrees(delivered: int, reference: int, within_m: float = math.nan) -> Agreement:
    return Agreement(AgreementVerdict.AGREES, None, (delivered, reference), within_m=within_m)


def _others(connection: Connection, delivered: Delivered, *, is_quick: bool) -> list[Compared]:
    """The comparisons with other layers; each kind stops where it has its answer."""
    found: list[Compared] = []
    doors = 0
    for spec in references(delivered.city, delivered.spec):
        if spec.target is Target.NETWORK_LINE and delivered.lines is not None:
            if doors >= _DOORS_ASKED:
                continue
            answer = _doors(connection, delivered, spec, is_quick=is_quick or doors > 0)
            doors = _DOORS_ASKED if _is_sure(answer) else doors + 1
        else:
            answer = _contained(connection, delivered, spec, is_quick=is_quick)
        if answer is not None:
            found.append(answer)
    return found


def _is_sure(answer: Compared | None) -> bool:
    return answer is not None and answer.answer.verdict is not AgreementVerdict.NO_MATCH


def references(city: City, spec: LayerSpec) -> tuple[LayerSpec, ...]:
    """Return the layers that a layer should agree with: those of `layers.toml`, else by its target."""
    if spec.agreement.layers is not None:
        return tuple(city.layer(layer_id) for layer_id in spec.agreement.layers)
    match spec.target:
        case Target.BUILDING:
            return tuple(other for other in city.layers if other.target is Target.PARCEL)
        case Target.NETWORK_LINE:
            buildings = tuple(other for other in city.layers if other.target is Target.BUILDING)
            lines = tuple(
                other
                for other in city.layers
                if other.target is Target.NETWORK_LINE and other.utility != spec.utility
            )
            return buildings + lines
        case _:
            return ()


def _doors(
    connection: Connection, delivered: Delivered, spec: LayerSpec, *, is_quick: bool
) -> Compared | None:
    theirs = _live_ends(connection, delivered.city, spec)
    if not len(theirs) or not len(delivered.ends):
        return None
    usual = np.asarray(delivered.spec.agreement.usual_m.get(spec.layer_id, (0.0, 0.0)))
    answer = _compared(delivered.ends - usual, theirs, delivered.city, is_quick=is_quick)
    return Compared(spec.layer_id, How.DOORS, answer)


def _contained(
    connection: Connection, delivered: Delivered, spec: LayerSpec, *, is_quick: bool
) -> Compared | None:
    shapes = _live_shapes(connection, delivered.city, spec)
    if not len(shapes):
        return None
    has_ends = delivered.lines is not None
    things = np.asarray(shapely.points(delivered.ends)) if has_ends else delivered.sample()
    if not len(things):
        return None
    anchors = _middles(things)
    measure = _Containment(shapes, _AT_BUILDING_M if has_ends else 0.0)
    share = measure.share(things)
    chance = float(np.mean([measure.share(_moved(things, *shift)) for shift in _ELSEWHERE_M]))
    if is_quick or share >= max(_MOSTLY, chance + _ABOVE_CHANCE):
        is_there = share >= max(_MOSTLY, chance + _ABOVE_CHANCE)
        answer = _agrees(len(anchors), len(shapes)) if is_there else _nothing(len(anchors), len(shapes))
        return Compared(spec.layer_id, How.CONTAINED, replace(answer, chance_share=chance), share)
    answer = _compared(anchors, _middles(shapes), delivered.city)
    if answer.verdict is AgreementVerdict.OFF and answer.reading is Reading.AS_DELIVERED:
        after = measure.share(_transformed(things, answer.correction))
        if after < share + _BETTER:
            answer = _nothing(len(anchors), len(shapes))
    return Compared(spec.layer_id, How.CONTAINED, answer, share)


def _nothing(delivered: int, reference: int) -> Agreement:
    return Agreement(
        AgreementVerdict.NO_MATCH, NoMatchReason.NOTHING_IN_COMMON, anchors=(delivered, reference)
    )


class _Containment:
    """How many of some shapes lie (with most of their area) in one of the areas, or within reach of one."""

    def __init__(self, areas: Shapes, reach_m: float) -> None:
        self._areas = areas
        self._reach_m = reach_m
        self._tree = shapely.STRtree(areas)

    def share(self, things: Shapes) -> float:
        """The part of the shapes that lie where they should."""
        if self._reach_m:
            inside, _ = self._tree.query(things, predicate="dwithin", distance=self._reach_m)
            return len(np.unique(inside)) / len(things)
        thing, area = self._tree.query(things, predicate="intersects")
        covered = shapely.area(shapely.intersection(things[thing], self._areas[area]))
        best = np.zeros(len(things))
        np.maximum.at(best, thing, covered)
        return float((best >= 0.95 * shapely.area(things)).mean())


def _moved(things: Shapes, dx: float, dy: float) -> Shapes:
    return shapely.transform(things, lambda xy: xy + (dx, dy))


def _transformed(things: Shapes, movement: Similarity | None) -> Shapes:
    return things if movement is None else shapely.transform(things, movement.apply)
