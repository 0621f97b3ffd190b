"""Recorded frames into the log, or over sockets to a gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.errors import RefusedError
from domain.units import instant
from ingest.log.appending import appending
from ingest.log.record import DOOR_REPLAY, MQTT, REPLAYED
from ingest.mqtt import payloads
from ingest.replay_sources import Recorded, is_log, recorded
from ingest.settings import LogSettings
from ingest.steps.corrected import CORRECT
from protocols.anomaly import Layer
from protocols.jt808.codec import examine
from protocols.jt808.delimiters import spoken
from protocols.jt808.header import terminal_key
from protocols.jt808.messages.location import Location, LocationBatch, LocationReply, usable_fixes
from protocols.jt808.profile import BY_NUMBER, STANDARD

REPLAY_WORKER = 65_000
"""Worker number of the log that replays write; no gateway counts so far."""
_LONGEST_GAP_S = 3600.0


@dataclass(frozen=True, slots=True)
class DecodedFix:
    """One line of a dry run; reason is "" for a fix that would be stored, else why it would not."""

    terminal_id: str
    time: str
    latitude: float
    longitude: float
    speed_kmh: float
    heading_deg: int
    reason: str


class Pace:
    """When the next frame is due.

    Args:
        speed: how many times faster than recorded; None: at once.
        clock_s: monotonic seconds.
    """

    def __init__(self, speed: float | None, clock_s: Callable[[], float] = time.monotonic) -> None:
        if speed is not None and speed <= 0:
            raise RefusedError(f"speed {speed} must be above 0", field="speed")
        self._speed = speed
        self._clock_s = clock_s
        self._began_s = clock_s()
        self._last_s: float | None = None
        self._recorded_s = 0.0

    def due_s(self, frame: Recorded) -> float:
        """Seconds from now until the frame is due, 0 when it is. By gateway time, or device time where nobody noted the former."""
        if self._speed is None:
            return 0.0
        moment = _moment_s(frame)
        if moment is not None:
            if self._last_s is not None:
                self._recorded_s += min(max(moment - self._last_s, 0.0), _LONGEST_GAP_S)
            self._last_s = moment
        return max(0.0, self._began_s + self._recorded_s / self._speed - self._clock_s())


def _moment_s(frame: Recorded) -> float | None:
    if frame.received_us is not None:
        return frame.received_us / 1e6
    message = examine(frame.payload).message
    return message.time_ms / 1e3 if isinstance(message, Location) and message.time_ms is not None else None


async def into_log(path: Path, settings: LogSettings, *, speed: float | None, correct: bool, now_us: Callable[[], int]) -> int:
    """Append the frames of a source to the log as replayed records; how many, all durable on return.

    A frame keeps the gateway time at which it was recorded, so it counts for the vehicle that its terminal served then.

    Args:
        settings: of the log; the replay writes a worker's log of its own, number `REPLAY_WORKER`.
        speed: see `Pace`.
        correct: what the decoder reads now replaces what it read then.
        now_us: epoch µs, for frames without a recorded time.
    Raises:
        RefusedError: nothing to replay, or `correct` without recorded times. StoreError: the log takes no more.
    """
    if correct and not is_log(path):
        raise RefusedError(
            "--correct needs a spool or a segment: only there each frame has the time by which its row is found", field="correct"
        )
    folder = settings.path / str(REPLAY_WORKER)
    count, pace = 0, Pace(speed)
    async with appending(settings, REPLAY_WORKER) as log:
        for frame in recorded(path, without=folder):
            wait_s = pace.due_s(frame)
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            received_us = now_us() if frame.received_us is None else frame.received_us
            kind, reason = MQTT if frame.kind == MQTT else REPLAYED, CORRECT if correct else 0
            await log.append(kind, DOOR_REPLAY, frame.payload, received_us=received_us, profile=frame.profile, reason=reason)
            count += 1
    return count


def decoded(path: Path) -> Iterator[DecodedFix]:
    """What the frames of a source say about places; other messages are left out."""
    for frame in recorded(path):
        if frame.kind == MQTT:
            yield from _of_json(frame.payload)
            continue
        examined = examine(frame.payload, spoken(BY_NUMBER.get(frame.profile, STANDARD), frame.payload))
        terminal = "" if examined.header is None else terminal_key(examined.header.terminal_id)
        fault = examined.dropped
        sound = fault is None or fault.layer in (Layer.BODY, Layer.POSITION)
        if sound and isinstance(examined.message, Location | LocationReply | LocationBatch):
            for _, fix in usable_fixes(examined.message):
                latitude_e6, longitude_e6 = fix.signed_e6
                yield DecodedFix(
                    terminal, instant(fix.time_ms or 0).isoformat(), latitude_e6 / 1e6, longitude_e6 / 1e6, fix.speed_kmh10 / 10,
                    fix.heading_deg, "",
                )  # fmt: skip
        if fault is not None:
            yield DecodedFix(terminal, "", 0.0, 0.0, 0.0, 0, str(fault.code))


def _of_json(record: bytes) -> Iterator[DecodedFix]:
    """Lines of a JSON device's record."""
    device, said = payloads.of_record(record)
    report = payloads.read(said)
    for row in report.rows:
        yield DecodedFix(
            device, instant(int(row["t_ms"])).isoformat(), int(row["lat_e6"]) / 1e6, int(row["lon_e6"]) / 1e6, int(row["speed_kmh10"]) / 10,
            int(row["heading_deg"]), "",
        )  # fmt: skip
    for fault in (*((report.whole,) if report.whole is not None else ()), *report.faults):
        yield DecodedFix(device, "", 0.0, 0.0, 0.0, 0, fault.reason)
