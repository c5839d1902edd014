"""What the supervisor keeps in the data directory: its lock, ports, tokens and the companies' secrets."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api.settings import AgencyBook, AgencyEndpoint, Settings, new_secret, write_agency_book, write_private
from geo.errors import PanjerehError
from layers.city import City
from permits.vocabulary import Role


class AlreadyRunning(PanjerehError):
    """Another `panjereh run` uses this data directory."""

    code = "already-running"


class NoPort(PanjerehError):
    """No free port was found near the wanted one."""

    code = "no-port"


@dataclass(frozen=True, slots=True)
class Person:
    """One of the demonstration's people: an actor with a role and a name, and the agency they work for."""

    actor_id: str
    role: Role
    name: str
    agency: str | None = None


PEOPLE: Final = (
    Person("officer-1", Role.OFFICER, "Officer one"),
    Person("officer-2", Role.OFFICER, "Officer two"),
    Person("front-1", Role.FRONT_OFFICE, "Front office"),
    Person("crisis-1", Role.CRISIS, "Crisis desk"),
    Person("auditor-1", Role.AUDITOR, "Auditor"),
    Person("water-1", Role.AGENCY, "Water company", "water"),
    Person("power-1", Role.AGENCY, "Power company", "power"),
    Person("gas-1", Role.AGENCY, "Gas company", "gas"),
)


class Home:
    """The data directory of one installation."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.root: Path = settings.data_dir.resolve()

    @property
    def lock_path(self) -> Path:
        """The lock file; holds the supervisor's process id while it runs."""
        return self.root / "run.lock"

    @property
    def state_path(self) -> Path:
        """Ports and what the first start has done."""
        return self.root / "state.json"

    @property
    def tokens_path(self) -> Path:
        """The demonstration's tokens (0600)."""
        return self.root / "tokens.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one supervisor at a time; AlreadyRunning names the other one."""
        self.root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(pid=self.holder() or 0, hint="stop-the-other-run") from None
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            yield
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def holder(self) -> int | None:
        """The process id of the running supervisor, if any."""
        text = self.lock_path.read_text().strip() if self.lock_path.exists() else ""
        return int(text) if text.isdigit() else None

    def is_locked(self) -> bool:
        """True while a supervisor runs on this directory."""
        if not self.lock_path.exists():
            return False
        with self.lock_path.open() as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def state(self) -> dict[str, Any]:
        """What was remembered; empty on the first start."""
        if not self.state_path.exists():
            return {}
        loaded: dict[str, Any] = json.loads(self.state_path.read_text(encoding="utf-8"))
        return loaded

    def remember(self, **changes: Any) -> None:
        """The state holds these values too."""
        write_private(self.state_path, json.dumps(self.state() | changes, indent=2) + "\n")

    def tokens(self) -> dict[str, str]:
        """Tokens by actor id, made on the first call and kept from then on."""
        kept: dict[str, str] = {}
        if self.tokens_path.exists():
            kept = json.loads(self.tokens_path.read_text(encoding="utf-8"))
        full = {person.actor_id: kept.get(person.actor_id) or new_secret() for person in PEOPLE}
        if full != kept:
            write_private(self.tokens_path, json.dumps(full, indent=2, sort_keys=True) + "\n")
        return full

    def ports(self, names: Sequence[str]) -> dict[str, int]:
        """A free port for each name: the remembered one if free, else the next from the API's port up."""
        remembered: dict[str, int] = self.state().get("ports", {})
        chosen: dict[str, int] = {}
        following = self.settings.port
        for name in names:
            wanted = self.settings.port if name == "api" else remembered.get(name, following)
            port = free_port(self.settings.host, wanted, set(chosen.values()))
            chosen[name] = port
            following = max(chosen.values()) + 1
        self.remember(ports=chosen)
        return chosen

    def agencies(self, addresses: Mapping[str, str]) -> AgencyBook:
        """The agencies file with these companies (`<city>/<agency>` -> address); secrets are kept."""
        kept = self.settings.agency_book().agencies
        book = dict(kept)
        for name, address in addresses.items():
            known = kept.get(name)
            book[name] = AgencyEndpoint(
                url=address,
                token=known.token if known else new_secret(),
                webhook_secret=known.webhook_secret if known else new_webhook_secret(),
            )
        made = AgencyBook(agencies=book)
        if made.agencies != kept:
            write_agency_book(self.settings.agencies_path, made)
        return made

    def company_files(self, name: str, endpoint: AgencyEndpoint) -> tuple[Path, Path]:
        """The token and webhook-secret files one company reads at its start (0600)."""
        folder = self.root / "companies"
        stem = name.replace("/", "-")
        token, secret = folder / f"{stem}.token", folder / f"{stem}.webhook"
        write_private(token, endpoint.token + "\n")
        write_private(secret, endpoint.webhook_secret + "\n")
        return token, secret

    def branches_file(self, agency_id: str, branches: Sequence[Mapping[str, str | int]]) -> Path:
        """The file by which one company's process knows its branches (0600: it names the databases)."""
        path = self.root / "companies" / f"{agency_id}.json"
        write_private(path, json.dumps(list(branches), indent=2) + "\n")
        return path


def company_names(cities: Sequence[City]) -> list[str]:
    """`<city>/<agency>` of every company that is asked over the wire."""
    return [f"{city.city_id}/{agency.agency_id}" for city in cities for agency in city.consulted_agencies]


def new_webhook_secret() -> str:
    """A Standard Webhooks secret of 256 bits."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def free_port(host: str, wanted: int, taken: set[int]) -> int:
    """The first free port from `wanted` up, at most 200 further; NoPort otherwise."""
    for port in range(wanted, min(wanted + 200, 65536)):
        if port not in taken and _is_free(host, port):
            return port
    raise NoPort(wanted=wanted)


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
