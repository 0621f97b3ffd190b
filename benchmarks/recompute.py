"""What it costs to compute vehicle-days again: read, matched, measured, replaced, on a real database.

Example:
    python -m benchmarks.recompute
    python -m benchmarks.recompute --days 256 --workers 2 --json recompute.json
    python -m benchmarks.recompute --database postgresql://localhost:25432/postgres

Vehicles of a simulated county as in `benchmarks.day_mileage`, a fix every 10 s all day, 24 h, parked hours included; as many vehicles as
days, all on one day. Each run computes every day; the first writes them, the second finds the same input and writes nothing, the third
finds one fix less in each and replaces them. CPU is user and kernel time of the workers and, where its processes can be seen from here,
of the database. The bar: 10,000 vehicle-days in 20 minutes on 2 cores; `minutes` counts CPU over 2 cores, `minutes_by_clock` what the
clock of this machine said, other programs included.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.day_mileage import DAY, PROFILES, Case, Fleet
from domain.units import day_bounds
from ingest import days, due_store
from ingest.day_unit import Place
from ingest.due_store import Span
from runtime.caches import separate_kernel_cache
from runtime.day_workers import day_workers
from simulators.county import build_county
from simulators.county.model import CountySettings
from storage import embedded
from storage.copy import copy_positions
from storage.migrate import migrate
from storage.pool import connect
from storage.postmaster import postmaster
from storage.settings import DatabaseSettings
from tracking.network import save

WANTED_DAYS, CORES, BAR_MIN = 10_000, 2, 20.0
Connection = psycopg.Connection[Any]


@contextmanager
def database(url: str | None) -> Iterator[tuple[str, psutil.Process | None]]:
    """A migrated database of its own, and the server's first process; None when it cannot be seen."""
    home = Path(tempfile.mkdtemp(prefix="cuntong-bench-"))
    home.chmod(0o755)
    folder = home / "postgres"
    server = url or embedded.start(folder)
    name = f"cuntong_bench_{uuid.uuid4().hex[:12]}"
    try:
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(f"create database {name}".encode())
        dsn = make_conninfo(server, dbname=name)
        migrate(dsn, DatabaseSettings())
        yield dsn, None if url else postmaster(folder.resolve())
    finally:
        if url:
            with psycopg.connect(server, autocommit=True) as conn:
                conn.execute(f"drop database if exists {name} with (force)".encode())
        else:
            embedded.stop(folder)
        shutil.rmtree(home, ignore_errors=True)


def cpu_s(server: psutil.Process | None) -> float | None:
    """CPU seconds of a server: of itself, its children, and those that have ended."""
    if server is None:
        return None
    total = 0.0
    for process in [server, *server.children()]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if process == server:
            total += times.children_user + times.children_system
    return total


def put(conn: Connection, rows: np.ndarray[Any, Any]) -> None:
    copy_positions(conn, rows)
    conn.commit()


def drives(conn: Connection, folder: Path, count: int, seed: int) -> None:
    """Vehicles of a county, their day stored, their network registered."""
    county = build_county(CountySettings(seed=seed))
    fleet, case = Fleet(county, seed), Case(10, count)
    for number in range(count):
        drive = fleet.day(number, case)
        rows = drive.rows[np.unique(drive.rows["t_ms"], return_index=True)[1]]
        made = conn.execute("insert into vehicle (vehicle_class) values (%s) returning vehicle_id", (PROFILES[drive.kind],)).fetchone()
        assert made is not None
        rows["vehicle_id"] = made[0]
        put(conn, rows)
    save(county.network, folder / "county.npz")
    days.use_network(conn, folder / "county.npz")


def measured(conn: Connection, executor: Executor, place: Place, span: Span, server: psutil.Process | None) -> dict[str, Any]:
    """One run over the span."""
    days.ask(conn, span, day_bounds(DAY + timedelta(30))[0], 10)
    tickets = due_store.tickets(conn, time.time_ns() // 1_000_000 + 60_000, 0, span)
    conn.commit()
    before, began = cpu_s(server), time.perf_counter()
    unit = max(1, min(days.UNIT_DAYS, len(tickets) // 4))
    done = days.compute_due(conn, tickets, executor, days.Run(place, unit_days=unit), day_bounds(DAY + timedelta(30))[0])
    seconds, after = time.perf_counter() - began, cpu_s(server)
    served = None if before is None or after is None else after - before
    both = done.cpu_s + (served or 0.0)
    n = len(tickets)
    return {
        "vehicle_days": n, "written": done.replaced.written, "unchanged": done.replaced.unchanged, "failed": len(done.failed),
        "fixes_a_day": round(done.fixes / n), "worker_cpu_ms_a_day": round(1000 * done.cpu_s / n, 1),
        "database_cpu_ms_a_day": None if served is None else round(1000 * served / n, 1),
        "vehicle_days_per_cpu_s": round(n / both, 2), "minutes": round(WANTED_DAYS * both / n / CORES / 60, 2),
        "minutes_by_clock": round(WANTED_DAYS * seconds / n / 60, 2),
    }  # fmt: skip


def run(count: int, workers: int, seed: int, url: str | None) -> dict[str, Any]:
    out: dict[str, Any] = {"workers": workers, "bar_minutes": BAR_MIN}
    with database(url) as (dsn, server), connect(dsn) as conn, tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        drives(conn, folder, count, seed)
        vehicles = [row[0] for row in conn.execute("select vehicle_id from vehicle order by vehicle_id")]
        place, span = Place(dsn, folder / "archive"), Span(DAY, DAY)
        with day_workers(None, workers) as executor:
            warm = measured(conn, executor, place, Span(DAY, DAY, tuple(vehicles[: 2 * workers])), server)
            print(f"warm: {warm}", file=sys.stderr)
            conn.execute("delete from vehicle_day")
            conn.execute("truncate mileage_segment, matched_path, trip, stay, stop_passage, edge_speed_hour")
            conn.commit()
            out["first"] = measured(conn, executor, place, span, server)
            out["unchanged"] = measured(conn, executor, place, span, server)
            conn.execute("delete from positions p using (select vehicle_id, min(time) t from positions group by 1) f "
                         "where p.vehicle_id = f.vehicle_id and p.time = f.t")  # fmt: skip
            conn.commit()
            out["replaced"] = measured(conn, executor, place, span, server)
        stored = conn.execute(
            "select sum(pg_column_size(pieces) + pg_column_size(edges) + pg_column_size(geometry)), sum(pg_column_size(speeds)), "
            "(select count(*) from mileage_segment), (select count(*) from edge_speed_hour) from matched_path"
        ).fetchone()
        assert stored is not None
        out["path_bytes_a_day"], out["speed_bytes_a_day"] = (round(int(size) / count) for size in stored[:2])
        out["segments_a_day"], out["edge_hours"] = round(stored[2] / count, 1), stored[3]
    worst = max(out[name]["minutes"] for name in ("first", "replaced"))
    out["passed"] = bool(worst <= BAR_MIN)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=128)
    parser.add_argument("--workers", type=int, default=CORES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", help="URL of a server instead of the embedded one")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args()
    separate_kernel_cache()
    text = json.dumps(run(given.days, given.workers, given.seed, given.database), indent=1)
    if given.json:
        given.json.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
