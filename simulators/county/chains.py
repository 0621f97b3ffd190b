"""From the surveyor's grid to drawn roads: junctions become nodes, the cells between them smooth curves."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from simulators.county.curves import Points, catmull_rom, relax, serpentine
from simulators.county.sketch import Road, Sketch
from simulators.county.survey import Survey
from tracking.network.model import RoadClass

_RELAX = {RoadClass.TRUNK: 4, RoadClass.PRIMARY: 3, RoadClass.SECONDARY: 2}
_STEEP = 0.06
"""Grade above which a mountain road climbs in hairpins."""
_HAIRPIN_CLASSES = (RoadClass.TERTIARY, RoadClass.UNCLASSIFIED)


def draw_chains(survey: Survey, sketch: Sketch, anchors: set[int]) -> dict[int, int]:
    """Draw every road of the survey; returns the sketch node of each junction and anchor cell."""
    links: dict[int, list[int]] = defaultdict(list)
    for a, b in sorted(survey.roads):
        links[a].append(b)
        links[b].append(a)
    ends = {cell for cell, near in links.items() if _is_end(survey, cell, near, anchors)}
    nodes = {cell: sketch.node(*survey.place[cell]) for cell in sorted(ends)}
    seen: set[tuple[int, int]] = set()
    for cell in sorted(ends):
        for first in sorted(links[cell]):
            if (cell, first) in seen:
                continue
            chain = [cell, first]
            while chain[-1] not in ends:
                near = links[chain[-1]]
                chain.append(near[0] if near[1] == chain[-2] else near[1])
            seen |= {(chain[0], chain[1]), (chain[-1], chain[-2])}
            road = _road(survey, chain[0], chain[1])
            points = _curve(survey, chain, road, links)
            sketch.draw(nodes[chain[0]], nodes[chain[-1]], points, road)
    return nodes


def _road(survey: Survey, a: int, b: int) -> Road:
    return survey.roads[min(a, b), max(a, b)]


def _is_end(survey: Survey, cell: int, near: list[int], anchors: set[int]) -> bool:
    if len(near) != 2 or cell in anchors:
        return True
    return _road(survey, cell, near[0]) != _road(survey, cell, near[1])


def _curve(survey: Survey, chain: list[int], road: Road, links: dict[int, list[int]]) -> Points:
    points = relax(survey.place[chain], _RELAX.get(road.road_class, 0))
    before = _beyond(survey, chain[0], chain[1], road, links)
    after = _beyond(survey, chain[-1], chain[-2], road, links)
    if road.road_class in _HAIRPIN_CLASSES:
        points = _with_hairpins(survey, chain, points)
    return catmull_rom(points, 12.0 if road.road_class in _HAIRPIN_CLASSES else 25.0, before, after)


def _beyond(survey: Survey, end: int, inner: int, road: Road, links: dict[int, list[int]]) -> Points | None:
    """The next point of the same road behind a junction, so that it runs through without a kink."""
    others = [cell for cell in links[end] if cell != inner and _road(survey, end, cell).name == road.name]
    return survey.place[others[0]] if len(others) == 1 else None


def _with_hairpins(survey: Survey, chain: list[int], points: Points) -> Points:
    """Steep steps, away from the ends, replaced by traverses long enough for a grade of about 7 %."""
    rows = [points[:1]]
    last_turned = -9
    for i in range(1, len(chain)):
        step = points[i] - points[i - 1]
        run = float(np.hypot(*step))
        rise = abs(float(survey.altitude[chain[i]] - survey.altitude[chain[i - 1]]))
        if 1 < i < len(chain) - 1 and rise / run > _STEEP and run > 180 and i - last_turned > 1:
            legs = int(np.clip(round(rise / 0.06 / 150.0), 4, 6))
            rows.append(serpentine(points[i - 1], points[i], legs, 78.0))
            last_turned = i
        rows.append(points[i : i + 1])
    return np.vstack(rows)
