"""Ways much longer than the straight line: serpentines, roads round a valley, when nothing else explains a fix."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import inner
from tracking.kernels.costs import direct, direct_s, turn_cost, way_cost
from tracking.kernels.paths import search
from tracking.kernels.ways import offer


@inner
def unexplained(rules, states, n, score):  # type: ignore[no-untyped-def]
    """True when the best way to a column costs more than a detour would; score: that of the best state before."""
    k = len(states) - 1
    best = states[k].score + states[k].emission
    for j in range(n):
        best = min(best, states[j].score + states[j].emission)
    return best > score + rules.detour_nats


@inner
def _ask(g, s, rules, source, states, n, furthest, sigma, x, y):  # type: ignore[no-untyped-def]
    """Ask for the states that a detour may be the best way to: (how many, reach, longest)."""
    stamp = np.int32(s.clock[0] + 1)
    targets, reach, longest = 0, 0.0, 0.0
    for j in range(n):
        state = states[j]
        if source.score + rules.detour_nats >= state.score or furthest <= state.along:
            continue
        if direct(g.edges, source.edge, source.along, state.edge, state.along, 4.0 * sigma)[2]:
            continue
        tail = g.nodes[g.edges[state.edge].tail]
        s.asked[state.edge].stamp = stamp
        targets += 1
        dx, dy = tail.x - x, tail.y - y
        reach = max(reach, math.sqrt(dx * dx + dy * dy))
        longest = max(longest, furthest - state.along)
    return targets, reach, longest


@inner
def detours(g, s, rules, old, states, trans, order, sources, n, leg, x, y):  # type: ignore[no-untyped-def]
    """Ways that cost the same however long they are, if there was the time to drive them.

    A vehicle that leaves the road for one fix, or a road missing in the map, is less likely than a bend not seen.
    """
    straight, seconds, beta, sigma, speed, still_s = leg
    if math.isnan(seconds):
        return
    furthest = min(rules.detour * straight + rules.detour_m, rules.speed_limit * seconds + 4.0 * sigma)
    for at in range(sources):
        i = order[at]
        targets, reach, longest = _ask(g, s, rules, old[i], states, n, furthest, sigma, x, y)
        stamp = np.int32(0)
        if targets > 0:
            aim = (x, y, reach, longest, g.cheapest[0])
            stamp = search(g, s, old[i].edge, old[i].along, targets, aim, rules.turn_m, rules.turn_end_m)
        for j in range(n):
            edge, along, to, there = old[i].edge, old[i].along, states[j].edge, states[j].along
            length, turn, found = direct(g.edges, edge, along, to, there, 4.0 * sigma)
            free_s = direct_s(g.edges, edge, along, to, there, length, turn)
            if not found:
                if targets == 0 or s.asked[to].stamp != -stamp:
                    continue
                label = s.labels[s.asked[to].entry]
                length, turn, free_s = label.length + there, label.turn, label.free_s + there * g.edges[to].pace
            way = way_cost(rules, length, length, seconds, free_s, beta, sigma, speed)
            way += rules.detour_nats + turn_cost(rules, turn, still_s)
            if way < trans[i, j]:
                offer(states, trans, i, j, old[i].score, way, length, turn)
