"""A recorded log replayed into an empty database, and again into the filled one: the second time adds no row.

Example:
    python -m benchmarks.replay
    python -m benchmarks.replay --database postgresql://localhost:25432/postgres --frames 200000

Prints JSON. The recording: position reports, one in 50 frames an upload of 10 fixes kept in a blind area, one in 20 a repeat of
an earlier frame. Each pass: `into_log` reads the recording and appends it to a live log as replayed records, durable at its end;
`pipeline` stores what that log holds. CPU is user and kernel time of this process, resident sizes are its own. Exit code 1 when the
second pass adds or changes a row, or a fix of the recording is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from prometheus_client import CollectorRegistry

from benchmarks.pipeline import BATCH
from benchmarks.pipeline_ground import database
from ingest.log.appending import appending
from ingest.log.record import FRAME
from ingest.log.spool import SpoolReader
from ingest.pipeline import Pipeline
from ingest.pipeline_metrics import PipelineMetrics
from ingest.replay import into_log
from ingest.settings import LogSettings, PipelineSettings
from simulators.frames import BODY_BYTES, FrameMaker, pack_bodies
from simulators.truth import FIX

STEP_MS = 10_000
UPLOAD_FIXES = 10
_UPLOAD_EVERY, _REPEAT_EVERY = 50, 20
_BLIND = 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="URL of a superuser; without it an embedded server is started for the benchmark")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--vehicles", type=int, default=2_000)
    parser.add_argument("--folder", type=Path, help="where the logs are written; the temporary folder without it")
    return parser.parse_args()


class Recording:
    """Frames of a fleet, and how many different fixes are in them.

    Args:
        vehicles: of the fleet.
        start_ms: device time of the first report, whole seconds.
    """

    def __init__(self, vehicles: int, start_ms: int) -> None:
        self._makers = [FrameMaker(str(13_000_000_000 + number), "2019" if number % 2 else "2013") for number in range(vehicles)]
        self._start_ms = start_ms
        self._dice = np.random.default_rng(1)
        self.fixes = 0

    def bodies(self, t_ms: np.ndarray[Any, Any]) -> tuple[list[bytes], list[int]]:
        """Bodies of one fix a time, and their check sums."""
        count = len(t_ms)
        fixes = np.zeros(count, FIX)
        fixes["t_ms"], fixes["status_bits"] = t_ms, 3
        fixes["lat_e6"] = self._dice.integers(25_000_000, 27_000_000, count)
        fixes["lon_e6"] = self._dice.integers(105_000_000, 107_000_000, count)
        fixes["speed_kmh10"], fixes["heading_deg"] = self._dice.integers(0, 900, count), self._dice.integers(0, 360, count)
        fixes["odometer_m"] = (t_ms - self._start_ms) // 100
        joined, checks = pack_bodies(fixes, np.full(count, 500), np.full(count, 9))
        return [joined[at : at + BODY_BYTES] for at in range(0, len(joined), BODY_BYTES)], checks

    def frames(self, count: int) -> Iterator[tuple[bytes, int]]:
        """(frame, epoch ms at which it came)."""
        step, made, last = 0, 0, b""
        while made < count:
            now_ms = self._start_ms + step * STEP_MS
            t_ms = np.full(len(self._makers), now_ms, np.int64)
            for number, (body, check) in enumerate(zip(*self.bodies(t_ms), strict=True)):
                if made == count:
                    return
                made += 1
                if made % _REPEAT_EVERY == 0:
                    yield last, now_ms
                    continue
                if made % _UPLOAD_EVERY == 1:
                    kept, _ = self.bodies(now_ms - 9_000 + np.arange(UPLOAD_FIXES - 1) * 1_000)
                    last = self._makers[number].batch([*kept, body], _BLIND, step & 0xFFFF)
                    self.fixes += UPLOAD_FIXES
                else:
                    last = self._makers[number].report(body, check, step & 0xFFFF)
                    self.fixes += 1
                yield last, now_ms
            step += 1


def record(folder: Path, frames: Iterator[tuple[bytes, int]]) -> None:
    """A log of the frames, all durable."""

    async def write() -> None:
        async with appending(LogSettings(path=folder, min_free_gib=0), 0) as log:
            for number, (frame, received_ms) in enumerate(frames):
                await log.append(FRAME, 1, frame, received_us=received_ms * 1000 + number % 1000, link=1)

    asyncio.run(write())


def resident_mib() -> float:
    """Resident size of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


class Stopwatch:
    """Wall and CPU seconds of this process since it was made."""

    def __init__(self) -> None:
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()

    def measured(self, count: int) -> dict[str, Any]:
        wall_s, cpu_s = time.perf_counter() - self._wall_s, time.process_time() - self._cpu_s
        return {"count": count, "per_s": round(count / wall_s), "per_cpu_s": round(count / cpu_s), "wall_s": round(wall_s, 1)}


def replay(recording: Path, live: LogSettings, pipeline: Pipeline, reader: SpoolReader) -> dict[str, Any]:
    """One pass; rows are the fixes that the pipeline has taken, new or not."""
    watch = Stopwatch()
    frames = asyncio.run(into_log(recording, live, speed=None, correct=False, now_us=lambda: 0))
    appended, watch = watch.measured(frames), Stopwatch()
    before, stored, largest_mib = taken(pipeline), pipeline.step_once(), 0.0
    while not pipeline.ready or reader.backlog(offsets(pipeline)):
        stored += pipeline.step_once()
        largest_mib = max(largest_mib, resident_mib())
    return {"into_log": appended, "pipeline": watch.measured(taken(pipeline) - before), "new_rows": stored, "largest_mib": largest_mib}


def offsets(pipeline: Pipeline) -> dict[str, int]:
    context = pipeline._context
    return {} if context is None else dict(context.offsets)


def taken(pipeline: Pipeline) -> int:
    """Fixes that the pipeline has counted as new, late, duplicate or conflict."""
    samples = [sample for metric in pipeline._metrics.rows.collect() for sample in metric.samples if sample.name.endswith("_total")]
    return int(sum(sample.value for sample in samples if sample.labels["outcome"] in ("new", "late", "duplicate", "conflict")))


def digest(dsn: str) -> tuple[int, str]:
    """(rows, a sum over all columns of all rows that does not depend on their order)."""
    with psycopg.connect(dsn) as conn:
        row = conn.execute(
            "select count(*), coalesce(sum(('x' || left(md5(p::text), 15))::bit(60)::bigint::numeric), 0)::text from positions p"
        ).fetchone()
    assert row is not None
    return int(row[0]), str(row[1])


def main() -> int:
    asked = arguments()
    home = Path(tempfile.mkdtemp(prefix="cuntong-bench-replay-", dir=asked.folder))
    try:
        made = Recording(asked.vehicles, (time.time_ns() // 1_000_000 - 86_400_000) // 1000 * 1000)
        record(home / "recording", made.frames(asked.frames))
        live = LogSettings(path=home / "live", min_free_gib=0)
        with database(asked.database) as dsn:
            reader = SpoolReader(live.path, "pipeline", live)
            pipeline = Pipeline(dsn, reader, PipelineSettings(batch_rows=BATCH), PipelineMetrics(CollectorRegistry()))
            passes, digests = [], []
            for _ in range(2):
                passes.append(replay(home / "recording", live, pipeline, reader))
                digests.append(digest(dsn))
            pipeline.close()
            reader.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    equal = digests[0] == digests[1] and digests[0][0] == made.fixes and passes[1]["new_rows"] == 0
    report = {
        "frames": asked.frames,
        "vehicles": asked.vehicles,
        "fixes": made.fixes,
        "rows": [rows for rows, _ in digests],
        "equal": equal,
        "first": passes[0],
        "second": passes[1],
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    print(json.dumps(report, indent=1))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
