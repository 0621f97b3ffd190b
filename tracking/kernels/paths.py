"""The bounded search for the way between two places on the network."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

AHEAD, ON_THE_SPOT = -1, -2
"""`node_from` of the two ways a path can begin: on to the edge's head, or turned at once and back to its tail."""
TURN, TURN_AT_END = 1, 2
_PLANE = 0.995
"""The plane is up to 0.3 % too large far from its meridian; a bound must not be."""


@njit(cache=True, nogil=True)
def _push(keys, nodes, size, key, node):  # type: ignore[no-untyped-def]
    """Add to the heap, ordered by (key, node); the new size."""
    at = size
    while at > 0:
        up = (at - 1) >> 1
        if keys[up] < key or (keys[up] == key and nodes[up] <= node):
            break
        keys[at] = keys[up]
        nodes[at] = nodes[up]
        at = up
    keys[at] = key
    nodes[at] = node
    return size + 1


@njit(cache=True, nogil=True)
def _drop(keys, nodes, size):  # type: ignore[no-untyped-def]
    """Take the first of the heap away; the new size."""
    size -= 1
    key, node = keys[size], nodes[size]
    at = 0
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        right = down + 1
        if right < size and (keys[right] < keys[down] or (keys[right] == keys[down] and nodes[right] < nodes[down])):
            down = right
        if key < keys[down] or (key == keys[down] and node <= nodes[down]):
            break
        keys[at] = keys[down]
        nodes[at] = nodes[down]
        at = down
    keys[at] = key
    nodes[at] = node
    return size


@njit(cache=True, nogil=True)
def _label(g, s, stamp, size, node, cost, length, free_s, edge, before, turn, aim):  # type: ignore[no-untyped-def]
    """Offer a node a way to it; the new size of the heap. aim: (x, y, reach, longest) of the search."""
    if s.node_stamp[node] == stamp:
        known = s.node_cost[node]
        if cost > known or (cost == known and edge >= s.node_from[node]) or s.settled[node] == stamp:
            return size
    dx, dy = g.node_x[node] - aim[0], g.node_y[node] - aim[1]
    ahead = _PLANE * max(math.sqrt(dx * dx + dy * dy) - aim[2], 0.0)
    s.node_stamp[node] = stamp
    s.node_cost[node] = cost
    s.node_length[node] = length
    s.node_free_s[node] = free_s
    s.node_from[node] = edge
    s.node_before[node] = before
    s.node_turn[node] = turn
    if length + ahead > aim[3]:
        s.node_length[node] = math.inf  # the cheapest way there is too long: no dearer one may stand in for it
        return size
    return _push(s.heap_key, s.heap_node, size, cost + g.cheapest * ahead, node)


@njit(cache=True, nogil=True)
def _start(g, s, rules, stamp, edge, along, aim):  # type: ignore[no-untyped-def]
    """Label both ends of the edge that the path begins on; the size of the heap."""
    length = g.length_m[edge]
    share = along / length if length > 0.0 else 0.0
    rest = length - along
    size = _label(g, s, stamp, 0, g.head[edge], (1.0 - share) * g.cost[edge], rest, (1.0 - share) * g.free_s[edge], AHEAD, -1, 0, aim)
    twin = g.twin[edge]
    if twin >= 0:
        cost = share * g.cost[twin] + rules.turn_m
        size = _label(g, s, stamp, size, g.tail[edge], cost, along, share * g.free_s[twin], ON_THE_SPOT, -1, TURN, aim)
    return size


@njit(cache=True, nogil=True)
def search(g, s, rules, edge, along, targets, aim):  # type: ignore[no-untyped-def]
    """Cheapest ways from a place on an edge to the edges marked in `wanted`, A* towards them.

    Args:
        edge, along: where it begins; targets: edges marked with the stamp of this search, clock[0] + 1.
        aim: (x, y, reach, longest): the tails of all wanted edges lie within reach of (x, y); longer ways are not wanted.
    Returns:
        The stamp. A wanted edge that was reached is marked with its negative, and the cheapest way to `entry` of the edge is in
        the node_ arrays. Ties go to the smaller edge.
    """
    s.clock[0] += 1
    stamp = np.int32(s.clock[0])
    size = _start(g, s, rules, stamp, edge, along, aim)
    twin = g.twin[edge]
    left = targets
    while size > 0:
        node = s.heap_node[0]
        size = _drop(s.heap_key, s.heap_node, size)
        if s.settled[node] == stamp or s.node_length[node] == math.inf:
            continue
        s.settled[node] = stamp
        cost, length, free_s = s.node_cost[node], s.node_length[node], s.node_free_s[node]
        came, turn = s.node_from[node], s.node_turn[node]
        for at in range(g.out_start[node], g.out_start[node + 1]):
            out = g.out_edge[at]
            if s.wanted[out] == stamp:
                s.wanted[out] = -stamp
                s.entry[out] = node
                left -= 1
                if left == 0:
                    return stamp
            extra, begins = 0.0, turn
            if came == AHEAD and out == twin:
                extra = rules.turn_end_m if g.dead_end[node] else rules.turn_m
                begins = np.uint8(TURN_AT_END if g.dead_end[node] else TURN)
            elif came >= 0 and g.twin[came] == out and not g.dead_end[node]:
                continue
            size = _label(
                g, s, stamp, size, g.head[out], cost + g.cost[out] + extra, length + g.length_m[out], free_s + g.free_s[out], out, node, begins,
                aim,
            )  # fmt: skip
    return stamp
