"""Columns, ways between them, the best states and how sure they are, against every way and every sequence there is."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tracking import naive_lattice as naive
from tests.tracking.naive_search import graph
from tests.tracking.small_roads import degrees
from tests.tracking.test_kernels_search import drawings, network_of
from tracking.kernels.costs import direct, direct_s, turn_cost, way_cost
from tracking.kernels.geodesy import leg_length
from tracking.kernels.graph import FIX, STATE, Graph, Lattice, Scratch, lattice_for
from tracking.kernels.grid import candidates
from tracking.kernels.lattice import backtrack, forward, sigma_of
from tracking.kernels.paths import JUMP
from tracking.kernels.posterior import posterior
from tracking.network.model import RoadNetwork
from tracking.parameters import MatchParameters

COMPILES = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The first case waits for the compiler."""
RULES = MatchParameters().rules()
WIDE = RULES.copy()
for _name in ("detour", "detour_m", "first_detour", "first_detour_m", "keep_nats", "beam_nats", "detour_nats"):
    WIDE[_name] = 1e9


class Case(NamedTuple):
    """A network, fixes on it, the lattice that `forward` filled, and its best states."""

    network: RoadNetwork
    g: Graph
    s: Scratch
    fixes: Any
    lattice: Lattice
    chosen: Any


@st.composite
def cases(draw: st.DrawFn, table: Any = RULES, *, k: int = 3, most: int = 4, bans: bool = True) -> Case:
    """Fixes beside the roads of a drawing, some far away, some after a stop; with speeds and headings or without."""
    network = network_of(draw(drawings(bans=bans)))
    rows = draw(st.integers(1, most))
    fixes = np.zeros(rows, FIX)
    away = st.sampled_from([0.0, 3.0, -8.0, 15.0, -30.0, 70.0])
    timed, headed = draw(st.booleans()), draw(st.booleans())
    t = 0.0
    for row in range(rows):
        j = draw(st.integers(0, network.x_m.size - 1))
        fixes[row]["x"], fixes[row]["y"] = network.x_m[j] + draw(away), network.y_m[j] + draw(away)
        t += draw(st.sampled_from([2.0, 20.0, 40.0, 100.0, 2_000.0]))
        fixes[row]["t"] = t if timed else math.nan
        t += draw(st.sampled_from([0.0, 0.0, 50.0, 200.0]))
        fixes[row]["leave"] = t if timed else math.nan
        fixes[row]["speed"] = draw(st.sampled_from([math.nan, 0.0, 5.0, 20.0]))
        fixes[row]["heading"] = draw(st.floats(0.0, 6.28)) if headed else math.nan
        fixes[row]["quality"] = draw(st.sampled_from([0.8, 1.0, 4.0]))
    x0, y0 = network.project(*degrees(0.0, 0.0))
    fixes["lon"], fixes["lat"] = degrees(fixes["x"] - x0, fixes["y"] - y0)
    g, s = graph(network)
    lattice = lattice_for(rows, k)
    chosen = np.full(rows, -7, np.int32)
    forward(g, s, table, fixes, lattice, draw(st.sampled_from([4.0, 10.0, 30.0])), math.inf, chosen)
    return Case(network, g, s, fixes, lattice, chosen)


def legs_of(case: Case, table: Any, row: int, since: int) -> naive.Leg:
    rules, fix, last = naive.rules_of(table), case.fixes[row], case.fixes[since]
    straight = leg_length(last["lon"], last["lat"], fix["lon"], fix["lat"])
    sigma = float(case.lattice.columns[row]["sigma"])
    beta = max(rules.beta_low_m, rules.beta_sigma * sigma) + rules.beta_share * straight
    seconds, speed = float(fix["t"] - last["leave"]), 0.5 * float(last["speed"] + fix["speed"])
    return naive.Leg(straight, seconds, beta, sigma, speed, float(last["leave"] - last["t"]))


def fresh(case: Case, table: Any, row: int) -> Any:
    """The candidates of a fix as they are before the ways to them are known."""
    rules, fix, k = naive.rules_of(table), case.fixes[row], case.lattice.states.shape[1] - 1
    states, sigma = np.zeros(k + 1, STATE), float(case.lattice.columns[row]["sigma"])
    radius = min(max(rules.radius_m, rules.radius_sigmas * sigma), rules.radius_limit_m)
    heading = float(fix["heading"]) if fix["speed"] >= rules.heading_speed else math.nan
    deviation = max(rules.heading_low, rules.heading_noise / max(float(fix["speed"]), 1.0)) if not math.isnan(heading) else 1.0
    count = candidates(case.g, case.s, fix["x"], fix["y"], sigma, radius, heading, deviation, rules.heading_limit, states, k)
    assert count == case.lattice.columns[row]["count"]
    assert (states["emission"][:count] == case.lattice.states["emission"][row, :count]).all()
    return states[:count]


numbers = st.floats(0.0, 3_000.0)


@settings(max_examples=150, deadline=None)
@given(
    numbers, numbers, st.just(math.nan) | st.floats(0.1, 300.0), st.floats(0.0, 400.0), st.floats(5.0, 100.0), st.floats(3.0, 50.0),
    st.just(math.nan) | st.floats(0.0, 40.0), st.integers(0, 2), st.floats(0.0, 300.0),
)  # fmt: skip
def test_costs_agree_with_their_twins(
    length: float, straight: float, seconds: float, free_s: float, beta: float, sigma: float, speed: float, turn: int, still_s: float
) -> None:
    rules, leg = naive.rules_of(RULES), naive.Leg(straight, seconds, beta, sigma, speed, still_s)
    found = way_cost(RULES[0], length, straight, seconds, free_s, beta, sigma, speed)
    assert found == pytest.approx(naive.way_cost(rules, length, free_s, leg), rel=1e-9, abs=1e-9)
    assert turn_cost(RULES[0], turn, still_s) == naive.turn_cost(rules, turn, still_s)


@settings(max_examples=80, deadline=None)
@given(drawings(), st.data())
def test_near_ways_agree_with_their_twin(drawing: Any, data: st.DataObject) -> None:
    g, _ = graph(network_of(drawing))
    number, shares = st.integers(0, len(g.edges) - 1), st.floats(0.0, 1.0)
    edge, to = data.draw(number), data.draw(number)
    along, at = data.draw(shares) * g.edges["length"][edge], data.draw(shares) * g.edges["length"][to]
    back_m = data.draw(st.sampled_from([0.0, 20.0, 100.0]))
    length, turn, found = direct(g.edges, edge, along, to, at, back_m)
    wanted = naive.direct(g, (edge, along), (to, at), back_m)
    assert found == bool(wanted)
    if found:
        assert (length, turn) == (pytest.approx(wanted[0][0], abs=1e-9), wanted[0][1])
        assert direct_s(g.edges, edge, along, to, at, length, turn) == pytest.approx(wanted[0][2], abs=1e-9)


@settings(COMPILES, max_examples=80)
@given(cases(WIDE))
def test_without_bounds_every_way_is_the_cheapest_there_is(case: Case) -> None:
    """From every state on the road to every one in the next column; or over land, or, without a search, by a turn at the end."""
    rules = naive.rules_of(WIDE)
    for row in range(1, len(case.fixes)):
        if case.lattice.columns[row]["first"] != 0:
            continue
        leg, states = legs_of(case, WIDE, row, row - 1), fresh(case, WIDE, row)
        targets = [(int(state["edge"]), float(state["along"])) for state in states]
        for i, source in enumerate(case.lattice.states[row - 1][: case.lattice.columns[row - 1]["count"]]):
            found = case.lattice.trans[row, i, : len(states)].tolist()
            if source["score"] == np.inf:
                assert set(found) <= {math.inf}
                continue
            place = int(source["edge"]), float(source["along"])
            ways = [naive.drive(case.g, rules, place, target, leg, 4.0 * leg.sigma) for target in targets]
            land = rules.jump_cost + rules.off_share * leg.straight / leg.beta
            for j, way in enumerate(ways):
                turned = min(
                    (ways[t].nats for t, to in enumerate(targets) if to[0] == case.g.edges["twin"][targets[j][0]]), default=math.inf
                )
                turned += rules.turn_cost
                true = [way.nats]
                if turned < way.nats or not naive.direct(case.g, place, targets[j], 4.0 * leg.sigma):
                    true.append(turned)  # nobody searches where a turn at the end was found
                if way.nats == math.inf and case.lattice.states[row, j]["turn"] == JUMP:
                    true.append(land)
                assert any(found[j] == pytest.approx(nats, rel=1e-6, abs=1e-6) for nats in true), (found[j], true)


@settings(COMPILES, max_examples=100)
@given(cases())
def test_the_chosen_states_are_the_best_of_all_sequences(case: Case) -> None:
    chosen = np.full(len(case.fixes), -7, np.int32)
    backtrack(case.lattice, chosen)
    assert (chosen == case.chosen).all()
    for rows in naive.pieces(case.lattice):
        every = naive.sequences(case.lattice, naive.rules_of(RULES), rows, jumps=True)
        best = min(every.values())
        last = case.lattice.states[rows[-1], chosen[rows[-1]]]
        assert last["score"] == pytest.approx(best, rel=1e-9)
        over = [row for row in rows[2:] if case.lattice.states[row, chosen[row]]["over"] >= 0]
        if not over:
            assert every[tuple(chosen[list(rows)].tolist())] == pytest.approx(best, rel=1e-9)


@settings(COMPILES, max_examples=80)
@given(cases(most=5), st.integers(0, 2**32 - 1))
def test_confidence_is_the_share_of_all_sequences(case: Case, seed: int) -> None:
    rules, n, k = naive.rules_of(RULES), len(case.fixes), case.lattice.states.shape[1] - 1
    chosen, limits = case.chosen, np.random.default_rng(seed).choice([0, 30, 60, 80], len(case.g.edges)).astype(np.uint8)
    confidence, low, high = np.zeros(n), np.zeros(n, np.uint8), np.zeros(n, np.uint8)
    posterior(case.g, case.fixes, case.lattice, chosen, limits, np.empty((2, k + 1)), confidence, low, high)
    for rows in naive.pieces(case.lattice):
        every = naive.sequences(case.lattice, rules, rows, jumps=False)
        for at, row in enumerate(rows):
            states, count = case.lattice.states[row], int(case.lattice.columns[row]["count"])
            shares = [naive.share(every, at, j) for j in range(count)]
            mine = int(chosen[row])
            if mine == k:
                assert confidence[row] == pytest.approx(naive.share(every, at, k), abs=1e-9) and low[row] == high[row] == 0
                continue
            twin = case.g.edges["twin"][states[mine]["edge"]] if np.isnan(case.fixes[row]["heading"]) else -9
            sure = shares[mine] + sum(shares[j] for j in range(count) if states[j]["edge"] == twin)
            assert confidence[row] == pytest.approx(min(sure, 1.0), abs=1e-9)
            own = int(limits[states[mine]["edge"]])
            near = [int(limits[states[j]["edge"]]) for j in range(count) if shares[j] >= 0.05 + 1e-9] + [own]
            loose = near + [int(limits[states[j]["edge"]]) for j in range(count) if shares[j] >= 0.05 - 1e-9]
            assert high[row] in (max(near), max(loose))
            assert low[row] in (min((v for v in near if v), default=0), min((v for v in loose if v), default=0))


@settings(COMPILES, max_examples=80)
@given(cases(WIDE))
def test_ways_off_the_road_and_over_a_fix_agree_with_their_twin(case: Case) -> None:
    rules, k, lattice = naive.rules_of(WIDE), case.lattice.states.shape[1] - 1, case.lattice
    for rows in naive.pieces(lattice):
        metres, count = 0.0, 1
        for row in rows[1:]:
            leg, old = legs_of(case, WIDE, row, row - 1), lattice.states[row - 1]
            price = rules.off_share * leg.straight / leg.beta
            assert lattice.trans[row, k, k] == pytest.approx(price, rel=1e-9)
            living = [i for i in range(int(lattice.columns[row - 1]["count"])) if old[i]["score"] < np.inf]
            assert lattice.trans[row, living, k].tolist() == pytest.approx([rules.off_enter + price] * len(living), rel=1e-9)
            free = row - 1 == rows[0] or (count >= rules.off_fixes and metres + leg.straight >= rules.off_run_m)
            best = min((float(old[i]["score"]) for i in living), default=math.inf)
            over = row - 2 in rows and count == 1 and not leg.still_s > 60.0 and best + rules.over_nats > float(old[k]["score"])
            for j, state in enumerate(fresh(case, WIDE, row)):
                ways = [rules.off_leave + price] if free else [math.inf]
                if over:
                    early = legs_of(case, WIDE, row, row - 2)
                    base = lattice.states[row - 2][: lattice.columns[row - 2]["count"]]
                    skipped = rules.off_enter + float(old[k]["emission"]) - float(old[k]["score"])
                    to = int(state["edge"]), float(state["along"])
                    ways += [naive.over(case.g, rules, (int(b["edge"]), float(b["along"])), to, early) + float(b["score"]) + skipped
                             for b in base if b["score"] < np.inf]  # fmt: skip
                assert lattice.trans[row, k, j] == pytest.approx(min(ways), rel=1e-6, abs=1e-6)
            goes_on = lattice.states[row, k]["back"] == k
            metres, count = (metres + leg.straight, count + 1) if goes_on else (leg.straight, 1)
            assert (lattice.columns[row]["off_n"], lattice.columns[row]["off_m"]) == (count, pytest.approx(metres, rel=1e-9))


@settings(COMPILES, max_examples=80)
@given(cases())
def test_over_land_goes_who_finds_no_better_way(case: Case) -> None:
    rules, k = naive.rules_of(RULES), case.lattice.states.shape[1] - 1
    for rows in naive.pieces(case.lattice):
        for row in rows[1:]:
            leg, old = legs_of(case, RULES, row, row - 1), case.lattice.states[row - 1]
            best = min((float(s["score"]) for s in old[: case.lattice.columns[row - 1]["count"]]), default=math.inf)
            jump = best + rules.jump_cost + rules.off_share * leg.straight / leg.beta
            for j, state in enumerate(case.lattice.states[row][: case.lattice.columns[row]["count"]]):
                by_road = min(float(old[i]["score"] + case.lattice.trans[row, i, j]) for i in range(k + 1) if old[i]["score"] < np.inf)
                assert state["score"] == pytest.approx(min(jump, by_road) + float(state["emission"]), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 5_000.0), st.sampled_from([0.8, 1.0, 1.5, 2.5, 4.0]))
def test_sigma_is_receiver_and_map_together(gnss2: float, quality: float) -> None:
    gnss = min(max(math.sqrt(gnss2) * quality, 3.0), 50.0)
    assert sigma_of(RULES[0], gnss2, quality) == pytest.approx(math.hypot(gnss, 3.0), rel=1e-12)


@settings(COMPILES, max_examples=80)
@given(cases())
def test_bounds_leave_ways_out_and_change_none(case: Case) -> None:
    """With the bounds of the product a way is the cheapest one or none."""
    rules = naive.rules_of(RULES)
    for row in range(1, len(case.fixes)):
        if case.lattice.columns[row]["first"] != 0:
            continue
        leg, states = legs_of(case, RULES, row, row - 1), fresh(case, RULES, row)
        targets = [(int(state["edge"]), float(state["along"])) for state in states]
        for i, source in enumerate(case.lattice.states[row - 1][: case.lattice.columns[row - 1]["count"]]):
            found = case.lattice.trans[row, i, : len(states)].tolist()
            if source["score"] == np.inf:
                assert set(found) <= {math.inf}
                continue
            place = int(source["edge"]), float(source["along"])
            ways = [naive.drive(case.g, rules, place, target, leg, 4.0 * leg.sigma) for target in targets]
            land = rules.jump_cost + rules.off_share * leg.straight / leg.beta
            for j, way in enumerate(ways):
                turned = min(
                    (ways[t].nats for t, to in enumerate(targets) if to[0] == case.g.edges["twin"][targets[j][0]]), default=math.inf
                )
                turned += rules.turn_cost
                true = [way.nats]
                if turned < way.nats or not naive.direct(case.g, place, targets[j], 4.0 * leg.sigma):
                    true.append(turned)  # nobody searches where a turn at the end was found
                true.append(naive.detour(case.g, rules, place, targets[j], leg))
                if case.lattice.states[row, j]["turn"] == JUMP:
                    true.append(land)
                if found[j] == math.inf:
                    continue
                assert any(found[j] == pytest.approx(nats, rel=1e-6, abs=1e-6) for nats in true)


@settings(COMPILES, max_examples=80)
@given(cases())
def test_who_has_the_time_drives_round_rather_than_over_land(case: Case) -> None:
    """No column costs more than a detour to it would, as far as detours are looked for."""
    rules = naive.rules_of(RULES)
    for row in range(1, len(case.fixes)):
        count, before = int(case.lattice.columns[row]["count"]), int(case.lattice.columns[row - 1]["count"])
        if case.lattice.columns[row]["first"] != 0 or count == 0:
            continue
        leg, old = legs_of(case, RULES, row, row - 1), case.lattice.states[row - 1][:before]
        furthest = min(rules.detour * leg.straight + rules.detour_m, rules.speed_limit * leg.seconds + 4.0 * leg.sigma)
        least = min(float(state["score"]) for state in case.lattice.states[row])
        for state in fresh(case, RULES, row):
            to = int(state["edge"]), float(state["along"])
            for source in old[old["score"] < np.inf]:
                place = int(source["edge"]), float(source["along"])
                if naive.drive(case.g, rules, place, to, leg, 4.0 * leg.sigma).length < furthest:
                    nats = naive.detour(case.g, rules, place, to, leg)
                    assert least <= float(source["score"]) + nats + float(state["emission"]) + 1e-6
