"""From a match and its mileage to what files hold."""

from __future__ import annotations

import numpy as np

from domain.track import Track
from tracking.driven_way import DrivenWay, driven_way
from tracking.formats.recording import FERRY, GAP, OFF_ROAD, ON_ROAD, Leg, Placed, Recording
from tracking.matched import Match, State
from tracking.network.model import RoadNetwork
from tracking.segments import SegmentKind, Segments, Source, Why

_KINDS = {
    SegmentKind.ON_ROAD: ON_ROAD,
    SegmentKind.OFF_ROAD: OFF_ROAD,
    SegmentKind.GAP: GAP,
    SegmentKind.FERRY: FERRY,
}
"""Segments that have a line; standstills have none."""


def recording_of(name: str, track: Track, match: Match, network: RoadNetwork, segments: Segments) -> Recording:
    """The track with its legs and its fixes on their roads.

    Args:
        match: of the track on the network; segments: its mileage, each with its source and interval.
    """
    way = driven_way(track, match, network)
    return Recording(
        name,
        track,
        _legs(way, segments, timed=track.timed),
        _placed(match, network),
        network.licence,
        match.map_version,
        match.match_version,
    )


def _legs(way: DrivenWay, segments: Segments, *, timed: bool) -> tuple[Leg, ...]:
    legs = []
    for row in segments.rows if way.fix.size else ():
        kind = _KINDS.get(SegmentKind(int(row["kind"])))
        if kind is None:
            continue
        from_m, to_m = way.measure_at(np.array([row["from_ms"], row["to_ms"]], np.float64)).tolist()
        lon, lat, s_m = way.cut(from_m, to_m)
        t_ms = np.clip(way.time_at(s_m), row["from_ms"], row["to_ms"])
        t_ms[0], t_ms[-1] = row["from_ms"], row["to_ms"]
        metres = (row["ferry_mm"] if kind == FERRY else row["length_mm"]) / 1000.0
        interval = (np.nan, np.nan) if kind == FERRY else (row["low_mm"] / 1000.0, row["high_mm"] / 1000.0)
        why = Why(int(row["reason"]))
        legs.append(
            Leg(
                kind, Source(int(row["source"])).name.lower(), lon, lat, np.round(t_ms).astype(np.int64) if timed else np.empty(0, np.int64),
                float(metres), float(interval[0]), float(interval[1]), "" if why == Why.NONE else why.name.lower(), float(row["confidence"]),
            )
        )  # fmt: skip
    return tuple(legs)


def _placed(match: Match, network: RoadNetwork) -> Placed:
    """Each fix at its edge and metres along it."""
    lon, lat = np.full(match.edge.size, np.nan), np.full(match.edge.size, np.nan)
    for row in np.flatnonzero((match.edge >= 0) & np.isfinite(match.along_m)).tolist():
        edge = int(match.edge[row])
        shape = slice(int(network.shape_start[edge]), int(network.shape_start[edge + 1]))
        lon[row] = np.interp(match.along_m[row], network.along_m[shape], network.lon_e7[shape]) / 1e7
        lat[row] = np.interp(match.along_m[row], network.along_m[shape], network.lat_e7[shape]) / 1e7
    on = np.isfinite(lon)
    limit = np.where(on & (match.limit_high_kmh > 0), match.limit_high_kmh.astype(np.float64), np.nan)
    confidence = np.where(on, match.confidence.astype(np.float64), np.nan)
    return Placed(tuple(State(code).name.lower() for code in match.state.tolist()), lon, lat, limit, confidence, match.path_m)
