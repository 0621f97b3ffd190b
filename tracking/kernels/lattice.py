"""One step of the hidden Markov model: from a column of candidates to the next. Batch and streaming are this same code."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from tracking.kernels.geodesy import leg_length
from tracking.kernels.grid import candidates, emission_cost
from tracking.kernels.paths import JUMP, TURN, TURN_AT_END, TURN_THERE, search

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
def direct(edges, edge, along, to, at, back_m):  # type: ignore[no-untyped-def]
    """Ways that need no search: (metres, turn, found) on the same edge, its twin, the next edge.

    back_m: so far backwards counts as no movement at all.
    """
    if to == edge:
        if at >= along:
            return at - along, 0, True
        return 0.0, 0, along - at <= back_m
    if edges[edge].twin == to:
        return abs(edges[to].length - at - along), TURN, True
    if edges[edge].head == edges[to].tail:
        return edges[edge].length - along + at, 0, True
    return 0.0, 0, False


@njit(cache=True, nogil=True)
def _offer(states, trans, i, j, score, way, length, turn):  # type: ignore[no-untyped-def]
    """Offer state j of a column a way from state i, whose score is given, of the column before."""
    trans[i, j] = way
    state = states[j]
    if score + way < state.score:
        state.score = score + way
        state.back = i
        state.leg = length
        state.turn = turn
        state.over = -1


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _off_road(rules, old, states, trans, before, column, k, straight, beta):  # type: ignore[no-untyped-def]
    """Ways into, along and out of the off-road state; its metres cost, or sparse fixes would leave every winding road."""
    metres = rules.off_share * straight / beta
    for i in range(before.count):
        if old[i].score < INF:
            _offer(states, trans, i, k, old[i].score, rules.off_enter + metres, straight, 0)
    column.off_m = straight
    column.off_n = 1
    score = old[k].score
    if score == INF:
        return
    _offer(states, trans, k, k, score, metres, straight, 0)
    if states[k].back == k:
        column.off_m = before.off_m + straight
        column.off_n = before.off_n + 1
    if before.first != 0 or (before.off_n >= rules.off_fixes and before.off_m + straight >= rules.off_run_m):
        for j in range(column.count):
            _offer(states, trans, k, j, score, rules.off_leave + metres, straight, 0)


@njit(cache=True, nogil=True)
def _near_ways(nodes, edges, rules, old, states, trans, m, n, leg):  # type: ignore[no-untyped-def]
    """Ways without a search."""
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
            new = edges[to]
            free_s = length / max(new.length, 1.0) * new.free_s
            if turn == 0 and to != edge:
                free_s = (1.0 - along / max(edges[edge].length, 1.0)) * edges[edge].free_s + at / max(new.length, 1.0) * new.free_s
            way = way_cost(rules, length, straight, seconds, free_s, beta, sigma, speed) + turn_cost(rules, turn, still_s)
            if turn == TURN and nodes[edges[edge].head].dead_end:
                other = edges[edge].length - along + at
                end = way_cost(rules, other, straight, seconds, 0.0, beta, sigma, speed) + rules.turn_end_cost
                if end < way:
                    way, length, turn = end, other, TURN_AT_END
            if way < INF:
                _offer(states, trans, i, j, score, way, length, turn)


@njit(cache=True, nogil=True)
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
    for j in range(n):
        state = states[j]
        limit = min(furthest, straight + beta * (state.score + rules.keep_nats - start))
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


@njit(cache=True, nogil=True)
def _turned(edges, rules, states, trans, i, score, n, still_s):  # type: ignore[no-untyped-def]
    """Ways of state i that end with a turn: a state is reached by its twin at the price of turning round there."""
    price = turn_cost(rules, TURN, 0.0)
    for j in range(n):
        twin = edges[states[j].edge].twin
        if twin < 0:
            continue
        for to in range(n):
            if states[to].edge == twin and trans[i, j] + price < trans[i, to]:
                length = states[j].leg if states[j].back == i and states[j].over < 0 else -1.0
                if length >= 0.0 and states[j].turn != TURN_THERE:
                    _offer(states, trans, i, to, score, trans[i, j] + price, length, TURN_THERE)


@njit(cache=True, nogil=True)
def _far_ways(g, s, rules, old, states, trans, i, n, leg, x, y):  # type: ignore[no-untyped-def]
    """Ways from state i that need a search; it goes no farther than a way can be of use, and at first not even so far."""
    straight, seconds, beta, sigma, speed, still_s = leg
    score = old[i].score
    near = rules.first_detour * straight + (rules.turn_cost + 2.0) * beta + rules.first_detour_m
    for depth in range(2):
        targets, reach, longest = _wanted(g, s, rules, old[i], states, trans, i, n, score, leg, x, y)
        if targets == 0 or (depth == 1 and longest <= near):
            return
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
            new = g.edges[to]
            free_s = label.free_s + states[j].along / max(new.length, 1.0) * new.free_s
            way = way_cost(rules, length, straight, seconds, free_s, beta, sigma, speed) + turn_cost(rules, label.turn, still_s)
            if way < INF:
                _offer(states, trans, i, j, score, way, length, label.turn)
        _turned(g.edges, rules, states, trans, i, score, n, still_s)


@njit(cache=True, nogil=True)
def _ways_over(g, s, rules, base, m, states, trans, n, off_score, leg, x, y):  # type: ignore[no-untyped-def]
    """Ways that leave the fix before out: one fix beside the road is an outlier, not a drive off the road.

    base: (k + 1,) the column before that fix, m of its states candidates; leg: from that column's fix to this one.
    """
    straight, seconds, beta, sigma, speed, still_s = leg
    k = len(states) - 1
    skipped = rules.off_enter + states[k].emission
    worst, best = -INF, INF
    for j in range(n):
        worst = max(worst, states[j].score)
    for i in range(m):
        best = min(best, base[i].score)
    if best + skipped > worst + rules.keep_nats or best == INF:
        return
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
            length, turn, found = direct(g.edges, edge, along, to, at, 4.0 * sigma)
            free_s = 0.0
            if not found:
                if targets == 0 or s.asked[to].stamp != -stamp:
                    continue
                label = s.labels[s.asked[to].entry]
                length, turn, free_s = label.length + at, label.turn, label.free_s
            way = way_cost(rules, length, straight, seconds, free_s, beta, sigma, speed) + turn_cost(rules, turn, still_s)
            if way < INF:
                _offer_over(states, trans, i, j, off_score, start + way, length, turn)


@njit(cache=True, nogil=True)
def _jump(rules, old, states, trans, m, n, straight, beta):  # type: ignore[no-untyped-def]
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


@njit(cache=True, nogil=True)
def _finish(old, states, trans, m, n, k):  # type: ignore[no-untyped-def]
    """Add emissions, hold offsets that would run backwards, sum the forward probabilities."""
    best = INF
    for j in range(k + 1):
        if j >= n and j != k:
            continue
        state = states[j]
        i = state.back
        if i >= 0 and j < n and i < m and state.leg == 0.0 and state.turn == 0 and old[i].edge == state.edge:
            state.along = max(state.along, old[i].along)
        total = 0.0
        low = INF
        for i in range(k + 1):
            if trans[i, j] < INF:
                low = min(low, trans[i, j] - old[i].alpha)
        for i in range(k + 1):
            if trans[i, j] < INF:
                total += math.exp(low - trans[i, j] + old[i].alpha)
        if total == 0.0 and state.turn == JUMP:
            trans[state.back, j] = state.score - old[state.back].score
            low, total = trans[state.back, j] - old[state.back].alpha, 1.0
        state.score += state.emission
        state.alpha = math.log(total) - low - state.emission if total > 0.0 else -INF
        best = min(best, -state.alpha)
    for j in range(k + 1):
        states[j].alpha += best


@njit(cache=True, nogil=True)
def _begin(rules, states, column, k, reason):  # type: ignore[no-untyped-def]
    """A column that hangs on none."""
    column.first = reason
    column.off_m = 0.0
    column.off_n = 1
    best = INF
    for j in range(k + 1):
        if j < column.count or j == k:
            states[j].score = states[j].emission + (rules.off_enter if j == k else 0.0)
            best = min(best, states[j].score)
    for j in range(k + 1):
        states[j].alpha = best - states[j].score


@njit(cache=True, nogil=True)
def sigma_of(rules, gnss2, quality):  # type: ignore[no-untyped-def]
    """Metres: receiver and map together."""
    gnss = min(max(math.sqrt(gnss2) * quality, rules.gnss_low_m), rules.gnss_high_m)
    return math.sqrt(gnss * gnss + rules.map_m * rules.map_m)


@njit(cache=True, nogil=True)
def _learn(rules, states, n, k, sigma, gnss2):  # type: ignore[no-untyped-def]
    """Receiver variance after a column: moves when the column is sure of its road, both directions together."""
    best, total = k, 0.0
    for j in range(k + 1):
        if j < n or j == k:
            total += math.exp(states[j].alpha)
            if states[j].alpha > states[best].alpha:
                best = j
    if best == k:
        return gnss2
    side = abs(states[best].side)
    sure = 0.0
    for j in range(n):
        if abs(abs(states[j].side) - side) < 1e-6:
            sure += math.exp(states[j].alpha)
    if sure < rules.learn_confidence * total:
        return gnss2
    residual = min(side, 3.0 * sigma)
    seen = max(residual * residual - rules.map_m * rules.map_m, 0.0)
    return min(max(gnss2 + (seen - gnss2) * rules.memory, rules.gnss_low_m * rules.gnss_low_m), rules.gnss_high_m * rules.gnss_high_m)


@njit(cache=True, nogil=True)
def _open(states, trans, k, off_cost):  # type: ignore[no-untyped-def]
    """An empty column."""
    for j in range(k + 1):
        state = states[j]
        state.score = INF
        state.alpha = -INF
        state.back = -1
        state.leg = 0.0
        state.turn = 0
        state.over = -1
        state.edge = -1
        for i in range(k + 1):
            trans[i, j] = INF
    states[k].emission = off_cost


@njit(cache=True, nogil=True)
def _sources(old, m, order):  # type: ignore[no-untyped-def]
    """States of a column that live, by score, the best first; how many."""
    count = 0
    for i in range(m):
        if old[i].score == INF:
            continue
        at = count
        while at > 0 and old[order[at - 1]].score > old[i].score:
            order[at] = order[at - 1]
            at -= 1
        order[at] = i
        count += 1
    return count


@njit(cache=True, nogil=True)
def step(g, s, table, fixes, at, lattice, rows, order, gap_s):  # type: ignore[no-untyped-def]
    """Fill the lattice's column rows[0] for the fix `at`; rows[1] and rows[2] are the columns of the two fixes before it, -1 none.

    columns[rows[1]].gnss2, or columns[rows[0]].gnss2 when there is none, is what the receiver's variance is believed to be;
    columns[rows[0]].gnss2 what it is afterwards. gap_s: a longer time between two fixes is a gap. order: (k,) int32 to use.
    """
    rules = table[0]
    row, before, base = rows
    fix, last = fixes[at], fixes[max(at - 1, 0)]
    states, trans, column = lattice.states[row], lattice.trans[row], lattice.columns[row]
    k = len(states) - 1
    _open(states, trans, k, emission_cost(rules.off_sigmas, 1.0))
    gnss2 = lattice.columns[before if before >= 0 else row].gnss2
    sigma = sigma_of(rules, gnss2, fix.quality)
    column.sigma = sigma
    straight, seconds, reason = 0.0, np.nan, START
    if before >= 0:
        straight = leg_length(last.lon, last.lat, fix.lon, fix.lat)
        seconds = fix.t - last.leave
        reason = BREAK_TIME if seconds > rules.break_s else BREAK_DISTANCE if straight > rules.break_m else 0
    heading = fix.heading if fix.speed >= rules.heading_speed else np.nan
    deviation = max(rules.heading_low, rules.heading_noise / max(fix.speed, 1.0)) if not math.isnan(heading) else 1.0
    most = np.int64(rules.gap_candidates) if seconds > gap_s else k
    radius = min(max(rules.radius_m, rules.radius_sigmas * sigma), rules.radius_limit_m)
    n = candidates(g, s, fix.x, fix.y, sigma, radius, heading, deviation, rules.heading_limit, states, most)
    column.count = n
    column.gnss2 = gnss2
    if reason != 0:
        _begin(rules, states, column, k, reason)
        return
    column.first = 0
    old, past = lattice.states[before], lattice.columns[before]
    beta = max(rules.beta_low_m, rules.beta_sigma * sigma) + rules.beta_share * straight
    leg = (straight, seconds, beta, sigma, 0.5 * (last.speed + fix.speed), last.leave - last.t)
    _off_road(rules, old, states, trans, past, column, k, straight, beta)
    _near_ways(g.nodes, g.edges, rules, old, states, trans, past.count, n, leg)
    _jump(rules, old, states, trans, past.count, n, straight, beta)
    sources = min(_sources(old, past.count, order), most)
    for i in range(sources):
        _far_ways(g, s, rules, old, states, trans, order[i], n, leg, fix.x, fix.y)
    if past.off_n == 1 and past.first == 0 and base >= 0 and old[k].score < INF:
        early, earlier = fixes[at - 2], lattice.columns[base]
        straight = leg_length(early.lon, early.lat, fix.lon, fix.lat)
        beta = max(rules.beta_low_m, rules.beta_sigma * sigma) + rules.beta_share * straight
        leg = (straight, fix.t - early.leave, beta, sigma, 0.5 * (early.speed + fix.speed), early.leave - early.t)
        _ways_over(g, s, rules, lattice.states[base], earlier.count, states, trans, n, old[k].score, leg, fix.x, fix.y)
    _finish(old, states, trans, past.count, n, k)
    column.gnss2 = _learn(rules, states, n, k, sigma, gnss2)


@njit(cache=True, nogil=True)
def forward(g, s, table, fixes, lattice, prior_m, gap_s):  # type: ignore[no-untyped-def]
    """All columns of a track; prior_m is the receiver's standard deviation to begin with."""
    order = np.empty(lattice.states.shape[1], np.int32)
    for i in range(len(fixes)):
        if i == 0:
            lattice.columns[0].gnss2 = prior_m * prior_m
        step(g, s, table, fixes, i, lattice, (i, i - 1, i - 2), order, gap_s)
