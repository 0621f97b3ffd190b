"""The road network as flat arrays: building it from edges, keeping it in one file."""

from tracking.network.archive import load, save
from tracking.network.build import from_edges
from tracking.network.geodesy import leg_lengths
from tracking.network.model import Access, EdgeFlag, LimitOrigin, Origin, RoadClass, RoadNetwork
from tracking.network.table import EdgeTable

__all__ = [
    "Access", "EdgeFlag", "EdgeTable", "LimitOrigin", "Origin", "RoadClass", "RoadNetwork", "from_edges", "leg_lengths", "load", "save",
]  # fmt: skip
