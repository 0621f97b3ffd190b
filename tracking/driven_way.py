"""A match as one line in space and time: what passages, speeds and export read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.track import Track
from tracking.legs import geodesics
from tracking.line_path import outline_of
from tracking.matched import Match, PieceKind, Reason
from tracking.network.model import RoadNetwork

Floats = NDArray[np.float64]

ON_ROAD, OFF_ROAD, BREAK = 0, 1, 2
"""Kinds of a leg between two fixes: on the road, off it, across a break of the match."""


@dataclass(frozen=True, slots=True, eq=False)
class DrivenWay:
    """The way driven, end to end over pieces and breaks; a break is a straight leg.

    s_m, lon_deg, lat_deg: (v,) vertices with their measure from the beginning, metres, never falling; edge: (v,) int32 edge
    that begins or goes on at the vertex, -1 off the road. fix: (f,) rows of the track that have a place on the way, in the
    order of time; fix_s_m, fix_t_ms, fix_kmh: (f,) their measure, epoch ms, reported speed (NaN none); leg: (f - 1,) kind
    of the leg after each fix; piece_s_m: (p,) measure where each piece of the match begins.
    """

    s_m: Floats
    lon_deg: Floats
    lat_deg: Floats
    edge: NDArray[np.int32]
    fix: NDArray[np.int64]
    fix_s_m: Floats
    fix_t_ms: NDArray[np.int64]
    fix_kmh: Floats
    leg: NDArray[np.uint8]
    piece_s_m: Floats

    @property
    def length_m(self) -> float:
        """Metres from end to end, breaks as straight legs."""
        return float(self.s_m[-1]) if self.s_m.size else 0.0

    def time_at(self, s_m: Floats) -> Floats:
        """Epoch ms of passing a measure, interpolated; at a standstill the moment of leaving."""
        row = np.clip(np.searchsorted(self.fix_s_m, s_m, side="right") - 1, 0, max(self.fix_s_m.size - 2, 0))
        after = np.minimum(row + 1, self.fix_s_m.size - 1)
        span = self.fix_s_m[after] - self.fix_s_m[row]
        fraction = np.clip(np.divide(s_m - self.fix_s_m[row], span, out=np.zeros_like(s_m), where=span > 0), 0.0, 1.0)
        return np.asarray(self.fix_t_ms[row] + fraction * (self.fix_t_ms[after] - self.fix_t_ms[row]))

    def measure_at(self, t_ms: Floats) -> Floats:
        """Measure at epoch ms, interpolated, held at both ends."""
        return np.interp(t_ms, self.fix_t_ms.astype(np.float64), self.fix_s_m)

    def cut(self, from_m: float, to_m: float) -> tuple[Floats, Floats, Floats]:
        """(lon, lat, measure) of the vertices between two measures, with both ends."""
        inner = (self.s_m > from_m) & (self.s_m < to_m)
        s_m = np.concatenate([[from_m], self.s_m[inner], [to_m]])
        ends = np.array([from_m, to_m])
        lon, lat = np.interp(ends, self.s_m, self.lon_deg), np.interp(ends, self.s_m, self.lat_deg)
        return np.insert(lon, 1, self.lon_deg[inner]), np.insert(lat, 1, self.lat_deg[inner]), s_m


def driven_way(track: Track, match: Match, network: RoadNetwork) -> DrivenWay:
    """The way of a match.

    Args:
        track: the fixes that were matched; network: the roads they were matched on.
    """
    order = match.cleaned.order
    placed = order[(match.piece[order] >= 0) & np.isfinite(match.path_m[order])]
    vertices: list[tuple[Floats, Floats, Floats, NDArray[np.int32]]] = []
    offsets = np.zeros(len(match.pieces))
    at = 0.0
    for row, piece in enumerate(match.pieces):
        if row and piece["reason"] in (Reason.BREAK_TIME, Reason.BREAK_DISTANCE):
            ends = match.pieces["last_fix"][row - 1], piece["first_fix"]
            at += float(geodesics(track.lon_deg[list(ends)], track.lat_deg[list(ends)])[0])
        offsets[row] = at
        if piece["kind"] == PieceKind.ON_ROAD:
            parts = match.path[piece["path_start"] : piece["path_end"]]
            lon, lat, s_m, part = outline_of(parts, network)
            vertices.append((lon, lat, s_m + at, parts["edge"][part]))
        else:
            inner = placed[match.piece[placed] == row]
            vertices.append((track.lon_deg[inner], track.lat_deg[inner], match.path_m[inner] + at, np.full(inner.size, -1, np.int32)))
        at += float(piece["length_m"])
    fix_s = np.maximum.accumulate(offsets[match.piece[placed]] + match.path_m[placed]) if placed.size else np.empty(0)
    lon, lat, s_m, edge = (np.concatenate(column) for column in zip(*vertices, strict=True)) if vertices else (np.empty(0),) * 4
    s_m = np.maximum.accumulate(s_m) if s_m.size else s_m
    return DrivenWay(
        s_m, lon, lat, edge.astype(np.int32), placed, fix_s, track.t_ms[placed], track.speed_kmh[placed].astype(np.float64),
        _legs(match, placed), offsets,
    )  # fmt: skip


def _legs(match: Match, placed: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Kind of the leg after each placed fix but the last; a fix on a border counts as on the road."""
    if placed.size < 2:
        return np.empty(0, np.uint8)
    piece = match.piece[placed]
    kind = match.pieces["kind"][piece]
    before, after = piece[:-1], piece[1:]
    leg = np.where(before == after, np.where(kind[:-1] == PieceKind.ON_ROAD, ON_ROAD, OFF_ROAD), OFF_ROAD).astype(np.uint8)
    broken = np.isin(match.pieces["reason"], (Reason.BREAK_TIME, Reason.BREAK_DISTANCE))
    crossed = np.concatenate([[0], np.cumsum(broken)])
    leg[crossed[after + 1] > crossed[before + 1]] = BREAK
    return leg
