"""The window of a vehicle: states that the newest two columns come from; what they all share is committed, the rest may be forced."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import lean
from tracking.kernels.live_state import BASE, LAST
from tracking.kernels.paths import JUMP
from tracking.kernels.route import BACK_ON_ROAD, LEFT_ROAD, NO_WAY, _leg

INF = math.inf


@lean
def extend(rec, work, t_ms):  # type: ignore[no-untyped-def]
    """Take the new column of the lattice over as the newest tips; a piece that begins has an empty window behind it."""
    states, column = work.lattice.states[2], work.lattice.columns[2]
    k = len(states) - 1
    rec.sequence += 1
    place = rec.sequence % len(rec.column_ms)
    rec.column_ms[place], rec.column_sigma[place] = t_ms, column.sigma
    if column.first != 0:
        rec.columns, rec.nodes, rec.rooted, rec.root_sequence, rec.first = 0, 0, 0, rec.sequence, column.first
    for j in range(k + 1):
        past = rec.tip_node[LAST, j] if rec.columns > 0 else -1
        before = rec.tip_node[BASE, j] if rec.columns > 1 else -1
        rec.tip_node[BASE, j] = past
        work.marks[j, 0], work.marks[j, 1] = past, before
        rec.tip_score[BASE, j], rec.tip_side[BASE, j] = rec.tip_score[LAST, j], rec.tip_side[LAST, j]
    rec.count[BASE] = rec.count[LAST] if rec.columns > 0 else 0
    for j in range(k + 1):
        state = states[j]
        rec.tip_node[LAST, j], rec.tip_score[LAST, j], rec.tip_alpha[j] = -1, INF, -INF
        if (j >= column.count and j != k) or state.score == INF:
            continue
        node = np.int64(rec.nodes)
        rec.nodes = node + 1
        rec.tip_node[LAST, j], rec.tip_score[LAST, j], rec.tip_side[LAST, j] = node, state.score, state.side
        rec.tip_alpha[j] = state.alpha
        rec.node_along[node], rec.node_leg[node], rec.node_turn[node] = state.along, state.leg, state.turn
        rec.node_edge[node] = state.edge if j != k else -1
        rec.node_column[node] = place
        rec.node_up[node] = -1
        if column.first == 0:
            rec.node_up[node] = work.marks[state.over, 1] if state.over >= 0 else work.marks[state.back, 0]
    rec.count[LAST] = column.count
    rec.columns = min(rec.columns + 1, 2)
    rec.gnss2, rec.off_m, rec.off_n = column.gnss2, column.off_m, column.off_n


@lean
def sweep(rec, marks):  # type: ignore[no-untyped-def]
    """Forget the nodes that no tip comes from; the others close up in their order."""
    n = rec.nodes
    for i in range(n):
        marks[i, 0] = 0
    for row in range(2):
        for j in range(len(rec.tip_alpha)):
            if rec.tip_node[row, j] >= 0:
                marks[rec.tip_node[row, j], 0] = 1
    for i in range(n - 1, -1, -1):
        if marks[i, 0] == 1 and rec.node_up[i] >= 0:
            marks[rec.node_up[i], 0] = 1
    to = 0
    for i in range(n):
        if marks[i, 0] == 0:
            continue
        marks[i, 1] = to
        if to != i:
            rec.node_along[to], rec.node_leg[to], rec.node_turn[to] = rec.node_along[i], rec.node_leg[i], rec.node_turn[i]
            rec.node_edge[to], rec.node_column[to] = rec.node_edge[i], rec.node_column[i]
        rec.node_up[to] = marks[rec.node_up[i], 1] if rec.node_up[i] >= 0 else -1
        to += 1
    rec.nodes = to
    for row in range(2):
        for j in range(len(rec.tip_alpha)):
            if rec.tip_node[row, j] >= 0:
                rec.tip_node[row, j] = marks[rec.tip_node[row, j], 1]


@lean
def _shared(rec):  # type: ignore[no-untyped-def]
    """The node after the committed one that every tip comes from or is; -1 when there is none."""
    root = 0 if rec.rooted else -1
    if rec.rooted:
        for row in range(2):
            for j in range(len(rec.tip_alpha)):
                if rec.tip_node[row, j] == 0:
                    return -1
    only = -1
    for i in range(rec.nodes):
        if rec.node_up[i] == root and i != root:
            if only >= 0:
                return -1
            only = i
    return only


@lean
def best_tip(rec):  # type: ignore[no-untyped-def]
    """The newest column's best state, as `route.backtrack` chooses it."""
    best = len(rec.tip_alpha) - 1
    for j in range(rec.count[LAST]):
        if rec.tip_score[LAST, j] < rec.tip_score[LAST, best]:
            best = j
    return best


@lean
def _likeliest(rec):  # type: ignore[no-untyped-def]
    """The node after the committed one that the best tip comes from or is; -1 when it is the committed one."""
    root = 0 if rec.rooted else -1
    node = rec.tip_node[LAST, best_tip(rec)]
    if node == root:
        return -1
    while rec.node_up[node] != root:
        node = rec.node_up[node]
    return node


@lean
def overdue(rec, now_ms, bounds):  # type: ignore[no-untyped-def]
    """True when the oldest column must be committed: it is too old, or there is no room for another one. bounds: (ms, columns)."""
    lag_ms, window = bounds
    following = rec.root_sequence + rec.rooted
    if rec.columns == 0 or following > rec.sequence:
        return False
    if now_ms - rec.column_ms[following % len(rec.column_ms)] > lag_ms:
        return True
    return rec.sequence - rec.root_sequence + 2 > window or rec.nodes + len(rec.tip_alpha) > len(rec.node_up)


@lean
def _emit(rec, node, work, slot, committed, ends):  # type: ignore[no-untyped-def]
    """Write one committed fix down, and the ends of the way to it."""
    used = work.used[0]
    column = np.int64(rec.node_column[node])
    fix, was, now = committed[used], ends[used, 0], ends[used, 1]
    edge, leg = rec.node_edge[node], rec.node_leg[node]
    reason = rec.first
    now.edge = -1
    if rec.rooted:
        was_on, on = rec.node_edge[0] >= 0, edge >= 0
        reason = LEFT_ROAD if was_on and not on else BACK_ON_ROAD if on and not was_on else 0
        if was_on and on and rec.node_turn[node] == JUMP:
            reason = NO_WAY
        if was_on and on and reason == 0:
            was.edge, was.along = rec.node_edge[0], rec.node_along[0]
            now.edge, now.along, now.leg, now.turn = edge, rec.node_along[node], leg, rec.node_turn[node]
            now.sigma = rec.column_sigma[column]
    else:
        leg = 0.0
    rec.piece_m = rec.piece_m + leg if reason == 0 else leg if reason == LEFT_ROAD else 0.0
    rec.committed_m += leg
    rec.number += 1
    fix.number, fix.t_ms, fix.edge, fix.slot, fix.reason = rec.number, rec.column_ms[column], edge, slot, reason
    fix.along_m = rec.node_along[node] if edge >= 0 else np.nan
    fix.leg_m, fix.path_m = leg, rec.piece_m
    work.used[0] = used + 1


@lean
def _root(rec, node, marks):  # type: ignore[no-untyped-def]
    """Make a node the committed one; tips that do not come from it are dropped."""
    for i in range(rec.nodes):
        marks[i, 0] = 1 if i == node or (i > node and rec.node_up[i] >= 0 and marks[rec.node_up[i], 0] == 1) else 0
    for row in range(2):
        for j in range(len(rec.tip_alpha)):
            tip = rec.tip_node[row, j]
            if tip >= 0 and marks[tip, 0] == 0:
                rec.tip_node[row, j], rec.tip_score[row, j] = -1, INF
                if row == LAST:
                    rec.tip_alpha[j] = -INF
    window = len(rec.column_ms)
    rec.root_sequence += (rec.node_column[node] - rec.root_sequence) % window
    rec.rooted = 1
    rec.node_up[node] = -1


@lean
def settle(rec, work, slot, now_ms, bounds, committed, ends):  # type: ignore[no-untyped-def]
    """Commit what all tips share and what is overdue.

    Args:
        bounds: the oldest age of a column that is not committed, and how many columns at most; committed: (n,) `COMMITTED`, filled
        from work.used on; ends: (n, 2) `END` of the way to each.
    """
    sweep(rec, work.marks)
    while True:
        node = _shared(rec)
        if node < 0 and overdue(rec, now_ms, bounds):
            node = _likeliest(rec)
        if node < 0:
            return
        _emit(rec, node, work, slot, committed, ends)
        _root(rec, node, work.marks)
        sweep(rec, work.marks)


@lean
def lead(g, s, table, committed, ends, at, parts, used):  # type: ignore[no-untyped-def]
    """Write down the parts of the ways that lead to committed fixes, from row `at` and part `used` on.

    Returns:
        (row, part) that come next; row < len(committed) when `parts` has no room for its way.
    """
    for row in range(at, len(committed)):
        count = used
        if ends[row, 1].edge >= 0:
            count = _leg(g, s, table[0], ends[row, 0], ends[row, 1], ends[row, 1].sigma, parts, used, used)
            if count < 0:
                return row, used
        committed[row].part_start, committed[row].part_end = used, count
        used = count
    return len(committed), used
