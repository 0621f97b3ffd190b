"""What a frame costs in the log: append, CRC, group commit with fdatasync; and reading it back.

Example:
    python -m benchmarks.log
    python -m benchmarks.log --folder /var/tmp --runs 5 --frames 200000

Prints JSON. CPU is of the whole process, kernel time included, in microseconds a frame. The floor writes the same frames, without
header, CRC or offsets, to a plain file by one write and one fdatasync a group. Ours and the floor alternate; medians of all runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
from numba import njit

from ingest.log.record import append, crc32
from ingest.log.spool import SpoolReader, SpoolWriter
from ingest.settings import LogSettings

RUN = 67
"""Bytes of a position report between its delimiters."""


@njit(nogil=True)
def append_many(out, used, since, source, count):
    for k in range(count):
        used = append(out, used, 1_700_000_000_000_000, np.uint64(7), 0, 1, 0, 0, since, source, k * RUN, k * RUN + RUN, 1)
    return used


@njit(nogil=True)
def checksum_many(buffer, size):
    total = np.uint32(0)
    for start in range(0, len(buffer) - size, size):
        total ^= crc32(buffer, start, start + size)
    return total


class Measured:
    """CPU and wall seconds of a block, and the times of its commits."""

    def __enter__(self) -> Measured:
        self.commits: list[float] = []
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        self.cpu_s = time.process_time() - self._cpu
        self.wall_s = time.perf_counter() - self._wall


async def ours(folder: Path, frames: int, group: int, source: np.ndarray) -> Measured:
    """Append group by group; each waits until the one before is durable."""
    writer = SpoolWriter(folder, 0, LogSettings(path=folder, commit_interval_ms=0, min_free_gib=0))
    writer.open()
    loop = asyncio.get_running_loop()
    state = {"left": frames // group, "started": 0.0}
    done = loop.create_future()

    def turn() -> None:
        state["started"] = time.perf_counter()
        filling = writer.group()
        writer.close_turn(append_many(filling.buffer, filling.used, writer.since_durable(), source, group))

    def durable(number: int) -> None:
        measured.commits.append(time.perf_counter() - state["started"])
        state["left"] -= 1
        if state["left"]:
            turn()
        else:
            done.set_result(None)

    writer.start(loop, durable, lambda error: done.set_exception(error))
    with Measured() as measured:
        turn()
        await done
    await writer.aclose()
    return measured


def floor(folder: Path, frames: int, group: int, source: np.ndarray) -> Measured:
    """The same frames by plain write and fdatasync."""
    raw = bytes(source[: group * RUN])
    fd = os.open(folder / "floor", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with Measured() as measured:
        for _ in range(frames // group):
            start = time.perf_counter()
            os.write(fd, raw)
            os.fdatasync(fd)
            measured.commits.append(time.perf_counter() - start)
    os.close(fd)
    return measured


def reading(folder: Path, frames: int) -> float:
    """CPU microseconds a record of reading in batches of 5,000."""
    reader, after, count = SpoolReader(folder, "bench"), {}, 0
    with Measured() as measured:
        while len(records := reader.read(after, 5_000, 0)):
            after, count = records.next, count + len(records)
    assert count == frames
    return measured.cpu_s / count * 1e6


def figures(runs: list[Measured], frames: int) -> dict[str, float]:
    """Medians over the runs."""
    commits = np.concatenate([run.commits for run in runs])
    return {
        "cpu_us_per_frame": round(statistics.median(run.cpu_s for run in runs) / frames * 1e6, 3),
        "frames_per_s": round(frames / statistics.median(run.wall_s for run in runs)),
        "commit_ms_p50": round(float(np.percentile(commits, 50)) * 1e3, 3),
        "commit_ms_p99": round(float(np.percentile(commits, 99)) * 1e3, 3),
    }


def crc_rates(runs: int) -> dict[str, float]:
    """GB/s of our kernel at the size of a frame and of a large payload, and of zlib."""
    buffer = np.random.default_rng(1).integers(0, 256, 4 << 20, np.uint8)
    rates = {}
    for name, work in (
        ("frame_93_bytes", lambda: checksum_many(buffer, 93)),
        ("large_64_kib", lambda: checksum_many(buffer, 1 << 16)),
        ("zlib_64_kib", lambda: [zlib.crc32(buffer[start : start + (1 << 16)]) for start in range(0, len(buffer), 1 << 16)]),
    ):
        work()
        seconds = []
        for _ in range(runs):
            with Measured() as measured:
                work()
            seconds.append(measured.wall_s)
        rates[name] = round(len(buffer) / statistics.median(seconds) / 1e9, 2)
    return rates


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, default=None, help="on the disk to measure; a temporary folder by default")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--frames", type=int, default=200_000)
    asked = options.parse_args()
    source = np.random.default_rng(1).integers(0, 0x7D, 4_096 * RUN, np.uint8)
    append_many(np.empty(1 << 10, np.uint8), 0, 0, source, 1)
    checksum_many(source, 93)
    groups = {}
    reads = []
    for group in (1, 64, 1_024):
        frames = min(asked.frames, group * 2_000) // group * group
        runs: dict[str, list[Measured]] = {"ours": [], "floor": []}
        for _ in range(asked.runs):
            with tempfile.TemporaryDirectory(dir=asked.folder) as name:
                runs["floor"].append(floor(Path(name), frames, group, source))
                runs["ours"].append(asyncio.run(ours(Path(name), frames, group, source)))
                if group == 1_024:
                    reads.append(reading(Path(name), frames))
        mine, plain = figures(runs["ours"], frames), figures(runs["floor"], frames)
        ratio = round(mine["cpu_us_per_frame"] / plain["cpu_us_per_frame"], 2)
        groups[str(group)] = {"frames": frames, "ours": mine, "floor": plain, "cpu_ratio": ratio}
    print(
        json.dumps(
            {
                "runs": asked.runs,
                "frames_a_group": groups,
                "read_cpu_us_per_record": round(statistics.median(reads), 3),
                "crc32_gb_per_s": crc_rates(asked.runs),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
