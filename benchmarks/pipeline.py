"""What a position costs from the log to the hypertable: the pipeline process, and the database's backend beside it.

Example:
    python -m benchmarks.pipeline
    python -m benchmarks.pipeline --database postgresql://localhost:25432/postgres --rows 500000

Prints JSON. Each run: `first` reads a log of fresh positions into an empty table with dedupe, offsets and `vehicle_last`, matching off;
`extras` the same with the raw items of every position kept; `again` reads the same log into the filled table; `matched` is `first` with
live matching on the simulated county's roads (buses, coaches and trucks on their way, 5 m of noise), states saved every minute of the
positions' time; matcher_us_a_row is what the matcher itself takes of it, matching_us_a_row all that matching adds. The floor is a
plain COPY of the same rows into a table without an index, from a ready array, batches of the same size. All forms take turns inside
a run; medians over the runs. CPU is user and kernel time; the backend's is null when the server's processes cannot be seen from here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from prometheus_client import CollectorRegistry

from benchmarks.pipeline_ground import database, empty, fill_log, timed_matcher
from domain.position import POSITION
from ingest.days import use_network
from ingest.log.spool import SpoolReader
from ingest.pipeline import Pipeline
from ingest.pipeline_metrics import PipelineMetrics
from ingest.settings import LogSettings, PipelineSettings
from simulators.county import build_county
from storage.copy import POSITION_COLUMNS, buffer
from tracking.network.archive import save

BATCH = 5_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="URL of a superuser; without it an embedded server is started for the benchmark")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--vehicles", type=int, default=2_000)
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


def backend_cpu_s(pid: int) -> float | None:
    """User and kernel seconds of a process of this machine; None when there is no such."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def measured(rows: int, cpu_s: float, backend_s: float | None, wall_s: float) -> dict[str, Any]:
    return {
        "rows": rows,
        "rows_per_cpu_s": round(rows / cpu_s),
        "client_us_a_row": round(cpu_s / rows * 1e6, 2),
        "backend_us_a_row": None if backend_s is None else round(backend_s / rows * 1e6, 2),
        "wall_rows_per_s": round(rows / wall_s),
    }


def run_pipeline(dsn: str, spool: Path, rows: int, extras: bool, vehicles: int = 0) -> dict[str, Any]:
    """Everything the log holds, from offset 0; vehicles: how many of them are matched."""
    with psycopg.connect(dsn) as conn:
        conn.execute("delete from ingest_offset")
    settings = PipelineSettings(batch_rows=BATCH, keep_extras=extras, match=vehicles > 0)
    reader = SpoolReader(spool, "benchmark", LogSettings(path=spool))
    now = [time.time_ns() // 1_000_000]
    pipeline = Pipeline(dsn, reader, settings, PipelineMetrics(CollectorRegistry()), now_ms=lambda: now[0])
    pipeline.step_once()  # compiles, connects, admits the terminals
    if pipeline._live is not None:
        pipeline._live.roads.wait(600)
    context = pipeline._context
    assert context is not None
    pid = context.conn.info.backend_pid
    before, wall, cpu = backend_cpu_s(pid), time.perf_counter(), time.process_time()
    with timed_matcher() as spent:
        while reader.backlog(context.offsets):
            pipeline.step_once()
            now[0] += BATCH * 10_000 // max(vehicles, 1)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    after = backend_cpu_s(pid)
    told = measured(rows - BATCH, cpu, None if before is None or after is None else after - before, wall)
    if vehicles:
        matched = pipeline._metrics.registry.get_sample_value("pipeline_match_rows_total", {"outcome": "matched"}) or 0.0
        saved = pipeline._metrics.registry.get_sample_value("pipeline_match_saved_total") or 0.0
        told |= {"matcher_us_a_row": round(sum(spent) / (rows - BATCH) * 1e6, 2), "matched": int(matched), "states_saved": int(saved)}
    pipeline.close()
    reader.close()
    return told


def run_floor(dsn: str, rows: int) -> dict[str, Any]:
    """Plain COPY of positions into a table without an index; nothing is read or decoded."""
    array = np.zeros(BATCH, POSITION)
    array["t_ms"] = array["received_ms"] = time.time_ns() // 1_000_000
    array["vehicle_id"] = np.arange(BATCH)
    with psycopg.connect(dsn) as conn:
        conn.execute("create table plain_position (like positions)")
        conn.commit()
        pid = conn.info.backend_pid
        before, wall, cpu = backend_cpu_s(pid), time.perf_counter(), time.process_time()
        for _ in range(rows // BATCH):
            with conn.cursor() as cursor, cursor.copy("copy plain_position from stdin (format binary)") as copy:
                copy.write(buffer(array, POSITION_COLUMNS))
            conn.commit()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        after = backend_cpu_s(pid)
        conn.execute("drop table plain_position")
    return measured(rows // BATCH * BATCH, cpu, None if before is None or after is None else after - before, wall)


def main() -> None:
    asked = arguments()
    spool = Path(tempfile.mkdtemp(prefix="cuntong-bench-log-"))
    runs: list[dict[str, dict[str, Any]]] = []
    try:
        county = build_county()
        fill_log(spool, asked.rows, asked.vehicles, county)
        save(county.network, spool / "county.npz")
        with database(asked.database) as dsn:
            run_pipeline(dsn, spool, asked.rows, extras=True)
            for _ in range(asked.runs):
                one = {"floor_copy": run_floor(dsn, asked.rows)}
                for name, extras in (("first", False), ("extras", True)):
                    empty(dsn)
                    one[name] = run_pipeline(dsn, spool, asked.rows, extras)
                one["again"] = run_pipeline(dsn, spool, asked.rows, extras=True)
                empty(dsn)
                with psycopg.connect(dsn) as conn:
                    use_network(conn, spool / "county.npz")
                one["matched"] = run_pipeline(dsn, spool, asked.rows, extras=False, vehicles=asked.vehicles)
                one["matched"]["matching_us_a_row"] = round(one["matched"]["client_us_a_row"] - one["first"]["client_us_a_row"], 2)
                runs.append(one)
            with psycopg.connect(dsn) as conn:
                found = conn.execute("select count(*), (select version()) from positions").fetchone()
    finally:
        shutil.rmtree(spool, ignore_errors=True)
    assert found is not None
    assert found[0] == asked.rows, f"{found[0]} rows stored of {asked.rows}"
    medians = {
        form: {key: None if runs[0][form][key] is None else statistics.median(run[form][key] for run in runs) for key in runs[0][form]}
        for form in runs[0]
    }
    ratio = round(medians["first"]["client_us_a_row"] / medians["floor_copy"]["client_us_a_row"], 2)
    report = {
        "server": found[1],
        "runs": asked.runs,
        "vehicles": asked.vehicles,
        "median": medians,
        "client_cpu_to_floor": ratio,
        "each": runs,
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
