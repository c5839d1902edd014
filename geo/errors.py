"""The base of every refusal, and the refusals of pure geometry: the vocabulary of errors starts here."""

from __future__ import annotations

from typing import ClassVar

Param = str | int | float | bool | None | list[str] | list[int] | list[float]


class PanjerehError(Exception):
    """Something was refused."""

    code: ClassVar[str] = "refused"

    def __init__(self, **params: Param) -> None:
        self.params: dict[str, Param] = params
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The docstring's first line, with the parameters: for logs; people read the catalogue's words."""
        first = (type(self).__doc__ or self.code).strip().split("\n", 1)[0]
        details = ", ".join(f"{key}={value!r}" for key, value in self.params.items())
        return f"{first} ({details})" if details else first


# --- shapes -----------------------------------------------------------------------------------------------


class ShapeError(PanjerehError):
    """The shape cannot be used."""

    code = "shape-invalid"


class ShapeUnreadable(ShapeError):
    """What was given is not a GeoJSON geometry."""

    code = "shape-unreadable"


class NotPolygon(ShapeError):
    """The shape must be one polygon; `found` says what it is."""

    code = "shape-not-polygon"


class EmptyShape(ShapeError):
    """The shape is empty or has no area."""

    code = "shape-empty"


class NotFinite(ShapeError):
    """A coordinate is not a finite number of earthly size; `index` is the first such vertex."""

    code = "shape-not-finite"


class SelfCrossing(ShapeError):
    """The polygon crosses itself at `x`, `y` (in the coordinates it was given in)."""

    code = "shape-self-crossing"


class TooSmall(ShapeError):
    """The polygon covers less than `limit` square metres: nobody can dig that."""

    code = "shape-too-small"


class TooLarge(ShapeError):
    """The polygon covers `area` square metres; at most `limit` are taken."""

    code = "shape-too-large"


class TooManyVertices(ShapeError):
    """The polygon has `vertices` vertices; at most `limit` are taken."""

    code = "shape-too-many-vertices"


# --- coordinate reference systems -------------------------------------------------------------------------


class CrsError(PanjerehError):
    """The coordinates cannot be brought into the city's reference system."""

    code = "crs-invalid"


class CrsMissing(CrsError):
    """The coordinate reference system was not stated, and it is never guessed."""

    code = "crs-missing"


class CrsUnknown(CrsError):
    """There is no such coordinate reference system."""

    code = "crs-unknown"


class CrsNotMetric(CrsError):
    """A city's reference system must be a projected one in metres."""

    code = "crs-not-metric"


class DegreesAsMetres(CrsError):
    """The coordinates look like degrees but were stated to be metres."""

    code = "crs-degrees-as-metres"


class MetresAsDegrees(CrsError):
    """The coordinates look like metres but were stated to be degrees."""

    code = "crs-metres-as-degrees"


class OutOfArea(CrsError):
    """The place lies outside the area of the reference system or the city."""

    code = "crs-out-of-area"


class NoOperation(CrsError):
    """No published operation leads from `source` to `target` at this place, and a zero shift is not one."""

    code = "crs-no-operation"


class OperationNotPinned(CrsError):
    """Several operations lead from `source` to `target`; the city must pin one of `candidates`."""

    code = "crs-operation-not-pinned"


class OperationUnknown(CrsError):
    """The pinned operation does not lead from `source` to `target`."""

    code = "crs-operation-unknown"


# --- clearance packs --------------------------------------------------------------------------------------


class PackError(PanjerehError):
    """The clearance pack cannot be used."""

    code = "pack-invalid"


class PackRowInvalid(PackError):
    """A row of the clearance pack cannot be read."""

    code = "pack-row-invalid"


class PackIncomplete(PackError):
    """The clearance pack leaves pairs without a rule; `missing` lists them."""

    code = "pack-incomplete"


class PackIncludeLoop(PackError):
    """The clearance packs include each other in a circle."""

    code = "pack-include-loop"


class DepthInvalid(PanjerehError):
    """The depth of an excavation must be a positive number of metres, at most `limit`."""

    code = "depth-invalid"


class TopInvalid(DepthInvalid):
    """The upper side of a bore lies at the surface or below it, and above the bore's floor at `depth` metres."""

    code = "top-invalid"
