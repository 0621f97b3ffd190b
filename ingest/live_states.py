"""The live matcher's records of the vehicles that report, side by side in one array of fixed size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.live_matching import MATCH_STATE

Array = NDArray[Any]

NONE = -1


class LiveStates:
    """What is known of each vehicle, by slot; a vehicle without one is read from the database when it reports.

    Nothing here is needed to go on: a vehicle that is forgotten comes back from its saved state and the fixes behind it. So a batch that
    was not stored, and a vehicle that makes room for another one, are simply forgotten.

    records (n,) `MATCH_STATE`, pages of memory that no vehicle has used stay untouched; vehicle int32, `NONE` for a free slot;
    day_start_m metres counted when the day of the last fix began; saved_ms the last fix of the saved state; due_ms when it is saved
    again; matcher number of the network and profile that the record is of.

    Args:
        capacity: vehicles at most; at least those of a batch.
    """

    def __init__(self, capacity: int) -> None:
        self.records = np.zeros(capacity, MATCH_STATE)
        self.vehicle = np.full(capacity, NONE, np.int32)
        self.day_start_m = np.zeros(capacity)
        self.saved_ms = np.zeros(capacity, np.int64)
        self.due_ms = np.zeros(capacity, np.int64)
        self.matcher = np.full(capacity, NONE, np.int32)
        self._used = np.zeros(capacity, np.int64)
        self._free = np.arange(capacity - 1, -1, -1)
        self._count = capacity
        self._slot_of = np.full(1024, NONE, np.int32)
        self._turn = 1

    def __len__(self) -> int:
        return len(self.records) - self._count

    def begin(self) -> None:
        """A batch begins: what it touches is forgotten by `forget`, and nothing that it touches makes room for others."""
        self._turn += 1

    def slots(self, vehicle_id: Array) -> NDArray[np.int32]:
        """(n,) slots of vehicles, `NONE` for one that has none; they count as touched."""
        top = int(vehicle_id.max()) if len(vehicle_id) else 0
        if top >= len(self._slot_of):
            grown = np.full(max(top + 1, 2 * len(self._slot_of)), NONE, np.int32)
            grown[: len(self._slot_of)] = self._slot_of
            self._slot_of = grown
        found = self._slot_of[vehicle_id]
        self._used[found[found != NONE]] = self._turn
        return found

    def put(self, vehicle_id: Array) -> NDArray[np.int64]:
        """(n,) fresh slots for vehicles that have none, each named once; those that reported longest ago make room."""
        missing = len(vehicle_id) - self._count
        if missing > 0:
            idle = np.flatnonzero((self.vehicle != NONE) & (self._used != self._turn))
            oldest = idle[np.argsort(self._used[idle], kind="stable")]
            self.drop(oldest[: max(missing, len(self.records) // 64)])
        slots = self._free[self._count - len(vehicle_id) : self._count].copy()
        self._count -= len(vehicle_id)
        self.vehicle[slots], self._slot_of[vehicle_id] = vehicle_id, slots
        self._used[slots] = self._turn
        return slots

    def drop(self, slots: Array) -> None:
        """Forget the vehicles of some slots."""
        self._slot_of[self.vehicle[slots]] = NONE
        self.vehicle[slots], self.matcher[slots] = NONE, NONE
        self._free[self._count : self._count + len(slots)] = slots
        self._count += len(slots)

    def forget(self) -> NDArray[np.int32]:
        """Forget every vehicle that this batch has touched; who they were."""
        slots = np.flatnonzero((self.vehicle != NONE) & (self._used == self._turn))
        vehicles = self.vehicle[slots].copy()
        self.drop(slots)
        return vehicles

    def clear(self) -> None:
        """Forget all."""
        self.drop(np.flatnonzero(self.vehicle != NONE))
