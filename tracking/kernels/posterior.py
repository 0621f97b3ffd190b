"""How sure a chosen state is: forward-backward over the stored lattice."""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _backward(states, trans, after, here, k):  # type: ignore[no-untyped-def]
    """Backward probabilities of a column (nats, up to a constant) from those of the next one, whose states and ways are given."""
    for j in range(k + 1):
        top = -math.inf
        for to in range(k + 1):
            if trans[j, to] < math.inf:
                top = max(top, after[to] - trans[j, to] - states[to].emission)
        sums = 0.0
        for to in range(k + 1):
            if trans[j, to] < math.inf:
                sums += math.exp(after[to] - trans[j, to] - states[to].emission - top)
        here[j] = top + math.log(sums) if sums > 0.0 else -math.inf


@njit(cache=True, nogil=True)
def posterior(g, fixes, lattice, chosen, limits, confidence, low, high):  # type: ignore[no-untyped-def]
    """Forward-backward: how probable the chosen road is, and the limits of roads that are not improbable.

    Args:
        limits: (E,) uint8 km/h; confidence: (rows,) filled with 0 to 1, both directions of the road together unless a heading
        tells them apart; low, high: (rows,) uint8 filled with the limits over roads of at least 0.05.
    """
    rows = len(chosen)
    k = lattice.states.shape[1] - 1
    after, here = np.zeros(k + 1), np.zeros(k + 1)
    for row in range(rows - 1, -1, -1):
        if row == rows - 1 or lattice.columns[row + 1].first != 0:
            here[:] = 0.0
        else:
            _backward(lattice.states[row + 1], lattice.trans[row + 1], after, here, k)
        states, count = lattice.states[row], lattice.columns[row].count
        top, best, total = -math.inf, -math.inf, 0.0
        for j in range(k + 1):
            if j >= count and j != k:
                here[j] = -math.inf
            top = max(top, here[j])
        for j in range(k + 1):
            here[j] -= top
            best = max(best, here[j] + states[j].alpha)
        for j in range(k + 1):
            total += math.exp(here[j] + states[j].alpha - best)
        _judge(g.edges, fixes[row].heading, states, count, chosen[row], here, best, total, limits, row, confidence, low, high)
        after, here = here, after


@njit(cache=True, nogil=True)
def _judge(edges, heading, states, count, state, here, best, total, limits, row, confidence, low, high):  # type: ignore[no-untyped-def]
    """One row of `posterior`."""
    sure = math.exp(here[state] + states[state].alpha - best) / total
    low[row], high[row] = 0, 0
    if state == len(states) - 1:
        confidence[row] = sure
        return
    edge = states[state].edge
    low[row], high[row] = limits[edge], limits[edge]
    for j in range(count):
        share = math.exp(here[j] + states[j].alpha - best) / total
        other = states[j].edge
        if other == edges[edge].twin and math.isnan(heading):
            sure += share
        if share >= 0.05 and limits[other] > 0:
            low[row] = min(low[row], limits[other]) if low[row] > 0 else limits[other]
            high[row] = max(high[row], limits[other])
    confidence[row] = min(sure, 1.0)
