"""Who reports: terminal numbers to vehicles, as sorted arrays, with the history of bindings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from protocols.jt808.kernels.rows import packed_id

Array = np.ndarray[Any, Any]

UNKNOWN = -1
"""Vehicle of a terminal that nobody knows, or of a revoked one without a vehicle."""

_MS_BITS = 42
"""Epoch ms fit 42 bits until 2109; the rest of an int64 holds two million terminals with a history."""


@dataclass(frozen=True, slots=True)
class Binding:
    """From this instant on the terminal reports for the vehicle, until its next binding; `UNKNOWN`: for none."""

    terminal_id: str
    vehicle_id: int
    from_ms: int


class Terminals:
    """The registry as the pipeline needs it. Nothing here is a dict a row: 100,000 terminals are four arrays.

    A terminal that moved between vehicles is resolved by the gateway time of each fix, so a log that is read again gives
    the same vehicles whatever has been registered since.
    """

    def __init__(self) -> None:
        self._hi = np.empty(0, np.uint16)
        self._lo = np.empty(0, np.uint64)
        self._vehicle = np.empty(0, np.int32)
        self._history = np.empty(0, np.int32)
        self._moves = np.empty(0, np.int64)
        self._moved_to = np.empty(0, np.int32)
        self._bindings: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def __len__(self) -> int:
        return len(self._lo)

    def update(self, vehicles: Iterable[tuple[str, int | None]], bindings: Iterable[Binding]) -> None:
        """Take terminals that are new or have changed; the others stay.

        Args:
            vehicles: (terminal_id, vehicle_id or None), any order.
            bindings: the whole history of those of them that have moved between vehicles.
        """
        said = {packed_id(terminal): UNKNOWN if vehicle is None else vehicle for terminal, vehicle in vehicles}
        hi = np.array([pair[0] for pair in said], np.uint16)
        lo = np.array([pair[1] for pair in said], np.uint64)
        vehicle_id = np.array(list(said.values()), np.int32)
        rows = self._rows(hi, lo)
        known = rows >= 0
        self._vehicle[rows[known]] = vehicle_id[known]
        if not known.all():
            fresh = ~known
            all_hi = np.concatenate((self._hi, hi[fresh]))
            all_lo = np.concatenate((self._lo, lo[fresh]))
            order = np.lexsort((all_lo, all_hi))
            self._hi, self._lo = all_hi[order], all_lo[order]
            self._vehicle = np.concatenate((self._vehicle, vehicle_id[fresh]))[order]
        moves: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for binding in bindings:
            moves.setdefault(packed_id(binding.terminal_id), []).append((binding.from_ms, binding.vehicle_id))
        self._bindings.update(moves)
        self._index_history()

    def _index_history(self) -> None:
        """One sorted array of (terminal, from when) for all terminals that have moved."""
        moves = [(*pair, from_ms, vehicle) for pair, steps in self._bindings.items() for from_ms, vehicle in steps]
        moves.sort()
        rows = self._rows(np.array([move[0] for move in moves], np.uint16), np.array([move[1] for move in moves], np.uint64))
        known = rows >= 0
        rows = rows[known]
        numbers = np.cumsum(np.diff(rows, prepend=-1) != 0) - 1
        self._history = np.full(len(self._lo), -1, np.int32)
        self._history[rows] = numbers
        self._moves = (numbers.astype(np.int64) << _MS_BITS) | np.array([move[2] for move in moves], np.int64)[known]
        self._moved_to = np.array([move[3] for move in moves], np.int32)[known]

    def _rows(self, id_hi: Array, id_lo: Array) -> Array:
        """Row of each number in the sorted arrays; -1 when it is not there."""
        rows = np.full(len(id_lo), -1, np.int64)
        if not len(self._lo):
            return rows
        for high in np.unique(id_hi):
            first, last = np.searchsorted(self._hi, high, "left"), np.searchsorted(self._hi, high, "right")
            if first == last:
                continue
            asked = np.flatnonzero(id_hi == high)
            place = np.minimum(np.searchsorted(self._lo[first:last], id_lo[asked]) + first, last - 1)
            found = self._lo[place] == id_lo[asked]
            rows[asked[found]] = place[found]
        return rows

    def vehicles(self, id_hi: Array, id_lo: Array, received_ms: Array) -> Array:
        """Vehicle that each report counts for.

        Args:
            id_hi, id_lo: (n,) uint16 and uint64, packed terminal numbers; received_ms: (n,) int64, gateway time.
        Returns:
            (n,) int32; `UNKNOWN` where the number is not in the registry or has no vehicle.
        """
        rows = self._rows(id_hi, id_lo)
        vehicle = np.where(rows >= 0, self._vehicle[rows] if len(self._vehicle) else UNKNOWN, UNKNOWN).astype(np.int32)
        if not len(self._moves):
            return vehicle
        moved = np.flatnonzero((rows >= 0) & (self._history[rows] >= 0))
        if not len(moved):
            return vehicle
        number = self._history[rows[moved]].astype(np.int64)
        place = np.searchsorted(self._moves, (number << _MS_BITS) | received_ms[moved], "right") - 1
        before_first = (place < 0) | (self._moves[np.maximum(place, 0)] >> _MS_BITS != number)
        place = np.where(before_first, place + 1, place)
        then = self._moved_to[place]
        vehicle[moved] = np.where(then == UNKNOWN, vehicle[moved], then)
        return vehicle
