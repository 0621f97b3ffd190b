"""Jobs against a real database: taken once, taken again after a death, done as who asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from operations.export_job import KIND, ExportJobs, remove_expired
from operations.job_runner import WORKER, Outcome, Pool, Runner, Work
from operations.settings import ExportSettings, JobSettings
from storage import jobs
from storage.jobs import LostError
from storage.pool import open_pool
from storage.scope import Scope, scoped

QUICK = JobSettings(stale_s=0.8, poll_s=0.05)
ORDER = {
    "of": "vehicles", "format": "csv", "vehicle_ids": [], "operator_id": None, "region_code": None, "first": None, "until": None,
    "stream": None, "crs": "wgs84",
}  # fmt: skip


@pytest.fixture
def pool(dsn: str) -> Iterator[Pool]:
    with psycopg.connect(dsn) as conn:
        conn.execute("insert into account (user_id, name, role, region_code) values (7, 'li', 'regulator', '520100')")
        conn.execute(
            "insert into vehicle (vehicle_id, plate, plate_colour, region_code) values (1, '贵A00001', 2, '520102'), (2, '云A00002', 2, '530102')"
        )
    with open_pool(dsn, "app", 4) as opened:
        yield opened


def asked(pool: Pool, kind: str = KIND, arguments: dict[str, Any] | None = None) -> int:
    with scoped(pool, Scope("regulator", "520100", 7, actor="li")) as conn:
        return jobs.ask(conn, kind, ORDER if arguments is None else arguments)


def job(pool: Pool, job_id: int) -> jobs.Job:
    with scoped(pool, WORKER) as conn:
        found = jobs.one(conn, job_id)
    assert found is not None
    return found


def test_an_export_shows_what_its_asker_sees_and_is_audited(pool: Pool, tmp_path: Path) -> None:
    job_id = asked(pool)
    settings = ExportSettings(folder=tmp_path, keep_days=1)
    assert Runner(pool, {KIND: ExportJobs(settings, None)}, QUICK, threading.Event()).once()
    done = job(pool, job_id)
    assert (done.state, done.progress, done.error) == ("done", 1.0, None)
    assert done.result is not None
    text = (tmp_path / done.result["file"]).read_bytes().decode("utf-8-sig")
    assert "贵A00001" in text and "云A00002" not in text
    with scoped(pool, WORKER) as conn:
        row = conn.execute("select actor, role, action, payload::json ->> 'rows' from audit where stream = 'export'").fetchone()
        assert row == ("li", "regulator", "export.write", "1")
        conn.execute("update job set expires_at = now()")
    assert remove_expired(pool, tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
    assert job(pool, job_id).result == {key: value for key, value in done.result.items() if key != "file"} | {"removed": True}


@pytest.mark.parametrize("change", ["disabled = true", "role = 'finance'", "region_code = '530000'"])
def test_a_job_of_whom_lost_the_right_is_refused(pool: Pool, dsn: str, tmp_path: Path, change: str) -> None:
    job_id = asked(pool)
    with psycopg.connect(dsn) as conn:
        conn.execute(f"update account set {change} where user_id = 7")
    assert Runner(pool, {KIND: ExportJobs(ExportSettings(folder=tmp_path), None)}, QUICK, threading.Event()).once()
    refused = job(pool, job_id)
    assert refused.state == "failed" and "li" in (refused.error or "")
    assert list(tmp_path.iterdir()) == []


def test_the_asker_is_stamped_by_the_database(pool: Pool) -> None:
    with scoped(pool, Scope("regulator", "520100", 7, actor="li")) as conn:
        conn.execute("insert into job (kind, user_id, role, region_code) values ('export', 1, 'admin', '100000')")
        found = jobs.page(conn, 10)
    assert [(one.user_id, one.role, one.region_code, one.asked_by) for one in found] == [(7, "regulator", "520100", "li")]
    with scoped(pool, Scope("regulator", "520100", 8, actor="zhao")) as conn:
        assert jobs.page(conn, 10) == []


def test_a_job_is_taken_by_one_of_many_workers(pool: Pool) -> None:
    wanted = {asked(pool, "count", {}) for _ in range(6)}
    done: list[int] = []

    def handler(work: Work) -> Outcome:
        done.append(work.job.job_id)
        return Outcome({})

    def work() -> None:
        runner = Runner(pool, {"count": handler}, QUICK, threading.Event())
        while runner.once():
            pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(done) == sorted(wanted)


_DYING = """
import sys, threading, time
from operations.job_runner import Runner
from operations.settings import JobSettings
from storage.pool import open_pool

def handler(work):
    print("begun", flush=True)
    time.sleep(60)

with open_pool(sys.argv[1], "app", 3) as pool:
    Runner(pool, {"count": handler}, JobSettings(stale_s=0.8), threading.Event()).once()
"""


def test_a_job_survives_the_death_of_its_worker(pool: Pool, dsn: str) -> None:
    job_id = asked(pool, "count", {})
    with subprocess.Popen([sys.executable, "-c", _DYING, dsn], stdout=subprocess.PIPE, cwd=os.getcwd()) as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == b"begun\n"
        runner = Runner(pool, {"count": lambda _: Outcome({"by": "the second"})}, QUICK, threading.Event())
        time.sleep(1.0)  # longer than a sign of life is waited for: the first still gives them
        assert not runner.once()
        dying.send_signal(signal.SIGKILL)
        dying.wait(10)
    deadline = time.monotonic() + 10
    while not runner.once():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    done = job(pool, job_id)
    assert (done.state, done.attempts, done.result) == ("done", 2, {"by": "the second"})


def test_a_worker_taken_for_dead_cannot_write(pool: Pool) -> None:
    job_id = asked(pool, "count", {})
    tokens = uuid.uuid4(), uuid.uuid4()
    with scoped(pool, WORKER) as conn:
        assert jobs.claim(conn, ["count"], tokens[0], 0.0, 3) is not None
    with scoped(pool, WORKER) as conn:
        assert jobs.claim(conn, ["count"], tokens[1], 0.0, 3) is not None
        with pytest.raises(LostError):
            jobs.alive(conn, job_id, tokens[0], 0.5)
        assert not jobs.end(conn, job_id, tokens[0], jobs.End("done", {}))
        assert jobs.end(conn, job_id, tokens[1], jobs.End("done", {}))


def test_a_job_that_kills_its_workers_is_given_up(pool: Pool) -> None:
    job_id = asked(pool, "count", {})
    for _ in range(3):
        with scoped(pool, WORKER) as conn:
            assert jobs.claim(conn, ["count"], uuid.uuid4(), 0.0, 3) is not None
    with scoped(pool, WORKER) as conn:
        assert jobs.claim(conn, ["count"], uuid.uuid4(), 0.0, 3) is None
    assert job(pool, job_id).state == "failed"


def test_cancelling_ends_a_waiting_job_at_once_and_a_running_one_soon(pool: Pool) -> None:
    waiting = asked(pool, "count", {})
    with scoped(pool, WORKER) as conn:
        assert jobs.cancel(conn, waiting).state == "cancelled"
    running = asked(pool, "count", {})

    def handler(work: Work) -> Outcome:
        with scoped(pool, WORKER) as conn:
            jobs.cancel(conn, running)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            work.alive(0.5)
            time.sleep(0.02)
        return Outcome({})

    assert Runner(pool, {"count": handler}, QUICK, threading.Event()).once()
    assert job(pool, running).state == "cancelled"


def test_a_stopping_worker_gives_its_job_back(pool: Pool) -> None:
    job_id, stop = asked(pool, "count", {}), threading.Event()

    def handler(work: Work) -> Outcome:
        stop.set()
        work.alive(0.1)
        return Outcome({})

    assert Runner(pool, {"count": handler}, QUICK, stop).once()
    assert (job(pool, job_id).state, job(pool, job_id).attempts) == ("queued", 0)
