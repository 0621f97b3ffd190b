"""The live state of all vehicles: columns, refreshed once a tick, shared by every topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.live.frames import BACKFILLED, NO_GNSS, OPEN_ALERT, SPEED_TOP, STATUS_MASK, UNKNOWN, Counts, Status, Vehicles
from api.live.topics import Topic
from api.settings import LiveSettings
from storage.live import LAST

SOS = 1
"""Alarm bit 0, JT/T 808-2019 table 24: emergency alarm."""

BACKFILL_MS = 60_000
"""A report this much older than its arrival came from the terminal's store."""

LEFT_KEPT_TICKS = 2


@dataclass(frozen=True, slots=True)
class Move:
    """A vehicle that the registry moved to another region or operator, and when."""

    tick: int
    row: int
    region: int
    operator: int


class LiveState:
    """One row a located vehicle; rows are never removed while the process lives.

    Args:
        settings: thresholds of moving and offline.
    """

    vehicle_id: NDArray[np.int32]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]
    heading: NDArray[np.uint8]
    status: NDArray[np.uint8]
    speed: NDArray[np.uint8]
    marks: NDArray[np.uint8]
    moving: NDArray[np.bool_]
    alarm_bits: NDArray[np.int32]
    county: NDArray[np.int32]
    region: NDArray[np.int32]
    operator: NDArray[np.int32]
    seen_ms: NDArray[np.int64]
    changed_tick: NDArray[np.int64]
    last: NDArray[np.void]

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self.tick = 0
        self.t_ms = 0.0
        self.size = 0
        self._capacity = 0
        self._row_of = np.full(1024, -1, np.int32)
        self._region_of = np.zeros(1024, np.int32)
        self._operator_of = np.zeros(1024, np.int32)
        self._left: list[Move] = []
        self._grow(1024)

    def _grow(self, needed: int) -> None:
        if needed <= self._capacity:
            return
        self._capacity = max(needed, 2 * self._capacity)
        for name, dtype in _COLUMNS:
            column: NDArray[Any] = np.zeros(self._capacity, dtype)
            if self.size:
                column[: self.size] = getattr(self, name)[: self.size]
            setattr(self, name, column)

    def _grow_ids(self, highest: int) -> None:
        extra = highest + 1 - len(self._row_of)
        if extra > 0:
            extra = max(extra, len(self._row_of))
            self._row_of = np.concatenate((self._row_of, np.full(extra, -1, np.int32)))
            self._region_of = np.concatenate((self._region_of, np.zeros(extra, np.int32)))
            self._operator_of = np.concatenate((self._operator_of, np.zeros(extra, np.int32)))

    def enrol(self, vehicle_id: NDArray[np.int32], region: NDArray[np.int32], operator: NDArray[np.int32]) -> None:
        """Membership by the registry: (n,) ids with their region code and operator, 0 where there is none."""
        if not len(vehicle_id):
            return
        self._grow_ids(int(vehicle_id.max()))
        moved = (self._region_of[vehicle_id] != region) | (self._operator_of[vehicle_id] != operator)
        for one in vehicle_id[moved & (self._row_of[vehicle_id] >= 0)].tolist():
            row = int(self._row_of[one])
            self._left.append(Move(self.tick + 1, row, int(self._region_of[one]), int(self._operator_of[one])))
        self._region_of[vehicle_id] = region
        self._operator_of[vehicle_id] = operator
        rows = self._row_of[vehicle_id[moved]]
        rows = rows[rows >= 0]
        self.region[rows] = self._region_of[self.vehicle_id[rows]]
        self.operator[rows] = self._operator_of[self.vehicle_id[rows]]
        self.changed_tick[rows] = self.tick + 1

    def advance(self, fixes: NDArray[np.void], now_ms: float) -> None:
        """Next tick: take the newest reports (rows of `storage.live.LAST`, one a vehicle), then let statuses age.

        Reports without any place so far are left out until the vehicle is located.
        """
        self.tick += 1
        self.t_ms = now_ms
        self._left = [move for move in self._left if move.tick > self.tick - LEFT_KEPT_TICKS]
        fixes = fixes[fixes["located_ms"] >= 0]
        if len(fixes):
            self._take(fixes)
        self._age(now_ms)

    def _take(self, fixes: NDArray[np.void]) -> None:
        rows = self._rows_for(fixes["vehicle_id"])
        speed = np.clip((fixes["speed_kmh10"].astype(np.int32) + 5) // 10, 0, SPEED_TOP)
        heading = (fixes["heading_deg"].astype(np.int32) % 360) // 2
        fresh = {
            "lon_e7": fixes["lon_e6"] * np.int32(10),
            "lat_e7": fixes["lat_e6"] * np.int32(10),
            "heading": np.where(fixes["heading_deg"] < 0, UNKNOWN, heading).astype(np.uint8),
            "speed": np.where(fixes["speed_kmh10"] < 0, UNKNOWN, speed).astype(np.uint8),
        }
        changed = np.zeros(len(rows), bool)
        for name, column in fresh.items():
            held = getattr(self, name)
            changed |= held[rows] != column
            held[rows] = column
        self.moving[rows] = fixes["speed_kmh10"] >= self._settings.moving_kmh * 10
        self.alarm_bits[rows] = fixes["alarm_bits"]
        self.county[rows] = fixes["county_code"]
        backfilled = fixes["received_ms"] - fixes["t_ms"] > BACKFILL_MS
        self.marks[rows] = np.where(backfilled, BACKFILLED, 0) | np.where(fixes["located_ms"] < fixes["t_ms"], NO_GNSS, 0)
        self.seen_ms[rows] = np.minimum(fixes["t_ms"], fixes["received_ms"])
        self.changed_tick[rows[changed]] = self.tick
        self.last[rows] = fixes

    def newest(self, vehicle_id: int) -> np.void | None:
        """Newest report of a vehicle, a `storage.live.LAST` row; None when it has never been located."""
        if not 0 <= vehicle_id < len(self._row_of) or self._row_of[vehicle_id] < 0:
            return None
        row: np.void = self.last[self._row_of[vehicle_id]]
        return row

    def _rows_for(self, vehicle_id: NDArray[np.int32]) -> NDArray[np.int32]:
        self._grow_ids(int(vehicle_id.max()))
        strangers = np.unique(vehicle_id[self._row_of[vehicle_id] < 0])
        if len(strangers):
            self._grow(self.size + len(strangers))
            fresh = np.arange(self.size, self.size + len(strangers), dtype=np.int32)
            self._row_of[strangers] = fresh
            self.vehicle_id[fresh] = strangers
            self.region[fresh] = self._region_of[strangers]
            self.operator[fresh] = self._operator_of[strangers]
            self.status[fresh] = STATUS_MASK
            self.changed_tick[fresh] = self.tick
            self.size += len(strangers)
        return self._row_of[vehicle_id]

    def _age(self, now_ms: float) -> None:
        """Status of every row: offline by age, else alarm (SOS), warning (any other terminal alarm), moving, stopped."""
        live = slice(0, self.size)
        bits = self.alarm_bits[live]
        status = np.where(self.moving[live], Status.MOVING, Status.STOPPED).astype(np.uint8)
        status[bits != 0] = Status.WARNING
        status[(bits & SOS) != 0] = Status.ALARM
        status[self.seen_ms[live] < now_ms - self._settings.offline_s * 1000] = Status.OFFLINE
        status |= self.marks[live]
        status[bits != 0] |= OPEN_ALERT
        self.changed_tick[live][status != self.status[live]] = self.tick
        self.status[live] = status

    def rows(self, topic: Topic, since_tick: int | None = None) -> NDArray[np.int64]:
        """Row numbers of the topic's vehicles; with `since_tick` only those changed at that tick or later."""
        chosen = topic.holds(self.region[: self.size], self.operator[: self.size])
        if since_tick is not None:
            chosen &= self.changed_tick[: self.size] >= since_tick
        return np.flatnonzero(chosen)

    def vehicles(self, topic: Topic, since_tick: int | None = None) -> Vehicles:
        """Columns of the topic's vehicles; a delta also names, as LEFT, those that the registry took away at this tick."""
        rows = self.rows(topic, since_tick)
        body = self._columns(rows)
        gone = [] if since_tick is None else self._gone(topic, since_tick)
        if not gone:
            return body
        left = self._columns(np.array(gone, np.int64))
        left.status[:] = Status.LEFT
        return Vehicles(*(np.concatenate((getattr(body, name), getattr(left, name))) for name in Vehicles.__slots__))

    def _columns(self, rows: NDArray[np.int64]) -> Vehicles:
        return Vehicles(
            self.vehicle_id[rows].astype(np.uint32),
            self.lon_e7[rows],
            self.lat_e7[rows],
            self.heading[rows],
            self.status[rows],
            self.speed[rows],
        )

    def _gone(self, topic: Topic, since_tick: int) -> list[int]:
        held = {move.row: topic.holds(move.region, move.operator) for move in self._left if move.tick >= since_tick}
        return [row for row, before in held.items() if before and not topic.holds(int(self.region[row]), int(self.operator[row]))]

    def counts(self, topic: Topic) -> Counts:
        """The topic's vehicles by the county of their last fix (the registry's region where that is unknown) and status."""
        rows = self.rows(topic)
        place = np.where(self.county[rows] > 0, self.county[rows], self.region[rows])
        codes, inverse = np.unique(place, return_inverse=True)
        status = self.status[rows] & STATUS_MASK
        flat = np.bincount(status.astype(np.int64) * len(codes) + inverse, minlength=5 * len(codes))
        return Counts(codes.astype(np.uint32), flat.reshape(5, len(codes)).astype(np.uint32))


_COLUMNS: tuple[tuple[str, Any], ...] = (
    *((name, np.int32) for name in ("vehicle_id", "lon_e7", "lat_e7", "alarm_bits", "county", "region", "operator")),
    *((name, np.uint8) for name in ("heading", "status", "speed", "marks")),
    *((name, np.int64) for name in ("seen_ms", "changed_tick")),
    ("moving", np.bool_),
    ("last", LAST),
)
