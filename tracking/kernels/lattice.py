"""One step of the hidden Markov model: from a column of candidates to the next. Batch and streaming are this same code."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels.geodesy import leg_length
from tracking.kernels.grid import candidates, emission_cost
from tracking.kernels.paths import TURN, TURN_AT_END, search

INF = np.inf
START, BREAK_TIME, BREAK_DISTANCE = 1, 2, 3
"""Why a column begins a new piece."""


@njit(cache=True, nogil=True)
def way_cost(rules, length, straight, seconds, free_s, beta, sigma, speed):  # type: ignore[no-untyped-def]
    """Nats of a route against what the fixes say.

    Args:
        length, straight: metres of the route and of the straight line; seconds: between the fixes, NaN when unknown;
        free_s: seconds of the route at free speed; beta, sigma: metres; speed: mean reported m/s or NaN.
    """
    cost = abs(length - straight) / beta
    if math.isnan(seconds):
        return cost
    if length > rules.speed_limit * seconds + 4.0 * sigma:
        return INF
    if free_s > rules.excess_share * seconds and length > 4.0 * sigma:
        cost += length * (1.0 - rules.excess_share * seconds / free_s) / beta
    if not math.isnan(speed) and seconds <= rules.speed_term_s:
        z = (length - speed * seconds) / (0.25 * speed * seconds + 2.0 * sigma + 5.0)
        cost += min(0.5 * z * z, rules.speed_term_limit)
    return cost


@njit(cache=True, nogil=True)
def turn_cost(rules, turn, still_s):  # type: ignore[no-untyped-def]
    """Nats of turning round."""
    if turn == 0:
        return 0.0
    if turn == TURN_AT_END:
        return rules.turn_end_cost
    return rules.turn_still_cost if still_s >= rules.turn_still_s else rules.turn_cost


@njit(cache=True, nogil=True)
def direct(g, edge, along, to, at, back_m):  # type: ignore[no-untyped-def]
    """Ways that need no search: (metres, turn, found) on the same edge, its twin, the next edge.

    back_m: so far backwards counts as no movement at all.
    """
    if to == edge:
        if at >= along:
            return at - along, 0, True
        return 0.0, 0, along - at <= back_m
    if g.twin[edge] == to:
        return abs(g.length_m[to] - at - along), TURN, True
    if g.head[edge] == g.tail[to]:
        return g.length_m[edge] - along + at, 0, True
    return 0.0, 0, False


@njit(cache=True, nogil=True)
def _offer(lattice, before, row, i, j, way, length, turn):  # type: ignore[no-untyped-def]
    """Offer state j of the row a way from state i of the column before."""
    lattice.trans[row, i, j] = way
    score = lattice.score[before, i] + way
    if score < lattice.score[row, j]:
        lattice.score[row, j] = score
        lattice.back[row, j] = i
        lattice.leg[row, j] = length
        lattice.turn[row, j] = turn


@njit(cache=True, nogil=True)
def _off_road(rules, lattice, before, row, m, n, k, straight, beta):  # type: ignore[no-untyped-def]
    """Ways into, along and out of the off-road state; its metres cost, or sparse fixes would leave every winding road."""
    metres = rules.off_share * straight / beta
    for i in range(m):
        if lattice.score[before, i] < INF:
            _offer(lattice, before, row, i, k, rules.off_enter + metres, straight, 0)
    lattice.off_m[row] = straight
    lattice.off_n[row] = 1
    if lattice.score[before, k] == INF:
        return
    _offer(lattice, before, row, k, k, metres, straight, 0)
    if lattice.back[row, k] == k:
        lattice.off_m[row] = lattice.off_m[before] + straight
        lattice.off_n[row] = lattice.off_n[before] + 1
    begun = lattice.first[before] != 0
    if begun or (lattice.off_n[before] >= rules.off_fixes and lattice.off_m[before] + straight >= rules.off_run_m):
        for j in range(n):
            _offer(lattice, before, row, k, j, rules.off_leave + metres, straight, 0)


@njit(cache=True, nogil=True)
def _near_ways(g, rules, lattice, before, row, m, n, leg):  # type: ignore[no-untyped-def]
    """Ways without a search."""
    straight, seconds, beta, sigma, speed, still_s = leg
    for i in range(m):
        if lattice.score[before, i] == INF:
            continue
        edge, along = lattice.edge[before, i], lattice.along[before, i]
        for j in range(n):
            to, at = lattice.edge[row, j], lattice.along[row, j]
            length, turn, found = direct(g, edge, along, to, at, 4.0 * sigma)
            if not found:
                continue
            free_s = length / max(g.length_m[to], 1.0) * g.free_s[to]
            if turn == 0 and to != edge:
                free_s = (1.0 - along / max(g.length_m[edge], 1.0)) * g.free_s[edge] + at / max(g.length_m[to], 1.0) * g.free_s[to]
            way = way_cost(rules, length, straight, seconds, free_s, beta, sigma, speed) + turn_cost(rules, turn, still_s)
            if turn == TURN and g.dead_end[g.head[edge]]:
                other = g.length_m[edge] - along + at
                end = way_cost(rules, other, straight, seconds, 0.0, beta, sigma, speed) + rules.turn_end_cost
                if end < way:
                    way, length, turn = end, other, TURN_AT_END
            if way < INF:
                _offer(lattice, before, row, i, j, way, length, turn)


@njit(cache=True, nogil=True)
def _far_ways(g, s, rules, lattice, before, row, i, n, leg, x, y):  # type: ignore[no-untyped-def]
    """Ways from state i that need a search; it goes no farther than a way can be of use."""
    straight, seconds, beta, sigma, speed, still_s = leg
    edge, along = lattice.edge[before, i], lattice.along[before, i]
    stamp = np.int32(s.clock[0] + 1)
    furthest = rules.detour * straight + rules.detour_m
    if not math.isnan(seconds):
        furthest = min(furthest, rules.speed_limit * seconds + 4.0 * sigma)
    targets, reach, longest = 0, 0.0, 0.0
    for j in range(n):
        if lattice.trans[row, i, j] < INF:
            continue
        limit = min(furthest, straight + beta * (lattice.score[row, j] + rules.keep_nats - lattice.score[before, i]))
        to = lattice.edge[row, j]
        limit -= lattice.along[row, j]
        if limit <= 0.0:
            continue
        s.wanted[to] = stamp
        targets += 1
        dx, dy = g.node_x[g.tail[to]] - x, g.node_y[g.tail[to]] - y
        reach = max(reach, math.sqrt(dx * dx + dy * dy))
        longest = max(longest, limit)
    if targets == 0:
        return
    search(g, s, rules, edge, along, targets, (x, y, reach, longest))
    for j in range(n):
        to = lattice.edge[row, j]
        if s.wanted[to] != -stamp:
            continue
        node = s.entry[to]
        length = s.node_length[node] + lattice.along[row, j]
        free_s = s.node_free_s[node] + lattice.along[row, j] / max(g.length_m[to], 1.0) * g.free_s[to]
        turn = s.node_turn[node]
        way = way_cost(rules, length, straight, seconds, free_s, beta, sigma, speed) + turn_cost(rules, turn, still_s)
        if way < INF:
            _offer(lattice, before, row, i, j, way, length, turn)


@njit(cache=True, nogil=True)
def _finish(lattice, before, row, n, k, m):  # type: ignore[no-untyped-def]
    """Add emissions, hold offsets that would run backwards, sum the forward probabilities."""
    best = INF
    for j in range(k + 1):
        if j >= n and j != k:
            continue
        i = lattice.back[row, j]
        if i >= 0 and j < n and i < m and lattice.edge[before, i] == lattice.edge[row, j] and lattice.turn[row, j] == 0:
            if lattice.leg[row, j] == 0.0:
                lattice.along[row, j] = max(lattice.along[row, j], lattice.along[before, i])
        total = 0.0
        low = INF
        for i in range(k + 1):
            if lattice.trans[row, i, j] < INF:
                low = min(low, lattice.trans[row, i, j] - lattice.alpha[before, i])
        for i in range(k + 1):
            if lattice.trans[row, i, j] < INF:
                total += math.exp(low - lattice.trans[row, i, j] + lattice.alpha[before, i])
        lattice.score[row, j] += lattice.emission[row, j]
        lattice.alpha[row, j] = math.log(total) - low - lattice.emission[row, j] if total > 0.0 else -INF
        best = min(best, -lattice.alpha[row, j])
    for j in range(k + 1):
        lattice.alpha[row, j] += best


@njit(cache=True, nogil=True)
def _order(lattice, before, m, order):  # type: ignore[no-untyped-def]
    """States of a column by score, the best first."""
    for i in range(m):
        at = i
        while at > 0 and lattice.score[before, order[at - 1]] > lattice.score[before, i]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = i


@njit(cache=True, nogil=True)
def _open(lattice, row, k):  # type: ignore[no-untyped-def]
    """An empty column."""
    for j in range(k + 1):
        lattice.score[row, j] = INF
        lattice.alpha[row, j] = -INF
        lattice.back[row, j] = -1
        lattice.leg[row, j] = 0.0
        lattice.turn[row, j] = 0
        for i in range(k + 1):
            lattice.trans[row, i, j] = INF


@njit(cache=True, nogil=True)
def _begin(rules, lattice, row, n, k, reason):  # type: ignore[no-untyped-def]
    """A column that hangs on none."""
    lattice.first[row] = reason
    for j in range(n):
        lattice.score[row, j] = lattice.emission[row, j]
    lattice.score[row, k] = lattice.emission[row, k] + rules.off_enter
    best = INF
    for j in range(k + 1):
        best = min(best, lattice.score[row, j])
    for j in range(k + 1):
        lattice.alpha[row, j] = best - lattice.score[row, j]
    lattice.off_m[row] = 0.0
    lattice.off_n[row] = 1


@njit(cache=True, nogil=True)
def sigma_of(rules, gnss2, quality, lanes):  # type: ignore[no-untyped-def]
    """Metres: receiver and map together."""
    wide = rules.map_m + rules.lane_m * max(lanes - 2.0, 0.0)
    gnss = math.sqrt(gnss2) * quality
    gnss = min(max(gnss, rules.gnss_low_m), rules.gnss_high_m)
    return math.sqrt(gnss * gnss + wide * wide)


@njit(cache=True, nogil=True)
def _learn(rules, lattice, row, n, k, gnss2):  # type: ignore[no-untyped-def]
    """Receiver variance after a column: moves when the column is sure of its road."""
    best, total = k, 0.0
    for j in range(k + 1):
        if j < n or j == k:
            total += math.exp(lattice.alpha[row, j])
            if lattice.alpha[row, j] > lattice.alpha[row, best]:
                best = j
    if best == k:
        return gnss2
    edge = lattice.edge[row, best]
    sure = 0.0
    for j in range(n):  # both directions of a road lie equally far
        if abs(abs(lattice.side[row, j]) - abs(lattice.side[row, best])) < 1e-6 or lattice.edge[row, j] == edge:
            sure += math.exp(lattice.alpha[row, j])
    if sure < rules.learn_confidence * total:
        return gnss2
    residual = min(abs(lattice.side[row, best]), 3.0 * lattice.sigma[row])
    seen = max(residual * residual - rules.map_m * rules.map_m, 0.0)
    low, high = rules.gnss_low_m * rules.gnss_low_m, rules.gnss_high_m * rules.gnss_high_m
    return min(max(gnss2 + (seen - gnss2) * rules.memory, low), high)


@njit(cache=True, nogil=True)
def step(g, s, rules, fixes, i, before, lattice, row, order, gap_s):  # type: ignore[no-untyped-def]
    """Fill the lattice's column `row` for fix i; `before` is the column of fix i - 1, -1 when there is none.

    lattice.gnss2[before] is what the receiver's variance is believed to be; gnss2[row] what it is afterwards.
    gap_s: from here on the time between two fixes is a gap. order: (k,) int32 to use.
    """
    k = rules.k
    _open(lattice, row, k)
    gnss2 = lattice.gnss2[before if before >= 0 else row]
    sigma = sigma_of(rules, gnss2, fixes.quality[i], 2.0)
    lattice.sigma[row] = sigma
    straight, seconds, reason = 0.0, np.nan, START
    if before >= 0:
        straight = leg_length(fixes.lon[i - 1], fixes.lat[i - 1], fixes.lon[i], fixes.lat[i])
        seconds = fixes.t[i] - fixes.leave[i - 1]
        reason = BREAK_TIME if seconds > rules.break_s else BREAK_DISTANCE if straight > rules.break_m else 0
    heading = fixes.heading[i] if fixes.speed[i] >= rules.heading_speed else np.nan
    deviation = max(rules.heading_low, rules.heading_noise / max(fixes.speed[i], 1.0)) if not math.isnan(heading) else 1.0
    gap = seconds > gap_s
    n = candidates(g, s, rules, fixes.x[i], fixes.y[i], sigma, heading, deviation, lattice, row, rules.gap_candidates if gap else k)
    lattice.count[row] = n
    lattice.emission[row, k] = emission_cost(rules.off_sigmas, 1.0)
    if before < 0 or reason != 0:
        _begin(rules, lattice, row, n, k, reason)
        lattice.gnss2[row] = gnss2
        return
    lattice.first[row] = 0
    m = lattice.count[before]
    beta = max(rules.beta_low_m, rules.beta_sigma * sigma) + rules.beta_share * straight
    speed = 0.5 * (fixes.speed[i - 1] + fixes.speed[i])
    leg = (straight, seconds, beta, sigma, speed, fixes.leave[i - 1] - fixes.t[i - 1])
    _off_road(rules, lattice, before, row, m, n, k, straight, beta)
    _near_ways(g, rules, lattice, before, row, m, n, leg)
    _order(lattice, before, m, order)
    for at in range(min(m, rules.gap_candidates) if gap else m):
        if lattice.score[before, order[at]] < INF:
            _far_ways(g, s, rules, lattice, before, row, order[at], n, leg, fixes.x[i], fixes.y[i])
    _finish(lattice, before, row, n, k, m)
    lattice.gnss2[row] = _learn(rules, lattice, row, n, k, gnss2)


@njit(cache=True, nogil=True)
def forward(g, s, rules, fixes, lattice, prior_m, gap_s):  # type: ignore[no-untyped-def]
    """All columns of a track; prior_m is the receiver's standard deviation to begin with."""
    order = np.empty(rules.k, np.int32)
    for i in range(len(fixes.x)):
        if i == 0:
            lattice.gnss2[0] = prior_m * prior_m
        step(g, s, rules, fixes, i, i - 1, lattice, i, order, gap_s)
