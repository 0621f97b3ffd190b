"""Vehicles that report and are not in memory: their records as saved, and the fixes since, so that they go on as if never forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from domain.units import day_of
from ingest import match_state_store
from ingest.live_roads import Ready
from ingest.live_states import LiveStates
from ingest.live_told import Matched
from ingest.match_state_store import Left, SavedState

Connection = psycopg.Connection[Any]
Array = NDArray[Any]

CATCH_UP_MS = 6 * 3_600_000
"""Fixes that were stored unmatched are fed afterwards if they reach no farther back: the network was being loaded, a backlog worked off."""
CATCH_UP_SHARE_MS = 10**9
"""Sum of the spans that are fed again with one batch: 100,000 fixes at one in ten seconds. The other vehicles wait for the next batch."""
NEVER_MS = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Wanted:
    """A vehicle to be restored: its newest stored fix (`last_ms`; far in the past: none), its first new one, matchers by number:
    the one for its new fix, and the one that was in force at an instant."""

    vehicle_id: int
    last_ms: int
    first_ms: int
    now: int
    saved: SavedState | None = None
    then: int = -1

    @property
    def stored(self) -> bool:
        """It has fixes in the database."""
        return self.last_ms > -(2**61)


@dataclass(slots=True)
class Restored:
    """Where the fixes go on: vehicles and the span (after, until] of stored fixes that their records have not seen; due: vehicles whose
    saved state must be replaced at once."""

    vehicles: list[int] = field(default_factory=list)
    after_ms: list[int] = field(default_factory=list)
    until_ms: list[int] = field(default_factory=list)
    due: list[int] = field(default_factory=list)

    def behind(self, conn: Connection) -> Array:
        """The fixes of these spans, `POSITION`."""
        return match_state_store.fixes_behind(conn, self.vehicles, self.after_ms, self.until_ms)


def affordable(wanted: list[Wanted]) -> list[Wanted]:
    """Those whose spans fit one batch, the shortest first; at least one."""
    spans = [0 if one.saved is None else max(one.last_ms - one.saved.fed_ms, 0) for one in wanted]
    spans = [0 if span > CATCH_UP_MS else span for span in spans]
    order = np.argsort(spans, kind="stable")
    fits = np.cumsum(np.array(spans, np.int64)[order]) <= CATCH_UP_SHARE_MS
    return [wanted[at] for at in order[: max(int(fits.sum()), 1)].tolist()]


def restore(conn: Connection, states: LiveStates, wanted: list[Wanted], matchers: dict[int, Ready], told: Matched) -> Restored:
    """Give every wanted vehicle a slot with its record.

    A record goes on exactly where it was when it can be read, is of the network of its time, and all fixes since are at hand. Otherwise it
    begins anew from what is left: counted by reason, and with numbers that have not been given before.
    """
    out = Restored()
    slots = states.put(np.array([one.vehicle_id for one in wanted], np.int32))
    anew: list[tuple[int, Wanted, str]] = []
    for number in sorted({_matcher(one) for one in wanted}):
        mine = [at for at, one in enumerate(wanted) if _matcher(one) == number]
        anew += _read(states, slots[mine], [wanted[at] for at in mine], (number, matchers[number]), told)
    lost = {slot for slot, _, _ in anew}
    for slot, one in zip(slots.tolist(), wanted, strict=True):
        if slot in lost:
            continue
        if one.saved is None:
            after = one.last_ms if one.stored else one.first_ms - 1
            told.begun[one.vehicle_id] = after
            states.saved_ms[slot] = after
        elif one.last_ms > one.saved.fed_ms:
            out.vehicles.append(one.vehicle_id)
            out.after_ms.append(one.saved.fed_ms)
            out.until_ms.append(one.last_ms)
    if anew:
        _begin_anew(conn, states, anew, told)
        out.due = [one.vehicle_id for _, one, _ in anew]
    return out


def _matcher(one: Wanted) -> int:
    return one.then if one.then >= 0 else one.now


def _read(states: LiveStates, slots: Array, wanted: list[Wanted], by: tuple[int, Ready], told: Matched) -> list[tuple[int, Wanted, str]]:
    """Records of vehicles of one matcher, put in; (slot, vehicle, reason) of those that must begin anew."""
    number, ready = by
    states.matcher[slots] = number
    states.records[slots] = ready.live.blank(len(slots))
    states.day_start_m[slots] = [0.0 if one.saved is None else one.saved.day_start_m for one in wanted]
    states.saved_ms[slots] = [0 if one.saved is None else one.saved.fed_ms for one in wanted]
    held = [at for at, one in enumerate(wanted) if one.saved is not None and one.saved.state]
    found = ready.live.restored([one.saved.state for at in held if (one := wanted[at]).saved is not None])
    states.records[slots[held]] = found.states
    anew = []
    for at, one in enumerate(wanted):
        saved = one.saved
        if saved is None:
            continue
        if saved.state and int(states.records[slots[at]]["seen_ms"]) == NEVER_MS:
            anew.append((int(slots[at]), one, "damaged"))
        elif saved.state and found.reseeded and _foreign(saved.state, ready):
            anew.append((int(slots[at]), one, "foreign"))
        elif one.last_ms - saved.fed_ms > CATCH_UP_MS:
            anew.append((int(slots[at]), one, "unmatched"))
    return anew


def _foreign(state: bytes, ready: Ready) -> bool:
    """True for a record of another network, profile or other parameters."""
    record, mine = np.frombuffer(state, ready.live.state)[0], ready.live.blank(1)[0]
    return bool(record["network"] != mine["network"] or record["parameters"] != mine["parameters"])


def _begin_anew(conn: Connection, states: LiveStates, anew: list[tuple[int, Wanted, str]], told: Matched) -> None:
    """Go on counting where the vehicle's way and its metres of today ended."""
    left = match_state_store.left(conn, [one.vehicle_id for _, one, _ in anew])
    for slot, one, reason in anew:
        told.reseed(reason)
        was = left.get(one.vehicle_id, Left())
        record = states.records[slot]
        record["number"] = max(int(record["number"]), was.number)
        if reason != "damaged":
            continue
        same_day = one.stored and day_of(one.last_ms) == day_of(one.first_ms)
        states.day_start_m[slot] = -float(was.today_m) if same_day else 0.0
