"""Binary frames of the live socket: little-endian, struct of arrays, 15 bytes a vehicle.

Layout 1 (the browser's twin is `supervision_ui/static/map/frames.mjs`; both read `tests/vectors/frames/*.json`):

| offset | type | field |
|---|---|---|
| 0 | u32 | magic 0x31534F50 |
| 4 | u32 | seq |
| 8 | f64 | tick time, epoch ms UTC |
| 16 | u32 | n |
| 20 | u8 | kind |
| 21 | u8 | layout version |
| 22 | u16 | 0 |
| 24 | n × u32 | vehicle_id; region_code in a counts frame |
| then | n × i32, n × i32 | lon, lat, 1e-7 degree; in a counts frame 5 × n × u32: moving, stopped, offline, warning, alarm |
| then | n × u8, three times | heading / 2 (255 unknown), status, speed km/h (254 and above; 255 unknown) |
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from domain.errors import WireError

MAGIC = 0x31534F50
LAYOUT = 1
HEADER = struct.Struct("<IIdIBBH")
BYTES_PER_VEHICLE = 15
BYTES_PER_COUNT = 24
UNKNOWN = 255
"""Heading or speed that is not known."""

SPEED_TOP = 254
"""This speed or more, km/h."""


class Kind(IntEnum):
    """What a frame does to the rows a client holds."""

    KEYFRAME = 1
    DELTA = 2
    COUNTS = 3


class Status(IntEnum):
    """Bits 0 to 2 of the status byte."""

    MOVING = 0
    STOPPED = 1
    OFFLINE = 2
    WARNING = 3
    ALARM = 4
    LEFT = 7


STATUS_MASK = 0x07
BACKFILLED = 0x08
"""The newest fix came from the terminal's store."""

NO_GNSS = 0x10
"""The newest report had no valid place; the place shown is the last one that had."""

OPEN_ALERT = 0x20


@dataclass(frozen=True, slots=True)
class Vehicles:
    """Columns of equal length n: u4 vehicle_id; i4 lon_e7, lat_e7 in 1e-7 degree; u1 heading (degrees / 2), status, speed (km/h)."""

    vehicle_id: NDArray[np.uint32]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]
    heading: NDArray[np.uint8]
    status: NDArray[np.uint8]
    speed: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.vehicle_id)


@dataclass(frozen=True, slots=True)
class Counts:
    """Vehicles by region: (n,) u4 GB/T 2260 codes, 0 unknown; (5, n) u4 moving, stopped, offline, warning, alarm."""

    region_code: NDArray[np.uint32]
    by_status: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.region_code)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame read back: `body` is Counts for kind COUNTS, else Vehicles."""

    kind: Kind
    seq: int
    t_ms: float
    body: Vehicles | Counts


def pack(body: Vehicles | Counts, kind: Kind, seq: int, t_ms: float) -> bytes:
    """The frame's bytes; the same bytes go to every subscriber of a topic."""
    header = HEADER.pack(MAGIC, seq & 0xFFFFFFFF, t_ms, len(body), kind, LAYOUT, 0)
    if isinstance(body, Counts):
        return b"".join((header, body.region_code.astype("<u4").tobytes(), body.by_status.astype("<u4").tobytes()))
    wide = (body.vehicle_id.astype("<u4", copy=False), body.lon_e7.astype("<i4", copy=False), body.lat_e7.astype("<i4", copy=False))
    narrow = (body.heading, body.status, body.speed)
    return b"".join((header, *(column.tobytes() for column in wide), *(column.tobytes() for column in narrow)))


def unpack(data: bytes) -> Frame:
    """Read a frame; the arrays are views of the bytes.

    Raises:
        WireError: bad_magic, bad_version, bad_kind, short_frame or long_frame, with the offset.
    """
    if len(data) < HEADER.size:
        raise WireError(f"frame of {len(data)} bytes, header has {HEADER.size}", code="short_frame", offset=len(data))
    magic, seq, t_ms, count, kind, layout, _ = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise WireError(f"magic 0x{magic:08x}", code="bad_magic", field="magic", offset=0)
    if layout != LAYOUT:
        raise WireError(f"layout version {layout}, this reader knows {LAYOUT}", code="bad_version", field="layout", offset=21)
    if kind not in (Kind.KEYFRAME, Kind.DELTA, Kind.COUNTS):
        raise WireError(f"frame kind {kind}", code="bad_kind", field="kind", offset=20)
    _check_length(data, count, BYTES_PER_COUNT if kind == Kind.COUNTS else BYTES_PER_VEHICLE)
    body = _counts(data, count) if kind == Kind.COUNTS else _vehicles(data, count)
    return Frame(Kind(kind), seq, t_ms, body)


def _check_length(data: bytes, count: int, row_bytes: int) -> None:
    expected = HEADER.size + count * row_bytes
    if len(data) != expected:
        code = "short_frame" if len(data) < expected else "long_frame"
        raise WireError(f"frame of {len(data)} bytes, {count} rows need {expected}", code=code, field="n", offset=16)


def _vehicles(data: bytes, count: int) -> Vehicles:
    wide = [np.frombuffer(data, dtype, count, HEADER.size + 4 * count * i) for i, dtype in enumerate(("<u4", "<i4", "<i4"))]
    narrow = [np.frombuffer(data, "u1", count, HEADER.size + 12 * count + count * i) for i in range(3)]
    return Vehicles(*wide, *narrow)


def _counts(data: bytes, count: int) -> Counts:
    codes = np.frombuffer(data, "<u4", count, HEADER.size)
    by_status = np.frombuffer(data, "<u4", 5 * count, HEADER.size + 4 * count).reshape(5, count)
    return Counts(codes, by_status)
