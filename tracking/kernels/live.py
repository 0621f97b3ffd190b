"""Streaming: rows of many vehicles, each into its own record, by the step that batch matching takes."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import lean
from tracking.kernels.lattice import step
from tracking.kernels.live_cleaning import LATE, receive, says_more, silent
from tracking.kernels.live_state import BASE, FORMAT, LAST, WAITING
from tracking.kernels.live_window import best_tip, extend, overdue, settle
from tracking.kernels.posterior import judge
from tracking.kernels.spells import KEPT, STILL, THINNED

ON_ROAD, OFF_ROAD, STANDING, LEFT_OUT, VOID = 0, 1, 2, 3, 4
"""States of a row: `tracking.matched.State`."""
AT_ONCE = (-1, 1)
"""Bounds that leave nothing."""


@lean
def _put(fix, values):  # type: ignore[no-untyped-def]
    """A `FIX` from a row of a record."""
    fix.x, fix.y, fix.lon, fix.lat, fix.t = values[0], values[1], values[2], values[3], values[4]
    fix.leave, fix.speed, fix.heading, fix.quality = values[5], values[6], values[7], values[8]


@lean
def _keep(values, fix):  # type: ignore[no-untyped-def]
    """A row of a record from a `FIX`."""
    values[0], values[1], values[2], values[3], values[4] = fix.x, fix.y, fix.lon, fix.lat, fix.t
    values[5], values[6], values[7], values[8] = fix.leave, fix.speed, fix.heading, fix.quality


@lean
def _read(fix, row, x, y, quality, radians):  # type: ignore[no-untyped-def]
    """A `FIX` from a `POSITION`, in the precision of `domain.track.Track`."""
    fix.x, fix.y, fix.lon, fix.lat = x, y, row.lon_e6 / 1e6, row.lat_e6 / 1e6
    fix.t = row.t_ms / 1000.0
    fix.leave = fix.t
    fix.speed = np.float32(np.float32(row.speed_kmh10) / np.float32(10.0)) / np.float32(3.6) if row.speed_kmh10 >= 0 else np.nan
    fix.heading = radians[row.heading_deg] if row.flags & 256 == 0 and 0 <= row.heading_deg < len(radians) else np.nan
    fix.quality = 1.0
    if row.satellites >= 0:
        fix.quality = quality[min(np.int64(row.satellites), len(quality) - 1)]


@lean
def _unpack(rec, lattice):  # type: ignore[no-untyped-def]
    """The tips of a record as the lattice's columns 0 (base) and 1 (the one before)."""
    k = len(rec.tip_alpha) - 1
    for row in range(2 - rec.columns, 2):
        states, column = lattice.states[row], lattice.columns[row]
        column.count, column.first = rec.count[row], 0
        for j in range(k + 1):
            if j >= rec.count[row] and j != k:
                continue
            state, node = states[j], rec.tip_node[row, j]
            state.score, state.side = rec.tip_score[row, j], rec.tip_side[row, j]
            state.edge, state.along = -1, 0.0
            if node >= 0:
                state.edge, state.along = rec.node_edge[node], rec.node_along[node]
            state.alpha = rec.tip_alpha[j]
    column = lattice.columns[1]
    column.gnss2, column.off_m, column.off_n = rec.gnss2, rec.off_m, rec.off_n
    column.first = rec.first if rec.columns == 1 else 0
    lattice.columns[2].gnss2 = rec.gnss2


@lean
def _feed(m, rec, work, slot, committed, ends):  # type: ignore[no-untyped-def]
    """Take work.fixes[2] in as a new column."""
    fix = work.fixes[2]
    _unpack(rec, work.lattice)
    _put(work.fixes[0], rec.fix[BASE])
    _put(work.fixes[1], rec.fix[LAST])
    rows = (2, 1 if rec.columns > 0 else -1, 0 if rec.columns > 1 else -1)
    m.scratch.clock[0] += 1  # what an earlier column still asked for is not this one's
    step(m.graph, m.scratch, m.rules, work.fixes, 2, work.lattice, rows, work.order, m.gap_s)
    if work.lattice.columns[2].first != 0 and rec.columns > 0:
        now_ms = rec.column_ms[rec.sequence % len(rec.column_ms)]
        settle(rec, work, slot, now_ms, AT_ONCE, committed, ends)
    extend(rec, work, np.int64(round(fix.t * 1000.0)))
    _keep(rec.fix[BASE], work.fixes[1])
    _keep(rec.fix[LAST], fix)
    _weigh(m, rec, work)
    now_ms = rec.column_ms[rec.sequence % len(rec.column_ms)]
    settle(rec, work, slot, now_ms, m.bounds, committed, ends)


@lean
def _weigh(m, rec, work):  # type: ignore[no-untyped-def]
    """How sure the newest column is of its best state, and the limits of the states that are not improbable."""
    states, count, ahead = work.lattice.states[2], np.int64(rec.count[LAST]), work.ahead
    k = len(states) - 1
    best, total = states[k].alpha, 0.0
    for j in range(count):
        best = max(best, states[j].alpha)
    for j in range(count):
        total += math.exp(states[j].alpha - best)
    total += math.exp(states[k].alpha - best)
    heading = rec.fix[LAST, 7]
    judge(m.graph.edges, heading, states, count, best_tip(rec), ahead, best, total, m.limits, 0, work.confidence, work.low, work.high)
    rec.confidence, rec.limit_low, rec.limit_high = work.confidence[0], work.low[0], work.high[0]


@lean
def _tell(rec, code, row):  # type: ignore[no-untyped-def]
    """Write down what is known of a row; code: of its cleaning."""
    row.edge, row.along_m, row.offset_m, row.late = -1, np.nan, np.nan, code == LATE
    row.state = LEFT_OUT if code == THINNED else STANDING if code == STILL else VOID
    row.driven_m, row.confidence, row.sigma_m, row.limit_low_kmh, row.limit_high_kmh = rec.committed_m, 0.0, np.nan, 0, 0
    if rec.columns == 0:
        return
    row.confidence, row.limit_low_kmh, row.limit_high_kmh = rec.confidence, rec.limit_low, rec.limit_high
    row.sigma_m = rec.column_sigma[rec.sequence % len(rec.column_ms)]
    row.driven_m += rec.likely_m
    if code == KEPT:
        row.state = ON_ROAD if rec.likely_edge >= 0 else OFF_ROAD
    if rec.likely_edge >= 0:
        row.edge, row.along_m, row.offset_m = rec.likely_edge, rec.likely_along, rec.likely_side


@lean
def _foreign(m, rec):  # type: ignore[no-untyped-def]
    """True for a record that was not written with this model."""
    return rec.network != m.identity[0] or rec.parameters != m.identity[1] or rec.format != FORMAT


@lean
def advance(m, work, states, rows, slots, at, x, y, estimates, committed, ends):  # type: ignore[no-untyped-def]
    """Take rows in, from row `at` on.

    Args:
        m: `Model`; states: `MATCH_STATE`s, written to; rows: (n,) `POSITION`; slots: (n,) int64, the state of each row; x, y: (n,)
        plane metres; estimates: (n,) `ESTIMATE`, filled; committed, ends: filled from work.used on.
    Returns:
        the row that comes next; below n its record is not of this model, or `committed` has no room for what a row may commit.
    """
    for i in range(at, len(rows)):
        slot = slots[i]
        rec, row = states[slot], rows[i]
        if _foreign(m, rec) or work.used[0] + len(rec.column_ms) + 3 > len(committed):
            return i
        code = receive(rec, row, x[i], y[i], m.cleaning)
        if code == KEPT:
            if silent(rec, row.t_ms / 1000.0, m.cleaning):
                _put(work.fixes[2], rec.fix[WAITING])
                _feed(m, rec, work, slot, committed, ends)
            rec.waits = 0
            _read(work.fixes[2], row, x[i], y[i], m.quality, m.radians)
            code = says_more(rec, work.fixes[2], m.cleaning)
            if code == KEPT:
                _feed(m, rec, work, slot, committed, ends)
            else:
                _keep(rec.fix[WAITING], work.fixes[2])
                rec.waits = 1
        elif code == STILL and rec.columns > 0:
            rec.waits = 0
            rec.fix[LAST, 5] = row.t_ms / 1000.0
        if code != KEPT and code != LATE and overdue(rec, row.t_ms, m.bounds):
            settle(rec, work, slot, row.t_ms, m.bounds, committed, ends)
        _tell(rec, code, estimates[i])
    return len(rows)


@lean
def flush(m, work, states, slots, at, committed, ends):  # type: ignore[no-untyped-def]
    """Commit all that is known and end the tracks of the given states, from `at` on; what comes next, as `advance`."""
    for i in range(at, len(slots)):
        rec = states[slots[i]]
        if _foreign(m, rec) or work.used[0] + len(rec.column_ms) + 3 > len(committed):
            return i
        if rec.waits:
            _put(work.fixes[2], rec.fix[WAITING])
            _feed(m, rec, work, slots[i], committed, ends)
            rec.waits = 0
        if rec.columns > 0:
            now_ms = rec.column_ms[rec.sequence % len(rec.column_ms)]
            settle(rec, work, slots[i], now_ms, AT_ONCE, committed, ends)
        rec.columns, rec.nodes, rec.rooted = 0, 0, 0
        for row in range(2):
            for j in range(len(rec.tip_alpha)):
                rec.tip_node[row, j] = -1
    return len(slots)
