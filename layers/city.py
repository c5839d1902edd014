"""A city is data: its names, CRS, agencies, layers, clocks and tariffs, read from `cities/<city>/*.toml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.crs import CityCrs, lonlat_bounds
from geo.vocabulary import Utility
from layers.catalog import LayerSpec
from layers.catalog_reading import read_layers
from layers.config import CityConfigError, Section, UnknownCity, Words, read_operations
from layers.units import day as day_in

# City ids name database partitions and URL paths, so they are plain.
_CITY_ID = re.compile(r"[a-z][a-z0-9_]{1,30}")


class Calendar(StrEnum):
    """The calendar in which a city shows its dates."""

    GREGORIAN = "gregorian"
    JALALI = "jalali"


# Years for which the yearly holidays are laid down: beyond every deadline this will ever set.
_HOLIDAY_YEARS = {Calendar.GREGORIAN: range(2015, 2081), Calendar.JALALI: range(1394, 1460)}

OVER_THE_WIRE = ("L3", "L2", "L1")
"""Capabilities of a company whose system speaks the published contract, or the part of it that it has."""

AT_A_DESK = "L0"
"""The capability of a company whose people answer and carry out on a page."""


class Silence(StrEnum):
    """What an agency's silence means after the deadline."""

    HUMAN = "human"  # an officer decides


@dataclass(frozen=True, slots=True)
class ExchangeTiming:
    """When a tariff exchange takes effect, must be decided, and how long companies hold it.

    `desk_days` are the working days that a company without a system has, where one takes part.
    """

    lead_hours: int
    decide_margin_minutes: int
    hold_days: int
    desk_days: int = 2


@dataclass(frozen=True, slots=True)
class ConsultationTerms:
    """How many days a company has to answer, and what its silence means."""

    days: int
    lapse: Silence


@dataclass(frozen=True, slots=True)
class WatchTerms:
    """When an owner's people can be had beside a dig: local hours of a working day, and how long before to ask."""

    notice_hours: int = 48
    opens: str = "08:00"
    closes: str = "14:00"


@dataclass(frozen=True, slots=True)
class Contact:
    """Where to reach an agency's desk for permits and damage."""

    phone: str
    email: str
    desk: Words


@dataclass(frozen=True, slots=True)
class TariffCode:
    """A company's own code for one of our tariff classes."""

    tariff_class: str
    code: str
    name: Words


@dataclass(frozen=True, slots=True)
class Agency:
    """An organisation behind the window; `capability` says how much of the contract its system offers, L3 to L0."""

    agency_id: str
    kind: str
    utilities: tuple[Utility, ...]
    name: Words
    contact: Contact
    capability: str
    consulted: bool
    tariffs: tuple[TariffCode, ...] = ()

    @property
    def is_at_desk(self) -> bool:
        """Whether people answer and carry out here what a company's system would: consulted, without a system."""
        return self.consulted and self.capability not in OVER_THE_WIRE


@dataclass(frozen=True, slots=True)
class City:
    """One city's configuration.

    `extent_m` is west, south, east, north in the city's CRS; `operations` names, per source CRS, the
    transformation that this city has decided on.
    """

    city_id: str
    name: Words
    country: str
    crs: str
    srid: int
    operations: Mapping[str, str]
    extent_m: tuple[float, float, float, float]
    timezone: str
    calendar: Calendar
    currency: str
    clearance_pack: str
    exchange: ExchangeTiming
    consultation: ConsultationTerms
    agencies: tuple[Agency, ...]
    layers: tuple[LayerSpec, ...]
    folder: Path
    watch: WatchTerms = WatchTerms()
    holidays: frozenset[date] = frozenset()
    """Days on which offices are closed besides the weekend."""
    permit_valid_days: int = 730
    """How long one may build on a permit."""

    def agency(self, agency_id: str) -> Agency:
        """Return one agency; KeyError if the city has none of that id."""
        return {agency.agency_id: agency for agency in self.agencies}[agency_id]

    def layer(self, layer_id: str) -> LayerSpec:
        """Return one layer; KeyError if the city has none of that id."""
        return {spec.layer_id: spec for spec in self.layers}[layer_id]

    @property
    def city_crs(self) -> CityCrs:
        """The city's CRS with its pinned operations and its extent in degrees, as geo.crs asks for it."""
        return CityCrs(self.crs, lonlat_bounds(self.extent_m, self.crs), self.operations)

    @property
    def consulted_agencies(self) -> tuple[Agency, ...]:
        """The companies that are asked and that carry out orders over the wire."""
        return tuple(agency for agency in self.agencies if agency.consulted)

    @property
    def network_layers(self) -> tuple[LayerSpec, ...]:
        """The layers of the utility networks, bottom to top."""
        return tuple(spec for spec in self.layers if spec.is_network)


def city_ids(root: Path) -> tuple[str, ...]:
    """Return the ids of the cities under `root` (the `cities` folder), in alphabetical order."""
    return tuple(sorted(folder.parent.name for folder in root.glob("*/city.toml")))


def load_city(root: Path, city_id: str) -> City:
    """Return the city whose files are in `root`/`city_id` (`root` is the `cities` folder).

    Raises UnknownCity, or CityConfigError naming the file, the key and what is wrong with it.
    """
    folder = root / city_id
    if not _CITY_ID.fullmatch(city_id) or not (folder / "city.toml").is_file():
        raise UnknownCity(city=city_id, known=list(city_ids(root)))
    section = Section.read(folder / "city.toml")
    if (said := section.text("id")) != city_id:
        section.refuse("id", f"{said!r} differs from the folder's name {city_id!r}")
    agencies = _agencies(folder)
    crs, srid = _crs(section)
    city = City(
        city_id=city_id,
        name=section.words("name"),
        country=section.text("country"),
        crs=crs,
        srid=srid,
        operations=read_operations(section),
        extent_m=_extent(section),
        timezone=_timezone(section),
        calendar=section.choice("calendar", Calendar),
        currency=section.text("currency"),
        clearance_pack=section.text("clearance_pack"),
        exchange=_exchange(section),
        consultation=_consultation(section),
        agencies=agencies,
        layers=read_layers(Section.read(folder / "layers.toml"), (a.agency_id for a in agencies)),
        folder=folder,
        watch=_watch(section),
        holidays=_holidays(section),
        permit_valid_days=_permit_days(section),
    )
    section.done()
    return city


def _crs(section: Section) -> tuple[str, int]:
    text = section.text("crs")
    matched = re.fullmatch(r"EPSG:(\d+)", text)
    if matched is None:
        section.refuse("crs", f'expected "EPSG:<number>", found {text!r}')
    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        section.refuse("crs", f"{text!r} is not in the EPSG registry of this PROJ")
    if not crs.is_projected or {axis.unit_name for axis in crs.axis_info} != {"metre"}:
        section.refuse("crs", f"{text!r} is not a projected CRS in metres")
    return text, int(matched.group(1))


def _extent(section: Section) -> tuple[float, float, float, float]:
    west, south, east, north = section.numbers("extent_m", 4)
    if west >= east or south >= north:
        section.refuse("extent_m", "expected west < east and south < north")
    return west, south, east, north


def _timezone(section: Section) -> str:
    name = section.text("timezone")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        section.refuse("timezone", f"{name!r} is not an IANA time zone")
    return name


def _positive(section: Section, key: str) -> int:
    value = section.integer(key)
    if value <= 0:
        section.refuse(key, "must be more than 0")
    return value


def _exchange(section: Section) -> ExchangeTiming:
    inner = section.section("exchange")
    made = ExchangeTiming(
        _positive(inner, "lead_hours"),
        _positive(inner, "decide_margin_minutes"),
        _positive(inner, "hold_days"),
        inner.integer("desk_days", 2),
    )
    if made.desk_days < 0:
        inner.refuse("desk_days", "must be at least 0")
    inner.done()
    return made


def _consultation(section: Section) -> ConsultationTerms:
    inner = section.section("consultation")
    made = ConsultationTerms(_positive(inner, "days"), inner.choice("lapse", Silence))
    inner.done()
    return made


def _watch(section: Section) -> WatchTerms:
    """The whole section may be left out: then ordinary office hours and two days' notice hold."""
    inner, usual = section.section("watch"), WatchTerms()
    made = WatchTerms(
        inner.integer("notice_hours", usual.notice_hours),
        inner.text("opens", usual.opens),
        inner.text("closes", usual.closes),
    )
    inner.done()
    for key, value in (("opens", made.opens), ("closes", made.closes)):
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            inner.refuse(key, f'expected "HH:MM", found {value!r}')
    if made.notice_hours < 0 or made.opens >= made.closes:
        inner.refuse("opens", "must be before `closes`, and the notice at least 0 hours")
    return made


def _permit_days(section: Section) -> int:
    """`[permit] valid_days`; two years where the city says nothing."""
    inner = section.section("permit")
    days = inner.integer("valid_days", 730)
    inner.done()
    if days <= 0:
        inner.refuse("valid_days", "must be more than 0")
    return days


def _holidays(section: Section) -> frozenset[date]:
    """`[holidays]` in its own `calendar`: single `days` ("1405-01-01"), and `yearly` ones ("01-01")."""
    inner = section.section("holidays")
    calendar = inner.choice("calendar", Calendar, Calendar.GREGORIAN)
    found: set[date] = set()
    for text in inner.texts("days"):
        if (day := _day_in(calendar, text)) is None:
            inner.refuse("days", f"{text!r} is no day of the {calendar} calendar (YYYY-MM-DD)")
        found.add(day)
    for text in inner.texts("yearly"):
        made = {_day_in(calendar, f"{year}-{text}") for year in _HOLIDAY_YEARS[calendar]} - {None}
        if not made:
            inner.refuse("yearly", f"{text!r} is no day of the {calendar} calendar (MM-DD)")
        found |= {day for day in made if day is not None}
    inner.done()
    return frozenset(found)


def _day_in(calendar: Calendar, text: str) -> date | None:
    try:
        return day_in(calendar.value, text)
    except ValueError:
        return None


def _tariffs(folder: Path) -> dict[str, tuple[TariffCode, ...]]:
    root = Section.read(folder / "tariffs.toml")
    made: dict[str, tuple[TariffCode, ...]] = {}
    for company in root.sections("company"):
        codes = []
        for row in company.sections("tariff"):
            codes.append(TariffCode(row.text("class"), row.text("code"), row.words("name")))
            row.done()
        made[company.text("id")] = tuple(codes)
        company.done()
    root.done()
    return made


def _agency(section: Section, tariffs: Mapping[str, tuple[TariffCode, ...]]) -> Agency:
    contact = section.section("contact")
    utilities = section.texts("utilities")
    if unknown := set(utilities) - set(Utility):
        section.refuse("utilities", f"{min(unknown)!r} is none of {', '.join(Utility)}")
    agency_id = section.text("id")
    made = Agency(
        agency_id=agency_id,
        kind=section.text("kind"),
        utilities=tuple(Utility(name) for name in utilities),
        name=section.words("name"),
        contact=Contact(contact.text("phone"), contact.text("email"), contact.words("desk")),
        capability=section.text("capability"),
        consulted=section.boolean("consulted"),
        tariffs=tariffs.get(agency_id, ()),
    )
    contact.done()
    section.done()
    if made.capability not in (*OVER_THE_WIRE, AT_A_DESK):
        section.refuse(
            "capability", f"{made.capability!r} is none of {', '.join((*OVER_THE_WIRE, AT_A_DESK))}"
        )
    if made.consulted and not made.tariffs:
        section.refuse("consulted", f"tariffs.toml names no tariff of {agency_id!r}")
    return made


def _agencies(folder: Path) -> tuple[Agency, ...]:
    root = Section.read(folder / "agencies.toml")
    tariffs = _tariffs(folder)
    agencies = tuple(_agency(section, tariffs) for section in root.sections("agency"))
    root.done()
    ids = [agency.agency_id for agency in agencies]
    if unknown := set(tariffs) - set(ids):
        raise CityConfigError(
            file=str(folder / "tariffs.toml"), key=f"company[{min(unknown)}]", problem="no such agency"
        )
    if len(set(ids)) < len(ids):
        root.refuse("agency", "an id is used twice")
    return agencies
