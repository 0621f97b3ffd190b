"""Additional items of fixes that no column holds: raw bytes beside the fix, never one object a fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_EPOCH_2000_MS = 946_684_800_000
_HEAD = np.dtype([("fields", ">i2"), ("l_time", ">i4"), ("time", ">i8"), ("l_vehicle", ">i4"), ("vehicle_id", ">i4"), ("l_extras", ">i4")])


@dataclass(frozen=True, slots=True)
class Extras:
    """Where the items of each fix stand.

    scratch: (m,) uint8; start, end: (n,) int64, row i = scratch[start[i]:end[i]], empty where nothing is to be kept.
    """

    scratch: Array
    start: Array
    end: Array

    def take(self, rows: Array) -> Extras:
        """The same for a choice of rows."""
        return Extras(self.scratch, self.start[rows], self.end[rows])


def copy_body(positions: Array, extras: Extras) -> bytes:
    """Body of a binary COPY of (time, vehicle_id, extras), for the rows that have items; empty when none has.

    Source: PostgreSQL manual, COPY, "Binary Format".
    """
    rows = np.flatnonzero(extras.end > extras.start)
    if not len(rows):
        return b""
    start = extras.start[rows]
    length = extras.end[rows] - start
    head = np.empty(len(rows), _HEAD)
    head["fields"], head["l_time"], head["l_vehicle"] = 3, 8, 4
    head["time"] = (positions["t_ms"][rows] - _EPOCH_2000_MS) * 1000
    head["vehicle_id"] = positions["vehicle_id"][rows]
    head["l_extras"] = length
    width = _HEAD.itemsize
    place = np.concatenate(([0], np.cumsum(length + width)))
    out = np.empty(place[-1], np.uint8)
    out[place[:-1, None] + np.arange(width)] = head.view(np.uint8).reshape(len(rows), width)
    within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    out[np.repeat(place[:-1] + width, length) + within] = extras.scratch[np.repeat(start, length) + within]
    return b"".join((_SIGNATURE, out.tobytes(), _TRAILER))
