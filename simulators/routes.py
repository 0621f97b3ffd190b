"""Quickest ways through a road network."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.network.model import EdgeFlag, RoadNetwork

_BANNED_S = 3_600.0
"""What a banned turn costs a driver: taken only where there is no other way."""


class RouteFinder:
    """Quickest paths by free speed; keeps the search tree of every origin it was asked for.

    Args:
        network: the roads.
    """

    def __init__(self, network: RoadNetwork) -> None:
        self._head = network.head.tolist()
        self._connector = (network.flags & EdgeFlag.CONNECTOR) != 0
        self._base = network.base_edge
        driven = network.length_m / (np.maximum(network.free_kmh, 5) / 3.6)
        self._seconds = np.where(self._connector, _BANNED_S, driven).tolist()
        starts = network.out_start.tolist()
        out = network.out_edge.tolist()
        self._out = [out[starts[node] : starts[node + 1]] for node in range(network.node_count)]
        self._trees: dict[int, tuple[list[float], list[int], list[int]]] = {}

    def path(self, origin: int, target: int) -> NDArray[np.int32]:
        """Edges from one node to another, in order; RefusedError when the target cannot be reached."""
        seconds, came, before = self._tree(origin)
        if seconds[target] == np.inf:
            raise RefusedError(f"no way from node {origin} to node {target}", field="target", kind="missing")
        edges: list[int] = []
        node = target
        while node != origin:
            edges.append(came[node])
            node = before[node]
        path = np.array(edges[::-1], np.int32)
        driven: NDArray[np.int32] = self._base[path[~self._connector[path]]]
        return driven

    def seconds(self, origin: int, target: int) -> float:
        """Free driving time, s; infinite when there is no way."""
        return self._tree(origin)[0][target]

    def _tree(self, origin: int) -> tuple[list[float], list[int], list[int]]:
        """(seconds, edge it is reached by, node that edge is left from), a row a node."""
        if origin in self._trees:
            return self._trees[origin]
        best = [np.inf] * len(self._out)
        came, before = [-1] * len(self._out), [-1] * len(self._out)
        best[origin] = 0.0
        heap = [(0.0, origin)]
        while heap:
            at, node = heappop(heap)
            if at > best[node]:
                continue
            for edge in self._out[node]:
                there, total = self._head[edge], at + self._seconds[edge]
                if total < best[there]:
                    best[there], came[there], before[there] = total, edge, node
                    heappush(heap, (total, there))
        self._trees[origin] = (best, came, before)
        return self._trees[origin]
