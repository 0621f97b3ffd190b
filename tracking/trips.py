"""Trips (行程) and stops: what lies between long standstills, and where short ones were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.track import Track
from tracking.cleaning import Cleaned, Keep
from tracking.kernels.geodesy import leg_length
from tracking.segments import Segments

Ints = NDArray[np.int64]

TRIP = np.dtype([("from_ms", "<i8"), ("to_ms", "<i8"), ("first_fix", "<i8"), ("last_fix", "<i8"), ("length_mm", "<i8")])
"""One trip: epoch ms; rows of the track that it departs from and arrives at; millimetres driven."""

STAY = np.dtype(
    [
        ("from_ms", "<i8"), ("to_ms", "<i8"), ("lon_deg", "<f8"), ("lat_deg", "<f8"), ("first_fix", "<i8"), ("last_fix", "<i8"),
        ("station", "<i8"), ("station_m", "<f8"),
    ]
)  # fmt: skip
"""One stop: epoch ms, place in degrees WGS-84, rows of the track; station: id of the nearest within reach, -1 none, and how far."""


@dataclass(frozen=True, slots=True)
class TripParameters:
    """What parts trips; defaults by the design note, silence_s ours: a longer silence parts trips."""

    trip_stop_s: float = 300.0
    acc_off_s: float = 120.0
    silence_s: float = 1_800.0
    least_m: float = 300.0
    least_s: float = 60.0
    stop_s: float = 20.0
    station_m: float = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Stations:
    """Stations and stops near which vehicles stand: id (k,) int64, lon_deg, lat_deg (k,) WGS-84."""

    station_id: Ints
    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]

    def nearest(self, lon: float, lat: float, within_m: float) -> tuple[int, float]:
        """(id, metres) of the nearest station within reach; (-1, NaN) when there is none."""
        span = within_m / 80_000.0
        near = np.flatnonzero((np.abs(self.lat_deg - lat) < span) & (np.abs(self.lon_deg - lon) < 3 * span))
        found = min(((float(leg_length(lon, lat, self.lon_deg[k], self.lat_deg[k])), k) for k in near), default=(np.inf, -1))
        return (int(self.station_id[found[1]]), found[0]) if found[0] <= within_m else (-1, float("nan"))


def trips_of(track: Track, cleaned: Cleaned, segments: Segments, parameters: TripParameters | None = None) -> NDArray[Any]:
    """`TRIP` rows in time order, inside the window of the segments.

    A trip lies between standstills of `trip_stop_s`, ignition off for `acc_off_s`, or silences of `silence_s`; shorter than
    `least_m` or `least_s` it is none.
    """
    p = parameters or TripParameters()
    if not segments.rows.size:
        return np.zeros(0, TRIP)
    begin, end = int(segments.rows["from_ms"][0]), int(segments.rows["to_ms"][-1])
    rows = cleaned.order[cleaned.keep[cleaned.order] != Keep.DUPLICATE]
    t = track.t_ms[rows]
    pauses = [(begin, begin), (end, end), *_standing(cleaned, p), *_ignition_off(track, rows, p)]
    quiet = np.flatnonzero(np.diff(t) > p.silence_s * 1000.0)
    pauses += list(zip(t[quiet].tolist(), t[quiet + 1].tolist(), strict=True))
    out, leaves = [], begin
    for pause_from, pause_to in sorted(pauses):
        from_ms, to_ms = max(leaves, begin), min(pause_from, end)
        if to_ms - from_ms >= p.least_s * 1000.0:
            length = segments.driven_mm(from_ms, to_ms)
            if length >= p.least_m * 1000.0:
                first = rows[max(int(np.searchsorted(t, from_ms, side="right")) - 1, 0)]
                last = rows[min(int(np.searchsorted(t, to_ms, side="left")), t.size - 1)]
                out.append((from_ms, to_ms, first, last, length))
        leaves = max(leaves, pause_to)
    return np.array(out, TRIP)


def _standing(cleaned: Cleaned, p: TripParameters) -> list[tuple[int, int]]:
    long = cleaned.stops[cleaned.stops["to_ms"] - cleaned.stops["from_ms"] >= p.trip_stop_s * 1000.0]
    return list(zip(long["from_ms"].tolist(), long["to_ms"].tolist(), strict=True))


def _ignition_off(track: Track, rows: Ints, p: TripParameters) -> list[tuple[int, int]]:
    """Runs of fixes with the ignition off."""
    off = np.concatenate([[0], (track.acc[rows] == 0).astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(off))
    t = track.t_ms[rows]
    runs = zip(t[edges[::2]].tolist(), t[edges[1::2] - 1].tolist(), strict=True)
    return [(a, b) for a, b in runs if b - a >= p.acc_off_s * 1000.0]


def stays_of(
    cleaned: Cleaned, window_ms: tuple[int, int], stations: Stations | None = None, parameters: TripParameters | None = None
) -> NDArray[Any]:
    """`STAY` rows: standstills of `stop_s` or more, those over an end of the window cut there."""
    p = parameters or TripParameters()
    stops = cleaned.stops
    begin, end = np.maximum(stops["from_ms"], window_ms[0]), np.minimum(stops["to_ms"], window_ms[1])
    chosen = np.flatnonzero(end - begin >= p.stop_s * 1000.0)
    out = np.zeros(chosen.size, STAY)
    out["from_ms"], out["to_ms"] = begin[chosen], end[chosen]
    out["lon_deg"], out["lat_deg"] = stops["anchor_lon_deg"][chosen], stops["anchor_lat_deg"][chosen]
    out["first_fix"], out["last_fix"] = stops["first_fix"][chosen], stops["last_fix"][chosen]
    out["station"], out["station_m"] = -1, np.nan
    if stations is not None:
        for row in out:
            row["station"], row["station_m"] = stations.nearest(float(row["lon_deg"]), float(row["lat_deg"]), p.station_m)
    return out
