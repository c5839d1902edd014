"""The worker's part: a list is made in a process that gives way and ends with it; the API says how the list stands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from api.background import NICE, SurveyRenewal, starter
from api.settings import Settings
from layers import survey_state
from layers.city import City, load_city
from layers.database import make_engine
from layers.ingest import roll_back
from permits.vocabulary import Role
from tests.api.conftest import served
from tests.waiting import wait_until

AT_ONCE = timedelta(0)
LIST = "/v1/cities/schutterwald/survey-list"
STANDING = f"{LIST}/standing"


@pytest.fixture
def city(root: Path) -> City:
    return load_city(root / "cities", "schutterwald")


class Starts:
    """Starts a stand-in for the audit, and counts."""

    def __init__(self, *command: str) -> None:
        self.command = command
        self.made: list[subprocess.Popen[bytes]] = []

    def __call__(self, _city_id: str) -> subprocess.Popen[bytes]:
        self.made.append(subprocess.Popen(self.command))
        return self.made[-1]


def test_two_workers_make_the_list_once_and_the_api_says_how_it_stands(
    city_database_url: str, root: Path, tmp_path: Path, city: City
) -> None:
    """None yet; made by one of two workers, in another process; of today until a delivery is newer (T9, A13)."""
    with served(city_database_url, root, tmp_path, ["schutterwald"]) as api, api.client() as officer:
        nothing = officer.get(STANDING)
        assert nothing.headers["cache-control"] == "private, no-store"
        assert nothing.json() | {"newer_since": 0} == {
            "state": "none", "renewal": "waiting", "newer": [], "made_at": None, "newer_since": 0, "again_at": None,
        }  # fmt: skip
        engines = [make_engine(city_database_url, pool_size=1) for _worker in range(2)]
        start = starter(Settings().for_child(database_url=city_database_url, cities_dir=str(root / "cities")))
        workers = [SurveyRenewal(engine, [city], start, AT_ONCE) for engine in engines]
        begun: list[str] = []

        def swept() -> bool:
            begun.extend(said for worker in workers if (said := worker()) is not None)
            return officer.get(STANDING).json()["state"] == "current"

        assert wait_until(swept, 300)
        swept()
        assert begun == ["schutterwald"]
        said = officer.get(LIST).json()
        assert said["counts"]["pairs"] > 1000
        assert (said["standing"]["state"], said["standing"]["renewal"]) == ("current", "not-due")
        assert said["standing"]["made_at"] == said["made_at"]
        roll_back(engines[0], city, "gas_lines")
        now = officer.get(STANDING).json()
        assert (now["state"], now["renewal"], now["newer"]) == ("behind", "waiting", ["deliveries"])
        assert now["newer_since"] > now["made_at"]
        api.settings.renew_survey = False
        assert officer.get(STANDING).json()["renewal"] == "off"
        with api.client(Role.FRONT_OFFICE) as other:
            assert other.get(STANDING).status_code == 403
        for worker, engine in zip(workers, engines, strict=True):
            worker.close()
            engine.dispose()


def test_a_failed_one_is_begun_again_later(city_engine: Engine, city: City) -> None:
    """However often the worker looks, and however soon it ends; once its time has come it is begun again."""
    start = Starts("false")
    renewal = SurveyRenewal(city_engine, [city], start, AT_ONCE)
    assert renewal() == "schutterwald"
    start.made[0].wait(60)
    assert [renewal() for _sweep in range(20)] == [None] * 20
    assert len(start.made) == 1
    with city_engine.begin() as connection:
        said = connection.execute(text("SELECT tries, problem FROM layers.survey_try")).one()
        assert tuple(said) == (1, "ended with 1")
        connection.execute(text("UPDATE layers.survey_try SET next_at = now()"))
    assert renewal() == "schutterwald"
    start.made[1].wait(60)
    renewal()
    missing = SurveyRenewal(city_engine, [city], Starts("/no/such/program"), AT_ONCE)
    with city_engine.begin() as connection:
        assert connection.execute(text("SELECT tries FROM layers.survey_try")).scalar_one() == 2
        connection.execute(text("UPDATE layers.survey_try SET next_at = now()"))
    assert missing() is None
    assert missing() is None


def test_a_worker_that_ends_takes_it_along(city_engine: Engine, city: City) -> None:
    """And gives the try back: the next worker need not wait. Nothing is begun in a worker's first moments."""
    start = Starts("sleep", "1000")
    renewal = SurveyRenewal(city_engine, [city], start, AT_ONCE)
    assert renewal() == "schutterwald"
    assert renewal() is None
    renewal.close()
    assert start.made[0].returncode is not None
    early = SurveyRenewal(city_engine, [city], start, timedelta(hours=1))
    assert early() is None
    with city_engine.connect() as connection:
        assert survey_state.standing(connection, city, is_on=True).renewal == "waiting"
    assert survey_state.begin(city_engine, city, AT_ONCE)


PARENT = """
import os, subprocess, sys
child = "import os, time; from api.background import stay_behind; stay_behind(int(os.environ['P'])); " \
    "print(os.getpid(), os.nice(0), flush=True); time.sleep(1000)"
subprocess.Popen([sys.executable, "-c", child], env={**os.environ, "P": str(os.getpid())}).wait()
"""


def test_it_gives_way_and_dies_with_the_worker(root: Path) -> None:
    """Also with one that is killed."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=root)
    assert parent.stdout is not None
    pid, nice = map(int, parent.stdout.readline().split())
    assert nice >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
    parent.send_signal(signal.SIGKILL)
    parent.wait(60)
    assert wait_until(lambda: not _runs(pid))
    parent.stdout.close()


def _runs(pid: int) -> bool:
    """A process that ended and was not fetched yet has no command line any more."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False
