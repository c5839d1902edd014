"""Who may do what: one table of role and action, everything else refused.

The table is the outer wall; the workflow's own table (`permits.workflow`) is the inner one and is asked again
inside the transaction with the case row locked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal
from urllib.parse import urlsplit

from geo.errors import PanjerehError
from layers.access import Asker, Purpose, map_purpose, may_look
from layers.catalog import LayerSpec, Sensitivity
from permits.vocabulary import Role

COOKIE: Final = "panjereh_session"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class NotAuthenticated(PanjerehError):
    """A token or a session is needed here."""

    code = "not-authenticated"


class NotAllowed(PanjerehError):
    """The role may not do this."""

    code = "not-allowed"


class CrossSiteRequest(PanjerehError):
    """A change with the session cookie must come from this page itself."""

    code = "cross-site-request"


class Permission(StrEnum):
    """What the edge guards, by name."""

    READ_CITY = "read-city"
    READ_MAP_PUBLIC = "read-map-public"
    READ_MAP_SHARED = "read-map-shared"
    READ_MAP_SENSITIVE = "read-map-sensitive"
    READ_PARCEL = "read-parcel"
    READ_SCORECARD = "read-scorecard"
    READ_SURVEY = "read-survey"
    DELIVER = "deliver"
    READ_CASES = "read-cases"
    READ_HISTORY = "read-history"
    SUBMIT = "submit"
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    RETRY = "retry"
    DEFER = "defer"
    REVOKE = "revoke"
    COMPLETE = "complete"
    RECHECK = "recheck"
    MAKE_PACK = "make-pack"
    ASK_CRISIS = "ask-crisis"
    READ_INCIDENTS = "read-incidents"
    LOG_INCIDENT = "log-incident"
    RUN_INCIDENT = "run-incident"
    READ_DIGS = "read-digs"
    FILE_DIG = "file-dig"
    ACT_ON_DIG = "act-on-dig"
    PLAN_WORKS = "plan-works"
    PAVE = "pave"
    READ_CONTROL_LIST = "read-control-list"
    KEEP_CONTROL_LIST = "keep-control-list"
    READ_CONTACTS = "read-contacts"
    REPORT_TRENCH = "report-trench"
    ANSWER_TRENCH = "answer-trench"
    READ_DAMAGES = "read-damages"
    READ_DESK = "read-desk"
    WORK_AT_DESK = "work-at-desk"
    READ_TARIFF_LAG = "read-tariff-lag"
    READ_UNEXPLAINED = "read-unexplained"


_STAFF: Final = frozenset({Role.OFFICER, Role.FRONT_OFFICE})
_SEES_NETWORKS: Final = frozenset({Role.OFFICER, Role.CRISIS, Role.AGENCY})
_READERS: Final = _STAFF | {Role.AGENCY, Role.CRISIS, Role.AUDITOR}

POLICY: Final[Mapping[Permission, frozenset[Role]]] = {
    Permission.READ_CITY: frozenset(Role),
    Permission.READ_MAP_PUBLIC: frozenset(Role),
    Permission.READ_MAP_SHARED: _READERS,
    Permission.READ_MAP_SENSITIVE: _SEES_NETWORKS,
    Permission.READ_PARCEL: _READERS,
    Permission.READ_SCORECARD: _READERS,
    Permission.READ_SURVEY: frozenset({Role.OFFICER, Role.AGENCY, Role.AUDITOR}),
    Permission.DELIVER: frozenset({Role.OFFICER, Role.AGENCY}),
    Permission.READ_CASES: _READERS | {Role.APPLICANT},
    Permission.READ_HISTORY: _STAFF | {Role.AUDITOR, Role.APPLICANT},
    Permission.SUBMIT: _STAFF | {Role.APPLICANT},
    Permission.APPROVE: frozenset({Role.OFFICER}),
    Permission.REFUSE: frozenset({Role.OFFICER}),
    Permission.WITHDRAW: _STAFF | {Role.APPLICANT},
    Permission.RETRY: frozenset({Role.OFFICER}),
    Permission.DEFER: frozenset({Role.OFFICER}),
    Permission.REVOKE: frozenset({Role.OFFICER}),
    Permission.COMPLETE: frozenset({Role.OFFICER}),
    Permission.RECHECK: frozenset({Role.OFFICER}),
    Permission.MAKE_PACK: _SEES_NETWORKS,
    Permission.ASK_CRISIS: _SEES_NETWORKS,
    Permission.READ_INCIDENTS: _SEES_NETWORKS | {Role.AUDITOR},
    Permission.LOG_INCIDENT: _SEES_NETWORKS,
    Permission.RUN_INCIDENT: frozenset({Role.OFFICER, Role.CRISIS}),
    Permission.READ_DIGS: _READERS | {Role.APPLICANT},
    Permission.FILE_DIG: _STAFF | {Role.APPLICANT, Role.AGENCY, Role.CRISIS},
    Permission.ACT_ON_DIG: _STAFF | {Role.APPLICANT, Role.AGENCY, Role.CRISIS},
    Permission.PLAN_WORKS: frozenset({Role.OFFICER, Role.AGENCY}),
    Permission.PAVE: frozenset({Role.OFFICER}),
    Permission.READ_CONTROL_LIST: _STAFF | {Role.AGENCY, Role.AUDITOR},
    Permission.KEEP_CONTROL_LIST: frozenset({Role.OFFICER}),
    Permission.READ_CONTACTS: frozenset({Role.OFFICER, Role.CRISIS}),
    Permission.REPORT_TRENCH: _STAFF | {Role.APPLICANT, Role.AGENCY, Role.CRISIS},
    Permission.ANSWER_TRENCH: frozenset({Role.OFFICER, Role.AGENCY}),
    Permission.READ_DAMAGES: _READERS,
    Permission.READ_DESK: frozenset({Role.OFFICER, Role.AGENCY, Role.AUDITOR}),
    Permission.WORK_AT_DESK: frozenset({Role.AGENCY}),
    Permission.READ_TARIFF_LAG: frozenset({Role.OFFICER, Role.AUDITOR}),
    Permission.READ_UNEXPLAINED: frozenset({Role.OFFICER, Role.AUDITOR}),
}
"""Role x action. An action that is not here, or a role that is not in its row, is refused.

An applicant passes here for the own cases; whose case it is, the use case knows (`permits.service`).
"""

OPEN_TO_ALL: Final = frozenset({Permission.READ_CITY, Permission.READ_MAP_PUBLIC})
"""What needs no token at all: the list of cities and the public layers."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is asking: the owner of a token or of a browser session opened with it."""

    actor_id: str
    name: str
    role: Role
    agency: str | None
    city_id: str | None
    via: Literal["bearer", "cookie"]


def may(holder: Holder | None, permission: Permission, city_id: str | None = None) -> bool:
    """True when the table allows it, and the holder's city (if bound to one) is the city asked about."""
    if holder is None:
        return permission in OPEN_TO_ALL
    in_city = holder.city_id is None or city_id is None or holder.city_id == city_id
    return in_city and holder.role in POLICY.get(permission, frozenset())


def require(holder: Holder | None, permission: Permission, city_id: str | None = None) -> None:
    """Return if allowed; raise NotAuthenticated (401) without a holder, NotAllowed (403) otherwise."""
    if may(holder, permission, city_id):
        return
    if holder is None:
        raise NotAuthenticated(hint="send-bearer-token")
    raise NotAllowed(role=holder.role.value, action=permission.value)


MAP_PERMISSION: Final[Mapping[str, Permission]] = {
    "public": Permission.READ_MAP_PUBLIC,
    "shared": Permission.READ_MAP_SHARED,
    "sensitive": Permission.READ_MAP_SENSITIVE,
}
"""Which permission a layer's sensitivity class asks for; an unknown class is treated as sensitive."""


def map_permission(sensitivity: str) -> Permission:
    """The permission that a layer of this sensitivity class asks for."""
    return MAP_PERMISSION.get(sensitivity, Permission.READ_MAP_SENSITIVE)


def may_see(holder: Holder | None, sensitivity: str, city_id: str) -> bool:
    """True when the holder may see layers of this sensitivity class in this city."""
    return may(holder, map_permission(sensitivity), city_id)


def asker(holder: Holder) -> Asker:
    """The holder as the layers' policy knows it."""
    return Asker(holder.actor_id, holder.role.value, holder.agency, holder.city_id)


def may_look_at(holder: Holder | None, spec: LayerSpec, city_id: str, purpose: Purpose | None = None) -> bool:
    """True when both tables allow the layer: the edge's by class, the layers' by owner and purpose."""
    if not may_see(holder, spec.sensitivity, city_id):
        return False
    if holder is None or spec.sensitivity != Sensitivity.SENSITIVE:
        return True
    return may_look(
        asker(holder), purpose or map_purpose(holder.role.value), spec.sensitivity, spec.owner, city_id
    )


def check_same_site(method: str, headers: Mapping[str, str]) -> None:
    """Raise CrossSiteRequest for a change sent by a browser from another page.

    The session cookie is SameSite=Strict already; this is the second lock, for browsers and proxies that
    do not honour it. `headers` has lower-case names.
    """
    if method in SAFE_METHODS:
        return
    site = headers.get("sec-fetch-site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise CrossSiteRequest(site=site)
        return
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        raise CrossSiteRequest(site=origin)
