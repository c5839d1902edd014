"""The policy table: deny by default, and never looser than the workflow's own table."""

from __future__ import annotations

import itertools

import pytest

from api.security import (
    OPEN_TO_ALL,
    POLICY,
    CrossSiteRequest,
    Holder,
    NotAllowed,
    NotAuthenticated,
    Permission,
    check_same_site,
    may,
    may_see,
    require,
)
from permits.vocabulary import Action, Role
from permits.workflow import TRANSITIONS


def holder(role: Role, city: str | None = None) -> Holder:
    return Holder(f"{role}-1", str(role), role, "gas" if role is Role.AGENCY else None, city, "bearer")


def test_every_permission_has_a_row() -> None:
    assert set(POLICY) == set(Permission)


@pytest.mark.parametrize(("role", "permission"), list(itertools.product(Role, Permission)))
def test_table_for_every_role_and_action(role: Role, permission: Permission) -> None:
    if role in POLICY[permission]:
        require(holder(role), permission)
        return
    with pytest.raises(NotAllowed):
        require(holder(role), permission)


@pytest.mark.parametrize("permission", Permission)
def test_nobody_may_only_what_is_open_to_all(permission: Permission) -> None:
    assert may(None, permission) == (permission in OPEN_TO_ALL)
    if permission not in OPEN_TO_ALL:
        with pytest.raises(NotAuthenticated):
            require(None, permission)


@pytest.mark.parametrize(("role", "permission"), list(itertools.product(Role, Permission)))
def test_a_holder_bound_to_a_city_is_nobody_elsewhere(role: Role, permission: Permission) -> None:
    assert not may(holder(role, "karhula"), permission, "schutterwald")
    assert may(holder(role, "karhula"), permission, "karhula") == may(holder(role), permission)


def test_the_edge_is_never_looser_than_the_workflow() -> None:
    actions = {each.value for each in Action} & {each.value for each in Permission}
    assert {"approve", "refuse", "withdraw", "retry", "defer", "revoke", "complete", "recheck"} <= actions
    for action in actions:
        inner = {role for row in TRANSITIONS if row.action == action for role in row.roles}
        assert POLICY[Permission(action)] <= inner, action


def test_a_layer_of_unknown_class_counts_as_sensitive() -> None:
    assert may_see(holder(Role.CRISIS), "never-heard-of", "x")
    assert not may_see(holder(Role.FRONT_OFFICE), "never-heard-of", "x")
    assert not may_see(None, "never-heard-of", "x")


@pytest.mark.parametrize(
    ("method", "headers", "is_refused"),
    [
        ("GET", {"sec-fetch-site": "cross-site"}, False),
        ("POST", {"sec-fetch-site": "same-origin"}, False),
        ("POST", {"sec-fetch-site": "same-site"}, True),
        ("POST", {"sec-fetch-site": "cross-site"}, True),
        ("POST", {"origin": "http://h:1", "host": "h:1"}, False),
        ("POST", {"origin": "http://h:2", "host": "h:1"}, True),
        ("DELETE", {"origin": "null", "host": "h:1"}, True),
        ("POST", {"host": "h:1"}, False),
    ],
)
def test_changes_by_cookie_come_from_the_page_itself(
    method: str, headers: dict[str, str], is_refused: bool
) -> None:
    if not is_refused:
        check_same_site(method, headers)
        return
    with pytest.raises(CrossSiteRequest):
        check_same_site(method, headers)
