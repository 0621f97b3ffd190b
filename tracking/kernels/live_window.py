"""The window of a vehicle: states that the newest two columns come from; what they all share is committed, the rest may be forced."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import lean
from tracking.kernels.live_state import BASE, LAST
from tracking.kernels.paths import JUMP
from tracking.kernels.route import BACK_ON_ROAD, LEFT_ROAD, NO_WAY, leg_parts

INF = math.inf
TIP = 1 << 20
"""What a tip counts for where it stands."""


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
def _follow(rec, marks):  # type: ignore[no-untyped-def]
    """Count what comes from each node: marks[i, 0], a tip as `TIP`, 0 for a node that none comes from; how many living nodes begin."""
    for i in range(rec.nodes):
        marks[i, 0] = 0
    for row in range(2):
        for j in range(len(rec.tip_alpha)):
            if rec.tip_node[row, j] >= 0:
                marks[rec.tip_node[row, j], 0] += TIP
    heads = 0
    for i in range(rec.nodes - 1, -1, -1):
        if marks[i, 0] != 0 and rec.node_up[i] >= 0:
            marks[rec.node_up[i], 0] += 1
        elif marks[i, 0] != 0:
            heads += 1
    return heads


@lean
def _close_up(rec, marks, first):  # type: ignore[no-untyped-def]
    """Forget the nodes before the first and those that are not marked; the others close up in their order."""
    to = 0
    for i in range(first, rec.nodes):
        if marks[i, 0] == 0:
            continue
        marks[i, 1] = to
        if to != i:
            rec.node_along[to], rec.node_leg[to], rec.node_turn[to] = rec.node_along[i], rec.node_leg[i], rec.node_turn[i]
            rec.node_edge[to], rec.node_column[to] = rec.node_edge[i], rec.node_column[i]
        up = np.int64(rec.node_up[i])
        rec.node_up[to] = marks[up, 1] if up >= first else -1
        to += 1
    if to == rec.nodes:
        return
    rec.nodes = to
    for row in range(2):
        for j in range(len(rec.tip_alpha)):
            if rec.tip_node[row, j] >= 0:
                rec.tip_node[row, j] = marks[rec.tip_node[row, j], 1]


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
def _emit(rec, root, node, work, slot, committed, ends):  # type: ignore[no-untyped-def]
    """Commit a node after the committed one (root, -1 when there is none): write its fix down, and the ends of the way to it."""
    used = work.used[0]
    column = np.int64(rec.node_column[node])
    fix, was, now = committed[used], ends[used, 0], ends[used, 1]
    edge, leg = rec.node_edge[node], rec.node_leg[node]
    reason = rec.first
    now.edge = -1
    if root >= 0:
        was_on, on = rec.node_edge[root] >= 0, edge >= 0
        reason = LEFT_ROAD if was_on and not on else BACK_ON_ROAD if on and not was_on else 0
        if was_on and on and rec.node_turn[node] == JUMP:
            reason = NO_WAY
        if was_on and on and reason == 0:
            was.edge, was.along = rec.node_edge[root], rec.node_along[root]
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
    rec.root_sequence += (column - rec.root_sequence) % len(rec.column_ms)
    rec.rooted = 1


@lean
def _root(rec, node, marks):  # type: ignore[no-untyped-def]
    """Keep what comes from a node, which becomes the first; tips that do not are dropped."""
    for i in range(rec.nodes):
        marks[i, 0] = 1 if i == node or (i > node and rec.node_up[i] >= 0 and marks[rec.node_up[i], 0] == 1) else 0
    for row in range(2):
        for j in range(len(rec.tip_alpha)):
            tip = rec.tip_node[row, j]
            if tip >= 0 and marks[tip, 0] == 0:
                rec.tip_node[row, j], rec.tip_score[row, j] = -1, INF
                if row == LAST:
                    rec.tip_alpha[j] = -INF
    _close_up(rec, marks, node)


@lean
def settle(rec, work, slot, now_ms, bounds, committed, ends):  # type: ignore[no-untyped-def]
    """Commit what all tips share and what is overdue.

    Args:
        bounds: the oldest age of a column that is not committed, and how many columns at most; committed: (n,) `COMMITTED`, filled
        from work.used on; ends: (n, 2) `END` of the way to each.
    """
    marks = work.marks
    while True:
        heads = _follow(rec, marks)
        root = 0 if rec.rooted else -1
        shared = heads == 1 and (root < 0 or marks[0, 0] == 1)
        while shared:  # all that lives comes from the next living node
            node = root + 1
            while marks[node, 0] == 0:
                node += 1
            _emit(rec, root, node, work, slot, committed, ends)
            root = node
            shared = marks[root, 0] == 1
        _close_up(rec, marks, max(root, 0))
        node = _likeliest(rec) if overdue(rec, now_ms, bounds) else -1
        if node < 0:
            _point(rec)
            return
        _emit(rec, 0 if rec.rooted else -1, node, work, slot, committed, ends)
        _root(rec, node, marks)


@lean
def _point(rec):  # type: ignore[no-untyped-def]
    """Note where the vehicle is likeliest to be, and the metres from what is committed to there."""
    best = best_tip(rec)
    node = np.int64(rec.tip_node[LAST, best])
    rec.likely_edge, rec.likely_along, rec.likely_side = rec.node_edge[node], rec.node_along[node], rec.tip_side[LAST, best]
    last = 0 if rec.rooted else -1
    rec.likely_m = 0.0
    while node != last and rec.node_up[node] >= 0:
        rec.likely_m += rec.node_leg[node]
        node = np.int64(rec.node_up[node])


@lean
def lead(g, s, table, committed, ends, at, parts, used):  # type: ignore[no-untyped-def]
    """Write down the parts of the ways that lead to committed fixes, from row `at` and part `used` on.

    Returns:
        (row, part) that come next; row < len(committed) when `parts` has no room for its way.
    """
    for row in range(at, len(committed)):
        count = used
        if ends[row, 1].edge >= 0:
            count = leg_parts(g, s, table[0], ends[row, 0], ends[row, 1], ends[row, 1].sigma, parts, used, used)
            if count < 0:
                return row, used
        committed[row].part_start, committed[row].part_end = used, count
        used = count
    return len(committed), used
