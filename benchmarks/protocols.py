"""0x0200 decoded per CPU-second: the batch path at 1, 4, 16 and 64 frames a call, the declarative path, and floors.

    python -m benchmarks.protocols [--runs 5] [--seconds 1] > protocols.json

A frame is a 0x0200 with five additional items; ours checks the XOR, the header and every item and gives a row a fix. The floor splits off
the delimiters and takes the fixed fields out by one `struct` call: no XOR, no escapes, no items, no time zone. `body` is the declarative
decode of an unescaped body with four items (a `Location` with its time, coordinates and items checked); `body floor` is the same body by one
`struct` call and a loop over id and length of its items. `examine` is the declarative path over whole frames. `import` is the CPU time
of importing every message of all protocols in a fresh process, and whether that brought numba in.
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from protocols.definition import definition_of
from protocols.jt808.codec import decode_body, encode, examine
from protocols.jt808.framing import strip_delimiters, unescape
from protocols.jt808.messages.location import Extra, Location
from protocols.jt808.profile import STANDARD
from protocols.wire import Context
from runtime.caches import separate_kernel_cache

FRAMES, ITEMS = 4_096, 4
BARS = {"batch of 4": 300_000, "batch of 64": 2_000_000, "body": 100_000}
IMPORT_BAR_S = 1.5
_BODY, _CHECK, _LAST_ITEM = 12, 1, 3
_FIXED_BODY = struct.Struct(">IIIIhHH6s")
_IMPORTS = (
    "import sys, time; began = time.process_time(); import protocols.explain, protocols.jt808.connection, protocols.jt809.link, "
    "protocols.attachment, protocols.gbt19056.collect; print(time.process_time() - began, 'numba' in sys.modules)"
)
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


def bodies(made: list[bytes]) -> list[bytes]:
    """Unescaped bodies of the frames, with the first four of their items."""
    return [unescape(strip_delimiters(frame))[0][_BODY : -_CHECK - _LAST_ITEM] for frame in made]


def body(made: list[bytes]) -> Callable[[], None]:
    """One pass over the bodies by the definition of 0x0200."""
    definition, wanted = definition_of(Location), bodies(made)

    def one_pass() -> None:
        for one in wanted:
            location, _ = decode_body(definition, one, 0, len(one), Context(STANDARD, "2013"))
            assert len(location.extras) == ITEMS

    return one_pass


def body_floor(made: list[bytes]) -> Callable[[], None]:
    """One pass over the bodies that checks nothing and makes no object."""
    wanted = bodies(made)

    def one_pass() -> None:
        for one in wanted:
            _FIXED_BODY.unpack_from(one)
            at, found = _FIXED_BODY.size, 0
            while at < len(one):
                at += 2 + one[at + 1]
                found += 1
            assert found == ITEMS

    return one_pass


def import_cost() -> dict[str, Any]:
    """CPU seconds of the imports, the least of three fresh processes, and whether numba came along."""
    said = [subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, check=True).stdout.split() for _ in range(3)]
    return {"cpu_s": round(min(float(one[0]) for one in said), 2), "numba": said[0][1] == "True", "bar_s": IMPORT_BAR_S}


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
    passes = {f"batch of {size}": batch(made, size) for size in (1, 4, 16, 64)}
    passes |= {"examine": declarative(made), "floor": floor(made), "body": body(made), "body floor": body_floor(made)}
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
        "ratio_to_floor": {name: round(value / median["body floor" if "body" in name else "floor"], 3) for name, value in median.items()},
        "bars": BARS,
        "met": {name: median[name] >= bar for name, bar in BARS.items()},
        "import": import_cost(),
    }
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
