"""The postmaster's process: whose number it is, whether it lives, what a dead one left behind."""

from __future__ import annotations

import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from domain.errors import StoreError


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


def drop_stale_locks(folder: Path) -> None:
    """Remove the lock files of a dead postmaster whose number is a zombie or another program, once all its children are gone.

    PostgreSQL and the library both take such a number for a running server; where process 1 reaps no orphans (a bare container) it
    would stay so for ever. While a child still lives the files stay, so that PostgreSQL itself refuses to start beside it.
    """
    pid_file = folder / "postmaster.pid"
    if not pid_file.exists() or postmaster(folder) is not None or survivors(folder):
        return
    lines = pid_file.read_text().split("\n")
    # pid, data folder, start, port, socket folder: the socket has a lock of its own
    if len(lines) > 4 and lines[4]:
        socket_lock = Path(lines[4]) / f".s.PGSQL.{lines[3]}.lock"
        if socket_lock.exists() and socket_lock.read_text().split("\n", 1)[0] == lines[0]:
            socket_lock.unlink(missing_ok=True)
    pid_file.unlink(missing_ok=True)


def survivors(folder: Path) -> list[int]:
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


def wait_gone(process: psutil.Process, limit_s: float) -> None:
    """Wait for the end of a process that may be nobody's child (a zombie counts as gone)."""
    deadline = time.monotonic() + limit_s
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            raise StoreError(f"embedded PostgreSQL (process {process.pid}) did not stop within {limit_s:.0f} s", retriable=True)
        time.sleep(0.05)
