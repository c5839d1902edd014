"""Making an installation ready: schema, cities, tokens and the agencies file. Everything can be repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Engine

from api import tokens
from api.home import PEOPLE, Home
from geo.errors import PanjerehError
from layers.city import City
from layers.database import make_sessions
from layers.ingest import import_city


class CompanyMisnamed(PanjerehError):
    """A company is given as city/agency=address."""

    code = "company-misnamed"


def import_cities(engine: Engine, home: Home, cities: Sequence[City], say: Callable[[str], None]) -> None:
    """Every layer of the cities says what its file says; unchanged files are not read again."""
    for city in cities:
        reports = import_city(engine, city, home.settings.cities_dir)
        published = sum(report.outcome == "published" for report in reports)
        say(f"{city.city_id:14} {len(reports)} layers, {published} new")


def store_tokens(engine: Engine, home: Home) -> None:
    """The demonstration's people have their tokens; kept ones stay as they are."""
    kept = home.tokens()
    with make_sessions(engine).begin() as session:
        for person in PEOPLE:
            tokens.create_token(
                session,
                person.actor_id,
                person.role,
                name=person.name,
                agency=person.agency,
                secret=kept[person.actor_id],
            )


def parse_companies(given: Sequence[str]) -> dict[str, str]:
    """`city/agency=address` pairs as a mapping; CompanyMisnamed names the one that is not such a pair."""
    made: dict[str, str] = {}
    for text in given:
        name, _, address = text.partition("=")
        if name.count("/") != 1 or not address.startswith(("http://", "https://")):
            raise CompanyMisnamed(given=text, hint="city-agency-address")
        made[name] = address.rstrip("/")
    return made


def connect_companies(home: Home, addresses: Mapping[str, str]) -> None:
    """The agencies file knows the companies, and each has the files with its secrets."""
    book = home.agencies(addresses)
    for name in addresses:
        home.company_files(name, book.agencies[name])
