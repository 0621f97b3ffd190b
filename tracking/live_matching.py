"""Streaming map matching: rows as they come, many vehicles a call, a record of plain bytes for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.cleaning import CleaningParameters
from tracking.kernels import live
from tracking.kernels.graph import Graph, Scratch, scratch_for
from tracking.kernels.live_cleaning import CLEANING
from tracking.kernels.live_state import COMMITTED, END, ESTIMATE, MATCH_STATE, NODES, match_state, work_for
from tracking.kernels.live_window import lead
from tracking.live_records import Records, Restored
from tracking.matched import PATH_PART
from tracking.network.model import RoadNetwork
from tracking.parameters import MatchParameters, quality_table
from tracking.roads import graph_of, limits_of

__all__ = ["COMMITTED", "ESTIMATE", "MATCH_STATE", "PATH_PART", "Live", "LiveMatcher", "Restored", "joined", "match_state"]

Array = NDArray[Any]
_LONGEST_LAG_MS = 1 << 60


class Model(NamedTuple):
    """What the kernels read and never change, and the scratch of one thread. quality: factor by satellites; radians: of whole
    degrees; bounds: the oldest age in ms of what is not committed, and columns at most; identity: (2,) network and parameters of
    records."""

    graph: Graph
    scratch: Scratch
    rules: Array
    cleaning: Array
    limits: NDArray[np.uint8]
    quality: NDArray[np.float64]
    radians: NDArray[np.float64]
    gap_s: float
    bounds: tuple[int, int]
    identity: NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """What a call found: estimates (n,) `ESTIMATE` in the order of the rows; committed (m,) `COMMITTED` fixes in the order of each
    vehicle's time, with their parts `PATH_PART` of the way; reseeded: records of another version or layout that began anew."""

    estimates: Array
    committed: Array
    parts: Array
    reseeded: int


class LiveMatcher:
    """Matches rows as they come, for one profile on one network; one per thread.

    The estimates are provisional, what is committed is not. Committed parts of a vehicle always touch, except where a piece begins.
    The outer fixes of a piece stay where the model puts them; a batch match, which knows the way beyond, draws them in
    (`tracking.kernels.ends`).
    """

    def __init__(
        self,
        network: RoadNetwork,
        parameters: MatchParameters | None = None,
        profile: str = "bus",
        cleaning: CleaningParameters | None = None,
    ) -> None:
        self.network, self.parameters = network, parameters or MatchParameters()
        p, c = self.parameters, cleaning or CleaningParameters()
        small = p.window <= MATCH_STATE["column_ms"].shape[0] and p.k <= MATCH_STATE["tip_alpha"].shape[0] - 1
        nodes = NODES if small else p.window * (p.k + 1)
        if p.window < 3 or nodes > np.iinfo(np.int16).max:
            raise RefusedError(f"a window of {p.window} columns; 3 to {np.iinfo(np.int16).max // (p.k + 1)} can be kept", field="window")
        self.state = match_state(p.k, max(p.window, MATCH_STATE["column_ms"].shape[0]), nodes)
        self.records = Records(self.state, network, repr((p.version, profile, astuple(c))), p.sigma_prior_m)
        self.model = Model(
            graph_of(network, profile, p), scratch_for(network.node_count, network.edge_count), p.rules(), cleaning_rules(c, p.sigma_prior_m),
            limits_of(network, profile), quality_table(), np.radians(np.arange(361, dtype=np.float32)).astype(np.float64), p.gap_s,
            (round(min(p.lag_s * 1000, _LONGEST_LAG_MS)), p.window), self.records.identity,
        )  # fmt: skip
        self._work = work_for(p.k, nodes)

    def blank(self, count: int) -> Array:
        """(count,) records of vehicles that nothing is known of."""
        return self.records.blank(count)

    def saved(self, states: Array) -> list[bytes]:
        """Each record as bytes, with a checksum. Records that mean the same are the same bytes."""
        return self.records.saved(states)

    def restored(self, saved: Sequence[bytes]) -> Restored:
        """Records from bytes. What cannot be read is blank, what was written for another network begins from its last fix."""
        return self.records.restored(saved)

    def advance(self, states: Array, rows: Array, slots: Any) -> Live:
        """Take rows in; the records are changed in place.

        Args:
            states: (s,) records, zeroed bytes for a new vehicle; rows: (n,) `POSITION`, each vehicle's in the order of time;
            slots: (n,) int, the record of each row.
        Raises:
            RefusedError: records of another layout than `blank` makes, slots that have none.
        """
        at = np.ascontiguousarray(slots, np.int64)
        x, y = self.network.project(rows["lon_e6"] / 1e6, rows["lat_e6"] / 1e6)
        estimates = np.zeros(len(rows), ESTIMATE)

        def take(row: int, committed: Array, ends: Array) -> int:
            return int(live.advance(self.model, self._work, states, rows, at, row, x, y, estimates, committed, ends))

        return Live(estimates, *self._taken(states, at, take))

    def flush(self, states: Array, slots: Any) -> Live:
        """Commit all that is known of the given records, and end their tracks: what comes next begins a piece."""
        at = np.unique(np.asarray(slots, np.int64))

        def take(row: int, committed: Array, ends: Array) -> int:
            return int(live.flush(self.model, self._work, states, at, row, committed, ends))

        return Live(np.zeros(0, ESTIMATE), *self._taken(states, at, take))

    def _taken(self, states: Array, slots: NDArray[np.int64], take: Callable[[int, Array, Array], int]) -> tuple[Array, Array, int]:
        """Take all in, with records begun anew and room made where `take` stops: (committed, parts, reseeded)."""
        if states.dtype != self.state:
            raise RefusedError("records of another layout than this matcher's", field="states")
        if slots.size and not 0 <= int(slots.min()) <= int(slots.max()) < len(states):
            raise RefusedError(f"slots beyond the {len(states)} records", field="slots")
        room = 2 * (slots.size + self.parameters.window) + 64
        committed, ends, parts = np.zeros(room, COMMITTED), np.empty((room, 2), END), np.zeros(room, PATH_PART)
        self._work.used[0] = 0
        row, reseeded = 0, 0
        while (row := take(row, committed, ends)) < slots.size:
            again = self.records.renew(states, slots[row:])
            if again is None:
                committed, ends = _longer(committed), _longer(ends)
            else:
                reseeded += again
        committed = committed[: self._work.used[0]]
        row, used = 0, 0
        while True:
            row, used = lead(self.model.graph, self.model.scratch, self.model.rules, committed, ends, row, parts, used)
            if row == len(committed):
                parts = parts[:used]
                parts["edge"] = self.network.base_edge[parts["edge"]]  # doubles behind a banned turn are the same road
                return committed, parts, reseeded
            parts = _longer(parts)


def joined(parts: Array) -> Array:
    """One vehicle's parts of one piece in order, with those that go on along an edge made one, as a batch match writes them."""
    out = np.zeros(len(parts), PATH_PART)
    count = 0
    for part in parts:
        if count and out["edge"][count - 1] == part["edge"] and abs(out["to_m"][count - 1] - part["from_m"]) < 1e-6:
            out["to_m"][count - 1] = part["to_m"]
        elif not count or part["to_m"] > part["from_m"]:
            out[count] = part
            count += 1
    return out[:count]


def _longer(rows: Array) -> Array:
    """The same rows with as much room again behind them."""
    return np.concatenate([rows, np.zeros_like(rows)])


def cleaning_rules(p: CleaningParameters, sigma_m: float) -> Array:
    """(1,) `CLEANING`: the parameters as the kernels read them."""
    still_m, leave_m = max(p.still_m, p.still_sigmas * sigma_m), max(p.leave_m, p.leave_sigmas * sigma_m)
    said = (
        *p.bounds, p.frozen_fixes, p.frozen_kmh, p.odometer_gain_m, p.drift_kmh / 3.6, 4.0 * sigma_m, p.agree_fixes, still_m, leave_m,
        p.still_s, p.slow_kmh, p.leave_kmh, p.asleep_s, p.spacing_sigmas, math.radians(p.turned_deg) - 1e-6, p.turned_kmh / 3.6 - 1e-6,
        p.spacing_s,
    )  # fmt: skip
    return np.array([said], CLEANING)
