"""Cuntong behind the plug of a map-matching bench: `class Matcher` with `prepare(net, workdir)` and `match(points)`.

The bench hands over its own network: edges with shapes in a local plane. Every call begins with an empty route cache, if there is one.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from domain.track import Track
from tracking.matched import Match, PieceKind, State
from tracking.matching import Matcher as Ours
from tracking.network import EdgeTable, RoadClass, RoadNetwork, from_edges
from tracking.network.gaps import mended

_CLASSES = {
    110: RoadClass.MOTORWAY, 90: RoadClass.TRUNK, 70: RoadClass.PRIMARY, 60: RoadClass.SECONDARY, 50: RoadClass.TERTIARY,
    40: RoadClass.UNCLASSIFIED, 30: RoadClass.RESIDENTIAL, 20: RoadClass.SERVICE, 15: RoadClass.LIVING_STREET,
}  # fmt: skip
"""Road classes by the only thing the bench tells of a road, its speed, km/h."""


def network_of(net: Any) -> RoadNetwork:
    """The bench's network as ours, by the steps of an import: a pair of opposite edges is one two-way piece, gaps are mended."""
    rows = [e for e in range(net.n_edges) if net.rev[e] < 0 or net.rev[e] > e]
    shapes = [net.to_lonlat(net.shape(e)) for e in rows]
    points = np.vstack(shapes)
    speed = np.asarray(net.speed)[rows]
    table = EdgeTable(
        tail=np.asarray(net.src)[rows].astype(np.int64), head=np.asarray(net.dst)[rows].astype(np.int64),
        shape_start=np.concatenate([[0], np.cumsum([len(s) for s in shapes])]).astype(np.int64),
        lon_deg=points[:, 0].copy(), lat_deg=points[:, 1].copy(),
        road_class=np.array([_CLASSES.get(round(v), RoadClass.UNCLASSIFIED) for v in speed], np.uint8),
        oneway=np.array([net.rev[e] < 0 for e in rows]), free_kmh=np.clip(np.round(speed), 5, 255).astype(np.uint8),
        way_id=np.asarray(net.way)[rows].astype(np.int64),
    )  # fmt: skip
    return from_edges(mended(table), source="matchbench")


def answer(match: Match, network: RoadNetwork, track: Track) -> dict[str, Any]:
    """All pieces as lists of (lon, lat); a piece off the road, or a way that no road explains, is straight between its fixes."""
    pieces = []
    for number, piece in enumerate(match.pieces):
        line = match.line(network, number)
        if piece["kind"] == PieceKind.OFF_ROAD:
            rows = np.arange(piece["first_fix"], piece["last_fix"] + 1)
            rows = rows[(match.state[rows] == State.OFF_ROAD) | (rows == rows[0]) | (rows == rows[-1])]
            line = np.column_stack([track.lon_deg[rows], track.lat_deg[rows]])
        if len(line) >= 2:
            pieces.append(list(zip(line[:, 0].tolist(), line[:, 1].tolist(), strict=True)))
    return {"pieces": pieces, "edges": match.path["edge"].tolist()}


class Matcher:
    """The bench's plug."""

    name = "cuntong"

    def prepare(self, net: Any, workdir: str) -> None:
        """Build the network and compile everything; not timed by the bench."""
        self.network = network_of(net)
        self.ours = Ours(self.network)
        lon, lat = self.network.shape(0)
        for count in (0, 1, 3, 60):
            at = np.linspace(0, 1, count)
            self.match(np.column_stack([np.interp(at, [0, 1], lon[[0, -1]]), np.interp(at, [0, 1], lat[[0, -1]]), at * 60.0]))
        gc.collect()
        gc.freeze()  # the lists of answers make the collector look through all that was loaded, again and again

    def match(self, points: Any) -> dict[str, Any]:
        """points: float64[n, 3] = lon, lat, seconds."""
        track = Track.plain(points[:, 0], points[:, 1], points[:, 2])
        return answer(self.ours.match(track), self.network, track)
