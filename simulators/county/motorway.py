"""The highway: two carriageways across the county, interchanges with toll plazas."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simulators.county.curves import Points, bezier, catmull_rom
from simulators.county.sketch import Road, Sketch
from tracking.network.model import EdgeFlag, RoadClass

_HALF_M = 14.0
"""Distance of a carriageway from the middle of the highway."""
_RAMP_M = 520.0
"""Distance along the highway between an interchange's middle and its ramps' ends."""
PLAZA_M = 430.0
"""Distance of a toll plaza from the highway."""

_NAME = ("青云高速", "Qingyun Expressway", "G7613")


@dataclass(frozen=True, slots=True)
class Alignment:
    """The highway's middle line from west to east: points (n, 2) plane metres, along (n,) metres."""

    points: Points
    along: Points

    @classmethod
    def across(cls, half_width_m: float, centre_y_m: float, random: np.random.Generator) -> Alignment:
        """A gently winding line from edge to edge, passing the origin at centre_y_m."""
        count = max(7, int(half_width_m * 2 / 6_500) | 1)
        x = np.linspace(-half_width_m, half_width_m, count)
        y = centre_y_m + random.uniform(-1_100, 1_100, count) * np.minimum(1.0, np.abs(x) / 7_000)
        points = catmull_rom(np.stack([x, y], axis=1), 50.0)
        return cls(points, np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))]))

    def distance_m(self, spot: Points) -> float:
        """Distance of a place from the line."""
        return float(np.hypot(*(self.points - spot).T).min())

    def nearest_along(self, spot: Points) -> float:
        """Metres along the line of the point nearest to a place, kept clear of both ends."""
        row = int(np.argmin(np.hypot(*(self.points - spot).T)))
        return float(np.clip(self.along[row], 3 * _RAMP_M, self.along[-1] - 3 * _RAMP_M))

    def at(self, along_m: float, offset_m: float) -> tuple[Points, Points]:
        """(place, unit tangent eastwards) at metres along and to the left of the line."""
        ends = np.array([along_m - 5.0, along_m, along_m + 5.0])
        west, here, east = (np.array([np.interp(s, self.along, self.points[:, k]) for k in (0, 1)]) for s in ends)
        tangent = (east - west) / np.hypot(*(east - west))
        return here + offset_m * np.array([-tangent[1], tangent[0]]), tangent

    def carriageway(self, from_m: float, to_m: float, offset_m: float) -> Points:
        """Points of a carriageway between two places along the line, in that order."""
        steps = np.linspace(from_m, to_m, max(2, int(abs(to_m - from_m) / 50)))
        return np.array([self.at(s, offset_m)[0] for s in steps])


@dataclass(frozen=True, slots=True)
class Interchange:
    """along_m on the alignment; side +1 when the plaza lies north of it; plaza (2,) plane metres."""

    along_m: float
    side: float
    plaza: Points

    @classmethod
    def towards(cls, line: Alignment, spot: Points) -> Interchange:
        """The interchange that serves a place."""
        along = line.nearest_along(spot)
        here, tangent = line.at(along, 0.0)
        side = 1.0 if float((spot - here) @ np.array([-tangent[1], tangent[0]])) >= 0 else -1.0
        return cls(along, side, line.at(along, side * PLAZA_M)[0])


def draw_motorway(sketch: Sketch, line: Alignment, junctions: list[tuple[Interchange, int]]) -> tuple[int, int]:
    """Draw both carriageways, ramps to the plaza nodes, turning links at the county border.

    Args:
        sketch: drawn into.
        line: the highway.
        junctions: interchanges with the sketch node of each plaza.
    Returns:
        Sketch nodes at the western and the eastern border, each where traffic may both end and begin.
    """
    road = Road(RoadClass.MOTORWAY, *_NAME, lanes=2, oneway=True)
    ramp = Road(RoadClass.MOTORWAY, _NAME[0] + "匝道", _NAME[1] + " ramp", flags=EdgeFlag.LINK, oneway=True)
    end = float(line.along[-1])
    stops = sorted([0.0, end] + [j.along_m + s * _RAMP_M for j, _ in junctions for s in (-1, 1)])
    east = {s: sketch.node(*line.at(s, -_HALF_M)[0]) for s in stops}
    west = {s: sketch.node(*line.at(s, _HALF_M)[0]) for s in stops}
    for a, b in pairwise(stops):
        sketch.draw(east[a], east[b], line.carriageway(a, b, -_HALF_M), road)
        sketch.draw(west[b], west[a], line.carriageway(b, a, _HALF_M), road)
    for junction, plaza in junctions:
        before, after = junction.along_m - _RAMP_M, junction.along_m + _RAMP_M
        for tail, direction in ((east[before], 1.0), (west[after], -1.0)):
            _ramp(sketch, line, junction, (tail, plaza, direction), ramp)
        for head, direction in ((east[after], 1.0), (west[before], -1.0)):
            _ramp(sketch, line, junction, (plaza, head, direction), ramp)
    turning = Road(RoadClass.SERVICE, "省界掉头道", "border turning road", flags=EdgeFlag.CONNECTOR, oneway=True)
    _turn(sketch, line.at(end, 0.0)[1], east[end], west[end], turning)
    _turn(sketch, -line.at(0.0, 0.0)[1], west[0.0], east[0.0], turning)
    return west[0.0], east[end]


def _ramp(sketch: Sketch, line: Alignment, junction: Interchange, piece: tuple[int, int, float], road: Road) -> None:
    """A curve between carriageway and plaza; piece: (tail, head, +1 eastbound or -1 westbound)."""
    tail, head, direction = piece
    _, tangent = line.at(junction.along_m, 0.0)
    inward = np.array([-tangent[1], tangent[0]]) * junction.side
    a, d = sketch.at(tail), sketch.at(head)
    leaves = np.hypot(*(d - junction.plaza)) < 1.0
    along = tangent * direction * 300.0
    b, c = (a + along, d - inward * 180.0) if leaves else (a - inward * 180.0, d - along)
    sketch.draw(tail, head, bezier(a, b, c, d, 40), road, tolerance_m=0.3)


def _turn(sketch: Sketch, ahead: Points, tail: int, head: int, road: Road) -> None:
    a, d = sketch.at(tail), sketch.at(head)
    sketch.draw(tail, head, bezier(a, a + ahead * 55, d + ahead * 55, d, 14), road, tolerance_m=0.2)
