"""The legs of a track: from one fix that counts to the next, with every length that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from domain.track import Track
from tracking.cleaning import Cleaned, Keep
from tracking.kernels.geodesy import leg_lengths
from tracking.kernels.legs import coarse_lengths
from tracking.matched import Match, PieceKind, State
from tracking.network.model import EdgeFlag, RoadNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FAR_M = 20_000.0
"""Legs above this go to `pyproj.Geod`."""


@lru_cache(maxsize=1)
def _ellipsoid() -> Geod:
    return Geod(ellps="WGS84")


def geodesics(lon: Floats, lat: Floats) -> Floats:
    """(n - 1,) metres of each leg on the ellipsoid, of any length."""
    out: Floats = leg_lengths(lon, lat)
    far = np.flatnonzero(~(out <= FAR_M))
    if far.size:
        out[far] = _ellipsoid().inv(lon[far], lat[far], lon[far + 1], lat[far + 1])[2]
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Legs:
    """m fixes that count, in time order, and the m - 1 legs between them.

    row (m,): row of the track; arrive_ms, depart_ms (m,): the same but at stops; last_row (m,): the row departed from;
    sigma_m (m,). Of each leg: piece (-1 none), on_road, frozen (fixes with a void place inside), gap (too long, frozen, or across a
    break), raw_m straight, coarse_m
    straight with noise taken out, route_m along the matched path (NaN where there is none; ferries left out), ferry_m,
    confidence 0 to 1 (0 off the road).
    """

    row: Ints
    last_row: Ints
    arrive_ms: Ints
    depart_ms: Ints
    lon: Floats
    lat: Floats
    sigma_m: Floats
    piece: NDArray[np.int32]
    on_road: NDArray[np.bool_]
    frozen: NDArray[np.bool_]
    gap: NDArray[np.bool_]
    raw_m: Floats
    coarse_m: Floats
    route_m: Floats
    ferry_m: Floats
    confidence: Floats

    @property
    def seconds(self) -> Floats:
        """(m - 1,) time under way."""
        return np.asarray((self.arrive_ms[1:] - self.depart_ms[:-1]) / 1000.0)


@dataclass(frozen=True, slots=True)
class LegRules:
    """gap_s: a leg longer than this is a gap; coarse_sigmas: spacing of the fixes that count off the road, in sigmas."""

    gap_s: float = 120.0
    coarse_sigmas: float = 10.0


def legs_of(
    track: Track, cleaned: Cleaned, keep: NDArray[np.uint8], match: Match | None, network: RoadNetwork | None, rules: LegRules
) -> Legs:
    """Legs of a track.

    Args:
        keep: codes after thinning, in the track's row order; of a match its own states are taken.
        match, network: None where there is no road network.
    """
    order = cleaned.order
    sorted_keep = keep[order]
    if match is not None:
        sorted_keep[sorted_keep == Keep.KEPT] = Keep.THINNED
        sorted_keep[match.state[order] <= State.OFF_ROAD] = Keep.KEPT
    kept = order[sorted_keep == Keep.KEPT]
    m = kept.size
    place_of = np.full(len(track), -1, np.int64)
    place_of[kept] = np.arange(m)
    lon, lat = (column[kept] for column in cleaned.places(track))
    arrive, depart, last_row = track.t_ms[kept], track.t_ms[kept].copy(), kept.copy()
    at = place_of[cleaned.stops["represent"]]
    stops = cleaned.stops[at >= 0]
    depart[at[at >= 0]], last_row[at[at >= 0]] = stops["to_ms"], stops["last_fix"]
    sigma = np.full(m, 6.0) if match is None else match.sigma_m[kept].astype(np.float64)
    count = max(m - 1, 0)
    rank = np.cumsum(sorted_keep == Keep.KEPT) - 1
    frozen = np.bincount(rank[(sorted_keep == Keep.FROZEN) & (rank >= 0)], minlength=m)[:count] > 0
    piece, on_road, route, ferry, confidence = _matched(match, network, kept, place_of)
    gap = frozen | (piece < 0)
    if track.timed:
        gap |= (arrive[1:] - depart[:-1]) > rules.gap_s * 1000.0
    run = np.where(gap, -2, np.where(on_road, -1, piece))
    return Legs(
        kept, last_row, arrive, depart, lon, lat, sigma, piece, on_road, frozen, gap, geodesics(lon, lat),
        coarse_lengths(lon, lat, run, rules.coarse_sigmas * sigma), route - ferry, ferry, confidence,
    )  # fmt: skip


def _matched(
    match: Match | None, network: RoadNetwork | None, kept: Ints, place_of: Ints
) -> tuple[NDArray[np.int32], NDArray[np.bool_], Floats, Floats, Floats]:
    """(piece, on_road, route_m, ferry_m, confidence) of each leg."""
    count = max(kept.size - 1, 0)
    piece, on_road = np.full(count, -1, np.int32), np.zeros(count, bool)
    route, ferry, confidence = np.full(count, np.nan), np.zeros(count), np.zeros(count)
    if match is None or network is None:
        piece[:] = 0
        return piece, on_road, route, ferry, confidence
    sure = match.confidence[kept].astype(np.float64)
    for number, row in enumerate(match.pieces):
        legs = slice(int(place_of[row["first_fix"]]), int(place_of[row["last_fix"]]))
        piece[legs] = number
        if row["kind"] != PieceKind.ON_ROAD:
            continue
        on_road[legs] = True
        metres = match.path_m[kept[legs.start : legs.stop + 1]]
        route[legs] = np.maximum(np.nan_to_num(np.diff(metres)), 0.0)
        confidence[legs] = 0.5 * (sure[legs.start : legs.stop] + sure[legs.start + 1 : legs.stop + 1])
        parts = match.path[row["path_start"] : row["path_end"]]
        on_water = (network.flags[parts["edge"]] & EdgeFlag.FERRY) != 0
        if on_water.any():
            size = parts["to_m"] - parts["from_m"]
            ends = np.concatenate([[0.0], np.cumsum(size)])
            afloat = np.concatenate([[0.0], np.cumsum(np.where(on_water, size, 0.0))])
            ferry[legs] = np.diff(np.interp(metres, ends, afloat))
    return piece, on_road, route, ferry, confidence
