"""Driving times between places: for dispatch, and for bridging holes in lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.kernels import travel
from tracking.network.model import EdgeFlag, RoadNetwork
from tracking.roads import access_bit

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spots:
    """Places on the roads: edge (n,) int32, share (n,) of the edge behind, 0 to 1. Both directions of a two-way road are meant."""

    edge: NDArray[np.int32]
    share: Floats


@dataclass(frozen=True, slots=True)
class TravelTimes:
    """seconds, length_m: (origins, destinations) float64; inf where there is no way."""

    seconds: Floats
    length_m: Floats


def spots_at(network: RoadNetwork, lon_deg: Floats, lat_deg: Floats, profile: str = "bus", radius_m: float = 500.0) -> Spots:
    """The nearest places of roads that a profile may drive.

    Args:
        network: the roads.
        lon_deg, lat_deg: (n,) degrees.
        profile: bus, coach, truck or dangerous_goods.
        radius_m: farther roads are not taken.

    Raises:
        RefusedError: a place without a road within the radius; names it.
    """
    bit = access_bit(profile)
    open_ahead = (network.access & bit) != 0
    either = open_ahead | (open_ahead[network.twin] & (network.twin >= 0))
    x, y = network.project(np.atleast_1d(lon_deg), np.atleast_1d(lat_deg))
    edge, share, off = np.empty(x.size, np.int32), np.empty(x.size), np.empty(x.size)
    px, py, along = network.x_m.astype(np.float64), network.y_m.astype(np.float64), network.along_m.astype(np.float64)
    travel.nearest_edges(
        x, y, px, py, network.cell_start, network.cell_shape, network.cell_edge, network.grid, either, along, network.length_m, radius_m,
        edge, share, off,
    )  # fmt: skip
    if (edge < 0).any():
        row = int(np.flatnonzero(edge < 0)[0])
        place = f"{np.atleast_1d(lon_deg)[row]:.6f}, {np.atleast_1d(lat_deg)[row]:.6f}"
        raise RefusedError(f"no road for {profile} within {radius_m:.0f} m of {place}", field="places", kind="missing")
    return Spots(edge, share)


def travel_times(
    network: RoadNetwork,
    origins: Spots,
    destinations: Spots,
    *,
    profile: str = "bus",
    ratio: Floats | None = None,
    longest_s: float = 4 * 3600.0,
) -> TravelTimes:
    """Quickest driving times by free speed, keeping to one-ways, banned turns and access.

    Args:
        network: the roads.
        origins, destinations: places on them.
        profile: bus, coach, truck or dangerous_goods.
        ratio: (E,) measured time over free time of each edge; None: 1.
        longest_s: longer ways are none.
    """
    search = Search(network, profile, ratio, longest_s)
    shape = (origins.edge.size, destinations.edge.size)
    seconds, length = np.full(shape, np.inf), np.full(shape, np.inf)
    ends = [search.ends(int(e), float(s)) for e, s in zip(destinations.edge, destinations.share, strict=True)]
    wanted = {edge for some in ends for edge, _ in some}
    for o, (edge, share) in enumerate(zip(origins.edge.tolist(), origins.share.tolist(), strict=True)):
        starts = search.ends(edge, share)
        for start, behind in starts:
            search.spread(start, behind, wanted)
            for d, some in enumerate(ends):
                for end, until in some:
                    s, metres = search.way(start, behind, end, until)
                    if s <= longest_s and s < seconds[o, d]:
                        seconds[o, d], length[o, d] = s, metres
    return TravelTimes(seconds, length)


class Search:
    """Scratch and columns of searches by one profile; for one thread."""

    def __init__(self, network: RoadNetwork, profile: str, ratio: Floats | None, longest_s: float) -> None:
        self.network, self.longest_s = network, longest_s
        shut = (network.access & access_bit(profile)) == 0
        self.seconds = network.length_m * 3.6 / np.maximum(network.free_kmh, 1)
        if ratio is not None:
            self.seconds = self.seconds * ratio
        self.seconds[shut] = np.inf
        nodes, edges, room = network.node_count, network.edge_count, network.out_edge.size + 1
        self._time, self._came, self._before = np.empty(nodes), np.empty(nodes, np.int32), np.empty(nodes, np.int32)
        self._entry, self._entry_s = np.empty(edges, np.int32), np.empty(edges)
        self._keys, self._nodes = np.empty(room), np.empty(room, np.int32)
        self._wanted = np.zeros(edges, bool)
        self._metres: dict[int, float] = {}

    def ends(self, edge: int, share: float) -> list[tuple[int, float]]:
        """(edge, share) of a place in each direction that is open."""
        twin = int(self.network.twin[edge])
        both = [(edge, share)] + ([(twin, 1.0 - share)] if twin >= 0 else [])
        return [(one, part) for one, part in both if np.isfinite(self.seconds[one])]

    def spread(self, edge: int, share: float, wanted: set[int]) -> None:
        """Search from a place until the edges asked for are reached."""
        net = self.network
        self._wanted[:] = False
        self._wanted[list(wanted)] = True
        self._metres.clear()
        travel.spread(
            edge, share, net.head, net.base_edge, net.out_start, net.out_edge, self.seconds, self._wanted, self.longest_s,
            self._time, self._came, self._before, self._entry, self._entry_s, self._keys, self._nodes,
        )  # fmt: skip

    def way(self, start: int, behind: float, end: int, until: float) -> tuple[float, float]:
        """(seconds, metres) from the place last searched from to one on an edge asked for; inf when there is no way."""
        net = self.network
        if start == end and until >= behind:
            return (until - behind) * float(self.seconds[start]), (until - behind) * float(net.length_m[start])
        node = int(self._entry[end])
        if node < 0:
            return np.inf, np.inf
        rest = (1.0 - behind) * float(net.length_m[start])
        return float(self._entry_s[end] + until * self.seconds[end]), rest + self._length_to(node) + until * float(net.length_m[end])

    def path(self, end: int) -> list[int]:
        """Edges between the one last searched from and one asked for, connectors left out and copies as their roads."""
        net = self.network
        node, edges = int(self._entry[end]), []
        while node >= 0 and self._came[node] >= 0:
            edge = int(self._came[node])
            if not net.flags[edge] & EdgeFlag.CONNECTOR:
                edges.append(int(net.base_edge[edge]))
            node = int(self._before[node])
        return edges[::-1]

    def _length_to(self, node: int) -> float:
        """Metres of the quickest way to a node, from the end of the first edge."""
        steps: list[int] = []
        while node not in self._metres and self._came[node] >= 0:
            steps.append(node)
            node = int(self._before[node])
        total = self._metres.setdefault(node, 0.0)
        for step in reversed(steps):
            total += float(self.network.length_m[self._came[step]])
            self._metres[step] = total
        return total
