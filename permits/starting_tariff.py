"""The tariff a parcel has before a permit changes it: confirmed by the company, recorded in the layer, or assumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from layers.city import Agency, City
from layers.parcel_facts import parcel_attributes
from permits.store import current_tariffs
from permits.tariff import Start
from permits.vocabulary import TariffBasis, TariffClass

ASSUMED = Start(TariffClass.RESIDENTIAL, TariffBasis.ASSUMED)


def starting_tariffs(
    session: Session, city: City, parcel_id: str, agencies: Iterable[str]
) -> dict[str, Start]:
    """The class of each company, and on what it rests.

    What the company last confirmed to us counts first; then the parcel's delivery: a column `tariff_<agency>`, else
    `tariff_class`, with our class or the company's own code; else residential is assumed, and shown as assumed.
    """
    confirmed = current_tariffs(session, city.city_id, parcel_id)
    wanted = list(agencies)
    delivered = {} if set(wanted) <= set(confirmed) else parcel_attributes(session, city.city_id, parcel_id)
    return {
        agency: Start(confirmed[agency], TariffBasis.CONFIRMED)
        if agency in confirmed
        else _recorded(city.agency(agency), delivered) or ASSUMED
        for agency in wanted
    }


def _recorded(agency: Agency, delivered: Mapping[str, Any]) -> Start | None:
    """The class that the parcel's delivery names for this company, or None."""
    codes = {code.code.casefold(): code.tariff_class for code in agency.tariffs}
    classes = {member.value for member in TariffClass}
    for column in (f"tariff_{agency.agency_id}", "tariff_class"):
        said = str(delivered.get(column) or "").strip().casefold()
        found = codes.get(said, said)
        if found in classes:
            return Start(TariffClass(found), TariffBasis.RECORDED)
    return None
