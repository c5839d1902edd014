"""The cities an installation serves, with what its settings say about them over their own files."""

from __future__ import annotations

from dataclasses import replace

from api.settings import Settings
from geo.errors import PanjerehError
from layers.city import AT_A_DESK, City, load_city


class DeskUnknown(PanjerehError):
    """PANJEREH_DESK_AGENCIES names what is no consulted company of a served city."""

    code = "desk-unknown"


def served_city(settings: Settings, city_id: str) -> City:
    """One city; its companies named in `desk_agencies` ("<city>/<agency>") work at the desk, not over the wire.

    Raises `DeskUnknown` for a name that is no consulted company of this city, or what `load_city` raises.
    """
    city = load_city(settings.cities_dir, city_id)
    prefix = f"{city_id}/"
    named = {name.removeprefix(prefix) for name in settings.desk_agencies if name.startswith(prefix)}
    if unknown := named - {agency.agency_id for agency in city.consulted_agencies}:
        raise DeskUnknown(given=prefix + min(unknown), known=[a.agency_id for a in city.consulted_agencies])
    if not named:
        return city
    agencies = tuple(
        replace(agency, capability=AT_A_DESK) if agency.agency_id in named else agency
        for agency in city.agencies
    )
    return replace(city, agencies=agencies)


def served_cities(settings: Settings) -> dict[str, City]:
    """Every served city by id. Raises `DeskUnknown` also for a city that is not served."""
    for name in settings.desk_agencies:
        if name.partition("/")[0] not in settings.cities:
            raise DeskUnknown(given=name, known=list(settings.cities))
    return {city_id: served_city(settings, city_id) for city_id in settings.cities}
