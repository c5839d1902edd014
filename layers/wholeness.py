"""A staged delivery asked as a whole: how its network hangs together, how its parcels cover the ground.

Batches hand over what the rules of the whole need; when all are staged, what the rules find is told, and gaps too
small to be meant are closed in the stage, each logged with the shape as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, text

from layers import coverage, topology
from layers.catalog import LayerSpec, Target
from layers.city import City
from layers.coverage import Parcels
from layers.line_ends import Gathering, Lines
from layers.mapping import Areas, Mapped
from layers.report import KEPT_ISSUES, Findings, Issue, Repair
from layers.staging import Stage
from layers.topology import Told, Whole

_NAMES: Final = ("feature_id", "from_node", "to_node", "main_id")


class WholeDelivery:
    """What must be known of all rows once the last of them is staged."""

    def __init__(self, city: City, spec: LayerSpec) -> None:
        self._city = city
        self._spec = spec
        self._areas = Areas()
        self._gathering = Gathering()
        self._parcels: list[Parcels] = []
        self.lines: Lines | None = None

    def add(self, mapped: Mapped) -> None:
        """Take over what a batch adds."""
        self._areas.add(mapped)
        if self._spec.target is Target.NETWORK_LINE:
            self._gathering.add(mapped)
        elif self._spec.target is Target.PARCEL:
            keep = mapped.accepted()
            ids = list(mapped.columns["feature_id"].take(keep))
            self._parcels.append(Parcels(mapped.rows[keep], ids, mapped.geometry[keep]))

    def settle(self, stage: Stage, findings: Findings, *, is_whole: bool) -> int:
        """Apply the rules of the whole to what is staged; return how many rows they repaired.

        Only whole deliveries are asked how they hang together: a part of a network has loose ends everywhere.
        """
        if issue := self._areas.mistaken(self._city):
            findings.add([issue])
            stage.forget("area_m2")
        if self._spec.target is Target.NETWORK_LINE:
            self.lines = self._gathering.lines()
            if is_whole and len(lines := self.lines.whole()):
                return _network(stage, lines, self._spec, findings)
        elif is_whole and self._parcels:
            _coverage(self._parcels, findings)
        return 0


def _coverage(parts: list[Parcels], findings: Findings) -> None:
    parcels = Parcels(
        np.concatenate([part.rows for part in parts]),
        [name for part in parts for name in part.ids],
        np.concatenate([part.shapes for part in parts]),
    )
    if not len(parcels.rows):
        return
    findings.add(coverage.overlaps(parcels))
    if len(parcels.rows) <= coverage.MOST_PARCELS:
        findings.add(coverage.gaps(parcels))


def _network(stage: Stage, lines: Lines, spec: LayerSpec, findings: Findings) -> int:
    nodes = topology.known_nodes(stage.connection, stage.city, spec)
    whole, found = topology.network(lines, nodes)
    repaired = 0
    for told in found:
        if told.code == "snapped-end":
            repaired += _closed(stage, whole, told, findings)
        else:
            first = _first(told, lines)
            findings.add(_issues(stage.connection, stage.name, lines, told, first), len(told.at) - len(first))
    return repaired


def _first(told: Told, lines: Lines) -> npt.NDArray[np.intp]:
    """Which of the findings are worth listing: the first ones of the file."""
    return np.argsort(lines.row[told.at], kind="stable")[:KEPT_ISSUES]


def _closed(stage: Stage, whole: Whole, told: Told, findings: Findings) -> int:
    """Close the gaps in the stage; each is told, and logged with the line as it was."""
    lines = whole.lines
    changed, closed = topology.snapped(whole, told)
    if not changed:
        return 0
    order = np.flatnonzero(closed)
    issues = _issues(stage.connection, stage.name, lines, told, order)
    findings.add(issues)
    before = dict(zip(changed, lines.shapes(np.fromiter(changed, dtype=np.int64)), strict=True))
    repairs = [
        Repair(issue.feature_id or "", told.code, before[at], issue.params)
        for at, issue in zip(told.at[order].tolist(), issues, strict=True)
    ]
    stage.add_repairs(repairs)
    stage.reshape([int(lines.row[at]) for at in changed], list(changed.values()))
    return len(changed)


def _issues(
    connection: Connection, stage: str, lines: Lines, told: Told, which: npt.NDArray[np.intp]
) -> list[Issue]:
    """Make the issues of some findings, with the names that only the stage knows."""
    at = told.at[which]
    other = None if told.other is None else told.other[which]
    rows = lines.row[at if other is None else np.concatenate((at, other))]
    names = _names(connection, stage, rows)
    made = []
    for number, (place, row) in enumerate(zip(at.tolist(), lines.row[at].tolist(), strict=True)):
        params: dict[str, Any] = dict(told.texts)
        if other is not None:
            params["other"] = names[int(lines.row[other[number]])]["feature_id"]
        if told.own is not None:
            params[told.own[1]] = names[row][told.own[0]]
        for name, values in told.numbers.items():
            if name.endswith("_m"):
                params[name] = float(values[which[number]])
        x, y = lines.xy[lines.offsets[place]].tolist()
        said = names[row]["feature_id"]
        made.append(Issue(told.severity, told.code, row, said, round(x, 3), round(y, 3), params))
    return made


def _names(
    connection: Connection, stage: str, rows: npt.NDArray[np.int32]
) -> Mapping[int, Mapping[str, Any]]:
    found = connection.execute(
        text(f"SELECT row_no, {', '.join(_NAMES)} FROM {stage} WHERE row_no = ANY(:rows)"),  # noqa: S608
        {"rows": np.unique(rows).tolist()},
    )
    return {row["row_no"]: dict(row) for row in found.mappings()}
