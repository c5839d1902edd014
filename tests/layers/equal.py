"""Whether two built networks are one."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from geo.ids import Coded, Ids


def same(one: Any, other: Any) -> None:
    """Equal in all arrays, those within each other too."""
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, Ids | Coded):
        assert list(one) == list(other)
    elif hasattr(one, "__dataclass_fields__"):
        for each in fields(one):
            same(getattr(one, each.name), getattr(other, each.name))
    else:
        assert one == other
