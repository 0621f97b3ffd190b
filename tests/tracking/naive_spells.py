"""Slow twins of `tracking.kernels.spells`, `drift` and `cleaning`: lists of fixes, no arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

from tracking.cleaning import CleaningParameters
from tracking.kernels.drift import LOOK
from tracking.kernels.spells import DRIFT, DUPLICATE, FROZEN, INVALID, KEPT, STILL, THINNED

A_M, E2 = 6_378_137.0, 6.694379990141316e-3


@dataclass
class Fix:
    row: int
    t_ms: int
    lon: float
    lat: float
    east: float = math.nan
    north: float = math.nan
    speed: float = math.nan
    heading: float = math.nan
    odometer: float = math.nan
    acc: int = -1
    located: bool = True
    keep: int = KEPT


@dataclass
class Stop:
    fixes: list[Fix]
    x: float = 0.0
    y: float = 0.0
    means: int = 0

    def add(self, fix: Fix) -> None:
        self.means += 1
        self.x += (fix.lon - self.x) / self.means
        self.y += (fix.lat - self.y) / self.means

    def away(self, fix: Fix) -> float:
        return math.sqrt(((fix.lon - self.x) * fix.east) ** 2 + ((fix.lat - self.y) * fix.north) ** 2)


def scales(lats: list[float]) -> list[tuple[float, float]]:
    """Metres of a degree (longitude, latitude), refreshed every 0.001 degree."""
    out: list[tuple[float, float]] = []
    known = math.nan
    for lat in lats:
        if not abs(lat - known) <= 0.001:
            known = lat
            w2 = 1.0 - E2 * math.sin(math.radians(lat)) ** 2
            prime = A_M / math.sqrt(w2)
            pair = (math.pi / 180 * prime * math.cos(math.radians(lat)), math.pi / 180 * prime * (1 - E2) / w2)
        out.append(pair)
    return out


def apart(a: Fix, b: Fix) -> float:
    return math.sqrt(((b.lon - a.lon) * a.east) ** 2 + ((b.lat - a.lat) * a.north) ** 2)


def kept(fixes: list[Fix]) -> list[Fix]:
    return [fix for fix in fixes if fix.keep == KEPT]


def mark_invalid(fixes: list[Fix], bounds: tuple[float, float, float, float], timed: bool) -> None:
    west, south, east, north = bounds
    for before, fix in zip([None, *fixes], fixes, strict=False):
        if timed and before is not None and before.t_ms == fix.t_ms:
            fix.keep = DUPLICATE
        elif not (fix.located and west <= fix.lon <= east and south <= fix.lat <= north) or fix.lon == fix.lat == 0:
            fix.keep = INVALID


def mark_frozen(fixes: list[Fix], fast_kmh: float, gain_m: float, count: int) -> None:
    for _, group in groupby(kept(fixes), key=lambda fix: (fix.lon, fix.lat)):
        run = list(group)
        if len(run) < count:
            continue
        begins = []
        for is_fast, part in groupby(range(len(run)), key=lambda i: run[i].speed >= fast_kmh):
            rows = list(part)
            if is_fast and len(rows) >= count:
                begins.append(rows[0])
        base, stepped = math.nan, None
        for i, fix in enumerate(run):
            if math.isnan(base) or fix.odometer < base:
                base, stepped = fix.odometer, None
            if stepped is None and fix.odometer > base:
                stepped = i
            if fix.odometer - base >= gain_m and stepped is not None:
                begins.append(stepped)
        for i in range(max(min(begins, default=len(run)), 1), len(run)):
            run[i].keep = FROZEN


def jump(a: Fix, b: Fix, limits: tuple[float, ...]) -> bool:
    fastest, slack, surge, trust, told_slack = limits
    seconds, length = (b.t_ms - a.t_ms) / 1000.0, apart(a, b)
    if length <= slack:
        return False
    by_speed = surge > 0 and seconds <= trust and length > told_slack + (
        (a.speed + b.speed) / 7.2 * seconds + 0.25 * surge * seconds * seconds
    )  # fmt: skip
    return length > slack + fastest * seconds or by_speed


def speed_faults(fixes: list[Fix], limits: tuple[float, ...]) -> tuple[int, int]:
    good = kept(fixes)
    pairs = [
        (a, b) for a, b in pairwise(good)
        if not math.isnan(a.speed) and not math.isnan(b.speed) and b.t_ms - a.t_ms <= limits[3] * 1000
    ]  # fmt: skip
    return len(pairs), sum(jump(a, b, limits) for a, b in pairs)


def mark_drift(fixes: list[Fix], limits: tuple[float, ...], agree: int, excursion_s: float) -> None:
    runs: list[list[Fix]] = []
    for fix in kept(fixes):
        if runs and not jump(runs[-1][-1], fix, limits):
            runs[-1].append(fix)
        else:
            runs.append([fix])
    if not runs:
        return
    largest = max(runs, key=len)
    last: Fix | None = None
    together = 0
    for r, run in enumerate(runs):
        follows = last is not None and not jump(last, run[0], limits)
        stays = len(run) >= agree or run is largest
        if last is not None and stays:
            for q in range(r + 1, min(len(runs), r + LOOK)):
                between = sum(len(other) for other in runs[r:q])
                back = runs[q][0].t_ms - last.t_ms <= excursion_s * 1000 and not jump(last, runs[q][0], limits)
                late = any(other[0].t_ms - last.t_ms > excursion_s * 1000 for other in runs[r + 1 : q + 1])
                stays = stays and not (back and not late and between < together and len(runs[q]) > between)
        if follows or stays:
            together = together + len(run) if follows else len(run)
            last = run[-1]
        else:
            for fix in run:
                fix.keep = DRIFT


def mark_needles(fixes: list[Fix], limits: tuple[float, ...], angle: float, leg_m: float, span_s: float) -> None:
    path: list[Fix] = []
    for c in kept(fixes):
        if len(path) >= 2 and c.t_ms - path[-2].t_ms < span_s * 1000:
            a, b = path[-2:]
            ax, ay = (a.lon - b.lon) * b.east, (a.lat - b.lat) * b.north
            cx, cy = (c.lon - b.lon) * b.east, (c.lat - b.lat) * b.north
            one, two = math.sqrt(ax * ax + ay * ay), math.sqrt(cx * cx + cy * cy)
            told = ((a.speed + b.speed) * (b.t_ms - a.t_ms) + (b.speed + c.speed) * (c.t_ms - b.t_ms)) / 7200.0
            explained = limits[2] > 0 and one + two <= 1.3 * told + limits[1]
            if min(one, two) > leg_m and ax * cx + ay * cy > math.cos(angle) * one * two and not explained:
                path.pop().keep = DRIFT
                path = path[-1:]
        path.append(c)


def spare_needles(fixes: list[Fix], fastest: float, ends: list[bool]) -> list[int]:
    """Rows of single drifting fixes between two kept ones that lie where a road ends and could be driven to and from."""
    found = []
    for before, one, after in zip(fixes, fixes[1:], fixes[2:], strict=False):
        reached = all(apart(a, b) <= fastest * max(b.t_ms - a.t_ms, 1) / 1000 for a, b in ((before, one), (one, after)))
        if (before.keep, one.keep, after.keep) == (KEPT, DRIFT, KEPT) and reached and ends[one.row]:
            found.append(one.row)
    return found


def mark_still(fixes: list[Fix], rules: tuple[float, ...]) -> list[Stop]:  # noqa: C901  (the states of a stop, side by side)
    """Stops found; each holds its fixes, the last of them calm."""
    enter_m, leave_m, still_s, slow_kmh, fast_kmh, gain_m, asleep_s = rules
    stops: list[Stop] = []
    stop: Stop | None = None
    trying: Stop | None = None
    tail: list[Fix] = []
    before: Fix | None = None
    base, doubted = math.nan, False
    for fix in fixes:
        if fix.keep == DUPLICATE:
            continue
        base = fix.odometer if math.isnan(base) or fix.odometer < base else base
        gained = fix.odometer - base >= gain_m
        if gained and stop:
            stops, stop, trying, tail = [*stops, stop], None, None, []
        if fix.keep != KEPT:
            continue
        fast = fix.speed >= fast_kmh
        if stop:
            out = stop.away(fix) > leave_m
            asleep = fix.acc == 0 and fix.speed <= slow_kmh and fix.t_ms - stop.fixes[-1].t_ms <= asleep_s * 1000
            asleep = asleep and len(tail) < stop.means
            if out and not asleep and (fast or (tail and tail[-1] is before and doubted)):
                stops, stop, trying, tail = [*stops, stop], None, None, []
            elif out or fast:
                tail.append(fix)
                before, doubted = fix, out and not asleep
                continue
            else:
                stop.fixes += [*tail, fix]
                stop.add(fix)
                tail, before = [], fix
                continue
        if gained or trying is None or trying.away(fix) > enter_m * math.sqrt(1 + 1 / trying.means):
            trying, base = Stop([]), fix.odometer
        trying.fixes.append(fix)
        trying.add(fix)
        slow = before is not None and fix.speed <= slow_kmh and before.speed <= slow_kmh
        if slow and before not in trying.fixes and before.keep == KEPT and not gained and apart(before, fix) <= leave_m:
            trying = Stop([before, fix], 0.5 * (fix.lon + before.lon), 0.5 * (fix.lat + before.lat), 2)
        together = slow and before in trying.fixes
        if fix.t_ms - trying.fixes[0].t_ms >= still_s * 1000 or (fix.acc == 0 and not fast) or together:
            stop = trying
        before = fix
    if stop:
        stops.append(stop)
    for each in stops:
        for fix in each.fixes[1:]:
            fix.keep = STILL
    return stops


def mark_thinned(fixes: list[Fix], sigmas: list[float], stop: list[bool], rules: tuple[float, ...]) -> None:
    spacing, turned, at_kmh, every_s = rules
    good = kept(fixes)
    last: Fix | None = None
    for fix, following in zip(good, [*good[1:], None], strict=False):
        new = last is None or stop[fix.row] or apart(last, fix) >= spacing * sigmas[fix.row]
        if not new and last is not None:
            turn = abs((fix.heading - last.heading + 180) % 360 - 180)
            new = (fix.speed >= at_kmh and turn >= turned) or fix.t_ms - last.t_ms >= every_s * 1000
        if new or following is None or following.t_ms - fix.t_ms > every_s * 1000:
            last = fix
        else:
            fix.keep = THINNED


def jitter(fixes: list[Fix], longest_ms: float) -> float:
    """Noise of dense fixes by their second differences, metres an axis; 0 of fewer than 30. Below 4,000 fixes none is skipped."""
    squares = []
    for a, b, c in zip(fixes, fixes[1:], fixes[2:], strict=False):
        if len(kept([a, b, c])) == 3 and c.t_ms - b.t_ms == b.t_ms - a.t_ms <= longest_ms:
            squares.append(((c.lon - 2 * b.lon + a.lon) * c.east) ** 2 + ((c.lat - 2 * b.lat + a.lat) * c.north) ** 2)
    return math.sqrt(median(squares) / (12 * math.log(2))) if len(squares) >= 30 else 0.0


def clean(fixes: list[Fix], p: CleaningParameters, sigma: float, timed: bool) -> list[Stop]:
    """All steps in their order; without times nothing is judged by speed."""
    mark_invalid(fixes, p.bounds, timed)
    believed = False
    if timed:
        mark_frozen(fixes, p.frozen_kmh, p.odometer_gain_m, p.frozen_fixes)
        sigma = max(sigma, jitter(fixes, p.jitter_s * 1000))
        limits = (p.drift_kmh / 3.6, 4 * sigma, p.surge_mps2, p.trust_s, p.drift_sigmas * sigma)
        judged, wrong = speed_faults(fixes, limits)
        believed = judged > 0 and wrong <= p.distrust_share * judged
        limits = limits if believed else (*limits[:2], 0.0, *limits[3:])
        mark_drift(fixes, limits, p.agree_fixes, p.excursion_s)
        mark_needles(fixes, limits, math.radians(p.needle_deg), p.needle_sigmas * sigma, p.needle_s)
    near, far = max(p.still_m, p.still_sigmas * sigma), max(p.leave_m, p.leave_sigmas * sigma)
    waits = p.still_s if timed else math.inf
    return mark_still(fixes, (near, far, waits, p.slow_kmh, p.leave_kmh, p.odometer_gain_m, p.asleep_s if believed else 0.0))
