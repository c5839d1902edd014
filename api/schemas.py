"""What clients send, checked strictly: unknown fields are refused, numbers are numbers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from permits.vocabulary import DigMethod, TariffClass, Wish, Works

ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Strict(BaseModel):
    """A request model: no unknown fields, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TokenIn(Strict):
    """A token to open a browser session with."""

    token: Annotated[str, StringConstraints(min_length=16, max_length=200)] = Field(repr=False)


class GeometryIn(Strict):
    """A GeoJSON geometry; the use case checks its validity, extent and position, with located refusals."""

    type: str = Field(max_length=40, examples=["Polygon"])
    coordinates: list[Any] = Field(
        description="GeoJSON coordinates in the stated CRS, x (east, longitude) first"
    )


class ExcavationIn(Strict):
    """The hole: where, how deep, dug with what."""

    geometry: GeometryIn
    crs: str | None = Field(
        default=None,
        description="the CRS of the coordinates, 'EPSG:n'; asked for, never guessed",
        examples=["EPSG:4326", "EPSG:25832"],
        max_length=20,
    )
    depth_m: Number = Field(description="metres below ground, more than 0")
    method: Annotated[DigMethod, Field(strict=False)] = DigMethod.MACHINE
    top_m: Number = Field(
        default=0.0, ge=0, description="of a bore: metres from the surface to its upper side; else 0"
    )


class UnitsIn(Strict):
    """How many units of each kind the building will have."""

    residential: int = Field(default=0, ge=0, le=10_000)
    commercial: int = Field(default=0, ge=0, le=10_000)
    other: int = Field(default=0, ge=0, le=10_000)


class WishIn(Strict):
    """What is wanted from one utility, and how much of it: numbers by unit name."""

    wish: Annotated[Wish, Field(strict=False)]
    capacity: dict[Slug, Number] = Field(default_factory=dict, max_length=10)


class ApplicantIn(Strict):
    """Who asks."""

    name: ShortText
    national_id: Annotated[str, StringConstraints(max_length=40)] | None = None
    phone: Annotated[str, StringConstraints(max_length=40)] | None = None


class CaseIn(Strict):
    """A request for a permit: one form, entered once."""

    parcel_id: ShortText
    works: Annotated[Works, Field(strict=False)]
    storeys: int = Field(ge=0, le=200)
    units: UnitsIn = Field(default_factory=UnitsIn)
    excavation: ExcavationIn
    wishes: dict[Slug, WishIn] = Field(
        description="by agency id: water, power, gas", max_length=20, examples=[{"water": {"wish": "now"}}]
    )
    applicant: ApplicantIn


class ConditionIn(Strict):
    """A condition of an approval: a code of the catalogue with its values, or the officer's own words."""

    code: Slug
    params: dict[str, Any] = Field(default_factory=dict, max_length=20)
    note: LongText | None = None
    corridor: GeometryIn | None = Field(
        default=None,
        description="where it holds, GeoJSON in WGS 84; a condition that was proposed keeps its own",
    )


class ApproveIn(Strict):
    """An approval of the version of the case the officer saw."""

    expected_version: int = Field(ge=0)
    conditions: list[ConditionIn] = Field(default_factory=list, max_length=100)


class RefuseIn(Strict):
    """A refusal, with its reason."""

    expected_version: int = Field(ge=0)
    reason: LongText


class ReasonIn(Strict):
    """A change that needs a reason."""

    reason: LongText


class DeferIn(Strict):
    """Which agency's connection is put off."""

    agency: Slug


class CompleteIn(Strict):
    """Completion: the certificate, and the class the tariffs return to."""

    expected_version: int = Field(ge=0)
    certificate_no: ShortText
    permanent_class: Annotated[TariffClass, Field(strict=False)]
