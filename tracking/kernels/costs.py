"""What a way from one fix to the next costs, and the ways that need no search. Costs are negative log-likelihoods, nats."""

from __future__ import annotations

import math

import numpy as np

from tracking.kernels.compiled import inner
from tracking.kernels.paths import TURN, TURN_AT_END

INF = np.inf
NOTHING = -37.5
"""A probability of this logarithm beside one of 1 is lost in rounding."""


@inner
def way_cost(rules, length, straight, seconds, free_s, beta, sigma, speed):  # type: ignore[no-untyped-def]
    """Nats of a route against what the fixes say.

    Args:
        length, straight: metres of the route and of the straight line; seconds: between the fixes, NaN when unknown;
        free_s: seconds of the route at free speed; beta, sigma: metres; speed: mean reported m/s or NaN.
    """
    metres = abs(length - straight)
    if math.isnan(seconds):
        return metres / beta
    if length > rules.speed_limit * seconds + 4.0 * sigma:
        return INF
    if free_s > rules.excess_share * seconds and length > 4.0 * sigma:
        metres += length * (1.0 - rules.excess_share * seconds / free_s)
    cost = metres / beta
    if not math.isnan(speed) and seconds <= rules.speed_term_s:
        z = (length - speed * seconds) / (0.25 * speed * seconds + 2.0 * sigma + 5.0)
        cost += min(0.5 * z * z, rules.speed_term_limit)
    return cost


@inner
def turn_cost(rules, turn, still_s):  # type: ignore[no-untyped-def]
    """Nats of turning round."""
    if turn == 0:
        return 0.0
    if turn == TURN_AT_END:
        return rules.turn_end_cost
    return rules.turn_still_cost if still_s >= rules.turn_still_s else rules.turn_cost


@inner
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


@inner
def direct_s(edges, edge, along, to, at, length, turn):  # type: ignore[no-untyped-def]
    """Seconds at free speed of a way that needs no search, `length` metres with `turn`."""
    if turn == 0 and to != edge:
        return (edges[edge].length - along) * edges[edge].pace + at * edges[to].pace
    return length * edges[to].pace
