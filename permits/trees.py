"""Trees among the layers: each a point with its trunk, or an area of a land use that is trees.

A point is the axis of the trunk: the check takes the trunk's radius off, as it does a pipe's, unless the rule is
measured from the axis. Of an area nobody knows where the axes stand: its outline is taken for the bark.
"""

from __future__ import annotations

from typing import Any, Final

from geo.placed import Placed
from geo.vocabulary import Kind

# How exactly outlines of the ground are known (95 % half width, our assumption), and what a land use calls a tree.
OUTLINE_M: Final = 0.3
TREES: Final = frozenset({"tree", "trees", "tree_row"})


def is_tree(feature: object) -> bool:
    """Whether a feature of any layer is a tree, or an area of them."""
    target = getattr(feature, "target", None)
    return target == Kind.TREE or (target == "landuse" and getattr(feature, "kind", None) in TREES)


def tree_from(feature: Any) -> Placed:
    """What the layer knows of a tree, in the words of the check."""
    diameter_mm = getattr(feature, "diameter_mm", None)
    return Placed(
        layer_id=feature.layer_id,
        feature_id=feature.feature_id,
        utility=str(Kind.TREE),
        owner=getattr(feature, "owner_agency", None),
        radius_m=None if diameter_mm is None else diameter_mm / 2000.0,
        horizontal_uncertainty_m=getattr(feature, "horizontal_uncertainty_m", None) or OUTLINE_M,
    )
