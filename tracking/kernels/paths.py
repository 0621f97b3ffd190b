"""The bounded search for the way between two places on the network."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import inner

AHEAD, ON_THE_SPOT = -1, -2
"""`came` of the two ways a path can begin: on to the edge's head, or turned at once and back to its tail."""
TURN, TURN_AT_END, JUMP, TURN_THERE = 1, 2, 3, 4
_PLANE = 0.995
"""The plane is up to 0.3 % too large far from its meridian; a bound must not be."""


@inner
def _push(heap, size, key, node):  # type: ignore[no-untyped-def]
    """Add to the heap, ordered by (key, node); the new size."""
    at = size
    while at > 0:
        up = (at - 1) >> 1
        above = heap[up]
        if above.key < key or (above.key == key and above.node <= node):
            break
        heap[at].key = above.key
        heap[at].node = above.node
        at = up
    heap[at].key = key
    heap[at].node = node
    return size + 1


@inner
def _drop(heap, size):  # type: ignore[no-untyped-def]
    """Take the first of the heap away; the new size."""
    size -= 1
    key, node = heap[size].key, heap[size].node
    at = 0
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        right = down + 1
        if right < size and (
            heap[right].key < heap[down].key or (heap[right].key == heap[down].key and heap[right].node < heap[down].node)
        ):
            down = right
        below = heap[down]
        if key < below.key or (key == below.key and node <= below.node):
            break
        heap[at].key = below.key
        heap[at].node = below.node
        at = down
    heap[at].key = key
    heap[at].node = node
    return size


@inner
def _label(nodes, labels, heap, stamp, size, node, way, came, before, turn, aim):  # type: ignore[no-untyped-def]
    """Offer a node a way (cost, length, free_s) to it; the new size of the heap, and the key of a way that is not too long, else -1.

    aim: (x, y, reach, longest, cheapest). A way that is too long goes on with infinite length, so that no dearer, shorter one stands
    in for it at this node or behind it.
    """
    cost, length, free_s = way
    label = labels[node]
    if label.stamp == stamp:
        if cost > label.cost or (cost == label.cost and came >= label.came) or label.settled == stamp:
            return size, -1.0
    x, y, reach, longest, cheapest = aim
    dx, dy = nodes[node].x - x, nodes[node].y - y
    ahead = _PLANE * max(math.sqrt(dx * dx + dy * dy) - reach, 0.0)
    label.stamp = stamp
    label.cost = cost
    label.length = length
    label.free_s = free_s
    label.came = came
    label.before = before
    label.turn = turn
    key = cost + cheapest * ahead
    if length + ahead > longest:
        label.length = math.inf
        return _push(heap, size, key, node), -1.0
    return _push(heap, size, key, node), key


@inner
def _start(nodes, edges, labels, heap, stamp, number, along, turn_m, aim):  # type: ignore[no-untyped-def]
    """Label both ends of the edge that the path begins on; the size of the heap, the greatest key of a way not too long."""
    edge = edges[number]
    share = along / edge.length if edge.length > 0.0 else 0.0
    ahead = ((1.0 - share) * edge.cost, edge.length - along, (1.0 - share) * edge.free_s)
    size, last = _label(nodes, labels, heap, stamp, 0, edge.head, ahead, AHEAD, -1, 0, aim)
    if edge.twin >= 0:
        back = (share * edges[edge.twin].cost + turn_m, along, share * edges[edge.twin].free_s)
        size, key = _label(nodes, labels, heap, stamp, size, edge.tail, back, ON_THE_SPOT, -1, TURN, aim)
        last = max(last, key)
    return size, last


@inner
def search(g, s, number, along, targets, aim, turn_m, turn_end_m):  # type: ignore[no-untyped-def]
    """Cheapest ways from a place on an edge to the edges asked for, A* towards them.

    Args:
        number, along: edge and metres where it begins; targets: edges asked with the stamp of this search, clock[0] + 1.
        aim: (x, y, reach, longest, cheapest): the tails of all asked edges lie within reach of (x, y); longer ways are not wanted.
        turn_m, turn_end_m: what turning round costs, metres.
    Returns:
        The stamp. An asked edge that was reached is marked with its negative, and the cheapest way to its `entry` is in the
        labels. Ties go to the smaller edge.
    """
    nodes, arcs, labels, heap, asked = g.nodes, g.arcs, s.labels, s.heap, s.asked
    s.clock[0] += 1
    stamp = np.int32(s.clock[0])
    size, last = _start(nodes, g.edges, labels, heap, stamp, number, along, turn_m, aim)
    twin = g.edges[number].twin
    left = targets
    while size > 0 and heap[0].key <= last:  # beyond it every way is too long
        node = heap[0].node
        size = _drop(heap, size)
        label = labels[node]
        if label.settled == stamp:
            continue
        label.settled = stamp
        here = nodes[node]
        for at in range(here.out_start, here.out_end):
            arc = arcs[at]
            ask = asked[arc.base]
            if ask.stamp == stamp and not (label.came == AHEAD and arc.edge == twin):
                ask.stamp = -stamp if label.length < math.inf else 0
                ask.entry = node
                left -= 1
                if left == 0:
                    return stamp
            extra, turn = 0.0, label.turn
            if label.came == AHEAD and arc.edge == twin:
                extra = turn_end_m if here.dead_end else turn_m
                turn = TURN_AT_END if here.dead_end else TURN
            elif label.came >= 0 and arc.twin == label.came and not here.dead_end:
                continue
            way = (label.cost + arc.cost + extra, label.length + arc.length, label.free_s + arc.free_s)
            size, key = _label(nodes, labels, heap, stamp, size, arc.head, way, arc.edge, node, turn, aim)
            last = max(last, key)
    return stamp
