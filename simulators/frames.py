"""The fast road of a fleet: many position bodies in one numpy pass, frames by joining bytes.

Equal to `protocols.jt808.codec.encode` byte for byte (tested); only for 0x0200 with the items below and for 0x0704 of these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from protocols.jt808.framing import checksum, escape

BODY = np.dtype(
    [
        ("alarm_bits", ">u4"),
        ("status_bits", ">u4"),
        ("lat_e6", ">u4"),
        ("lon_e6", ">u4"),
        ("altitude_m", ">i2"),
        ("speed_kmh10", ">u2"),
        ("heading_deg", ">u2"),
        ("time", "u1", (6,)),
        ("odometer_head", ">u2"),
        ("odometer_01km", ">u4"),
        ("fuel_head", ">u2"),
        ("fuel_l10", ">u2"),
        ("recorder_head", ">u2"),
        ("recorder_kmh10", ">u2"),
        ("signal_head", ">u2"),
        ("signal", "u1"),
        ("satellites_head", ">u2"),
        ("satellites", "u1"),
    ]
)
"""Body of a position report with items 0x01, 0x02, 0x03, 0x30, 0x31 (JT/T 808-2019 8.12, tables 23 to 27)."""

BODY_BYTES = BODY.itemsize
_HEADS = {"odometer_head": 0x0104, "fuel_head": 0x0202, "recorder_head": 0x0302, "signal_head": 0x3001, "satellites_head": 0x3101}
_BCD = np.array([(n // 10) << 4 | n % 10 for n in range(100)], np.uint8)
_SHANGHAI_S = 8 * 3600

LOCATION, LOCATION_BATCH = 0x0200, 0x0704


def bcd_times(t_s: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(n, 6) BCD yyMMddhhmmss at +08:00 of epoch seconds."""
    local = np.asarray(t_s, np.int64) + _SHANGHAI_S
    days, second = np.divmod(local, 86_400)
    date = days.astype("datetime64[D]")
    month = date.astype("datetime64[M]")
    year = date.astype("datetime64[Y]")
    parts = (
        (year.astype(np.int64) + 1970) % 100,
        (month - year.astype("datetime64[M]")).astype(np.int64) + 1,
        (date - month.astype("datetime64[D]")).astype(np.int64) + 1,
        second // 3600,
        second // 60 % 60,
        second % 60,
    )
    return np.stack([_BCD[part] for part in parts], axis=1)


def pack_bodies(fixes: NDArray[Any], fuel_l10: NDArray[np.int64], satellites: NDArray[np.int64]) -> tuple[bytes, list[int]]:
    """Bodies of `simulators.truth.FIX` rows, one after the other, `BODY_BYTES` each, and the XOR of each body.

    Places are taken as north and east; the sender keeps status bits 2 and 3 clear.
    """
    bodies = np.zeros(len(fixes), BODY)
    for name in ("alarm_bits", "status_bits", "lat_e6", "lon_e6", "altitude_m", "speed_kmh10", "heading_deg"):
        bodies[name] = fixes[name]
    bodies["time"] = bcd_times(fixes["t_ms"] // 1000)
    bodies["odometer_01km"] = fixes["odometer_m"] // 100
    bodies["recorder_kmh10"] = fixes["speed_kmh10"]
    bodies["fuel_l10"], bodies["satellites"] = fuel_l10, satellites
    bodies["signal"] = 20 + satellites % 10
    for name, head in _HEADS.items():
        bodies[name] = head
    flat = bodies.view(np.uint8).reshape(len(fixes), BODY_BYTES)
    return flat.tobytes(), np.bitwise_xor.reduce(flat, axis=1).tolist()


class FrameMaker:
    """Frames of one terminal.

    Args:
        terminal_id: 12 digits (2013) or 20 (2019).
        version: "2013" or "2019".
    """

    __slots__ = ("_after", "_report_head", "_report_xor", "_version_bit")

    def __init__(self, terminal_id: str, version: str) -> None:
        is_2019 = version == "2019"
        self._version_bit = 0x4000 if is_2019 else 0
        self._after = (b"\x01" if is_2019 else b"") + bytes.fromhex(terminal_id.rjust(20 if is_2019 else 12, "0"))
        self._report_head = self._head(LOCATION, BODY_BYTES)
        self._report_xor = checksum(self._report_head)

    def _head(self, message_id: int, length: int) -> bytes:
        return message_id.to_bytes(2, "big") + (length | self._version_bit).to_bytes(2, "big") + self._after

    def report(self, body: bytes, body_xor: int, serial: int) -> bytes:
        """A 0x0200 of a packed body, with or without further items behind it, escaped and between delimiters."""
        if len(body) != BODY_BYTES:
            frame = self._head(LOCATION, len(body)) + serial.to_bytes(2, "big") + body
            return b"\x7e" + escape(frame + bytes((checksum(frame),))) + b"\x7e"
        xor = self._report_xor ^ body_xor ^ serial >> 8 ^ serial & 0xFF
        return b"\x7e" + escape(b"%b%b%b%c" % (self._report_head, serial.to_bytes(2, "big"), body, xor)) + b"\x7e"

    def batch(self, bodies: list[bytes], kind: int, serial: int) -> bytes:
        """A 0x0704 of packed bodies; kind 0 normal, 1 blind area."""
        body = batch_body(bodies, kind)
        frame = self._head(LOCATION_BATCH, len(body)) + serial.to_bytes(2, "big") + body
        return b"\x7e" + escape(frame + bytes((checksum(frame),))) + b"\x7e"


def batch_body(bodies: list[bytes], kind: int) -> bytes:
    """Body of a 0x0704: count, kind, each position with its length before it."""
    return len(bodies).to_bytes(2, "big") + bytes((kind,)) + b"".join(len(body).to_bytes(2, "big") + body for body in bodies)


def acknowledgement(run: bytes) -> tuple[int, int, int] | None:
    """(serial, message id, result) of a plain 0x8001 run between delimiters; None when the run needs the full decoder."""
    if not run.startswith(b"\x80\x01") or len(run) not in (18, 23) or b"\x7d" in run or checksum(run):
        return None
    if run[2:4] != (b"\x00\x05" if len(run) == 18 else b"\x40\x05"):
        return None
    return int.from_bytes(run[-6:-4], "big"), int.from_bytes(run[-4:-2], "big"), run[-2]
