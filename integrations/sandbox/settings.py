"""What the environment (prefix COMPANY_) and the command line say; nothing else here reads either."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from integrations.sandbox.profile import CompanyKind

SOURCE_ROOT = Path(__file__).resolve().parent.parent.parent


def _cities_dir() -> Path:
    beside = SOURCE_ROOT / "cities"
    return beside if beside.is_dir() else SOURCE_ROOT / "panjereh_data" / "cities"


class Level(StrEnum):
    """How much of the contract the company offers: all of it, no holds and keys, or no cancelling either."""

    L3 = "L3"
    L2 = "L2"
    L1 = "L1"


class Settings(BaseSettings):
    """One company in one city."""

    model_config = SettingsConfigDict(env_prefix="COMPANY_", extra="ignore")

    kind: CompanyKind
    city: str
    level: Level = Level.L3
    database_url: str
    token: SecretStr
    webhook_secret: SecretStr | None = Field(
        default=None, description="whsec_<base64>; without it, pull only"
    )
    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535, description="0: any free port")
    cities_dir: Path = Field(default_factory=_cities_dir)
    network_file: Path | None = Field(default=None, description="default: the city's file by companies.toml")
    currency: str | None = Field(default=None, description="ISO 4217; default: the city's")
    answer_delay_s: float = Field(default=0.0, ge=0, description="how long an inquiry lies on the desk")
    threads: int = Field(default=8, ge=2, le=100)
    capacity_factor: float = Field(
        default=1.0, ge=0, description="multiplies what each main is promised to carry"
    )
    max_service_length_m: float | None = Field(default=None, gt=0)
    announce_execution: bool = Field(
        default=False, description="send order.executed after a confirmed connection"
    )


def parse(arguments: Sequence[str] | None = None) -> Settings:
    """Return the settings from the command line, and from COMPANY_* for what it leaves out.

    Exits with a message for a wrong or missing option.
    """
    return parse_branches(arguments)[0]


def parse_branches(arguments: Sequence[str] | None = None) -> list[Settings]:
    """Return the settings of each branch: one company may serve several cities, each with its own books.

    `--branches` names a JSON file: a list of objects with the options (underscores for dashes) in which the branches
    differ. Exits with a message for a wrong or missing option.
    """
    parser = argparse.ArgumentParser("python -m integrations.sandbox", description=__doc__)
    parser.add_argument("--kind", choices=[kind.value for kind in CompanyKind])
    parser.add_argument("--city")
    parser.add_argument("--level", choices=[level.value for level in Level], help="default: L3, all of it")
    parser.add_argument("--database-url", help="created if it is missing")
    parser.add_argument("--token-file", type=Path, help="holds the bearer token")
    parser.add_argument(
        "--webhook-secret-file", type=Path, help="holds whsec_<base64>; without it, pull only"
    )
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--cities-dir", type=Path)
    parser.add_argument("--network-file", type=Path)
    parser.add_argument("--currency")
    parser.add_argument("--answer-delay-s", type=float)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--capacity-factor", type=float)
    parser.add_argument("--max-service-length-m", type=float)
    parser.add_argument("--announce-execution", action="store_true", default=None)
    parser.add_argument("--branches", type=Path, help="JSON: a list of option objects, one per city")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    branches_file = given.pop("branches", None)
    try:
        branches = [{}] if branches_file is None else json.loads(branches_file.read_text(encoding="utf-8"))
        return [_settings({**given, **branch}) for branch in branches]
    except (ValueError, TypeError, OSError) as error:
        parser.error(str(error))


def _settings(given: Mapping[str, Any]) -> Settings:
    options = dict(given)
    for option, name in (("token_file", "token"), ("webhook_secret_file", "webhook_secret")):
        path = options.pop(option, None)
        if path is not None:
            options[name] = Path(path).read_text(encoding="utf-8").strip()
    return Settings(**options)
