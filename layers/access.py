"""Who may look at which layer, for what, and the one door to the sensitive ones.

The policy is one table of role, purpose and owner; what is not in it is refused. Behind it stand two walls in
the database: `layers.assets_in_area` is the only way of the application's role to features of sensitive layers
(it checks the area, the case and the day's budget, and writes down the look in the same transaction), and
row-level security hides everything else that the transaction has no business with.
"""

from __future__ import annotations

# ruff: noqa: S608 - what is spliced into SQL is a constant of the code, never data
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import psycopg2
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError

from geo.errors import PanjerehError
from layers.catalog import LayerSpec, Sensitivity
from layers.reads import Reader, Statement, connection_of, execute_prepared

log = logging.getLogger("panjereh.access")

ROLE: Final = "panjereh_app"
MAX_AREA_M2: Final = 250_000.0
"""What one look may cover: 500 m by 500 m, as the Dutch register (KLIC) has it. The database checks it too."""
CASE_MARGIN_M: Final = 100.0
_SQLSTATE: Final = "PJ403"


class AccessRefused(PanjerehError):
    """These layers may not be looked at so."""

    code = "access-refused"


class LookUnidentified(AccessRefused):
    """Nobody has said who looks at these layers, in which city and for what."""

    code = "look-unidentified"


class LookTooLarge(AccessRefused):
    """One look at sensitive layers may not cover so large an area."""

    code = "look-too-large"


class CaseNotOpen(AccessRefused):
    """Looking at sensitive layers for a case needs a case that is open in this city."""

    code = "case-not-open"


class OutsideCaseSite(AccessRefused):
    """The area is not at the site of the case."""

    code = "outside-case-site"


class AreaBudgetSpent(AccessRefused):
    """The asker has looked at as much new ground today as one may for this purpose."""

    code = "area-budget-spent"


_REFUSALS: Final[Mapping[str, type[AccessRefused]]] = {
    "unidentified": LookUnidentified,
    "area-too-large": LookTooLarge,
    "case-not-open": CaseNotOpen,
    "outside-case-site": OutsideCaseSite,
    "area-budget-spent": AreaBudgetSpent,
}


class Purpose(StrEnum):
    """What somebody looks at layers for; `layers.access_purpose` holds each one's limits."""

    PERMIT = "permit"
    """The conflict check and the dossier of a case: findings, not maps."""
    REVIEW = "review"
    """A look at the site of an open case."""
    OVERVIEW = "overview"
    """The map, without a case."""
    EMERGENCY = "emergency"
    OWN_ASSETS = "own_assets"
    """An agency's people at the agency's own layers."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who looks: a person or machine, its role, its organisation if an agency's, its city if bound to one."""

    actor_id: str
    role: str
    organisation: str | None = None
    city_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Reach:
    """The highest class that may be seen of one's own organisation's layers, and of the others'."""

    own: Sensitivity
    others: Sensitivity


_ALL: Final = _Reach(Sensitivity.SENSITIVE, Sensitivity.SENSITIVE)
_SHARED: Final = _Reach(Sensitivity.SHARED, Sensitivity.SHARED)
_PUBLIC: Final = _Reach(Sensitivity.PUBLIC, Sensitivity.PUBLIC)
_OWN: Final = _Reach(Sensitivity.SENSITIVE, Sensitivity.SHARED)

POLICY: Final[Mapping[tuple[str, Purpose], _Reach]] = {
    ("officer", Purpose.PERMIT): _ALL,
    ("front_office", Purpose.PERMIT): _ALL,
    ("applicant", Purpose.PERMIT): _ALL,
    ("system", Purpose.PERMIT): _ALL,
    ("agency", Purpose.PERMIT): _ALL,
    ("crisis", Purpose.PERMIT): _ALL,
    ("auditor", Purpose.PERMIT): _ALL,
    ("officer", Purpose.REVIEW): _ALL,
    ("agency", Purpose.REVIEW): _ALL,
    ("crisis", Purpose.REVIEW): _ALL,
    ("front_office", Purpose.REVIEW): _SHARED,
    ("auditor", Purpose.REVIEW): _SHARED,
    ("officer", Purpose.OVERVIEW): _ALL,
    ("agency", Purpose.OVERVIEW): _SHARED,
    ("crisis", Purpose.OVERVIEW): _SHARED,
    ("front_office", Purpose.OVERVIEW): _SHARED,
    ("auditor", Purpose.OVERVIEW): _SHARED,
    ("applicant", Purpose.OVERVIEW): _PUBLIC,
    ("crisis", Purpose.EMERGENCY): _ALL,
    ("officer", Purpose.EMERGENCY): _ALL,
    ("agency", Purpose.EMERGENCY): _OWN,
    ("agency", Purpose.OWN_ASSETS): _OWN,
}
"""Role x purpose; a pair that is not here sees nothing.

`permit` is open to all who may ask for a dossier or open a case: what leaves is a distance and a finding at the
site, and each look is written down. Maps of sensitive layers are for the officer, the crisis desk and the owner.
"""

_MAP_PURPOSE: Final[Mapping[str, Purpose]] = {
    "crisis": Purpose.EMERGENCY,
    "agency": Purpose.OWN_ASSETS,
}
_ORDER: Final = {each: number for number, each in enumerate(Sensitivity)}


def map_purpose(role: str) -> Purpose:
    """Return what a person of this role looks at the city's map for."""
    return _MAP_PURPOSE.get(role, Purpose.OVERVIEW)


def may_look(asker: Asker | None, purpose: Purpose, sensitivity: str, owner: str, city_id: str) -> bool:
    """Say whether the policy lets the asker see a layer of this class and owner; nobody sees what is public.

    An unknown class counts as sensitive; an asker bound to another city sees what is public there.
    """
    known = Sensitivity(sensitivity) if sensitivity in set(Sensitivity) else Sensitivity.SENSITIVE
    if known is Sensitivity.PUBLIC:
        return True
    if asker is None or asker.city_id not in (None, city_id):
        return False
    reach = POLICY.get((asker.role, purpose))
    if reach is None:
        return False
    is_own = asker.organisation is not None and asker.organisation == owner
    return _ORDER[known] <= _ORDER[reach.own if is_own else reach.others]


def require_look(asker: Asker | None, purpose: Purpose, spec: LayerSpec, city_id: str) -> None:
    """Return if the policy lets the asker see the layer; raise AccessRefused otherwise."""
    if not may_look(asker, purpose, spec.sensitivity, spec.owner, city_id):
        raise AccessRefused(layer=spec.layer_id, purpose=purpose, role=asker.role if asker else "-")


# --- the transaction says who looks

_IDENTIFY = text(
    "SELECT set_config('panjereh.actor', :actor, true), set_config('panjereh.role', :role, true), "
    "set_config('panjereh.organisation', :organisation, true), set_config('panjereh.city', :city, true), "
    "set_config('panjereh.purpose', :purpose, true), set_config('panjereh.case', :case_id, true)"
)


def identify(
    reader: Reader, asker: Asker, city_id: str, purpose: Purpose, case_id: UUID | None = None
) -> None:
    """Say, for the rest of this transaction, who looks at which city's layers and for what.

    From here on row-level security hides other cities' features from the application's role. Raises
    AccessRefused for an asker who is bound to another city or has no business with this purpose.
    """
    if asker.city_id not in (None, city_id) or (asker.role, purpose) not in POLICY:
        raise AccessRefused(layer="*", purpose=purpose, role=asker.role)
    values = {
        "actor": asker.actor_id,
        "role": asker.role,
        "organisation": asker.organisation or "",
        "city": city_id,
        "purpose": str(purpose),
        "case_id": str(case_id) if case_id else "",
    }
    reader.execute(_IDENTIFY, values)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the database's refusal of a look into the exception that says why, with the numbers."""
    try:
        yield
    except DBAPIError as error:
        said = error.orig
        if not isinstance(said, psycopg2.Error) or said.pgcode != _SQLSTATE:
            raise
        found, allowed = (float(part) for part in (said.diag.message_detail or "0 0").split())
        raise _REFUSALS[said.diag.message_primary or ""](
            found=round(found, 1), allowed=round(allowed, 1)
        ) from error


# The door as a FROM item; purpose and case are what `identify` said.
DOOR: Final = (
    "layers.assets_in_area(current_setting('panjereh.purpose', true), :city_id, :layer_ids, {shape}, {radius}, "
    "nullif(current_setting('panjereh.case', true), '')::uuid)"
)


def is_app(reader: Reader) -> bool:
    """Say whether this connection runs as the application's role."""
    connection = connection_of(reader)
    return bool(connection.info.get(ROLE))


OPEN: Final = "l.sensitivity IN ('public', 'shared')"
"""Whether a layer `l` of the register is open to the application's role, as SQL."""
_SENSITIVE: Final = Statement(
    "SELECT l.layer_id FROM layers.layer l WHERE l.city_id = %(city_id)s AND l.layer_id = ANY(%(layer_ids)s) "
    f"AND NOT {OPEN}",
    dict.fromkeys(("city_id", "layer_ids")),
)


def behind_the_door(reader: Reader, city_id: str, layer_ids: Collection[str]) -> frozenset[str]:
    """Return those of the layers that this connection can only see through the door."""
    if not layer_ids or not is_app(reader):
        return frozenset()
    values = {"city_id": city_id, "layer_ids": list(layer_ids)}
    connection = connection_of(reader)
    return frozenset(row[0] for row in execute_prepared(connection, _SENSITIVE, values))


# --- which role a process runs as


class RoleMode(StrEnum):
    """Whether a process runs as the application's role: where the server allows it, always, or never."""

    AUTO = "auto"
    REQUIRE = "require"
    OFF = "off"


class AppRoleMissing(PanjerehError):
    """The database is not prepared for the application's own role, which the settings require."""

    code = "app-role-missing"


_STATE = """SELECT to_regprocedure('layers.grant_app()') IS NOT NULL,
    EXISTS (SELECT FROM pg_roles WHERE rolname = 'panjereh_app'),
    coalesce((SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = 'panjereh_app'), false),
    coalesce((SELECT bool_and(proleakproof) FROM pg_proc WHERE proname = 'geometry_overlaps' AND pronargs = 2), false)
"""
_LACKS: Final = ("not-migrated", "no-role", "not-a-member", "overlap-not-leakproof")


def what_lacks(cursor: Any) -> str | None:
    """Return why this server's connections cannot run as the application's role (see docs/access.md), or None."""
    cursor.execute(_STATE)
    return next((why for why, is_good in zip(_LACKS, cursor.fetchone(), strict=True) if not is_good), None)


def run_as_app(engine: Engine, mode: RoleMode = RoleMode.AUTO) -> Engine:
    """Make every new connection of the engine run as the application's role, and return the engine.

    With `auto`, a server that is not prepared (no such role, not a member of it, && not leakproof so that
    row-level security would lose the index) is used as the owner, and the log says so once. With `require`
    it is AppRoleMissing.
    """
    said: set[str] = set()

    def connected(dbapi: Any, record: Any) -> None:
        before, dbapi.autocommit = dbapi.autocommit, True
        with dbapi.cursor() as cursor:
            lack = what_lacks(cursor)
            if lack is None:
                cursor.execute(f"SET ROLE {ROLE}")
                record.info[ROLE] = True
        dbapi.autocommit = before
        if lack is not None and mode is RoleMode.REQUIRE:
            raise AppRoleMissing(lacks=lack, hint="prepare-app-role")
        if lack is not None and lack not in said:
            said.add(lack)
            log.warning("running as the owner of the tables, not as %s: %s (docs/access.md)", ROLE, lack)

    if mode is not RoleMode.OFF:
        event.listen(engine, "connect", connected)
    return engine
