"""Slow twins of `tracking.kernels.live_cleaning` and `tracking.kernels.live_window`: lists of fixes, a tree of nodes, no arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tracking.cleaning import CleaningParameters
from tracking.kernels.live_cleaning import LATE
from tracking.kernels.paths import JUMP
from tracking.kernels.route import BACK_ON_ROAD, LEFT_ROAD, NO_WAY
from tracking.kernels.spells import DRIFT, FROZEN, INVALID, KEPT, STILL


@dataclass(frozen=True)
class Fix:
    t_ms: int
    lon_e6: int
    lat_e6: int
    x: float
    y: float
    speed: float
    odometer: float = math.nan
    asleep: bool = False
    located: bool = True

    def away(self, x: float, y: float) -> float:
        return math.sqrt((x - self.x) ** 2 + (y - self.y) ** 2)


def least(odometers: list[float]) -> float:
    return min((one for one in odometers if not math.isnan(one)), default=math.nan)


@dataclass
class Stop:
    """Fixes that may be a stop: began_ms, how many are believed, their mean, the last of them, and how many came after it."""

    began_ms: int
    believed: int = 0
    x: float = 0.0
    y: float = 0.0
    last_ms: int = 0
    after: int = 0
    outside: bool = False
    odometers: list[float] = field(default_factory=list)

    def add(self, fix: Fix) -> None:
        self.believed += 1
        self.x += (fix.x - self.x) / self.believed
        self.y += (fix.y - self.y) / self.believed
        self.last_ms, self.after = fix.t_ms, 0


@dataclass
class Cleaner:
    """What a row is good for, from all rows before it."""

    p: CleaningParameters
    sigma_m: float
    newest_ms: float = -math.inf
    places: list[Fix] = field(default_factory=list)
    good: list[Fix] = field(default_factory=list)
    jumps: list[Fix] = field(default_factory=list)
    stop: Stop | None = None
    still: bool = False

    def receive(self, fix: Fix) -> int:
        if fix.t_ms <= self.newest_ms:
            return LATE
        self.newest_ms = fix.t_ms
        west, south, east, north = self.p.bounds
        inside = west <= fix.lon_e6 / 1e6 <= east and south <= fix.lat_e6 / 1e6 <= north
        if not fix.located or not inside or (fix.lon_e6, fix.lat_e6) == (0, 0):
            return INVALID
        self.places.append(fix)
        if self.frozen():
            return FROZEN
        if self.drifts(fix):
            return DRIFT
        stands = self.stands(fix)
        self.good.append(fix)
        return STILL if stands else KEPT

    def frozen(self) -> bool:
        here = self.places[-1]
        run = []
        for fix in reversed(self.places):
            if (fix.lon_e6, fix.lat_e6) != (here.lon_e6, here.lat_e6):
                break
            run.append(fix)
        fast = next((i for i, fix in enumerate(run) if not fix.speed >= self.p.frozen_kmh), len(run))  # NaN: not said, so not fast
        gained = here.odometer - least([fix.odometer for fix in run]) >= self.p.odometer_gain_m
        return len(run) > 1 and (fast >= self.p.frozen_fixes or gained)

    def reached(self, was: Fix, fix: Fix) -> bool:
        seconds = max((fix.t_ms - was.t_ms) / 1000.0, 0.0)
        return was.away(fix.x, fix.y) <= 4.0 * self.sigma_m + self.p.drift_kmh / 3.6 * seconds

    def drifts(self, fix: Fix) -> bool:
        if not self.good or self.reached(self.good[-1], fix):
            self.jumps = []
            return False
        agree = bool(self.jumps) and self.reached(self.jumps[-1], fix)
        self.jumps = [*self.jumps, fix] if agree else [fix]
        if len(self.jumps) < self.p.agree_fixes:
            return True
        self.jumps = []
        return False

    def stands(self, fix: Fix) -> bool:
        p = self.p
        enter_m, leave_m = max(p.still_m, p.still_sigmas * self.sigma_m), max(p.leave_m, p.leave_sigmas * self.sigma_m)
        fast, slow = fix.speed >= p.leave_kmh, fix.speed <= p.slow_kmh
        stop, gained, stood = self.stop, False, self.still
        if stop:
            stop.odometers.append(fix.odometer)
            gained = fix.odometer - least(stop.odometers) >= p.odometer_gain_m
        if stop and stood and not gained:
            out = fix.away(stop.x, stop.y) > leave_m
            sleeps = fix.asleep and slow and fix.t_ms - stop.last_ms <= p.asleep_s * 1000 and stop.after < stop.believed
            if sleeps or not out or not (fast or stop.outside):
                if out or fast:
                    stop.after += 1
                else:
                    stop.add(fix)
                stop.outside = out and not sleeps
                return True
        if stop is None or gained or stood or fix.away(stop.x, stop.y) > enter_m * math.sqrt(1.0 + 1.0 / stop.believed):
            stop = self.stop = Stop(fix.t_ms, odometers=[fix.odometer])
        stop.add(fix)
        stop.outside = False
        before = self.good[-1] if self.good and not stood and not gained else None
        twice = before is not None and slow and before.speed <= p.slow_kmh and before.away(fix.x, fix.y) <= leave_m
        if twice and before and stop.believed == 1:
            stop.began_ms, stop.believed = before.t_ms, 2
            stop.x, stop.y = 0.5 * (fix.x + before.x), 0.5 * (fix.y + before.y)
        self.still = fix.t_ms - stop.began_ms >= p.still_s * 1000 or (fix.asleep and not fast) or twice
        return self.still and stop.believed > 1


@dataclass(eq=False)
class Node:
    """A state of a column, and the state that it comes from; edge -1 off the road."""

    column: int
    edge: int
    along: float
    leg: float
    turn: int
    score: float
    up: Node | None


@dataclass(frozen=True)
class Committed:
    number: int
    t_ms: int
    edge: int
    along: float
    leg: float
    path_m: float
    reason: int


@dataclass
class Window:
    """The states that the newest two columns come from; what all share is committed, the rest may be forced."""

    room: int
    times: list[int] = field(default_factory=list)
    first: int = 0
    begins: int = 0
    before: list[Node | None] = field(default_factory=list)
    tips: list[Node | None] = field(default_factory=list)
    root: Node | None = None
    piece_m: float = 0.0
    committed: list[Committed] = field(default_factory=list)

    def extend(self, t_ms: int, first: int, states: list[Node | None]) -> None:
        """A new column; states: by number, None for those that do not live; first: why a piece begins."""
        self.times.append(t_ms)
        if first:
            self.first, self.begins, self.root, self.before = first, len(self.times) - 1, None, [None] * len(states)
        else:
            self.before = self.tips
        self.tips = states

    def way(self, tip: Node) -> list[Node]:
        """Nodes after the committed one up to a tip."""
        out: list[Node] = []
        at: Node | None = tip
        while at is not None and at is not self.root:
            out.append(at)
            at = at.up
        return out[::-1]

    def ways(self) -> list[list[Node]]:
        return [self.way(tip) for tip in [*self.before, *self.tips] if tip]

    def best(self) -> Node:
        """The last of equal ones is the off-road state, which is chosen; of others the first."""
        living = [tip for tip in [self.tips[-1], *self.tips[:-1]] if tip]
        return min(living, key=lambda tip: tip.score)

    def overdue(self, now_ms: int, lag_ms: int, columns: int) -> bool:
        following = self.begins if self.root is None else self.root.column + 1
        if not self.tips or following == len(self.times):
            return False
        nodes = {node for way in self.ways() for node in way}
        full = len(nodes) + (self.root is not None) + len(self.tips) > self.room
        last = self.begins if self.root is None else self.root.column
        return now_ms - self.times[following] > lag_ms or len(self.times) - 1 - last + 2 > columns or full

    def settle(self, now_ms: int, lag_ms: int, columns: int) -> None:
        while True:
            ways = self.ways()
            heads = {way[0] if way else None for way in ways}
            node = heads.pop() if len(heads) == 1 else None
            if node is None and self.overdue(now_ms, lag_ms, columns):
                node = next(iter(self.way(self.best())), None)
            if node is None:
                return
            self.commit(node)

    def commit(self, node: Node) -> None:
        was, leg, reason = self.root, node.leg, 0
        if was is None:
            leg, reason = 0.0, self.first
        elif was.edge >= 0 > node.edge:
            reason = LEFT_ROAD
        elif node.edge >= 0 > was.edge:
            reason = BACK_ON_ROAD
        elif node.edge >= 0 and node.turn == JUMP:
            reason = NO_WAY
        self.piece_m = self.piece_m + leg if reason == 0 else leg if reason == LEFT_ROAD else 0.0
        along = node.along if node.edge >= 0 else math.nan
        self.committed.append(
            Committed(len(self.committed) + 1, self.times[node.column], node.edge, along, leg, self.piece_m, reason)
        )  # fmt: skip
        self.before = [tip if tip and node in self.way(tip) else None for tip in self.before]
        self.tips = [tip if tip and node in self.way(tip) else None for tip in self.tips]
        self.root = node
