"""From a computed vehicle-day to what rules read of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.track import Track
from domain.units import day_bounds
from tracking.cleaning import Keep, clean
from tracking.indicators import QualityParameters, qualified
from tracking.matched import Match, State
from tracking.network.model import RoadNetwork
from tracking.roads import limits_of
from tracking.vehicle_day import DayResult
from tracking.violations.columns import unknown
from tracking.violations.model import Array

MIN_CONFIDENCE = 0.8
"""Below it the match is unsure, and the highest limit of the plausible edges counts: doubt never accuses (ours)."""

CARD = np.dtype([("t_ms", "<i8"), ("driver", "<i4"), ("in", "?")])
"""A driver's card was put in or taken out (0x0702)."""

_DROPPED = (Keep.DRIFT, Keep.DUPLICATE, Keep.INVALID, Keep.FROZEN)


@dataclass(frozen=True, slots=True, eq=False)
class Judgeable:
    """Fixes of one vehicle-day in time order. positions, judged: qualified ones without drift, with what is known of each; said: every record
    of the day, those without a sound place at the last one known, for rules that ask what was said and when."""

    positions: NDArray[Any]
    judged: Array
    said: NDArray[Any]


def judgeable(
    result: DayResult, network: RoadNetwork | None, cards: Array | None = None, quality: QualityParameters | None = None
) -> Judgeable:
    """What rules read of a day.

    Args:
        network: the one it was matched on.
        cards: `CARD` rows in time order, of the day and of what was in when it began.
    """
    begin, end = day_bounds(result.day)
    rows = result.fixes
    inside = (rows["t_ms"] >= begin) & (rows["t_ms"] < end)
    keep = result.match.cleaned.keep if result.match is not None else clean(Track.of(rows)).keep
    sound = qualified(rows, quality or QualityParameters()) & ~np.isin(keep, [int(kind) for kind in _DROPPED])
    good = inside & sound
    judged = unknown(len(rows))
    if result.match is not None and network is not None:
        _roads(judged, result.match, network, result.context.profile)
    if cards is not None:
        judged["driver"] = drivers_at(cards, rows["t_ms"])
    return Judgeable(rows[good], judged[good], _placed(rows, sound)[inside])


def _roads(judged: Array, match: Match, network: RoadNetwork, profile: str) -> None:
    """Edge, limit and doubt of each fix; one that was thinned out or stands has those of the matched fix before it."""
    row = np.arange(len(judged))
    told = (match.state == State.ON_ROAD) | (match.state == State.OFF_ROAD)
    source = np.maximum.accumulate(np.where(told, row, -1))
    known = (source >= 0) & (match.state != State.VOID)
    from_row = np.where(known, source, 0)
    edge = np.where(known & (match.state[from_row] == State.ON_ROAD), match.edge[from_row], -1)
    on = np.flatnonzero(edge >= 0)
    unsure = match.confidence[from_row[on]] < MIN_CONFIDENCE
    limit = np.where(unsure, match.limit_high_kmh[from_row[on]], limits_of(network, profile)[edge[on]]).astype(np.float32)
    judged["edge"] = edge
    judged["limit_kmh"][on] = np.where(limit > 0, limit, np.nan)
    judged["doubtful"][on] = unsure
    judged["road_class"][on] = network.road_class[edge[on]]
    judged["limit_origin"][on] = network.limit_origin[edge[on]]


def drivers_at(cards: Array, t_ms: NDArray[np.int64]) -> NDArray[np.int32]:
    """(n,) int32 of the card that is in at each time, 0 none."""
    row = np.searchsorted(cards["t_ms"], t_ms, side="right") - 1
    present = (row >= 0) & np.concatenate([cards["in"], [False]])[row]
    return np.where(present, np.concatenate([cards["driver"], [0]])[row], 0).astype(np.int32)


def _placed(rows: NDArray[Any], sound: NDArray[np.bool_]) -> NDArray[Any]:
    """The records, those without a sound place at the last one known, and before the first at 0, 0, which is no place: a receiver without sky, or
    one that drifts, has not moved the vehicle."""
    out = rows.copy()
    source = np.maximum.accumulate(np.where(sound, np.arange(len(rows)), -1)) if len(rows) else np.zeros(0, np.int64)
    for name in ("lon_e6", "lat_e6"):
        out[name] = np.where(source >= 0, rows[name][source], 0)
    return out
