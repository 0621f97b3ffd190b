"""A million spoiled frames through the connection: no exception, bounded memory.

Usage: python benchmarks/fuzz.py [--frames N] [--seed S]; progress on standard error, one JSON object on standard output.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from protocols.jt808.codec import build_frame, encode_body, examine
from protocols.jt808.connection import PLATFORM, TERMINAL, Connection
from protocols.jt808.events import AnomalyEvent, Closed, Event, Fixes, MessageIn
from protocols.jt808.framing import checksum, strip_delimiters, unescape, wrap
from protocols.jt808.header import Address
from protocols.jt808.messages.location import Location, LocationBatch
from protocols.jt808.reassembly import Budget

VECTORS = Path(__file__).resolve().parents[1] / "tests" / "vectors" / "jt808"
NOW_MS = 1_732_759_141_000
TERMINAL_ID = "13912344329"
LIFE = 2_000
"""Frames after which a link is made anew, at most."""


def corpus() -> list[bytes]:
    """Unescaped frames to spoil: every own vector, and packets of a long batch."""
    whole = [unescape(strip_delimiters(bytes.fromhex(path.read_text())))[0] for path in sorted(VECTORS.glob("*.hex"))]
    batch = LocationBatch.of(1, tuple(Location(0, 2, 28_000_000, 112_000_000, 0, 0, 0, NOW_MS) for _ in range(90)))
    for version in ("2013", "2019"):
        message_id, body = encode_body(batch, version)
        for index in (1, 2, 3):
            address = Address(TERMINAL_ID, 100 + index, version, (3, index))
            whole.append(unescape(strip_delimiters(build_frame(message_id, body[(index - 1) * 1000 : index * 1000], address)))[0])
    return whole


def spoil(frame: bytes, chance: random.Random) -> bytes:
    """The frame changed in a few places, mostly with its checksum made right again, escaped, sometimes spoiled once more."""
    body = bytearray(frame[:-1])
    for _ in range(chance.randrange(4)):
        kind, at = chance.randrange(4), chance.randrange(len(body) + 1)
        if kind == 0 and at < len(body):
            body[at] = chance.randrange(256)
        elif kind == 1:
            del body[at : at + chance.randrange(1, 20)]
        elif kind == 2:
            body[at:at] = chance.randbytes(chance.randrange(1, 20))
        elif at < len(body):
            body[at] ^= 1 << chance.randrange(8)
        if not body:
            body = bytearray(b"\x00")
    if chance.random() < 0.5 and len(body) > 4:  # a length that fits again, so that the body is reached
        size = 17 if body[2] & 0x40 else 12
        length = max(0, len(body) - size - (4 if body[2] & 0x20 else 0)) & 0x3FF
        body[2] = body[2] & 0xFC | length >> 8
        body[3] = length & 0xFF
    check = checksum(bytes(body)) if chance.random() < 0.9 else chance.randrange(256)
    run = wrap(bytes(body) + bytes((check,)))
    if chance.random() < 0.1:
        at = chance.randrange(len(run))
        run = run[:at] + chance.randbytes(chance.randrange(3)) + run[at + chance.randrange(3) :]
    return run


def resident_kib() -> int:
    """Resident memory of this process, KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def link_of(chance: random.Random, budget: Budget) -> Connection:
    """A new link: a platform's before or after authentication, or a terminal's."""
    link = Connection(TERMINAL if chance.random() < 0.1 else PLATFORM, budget=budget)
    if chance.random() < 0.7:
        link.bind(TERMINAL_ID)
    return link


def feed(link: Connection, frame: bytes, now_ms: int, chance: random.Random) -> list[Event]:
    """Events of a frame, given whole or as a stream cut in two; everything is answered, and every answer must be sound."""
    if chance.random() < 0.5:
        found = link.receive_frame(strip_delimiters(frame), now_ms)
    else:
        cut = chance.randrange(len(frame) + 1)
        found = link.receive_data(frame[:cut], now_ms) + link.receive_data(frame[cut:], now_ms)
    for event in found:
        if isinstance(event, MessageIn | Fixes | AnomalyEvent):
            link.reply(event, 0, now_ms)
    link.tick(now_ms)
    for sent in link.data_to_send():
        assert not examine(sent).dropped
    return found


def run(frames: int, seed: int) -> dict[str, object]:
    """Feed that many frames; exceptions are counted, not raised."""
    chance = random.Random(seed)
    seeds, budget = corpus(), Budget()
    link, life, now_ms = link_of(chance, budget), 0, NOW_MS
    events: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    errors: list[str] = []
    base = peak = 0
    started = time.process_time()
    for number in range(frames):
        frame = spoil(chance.choice(seeds), chance)
        found: list[Event] = []
        now_ms += chance.randrange(50)
        try:
            found = feed(link, frame, now_ms, chance)
            for event in found:
                events[type(event).__name__] += 1
                codes.update(str(odd.code) for odd in getattr(event, "anomalies", ()))
        except Exception as error:
            errors.append(f"{error!r} {frame.hex()}")
        life += 1
        if life == LIFE or any(isinstance(event, Closed) for event in found):
            link.close("done")
            link, life = link_of(chance, budget), 0
        if number % 20_000 == 0:
            peak = max(peak, resident_kib())
            base = base or (peak if number >= 20_000 else 0)
            print(f"\r{number:>9,} of {frames:,} frames, {len(errors)} exceptions", end="", file=sys.stderr, flush=True)
    link.close("done")
    print(file=sys.stderr)
    return {
        "frames": frames, "seed": seed, "exceptions": len(errors), "first_exceptions": errors[:5], "cpu_s": round(time.process_time() - started, 1),
        "resident_kib_after_20000": base, "resident_kib_peak": max(peak, resident_kib()), "growth_kib": max(peak, resident_kib()) - base,
        "assembly_bytes_left": budget.used, "events": dict(events.most_common()), "anomalies": dict(codes.most_common()),
    }  # fmt: skip


def main() -> None:
    """Read the arguments, run, print the report; exit code 1 when anything raised."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--frames", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=808)
    options = arguments.parse_args()
    report = run(options.frames, options.seed)
    print(json.dumps(report, indent=1))
    raise SystemExit(1 if report["exceptions"] else 0)


if __name__ == "__main__":
    main()
