"""Map matching: from fixes to the way driven, whole tracks at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.track import Track
from tracking.cleaning import Cleaned, CleaningParameters, Keep, clean, thin
from tracking.kernels.graph import FIX, lattice_for, scratch_for
from tracking.kernels.grid import at_dead_end, nearest
from tracking.kernels.lattice import forward
from tracking.kernels.order import median
from tracking.kernels.placing import place_all, spread
from tracking.kernels.posterior import posterior
from tracking.kernels.route import backtrack, trace
from tracking.matched import PATH_PART, PIECE, Match, PieceKind, Reason, State
from tracking.needles import with_needles
from tracking.network.model import RoadNetwork
from tracking.parameters import MatchParameters
from tracking.roads import graph_of, limits_of

__all__ = ["PATH_PART", "PIECE", "Match", "MatchParameters", "Matcher", "PieceKind", "Reason", "State", "match", "match_many"]

Floats = NDArray[np.float64]
_SAMPLES = 100
_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
_QUALITY = ((10, 0.8), (7, 1.0), (5, 1.5), (4, 2.5), (0, 4.0))
"""Factors of the receiver's noise by satellites in use, from so many on (ours)."""


_COLUMNS = (np.uint8, np.int32, np.float64, np.float32, np.int32, np.float64, np.float32, np.uint8, np.uint8, np.float32)
"""Types of what `spread` fills: state, edge, along, side, piece, metres, confidence, low, high, sigma."""


class Matcher:
    """Matches tracks of one profile on one network; it owns the scratch of one thread."""

    def __init__(self, network: RoadNetwork, profile: str = "bus", parameters: MatchParameters | None = None) -> None:
        self.network = network
        self.profile = profile
        self.parameters = parameters or MatchParameters()
        self.cleaning = CleaningParameters()
        self.graph = graph_of(network, profile, self.parameters)
        self.limits = limits_of(network, profile)
        self.scratch = scratch_for(network.node_count, network.edge_count)
        self.rules = self.parameters.rules()
        self.version = self.parameters.version

    def match(self, track: Track) -> Match:
        """The way of one track. Nothing that a vehicle sent is refused."""
        p = self.parameters
        cleaned = clean(track, self.cleaning, p.sigma_prior_m)
        lon, lat = cleaned.places(track)
        x, y = self.network.project(lon, lat)

        def ends(row: int) -> bool:
            return bool(at_dead_end(self.graph, self.scratch, x[row], y[row], p.end_m))

        cleaned = with_needles(track, cleaned, p.speed_limit_kmh, ends)
        usable = cleaned.order[cleaned.keep[cleaned.order] == Keep.KEPT]
        prior = self._prior(track, x, y, usable)
        run = _Run(self, track, cleaned, (lon, lat, x, y), prior, p.k)
        seen = run.residual_m()
        if seen > p.second_pass * prior or seen * p.second_pass < prior:
            prior = min(max(seen, p.sigma_low_m), p.sigma_high_m)
            run = _Run(self, track, cleaned, (lon, lat, x, y), prior, p.k_noisy if prior >= p.noisy_m else p.k)
        return run.result()

    def _prior(self, track: Track, x: Floats, y: Floats, usable: NDArray[np.int64]) -> float:
        """Standard deviation of the receiver, metres, from the scatter about roads and the jitter of dense fixes."""
        p = self.parameters
        if usable.size < 3:
            return p.sigma_prior_m
        some = usable[:: max(usable.size // _SAMPLES, 1)]
        off = np.empty(some.size)
        nearest(self.graph, self.scratch, x[some], y[some], 2.0 * p.radius_m, off)
        off = off[~np.isnan(off)]
        about = _MAD * float(median(off)) if off.size else p.sigma_prior_m
        seen = [np.sqrt(max(about * about - p.map_m * p.map_m, 0.0))]
        if track.timed:
            seconds = np.diff(track.t_ms[usable]) / 1000.0
            dense = (seconds[1:] <= 3.0) & (seconds[:-1] <= 3.0) & (np.abs(seconds[1:] - seconds[:-1]) < 0.1)
            if int(dense.sum()) >= 30:
                bend_x, bend_y = np.diff(x[usable], 2)[dense], np.diff(y[usable], 2)[dense]
                seen.append(float(np.sqrt(median(bend_x * bend_x + bend_y * bend_y) / (6.0 * 2.0 * np.log(2.0)))))
        return (
            float(min(max(*seen, p.sigma_low_m), p.sigma_high_m))
            if len(seen) > 1
            else float(min(max(seen[0], p.sigma_low_m), p.sigma_high_m))
        )


class _Run:
    """One pass over a track with one prior."""

    def __init__(
        self, owner: Matcher, track: Track, cleaned: Cleaned, places: tuple[Floats, Floats, Floats, Floats], prior: float, k: int
    ) -> None:
        self.owner, self.track, self.cleaned, self.places, self.k = owner, track, cleaned, places, k
        self.keep = thin(track, cleaned, prior)
        kept = cleaned.order[self.keep[cleaned.order] == Keep.KEPT]
        self.kept = kept
        self.fixes = self._fixes(kept)
        self.lattice = lattice_for(kept.size, k)
        forward(owner.graph, owner.scratch, owner.rules, self.fixes, self.lattice, prior, self._gap_s(kept))
        self.chosen = np.empty(kept.size, np.int32)
        backtrack(self.lattice, self.chosen)

    def _fixes(self, kept: NDArray[np.int64]) -> NDArray[Any]:
        track = self.track
        lon, lat, x, y = self.places
        t = track.t_ms[kept] / 1000.0 if track.timed else np.full(kept.size, np.nan)
        leave = t.copy()
        stops = self.cleaned.stops
        if track.timed and stops.size:
            at = np.searchsorted(track.t_ms[kept], stops["from_ms"])
            here = at < kept.size
            here[here] &= kept[at[here]] == stops["represent"][here]
            leave[at[here]] = stops["to_ms"][here] / 1000.0
        quality = np.ones(kept.size)
        satellites = track.satellites[kept]
        for least, factor in reversed(_QUALITY):
            quality[satellites >= least] = factor
        fixes = np.empty(kept.size, FIX)
        fixes["x"], fixes["y"], fixes["lon"], fixes["lat"] = x[kept], y[kept], lon[kept], lat[kept]
        fixes["t"], fixes["leave"], fixes["quality"] = t, leave, quality
        fixes["speed"] = track.speed_kmh[kept] / 3.6
        fixes["heading"] = np.radians(track.heading_deg[kept])
        return fixes

    def _gap_s(self, kept: NDArray[np.int64]) -> float:
        """From here on the time between two fixes is a gap."""
        p = self.owner.parameters
        order = self.cleaned.order
        if not self.track.timed or order.size < 2:
            return p.gap_s
        return max(p.gap_s, p.gap_intervals * float(median(np.diff(self.track.t_ms[order]))) / 1000.0)

    def residual_m(self) -> float:
        """Standard deviation of the receiver as the chosen roads show it, metres; the prior's own when there are too few."""
        rows = np.flatnonzero(self.chosen != self.k)
        p = self.owner.parameters
        if rows.size < 10:
            return float(np.sqrt(self.lattice.columns["gnss2"][0])) if self.kept.size else p.sigma_prior_m
        about = _MAD * float(median(np.abs(self.lattice.states["side"][rows, self.chosen[rows]])))
        return float(max(np.sqrt(max(about * about - p.map_m * p.map_m, 0.0)), p.sigma_low_m))

    def result(self) -> Match:
        """Pieces, path and every fix's place."""
        owner, m, n = self.owner, self.kept.size, len(self.track)
        low, high, confidence = np.zeros(m, np.uint8), np.zeros(m, np.uint8), np.zeros(m)
        posterior(owner.graph, self.fixes, self.lattice, self.chosen, owner.limits, np.empty((2, self.k + 1)), confidence, low, high)
        path, pieces, piece_of, path_m = self._trace(m)
        out: tuple[Any, ...] = tuple(np.empty(n, dtype) for dtype in _COLUMNS)
        order, (_, _, x, y) = self.cleaned.order, self.places
        spread(order, self.keep, self.lattice, self.chosen, piece_of, path_m, (confidence, low, high), out)
        place_all(owner.graph, path, pieces, order, self.keep, x, y, path_m, piece_of, out)
        state, edge, along, side, piece, metres, sure, low, high, sigma = out
        pieces["first_fix"], pieces["last_fix"] = self.kept[pieces["first_fix"]], self.kept[pieces["last_fix"]]
        pieces["from_ms"], pieces["to_ms"] = self.track.t_ms[pieces["first_fix"]], self.track.t_ms[pieces["last_fix"]]
        return Match(
            state, edge, along, side, sure, low, high, piece, metres, sigma, pieces, path, owner.network.version, owner.version, self.cleaned
        )  # fmt: skip

    def _trace(self, m: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int32], Floats]:
        owner = self.owner
        room = 4 * m + 64
        while True:
            path, pieces = np.zeros(room, PATH_PART), np.zeros(2 * m + 2, PIECE)
            piece_of, path_m = np.zeros(m, np.int32), np.zeros(m)
            parts, count = trace(
                owner.graph, owner.scratch, owner.rules, self.lattice, self.chosen, path, pieces, piece_of, path_m
            )  # fmt: skip
            if parts >= 0:
                path["edge"] = owner.network.base_edge[path["edge"]]  # doubles behind a banned turn are the same road
                return path[:parts], pieces[:count], piece_of, path_m
            room *= 4


@lru_cache(maxsize=8)
def _matcher(network: RoadNetwork, profile: str, parameters: MatchParameters, thread: int) -> Matcher:
    return Matcher(network, profile, parameters)


def match(track: Track, network: RoadNetwork, profile: str = "bus", parameters: MatchParameters | None = None) -> Match:
    """The way of one track on a network.

    Args:
        track: fixes in any order; profile: bus, coach, truck or dangerous_goods.
    Returns:
        `Match`; of a track of no or one fix one of length 0.
    Source: hidden Markov model after Newson & Krumm (2009), with the costs of `MatchParameters`.
    """
    return _matcher(network, profile, parameters or MatchParameters(), threading.get_ident()).match(track)


def match_many(
    tracks: Sequence[Track], network: RoadNetwork, profile: str = "bus", parameters: MatchParameters | None = None
) -> list[Match]:
    """`match` of many tracks, in their order."""
    return [match(track, network, profile, parameters) for track in tracks]
