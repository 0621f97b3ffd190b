"""Lines laid onto the network: from a drawing, or from stops alone, to edges, measure and stops."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from domain.track import Track
from tracking.legs import geodesics
from tracking.line_path import LinePath, line_path, outline_of
from tracking.matched import PATH_PART, Match, PieceKind
from tracking.matching import match
from tracking.network.matrix import Search
from tracking.network.model import EdgeFlag, RoadNetwork
from tracking.network.stop_places import stop_measures
from tracking.parameters import MatchParameters

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """One direction or variant of a line as somebody drew it.

    lon_deg, lat_deg: (n,) the drawing in driving order, of no points when only stops are known; stop_lon_deg, stop_lat_deg:
    (m,) stops in the order of service, terminals included; none: the ends of the drawing are the terminals.
    """

    line_id: str
    variant: str
    lon_deg: Floats
    lat_deg: Floats
    stop_lon_deg: Floats
    stop_lat_deg: Floats
    stop_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SnapParameters:
    """accuracy_m: standard deviation of the drawing (ours); spacing_m: of points along it (ours); stop_reach_m: farther from
    the line a stop is refused (ours); moved_m: a line laid anew that differs by more is listed for a person; u_turn_cost: nats,
    more than a vehicle's, since a line that turns round on the road is drawn so at length (ours)."""

    accuracy_m: float = 10.0
    max_unsnapped_share: float = 0.05
    spacing_m: float = 25.0
    stop_reach_m: float = 150.0
    moved_m: float = 20.0
    longest_bridge_s: float = 1_800.0
    u_turn_cost: float = 30.0


def snap_line(drawn: DrawnLine, network: RoadNetwork, profile: str = "bus", parameters: SnapParameters | None = None) -> LinePath:
    """The line on the network.

    Args:
        drawn: the line.
        network: the roads.
        profile: of its vehicles.
        parameters: how near is near.

    Raises:
        RefusedError: more of it than `max_unsnapped_share` is off the roads, it cannot be driven in one go, or a stop is
            not beside it; names the place.
    """
    p = parameters or SnapParameters()
    track = _track(drawn, p)
    found = match(track, network, profile, replace(MatchParameters(), sigma_prior_m=p.accuracy_m, u_turn_cost=p.u_turn_cost))
    _refuse_unsnapped(drawn, track, found, p)
    parts = _whole(drawn, found, network, Search(network, profile, None, p.longest_bridge_s))
    lon, lat, measure, _ = outline_of(parts, network)
    if drawn.stop_lon_deg.size:
        stops = stop_measures(drawn.stop_lon_deg, drawn.stop_lat_deg, (lon, lat, measure), p.stop_reach_m, _said(drawn))
    else:
        stops = np.array([0.0, float(measure[-1])])
    off = np.abs(found.offset_m[found.edge >= 0])
    names = drawn.stop_names if drawn.stop_lon_deg.size else ()
    return line_path(
        network, parts, stops, line_id=drawn.line_id, variant=drawn.variant, stop_names=names,
        worst_offset_m=float(np.nanmax(off)) if off.size else float("nan"),
    )  # fmt: skip


def _said(drawn: DrawnLine) -> str:
    return f"line {drawn.line_id} {drawn.variant}".rstrip()


def _track(drawn: DrawnLine, p: SnapParameters) -> Track:
    """The drawing as fixes without times, close together; of stops alone the stops."""
    alone = drawn.lon_deg.size < 2
    lon, lat = (drawn.stop_lon_deg, drawn.stop_lat_deg) if alone else (drawn.lon_deg, drawn.lat_deg)
    if lon.size < 2:
        raise RefusedError(f"{_said(drawn)}: neither a drawing nor two stops", field="geometry")
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise RefusedError(f"{_said(drawn)}: a coordinate is no number", field="geometry")
    if alone:
        return Track.plain(lon, lat)
    legs = geodesics(lon, lat)
    counts = np.maximum(np.ceil(legs / p.spacing_m), 1).astype(np.int64)
    at = np.concatenate([np.repeat(np.arange(counts.size), counts) + _within(counts) / np.repeat(counts, counts), [float(counts.size)]])
    rows = np.arange(lon.size)
    return Track.plain(np.interp(at, rows, lon), np.interp(at, rows, lat))


def _within(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)


def _refuse_unsnapped(drawn: DrawnLine, track: Track, found: Match, p: SnapParameters) -> None:
    """RefusedError when too much lies off the roads, or nothing on them."""
    pieces = found.pieces
    total = float(geodesics(track.lon_deg, track.lat_deg).sum())
    off = [(float(one["length_m"]), int(one["first_fix"])) for one in pieces if one["kind"] == PieceKind.OFF_ROAD]
    for before, after in pairwise(pieces):
        rows = [int(before["last_fix"]), int(after["first_fix"])]
        if rows[0] != rows[1]:
            off.append((float(geodesics(track.lon_deg[rows], track.lat_deg[rows]).sum()), rows[0]))
    lost = sum(metres for metres, _ in off)
    if lost > p.max_unsnapped_share * total or not (pieces["kind"] == PieceKind.ON_ROAD).any():
        row = max(off)[1] if off else 0
        place = f"{track.lon_deg[row]:.6f}, {track.lat_deg[row]:.6f}"
        raise RefusedError(f"{_said(drawn)}: {lost:.0f} of {total:.0f} m lie off the roads, most from {place}", field="geometry")


def _whole(drawn: DrawnLine, found: Match, network: RoadNetwork, search: Search) -> NDArray[Any]:
    """The path of all pieces on the road, holes between them bridged by the quickest way."""
    parts: list[tuple[int, float, float]] = []
    for piece in found.pieces[found.pieces["kind"] == PieceKind.ON_ROAD]:
        path = [(int(network.base_edge[e]), float(a), float(b)) for e, a, b in found.path[piece["path_start"] : piece["path_end"]].tolist()
                if not network.flags[e] & EdgeFlag.CONNECTOR]  # fmt: skip
        if parts and path:
            parts += _bridge(drawn, network, search, parts[-1], path[0])
        parts += path
    merged: list[tuple[int, float, float]] = []
    for edge, start, end in parts:
        if end <= start and len(parts) > 1:
            continue
        if merged and merged[-1][0] == edge and merged[-1][2] == start:
            merged[-1] = (edge, merged[-1][1], end)
        else:
            merged.append((edge, start, end))
    return np.array(merged, PATH_PART)


def _bridge(
    drawn: DrawnLine, network: RoadNetwork, search: Search, last: tuple[int, float, float], first: tuple[int, float, float]
) -> list[tuple[int, float, float]]:
    """Parts from the end of one part to the begin of another; RefusedError when there is no way."""
    (edge, _, at), (target, until, _) = last, first
    if edge == target and until >= at:
        return [(edge, at, until)]
    length = float(network.length_m[edge])
    share = at / length if length else 0.0
    search.spread(edge, share, {target})
    if not np.isfinite(search.way(edge, share, target, 0.0)[0]):
        row = int(network.shape_start[edge + 1]) - 1
        place = f"{network.lon_e7[row] / 1e7:.6f}, {network.lat_e7[row] / 1e7:.6f}"
        raise RefusedError(f"{_said(drawn)}: no way on from {place}", field="geometry")
    inner = [(one, 0.0, float(network.length_m[one])) for one in search.path(target)]
    return [(edge, at, length), *inner, (target, 0.0, until)]
