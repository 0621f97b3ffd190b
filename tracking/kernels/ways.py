"""Ways from the states of one column to those of the next: near ones, searched ones, off the road, over a fix, by a jump."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import inner
from tracking.kernels.costs import INF, direct, direct_s, turn_cost, way_cost
from tracking.kernels.paths import JUMP, TURN, TURN_AT_END, TURN_THERE, search

PAIRS = 32
"""Where twins of a column are noted in the working memory of a thread; before it the order of sources."""


@inner
def offer(states, trans, i, j, score, way, length, turn):  # type: ignore[no-untyped-def]
    """Offer state j of a column a way from state i, whose score is given, of the column before."""
    trans[i, j] = way
    state = states[j]
    if score + way < state.score:
        state.score = score + way
        state.back = i
        state.leg = length
        state.turn = turn
        state.over = -1


@inner
def _offer_over(states, trans, i, j, off_score, total, length, turn):  # type: ignore[no-untyped-def]
    """Offer state j a way that leaves the fix before out: from state i of the column before that, by the off-road state."""
    k = len(states) - 1
    trans[k, j] = min(trans[k, j], total - off_score)
    state = states[j]
    if total < state.score:
        state.score = total
        state.back = k
        state.leg = length
        state.turn = turn
        state.over = i


@inner
def off_road(rules, old, states, trans, before, column, k, straight, beta):  # type: ignore[no-untyped-def]
    """Ways into, along and out of the off-road state; its metres cost, or sparse fixes would leave every winding road."""
    metres = rules.off_share * straight / beta
    for i in range(before.count):
        if old[i].score < INF:
            offer(states, trans, i, k, old[i].score, rules.off_enter + metres, straight, 0)
    column.off_m = straight
    column.off_n = 1
    score = old[k].score
    if score == INF:
        return
    offer(states, trans, k, k, score, metres, straight, 0)
    if states[k].back == k:
        column.off_m = before.off_m + straight
        column.off_n = before.off_n + 1
    if before.first != 0 or (before.off_n >= rules.off_fixes and before.off_m + straight >= rules.off_run_m):
        for j in range(column.count):
            offer(states, trans, k, j, score, rules.off_leave + metres, straight, 0)


@inner
def pair(edges, states, n, memory):  # type: ignore[no-untyped-def]
    """Note for each state of a column which other is its twin, -1 none: in memory[PAIRS:]."""
    for j in range(n):
        memory[PAIRS + j] = -1
    for j in range(n):
        twin = edges[states[j].edge].twin
        if twin < 0 or memory[PAIRS + j] >= 0:
            continue
        for to in range(j + 1, n):
            if states[to].edge == twin:
                memory[PAIRS + j] = to
                memory[PAIRS + to] = j
                break


@inner
def _turned(rules, source, states, trans, i, n, memory):  # type: ignore[no-untyped-def]
    """Ways of state i that end with a turn: a state is reached by its twin at the price of turning round there."""
    price = turn_cost(rules, TURN, 0.0)
    for j in range(n):
        to = memory[PAIRS + j]
        if to < 0 or not trans[i, j] + price < trans[i, to]:
            continue
        state = states[j]
        held = state.edge == source.edge and state.along < source.along  # so little backwards is no movement
        if not held and state.back == i and state.over < 0 and state.leg >= 0.0 and state.turn != TURN_THERE:
            offer(states, trans, i, to, source.score, trans[i, j] + price, state.leg, TURN_THERE)


@inner
def near_ways(nodes, edges, rules, old, states, trans, m, n, leg, memory):  # type: ignore[no-untyped-def]
    """Ways without a search; memory: as `pair` left it."""
    straight, seconds, beta, sigma, speed, still_s = leg
    for i in range(m):
        score = old[i].score
        if score == INF:
            continue
        edge, along = old[i].edge, old[i].along
        for j in range(n):
            to, at = states[j].edge, states[j].along
            length, turn, found = direct(edges, edge, along, to, at, 4.0 * sigma)
            if not found:
                continue
            free_s = direct_s(edges, edge, along, to, at, length, turn)
            way = way_cost(rules, length, straight, seconds, free_s, beta, sigma, speed) + turn_cost(rules, turn, still_s)
            if turn == TURN and nodes[edges[edge].head].dead_end:
                other = edges[edge].length - along + at
                end = way_cost(rules, other, straight, seconds, 0.0, beta, sigma, speed) + rules.turn_end_cost
                if end < way:
                    way, length, turn = end, other, TURN_AT_END
            if way < INF:
                offer(states, trans, i, j, score, way, length, turn)
        _turned(rules, old[i], states, trans, i, n, memory)


@inner
def _wanted(g, s, rules, source, states, trans, i, n, start, leg, x, y):  # type: ignore[no-untyped-def]
    """Ask for the states that a search from a place of score `start` can be of use to: (how many, reach, longest).

    A state that row i of trans has a way to already is not asked for; i is -1 for ways that trans does not hold.
    """
    straight, seconds, beta, sigma, _, _ = leg
    stamp = np.int32(s.clock[0] + 1)
    furthest = rules.detour * straight + rules.detour_m
    if not math.isnan(seconds):
        furthest = min(furthest, rules.speed_limit * seconds + 4.0 * sigma)
    targets, reach, longest = 0, 0.0, 0.0
    best = states[len(states) - 1].score + states[len(states) - 1].emission
    for j in range(n):
        best = min(best, states[j].score + states[j].emission)
    for j in range(n):
        state = states[j]
        of_use = min(state.score + rules.keep_nats, best + rules.beam_nats - state.emission) - start
        limit = min(furthest, straight + beta * of_use)
        if limit < straight - abs(source.side) - abs(state.side) or limit <= state.along or (i >= 0 and trans[i, j] < INF):
            continue
        if direct(g.edges, source.edge, source.along, state.edge, state.along, 4.0 * sigma)[2]:
            continue
        tail = g.nodes[g.edges[state.edge].tail]
        s.asked[state.edge].stamp = stamp
        targets += 1
        dx, dy = tail.x - x, tail.y - y
        reach = max(reach, math.sqrt(dx * dx + dy * dy))
        longest = max(longest, limit - state.along)
    return targets, reach, longest


@inner
def far_ways(g, s, rules, old, states, trans, i, n, leg, x, y):  # type: ignore[no-untyped-def]
    """Ways from state i that need a search; it goes no farther than a way can be of use, and at first not even so far."""
    straight, seconds, beta, sigma, speed, still_s = leg
    score = old[i].score
    near = rules.first_detour * straight + (rules.turn_cost + 2.0) * beta + rules.first_detour_m
    for depth in range(2):
        targets, reach, longest = _wanted(g, s, rules, old[i], states, trans, i, n, score, leg, x, y)
        if targets == 0:
            return
        if depth == 1 and longest <= near:
            s.clock[0] += 1  # nobody looks for what was asked
            return
        cut = longest > near
        if depth == 0:
            longest = min(longest, near)
        aim = (x, y, reach, longest, g.cheapest[0])
        stamp = search(g, s, old[i].edge, old[i].along, targets, aim, rules.turn_m, rules.turn_end_m)
        for j in range(n):
            to = states[j].edge
            if s.asked[to].stamp != -stamp:
                continue
            label = s.labels[s.asked[to].entry]
            length = label.length + states[j].along
            free_s = label.free_s + states[j].along * g.edges[to].pace
            way = way_cost(rules, length, straight, seconds, free_s, beta, sigma, speed) + turn_cost(rules, label.turn, still_s)
            if way < INF:
                offer(states, trans, i, j, score, way, length, label.turn)
        _turned(rules, old[i], states, trans, i, n, s.stack)
        if not cut:
            return


@inner
def doubtful(rules, old, m, k):  # type: ignore[no-untyped-def]
    """True when a column's fix lies so badly that it may be worth leaving out."""
    if old[k].score == INF:
        return False
    best = INF
    for i in range(m):
        best = min(best, old[i].score)
    return best + rules.over_nats > old[k].score


@inner
def ways_over(g, s, rules, base, m, states, trans, n, off_score, leg, x, y):  # type: ignore[no-untyped-def]
    """Ways that leave the fix before out: one fix beside the road is an outlier, not a drive off the road.

    base: (k + 1,) the column before that fix, m of its states candidates; leg: from that column's fix to this one.
    """
    straight, seconds, beta, sigma, speed, still_s = leg
    k = len(states) - 1
    skipped = rules.off_enter + states[k].emission
    for i in range(m):
        start = base[i].score + skipped
        if start == INF:
            continue
        edge, along = base[i].edge, base[i].along
        targets, reach, longest = _wanted(g, s, rules, base[i], states, trans, -1, n, start, leg, x, y)
        stamp = np.int32(s.clock[0] + 1)
        if targets > 0:
            search(g, s, edge, along, targets, (x, y, reach, longest, g.cheapest[0]), rules.turn_m, rules.turn_end_m)
        for j in range(n):
            to, at = states[j].edge, states[j].along
            length, turn, found = direct(g.edges, edge, along, to, at, 0.0)
            free_s = direct_s(g.edges, edge, along, to, at, length, turn)
            if not found:
                if targets == 0 or s.asked[to].stamp != -stamp:
                    continue
                label = s.labels[s.asked[to].entry]
                length, turn, free_s = label.length + at, label.turn, label.free_s + at * g.edges[to].pace
            way = way_cost(rules, length, straight, seconds, free_s, beta, sigma, speed) + turn_cost(rules, turn, still_s)
            if way < INF:
                _offer_over(states, trans, i, j, off_score, start + way, length, turn)


@inner
def jump(rules, old, states, trans, m, n, straight, beta):  # type: ignore[no-untyped-def]
    """A way that no road explains, straight: for missing roads and wrong one-ways, dear enough to leave detours to drivers."""
    best = -1
    for i in range(m):
        if old[i].score < INF and (best < 0 or old[i].score < old[best].score):
            best = i
    if best < 0:
        return
    total = old[best].score + rules.jump_cost + rules.off_share * straight / beta
    for j in range(n):
        state = states[j]
        if total < state.score:
            state.score = total
            state.back = best
            state.leg = straight
            state.turn = JUMP
