"""What the database refuses, and a database that goes away."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest.log.spool import SpoolReader
from ingest.pipeline import Pipeline
from ingest.steps import recovery
from tests.ingest.spooled import NOON_MS, Logged, backfill, contents, counts, drain, fix, pipeline, registration, report, rows, write

A = "13800000001"
REFUSED_E6 = 26_666_666


@pytest.fixture
def refusing(dsn: str) -> str:
    """A database whose table refuses one latitude."""
    with psycopg.connect(dsn) as conn:
        conn.execute(f"alter table positions add constraint poison check (lat_e6 <> {REFUSED_E6})".encode())
    return dsn


def test_a_poison_row_in_the_middle_of_5000_stands_alone_in_quarantine(refusing: str, tmp_path: Path) -> None:
    poison = report(A, NOON_MS - 1_000, lat_e6=REFUSED_E6)
    frames = [report(A, NOON_MS + n * 1_000, n) for n in range(4_999)]
    frames.insert(2_500, poison)
    write(tmp_path, [Logged(frame, NOON_MS + 5_000_000) for frame in frames])
    worker = pipeline(refusing, tmp_path)
    assert drain(worker) == 4_999
    assert rows(refusing, "select terminal_id, message_id, reason, frame from quarantine") == [(A, 0x0200, "data_error_23514", poison)]
    assert counts(worker) == {"new": 4_999, "quarantined": 1}
    worker.close()


def test_a_poison_item_does_not_take_its_upload_with_it(refusing: str, tmp_path: Path) -> None:
    upload = backfill(A, (fix(NOON_MS), fix(NOON_MS + 1_000, lat_e6=REFUSED_E6), fix(NOON_MS + 2_000)))
    write(tmp_path, [Logged(upload)])
    worker = pipeline(refusing, tmp_path)
    assert drain(worker) == 2
    assert rows(refusing, "select item, reason, frame from quarantine") == [(1, "data_error_23514", upload)]
    worker.close()


def test_a_registration_that_the_registry_refuses_is_quarantined_and_the_rest_goes_on(dsn: str, tmp_path: Path) -> None:
    with psycopg.connect(dsn) as conn:
        conn.execute("alter table vehicle add constraint poison check (plate <> '贵A66666')")
    bad = registration(A, "贵A66666")
    write(tmp_path, [Logged(report("13800000009")), Logged(bad), Logged(report("13800000008"))])
    worker = pipeline(dsn, tmp_path)
    assert drain(worker) == 2
    assert rows(dsn, "select terminal_id, message_id, reason, frame from quarantine") == [(A, 0x0100, "data_error_23514", bad)]
    worker.close()


def test_a_connection_cut_in_the_middle_costs_a_second_reading_and_nothing_else(dsn: str, tmp_path: Path) -> None:
    write(tmp_path, [Logged(report(A, NOON_MS + n * 1_000, n), NOON_MS + 1_000_000) for n in range(100)])
    worker = pipeline(dsn, tmp_path, batch_rows=10)
    worker.step_once()
    stored = 10
    while stored < 100:
        rows(
            dsn,
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cuntong-ingest' and datname = current_database()",
        )
        assert worker.step_once() == 0
        assert not worker.ready
        stored += worker.step_once() + worker.step_once()
    assert len(contents(dsn)) == 100
    worker.close()


class AnswerLost(psycopg.Connection[Any]):
    """A connection whose commits happen and then seem to fail; those of the pipeline's own thread, not of its helpers beside it."""

    lose = 0

    def commit(self) -> None:
        super().commit()
        if AnswerLost.lose > 0 and threading.current_thread() is threading.main_thread():
            AnswerLost.lose -= 1
            raise psycopg.OperationalError("server closed the connection unexpectedly")


def test_a_commit_whose_answer_was_lost_is_not_stored_twice(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psycopg, "connect", AnswerLost.connect)
    write(tmp_path, [Logged(report(A, NOON_MS + n * 1_000, n), NOON_MS + 100_000) for n in range(20)])
    worker = pipeline(dsn, tmp_path, batch_rows=10)
    worker.step_once()
    AnswerLost.lose = 1
    assert worker.step_once() == 0
    assert drain(worker) == 0
    assert AnswerLost.lose == 0
    assert len(contents(dsn)) == 20
    assert counts(worker)["new"] == 10
    worker.close()


def test_error_classes_follow_the_sqlstate() -> None:
    errors = psycopg.errors
    assert recovery.kind_of(errors.AdminShutdown()) == "connection"
    assert recovery.kind_of(errors.DeadlockDetected()) == "lock"
    assert recovery.kind_of(errors.LockNotAvailable()) == "lock"
    assert recovery.kind_of(errors.DiskFull()) == "resource"
    assert recovery.kind_of(errors.CheckViolation()) == "data"
    assert recovery.kind_of(psycopg.DataError("PostgreSQL text fields cannot contain NUL")) == "data"
    assert recovery.kind_of(psycopg.OperationalError("consuming input failed")) == "connection"
    assert recovery.kind_of(errors.UndefinedTable()) is None
    assert recovery.kind_of(ValueError()) is None


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """An embedded server of this test's own, migrated: (folder, DSN)."""
    import shutil
    import tempfile

    from storage import embedded
    from storage.migrate import migrate
    from storage.settings import DatabaseSettings

    home = Path(tempfile.mkdtemp(prefix="cuntong-killed-"))
    home.chmod(0o755)
    dsn = embedded.start(home / "postgres")
    migrate(dsn, DatabaseSettings())
    yield home / "postgres", dsn
    embedded.stop(home / "postgres")
    shutil.rmtree(home, ignore_errors=True)


def test_the_database_killed_under_a_running_pipeline_loses_nothing(own_server: tuple[Path, str], tmp_path: Path) -> None:
    import os
    import signal

    from storage import embedded

    folder, dsn = own_server
    write(tmp_path, [Logged(report(A, NOON_MS + n * 1_000, n), NOON_MS + 60_000_000) for n in range(20_000)])
    worker = pipeline(dsn, tmp_path, batch_rows=50)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        _until(lambda: worker.ready and counts(worker).get("new", 0) > 500)
        postmaster = embedded.postmaster(folder)
        assert postmaster is not None
        os.kill(postmaster.pid, signal.SIGKILL)
        _until(lambda: not worker.ready)
        assert "does not store" in worker.reason and "nothing is lost" in worker.reason
        assert embedded.start(folder) == dsn
        _until(lambda: worker.ready and _read_all(worker, tmp_path))
        assert worker.reason == ""
    finally:
        stop.set()
        thread.join(60)
    assert rows(dsn, "select count(*), count(distinct time) from positions") == [(20_000, 20_000)]
    assert worker._metrics.retries.labels("connection")._value.get() >= 1


def _read_all(worker: Pipeline, spool: Path) -> bool:
    context = worker._context
    return context is not None and SpoolReader(spool, "look").backlog(dict(context.offsets)) == 0


def _until(condition: Any, limit_s: float = 120.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
