"""The first look at a delivery: what must be known of all of its rows before the first of them can be taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from layers.catalog import LayerSpec
from layers.mapping import ids_of, selected
from layers.placing import Bounds, finite
from layers.readers.source import Source
from layers.spilling import Repeated


@dataclass(frozen=True, slots=True)
class Survey:
    """Where the selected rows are, in the source's CRS (None: nowhere), and the codes of ids that come twice."""

    bounds: Bounds | None
    repeated_ids: npt.NDArray[np.uint64]


def survey(source: Source, spec: LayerSpec, size: int) -> Survey:
    """Look a source over. A table without the columns that are asked is left to `mapping.check_columns`."""
    wanted = {spec.fields["feature_id"].column, *spec.select} & set(source.names)
    is_complete = wanted >= {spec.fields["feature_id"].column, *spec.select}
    corners: list[npt.NDArray[np.float64]] = []
    codes = Repeated()
    for batch in source.looked_over(size, wanted):
        rows = selected(batch, spec) if is_complete else np.arange(len(batch))
        shapes = batch.shapes[rows]
        there = shapes[finite(shapes)]
        if len(there):
            corners.append(shapely.total_bounds(there))
        if is_complete:
            codes.add(ids_of(batch, spec).take(rows).codes())
    return Survey(_bounds(corners), codes.found())


def _bounds(corners: list[npt.NDArray[np.float64]]) -> Bounds | None:
    if not corners:
        return None
    every = np.array(corners)
    low, high = every[:, :2].min(axis=0).tolist(), every[:, 2:].max(axis=0).tolist()
    return (low[0], low[1], high[0], high[1])
