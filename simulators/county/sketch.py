"""The county's roads while they are being drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simulators.county.curves import Points, thin
from simulators.county.plane import LocalPlane
from tracking.network import EdgeTable
from tracking.network.model import FREE_KMH, LINK_FREE_KMH, EdgeFlag, RoadClass

POSTED_KMH = {
    RoadClass.MOTORWAY: 100,
    RoadClass.TRUNK: 80,
    RoadClass.PRIMARY: 70,
    RoadClass.SECONDARY: 60,
    RoadClass.TERTIARY: 40,
    RoadClass.UNCLASSIFIED: 40,
    RoadClass.RESIDENTIAL: 30,
    RoadClass.SERVICE: 20,
}
"""Posted limit of buses and trucks in the county, km/h."""

TOWN_KMH = 40
"""Posted limit of every better street inside a town, km/h."""


@dataclass(frozen=True, slots=True)
class Road:
    """What all pieces of one road share. lanes per direction."""

    road_class: RoadClass
    name: str = ""
    name_en: str = ""
    ref: str = ""
    lanes: int = 1
    flags: int = 0
    oneway: bool = False

    @property
    def limit_kmh(self) -> int:
        """Posted limit, km/h."""
        if self.flags & EdgeFlag.LINK:
            return LINK_FREE_KMH
        limit = POSTED_KMH[self.road_class]
        return min(limit, TOWN_KMH) if self.flags & EdgeFlag.TOWN else limit

    @property
    def free_kmh(self) -> int:
        """Speed of a loaded bus on it, km/h, never above the limit."""
        return min(FREE_KMH[self.road_class], self.limit_kmh)


@dataclass(slots=True)
class Sketch:
    """Nodes and pieces of road, plane metres."""

    nodes: list[tuple[float, float]] = field(default_factory=list)
    pieces: list[tuple[int, int, Points, Road]] = field(default_factory=list)

    def node(self, x_m: float, y_m: float) -> int:
        """A new node."""
        self.nodes.append((float(x_m), float(y_m)))
        return len(self.nodes) - 1

    def at(self, node: int) -> Points:
        """(2,) place of a node."""
        return np.array(self.nodes[node])

    def draw(self, tail: int, head: int, points: Points, road: Road, tolerance_m: float = 0.6) -> None:
        """Add a piece of road; its ends are set exactly onto the nodes."""
        line = thin(points, tolerance_m)
        line[0], line[-1] = self.at(tail), self.at(head)
        self.pieces.append((tail, head, line, road))

    def line(self, tail: int, head: int, road: Road) -> None:
        """Add a straight piece."""
        self.pieces.append((tail, head, np.array([self.nodes[tail], self.nodes[head]]), road))

    def directions(self, node: int) -> list[float]:
        """Angles (rad) at which pieces leave the node."""
        angles = []
        for tail, head, points, _ in self.pieces:
            for end, first, second in ((tail, points[0], points[1]), (head, points[-1], points[-2])):
                if end == node:
                    angles.append(float(np.arctan2(*(second - first)[::-1])))
        return angles

    def table(self, plane: LocalPlane, region: list[int], regions: tuple[str, ...]) -> EdgeTable:
        """The sketch as columns; region: row of `regions` for each piece."""
        roads = [road for _, _, _, road in self.pieces]
        names = list(dict.fromkeys((road.name, road.name_en) for road in roads if road.name))
        refs = list(dict.fromkeys(road.ref for road in roads if road.ref))
        flat = np.vstack([points for _, _, points, _ in self.pieces])
        lon, lat = plane.to_degrees(flat[:, 0], flat[:, 1])
        name_row = {pair: row for row, pair in enumerate(names)}
        ref_row = {ref: row for row, ref in enumerate(refs)}
        return EdgeTable(
            tail=np.array([tail for tail, _, _, _ in self.pieces], np.int64),
            head=np.array([head for _, head, _, _ in self.pieces], np.int64),
            shape_start=np.concatenate([[0], np.cumsum([len(points) for _, _, points, _ in self.pieces])]).astype(np.int64),
            lon_deg=lon,
            lat_deg=lat,
            road_class=np.array([road.road_class for road in roads], np.uint8),
            oneway=np.array([road.oneway for road in roads], bool),
            flags=np.array([road.flags for road in roads], np.uint16),
            lanes=np.array([road.lanes for road in roads], np.uint8),
            limit_kmh=np.array([road.limit_kmh for road in roads], np.uint8),
            free_kmh=np.array([road.free_kmh for road in roads], np.uint8),
            name=np.array([name_row.get((road.name, road.name_en), -1) for road in roads], np.int32),
            ref=np.array([ref_row.get(road.ref, -1) for road in roads], np.int32),
            region=np.array(region, np.int32),
            names=tuple(pair[0] for pair in names),
            names_en=tuple(pair[1] for pair in names),
            refs=tuple(refs),
            regions=regions,
        )
