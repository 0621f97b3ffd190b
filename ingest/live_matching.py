"""Live matching of a batch: records of vehicles from memory or the database, their new fixes in rounds, what is to be saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from domain.units import DAY_MS
from ingest.live_fleet import UNSERVED, LiveFleet
from ingest.live_restore import NEVER_MS, Restored, Wanted, affordable, restore
from ingest.live_roads import LiveRoads, Ready
from ingest.live_rounds import GRID_MS, rounds
from ingest.live_states import NONE, LiveStates
from ingest.live_told import UNKNOWN, Matched, path_parts, places
from ingest.match_state_store import SavedState, Sealed, load
from ingest.settings import PipelineSettings

Connection = psycopg.Connection[Any]
Array = NDArray[Any]

SAVED_MS = 900_000
"""A state is saved before the fixes of its vehicle have gone on for longer, be the clock's minute over or not."""
STANDING_MS = 300_000
"""A track ends in a standstill of this length."""
_SHANGHAI_MS = 8 * 3_600_000
_UNREADABLE = b"?"


@dataclass(frozen=True, slots=True, eq=False)
class Fresh:
    """Fixes of a batch. rows: (n,) `POSITION` in (vehicle, time) order; fed: (n,) bool, newer than all that came before; last_ms: (n,)
    the vehicle's newest stored fix."""

    rows: Array
    fed: NDArray[np.bool_]
    last_ms: NDArray[np.int64]


class LiveMatching:
    """The live matcher of one pipeline. What it remembers is memory alone: see `LiveStates`.

    Which fixes are fed, where a track ends and which network serves depends on the fixes alone, never on where a batch was cut.

    Args:
        dsn: for the names of roads; the states come by the pipeline's connection.
    """

    def __init__(self, dsn: str, settings: PipelineSettings) -> None:
        self.roads = LiveRoads(dsn)
        self.fleet = LiveFleet(self.roads)
        self._capacity = max(settings.match_vehicles, settings.batch_rows)
        self._checkpoint_ms = settings.checkpoint_s * 1000
        self._states: LiveStates | None = None
        self._lost: set[int] = set()
        self.trouble = ""

    @property
    def vehicles(self) -> int:
        """Records in memory."""
        return 0 if self._states is None else len(self._states)

    @property
    def reasons(self) -> list[str]:
        """What a person has to see to, a line each."""
        return [*self.roads.reasons, *([self.trouble] if self.trouble else [])]

    def take(self, conn: Connection, fresh: Fresh, now_ms: int) -> Matched | None:
        """Match the fixes of a batch, in its transaction; None when no network is registered.

        When the batch is not stored `forget` must follow.
        """
        self.fleet.refresh(conn, now_ms)
        if not self.fleet.plan:
            return None
        if self._states is None:
            self._states = LiveStates(self._capacity)
        states = self._states
        states.begin()
        told = Matched(np.repeat(UNKNOWN, len(fresh.rows)))
        near = np.flatnonzero(fresh.fed | (fresh.rows["t_ms"] > fresh.last_ms - SAVED_MS))
        restored = self._restore(conn, fresh, near, now_ms, told)
        slots = np.full(len(fresh.rows), NONE, np.int32)
        slots[near] = states.slots(fresh.rows["vehicle_id"][near])
        self._feed(conn, fresh, slots, restored.behind(conn), now_ms, told)
        self._save(fresh, slots, restored.due, now_ms, told)
        return told

    def stored(self) -> None:
        """The batch was stored."""
        self.trouble = ""

    def forget(self) -> None:
        """The batch was not stored: its vehicles come back from the database."""
        if self._states is not None:
            self._states.forget()

    def failed(self, error: BaseException) -> None:
        """Matching failed: the vehicles of the batch begin anew with their next fix."""
        self.trouble = f"live matching of a batch failed: {type(error).__name__}: {error}".splitlines()[0]
        if self._states is not None:
            self._lost.update(self._states.forget().tolist())

    def clear(self) -> None:
        """Forget every vehicle; networks stay."""
        if self._states is not None:
            self._states.clear()

    def _restore(self, conn: Connection, fresh: Fresh, near: Array, now_ms: int, told: Matched) -> Restored:
        """Records of the vehicles that have none in memory and whose network is ready."""
        assert self._states is not None
        vehicles, first = np.unique(fresh.rows["vehicle_id"][near], return_index=True)
        groups = self.fleet.groups(conn, vehicles)
        missing = np.flatnonzero((self._states.slots(vehicles) == NONE) & (groups != UNSERVED))
        asked = []
        for at in missing.tolist():
            row = near[first[at]]
            last = int(fresh.last_ms[row])
            one = Wanted(int(vehicles[at]), last, max(int(fresh.rows["t_ms"][row]), last), 0)
            number = self.fleet.number(int(groups[at]), one.first_ms)
            if self.fleet.matcher(number, now_ms) is not None:
                asked.append((replace(one, now=number), int(groups[at])))
        if not asked:
            return Restored()
        saved = load(conn, np.array([one.vehicle_id for one, _ in asked]))
        wanted = [full for one, group in asked if (full := self._then(one, group, saved.get(one.vehicle_id), now_ms)) is not None]
        if not wanted:
            return Restored()
        wanted = affordable(wanted)
        numbers = {one.now for one in wanted} | {one.then for one in wanted if one.then != NONE}
        matchers = {number: ready for number in numbers if (ready := self.fleet.matcher(number, now_ms)) is not None}
        restored = restore(conn, self._states, wanted, matchers, told)
        slots = self._states.slots(np.array([one.vehicle_id for one in wanted], np.int32))
        phase = (self._states.vehicle[slots].astype(np.int64) * 2_654_435_761) % (1 << 32) / (1 << 32)
        self._states.due_ms[slots] = now_ms + (phase * self._checkpoint_ms).astype(np.int64)
        return restored

    def _then(self, one: Wanted, group: int, saved: SavedState | None, now_ms: int) -> Wanted | None:
        """The vehicle with its saved state and the matcher of that time; None when it has to wait for that."""
        if saved is None:
            return one
        if one.vehicle_id in self._lost:
            self._lost.discard(one.vehicle_id)
            return replace(one, saved=replace(saved, state=_UNREADABLE))
        then = self.fleet.number(group, saved.fed_ms)
        if self.fleet.matcher(then, now_ms) is not None:
            return replace(one, saved=saved, then=then)
        return None if self.fleet.awaited(then) else replace(one, saved=saved)

    def _feed(self, conn: Connection, fresh: Fresh, slots: Array, again: Array, now_ms: int, told: Matched) -> None:
        """All rounds of the batch's fixes and of those that are fed again."""
        assert self._states is not None
        states = self._states
        origin = np.flatnonzero(fresh.fed & (slots != NONE))
        rows, at = fresh.rows[origin], slots[origin].astype(np.int64)
        told.fed, told.again = len(rows), len(again)
        if len(again):
            rows = np.concatenate([again, rows])
            at = np.concatenate([states.slots(again["vehicle_id"]).astype(np.int64), at])
            origin = np.concatenate([np.full(len(again), NONE), origin])
            order = np.lexsort((rows["t_ms"], at))
            rows, at, origin = rows[order], at[order], origin[order]
        newest = np.append(at[1:] != at[:-1], True)[: len(at)] & (origin != NONE)
        for part in rounds(at, rows["t_ms"], states.records["seen_ms"][at]):
            self._turn(conn, at[part.turns], rows["t_ms"][part.turns], now_ms, told)
            serving = states.matcher[at[part.rows]]
            for number in np.unique(serving).tolist():
                mine = part.rows[serving == number]
                ready = self.fleet.matcher(number, now_ms)
                if ready is None:
                    continue  # let go of: at the next turn the network in force takes over
                found = ready.live.advance(states.records, rows[mine], at[mine])
                told.reseed("network", found.reseeded)
                told.ways.append(path_parts(found, ready, states.vehicle))
                shown = newest[mine]
                of = mine[shown]
                told.where[origin[of]] = places(found.estimates[shown], states.day_start_m[at[of]], ready)

    def _turn(self, conn: Connection, slots: Array, t_ms: Array, now_ms: int, told: Matched) -> None:
        """Before a vehicle's fix in a new span: its track ends at midnight, in a standstill, when another network comes into force."""
        assert self._states is not None
        states, records = self._states, self._states.records
        known = records["seen_ms"][slots] != NEVER_MS
        slots, t_ms = slots[known], t_ms[known]
        if not len(slots):
            return
        seen = records["seen_ms"][slots]
        new_day = (seen + _SHANGHAI_MS) // DAY_MS != (t_ms + _SHANGHAI_MS) // DAY_MS
        stands = (records["still"][slots] == 1) & (seen - records["still_ms"][slots] >= STANDING_MS)
        serving = self._serving(conn, slots, t_ms, now_ms)
        switched = serving != states.matcher[slots]
        before = records[slots[switched]].copy()
        ends = slots[new_day | stands | switched]
        for number in np.unique(states.matcher[ends]).tolist():
            ready = self.fleet.matcher(number, now_ms)
            if ready is not None:
                found = ready.live.flush(records, ends[states.matcher[ends] == number])
                told.ways.append(path_parts(found, ready, states.vehicle))
        for name in ("number", "committed_m"):
            before[name] = records[name][slots[switched]]
        records[slots[switched]], states.matcher[slots[switched]] = before, serving[switched]
        states.day_start_m[slots[new_day]] = records["committed_m"][slots[new_day]]

    def _serving(self, conn: Connection, slots: Array, t_ms: Array, now_ms: int) -> NDArray[np.int32]:
        """(n,) matcher in force for each vehicle at its instant; the old one as long as that is not ready."""
        assert self._states is not None
        serving = self._states.matcher[slots].copy()
        groups = self.fleet.groups(conn, self._states.vehicle[slots]).astype(np.int64)
        kinds = np.stack([groups, t_ms // GRID_MS])
        for group, span in np.unique(kinds[:, groups != UNSERVED], axis=1).T.tolist():
            number = self.fleet.number(group, span * GRID_MS)
            if self.fleet.matcher(number, now_ms) is not None:
                serving[(groups == group) & (kinds[1] == span)] = number
        return serving

    def _save(self, fresh: Fresh, slots: Array, anew: list[int], now_ms: int, told: Matched) -> None:
        """States whose time has come; at once where a stored fix must not be fed again, or the saved state is worth nothing."""
        assert self._states is not None
        states = self._states
        here = slots != NONE
        touched = np.unique(slots[here])
        passed = slots[here & ~fresh.fed]
        passed = passed[fresh.rows["t_ms"][here & ~fresh.fed] > states.saved_ms[passed]]
        now = np.isin(touched, passed) | np.isin(states.vehicle[touched], np.array(anew, np.int32))
        seen = states.records["seen_ms"][touched]
        blank = seen == NEVER_MS
        due = now | (states.due_ms[touched] <= now_ms) | (np.where(blank, 0, seen) - states.saved_ms[touched] >= SAVED_MS)
        for number in np.unique(states.matcher[touched[due & ~blank]]).tolist():
            ready = self.fleet.matcher(number, now_ms)
            if ready is not None:
                self._write(touched[due & ~blank & (states.matcher[touched] == number)], ready, now_ms, told)
        states.drop(touched[now & blank])

    def _write(self, slots: Array, ready: Ready, now_ms: int, told: Matched) -> None:
        assert self._states is not None
        states = self._states
        fed = states.records["seen_ms"][slots]
        records = ready.live.saved(states.records[slots])
        told.saves.append(Sealed(ready.map_version, ready.match_version, states.vehicle[slots], fed, states.day_start_m[slots], records))
        states.saved_ms[slots], states.due_ms[slots] = fed, now_ms + self._checkpoint_ms
