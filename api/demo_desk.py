"""Companies that work by people at a desk, in the demonstration: their own person acts, or it is said what waits where.

Which company that is, is read from the running system: the command's own settings need not be the server's.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from api.client import ApiRefused, Client
from api.home import PEOPLE

_SAID: Final = "Said by the demonstration at the company's desk."


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits at a company's desk, and the address of its page there."""

    agency: str
    op: str
    page: str


def desk_people(tokens: Mapping[str, str]) -> dict[str, str]:
    """The tokens of the demonstration's people by the company they work for."""
    return {each.agency: tokens[each.actor_id] for each in PEOPLE if each.agency and each.actor_id in tokens}


class Desks:
    """The desks of a city's companies as one case meets them; a context manager, for its clients."""

    def __init__(self, address: str, city_id: str, people: Mapping[str, str]) -> None:
        self._address = address
        self._city_id = city_id
        self._tokens = people
        self._people: dict[str, Client] = {}
        self._stack = ExitStack()
        self.acted: list[tuple[str, str]] = []
        """Which company's person did what, in order: (agency, op)."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: tuple[type[BaseException], BaseException, TracebackType] | None) -> None:
        self._stack.close()

    def attend(self, reader: Client, case_id: str) -> list[Waiting]:
        """Do what waits for this case at a desk; what waits for somebody unknown here is returned.

        `reader` is whoever plays the case. One who may not read the desks sees nothing waiting.
        """
        base = f"/v1/cities/{self._city_id}/desk"
        try:
            tasks: list[dict[str, Any]] = reader.get(base)["tasks"]
        except ApiRefused:
            return []
        waiting = []
        for task in tasks:
            if task["case_id"] != case_id or not (task["at_desk"] and task["is_open"]):
                continue
            if not self._act(base, task):
                page = f"{self._address}/#/{self._city_id}/desk/{task['task_id']}"
                waiting.append(Waiting(task["agency"], task["op"], page))
        return waiting

    def _act(self, base: str, task: dict[str, Any]) -> bool:
        """Whether the company's person is here; a task that somebody else took meanwhile is theirs."""
        person = self._person(task["agency"])
        if person is None:
            return False
        path = f"{base}/{task['task_id']}"
        body: dict[str, Any] = {"expected_version": task["version"], "note": _SAID}
        try:
            if task["op"] == "inquire":
                person.post(f"{path}/answer", body | {"serviceable": True})
            else:
                number = f"{task['agency'].upper()}-{task['op'].upper()}-{task['case_no']}"
                person.post(f"{path}/done", body | {"number": number})
        except ApiRefused as refused:
            # a token of another system is nobody here
            return refused.params["refusal"] == "desk-task-changed"
        self.acted.append((task["agency"], task["op"]))
        return True

    def _person(self, agency: str) -> Client | None:
        if agency not in self._people and agency in self._tokens:
            self._people[agency] = self._stack.enter_context(Client(self._address, self._tokens[agency]))
        return self._people.get(agency)
