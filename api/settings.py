"""What the environment and the data directory say; nothing else of `api` reads either."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url

from geo.errors import PanjerehError
from layers.access import RoleMode
from layers.cluster import Cluster, is_reachable_by_server

SOURCE_ROOT = Path(__file__).resolve().parent.parent


class SettingsUnreadable(PanjerehError):
    """A settings file cannot be read."""

    code = "settings-unreadable"


def _packaged(name: str) -> Path:
    """The folder `name` beside the sources, or inside the installed wheel."""
    beside = SOURCE_ROOT / name
    return beside if beside.is_dir() else SOURCE_ROOT / "panjereh_data" / name


class AgencyEndpoint(BaseModel):
    """Where one agency of one city answers, and the two secrets shared with it."""

    model_config = ConfigDict(extra="forbid")

    url: str
    token: str = Field(repr=False)
    webhook_secret: str = Field(repr=False, description="Standard Webhooks secret, whsec_<base64>")
    timeout_s: float = Field(default=10.0, gt=0, le=120)


class AgencyBook(BaseModel):
    """The agencies file: `<city>/<agency>` -> endpoint."""

    model_config = ConfigDict(extra="forbid")

    agencies: dict[str, AgencyEndpoint] = Field(default_factory=dict)

    def of(self, city_id: str) -> dict[str, AgencyEndpoint]:
        """Endpoints of one city by agency id."""
        prefix = f"{city_id}/"
        return {
            key.removeprefix(prefix): value for key, value in self.agencies.items() if key.startswith(prefix)
        }


def default_data_dir(root: Path, system: Path = Path("/var/lib/panjereh")) -> Path:
    """`.data` beside the program; for root, where the database's own user cannot enter that, a place of its own.

    A clone under /root is the usual case: the server runs as user `postgres`, which may not pass through there.
    """
    beside = root / ".data"
    if is_reachable_by_server(root):
        return beside
    return system / hashlib.sha256(str(root).encode()).hexdigest()[:12]


class Settings(BaseSettings):
    """Every setting of the web process, the worker and the supervisor; environment prefix PANJEREH_."""

    model_config = SettingsConfigDict(env_prefix="PANJEREH_", extra="ignore")

    database_url: str | None = Field(default=None, description="SQLAlchemy URL; empty: the private cluster")
    database_name: str = "panjereh"
    database_role: RoleMode = Field(
        default=RoleMode.AUTO, description="run as the role panjereh_app: where prepared, always, or never"
    )
    data_dir: Path = Field(default_factory=lambda: default_data_dir(SOURCE_ROOT))
    cities_dir: Path = Field(default_factory=lambda: _packaged("cities"))
    web_dir: Path = Field(default_factory=lambda: SOURCE_ROOT / "web" / "dist")
    cities: list[str] = ["schutterwald", "karhula", "nemuneh"]
    desk_agencies: list[str] = Field(
        default=[],
        description="companies (<city>/<agency>) whose people answer at the desk, not their system",
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    public_url: str | None = Field(default=None, description="how companies reach this API, for webhooks")
    agencies_file: Path | None = Field(default=None, description="default: <data_dir>/agencies.json")
    pool_size: int = Field(default=10, ge=1, le=200)
    session_hours: float = Field(default=12.0, gt=0, le=24 * 30)
    body_limit_bytes: int = Field(default=1_048_576, ge=1024)
    upload_limit_bytes: int = Field(default=2 * 1024**3, ge=1024, description="largest delivered file")
    tile_cache_bytes: int = Field(default=64 * 1_048_576, ge=0)
    warm_networks: bool = Field(
        default=True, description="put networks together at the start and once published"
    )
    secure_cookies: bool = Field(default=False, description="true behind TLS")
    checkpoint_hours: float = Field(
        default=24.0, ge=0, description="a checkpoint over all histories; 0: never"
    )
    reconcile_hours: float = Field(
        default=24.0, ge=0, description="the companies' books are compared with ours; 0: never by the worker"
    )
    renew_survey: bool = Field(
        default=True, description="the worker makes a city's survey list again after deliveries"
    )
    survey_quiet_s: float = Field(
        default=60.0,
        gt=0,
        le=86_400,
        description="so long after the last delivery, and after the worker's start",
    )
    worker_slots_per_agency: int = Field(default=4, ge=1, le=64)
    worker_threads: int = Field(default=16, ge=1, le=100)
    worker_backoff_s: float = Field(default=1.0, gt=0, le=60)
    worker_poll_after_s: float = Field(default=30.0, gt=0)
    worker_poll_every_s: float = Field(default=60.0, gt=0)

    @property
    def address(self) -> str:
        """Base address by which others reach the API, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def agencies_path(self) -> Path:
        """Where the agencies file is."""
        return self.agencies_file or self.data_dir / "agencies.json"

    @property
    def uploads_dir(self) -> Path:
        """Where received files wait until they are read."""
        return self.data_dir / "uploads"

    @property
    def networks_dir(self) -> Path:
        """Where built networks are kept: a cache that may be deleted at any time."""
        return self.data_dir / "networks"

    @property
    def origin(self) -> str:
        """Whose histories a checkpoint's page speaks of; also the name of the key that signs it."""
        return f"panjereh/{self.database_name}"

    @property
    def checkpoints_dir(self) -> Path:
        """Where the pages of the checkpoints are written, for others to fetch."""
        return self.data_dir / "checkpoints"

    @property
    def logs_dir(self) -> Path:
        """Where the supervisor writes the logs of its children."""
        return self.data_dir / "logs"

    def agency_book(self) -> AgencyBook:
        """The agencies file as read now; empty when there is none."""
        path = self.agencies_path
        if not path.exists():
            return AgencyBook()
        try:
            return AgencyBook.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise SettingsUnreadable(path=str(path), reason=str(error)) from error

    def for_child(self, **changes: str) -> dict[str, str]:
        """The environment for a child process of the supervisor: ours, plus these settings."""
        environment = dict(os.environ)  # noqa: TID251 - this is the settings module
        for name, value in changes.items():
            environment[f"PANJEREH_{name.upper()}"] = value
        environment["PYTHONUNBUFFERED"] = "1"
        return environment

    def with_(self, **changes: object) -> Self:
        """A copy with some settings replaced."""
        return self.model_copy(update=changes)


def database_url(settings: Settings) -> str:
    """The database of the settings, or the private cluster's; connecting gives up after five seconds."""
    made = make_url(settings.database_url or Cluster(settings.data_dir).url(settings.database_name))
    if "connect_timeout" not in made.query:
        made = made.update_query_dict({"connect_timeout": "5"})
    return made.render_as_string(hide_password=False)


def write_private(path: Path, text: str) -> None:
    """`path` holds `text`, readable by the owner alone (0600), replaced in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(path)


def write_agency_book(path: Path, book: AgencyBook) -> None:
    """The agencies file at `path` says what `book` says."""
    write_private(path, json.dumps(book.model_dump(), indent=2, sort_keys=True) + "\n")


def new_secret() -> str:
    """A fresh opaque secret of 256 bits, safe in an address and a header."""
    return secrets.token_urlsafe(32)
