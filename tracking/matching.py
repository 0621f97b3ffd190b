"""Map matching: from fixes to the way driven, whole tracks at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.track import Track
from tracking.cleaning import Cleaned, CleaningParameters, clean, thin
from tracking.kernels.answer import answer
from tracking.kernels.graph import FIX, Lattice, lattice_for, scratch_for
from tracking.kernels.lattice import forward
from tracking.kernels.needles import spare
from tracking.kernels.prior import fill_fixes, prior_m, residual_m, rows_kept, usual_step_ms
from tracking.matched import PATH_PART, PIECE, Match, PieceKind, Reason, State
from tracking.network.model import RoadNetwork
from tracking.parameters import MatchParameters, quality_table
from tracking.roads import graph_of, limits_of

__all__ = ["PATH_PART", "PIECE", "Match", "MatchParameters", "Matcher", "PieceKind", "Reason", "State", "match", "match_many"]

Floats = NDArray[np.float64]
_ROWS = 1_024
"""Columns of a lattice at first."""
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
        self.quality = quality_table()
        self.version = self.parameters.version
        self._lattices: dict[int, Lattice] = {}

    def lattice(self, rows: int, k: int) -> Lattice:
        """A lattice to fill, in memory that is used again: it is good until the next one is asked for."""
        kept = self._lattices.get(k)
        if kept is None or len(kept.columns) < rows:
            kept = self._lattices[k] = lattice_for(max(rows, _ROWS), k)
        return Lattice(kept.states[:rows], kept.trans[:rows], kept.columns[:rows])

    def match(self, track: Track) -> Match:
        """The way of one track. Nothing that a vehicle sent is refused."""
        p = self.parameters
        cleaned = clean(track, self.cleaning, p.sigma_prior_m)
        lon, lat = cleaned.places(track)
        x, y = self.network.project(lon, lat)
        if track.timed:
            cleaned = self._with_needles(track, cleaned, x, y)
        prior = self._prior(track, x, y, rows_kept(cleaned.order, cleaned.keep))
        run = _Run(self, track, cleaned, (lon, lat, x, y), prior, p.k)
        seen = run.residual_m()
        if seen > p.second_pass * prior or seen * p.second_pass < prior:
            prior = min(max(seen, p.sigma_low_m), p.sigma_high_m)
            run = _Run(self, track, cleaned, (lon, lat, x, y), prior, p.k_noisy if prior >= p.noisy_m else p.k)
        return run.result()

    def _with_needles(self, track: Track, cleaned: Cleaned, x: Floats, y: Floats) -> Cleaned:
        """With the spikes kept that are turns at the end of a road."""
        p, codes = self.parameters, cleaned.keep.copy()
        columns = (track.t_ms, track.lon_deg, track.lat_deg, x, y)
        limits = (p.speed_limit_kmh / 3.6, p.end_m)
        if spare(self.graph, self.scratch, columns, cleaned.order, cleaned.keep, limits, codes):
            return replace(cleaned, keep=codes)
        return cleaned

    def _prior(self, track: Track, x: Floats, y: Floats, usable: NDArray[np.int64]) -> float:
        """Standard deviation of the receiver, metres, before matching."""
        p = self.parameters
        if usable.size < 3:
            return p.sigma_prior_m
        seen = prior_m(self.graph, self.scratch, track.t_ms, x, y, usable, 2.0 * p.radius_m, track.timed, p.sigma_prior_m, p.map_m)
        return float(min(max(seen, p.sigma_low_m), p.sigma_high_m))


class _Run:
    """One pass over a track with one prior."""

    def __init__(
        self, owner: Matcher, track: Track, cleaned: Cleaned, places: tuple[Floats, Floats, Floats, Floats], prior: float, k: int
    ) -> None:
        self.owner, self.track, self.cleaned, self.places, self.k = owner, track, cleaned, places, k
        self.keep = thin(track, cleaned, prior, owner.cleaning)
        self.kept = rows_kept(cleaned.order, self.keep)
        self.fixes = self._fixes()
        self.lattice = owner.lattice(self.kept.size, k)
        self.chosen = np.empty(self.kept.size, np.int32)
        forward(owner.graph, owner.scratch, owner.rules, self.fixes, self.lattice, prior, self._gap_s(), self.chosen)

    def _fixes(self) -> NDArray[Any]:
        track, stops = self.track, self.cleaned.stops
        fixes = np.empty(self.kept.size, FIX)
        columns = (track.t_ms, *self.places, track.speed_kmh / 3.6, np.radians(track.heading_deg), track.satellites)
        fill_fixes(columns, self.kept, track.timed, stops["represent"], stops["to_ms"], self.owner.quality, fixes)
        return fixes

    def _gap_s(self) -> float:
        """From here on the time between two fixes is a gap."""
        p = self.owner.parameters
        return max(p.gap_s, p.gap_intervals * usual_step_ms(self.track.t_ms, self.cleaned.order) / 1000.0) if self.track.timed else p.gap_s

    def residual_m(self) -> float:
        """Standard deviation of the receiver as the chosen roads show it, metres; the prior's own when there are too few."""
        p = self.owner.parameters
        seen = residual_m(self.lattice, self.chosen, p.map_m, 10)
        if np.isnan(seen):
            return float(np.sqrt(self.lattice.columns["gnss2"][0])) if self.kept.size else p.sigma_prior_m
        return float(max(seen, p.sigma_low_m))

    def result(self) -> Match:
        """Pieces, path and every fix's place."""
        owner, m, n = self.owner, self.kept.size, len(self.track)
        out: tuple[Any, ...] = tuple(np.empty(n, dtype) for dtype in _COLUMNS)
        _, _, x, y = self.places
        pieces, room, parts = np.zeros(2 * m + 2, PIECE), 4 * m + 64, -1
        judged = np.empty(m), np.empty(m, np.uint8), np.empty(m, np.uint8), np.empty((2, self.k + 1))
        while parts < 0:
            path = np.empty(room, PATH_PART)
            parts, count = answer(
                owner.graph, owner.scratch, owner.rules, owner.limits, owner.network.base_edge, self.lattice,
                (self.fixes, self.chosen), (self.cleaned.order, self.keep, x, y),
                (np.empty(m, np.int32), np.empty(m), *judged, np.empty(room)), path, pieces, out,
            )  # fmt: skip
            room *= 4
        path, pieces = path[:parts], pieces[:count]
        state, edge, along, side, piece, metres, sure, low, high, sigma = out
        pieces["first_fix"], pieces["last_fix"] = self.kept[pieces["first_fix"]], self.kept[pieces["last_fix"]]
        pieces["from_ms"], pieces["to_ms"] = self.track.t_ms[pieces["first_fix"]], self.track.t_ms[pieces["last_fix"]]
        return Match(
            state, edge, along, side, sure, low, high, piece, metres, sigma, pieces, path, owner.network.version, owner.version, self.cleaned
        )  # fmt: skip


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
