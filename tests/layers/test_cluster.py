"""The embedded database survives what machines do to it: kills, leftovers, long paths, closed doors."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from api.settings import default_data_dir
from layers.cluster import Cluster, ClusterFailed, PostgisMissing, find_installation, is_reachable_by_server

_started: list[Cluster] = []


@pytest.fixture
def directory() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="pjc-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    for cluster in (*_started, Cluster(made)):  # also reaps a server that a test has killed
        cluster.stop()
    _started.clear()
    shutil.rmtree(made, ignore_errors=True)


def _running(directory: Path) -> Cluster:
    cluster = Cluster(directory)
    _started.append(cluster)
    return cluster.ensure_running()


def _rows(cluster: Cluster) -> int:
    connection = psycopg2.connect(host=str(cluster.socket_dir), user="panjereh", dbname="kept")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM t")
            row = cursor.fetchone()
            assert row is not None
            return int(row[0])
    finally:
        connection.close()


def _fill(cluster: Cluster) -> None:
    cluster.create_database("kept")
    connection = psycopg2.connect(host=str(cluster.socket_dir), user="panjereh", dbname="kept")
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t AS SELECT generate_series(1, 1000)")
    connection.close()


def test_committed_rows_survive_a_kill_of_the_server_and_the_cluster_is_reused(directory: Path) -> None:
    first = _running(directory)
    _fill(first)
    pid = first.server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    second = _running(directory)
    assert _rows(second) == 1000
    assert second.server_pid() != pid


def test_a_running_cluster_is_adopted_not_started_twice(directory: Path) -> None:
    first = _running(directory)
    second = _running(directory)
    assert second.server_pid() == first.server_pid()
    second.stop()
    assert not first.is_running()


def test_a_pid_file_that_names_another_program_is_removed(directory: Path) -> None:
    """After a reboot, or in a new container, the old pid may belong to anyone: here, to this test."""
    cluster = _running(directory)
    _fill(cluster)
    cluster.stop()
    left = cluster.data / "postmaster.pid"
    left.write_text(f"{os.getpid()}\n{cluster.data}\n0\n5432\n{cluster.socket_dir}\n\n\n")
    assert _rows(_running(directory)) == 1000


def test_the_server_ends_when_its_owner_is_killed(directory: Path, root: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from layers.cluster import Cluster\n"
        "Cluster(Path(sys.argv[1])).ensure_running(); print('up', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(directory)], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline().strip() == "up"
    cluster = Cluster(directory)
    _started.append(cluster)
    assert cluster.is_running()
    owner.kill()
    owner.wait()
    owner.stdout.close()
    deadline = time.monotonic() + 20
    while cluster.is_running() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not cluster.is_running()
    assert cluster.ensure_running().is_running()


def test_files_are_private_and_checksums_are_on(directory: Path) -> None:
    cluster = _running(directory)
    for private in (cluster.data, cluster.socket_dir):
        assert private.stat().st_mode & 0o077 == 0
    connection = psycopg2.connect(host=str(cluster.socket_dir), user="panjereh", dbname="postgres")
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('data_checksums'), current_setting('listen_addresses')")
        assert cursor.fetchone() == ("on", "")
    connection.close()


def test_a_long_path_gets_a_short_socket_directory(directory: Path) -> None:
    deep = directory / ("a" * 60) / ("b" * 60)
    assert len(str(Cluster(deep).socket_dir)) < 60
    assert Cluster(deep).socket_dir == Cluster(deep).socket_dir


def test_without_postgis_the_refusal_names_the_packages(tmp_path: Path) -> None:
    with pytest.raises(PostgisMissing) as refused:
        find_installation(tmp_path, tmp_path)
    assert "postgis" in str(refused.value.params["hint"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_a_directory_the_server_cannot_enter_is_refused_and_the_default_avoids_it(directory: Path) -> None:
    closed = directory / "closed"
    closed.mkdir(mode=0o700)
    assert not is_reachable_by_server(closed / "pg")
    with pytest.raises(ClusterFailed):
        Cluster(closed / "pg").ensure_running()
    system = directory / "system"
    assert default_data_dir(closed, system).parent == system
    assert default_data_dir(closed, system) != default_data_dir(closed / "other", system)
    assert default_data_dir(directory, system) == directory / ".data"
