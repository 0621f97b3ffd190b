"""The road network as flat arrays: building it from edges, keeping it in one file."""

from tracking.network.archive import load, save
from tracking.network.build import EdgeTable, from_edges
from tracking.network.geodesy import leg_lengths
from tracking.network.model import EdgeFlag, LimitOrigin, RoadClass, RoadNetwork

__all__ = ["EdgeFlag", "EdgeTable", "LimitOrigin", "RoadClass", "RoadNetwork", "from_edges", "leg_lengths", "load", "save"]
