"""Recorded byte streams of many terminals, cut into pieces; what a gateway made of them, in a form that can be compared."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from ingest.gateway.registration import auth_code
from ingest.log.base import Records
from ingest.log.record import DROPPED, FRAME, LINK_EVENT
from protocols.jt808.codec import encode, examine
from protocols.jt808.extras import Extra
from protocols.jt808.framing import Splitter, unescape, wrap
from protocols.jt808.messages.location import LocationBatch
from protocols.jt808.messages.registration import Authentication, Registration
from protocols.jt808.messages.session import Heartbeat, PlatformReply, TimeRequest
from tests.ingest.gateway.conftest import location

SECRET = b"recorded streams need codes that do not change".ljust(64, b".")

Answers = Counter[tuple[Any, ...]]
Logged = Counter[tuple[int, int, bytes]]


@dataclass(frozen=True)
class Recording:
    """Everything that one terminal sends, from its first byte on."""

    terminal_id: str
    stream: bytes


def _changed(frame: bytes, place: int, value: int) -> bytes:
    """A frame with another byte in header or body, and a right XOR."""
    content = bytearray(unescape(frame[1:-1])[0][:-1])
    content[place] = value
    return wrap(bytes(content) + bytes([_xor(content)]))


def _xor(content: bytearray) -> int:
    value = 0
    for byte in content:
        value ^= byte
    return value


def record(number: int, seed: int) -> Recording:
    """A terminal that registers, authenticates, then says all sorts of things, some of them broken."""
    rng = random.Random(f"{seed}/{number}")
    version = rng.choice(("2013", "2019"))
    terminal_id = f"{13_900_000_000 + number:012}" if version == "2013" else f"{13_900_000_000 + number:020}"
    serial = 0

    def frame(message: Any, package: tuple[int, int] | None = None) -> bytes:
        nonlocal serial
        serial += 1
        return encode(message, terminal_id=terminal_id, serial=serial, version=version, package=package)

    def report() -> bytes:
        extras = (Extra(0x01, rng.randbytes(4)), Extra(0x30, b"\x7e"), Extra(0xE1, rng.randbytes(9)))
        return frame(location(rng.randrange(100_000), extras=extras[: rng.randrange(4)], speed_kmh10=rng.randrange(1_200)))

    def batch() -> bytes:
        return frame(LocationBatch.of(1, tuple(location(rng.randrange(100_000)) for _ in range(rng.randrange(1, 5)))))

    def odd() -> bytes:
        whole, start = report(), 12 if version == "2013" else 17
        return rng.choice(
            (
                whole[:20] + bytes([whole[20] ^ 1]) + whole[21:],  # mostly a wrong XOR, sometimes a broken escape
                _changed(whole, start + 23, 0x13),  # month 13
                _changed(whole, 0, 0x0F),  # unknown message
                _changed(whole, 3, whole[4] ^ 1),  # a length that is not so
                b"\x00noise\x7e" + whole,
                whole[:-1] + report(),  # one delimiter for two
                b"\x7e\x7e" + whole,
            )
        )

    code = auth_code(SECRET, terminal_id.lstrip("0"), 0)
    ids = ("860000000000000", "1.0") if version == "2019" else (None, None)
    pieces = [frame(Registration(52, 100, "MAKER", "MODEL", "0000001", 2, f"贵B{number:05}")), frame(Authentication(code, *ids))]
    for _ in range(40):
        kind = rng.random()
        if kind < 0.6:
            pieces.append(report())
        elif kind < 0.7:
            pieces.append(batch())
        elif kind < 0.8:
            pieces.append(frame(Heartbeat()))
        elif kind < 0.83:
            pieces.append(frame(TimeRequest()))
        else:
            pieces.append(odd())
    return Recording(terminal_id, b"".join(pieces))


def cut(recordings: list[Recording], seed: int, most: int) -> list[tuple[int, bytes]]:
    """(recording, piece) in a random order that keeps each terminal's own; pieces of 1 to `most` bytes."""
    rng = random.Random(seed)
    at = [0] * len(recordings)
    pieces = []
    waiting = list(range(len(recordings)))
    while waiting:
        number = rng.choice(waiting)
        stream, start = recordings[number].stream, at[number]
        at[number] = start + rng.randint(1, most)
        pieces.append((number, stream[start : at[number]]))
        if at[number] >= len(stream):
            waiting.remove(number)
    return pieces


def answers(data: bytes) -> Answers:
    """What the platform said, without its own serial numbers (their order is its own affair) and without its clock."""
    said: Answers = Counter()
    splitter, serials = Splitter(), []
    for run in splitter.feed(data):
        examined = examine(run)
        assert examined.header is not None and not examined.anomalies, run.hex()
        serials.append(examined.header.serial)
        message = examined.message
        if isinstance(message, PlatformReply):
            said["reply", message.reply_serial, message.reply_id, message.result] += 1
        elif type(message).__name__ == "RegistrationReply":
            said["registered", message.reply_serial, message.result, message.auth_code] += 1
        else:
            said[type(message).__name__, examined.header.terminal_id] += 1
    assert len(set(serials)) == len(serials), "a serial number of the platform was used twice"
    return said


def logged(records: Records) -> Logged:
    """What stands in the log: kind, reason and payload; of link events only who was let in."""
    found: Logged = Counter()
    for row in range(len(records)):
        kind, payload = int(records.kind[row]), records.payload(row)
        if kind in (FRAME, DROPPED):
            found[kind, int(records.reason[row]), payload] += 1
        elif kind == LINK_EVENT and (event := json.loads(payload))["event"] == "authenticated":
            found[kind, 0, event["terminal"].encode()] += 1
    return found
