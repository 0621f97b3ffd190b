"""Frames decoded per CPU-second: the batch path at 1, 4, 16 and 64 frames a call, beside the declarative path and a floor.

    python -m benchmarks.protocols [--runs 5] [--seconds 1] > protocols.json

A frame is a 0x0200 with five additional items; ours checks the XOR, the header and every item and gives a row a fix. The floor splits off
the delimiters and takes the fixed fields out by one `struct` call: no XOR, no escapes, no items, no time zone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from protocols.jt808.codec import encode, examine
from protocols.jt808.messages.location import Extra, Location
from runtime.caches import separate_kernel_cache

FRAMES = 4_096
BARS = {4: 300_000, 64: 2_000_000}
_FIXED = struct.Struct(">HH6sHIIIIHHH6s")


def frames() -> list[bytes]:
    """Reports of different terminals, escapes among them."""
    made = []
    for number in range(FRAMES):
        extras = (
            Extra(0x01, (12_345 + number).to_bytes(4, "big")), Extra(0x02, b"\x01\x2c"), Extra(0x03, b"\x01\xf4"),
            Extra(0x30, b"\x1f"), Extra(0x31, b"\x0b"),
        )  # fmt: skip
        report = Location(
            alarm_bits=0, status_bits=3, latitude_e6=26_570_000 + 7 * number, longitude_e6=106_710_000 + 11 * number, altitude_m=1_100,
            speed_kmh10=412, heading_deg=number % 360, time_ms=1_790_000_000_000 + 1_000 * number, extras=extras,
        )  # fmt: skip
        made.append(encode(report, terminal_id=f"{13_900_000_000 + number}", serial=number, version="2013"))
    return made


def rate(one_pass: Callable[[], None], seconds: float) -> float:
    """Frames per CPU-second of this thread."""
    passes = 0
    began = time.thread_time()
    while (taken := time.thread_time() - began) < seconds:
        one_pass()
        passes += 1
    return passes * FRAMES / taken


def batch(made: list[bytes], size: int) -> Callable[[], None]:
    """One pass over all frames, so many a call. Kernels are imported here, behind the choice of their cache."""
    from protocols.jt808.batch import decode_frames

    buffer = np.frombuffer(b"".join(made), np.uint8)
    end = np.cumsum([len(frame) for frame in made])
    start = np.concatenate([[0], end[:-1]])
    calls = [(start[at : at + size], end[at : at + size]) for at in range(0, FRAMES, size)]

    def one_pass() -> None:
        for first, last in calls:
            decoded = decode_frames(buffer, first, last)
            assert len(decoded.fixes) == len(first)

    return one_pass


def declarative(made: list[bytes]) -> Callable[[], None]:
    """One pass by the definitions alone."""

    def one_pass() -> None:
        for frame in made:
            assert examine(frame).message is not None

    return one_pass


def floor(made: list[bytes]) -> Callable[[], None]:
    """One pass that checks nothing."""

    def one_pass() -> None:
        for frame in made:
            _FIXED.unpack_from(frame, 1)

    return one_pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    asked = parser.parse_args()
    separate_kernel_cache()
    made = frames()
    passes = {f"batch of {size}": batch(made, size) for size in (1, 4, 16, 64)} | {"declarative": declarative(made), "floor": floor(made)}
    for one_pass in passes.values():
        one_pass()
    taken: dict[str, list[float]] = {name: [] for name in passes}
    for run in range(asked.runs):
        for name, one_pass in passes.items():
            taken[name].append(rate(one_pass, asked.seconds))
        print(f"run {run + 1}/{asked.runs} done", file=sys.stderr)
    median = {name: statistics.median(rates) for name, rates in taken.items()}
    result: dict[str, Any] = {
        "frames_per_cpu_s": {name: round(value) for name, value in median.items()},
        "ratio_to_floor": {name: round(value / median["floor"], 2) for name, value in median.items()},
        "bars": {f"batch of {size}": bar for size, bar in BARS.items()},
        "met": {f"batch of {size}": median[f"batch of {size}"] >= bar for size, bar in BARS.items()},
    }
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
