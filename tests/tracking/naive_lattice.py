"""Slow twins of `tracking.kernels.lattice`, `ways`, `detours`, `costs`, `route.backtrack` and `posterior`: every way searched for without a
bound, every sequence of states tried."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace
from typing import Any, NamedTuple

from tests.tracking.naive_search import ways
from tracking.kernels.paths import JUMP

INF = math.inf


class Leg(NamedTuple):
    """From one fix to another: metres, seconds or NaN, metres, metres, m/s or NaN, seconds stood before."""

    straight: float
    seconds: float
    beta: float
    sigma: float
    speed: float
    still_s: float


class Driven(NamedTuple):
    """A way: nats, metres, 1 when it begins with a turn, 2 with one at a dead end."""

    nats: float
    length: float
    turn: int


def rules_of(table: Any) -> Any:
    return SimpleNamespace(**{name: float(table[0][name]) for name in table.dtype.names})


def way_cost(rules: Any, length: float, free_s: float, leg: Leg) -> float:
    """Detour, haste, and a length that the reported speeds do not explain."""
    nats = [abs(length - leg.straight) / leg.beta]
    if math.isnan(leg.seconds):
        return nats[0]
    fastest = free_s / rules.excess_share
    if length > rules.speed_limit * leg.seconds + 4 * leg.sigma:
        return INF
    if fastest > leg.seconds and length > 4 * leg.sigma:
        nats.append((length - length * leg.seconds / fastest) / leg.beta)
    if leg.speed >= 0 and leg.seconds <= rules.speed_term_s:
        told = leg.speed * leg.seconds
        nats.append(min(0.5 * ((length - told) / (0.25 * told + 2 * leg.sigma + 5)) ** 2, rules.speed_term_limit))
    return sum(nats)


def turn_cost(rules: Any, turn: int, still_s: float) -> float:
    stood = rules.turn_still_cost if still_s >= rules.turn_still_s else rules.turn_cost
    return {0: 0.0, 1: stood, 2: rules.turn_end_cost}[turn]


def seconds_of(g: Any, edge: int, metres: float) -> float:
    """Seconds that so many metres of an edge take at its free speed."""
    length = float(g.edges[edge]["length"])
    return metres / length * float(g.edges[edge]["free_s"]) if length > 0.0 else 0.0


def direct(g: Any, place: tuple[int, float], to: tuple[int, float], back_m: float) -> list[tuple[float, int, float]]:
    """Ways that need no search, each (metres, turn, seconds at free speed); the two ways to turn on the spot or at the end."""
    (edge, along), (new, at) = place, to
    length, pace = float(g.edges[edge]["length"]), seconds_of(g, new, 1.0)
    if new == edge:
        if at >= along:
            return [(at - along, 0, (at - along) * pace)]
        return [(0.0, 0, 0.0)] if along - at <= back_m else []
    if g.edges[edge]["twin"] == new:
        ways = [(abs(float(g.edges[new]["length"]) - at - along), 1, abs(float(g.edges[new]["length"]) - at - along) * pace)]
        if g.nodes[g.edges[edge]["head"]]["dead_end"]:
            ways.append((length - along + at, 2, 0.0))
        return ways
    if g.edges[edge]["head"] == g.edges[new]["tail"]:
        return [(length - along + at, 0, seconds_of(g, edge, length - along) + at * pace)]
    return []


def drive(g: Any, rules: Any, place: tuple[int, float], to: tuple[int, float], leg: Leg, back_m: float) -> Driven:
    """The way from a place on an edge to another; infinite nats when there is none."""
    near = direct(g, place, to, back_m)
    if near:
        costs = [(way_cost(rules, m, free, leg) + turn_cost(rules, turn, leg.still_s), m, turn) for m, turn, free in near]
        return Driven(*min(costs, key=lambda way: way[0]))
    found = ways(g, *place, rules.turn_m, rules.turn_end_m).get(to[0])
    if found is None:
        return Driven(INF, INF, 0)
    length, free_s = found.length + to[1], found.free_s + seconds_of(g, *to)
    return Driven(way_cost(rules, length, free_s, leg) + turn_cost(rules, found.turn, leg.still_s), length, found.turn)


def over(g: Any, rules: Any, place: tuple[int, float], to: tuple[int, float], leg: Leg) -> float:
    """Nats of a way that leaves the fix between out; none goes back a little on an edge, none turns at a dead end without a search."""
    if place[0] == to[0] and 0.0 < place[1] - to[1] <= 4.0 * leg.sigma:
        return INF
    near = direct(g, place, to, 0.0)
    if near:
        length, turn, free_s = near[0]
        return way_cost(rules, length, free_s, leg) + turn_cost(rules, turn, leg.still_s)
    return drive(g, rules, place, to, leg, 0.0).nats


def detour(g: Any, rules: Any, place: tuple[int, float], to: tuple[int, float], leg: Leg) -> float:
    """Nats of a way whose length needs no reason, for a time that is known."""
    if math.isnan(leg.seconds):
        return INF
    near = direct(g, place, to, 4.0 * leg.sigma)[:1]
    if not near and (found := ways(g, *place, rules.turn_m, rules.turn_end_m).get(to[0])) is not None:
        near = [(found.length + to[1], found.turn, found.free_s + seconds_of(g, *to))]
    nats = [way_cost(rules, m, s, leg._replace(straight=m)) + turn_cost(rules, turn, leg.still_s) for m, turn, s in near]
    return rules.detour_nats + min(nats, default=INF)


def pieces(lattice: Any) -> list[range]:
    """Columns that hang together."""
    first = [row for row, column in enumerate(lattice.columns) if column["first"] != 0]
    return [range(a, b) for a, b in itertools.pairwise([*first, len(lattice.columns)])]


def sequences(lattice: Any, rules: Any, rows: range, jumps: bool) -> dict[tuple[int, ...], float]:
    """Nats of every sequence of states of a piece; jumps: with the ways over land, which the lattice keeps apart."""
    k = lattice.states.shape[1] - 1
    alive = [[*range(int(lattice.columns[row]["count"])), k] for row in rows]
    out = {}
    for sequence in itertools.product(*alive):
        nats = float(lattice.states[rows[0], sequence[0]]["emission"]) + (rules.off_enter if sequence[0] == k else 0.0)
        for row, (i, j) in zip(rows[1:], itertools.pairwise(sequence), strict=True):
            state = lattice.states[row, j]
            way = float(lattice.trans[row, i, j])
            if jumps and state["turn"] == JUMP and state["back"] == i:
                way = min(way, float(state["score"] - state["emission"] - lattice.states[row - 1, i]["score"]))
            nats += way + float(state["emission"])
        if nats < INF:
            out[sequence] = nats
    return out


def share(sequences: dict[tuple[int, ...], float], at: int, state: int) -> float:
    """Probability that a sequence passes through a state of its column `at`."""
    least = min(sequences.values())
    weight = {sequence: math.exp(least - nats) for sequence, nats in sequences.items()}
    return sum(w for sequence, w in weight.items() if sequence[at] == state) / sum(weight.values())
