"""Excursions: short runs that nobody drove, told from yards, detours and missing roads by what else is known.

A receiver under trees or between walls puts a vehicle some hundred metres aside for a minute and then back. Off the road such a
run looks like a drive; the road without it looks like one too. Reported speeds and the odometer say which of the two was driven.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.track import Track
from tracking.cleaning import Cleaned, Keep
from tracking.kernels.geodesy import leg_length, leg_lengths
from tracking.legs import LegRules, legs_of
from tracking.matched import Match, PieceKind, State
from tracking.matching import match
from tracking.network.model import RoadNetwork
from tracking.odometer import Ratio, read_odometer
from tracking.parameters import MatchParameters

Floats = NDArray[np.float64]
Span = tuple[int, int]
"""Ranks (first, last) in time order of the fixes on the road around a run."""


@dataclass(frozen=True, slots=True)
class ExcursionParameters:
    """longest_s: longer runs are no excursions; excess_m, excess_share: a leg so much longer than
    its speeds tell may begin or end one, of at most most_fixes; gain_m: the way without it must fit
    so much better; rounds: of looking again at what is left; odometer_sd_m: noise of a difference of readings in steps of 100 m; speed_sd:
    noise of a way summed from speeds, share of it at 10 s between fixes; speed_floor_m: at least so much (all ours)."""

    longest_s: float = 300.0
    excess_m: float = 80.0
    excess_share: float = 0.5
    most_fixes: int = 12
    gain_m: float = 20.0
    rounds: int = 3
    odometer_sd_m: float = 41.0
    speed_sd: float = 0.08
    speed_floor_m: float = 15.0


def match_without_excursions(
    track: Track,
    network: RoadNetwork,
    profile: str,
    parameters: MatchParameters,
    known: Ratio | None = None,
    limits: ExcursionParameters | None = None,
) -> Match:
    """The match of a track, its excursions marked `Keep.DRIFT` and left out.

    Runs off the road are left out first, all of them; those whose own length fits reported speeds and odometer better than the
    road without them come back.
    """
    p = limits or ExcursionParameters()
    found = match(track, network, profile, parameters)
    drift, judged, scale = np.zeros(len(track), bool), set[bytes](), np.nan
    for _ in range(p.rounds):
        order = found.cleaned.order
        spans = [(span, _inside(found, span)) for span in _joined(_short_runs(track, found, p) + _detours(track, found, p))]
        spans = [(span, rows) for span, rows in spans if rows.size and rows.tobytes() not in judged]
        if not spans:
            break
        every = np.concatenate([rows for _, rows in spans])
        scale = _scale(track, found, network, known) if np.isnan(scale) else scale
        bare = match(_without(track, drift, every), network, profile, parameters)
        false = [rows for span, rows in spans if _not_driven(track, (found, bare), order, span, _told(track, order, span, scale, p), p)]
        judged |= {rows.tobytes() for _, rows in spans}
        if not false:
            break
        drift[np.concatenate(false)] = True
        found = bare if len(false) == len(spans) else match(_without(track, drift, every[:0]), network, profile, parameters)
    return _marked(found, drift) if drift.any() else found


def _scale(track: Track, found: Match, network: RoadNetwork, known: Ratio | None) -> float:
    """Metres of the odometer's metre; infinite when it is not to be used."""
    legs = legs_of(track, found.cleaned, found.cleaned.keep, found, network, LegRules())
    odometer = read_odometer(track, found.cleaned, legs, known)
    return odometer.ratio.value if odometer.usable else float("inf")


def _not_driven(track: Track, ways: tuple[Match, Match], order: NDArray[np.int64], span: Span, told: float, p: ExcursionParameters) -> bool:
    """True when the way without the run fits what speeds and odometer tell better than the way with it."""
    wrong = [abs(_driven_m(track, each, order, span) - told) for each in ways]
    return wrong[0] - wrong[1] > p.gain_m


def _short_runs(track: Track, found: Match, p: ExcursionParameters) -> list[Span]:
    """Runs off the road between two fixes on it."""
    order = found.cleaned.order
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    runs = []
    for piece in found.pieces:
        a, b = int(piece["first_fix"]), int(piece["last_fix"])
        if piece["kind"] != PieceKind.OFF_ROAD or found.state[a] != State.ON_ROAD or found.state[b] != State.ON_ROAD:
            continue
        if track.t_ms[b] - track.t_ms[a] <= p.longest_s * 1000.0 + _dwell_ms(found.cleaned, a):
            runs.append((int(rank[a]), int(rank[b])))
    return runs


def _detours(track: Track, found: Match, p: ExcursionParameters) -> list[Span]:
    """Shortest runs that begin or end with a leg much longer than its speeds tell, and without which nothing is too long."""
    order = found.cleaned.order
    ranks = np.flatnonzero(found.state[order] <= State.OFF_ROAD)
    rows = order[ranks]
    if rows.size < 3:
        return []
    depart = track.t_ms[rows].copy()
    stops = found.cleaned.stops
    depart[np.isin(rows, stops["represent"])] = stops["to_ms"][np.isin(stops["represent"], rows)]
    seconds = (track.t_ms[rows][1:] - depart[:-1]) / 1000.0
    speed = track.speed_kmh[rows].astype(np.float64) / 3.6
    told = 0.5 * (speed[1:] + speed[:-1]) * seconds
    metres = _leg_metres(track, found, rows)
    lon, lat = (column[rows] for column in found.cleaned.places(track))
    odd = np.flatnonzero((metres > told + p.excess_m + p.excess_share * told) & (seconds <= p.longest_s))
    runs = []
    for i in odd.tolist():
        best: Span | None = None
        for first, last in _around(i, rows.size, p.most_fixes):
            if track.t_ms[rows[last]] - depart[first] > p.longest_s * 1000.0 or (best and last - first >= best[1] - best[0]):
                continue
            tells = float(told[first:last].sum())
            straight = float(leg_length(lon[first], lat[first], lon[last], lat[last]))
            if straight <= tells + p.excess_m + p.excess_share * tells and metres[first:last].sum() > tells + p.excess_m:
                best = first, last
        if best:
            runs.append((int(ranks[best[0]]), int(ranks[best[1]])))
    return runs


def _around(leg: int, fixes: int, most: int) -> list[Span]:
    """Ends of runs of at most so many fixes that begin or end with a leg."""
    ahead = [(leg, last) for last in range(leg + 2, min(leg + most + 2, fixes))]
    behind = [(first, leg + 1) for first in range(leg - 1, max(leg - most - 1, -1), -1)]
    return ahead + behind


def _joined(runs: list[Span]) -> list[Span]:
    """Runs in order, those that overlap taken as one."""
    out: list[Span] = []
    for run in sorted(runs):
        if out and run[0] < out[-1][1]:
            out[-1] = out[-1][0], max(out[-1][1], run[1])
        else:
            out.append(run)
    return out


def _dwell_ms(cleaned: Cleaned, row: int) -> int:
    """Time that the fix stands for, when it is a stop's."""
    at = np.flatnonzero(cleaned.stops["represent"] == row)
    return int(cleaned.stops["to_ms"][at[0]] - cleaned.stops["from_ms"][at[0]]) if at.size else 0


def _inside(found: Match, span: Span) -> NDArray[np.int64]:
    """Rows of the track in a run, its ends left out, that are places of the run itself and not of the stop before it."""
    rows = found.cleaned.order[span[0] + 1 : span[1]]
    stop = found.cleaned.stops[found.cleaned.stops["represent"] == found.cleaned.order[span[0]]]
    if stop.size:
        begin = int(np.flatnonzero(rows == stop["last_fix"][0])[0]) + 1 if stop["last_fix"][0] != stop["represent"][0] else 0
        rows = rows[begin:]
    return rows[found.cleaned.keep[rows] <= Keep.THINNED]


def _without(track: Track, drift: NDArray[np.bool_], rows: NDArray[np.int64]) -> Track:
    """The track with the places of drift and of rows taken back; times, odometer and ignition stay."""
    located = track.located & ~drift
    located[rows] = False
    return replace(track, located=located)


def _told(track: Track, order: NDArray[np.int64], span: Span, scale: float, p: ExcursionParameters) -> float:
    """Metres that reported speeds and the odometer tell, weighed by their noise; NaN when neither says anything."""
    rows = order[span[0] : span[1] + 1]
    weight = total = 0.0
    speed, seconds = track.speed_kmh[rows].astype(np.float64) / 3.6, np.diff(track.t_ms[rows]) / 1000.0
    if not np.isnan(speed).any() and seconds.size:
        metres = float((0.5 * (speed[1:] + speed[:-1]) * seconds).sum())
        sd = p.speed_floor_m + p.speed_sd * metres * float(np.sqrt(seconds.max() / 10.0))
        weight, total = sd**-2, metres * sd**-2
    gain = float(track.odometer_m[rows[-1]] - track.odometer_m[rows[0]]) * scale
    if 0.0 <= gain < np.inf:
        sd = p.odometer_sd_m + 0.025 * gain
        weight, total = weight + sd**-2, total + gain * sd**-2
    return total / weight if weight else float("nan")


def _driven_m(track: Track, found: Match, order: NDArray[np.int64], span: Span) -> float:
    """Metres between the ends of a run as matched: along the road where both ends of a leg are on one piece of it, else straight."""
    rows = order[span[0] : span[1] + 1]
    rows = rows[found.state[rows] <= State.OFF_ROAD]
    return float(_leg_metres(track, found, rows).sum())


def _leg_metres(track: Track, found: Match, rows: NDArray[np.int64]) -> Floats:
    """(n - 1,) metres between rows that the match kept, in time order."""
    lon, lat = found.cleaned.places(track)
    out: Floats = leg_lengths(lon[rows], lat[rows])
    piece = found.piece[rows]
    road = (piece[1:] == piece[:-1]) & (piece[1:] >= 0)
    road[road] &= found.pieces["kind"][piece[1:][road]] == PieceKind.ON_ROAD
    out[road] = np.diff(found.path_m[rows])[road]
    return out


def _marked(found: Match, drift: NDArray[np.bool_]) -> Match:
    keep = found.cleaned.keep.copy()
    keep[drift] = Keep.DRIFT
    return replace(found, cleaned=replace(found.cleaned, keep=keep))
