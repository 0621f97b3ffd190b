"""Many position frames in one call, for the pipeline. In doubt a frame is left to the declarative path."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from domain.position import ABSENT, ODOMETER_LIMIT_M, POSITION, Flag, Source
from protocols.jt808.kernels import fixes as fix_kernels
from protocols.jt808.kernels import frames as frame_kernels
from protocols.jt808.kernels.rows import (
    ASK,
    FRAME,
    HAS_FUEL,
    HAS_ODOMETER,
    HAS_RECORDER,
    HAS_SATELLITES,
    OK,
    WIRE_FIX,
)  # fmt: skip

Array = np.ndarray[Any, Any]

_SMALLINT_MAX = 32_767


class Decoded(NamedTuple):
    """What one call found.

    frames: (m,) `FRAME`, one a payload; verdict `ASK` where the declarative path must read it.
    fixes: (k,) `WIRE_FIX` in frame order, only of frames with verdict `OK`.
    scratch: (n,) uint8, unescaped frames; extras_start and extras_end point into it.
    """

    frames: Array
    fixes: Array
    scratch: Array


@njit(cache=True, nogil=True)
def _decode(buffer, start, end):  # type: ignore[no-untyped-def]
    total = 0
    for i in range(len(start)):
        total += max(end[i] - start[i], 0)
    frames = np.empty(len(start), FRAME)
    # A position item takes 28 bytes and its length; 0x0200 at least 41 in all.
    fixes = np.empty(total // 30 + 1, WIRE_FIX)
    scratch = np.empty(total, np.uint8)
    at = 0
    k = 0
    for i in range(len(start)):
        first, last = start[i], end[i]
        if last > first and buffer[np.uint64(first)] == 0x7E:
            first += 1
        if last > first and buffer[np.uint64(last - 1)] == 0x7E:
            last -= 1
        verdict, n = frame_kernels.parse(buffer, first, last, scratch, at, frames, i)
        frame = frames[i]
        count = fix_kernels.decode_body(scratch, frame, i, fixes, k) if verdict == OK else 0
        if count == 0:
            frame.verdict = ASK
        else:
            at += n
            k += count
    return frames, fixes[:k], scratch[:at]


def decode_frames(buffer: Array, start: Array, end: Array) -> Decoded:
    """Decode every 0x0200 and 0x0704 that the kernels understand without doubt.

    The rows are made inside the compiled call: numpy's own calls for them cost more than the decoding of a small batch.

    Args:
        buffer: (n,) uint8; start, end: (m,) int64, payload i = buffer[start[i]:end[i]], escaped, delimiters or not.
    Returns:
        `Decoded`; frames that are anything else have verdict `ASK`.
    """
    return Decoded(*_decode(buffer, start, end))


def to_positions(fixes: Array, received_ms: Array, vehicle_id: Array, replayed: Array) -> Array:
    """`POSITION` rows of wire fixes; the only place where wire units become the house's.

    Args:
        fixes: (k,) `WIRE_FIX`; received_ms: (k,) int64; vehicle_id: (k,) int32; replayed: (k,) bool.
    Returns:
        (k,) `POSITION`. What a column cannot hold becomes `ABSENT` or is clipped, with its `Flag`.
    """
    rows = np.zeros(len(fixes), POSITION)
    for name in ("t_ms", "lon_e6", "lat_e6", "altitude_m"):
        rows[name] = fixes[name]
    rows["received_ms"] = received_ms
    rows["vehicle_id"] = vehicle_id
    rows["alarm_bits"] = fixes["alarm_bits"].astype(np.int32)
    rows["status_bits"] = fixes["status_bits"].astype(np.int32)
    flags = np.zeros(len(fixes), np.int16)
    odometer = fixes["odometer_01km"].astype(np.int64) * 100
    rows["odometer_m"] = _optional(odometer, fixes["present"] & HAS_ODOMETER, ODOMETER_LIMIT_M, flags, Flag.ODOMETER_RANGE)
    rows["fuel_l10"] = _optional(fixes["fuel_l10"], fixes["present"] & HAS_FUEL, _SMALLINT_MAX, flags, Flag.FUEL_RANGE)
    recorder = fixes["recorder_kmh10"]
    rows["recorder_kmh10"] = _optional(recorder, fixes["present"] & HAS_RECORDER, _SMALLINT_MAX, flags, Flag.RECORDER_RANGE)
    rows["satellites"] = _optional(fixes["satellites"], fixes["present"] & HAS_SATELLITES, 255, flags, Flag(0))
    flags[fixes["speed_kmh10"] > _SMALLINT_MAX] |= Flag.SPEED_RANGE
    rows["speed_kmh10"] = np.minimum(fixes["speed_kmh10"], _SMALLINT_MAX)
    flags[fixes["heading_deg"] > 359] |= Flag.HEADING_RANGE
    rows["heading_deg"] = fixes["heading_deg"] % 360
    rows["source"] = np.where(replayed, Source.REPLAY, fixes["source"])
    rows["flags"] = flags
    return rows


def _optional(values: Array, present: Array, limit: int, flags: Array, flag: Flag) -> Array:
    """Values where present and within the limit, else `ABSENT`; flags of those beyond it are set in place."""
    fits = values <= limit
    flags[(present != 0) & ~fits] |= flag
    return np.where((present != 0) & fits, values.astype(np.int64), ABSENT)
