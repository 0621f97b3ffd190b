"""Measured speeds on a map: the edges of a box, the important ones first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.edge_speeds import conditions
from tracking.network import EdgeFlag, RoadClass, RoadNetwork, load

MOST_EDGES = 6_000
"""Edges of a box that are looked at; above it the least road classes are left out."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class RoadBook:
    """A network and the box around each of its edges: (E, 4) west, south, east, north, 1e-7 degree."""

    network: RoadNetwork
    boxes: NDArray[np.int32]

    @classmethod
    def of(cls, network: RoadNetwork) -> RoadBook:
        starts = network.shape_start[:-1].astype(np.int64)
        least, most = np.minimum.reduceat, np.maximum.reduceat
        columns = [least(network.lon_e7, starts), least(network.lat_e7, starts), most(network.lon_e7, starts), most(network.lat_e7, starts)]
        return cls(network, np.column_stack(columns).astype(np.int32))

    def edges_in(self, box: Box, most: int = MOST_EDGES) -> tuple[NDArray[np.int64], RoadClass | None]:
        """Edges that touch the box (west, south, east, north, degrees), and the least class looked at when it holds more than `most`."""
        west, south, east, north = (round(side * 1e7) for side in box)
        boxes, network = self.boxes, self.network
        inside = (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        inside &= (network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY | EdgeFlag.FERRY)) == 0
        edges = np.flatnonzero(inside)
        if edges.size <= most:
            return edges, None
        classes = network.road_class[edges]
        for least in sorted(RoadClass, reverse=True):
            kept = edges[classes <= least]
            if kept.size <= most:
                return kept, least
        return edges[np.argsort(classes, kind="stable")][:most], RoadClass.MOTORWAY

    def keys(self, edges: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Stable keys of edges."""
        return np.ascontiguousarray(self.network.edge_key[edges])

    def conditions(self, sums: NDArray[Any]) -> NDArray[Any]:
        """`tracking.edge_speeds.CONDITION` of sums by edge."""
        return conditions(sums, self.network)

    def region_of(self, edge: int) -> str | None:
        """Code of the edge's region; None when the network does not say."""
        row = int(self.network.region[edge])
        return self.network.regions[row] if row >= 0 else None


@lru_cache(maxsize=2)
def road_book(path: str, map_version: str) -> RoadBook:
    """The registered network; read once.

    Raises:
        RefusedError: kind "missing": the file is not on this machine, or holds another network.
    """
    file = Path(path)
    if not file.is_file():
        raise RefusedError("the file of the registered road network is not on this machine", field="network", kind="missing")
    network = load(file)
    if network.version != map_version:
        raise RefusedError(f"the file holds network {network.version[:12]}, not {map_version[:12]}", field="network", kind="missing")
    return RoadBook.of(network)
