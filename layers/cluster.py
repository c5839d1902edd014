"""The embedded default database: a private PostgreSQL + PostGIS cluster under one directory.

It uses Debian's own packages (the newest major version that also has PostGIS), listens on a unix socket in a
0700 directory only, and is a child of the process that started it, so that it ends with its owner. A cluster
left running by a killed owner is adopted; a pid file left by a killed server is recognised and removed.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from geo.errors import PanjerehError

ROLE = "panjereh"
INSTALL_ROOT = Path("/usr/lib/postgresql")
SHARE_ROOT = Path("/usr/share/postgresql")
_MAX_SOCKET_DIR = 90  # a unix socket path is at most 107 bytes, "/.s.PGSQL.5432" included
_PORT = 5432
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # loaded before any fork: a child of a process with threads must not load it

_SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "log_min_messages": "warning",
    "log_line_prefix": "'%m [%p] '",
    "timezone": "'UTC'",
    # The planner's default of 4 is for spinning disks; all our reads are index look-ups.
    "random_page_cost": "1.1",
}


class PostgisMissing(PanjerehError):
    """PostgreSQL with PostGIS is not installed."""

    code = "postgis-missing"


class ClusterFailed(PanjerehError):
    """The private database cluster did not start."""

    code = "cluster-failed"


@dataclass(frozen=True, slots=True)
class Installation:
    """One PostgreSQL installation that has PostGIS."""

    major: int
    bin: Path


def find_installation(root: Path = INSTALL_ROOT, share: Path = SHARE_ROOT) -> Installation:
    """Return the newest installed PostgreSQL that has PostGIS.

    Raises PostgisMissing with the Debian packages to install.
    """
    majors = sorted((int(p.name) for p in root.glob("*") if p.name.isdigit()), reverse=True)
    for major in majors:
        binaries = root / str(major) / "bin"
        if (binaries / "initdb").exists() and (share / str(major) / "extension" / "postgis.control").exists():
            return Installation(major, binaries)
    raise PostgisMissing(hint="apt-get install postgresql postgresql-NN-postgis-3")


def _end_with_parent() -> None:  # runs in the child, between fork and exec
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
    os.setsid()  # Ctrl-C in the terminal must reach the owner first, not the database


def _runs_as_root() -> bool:
    return os.geteuid() == 0


@dataclass(slots=True)
class Cluster:
    """A private cluster whose files live under `root` (created on first use)."""

    root: Path
    settings: dict[str, str] = field(default_factory=dict)
    keep_running: bool = False
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def data(self) -> Path:
        """The server's data directory (0700, owned by the server's user)."""
        return self.root / "pg"

    @property
    def log(self) -> Path:
        """The server's own log file."""
        return self.root / "postgres.log"

    @property
    def socket_dir(self) -> Path:
        """The directory of the unix socket: under root, or in the temp directory where that path is too long."""
        inside = self.root.resolve() / "run"
        if len(str(inside)) <= _MAX_SOCKET_DIR:
            return inside
        digest = hashlib.sha256(str(self.root.resolve()).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"panjereh-{digest}"

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database of this cluster."""
        return f"postgresql+psycopg2://{ROLE}@/{quote(database)}?host={quote(str(self.socket_dir))}"

    def is_running(self) -> bool:
        """Say whether the cluster answers now."""
        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def ensure_running(self, timeout_s: float = 60.0) -> Cluster:
        """Create the cluster if it is new, start it or adopt the running one, and return it ready for use.

        Raises PostgisMissing or ClusterFailed.
        """
        if self.is_running():
            return self
        # Our own server may be recovering from the crash of one session, or ending: wait for either, start no second.
        if self._process is not None and self._wait_ready(time.monotonic() + timeout_s):
            return self
        installation = find_installation()
        self._prepare_directories()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(installation)
        self._check_version(installation)
        self._remove_stale_pid_file()
        self._start(installation, timeout_s)
        return self

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database (as a file copy of `template` if given), with PostGIS, and return its URL."""
        connection = self._connect("postgres")
        try:
            statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
            if template is not None:
                statement = statement + sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(
                    sql.Identifier(template)
                )
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()
        return self.url(name)

    def ensure_database(self, name: str) -> str:
        """Create the database unless it is there, and return its URL."""
        return self.url(name) if self.has_database(name) else self.create_database(name)

    def has_database(self, name: str) -> bool:
        """Say whether a database of that name is there."""
        connection = self._connect("postgres")
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
                return cursor.fetchone() is not None
        finally:
            connection.close()

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the sessions that use it."""
        connection = self._connect("postgres")
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )
        finally:
            connection.close()

    def server_pid(self) -> int | None:
        """Return the postmaster's pid from its pid file, or None."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, PermissionError, ValueError):
            return None

    def stop(self, timeout_s: float = 20.0) -> None:
        """Stop the server (fast shutdown: open transactions roll back); no error if it is not running."""
        pid = self._process.pid if self._process is not None else self.server_pid()
        if pid is None:
            return
        for signum in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if not self._signal(pid, signum):
                break
            if self._wait_gone(pid, timeout_s):
                break
        self._process = None

    def _connect(self, database: str) -> psycopg2.extensions.connection:
        connection = psycopg2.connect(host=str(self.socket_dir), port=_PORT, user=ROLE, dbname=database)
        connection.autocommit = True
        return connection

    def _user(self) -> str | None:
        return "postgres" if _runs_as_root() else None

    def _prepare_directories(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        for directory in (self.data, self.socket_dir):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            directory.chmod(0o700)
            self._give(directory)
        self.log.touch(exist_ok=True)
        self._give(self.log)
        self._check_reachable()

    def _give(self, path: Path) -> None:
        if _runs_as_root():
            account = pwd.getpwnam("postgres")
            os.chown(path, account.pw_uid, account.pw_gid)

    def _check_reachable(self) -> None:
        """Refuse a data directory that the server's user cannot enter (such as one under /root)."""
        if not is_reachable_by_server(self.root):
            raise ClusterFailed(
                path=str(self.root),
                hint="the user 'postgres' cannot enter this directory; set PANJEREH_DATA_DIR",
            )

    def _initialise(self, installation: Installation) -> None:
        command = [
            str(installation.bin / "initdb"), "-D", str(self.data), "-U", ROLE, "--auth=trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--data-checksums",
        ]  # fmt: skip
        done = subprocess.run(
            command, user=self._user(), capture_output=True, text=True, check=False, cwd="/"
        )
        if done.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            raise ClusterFailed(path=str(self.data), detail=done.stderr.strip()[-2000:])

    def _check_version(self, installation: Installation) -> None:
        wrote = int((self.data / "PG_VERSION").read_text().strip())
        if wrote != installation.major:
            raise ClusterFailed(
                path=str(self.data),
                detail=f"written by PostgreSQL {wrote}, installed is {installation.major}",
                hint=f"apt-get install postgresql-{wrote}-postgis-3, or pg_upgradecluster",
            )

    def _remove_stale_pid_file(self) -> None:
        """Remove a pid file whose pid now belongs to another program (after a reboot, or in a new container)."""
        pid = self.server_pid()
        if pid is None or _is_postgres_of(pid, self.data):
            return
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for left in self.socket_dir.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)

    def _start(self, installation: Installation, timeout_s: float) -> None:
        options = {**_SETTINGS, "unix_socket_directories": f"'{self.socket_dir}'", **self.settings}
        command = [str(installation.bin / "postgres"), "-D", str(self.data), "-p", str(_PORT)]
        for key, value in options.items():
            command += ["-c", f"{key}={value.strip(chr(39))}"]
        deadline = time.monotonic() + timeout_s
        while True:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    command, user=self._user(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                    preexec_fn=None if self.keep_running else _end_with_parent,  # noqa: PLW1509 - only two system calls
                    start_new_session=self.keep_running,
                )  # fmt: skip
            if self._wait_ready(deadline):
                return
            # A server that was just killed may still hold its lock file for a moment; try again until the deadline.
            if time.monotonic() > deadline:
                raise ClusterFailed(path=str(self.data), detail=_tail(self.log))
            time.sleep(0.3)

    def _wait_ready(self, deadline: float) -> bool:
        assert self._process is not None
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if self.is_running():
                return True
            time.sleep(0.03)
        return False

    def _signal(self, pid: int, signum: int) -> bool:
        try:
            os.kill(pid, signum)
        except ProcessLookupError:
            return False
        return True

    def _wait_gone(self, pid: int, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self._process is not None and self._process.pid == pid:
                if self._process.poll() is not None:
                    return True
            elif not _is_postgres_of(pid, self.data):
                return True
            time.sleep(0.02)
        return False


def is_reachable_by_server(directory: Path) -> bool:
    """Say whether the server's user may enter `directory`: as root the server runs as user `postgres`."""
    if not _runs_as_root():
        return True
    path = directory.resolve()
    return all((parent.stat().st_mode & 0o001) for parent in (path, *path.parents) if parent.exists())


def _is_postgres_of(pid: int, data: Path) -> bool:
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = re.search(r"^State:\s+(\S)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    is_zombie = state is not None and state.group(1) == "Z"
    return not is_zombie and str(data).encode() in arguments


def _tail(path: Path, size: int = 2000) -> str:
    return path.read_text(errors="replace")[-size:]
