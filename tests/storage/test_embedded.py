"""The embedded server: started, attached to, killed, recovered, stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from domain.errors import StoreError
from storage import embedded
from storage.folders import closed_parents, refuse_closed_parents
from storage.postmaster import survivors


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Folder that the server's user can reach when the tests run as root."""
    home = Path(tempfile.mkdtemp(prefix="cuntong-embedded-"))
    home.chmod(0o755)
    yield home
    for folder in home.iterdir():
        if folder.is_dir():
            embedded.stop(folder)
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def server(home: Path) -> embedded.Server:
    """A running server; each test leaves it running."""
    server = embedded.Server(home / "postgres")
    server.start()
    with psycopg.connect(server.dsn) as conn:
        conn.execute("create table written (n int)")
    return server


def count(dsn: str) -> int:
    with psycopg.connect(dsn) as conn:
        row = conn.execute("select count(*) from written").fetchone()
    assert row is not None
    return int(row[0])


def write(dsn: str, rows: int) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute("insert into written select generate_series(1, %(rows)s)", {"rows": rows})


def test_settings_are_in_force(server: embedded.Server) -> None:
    with psycopg.connect(server.dsn) as conn:
        found = {name: conn.execute("select current_setting(%(name)s)", {"name": name}).fetchone() for name in (
            "max_connections", "max_wal_size", "listen_addresses", "fsync", "synchronous_commit", "TimeZone"
        )}  # fmt: skip
    assert {name: row[0] for name, row in found.items() if row} == {
        "max_connections": "300", "max_wal_size": "256MB", "listen_addresses": "", "fsync": "on", "synchronous_commit": "on",
        "TimeZone": "UTC",
    }  # fmt: skip


def test_starting_a_running_server_attaches_to_it(server: embedded.Server) -> None:
    before = embedded.postmaster(server.folder)
    assert before is not None
    assert embedded.start(server.folder) == server.dsn
    after = embedded.postmaster(server.folder)
    assert after is not None and after.pid == before.pid


def test_another_process_attaches_and_its_end_does_not_stop_the_server(server: embedded.Server) -> None:
    code = f"from pathlib import Path; from storage.embedded import start; print(start(Path({str(server.folder)!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == server.dsn
    assert server.alive()


@pytest.mark.parametrize("round_number", [1, 2])
def test_a_killed_postmaster_comes_back_with_every_committed_row(server: embedded.Server, round_number: int) -> None:
    before = count(server.dsn)
    write(server.dsn, 20_000)
    process = embedded.postmaster(server.folder)
    assert process is not None
    process.send_signal(signal.SIGKILL)
    server.start()
    assert server.alive()
    assert count(server.dsn) == before + 20_000


def test_a_kill_with_sessions_at_work_is_survived(server: embedded.Server) -> None:
    before = count(server.dsn)
    committed = [0]
    stop = threading.Event()

    def load() -> None:
        try:
            with psycopg.connect(server.dsn, autocommit=True) as conn:
                while not stop.is_set():
                    conn.execute("insert into written select generate_series(1, 1000)")
                    committed[0] += 1000
        except psycopg.OperationalError:
            stop.set()

    thread = threading.Thread(target=load)
    thread.start()
    while committed[0] < 20_000 and thread.is_alive():
        stop.wait(0.01)
    process = embedded.postmaster(server.folder)
    assert process is not None
    process.send_signal(signal.SIGKILL)
    # the session's own process may live on until it looks up: the start waits for it
    starter = threading.Timer(0.5, stop.set)
    starter.start()
    server.start()
    thread.join()
    found = count(server.dsn)
    assert before + committed[0] <= found <= before + committed[0] + 1000


def test_a_stopped_server_is_not_alive_and_restarts(server: embedded.Server) -> None:
    rows = count(server.dsn)
    server.stop()
    assert not server.alive()
    assert embedded.postmaster(server.folder) is None
    assert not (server.folder / "postmaster.pid").exists()
    server.stop()
    server.restart()
    assert server.alive() and count(server.dsn) == rows


def test_a_pid_file_that_names_another_program_is_not_believed(server: embedded.Server) -> None:
    rows = count(server.dsn)
    process = embedded.postmaster(server.folder)
    assert process is not None
    pid_file = server.folder / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    process.send_signal(signal.SIGKILL)
    while survivors(server.folder):
        threading.Event().wait(0.05)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert embedded.postmaster(server.folder) is None
    server.start()
    assert count(server.dsn) == rows


def test_a_long_path_still_gives_a_socket(home: Path) -> None:
    folder = home / ("deep" * 20) / ("er" * 20) / "postgres"
    try:
        dsn = embedded.start(folder)
        with psycopg.connect(dsn) as conn:
            assert conn.execute("select 1").fetchone() == (1,)
    finally:
        embedded.stop(folder)


def test_a_closed_parent_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert closed in closed_parents(closed / "data" / "postgres")
    with pytest.raises(StoreError, match=r"the data folder lies under .*closed"):
        refuse_closed_parents(closed / "data" / "postgres", Path("/usr/lib"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for the server")
def test_root_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(StoreError, match="the data folder lies under"):
        embedded.start(closed / "postgres")
    assert closed.stat().st_mode & 0o777 == 0o700
    assert not (closed / "postgres").exists()
