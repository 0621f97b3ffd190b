"""One step of the hidden Markov model: from a column of candidates to the next. Batch and streaming are this same code."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import inner, lean
from tracking.kernels.costs import INF, NOTHING
from tracking.kernels.detours import detours, unexplained
from tracking.kernels.geodesy import leg_length
from tracking.kernels.grid import candidates, emission_cost
from tracking.kernels.paths import JUMP
from tracking.kernels.ways import doubtful, far_ways, jump, near_ways, off_road, pair, ways_over

START, BREAK_TIME, BREAK_DISTANCE = 1, 2, 3
"""Why a column begins a new piece."""
STOP_S = 60.0
"""A stop this long stands for many fixes and is never left out."""


@inner
def _finish(old, states, trans, m, n, k):  # type: ignore[no-untyped-def]
    """Add emissions, hold offsets that would run backwards, sum the forward probabilities. States: 0 to m or n, and k."""
    best = INF
    for to in range(n + 1):
        j = to if to < n else k
        state = states[j]
        i = state.back
        if i >= 0 and j < n and i < m and state.leg == 0.0 and state.turn == 0 and old[i].edge == state.edge:
            state.along = max(state.along, old[i].along)
        low = INF
        for come in range(m + 1):
            i = come if come < m else k
            if trans[i, j] < INF:
                low = min(low, trans[i, j] - old[i].alpha)
        total = 0.0
        for come in range(m + 1):
            i = come if come < m else k
            less = low - trans[i, j] + old[i].alpha
            if less > NOTHING:
                total += math.exp(less)
        if total == 0.0 and state.turn == JUMP:
            trans[state.back, j] = state.score - old[state.back].score
            low, total = trans[state.back, j] - old[state.back].alpha, 1.0
        state.score += state.emission
        state.alpha = math.log(total) - low - state.emission if total > 0.0 else -INF
        best = min(best, -state.alpha)
    for j in range(k + 1):
        states[j].alpha += best


@inner
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


@lean
def sigma_of(rules, gnss2, quality):  # type: ignore[no-untyped-def]
    """Metres: receiver and map together."""
    gnss = min(max(math.sqrt(gnss2) * quality, rules.gnss_low_m), rules.gnss_high_m)
    return math.sqrt(gnss * gnss + rules.map_m * rules.map_m)


@inner
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


@inner
def _open(states, k, off_cost):  # type: ignore[no-untyped-def]
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
    states[k].emission = off_cost


@inner
def _clear(trans, m, n, k):  # type: ignore[no-untyped-def]
    """No ways yet from states 0 to m and k to states 0 to n and k; the rest of `trans` is never read."""
    for i in range(m):
        trans[i, :n] = INF
        trans[i, k] = INF
    trans[k, :n] = INF
    trans[k, k] = INF


@inner
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


@lean
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
    _open(states, k, emission_cost(rules.off_sigmas, 1.0))
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
    _clear(trans, past.count, n, k)
    off_road(rules, old, states, trans, past, column, k, straight, beta)
    pair(g.edges, states, n, s.stack)
    near_ways(g.nodes, g.edges, rules, old, states, trans, past.count, n, leg, s.stack)
    jump(rules, old, states, trans, past.count, n, straight, beta)
    sources = min(_sources(old, past.count, order), most)
    for i in range(sources):
        far_ways(g, s, rules, old, states, trans, order[i], n, leg, fix.x, fix.y)
    if past.off_n == 1 and past.first == 0 and base >= 0 and not last.leave > last.t + STOP_S and doubtful(rules, old, past.count, k):
        early, earlier = fixes[at - 2], lattice.columns[base]
        straight = leg_length(early.lon, early.lat, fix.lon, fix.lat)
        beta = max(rules.beta_low_m, rules.beta_sigma * sigma) + rules.beta_share * straight
        over = (straight, fix.t - early.leave, beta, sigma, 0.5 * (early.speed + fix.speed), early.leave - early.t)
        ways_over(g, s, rules, lattice.states[base], earlier.count, states, trans, n, old[k].score, over, fix.x, fix.y)
    if sources > 0 and unexplained(rules, states, n, old[order[0]].score):
        detours(g, s, rules, old, states, trans, order, sources, n, leg, fix.x, fix.y)
    _finish(old, states, trans, past.count, n, k)
    column.gnss2 = _learn(rules, states, n, k, sigma, gnss2)


@lean
def backtrack(lattice, chosen):  # type: ignore[no-untyped-def]
    """Fill chosen (rows,) int32 with the best state of every column, each piece from its end."""
    k = lattice.states.shape[1] - 1
    rows = len(chosen)
    for row in range(rows - 1, -1, -1):
        if row < rows - 1 and lattice.columns[row + 1].first == 0:
            chosen[row] = lattice.states[row + 1, chosen[row + 1]].back
            if row < rows - 2 and lattice.columns[row + 2].first == 0 and lattice.states[row + 2, chosen[row + 2]].over >= 0:
                chosen[row] = lattice.states[row + 2, chosen[row + 2]].over
            continue
        best = k
        for j in range(lattice.columns[row].count):
            if lattice.states[row, j].score < lattice.states[row, best].score:
                best = j
        chosen[row] = best


@lean
def forward(g, s, table, fixes, lattice, prior_m, gap_s, chosen):  # type: ignore[no-untyped-def]
    """All columns of a track, and its best states; prior_m is the receiver's standard deviation to begin with; chosen: (rows,)
    int32, filled."""
    for i in range(len(fixes)):
        if i == 0:
            lattice.columns[0].gnss2 = prior_m * prior_m
        step(g, s, table, fixes, i, lattice, (i, i - 1, i - 2), s.stack, gap_s)
    backtrack(lattice, chosen)
