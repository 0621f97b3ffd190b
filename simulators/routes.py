"""Quickest ways through a road network."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.network.model import RoadNetwork


class RouteFinder:
    """Quickest paths by free speed; keeps the search tree of every origin it was asked for.

    Args:
        network: the roads.
    """

    def __init__(self, network: RoadNetwork) -> None:
        self._head = network.head.tolist()
        self._tail = network.tail.tolist()
        self._seconds = (network.length_m / (np.maximum(network.free_kmh, 5) / 3.6)).tolist()
        starts = network.out_start.tolist()
        out = network.out_edge.tolist()
        self._out = [out[starts[node] : starts[node + 1]] for node in range(network.node_count)]
        self._trees: dict[int, tuple[list[float], list[int]]] = {}

    def path(self, origin: int, target: int) -> NDArray[np.int32]:
        """Edges from one node to another, in order; RefusedError when the target cannot be reached."""
        seconds, came = self._tree(origin)
        if seconds[target] == np.inf:
            raise RefusedError(f"no way from node {origin} to node {target}", field="target", kind="missing")
        edges: list[int] = []
        node = target
        while node != origin:
            edges.append(came[node])
            node = self._tail[came[node]]
        return np.array(edges[::-1], np.int32)

    def seconds(self, origin: int, target: int) -> float:
        """Free driving time, s; infinite when there is no way."""
        return self._tree(origin)[0][target]

    def _tree(self, origin: int) -> tuple[list[float], list[int]]:
        if origin in self._trees:
            return self._trees[origin]
        best = [np.inf] * len(self._out)
        came = [-1] * len(self._out)
        best[origin] = 0.0
        heap = [(0.0, origin)]
        while heap:
            at, node = heappop(heap)
            if at > best[node]:
                continue
            for edge in self._out[node]:
                there, total = self._head[edge], at + self._seconds[edge]
                if total < best[there]:
                    best[there], came[there] = total, edge
                    heappush(heap, (total, there))
        self._trees[origin] = (best, came)
        return best, came
