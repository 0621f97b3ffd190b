"""Slow twins of the candidates of a fix and of the search for ways, over every segment and every state; and what they run on."""

from __future__ import annotations

import heapq
import math
from typing import Any, NamedTuple

from tests.tracking.naive_geodesy import offset_to_segment
from tracking.kernels.graph import Graph, Scratch, scratch_for
from tracking.network.model import EdgeFlag, RoadNetwork
from tracking.parameters import MatchParameters
from tracking.roads import graph_of

_AHEAD, _SPOT = -1, -2


class Way(NamedTuple):
    """From a place to the beginning of an edge. turn: 0 straight on, 1 it begins with a turn, 2 with one at a dead end."""

    cost: float
    length: float
    free_s: float
    turn: int


def graph(network: RoadNetwork, parameters: MatchParameters | None = None) -> tuple[Graph, Scratch]:
    """A network as a bus sees it, and fresh scratch."""
    return graph_of(network, "bus", parameters or MatchParameters()), scratch_for(network.node_count, network.edge_count)


def ways(g: Any, number: int, along: float, turn_m: float, turn_end_m: float) -> dict[int, Way]:
    """Cheapest ways to every edge that can be entered, each node passed once: nobody turns round for free behind a junction."""
    edge = g.edges[number]
    share = along / edge["length"] if edge["length"] > 0.0 else 0.0
    heap = [((1 - share) * edge["cost"], edge["length"] - along, (1 - share) * edge["free_s"], 0, int(edge["head"]), _AHEAD)]
    if edge["twin"] >= 0:
        twin = g.edges[edge["twin"]]
        heap.append((share * twin["cost"] + turn_m, along, share * twin["free_s"], 1, int(edge["tail"]), _SPOT))
    heapq.heapify(heap)
    done: set[int] = set()
    entered: dict[int, Way] = {}
    while heap:
        cost, length, free_s, turn, node, came = heapq.heappop(heap)
        if node in done:
            continue
        done.add(node)
        here = g.nodes[node]
        for arc in g.arcs[here["out_start"] : here["out_end"]]:
            on = int(arc["edge"])
            if int(arc["base"]) not in entered:
                entered[int(arc["base"])] = Way(cost, length, free_s, turn)
            turns = came == _AHEAD and on == edge["twin"]
            if came >= 0 and arc["twin"] == came and not here["dead_end"]:
                continue
            extra = (turn_end_m if here["dead_end"] else turn_m) if turns else 0.0
            begun = (2 if here["dead_end"] else 1) if turns else turn
            step = (cost + arc["cost"] + extra, length + arc["length"], free_s + arc["free_s"], begun, int(arc["head"]), on)
            heapq.heappush(heap, step)
    return entered


class Place(NamedTuple):
    """The nearest place of a road to a point."""

    edge: int
    distance: float
    along: float
    side: float
    direction: float


def places(network: RoadNetwork, x: float, y: float, radius: float) -> list[Place]:
    """Roads within a radius, of twins the smaller edge, over every segment of every road."""
    found = []
    for edge in range(network.edge_count):
        if network.flags[edge] & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) or 0 <= network.twin[edge] < edge:
            continue
        best = None
        for j in range(int(network.shape_start[edge]), int(network.shape_start[edge + 1]) - 1):
            ax, ay, bx, by = (float(v) for v in (network.x_m[j], network.y_m[j], network.x_m[j + 1], network.y_m[j + 1]))
            distance, fraction, side = offset_to_segment(x, y, ax, ay, bx, by)
            if best is None or distance < best.distance:
                along = float(network.along_m[j]) + fraction * (float(network.along_m[j + 1]) - float(network.along_m[j]))
                best = Place(edge, distance, min(along, float(network.length_m[edge])), side, math.atan2(bx - ax, by - ay))
        if best is not None and best.distance <= radius:
            found.append(best)
    return found


def emission(distance: float, sigma: float) -> float:
    return 0.5 * (distance / sigma) ** 2 if distance <= 4.0 * sigma else 8.0 + 4.0 * (distance / sigma - 4.0)


def heading_cost(heading: float, direction: float, deviation: float, limit: float) -> float:
    if math.isnan(heading):
        return 0.0
    turned = abs(math.atan2(math.sin(heading - direction), math.cos(heading - direction)))
    return min(0.5 * (turned / deviation) ** 2, limit)


class Candidate(NamedTuple):
    cost: float
    edge: int
    along: float
    side: float


def candidates(network: RoadNetwork, near: list[Place], sigma: float, heading: tuple[float, float, float]) -> list[Candidate]:
    """Both directions of the roads near a fix, the likeliest first; heading: radians or NaN, deviation, limit in nats."""
    out = []
    said, deviation, limit = heading
    for place in near:
        base = emission(place.distance, sigma)
        out.append(Candidate(base + heading_cost(said, place.direction, deviation, limit), place.edge, place.along, place.side))
        twin = int(network.twin[place.edge])
        if twin >= 0:
            cost = base + heading_cost(said, place.direction + math.pi, deviation, limit)
            out.append(Candidate(cost, twin, float(network.length_m[place.edge]) - place.along, -place.side))
    return sorted(out)
