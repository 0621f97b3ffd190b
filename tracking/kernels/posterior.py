"""How sure a chosen state is: forward-backward over the stored lattice."""

from __future__ import annotations

import math

from tracking.kernels.compiled import inner, lean
from tracking.kernels.costs import NOTHING


@inner
def _backward(states, count, trans, after, here, before, k):  # type: ignore[no-untyped-def]
    """Backward probabilities of a column (nats, up to a constant) of `before` candidates from those of the next one, whose states,
    count and ways are given; states that the next column has not are -inf in `after`, which is overwritten."""
    for to in range(count + 1):
        at = to if to < count else k
        after[at] -= states[at].emission
    for come in range(before + 1):
        j = come if come < before else k
        top = -math.inf
        for to in range(count + 1):
            at = to if to < count else k
            if trans[j, at] < math.inf:
                top = max(top, after[at] - trans[j, at])
        sums = 0.0
        if top > -math.inf:
            for to in range(count + 1):
                at = to if to < count else k
                less = after[at] - trans[j, at] - top
                if less > NOTHING:
                    sums += math.exp(less)
        here[j] = top + math.log(sums) if sums > 0.0 else -math.inf


@lean
def posterior(g, fixes, lattice, chosen, limits, beliefs, confidence, low, high):  # type: ignore[no-untyped-def]
    """Forward-backward: how probable the chosen road is, and the limits of roads that are not improbable.

    Args:
        limits: (E,) uint8 km/h; beliefs: (2, k + 1) float64 to work in; confidence: (rows,) filled with 0 to 1, both directions
        of the road together unless a heading tells them apart; low, high: (rows,) uint8 filled with the limits over roads of at
        least 0.05.
    """
    rows = len(chosen)
    k = lattice.states.shape[1] - 1
    after, here = beliefs[0], beliefs[1]
    for row in range(rows - 1, -1, -1):
        states, count = lattice.states[row], lattice.columns[row].count
        here[:] = -math.inf
        if row == rows - 1 or lattice.columns[row + 1].first != 0:
            here[:count] = 0.0
            here[k] = 0.0
        else:
            _backward(lattice.states[row + 1], lattice.columns[row + 1].count, lattice.trans[row + 1], after, here, count, k)
        top, best, total = -math.inf, -math.inf, 0.0
        for j in range(k + 1):
            top = max(top, here[j])
        for j in range(k + 1):
            here[j] -= top
        for on in range(count + 1):
            j = on if on < count else k
            best = max(best, here[j] + states[j].alpha)
        for on in range(count + 1):
            j = on if on < count else k
            less = here[j] + states[j].alpha - best
            if less > NOTHING:
                total += math.exp(less)
        judge(g.edges, fixes[row].heading, states, count, chosen[row], here, best, total, limits, row, confidence, low, high)
        after, here = here, after


@inner
def judge(edges, heading, states, count, state, here, best, total, limits, row, confidence, low, high):  # type: ignore[no-untyped-def]
    """One row of `posterior`."""
    sure = math.exp(here[state] + states[state].alpha - best) / total
    low[row], high[row] = 0, 0
    if state == len(states) - 1:
        confidence[row] = sure
        return
    edge = states[state].edge
    low[row], high[row] = limits[edge], limits[edge]
    for j in range(count):
        less = here[j] + states[j].alpha - best
        if not less > NOTHING:
            continue
        share = math.exp(less) / total
        other = states[j].edge
        if other == edges[edge].twin and math.isnan(heading):
            sure += share
        if share >= 0.05 and limits[other] > 0:
            low[row] = min(low[row], limits[other]) if low[row] > 0 else limits[other]
            high[row] = max(high[row], limits[other])
    confidence[row] = min(sure, 1.0)
