"""JSON of devices: read into rows of positions with every fault named, whatever the bytes; and the record of the log it travels in.

`{"seq": 7, "fixes": [{"t_ms": 1772337600000, "lon": 106.7, "lat": 26.5, "speed_kmh": 30.5, "heading_deg": 90, "altitude_m": 1100,
"status_bits": 3, "alarm_bits": 0, "odometer_m": 120500}]}`. Only seq and t_ms must be there; lon and lat come together or not at all.
What is absent is stored as absent. Other keys are ignored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from domain.position import ABSENT, ABSENT_ALTITUDE, LOCATED, ODOMETER_LIMIT_M, POSITION, Flag, Source

MOST_FIXES = 500
MOST_BYTES = 65_536
SEPARATOR = b"\n"
_MOST_SEQ = 2**53
"""Whole numbers beyond this are not the same in every JSON library."""
_PLACE = 1_000_000
_SOURCE, _NO_STATUS = int(Source.MQTT), int(Flag.NO_STATUS)

_NUMBERS: tuple[tuple[str, float, float, bool], ...] = (
    ("t_ms", 946_684_800_000, 4_102_444_800_000, True), ("lon", -180, 180, False), ("lat", -90, 90, False), ("speed_kmh", 0, 3_276.7, False),
    ("heading_deg", 0, 360, False), ("altitude_m", -32_767, 32_767, False), ("status_bits", 0, 2**32 - 1, True),
    ("alarm_bits", 0, 2**32 - 1, True), ("odometer_m", 0, ODOMETER_LIMIT_M, False),
)  # fmt: skip
"""Name, least and greatest value of each number, and whether it must be whole; t_ms is of this century."""

Row = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: the field as a path ("fixes[3].lat", "" for the payload as a whole), a word for the reason, a line for people.

    item: place in the list of fixes; 0 when the payload as a whole is meant.
    """

    field: str
    reason: str
    detail: str
    item: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a payload says.

    seq: None when it cannot be read; sound: a tuple of `POSITION`'s columns for each sound fix, vehicle_id and received_ms 0; items: their
    places in the payload; whole: set when nothing of the payload can be used; faults: of single fixes, one each.
    """

    seq: int | None
    sound: tuple[Row, ...] = ()
    items: tuple[int, ...] = ()
    whole: Fault | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def rows(self) -> NDArray[np.void]:
        """(n,) `POSITION` of the sound fixes."""
        return np.array(list(self.sound), POSITION)

    @property
    def first_fault(self) -> Fault | None:
        """What an answer names; None for a sound payload."""
        return self.whole or (self.faults[0] if self.faults else None)


def record(device: str, payload: bytes) -> bytes:
    """Payload of a log record: the device, a line feed, the bytes as received."""
    return device.encode("utf-8") + SEPARATOR + payload


def of_record(raw: bytes) -> tuple[str, bytes]:
    """(device, bytes as received) of a log record."""
    device, _, payload = raw.partition(SEPARATOR)
    return device.decode("utf-8", "replace"), payload


def read(payload: bytes) -> Report:
    """The fixes of a payload and its faults; never raises."""
    if len(payload) > MOST_BYTES:
        return _unusable(None, "", "too_long", f"{len(payload)} bytes, {MOST_BYTES} are possible: send fewer fixes at a time")
    try:
        said = json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return _unusable(None, "", "not_json", f"not JSON: {str(error)[:80]}")
    if not isinstance(said, dict):
        return _unusable(None, "", "wrong_type", "the payload must be an object with seq and fixes")
    seq = said.get("seq")
    if type(seq) is not int or not 0 <= seq <= _MOST_SEQ:
        return _unusable(None, "seq", "wrong_type" if "seq" in said else "missing", f"seq must be a whole number from 0 to {_MOST_SEQ}")
    fixes = said.get("fixes")
    if not isinstance(fixes, list):
        return _unusable(seq, "fixes", "wrong_type" if "fixes" in said else "missing", "fixes must be a list of objects")
    if len(fixes) > MOST_FIXES:
        return _unusable(seq, "fixes", "too_many", f"{len(fixes)} fixes, {MOST_FIXES} are possible: send them in several messages")
    return _report(seq, fixes)


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _unusable(seq: int | None, name: str, reason: str, detail: str) -> Report:
    return Report(seq, whole=Fault(name, reason, detail))


def _report(seq: int, fixes: list[Any]) -> Report:
    sound: list[Row] = []
    items: list[int] = []
    faults: list[Fault] = []
    for item, fix in enumerate(fixes):
        found = _fix(fix)
        if type(found) is tuple:
            sound.append(found)
            items.append(item)
        else:
            name, reason, detail = cast("list[str]", found)
            path = f"fixes[{item}].{name}" if name else f"fixes[{item}]"
            faults.append(Fault(path, reason, f"{path} {detail}", item))
    return Report(seq, tuple(sound), tuple(items), None, tuple(faults))


def _fix(fix: Any) -> Row | list[str]:
    """Columns of `POSITION`; or field, reason and detail of the first fault."""
    if type(fix) is not dict:
        return ["", "wrong_type", "must be an object"]
    values: list[Any] = []
    for name, low, high, whole in _NUMBERS:
        value = fix.get(name)
        if value is not None:
            kind = type(value)
            if kind is not int and (whole or kind is not float):
                return [name, "wrong_type", f"must be a {'whole ' if whole else ''}number"]
            if not low <= value <= high:
                return [name, "out_of_range", f"must be from {low} to {high}"]
        values.append(value)
    if values[0] is None:
        return ["t_ms", "missing", "is missing: the time of the fix, epoch ms"]
    if (values[1] is None) != (values[2] is None):
        name, other = ("lon", "lat") if values[1] is None else ("lat", "lon")
        return [name, "missing", f"is missing, {other} is there: both or none"]
    return _row(values)


def _row(values: list[Any]) -> Row:
    """Values in the order of `_NUMBERS` as columns in the order of `POSITION`."""
    t_ms, lon, lat, speed_kmh, heading_deg, altitude_m, status, alarm, odometer_m = values
    flags = 0
    if status is None:
        status, flags = (LOCATED if lon is not None else 0), _NO_STATUS
    return (
        t_ms, 0, 0,
        0 if lon is None else round(lon * _PLACE),
        0 if lat is None else round(lat * _PLACE),
        _signed(alarm or 0), _signed(status),
        ABSENT if odometer_m is None else round(odometer_m),
        ABSENT if speed_kmh is None else round(speed_kmh * 10),
        ABSENT if heading_deg is None else round(heading_deg) % 360,
        ABSENT_ALTITUDE if altitude_m is None else round(altitude_m),
        ABSENT, ABSENT, ABSENT, _SOURCE, flags,
    )  # fmt: skip


def _signed(bits: int) -> int:
    """The same 32 bits with the top one in the sign."""
    return bits - (bits >> 31 << 32)
