"""Mileage (里程): metres driven, by a fixed order of sources. Never the source that pays most, never the mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.track import Track
from tracking.cleaning import Cleaned, thin
from tracking.legs import LegRules, Legs, legs_of
from tracking.matched import Match
from tracking.network.model import RoadNetwork
from tracking.odometer import Odometer, Ratio, covered, read_odometer, sure_spans
from tracking.segments import SEGMENT, Comparison, MileageParameters, SegmentKind, Segments, Source, Why, shortfall

Floats = NDArray[np.float64]

SLICE = np.dtype(
    [
        ("kind", "u1"), ("source", "u1"), ("reason", "u1"), ("run", "<i4"), ("from_ms", "<i8"), ("to_ms", "<i8"), ("piece", "<i4"),
        ("length_m", "<f8"), ("low_m", "<f8"), ("high_m", "<f8"), ("ferry_m", "<f8"), ("confidence", "<f8"),
        ("path_from_m", "<f8"), ("path_to_m", "<f8"),
    ]
)  # fmt: skip
"""One leg or standstill as booked; slices of the same run become one segment."""


@dataclass(frozen=True, slots=True)
class MeasureContext:
    """What is known of the vehicle besides its fixes: ratio of its odometer over final days and its usual reporting interval,
    seconds; None when unknown. window_ms: (from, to) of the slices that are booked, None for all."""

    ratio: Ratio | None = None
    usual_interval_s: float | None = None
    window_ms: tuple[int, int] | None = None


def gap_seconds(track: Track, context: MeasureContext, parameters: MileageParameters) -> float:
    """From here on the time between two fixes is a gap: 120 s, or three of the vehicle's usual intervals."""
    usual = context.usual_interval_s
    if usual is None:
        steps = np.diff(np.sort(track.t_ms))
        usual = float(np.median(steps)) / 1000.0 if steps.size else 0.0
    return max(parameters.gap_s, parameters.gap_intervals * usual)


def measure(
    track: Track,
    cleaned: Cleaned,
    match: Match | None,
    network: RoadNetwork | None,
    context: MeasureContext | None = None,
    parameters: MileageParameters | None = None,
) -> Segments:
    """Segments of a track.

    Args:
        match: of the track on the network; None where there is no network: then odometer, else straight legs.
    """
    p, given = parameters or MileageParameters(), context or MeasureContext()
    rules = LegRules(gap_seconds(track, given, p), p.coarse_sigmas)
    legs = legs_of(track, cleaned, thin(track, cleaned, 6.0) if match is None else cleaned.keep, match, network, rules)
    odometer = read_odometer(track, cleaned, legs, given.ratio, p.odometer)
    booked = _book(legs, odometer, match is None, p)
    slices = _cut(_with_standstills(legs, booked, p.still_s), given.window_ms)
    comparison = compare(legs, odometer, given.ratio, p)
    flags = set(odometer.flags) | ({"SOURCES_DISAGREE"} if comparison.disagrees(p.disagree_share) else set())
    at_ms = np.concatenate([slices["from_ms"][:1], slices["to_ms"]])
    driven = np.concatenate([np.zeros(min(slices.size, 1)), np.cumsum(slices["length_m"])])
    sure = covered(legs, odometer, sure_spans(legs, p.odometer.confidence))[:2]
    return Segments(_segments(slices, match), at_ms, driven, odometer.ratio, sure, tuple(sorted(flags)), comparison)


def _book(legs: Legs, odometer: Odometer, without_roads: bool, p: MileageParameters) -> NDArray[Any]:
    """One slice for each leg."""
    out = np.zeros(legs.raw_m.size, SLICE)
    out["from_ms"], out["to_ms"] = legs.arrive_ms[:-1], legs.arrive_ms[1:]
    out["piece"], out["ferry_m"], out["confidence"] = legs.piece, legs.ferry_m, legs.confidence
    on = legs.on_road & ~legs.gap
    out["kind"], out["source"] = SegmentKind.ON_ROAD, Source.MATCHED
    length = np.where(on, legs.route_m, 0.0)
    spread = (0.002 + 0.01 * (1.0 - legs.confidence)) * length
    first = on & ~np.concatenate([[False], on[:-1]])[: on.size]
    last = on & ~np.concatenate([on[1:], [False]])[: on.size]
    spread = spread + 2.0 * np.where(first, legs.sigma_m[:-1], 0.0) + 2.0 * np.where(last, legs.sigma_m[1:], 0.0)
    out["length_m"], out["low_m"], out["high_m"] = length, np.maximum(length - spread, 0.0), length + spread
    same = np.concatenate([[False], (out["piece"][1:] == out["piece"][:-1]) & (on[1:] == on[:-1]) & ~legs.gap[1:] & ~legs.gap[:-1]])
    out["run"] = np.cumsum(~same[: on.size]) if on.size else 0
    for run in np.split(np.arange(on.size), np.flatnonzero(~same[1 : on.size]) + 1) if on.size else []:
        i, j = int(run[0]), int(run[-1])
        if legs.gap[i]:
            _book_gap(out[i : j + 1], legs, odometer, i, p)
        elif not on[i]:
            _book_off_road(out[i : j + 1], legs, odometer, (i, j + 1), without_roads, p)
    return out


def _book_gap(row: NDArray[Any], legs: Legs, odometer: Odometer, i: int, p: MileageParameters) -> None:
    """Odometer; else the matched way between the ends if its time is plausible; else the straight line."""
    straight, route = float(legs.raw_m[i]), float(legs.route_m[i])
    reach = p.fastest_kmh / 3.6 * float(legs.seconds[i])
    noise = 2.0 * float(legs.sigma_m[i] + legs.sigma_m[i + 1])
    told = odometer.span(i, i + 1)
    row["kind"] = SegmentKind.GAP
    row["reason"] = Why.FROZEN if legs.frozen[i] else Why.BREAK if legs.piece[i] < 0 else Why.SILENCE
    low = max(straight - noise, 0.0)
    if told + odometer.step_m >= 0.95 * straight:
        spread = 2.0 * odometer.ratio.sd * told + odometer.step_m
        _set(row, Source.ODOMETER, told, max(told - spread, min(low, told)), told + spread)
    elif route <= reach + noise:
        _set(row, Source.ROUTE, route, min(low, route), max(route, min(reach, 1.5 * route)))
    else:
        _set(row, Source.GEODESIC, straight, low, max(straight, min(reach, 1.5 * (route if route == route else straight))))


def _book_off_road(
    rows: NDArray[Any], legs: Legs, odometer: Odometer, span: tuple[int, int], without_roads: bool, p: MileageParameters
) -> None:
    """Odometer over a run of 2 km or more; else straight legs."""
    i, j = span
    raw = legs.coarse_m[i:j]
    total = float(raw.sum())
    noise = 2.0 * float(legs.sigma_m[i])
    told = odometer.span(i, j)
    rows["kind"], rows["confidence"] = SegmentKind.OFF_ROAD, 0.0
    rows["reason"] = Why.NO_NETWORK if without_roads else Why.LEFT_ROAD
    share = raw / total if total > 0 else np.full(raw.size, 1.0 / raw.size)
    if total >= p.off_road_odometer_m and told + odometer.step_m >= 0.95 * total * (1.0 - float(shortfall(0.0))):
        spread = 2.0 * odometer.ratio.sd * told + odometer.step_m
        _set(rows, Source.ODOMETER, told * share, max(told - spread, 0.0) * share, (told + spread) * share)
        return
    low, high = 0.98 * raw - noise * share, (1.0 + 1.5 * shortfall(legs.seconds[i:j])) * raw + noise * share
    _set(rows, Source.RAW, raw, np.maximum(low, 0.0), high)


def _set(rows: NDArray[Any], source: Source, length: Any, low: Any, high: Any) -> None:
    rows["source"] = source
    rows["length_m"], rows["low_m"], rows["high_m"] = length, low, high


def _with_standstills(legs: Legs, booked: NDArray[Any], still_s: float) -> NDArray[Any]:
    """Slices of legs and, between them, of standstills that are long enough to be told."""
    long = np.flatnonzero(legs.depart_ms - legs.arrive_ms >= still_s * 1000.0)
    still = np.zeros(long.size, SLICE)
    still["kind"], still["run"], still["confidence"], still["piece"] = SegmentKind.STILL, -1 - np.arange(long.size), 1.0, -1
    still["from_ms"], still["to_ms"] = legs.arrive_ms[long], legs.depart_ms[long]
    before_leg = long[long < booked.size]
    booked["from_ms"][before_leg] = legs.depart_ms[before_leg]
    metres = np.concatenate([np.zeros((legs.row.size > 0) * 1), np.cumsum(np.nan_to_num(legs.route_m + legs.ferry_m))])
    starts = metres[:-1] - _piece_start(metres, legs.piece)
    booked["path_from_m"], booked["path_to_m"] = starts, starts + np.nan_to_num(legs.route_m + legs.ferry_m)
    ferry = np.flatnonzero(legs.ferry_m > 0.0)
    if not long.size and not ferry.size:
        return booked
    sailed = booked[ferry].copy()
    split = sailed["to_ms"] - (
        (sailed["to_ms"] - sailed["from_ms"]) * (legs.ferry_m / np.maximum(legs.ferry_m + legs.route_m, 1e-9))[ferry]
    )
    sailed["from_ms"] = split.astype(np.int64)
    for name in ("length_m", "low_m", "high_m"):
        sailed[name] = 0.0
    sailed["kind"], sailed["source"], sailed["run"] = SegmentKind.FERRY, Source.NONE, -1_000_000 - np.arange(ferry.size)
    booked["to_ms"][ferry], booked["ferry_m"][ferry] = sailed["from_ms"], 0.0
    parts = np.concatenate([booked, still, sailed])
    place = np.concatenate([np.arange(booked.size) * 3 + 1, long * 3, ferry * 3 + 2])
    return parts[np.argsort(place, kind="stable")]


def _piece_start(metres: Floats, piece: NDArray[np.int32]) -> Floats:
    """Of each leg: cumulative metres at the beginning of its piece."""
    begins = np.concatenate([[True], piece[1:] != piece[:-1]])[: piece.size]
    return metres[:-1][np.maximum.accumulate(np.where(begins, np.arange(piece.size), 0))] if piece.size else metres[:-1]


def _cut(slices: NDArray[Any], window_ms: tuple[int, int] | None) -> NDArray[Any]:
    """Slices inside the window; those over its ends are cut by time along the path."""
    if window_ms is None:
        return slices
    begin, end = window_ms
    out = slices[(slices["to_ms"] > begin) & (slices["from_ms"] < end)].copy()
    left = np.maximum(out["from_ms"], begin)
    right = np.minimum(out["to_ms"], end)
    whole = np.maximum(out["to_ms"] - out["from_ms"], 1)
    share = (right - left) / whole
    way = out["path_to_m"] - out["path_from_m"]
    out["path_from_m"] += way * (left - out["from_ms"]) / whole
    out["path_to_m"] = out["path_from_m"] + way * share
    for name in ("length_m", "low_m", "high_m", "ferry_m"):
        out[name] *= share
    out["from_ms"], out["to_ms"] = left, right
    return out


def _segments(slices: NDArray[Any], match: Match | None) -> NDArray[Any]:
    """Neighbouring slices of one run become one segment."""
    if not slices.size:
        return np.zeros(0, SEGMENT)
    cuts = np.concatenate([[0], np.flatnonzero(np.diff(slices["run"])) + 1])
    ends = np.concatenate([cuts[1:], [slices.size]]) - 1
    out = np.zeros(cuts.size, SEGMENT)
    for name in ("kind", "source", "reason", "from_ms"):
        out[name] = slices[name][cuts]
    out["to_ms"] = slices["to_ms"][ends]
    for name, metres in (("length_mm", "length_m"), ("low_mm", "low_m"), ("high_mm", "high_m"), ("ferry_mm", "ferry_m")):
        out[name] = np.floor(np.add.reduceat(slices[metres], cuts) * 1000.0 + 0.5)
    weight = slices["length_m"] + 1e-6
    out["confidence"] = np.add.reduceat(slices["confidence"] * weight, cuts) / np.add.reduceat(weight, cuts)
    if match is not None:
        _paths(out, slices, cuts, ends, match)
    return out


def _paths(out: NDArray[Any], slices: NDArray[Any], cuts: NDArray[Any], ends: NDArray[Any], match: Match) -> None:
    """Rows of the path that each segment touches."""
    size = match.path["to_m"] - match.path["from_m"]
    total = np.concatenate([[0.0], np.cumsum(size)])
    on = np.flatnonzero(np.isin(out["source"], (Source.MATCHED, Source.ROUTE)) | (out["kind"] == SegmentKind.FERRY))
    rows = match.pieces[slices["piece"][cuts[on]]]
    base = total[rows["path_start"]]
    first = np.searchsorted(total, base + slices["path_from_m"][cuts[on]] + 1e-6, side="right") - 1
    last = np.searchsorted(total, base + slices["path_to_m"][ends[on]] - 1e-6, side="left")
    out["path_start"][on] = np.clip(first, rows["path_start"], rows["path_end"])
    out["path_end"][on] = np.clip(np.maximum(last, first), rows["path_start"], rows["path_end"])


def compare(legs: Legs, odometer: Odometer, known: Ratio | None, p: MileageParameters) -> Comparison:
    """The sources against each other where the match is sure: the odometer where its ratio comes from earlier days."""
    spans = sure_spans(legs, p.odometer.confidence)
    matched, counted, _ = covered(legs, odometer, spans)
    odometer_said = odometer.usable and known is not None and known.metres >= p.odometer.history_m and matched >= p.disagree_m
    every = np.concatenate([np.arange(i, j) for i, j in spans]) if spans else np.zeros(0, np.int64)
    seconds = legs.seconds[every]
    raw_said = float(legs.route_m[every].sum()) >= p.disagree_m and float(np.median(seconds)) <= p.raw_s
    if raw_said and not odometer_said:
        matched = float(legs.route_m[every].sum())
    if not (raw_said or odometer_said):
        return Comparison()
    straight = float((legs.coarse_m[every] / (1.0 - shortfall(seconds))).sum())
    return Comparison(matched, counted * odometer.ratio.value if odometer_said else float("nan"), straight if raw_said else float("nan"))
