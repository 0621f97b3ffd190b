"""Streaming map matching: rows as they come, many vehicles a call, a record of plain bytes for each."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.cleaning import CleaningParameters
from tracking.kernels import live
from tracking.kernels.graph import Graph, Scratch, scratch_for
from tracking.kernels.live_cleaning import CLEANING
from tracking.kernels.live_state import COMMITTED, ESTIMATE, FORMAT, LAST, MATCH_STATE, NODES, WAITING, match_state, work_for
from tracking.matched import PATH_PART
from tracking.matching import _QUALITY as SATELLITE_FACTORS
from tracking.network.model import RoadNetwork
from tracking.parameters import MatchParameters
from tracking.roads import graph_of, limits_of

__all__ = ["COMMITTED", "ESTIMATE", "MATCH_STATE", "PATH_PART", "Live", "LiveMatcher", "Restored", "joined", "match_state"]

Array = NDArray[Any]
_NEVER_MS = np.iinfo(np.int64).min
_NOWHERE = np.iinfo(np.int32).min
_LONGEST_LAG_MS = 1 << 60


class Model(NamedTuple):
    """What the kernels read and never change, and the scratch of one thread. quality: factor by satellites; radians: of whole
    degrees; bounds: the oldest age in ms of what is not committed, and columns at most."""

    graph: Graph
    scratch: Scratch
    rules: Array
    cleaning: Array
    limits: NDArray[np.uint8]
    quality: NDArray[np.float64]
    radians: NDArray[np.float64]
    gap_s: float
    bounds: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """What a call found: estimates (n,) `ESTIMATE` in the order of the rows; committed (m,) `COMMITTED` fixes in the order of each
    vehicle's time, with their parts `PATH_PART` of the way; reseeded: records of another version or layout that began anew."""

    estimates: Array
    committed: Array
    parts: Array
    reseeded: int


@dataclass(frozen=True, slots=True, eq=False)
class Restored:
    """Records read back: states (n,); damaged: how many could not be read and are blank; reseeded: how many were written for
    another network or other parameters and begin anew from their last fix."""

    states: Array
    damaged: int
    reseeded: int


class LiveMatcher:
    """Matches rows as they come, for one profile on one network; one per thread.

    The estimates are provisional, what is committed is not. Committed parts of a vehicle always touch, except where a piece begins.
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
        self.quality = quality_table()
        self.model = Model(
            graph_of(network, profile, p), scratch_for(network.node_count, network.edge_count), p.rules(), cleaning_rules(c, p.sigma_prior_m),
            limits_of(network, profile), self.quality, np.radians(np.arange(361, dtype=np.float32)).astype(np.float64), p.gap_s,
            (round(min(p.lag_s * 1000, _LONGEST_LAG_MS)), p.window),
        )  # fmt: skip
        self._work = work_for(p.k, nodes)
        self._network = _number(network.version)
        self._parameters = _number(repr((FORMAT, p.version, profile, astuple(c), self.state.descr)))

    def blank(self, count: int) -> Array:
        """(count,) records of vehicles that nothing is known of."""
        states = np.zeros(count, self.state)
        states["format"], states["network"], states["parameters"] = FORMAT, self._network, self._parameters
        states["gnss2"] = self.parameters.sigma_prior_m**2
        states["tip_score"], states["tip_alpha"], states["tip_node"], states["node_up"] = np.inf, -np.inf, -1, -1
        states["seen_ms"], states["same_lon"], states["same_lat"] = _NEVER_MS, _NOWHERE, _NOWHERE
        for name in ("valid_x", "valid_y", "still_odometer_m", "same_odometer_m"):
            states[name] = np.nan
        return states

    def advance(self, states: Array, rows: Array, slots: Any) -> Live:
        """Take rows in; the records are changed in place.

        Args:
            states: (s,) records, zeroed bytes for a new vehicle; rows: (n,) `POSITION`, each vehicle's in the order of time;
            slots: (n,) int, the record of each row.
        Raises:
            RefusedError: records of another layout than `blank` makes.
        """
        at = np.ascontiguousarray(slots, np.int64)
        reseeded = self._admit(states, at)
        x, y = self.network.project(rows["lon_e6"] / 1e6, rows["lat_e6"] / 1e6)
        estimates = np.zeros(len(rows), ESTIMATE)
        committed, parts = self._room(states, at)
        self._work.used[:] = 0
        parts = live.advance(self.model, self._work, states, rows, at, x, y, estimates, committed, parts)
        fixes, count = self._work.used
        return Live(estimates, committed[:fixes], parts[:count], reseeded)

    def flush(self, states: Array, slots: Any) -> Live:
        """Commit all that is known of the given records, and end their tracks: what comes next begins a piece."""
        at = np.unique(np.asarray(slots, np.int64))
        reseeded = self._admit(states, at)
        committed, parts = self._room(states, at)
        self._work.used[:] = 0
        parts = live.flush(self.model, self._work, states, at, committed, parts)
        fixes, count = self._work.used
        return Live(np.zeros(0, ESTIMATE), committed[:fixes], parts[:count], reseeded)

    def saved(self, states: Array) -> list[bytes]:
        """Each record as bytes, with a checksum."""
        sealed = states.copy()
        sealed["check"] = 0
        size = self.state.itemsize
        whole = sealed.tobytes()
        sealed["check"] = [zlib.crc32(whole[at : at + size]) for at in range(0, len(whole), size)]
        whole = sealed.tobytes()
        return [whole[at : at + size] for at in range(0, len(whole), size)]

    def restored(self, saved: Sequence[bytes]) -> Restored:
        """Records from bytes. What cannot be read is blank, what was written for another network begins from its last fix."""
        states = self.blank(len(saved))
        damaged = 0
        for row, content in enumerate(saved):
            record = np.frombuffer(content, self.state)[:1].copy() if len(content) == self.state.itemsize else None
            if record is not None:
                check = int(record["check"][0])
                record["check"] = 0
            if record is None or zlib.crc32(record.tobytes()) != check or record["format"][0] != FORMAT:
                damaged += 1
                continue
            states[row] = record[0]
        return Restored(states, damaged, self._admit(states, np.arange(len(saved))))

    def _admit(self, states: Array, slots: NDArray[np.int64]) -> int:
        """Begin the records anew that were not written by this matcher; how many of them held something."""
        if states.dtype != self.state:
            raise RefusedError("records of another layout than this matcher's", field="states")
        foreign = (states["network"][slots] != self._network) | (states["parameters"][slots] != self._parameters)
        foreign |= states["format"][slots] != FORMAT
        if not foreign.any():
            return 0
        held = 0
        for slot in np.unique(slots[foreign]):
            old, new = states[slot].copy(), self.blank(1)
            if old["format"] == FORMAT:
                _carry(old, new[0], self.network)
            held += int(old["format"] != 0)
            states[slot] = new[0]
        return held

    def _room(self, states: Array, slots: NDArray[np.int64]) -> tuple[Array, Array]:
        """Arrays for what a call may commit: of fixes never more, parts may need more."""
        touched = np.unique(slots)
        pending = np.maximum(states["sequence"][touched] - states["root_sequence"][touched] + 3, 3)
        most = 2 * slots.size + int(np.minimum(pending, self.parameters.window + 3).sum())
        return np.zeros(most, COMMITTED), np.zeros(2 * slots.size + 64, PATH_PART)


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


def quality_table() -> NDArray[np.float64]:
    """Factor of the receiver's noise by satellites in use."""
    table = np.ones(max(least for least, _ in SATELLITE_FACTORS) + 1)
    for least, factor in reversed(SATELLITE_FACTORS):
        table[least:] = factor
    return table


def cleaning_rules(p: CleaningParameters, sigma_m: float) -> Array:
    """(1,) `CLEANING`: the parameters as the kernels read them."""
    still_m, leave_m = max(p.still_m, p.still_sigmas * sigma_m), max(p.leave_m, p.leave_sigmas * sigma_m)
    said = (
        *p.bounds, p.frozen_fixes, p.frozen_kmh, p.odometer_gain_m, p.drift_kmh / 3.6, 4.0 * sigma_m, p.agree_fixes, still_m, leave_m,
        p.still_s, p.slow_kmh, p.leave_kmh, p.asleep_s, p.spacing_sigmas, math.radians(p.turned_deg) - 1e-6, p.turned_kmh / 3.6 - 1e-6,
        p.spacing_s,
    )  # fmt: skip
    return np.array([said], CLEANING)


def _carry(old: Any, new: Any, network: RoadNetwork) -> None:
    """Keep of an old record what holds on any network: counts, metres, and the last fix, which the new way begins from."""
    for name in ("number", "committed_m", "seen_ms"):
        new[name] = old[name]
    if old["columns"] == 0 and not old["waits"]:
        return
    new["fix"][WAITING] = old["fix"][WAITING if old["waits"] else LAST]
    if not np.isfinite(new["fix"][WAITING][2:5]).all():
        return
    x, y = network.project(new["fix"][WAITING][2:3], new["fix"][WAITING][3:4])
    new["fix"][WAITING][0], new["fix"][WAITING][1] = x[0], y[0]
    new["valid_x"], new["valid_y"], new["valid_ms"], new["waits"] = x[0], y[0], round(new["fix"][WAITING][4] * 1000), 1


def _number(text: str) -> int:
    """64 bits that tell one text from another."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
