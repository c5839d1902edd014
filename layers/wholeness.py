"""A staged delivery asked as a whole: how its network hangs together, how its parcels cover the ground.

Batches hand over what the rules of the whole need; when all are staged, what the rules find is told, and gaps too
small to be meant are closed in the stage, each logged with the shape as it was. What lines say of each other by name
alone, wherever they lie, is asked of the stage.
"""

from __future__ import annotations

# ruff: noqa: S608 - names spliced into SQL are the stage's own
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import text

from layers.catalog import LayerSpec, Target
from layers.city import City
from layers.coverage import Covering
from layers.hanging import Found, Network
from layers.line_tiles import Gathering
from layers.mapping import Mapped
from layers.report import KEPT_ISSUES, Findings, Issue, Repair
from layers.staging import Stage
from layers.stated_areas import StatedAreas
from layers.topology import REACH_M

_NAMES: Final = ("feature_id", "from_node", "to_node", "main_id")
_IS_LINE: Final = "GeometryType({}.geom) = 'LINESTRING'"
_PART: Final = 20_000


class WholeDelivery:
    """What must be known of all rows once the last of them is staged."""

    def __init__(self, city: City, spec: LayerSpec) -> None:
        self._city = city
        self._spec = spec
        self._areas = StatedAreas()
        self._parcels = Covering(city.extent_m) if spec.target is Target.PARCEL else None
        is_network = spec.target is Target.NETWORK_LINE
        self.lines: Gathering | None = Gathering(city.extent_m) if is_network else None

    def add(self, mapped: Mapped) -> None:
        """Take over what a batch adds."""
        self._areas.add(mapped.columns.get("area_m2"), mapped.geometry)
        if self.lines is not None:
            self.lines.add(mapped)
        elif self._parcels is not None:
            self._parcels.add(mapped)

    def settle(self, stage: Stage, findings: Findings, *, is_whole: bool) -> int:
        """Apply the rules of the whole to what is staged; return how many rows they repaired.

        Only whole deliveries are asked how they hang together: a part of a network has loose ends everywhere.
        """
        if issue := self._areas.mistaken(self._city):
            findings.add([issue])
            stage.forget("area_m2")
        if is_whole and self.lines is not None and len(self.lines):
            return _network(stage, self.lines, self._spec, findings)
        if is_whole and self._parcels is not None:
            for found in (self._parcels.overlaps(), self._parcels.gaps()):
                _tell(stage, found, findings)
        return 0


def _tell(stage: Stage, found: Found, findings: Findings) -> None:
    issues = _issues(stage, found)
    findings.add(issues, found.count - len(issues))


def _network(stage: Stage, lines: Gathering, spec: LayerSpec, findings: Findings) -> int:
    alone = lines.has_mains and lines.is_services_only and not _has_own_mains(stage)
    network = Network(lines, alone=alone)
    found = list(network.found())
    if not alone:
        found += _off_mains(stage, network)
    found += [*network.links(), *_missing_nodes(stage, spec)]
    repaired = _close(stage, network, findings)
    for each in found:
        _tell(stage, each, findings)
    return repaired


def _close(stage: Stage, network: Network, findings: Findings) -> int:
    """Close the small gaps in the stage; each is told, and logged with the line as it was."""
    if not len(network.closed.at):
        return 0
    found, changed = network.snapped()
    issues = _issues(stage, found)
    findings.add(issues)
    stage.add_repairs([
        Repair(issue.feature_id or "", found.code, changed[int(issue.row or 0)][0], issue.params) for issue in issues
    ])  # fmt: skip
    stage.reshape(list(changed), [after for _, after in changed.values()])
    return len(changed)


def _issues(stage: Stage, found: Found) -> list[Issue]:
    """Make the issues of what was found, with the names that only the stage knows."""
    rows = found.row if found.other is None else np.concatenate((found.row, found.other))
    names = _names(stage, rows)
    made = []
    places = zip(found.row.tolist(), found.place.tolist(), strict=True)
    for number, (row, (x, y)) in enumerate(places):
        params: dict[str, Any] = dict(found.texts)
        if found.other is not None:
            params["other"] = names[int(found.other[number])]["feature_id"]
        if found.own is not None:
            params[found.own[1]] = names[row][found.own[0]]
        params |= {name: float(values[number]) for name, values in found.numbers.items()}
        said = names[row]["feature_id"]
        made.append(Issue(found.severity, found.code, row, said, round(x, 3), round(y, 3), params))
    return made


def _names(stage: Stage, rows: npt.NDArray[Any]) -> Mapping[int, Mapping[str, Any]]:
    if not len(rows):
        return {}
    names = _NAMES if stage.target is Target.NETWORK_LINE else _NAMES[:1]
    found = stage.connection.execute(
        text(f"SELECT row_no, {', '.join(names)} FROM {stage.name} WHERE row_no = ANY(:rows)"),
        {"rows": np.unique(rows).tolist()},
    )
    return {row["row_no"]: dict(row) for row in found.mappings()}


# --- what lines say of each other by name


def _has_own_mains(stage: Stage) -> bool:
    """Whether any line names another one of the delivery as its main."""
    statement = (
        f"SELECT EXISTS (SELECT FROM {stage.name} s JOIN {stage.name} m ON m.feature_id = s.main_id "
        f"WHERE {_IS_LINE.format('s')} AND {_IS_LINE.format('m')})"
    )
    return bool(stage.connection.execute(text(statement)).scalar_one())


def _off_mains(stage: Stage, network: Network) -> Iterator[Found]:
    """A service that names its main touches it."""
    unknown, off = _First("unknown-main"), _First("service-off-main")
    statement = text(
        f"SELECT s.row_no, m.row_no, ST_AsBinary(s.geom), ST_AsBinary(m.geom) FROM {stage.name} s "
        f"LEFT JOIN {stage.name} m ON m.feature_id = s.main_id AND {_IS_LINE.format('m')} "
        "WHERE s.row_no = ANY(:rows) ORDER BY s.row_no"
    )
    for rows in network.off_main():
        found = stage.connection.execute(
            statement.execution_options(yield_per=_PART), {"rows": rows.tolist()}
        )
        for part in found.partitions():
            services = shapely.from_wkb([bytes(row[2]) for row in part])
            mains = shapely.from_wkb([None if row[3] is None else bytes(row[3]) for row in part])
            numbers, known = np.array([row[0] for row in part]), ~shapely.is_missing(mains)
            unknown.add(numbers[~known], services[~known])
            apart = shapely.distance(services[known], mains[known])
            far = apart > REACH_M
            off.add(numbers[known][far], services[known][far], np.round(apart[far], 3))
    yield unknown.found(own=("main_id", "main"))
    yield off.found(own=("main_id", "main"))


class _First:
    """How often something was found, and the first of it."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._count = 0
        self._rows: list[npt.NDArray[Any]] = [np.empty(0, dtype=np.int64)]
        self._places: list[npt.NDArray[Any]] = [np.empty((0, 2))]
        self._apart: list[npt.NDArray[Any]] = []

    def add(
        self, rows: npt.NDArray[Any], shapes: npt.NDArray[Any], apart: npt.NDArray[Any] | None = None
    ) -> None:
        """Take some, in the order of the file."""
        room = max(0, KEPT_ISSUES - self._count)
        self._count += len(rows)
        self._rows.append(rows[:room])
        self._places.append(shapely.get_coordinates(shapely.get_point(shapes[:room], 0)))
        if apart is not None:
            self._apart.append(apart[:room])

    def found(self, own: tuple[str, str]) -> Found:
        """All of it."""
        numbers = {"apart_m": np.concatenate(self._apart)} if self._apart else {}
        rows, places = np.concatenate(self._rows), np.concatenate(self._places)
        return Found(self._code, self._count, rows, places, own=own, numbers=numbers)


def _missing_nodes(stage: Stage, spec: LayerSpec) -> Iterator[Found]:
    """A line ends at nodes that the agency's node layer has."""
    known = (
        "SELECT DISTINCT t.feature_id FROM layers.network_node t WHERE t.city_id = :city_id "
        "AND t.retired_by IS NULL AND t.utility = :utility AND t.owner_agency = :owner"
    )
    values: dict[str, Any] = {
        "city_id": stage.city.city_id, "utility": str(spec.utility), "owner": spec.owner, "most": KEPT_ISSUES,
    }  # fmt: skip
    if not stage.connection.execute(text(f"SELECT EXISTS ({known})"), values).scalar_one():
        return
    is_line = _IS_LINE.format("s")
    counted = stage.connection.execute(
        text(
            f"SELECT count(*) AS named, count(k.feature_id) AS known FROM ("
            f"SELECT from_node AS node FROM {stage.name} s WHERE from_node IS NOT NULL AND {is_line} UNION "
            f"SELECT to_node FROM {stage.name} s WHERE to_node IS NOT NULL AND {is_line}) named "
            f"LEFT JOIN ({known}) k ON k.feature_id = named.node"
        ),
        values,
    ).one()
    # Where most are unknown, the nodes of these lines were never delivered: no fault of the lines.
    if 2 * counted.known < counted.named:
        return
    for name in ("from_node", "to_node"):
        rows = stage.connection.execute(
            text(
                f"SELECT row_no, ST_X(ST_StartPoint(geom)), ST_Y(ST_StartPoint(geom)), count(*) OVER () "
                f"FROM {stage.name} s WHERE {name} IS NOT NULL AND {is_line} "
                f"AND NOT EXISTS (SELECT FROM ({known}) k WHERE k.feature_id = s.{name}) ORDER BY row_no LIMIT :most"
            ),
            values,
        ).all()
        if rows:
            at = np.array([row[0] for row in rows]), np.array([tuple(row[1:3]) for row in rows])
            yield Found("missing-node", rows[0][3], *at, own=(name, "node"), texts={"field": name})
