"""A simulated driving recorder: its records are what the vehicle truly did (GB/T 19056-2012, in 0x8700, 0x8701 and 0x0700)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from domain.errors import RefusedError
from protocols.gbt19056 import frame as recorder
from protocols.gbt19056.collect import Clock, CurrentDriver, Mileage, Pulses, SignalNames, StandardVersion, UniqueNumber, VehicleIdentity
from protocols.gbt19056.layouts import COLLECT_ERROR, NAMES, SETTING_ERROR, UP
from protocols.gbt19056.records import (
    LOGIN,
    DriverChange,
    Place,
    PlaceMinute,
    PositionRecord,
    PowerEvent,
    RecordQuery,
    SpeedPair,
    SpeedRecord,
    SpeedSecond,
    SpeedState,
)  # fmt: skip
from simulators.crew import SHIFT_S, Crew
from simulators.identity import Identity

if TYPE_CHECKING:
    from simulators.equipment import Surroundings

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
KEPT_S = 2 * DAY_S
"""Speeds are kept so long (GB/T 19056-2012 4.4.2: 48 hours)."""
_MOST_BYTES = 60_000
_SHANGHAI_S = 8 * HOUR_S
_PULSES = 624


class Recorder:
    """Answers words; records are made when they are asked for, for they are a function of vehicle and time.

    Args:
        identity: of the terminal.
        around: what the vehicle truly did.
        crew: who drove.
    """

    def __init__(self, identity: Identity, around: Surroundings, crew: Crew) -> None:
        self._around = around
        self._crew = crew
        self._told: dict[int, Any] = {}
        plate = identity.plate.number
        self._vehicle = VehicleIdentity(f"LZYTA{identity.imei[-12:]}", plate, "大型汽车")
        self._unique = UniqueNumber("C000863", identity.model, "260101", int(identity.imei[-8:]).to_bytes(4, "big"), bytes(5))

    def collect(self, word: int, block: bytes, now_ms: int) -> bytes:
        """Whole frame that answers 0x8700; the error word where the question cannot be read."""
        query = self._query(block)
        if word not in NAMES or query is False:
            return recorder.encode(UP, COLLECT_ERROR)
        try:
            return recorder.encode(UP, word, self._content(word, query, now_ms // 1000))
        except RefusedError:
            return recorder.encode(UP, COLLECT_ERROR)

    def set(self, word: int, block: bytes) -> tuple[bool, bytes]:
        """(taken, whole frame that answers) of 0x8701: the word with nothing behind it."""
        found = recorder.examine(block)
        if found.dropped is not None or found.frame is None or found.frame.word != word or found.frame.content is None:
            return False, recorder.encode(UP, SETTING_ERROR)
        self._told[word] = found.frame.content
        return True, recorder.encode(UP, word)

    @staticmethod
    def _query(block: bytes) -> RecordQuery | bool | None:
        """The bounds of a question, None for none; False when it cannot be read."""
        if not block:
            return None
        found = recorder.examine(block)
        if found.dropped is not None or found.frame is None:
            return False
        return found.frame.content if isinstance(found.frame.content, RecordQuery) else None

    def _content(self, word: int, query: Any, t_s: int) -> Any:
        plain = self._plain(word, t_s)
        if plain is not None or query is None:
            return plain if plain is not None else self._records(word, t_s - HOUR_S, t_s, 16)
        start = t_s - KEPT_S if query.start_ms is None else max(query.start_ms // 1000, t_s - KEPT_S)
        end = t_s if query.end_ms is None else min(query.end_ms // 1000, t_s)
        return self._records(word, start, end, query.most)

    def _plain(self, word: int, t_s: int) -> Any:
        """What is no record."""
        _, odometer_m = self._around.at(np.array([t_s], np.int64))
        now_ms = t_s * 1000
        names = self._told.get(0x84)
        contents: dict[int, Any] = {
            0x00: StandardVersion("12", 0),
            0x01: CurrentDriver(self._crew.licence(t_s)),
            0x02: Clock(now_ms),
            0x03: Mileage(now_ms, now_ms - 365 * DAY_S * 1000, 0, int(odometer_m[0]) // 100),
            0x04: Pulses(now_ms, self._told[0xC3].pulses_per_km if 0xC3 in self._told else _PULSES),
            0x05: self._told.get(0x82, self._vehicle),
            0x06: names if names is not None else SignalNames(now_ms, 1, ("制动", "左转", "右转", "远光", "近光", "雾灯", "门开", None)),
            0x07: self._unique,
        }
        return contents.get(word)

    def _records(self, word: int, start_s: int, end_s: int, most: int) -> Any:
        makers = {0x08: (MINUTE_S, self._speed, 126), 0x09: (HOUR_S, self._hour, 666), 0x12: (SHIFT_S, self._change, 25),
                  0x13: (DAY_S, self._power, 7), 0x15: (HOUR_S, self._state, 133)}  # fmt: skip
        if word not in makers:
            return ()
        step_s, make, size = makers[word]
        last = (end_s + _SHANGHAI_S) // step_s * step_s - _SHANGHAI_S
        begins = range(last - (step_s if last + step_s > end_s and word in (0x08, 0x09) else 0), start_s - step_s, -step_s)
        inside = [at for at in begins if at >= start_s]
        return tuple(make(at) for at in inside[: min(most, _MOST_BYTES // size)])

    def _rows(self, start_s: int, count: int, step_s: int = 1) -> Any:
        return self._around.at(start_s + step_s * np.arange(count, dtype=np.int64))[0]

    def _speed(self, at: int) -> SpeedRecord:
        """A minute of true speeds, rounded to km/h."""
        speeds = (self._rows(at, MINUTE_S)["speed_kmh10"].astype(int) + 5) // 10
        return SpeedRecord(at * 1000, tuple(SpeedSecond(int(speed), 0) for speed in speeds))

    def _hour(self, at: int) -> PositionRecord:
        minutes = tuple(PlaceMinute(_place(row), (int(row["speed_kmh10"]) + 5) // 10) for row in self._rows(at, MINUTE_S, MINUTE_S))
        return PositionRecord(at * 1000, minutes)

    def _change(self, at: int) -> DriverChange:
        return DriverChange(at * 1000, self._crew.licence(at), LOGIN)

    def _power(self, at: int) -> PowerEvent:
        return PowerEvent(at * 1000, 1)

    def _state(self, at: int) -> SpeedState:
        speeds = (self._rows(at, MINUTE_S)["speed_kmh10"].astype(int) + 5) // 10
        return SpeedState(1, at * 1000, (at + MINUTE_S) * 1000, tuple(SpeedPair(int(speed), int(speed)) for speed in speeds))


def _place(row: Any) -> Place:
    """A place in 0.0001 minute."""
    return Place(round(int(row["lon_e6"]) * 0.6), round(int(row["lat_e6"]) * 0.6), int(row["altitude_m"]))
