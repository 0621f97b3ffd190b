"""Which matcher serves which vehicle: the network of its region at an instant, seen with the eyes of its class."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from ingest import live_roads_store
from ingest.day_context_store import profile_of
from ingest.live_plan import Plan, RoadsFor
from ingest.live_roads import LiveRoads, Ready

Connection = psycopg.Connection[Any]
Array = NDArray[Any]

REFRESH_MS = 60_000
"""Registered networks and changed vehicles are looked for so often."""
_OVERLAP_S = 30
_LINGER_MS = 3_600_000
UNSERVED, _UNASKED = -1, -2


class LiveFleet:
    """Vehicles by group (region of a network, profile), and the matcher of a group at an instant, by number.

    Args:
        roads: makes networks ready.
    """

    def __init__(self, roads: LiveRoads) -> None:
        self.roads = roads
        self.plan = Plan([])
        self._kinds: list[tuple[str, str]] = []
        self._said: dict[tuple[Any, ...], int] = {}
        self._group_of = np.full(1024, _UNASKED, np.int32)
        self._numbers: dict[RoadsFor, int] = {}
        self._roads_of: list[RoadsFor] = []
        self._refreshed_ms = -(2**62)

    def refresh(self, conn: Connection, now_ms: int) -> None:
        """Read what has been registered and changed since the last look, once a minute."""
        if now_ms - self._refreshed_ms < REFRESH_MS:
            return
        since_s = min((now_ms - self._refreshed_ms) // 1000 + _OVERLAP_S, 10**9)
        plan = Plan(live_roads_store.registered(conn))
        if plan.registered != self.plan.registered:
            self.plan = plan
            self._group_of[:] = _UNASKED
            self._said = {}
        elif plan:
            changed = np.array(live_roads_store.changed_vehicles(conn, since_s), np.int64)
            self._group_of[changed[changed < len(self._group_of)]] = _UNASKED
        self._refreshed_ms = now_ms
        self._ahead(now_ms)

    def _ahead(self, now_ms: int) -> None:
        """Make ready what is in force or will be at the next 03:00, and let go of what is long past."""
        soon = self.plan.soon(now_ms) | self.plan.soon(now_ms - _LINGER_MS)
        kept = {RoadsFor(row.map_version, row.path, kind) for code, row in soon for region, kind in self._kinds if region == code}
        self.roads.keep(kept)
        for roads in kept:
            self.roads.get(roads, now_ms)

    def groups(self, conn: Connection, vehicle_id: Array) -> NDArray[np.int32]:
        """(n,) group of each vehicle, `UNSERVED` where no network serves it."""
        top = int(vehicle_id.max()) if len(vehicle_id) else 0
        if top >= len(self._group_of):
            grown = np.full(max(top + 1, 2 * len(self._group_of)), _UNASKED, np.int32)
            grown[: len(self._group_of)] = self._group_of
            self._group_of = grown
        asked = np.unique(vehicle_id[self._group_of[vehicle_id] == _UNASKED])
        if len(asked):
            known = live_roads_store.vehicles(conn, asked.tolist())
            self._group_of[asked] = UNSERVED
            for vehicle, *said in known:
                self._group_of[vehicle] = self._of(*said)
        return self._group_of[vehicle_id]

    def _of(self, *said: Any) -> int:
        """Group of vehicles of which the registry says the same: region, class, dangerous goods."""
        found = self._said.get(said)
        if found is None:
            region_code, vehicle_class, dangerous = said
            found = self._said[said] = self._group(region_code, profile_of(vehicle_class, dangerous))
        return found

    def _group(self, region_code: str, profile: str) -> int:
        region = self.plan.region_of(region_code)
        if region is None:
            return UNSERVED
        kind = (region, profile)
        if kind not in self._kinds:
            self._kinds.append(kind)
        return self._kinds.index(kind)

    def number(self, group: int, t_ms: int) -> int:
        """Number of the matcher that serves a group at an instant; `UNSERVED` before the day of its first network."""
        region, profile = self._kinds[group]
        row = self.plan.at(region, t_ms)
        if row is None:
            return UNSERVED
        roads = RoadsFor(row.map_version, row.path, profile)
        if roads not in self._numbers:
            self._numbers[roads] = len(self._roads_of)
            self._roads_of.append(roads)
        return self._numbers[roads]

    def matcher(self, number: int, now_ms: int) -> Ready | None:
        """A matcher; None while it is not ready."""
        return None if number == UNSERVED else self.roads.get(self._roads_of[number], now_ms)

    def awaited(self, number: int) -> bool:
        """True when it is being made ready."""
        return number != UNSERVED and self.roads.loading(self._roads_of[number])
