"""The odometer: whether its readings may be trusted, and how many metres its kilometre has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.track import Track
from tracking.cleaning import Cleaned, Keep
from tracking.legs import Legs

Floats = NDArray[np.float64]

STEP_M = 100.0
"""Extra 0x01 counts tenths of a kilometre (JT/T 808-2019 table 27)."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Matched metres of an odometer's metre: value, its standard deviation, the metres it rests on, 0 when on none."""

    value: float = 1.0
    sd: float = 0.025
    metres: float = 0.0


@dataclass(frozen=True, slots=True)
class OdometerParameters:
    """Health of an odometer; defaults by the design note, those marked ours by us.

    step_limit_m: coarser steps are of no use (ours); sd_floor: a ratio is never surer than this (ours).
    """

    fastest_kmh: float = 160.0
    stuck_m: float = 5_000.0
    step_limit_m: float = 200.0
    ratio_low: float = 0.90
    ratio_high: float = 1.10
    window_m: float = 200_000.0
    history_m: float = 50_000.0
    day_m: float = 20_000.0
    confidence: float = 0.9
    sd_floor: float = 0.0025


def ratio_of_days(days: Sequence[tuple[float, float]], parameters: OdometerParameters | None = None) -> Ratio | None:
    """Ratio over a vehicle's final days; None below `history_m`.

    Args:
        days: (matched metres, odometer metres) of the sure spans of each day (`Segments.sure_m`), the latest first.
    """
    p = parameters or OdometerParameters()
    used: list[tuple[float, float]] = []
    for matched, counted in days:
        if sum(m for m, _ in used) >= p.window_m:
            break
        if matched > 0.0 and counted > 0.0:
            used.append((matched, counted))
    total, odometer = sum(m for m, _ in used), sum(c for _, c in used)
    if total < p.history_m:
        return None
    value = total / odometer
    scatter = sum(m * (m / c - value) ** 2 for m, c in used) / total
    return Ratio(value, max(float(np.sqrt(scatter)), p.sd_floor), total)


@dataclass(frozen=True, slots=True, eq=False)
class Odometer:
    """Readings at the m fixes that count: arriving and departing (NaN absent), faults (m,) counted up to each arrival and
    departure; step_m, its smallest step, at least 100 m, NaN without readings; flags, sorted; ratio and whether it may be used."""

    arrive_m: Floats
    depart_m: Floats
    arrive_faults: NDArray[np.int64]
    depart_faults: NDArray[np.int64]
    step_m: float
    flags: tuple[str, ...]
    ratio: Ratio
    usable: bool

    def span(self, i: int, j: int) -> float:
        """Metres of the odometer from departing at fix i to arriving at fix j, scaled; NaN when it may not be used there."""
        if not self.usable or self.arrive_faults[j] != self.depart_faults[i]:
            return float("nan")
        return float((self.arrive_m[j] - self.depart_m[i]) * self.ratio.value)


def read_odometer(
    track: Track, cleaned: Cleaned, legs: Legs, known: Ratio | None, parameters: OdometerParameters | None = None
) -> Odometer:
    """The odometer of one track.

    Args:
        known: ratio over the vehicle's earlier, final days; None when there is none.
    """
    p = parameters or OdometerParameters()
    rows = cleaned.order[cleaned.keep[cleaned.order] != Keep.DUPLICATE]
    reading = track.odometer_m[rows]
    said = np.flatnonzero(~np.isnan(reading))
    flags: set[str] = set()
    fault_at = np.zeros(rows.size, np.int64)
    step = _step(reading[said])
    if said.size > 1:
        gain = np.diff(reading[said])
        seconds = np.diff(track.t_ms[rows[said]]) / 1000.0
        fell, leapt = gain < 0, gain > p.fastest_kmh / 3.6 * seconds + 2 * step
        fault_at[said[1:]] = fell | leapt
        flags |= {name for name, seen in (("ODO_RESET", fell), ("ODO_JUMP", leapt)) if seen.any()}
    faults = np.cumsum(fault_at)
    where = np.full(len(track), -1, np.int64)
    where[rows] = np.arange(rows.size)
    arrive, depart = track.odometer_m[legs.row], track.odometer_m[legs.last_row]
    stuck = _stuck(arrive, legs, p)
    if stuck.any():
        flags.add("ODO_STUCK")
    slow = np.concatenate([[0], np.cumsum(stuck)])[: legs.row.size]
    if step > p.step_limit_m:
        flags.add("ODO_STEP")
    arrive_faults, depart_faults = faults[where[legs.row]] + slow, faults[where[legs.last_row]] + slow
    unscaled = Odometer(arrive, depart, arrive_faults, depart_faults, step, (), Ratio(), True)
    ratio = known if known is not None and known.metres >= p.history_m else _own_ratio(legs, unscaled, p)
    fits = p.ratio_low <= ratio.value <= p.ratio_high
    if not fits:
        flags.add("ODO_SCALE")
    usable = fits and said.size > 1 and step <= p.step_limit_m
    return Odometer(arrive, depart, arrive_faults, depart_faults, step, tuple(sorted(flags)), ratio, usable)


def _step(reading: Floats) -> float:
    """Smallest common step of the readings, metres, at least 100; NaN without readings."""
    if not reading.size:
        return float("nan")
    gains = np.diff(np.unique(np.round(reading).astype(np.int64)))
    return max(float(np.gcd.reduce(gains)), STEP_M) if gains.size >= 5 else STEP_M


def _stuck(arrive: Floats, legs: Legs, p: OdometerParameters) -> NDArray[np.bool_]:
    """(m - 1,) legs over which the reading stays the same while `stuck_m` are matched."""
    out = np.zeros(legs.raw_m.size, bool)
    if not out.size:
        return out
    metres = np.concatenate([[0.0], np.cumsum(np.nan_to_num(legs.route_m))])
    cuts = np.flatnonzero(~(arrive[1:] == arrive[:-1]))
    firsts, lasts = np.concatenate([[0], cuts + 1]), np.concatenate([cuts, [arrive.size - 1]])
    for first, last in zip(firsts, lasts, strict=True):
        if metres[last] - metres[first] >= p.stuck_m:
            out[max(first - 1, 0) : last + 1] = True
    return out


def sure_spans(legs: Legs, confidence: float) -> list[tuple[int, int]]:
    """Runs (first fix, last fix) of legs on the road without a gap, mean confidence at least so much."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (legs.on_road & ~legs.gap).astype(np.int8), [0]])))
    spans = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        route = legs.route_m[first:last]
        metres = float(route.sum())
        if metres > 0 and float((route * legs.confidence[first:last]).sum()) >= confidence * metres:
            spans.append((first, last))
    return spans


def covered(legs: Legs, odometer: Odometer, spans: list[tuple[int, int]]) -> tuple[float, float, int]:
    """(matched metres, odometer metres unscaled, spans) over the parts of spans that the odometer covers without a fault."""
    matched, counted, used = 0.0, 0.0, 0
    metres = np.concatenate([[0.0], np.cumsum(np.nan_to_num(legs.route_m))])
    for first, last in spans:
        fixes = np.arange(first, last + 1)
        fixes = fixes[~np.isnan(odometer.arrive_m[fixes])]
        if not fixes.size:
            continue
        cuts = np.flatnonzero(np.diff(odometer.arrive_faults[fixes])) + 1
        for part in np.split(fixes, cuts):
            matched += float(metres[part[-1]] - metres[part[0]])
            counted += float(odometer.arrive_m[part[-1]] - odometer.arrive_m[part[0]])
            used += 1
    return matched, counted, used


def _own_ratio(legs: Legs, odometer: Odometer, p: OdometerParameters) -> Ratio:
    """Ratio of the day itself; 1 with 5 per cent (two standard deviations) when too little of it is sure."""
    matched, counted, spans = covered(legs, odometer, sure_spans(legs, p.confidence))
    if matched < p.day_m or counted <= 0.0:
        return Ratio()
    spread = odometer.step_m * np.sqrt(spans / 6.0) / matched
    return Ratio(matched / counted, max(float(spread), p.sd_floor), matched)
