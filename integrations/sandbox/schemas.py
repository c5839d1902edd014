"""The forms and answers of the published contract. Unknown members are kept and ignored (tolerant reader)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl, model_validator

from integrations.sandbox.profile import TariffClass

Reference = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[A-Za-z0-9._:~-]+$",
        examples=["0198f0c2-7d1e:water:construction:1"],
    ),
]
"""The municipality's reference; unique for ever, safe in an address."""


class Model(BaseModel):
    """A form that keeps members it does not know."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)


class Wish(StrEnum):
    """What the applicant wants of this utility."""

    NOW = "now"
    LATER = "later"
    NOT_NEEDED = "not_needed"


class Words(Model):
    """A text in the languages of the customers."""

    en: str
    fa: str


class Parcel(Model):
    """The plot: GeoJSON Polygon or MultiPolygon in `crs`, axes in the order x (east), y (north)."""

    parcel_id: str = Field(min_length=1, max_length=100)
    geometry: dict[str, Any]
    crs: str = Field(pattern=r"^EPSG:\d{4,6}$", examples=["EPSG:25832"])


class Excavation(Model):
    """The pit: GeoJSON in `crs`, greatest depth in metres below ground."""

    geometry: dict[str, Any]
    crs: str = Field(pattern=r"^EPSG:\d{4,6}$")
    depth_m: float = Field(ge=0, le=100)


class Units(Model):
    """How many units the building will have, by use."""

    residential: int = Field(default=0, ge=0, le=10_000)
    commercial: int = Field(default=0, ge=0, le=10_000)
    other: int = Field(default=0, ge=0, le=10_000)


class Capacity(Model):
    """What is asked of one utility, in that utility's units; leave members out to have the company propose.

    Water: `m3_month` (contractual, m3 per month), `diameter_inch` (meter). Electricity: `ampere`, `phases`.
    Gas: `m3_hour` (meter class, m3 per hour).
    """

    m3_month: float | None = Field(default=None, gt=0, le=1e6)
    diameter_inch: float | None = Field(default=None, gt=0, le=40)
    ampere: float | None = Field(default=None, gt=0, le=1e5)
    phases: Literal[1, 3] | None = None
    m3_hour: float | None = Field(default=None, gt=0, le=1e5)


class Size(Model):
    """A line's size: its trade name and outer diameter (mm)."""

    name: str
    outer_diameter_mm: float = Field(gt=0, le=3000)


class Proposal(Model):
    """A service line the municipality drew as a help; the company is free to build another.

    `route` runs from the parcel's frontage to the main, GeoJSON LineString in `crs`; metres. `estimate` is by the
    company's own published formula. `shared_trench` names who could lie in the same trench and the metres it saves.
    """

    main_id: str
    route: dict[str, Any]
    crs: str = Field(pattern=r"^EPSG:\d{4,6}$")
    length_m: float = Field(ge=0)
    cover_m: float = Field(ge=0, le=20)
    size: Size
    demand: dict[str, Any] = Field(default_factory=dict)
    estimate: dict[str, Any] | None = None
    shared_trench: dict[str, Any] | None = None


class InquiryForm(Model):
    """The question: may this parcel be built on, and can it be served."""

    our_ref: Reference
    case_ref: str = Field(min_length=1, max_length=100)
    city: str
    parcel: Parcel
    works: str
    units: Units = Field(default_factory=Units)
    utility: str
    wish: Wish
    capacity: Capacity = Field(default_factory=Capacity)
    excavation: Excavation | None = None
    proposal: Proposal | None = None
    reply_to: HttpUrl | None = None


class InquiryReceived(Model):
    """The inquiry is on the desk."""

    our_ref: str
    inquiry_id: str
    status: Literal["received"]


class Condition(Model):
    """Something that must hold."""

    code: str
    params: dict[str, Any] = Field(default_factory=dict)
    text: Words


class Item(Model):
    """One line of a price; whole units of the currency."""

    code: str
    amount: int


class Offer(Model):
    """The itemised price; name `offer_ref` in the order to be billed by it until `valid_until`."""

    offer_ref: str
    amount: int
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    items: list[Item]
    valid_until: date


class NearestMain(Model):
    """The main a service would be tapped from; distance from the plot in metres, horizontal."""

    id: str
    distance_m: float


class Answer(Model):
    """What the company says to an inquiry; also the `data` of the webhook `inquiry.answered`."""

    our_ref: str
    inquiry_id: str
    serviceable: bool
    reason_code: str
    reason: Words
    conditions: list[Condition]
    offer: Offer | None
    proposed_capacity: Capacity | None
    nearest_main: NearestMain | None
    existing_services: int = Field(default=0, ge=0, description="services already on the plot")


class InquiryView(Model):
    """An inquiry as it stands."""

    our_ref: str
    inquiry_id: str
    status: Literal["received", "answered"]
    answer: Answer | None


class TariffChange(Model):
    """A dated move between two price categories."""

    from_: TariffClass = Field(alias="from")
    to: TariffClass
    from_code: str | None = Field(
        default=None, max_length=40, description="the company's own code, where known"
    )
    to_code: str | None = Field(
        default=None, max_length=40, description="the company's own code, where known"
    )


class Connection(Model):
    """The connection to be built; `offer_ref` names the offer it was priced by."""

    utility: str
    capacity: Capacity = Field(default_factory=Capacity)
    offer_ref: str | None = None


class OrderForm(Model):
    """The connection and the tariff change, as one order. All companies get the same `effective_at`."""

    our_ref: Reference
    case_ref: str = Field(min_length=1, max_length=100)
    permit_no: str = Field(min_length=1, max_length=100)
    parcel_id: str = Field(min_length=1, max_length=100)
    connection: Connection | None = None
    tariff_change: TariffChange | None = None
    effective_at: AwareDatetime
    hold_until: AwareDatetime

    @model_validator(mode="after")
    def _is_an_order(self) -> OrderForm:
        if self.connection is None and self.tariff_change is None:
            raise ValueError("an order has a connection, a tariff change, or both")
        if self.hold_until <= self.effective_at:
            raise ValueError("hold_until must lie after effective_at")
        return self


class OrderHeld(Model):
    """The order is held until `hold_until`."""

    our_ref: str
    order_number: str
    status: Literal["held", "confirmed"]


class Bill(Model):
    """The bill of a connection; `bill_id` and `payment_id` for currencies whose banks use them (IRR)."""

    bill_no: str
    amount: int
    currency: str
    items: list[Item]
    bill_id: str | None
    payment_id: str | None
    order_number: str
    issued_at: AwareDatetime


class OrderConfirmed(Model):
    """The order is final; `tariff_receipt` proves the tariff change."""

    our_ref: str
    order_number: str
    status: Literal["confirmed"]
    tariff_receipt: str | None
    bill: Bill | None


class OrderCancelled(Model):
    """The order is released, or will be refused should it still arrive."""

    our_ref: str
    order_number: str | None = None
    status: Literal["cancelled", "tombstoned"]


class OrderView(Model):
    """An order as it stands; a tombstone has nothing but its reference."""

    our_ref: str
    order_number: str | None
    status: Literal["held", "confirmed", "cancelled", "expired", "tombstoned"]


class OrderList(Model):
    """One page of orders by the instant of their last change; null in `next`: it is the last one.

    An order that changes while the pages are read may be on two of them.
    """

    orders: list[OrderView]
    next: str | None = Field(default=None, description="what to give as `after` for the following page")


class TariffEntry(Model):
    """One dated entry of a parcel's tariff."""

    class_: TariffClass = Field(alias="class")
    code: str | None
    effective_at: AwareDatetime
    order_number: str
    receipt: str
    recorded_at: AwareDatetime


class TariffView(Model):
    """The tariff in force now, the one before any order, and the whole history."""

    parcel_id: str
    current: TariffClass
    initial: TariffClass
    history: list[TariffEntry]


class BillList(Model):
    """The bills of a parcel."""

    parcel_id: str
    bills: list[Bill]


class LedgerView(Model):
    """What took effect, in order: `[our_ref, op, at]`; without effect, apart: `[our_ref, at]`."""

    entries: list[tuple[str, Literal["try", "confirm", "cancel", "expire"], AwareDatetime]]
    tombstones: list[tuple[str, AwareDatetime]]
    next_after: int | None


class Problem(Model):
    """RFC 9457; `refusal` and `reason` are there when the company will not, and only then."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    params: dict[str, Any] = Field(default_factory=dict)
    refusal: str | None = None
    reason: Words | None = None


class Health(Model):
    """The company answers."""

    status: Literal["ok"]
    kind: str
    city: str
