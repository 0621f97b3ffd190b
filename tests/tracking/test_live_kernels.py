"""Kernels of streaming against their slow twins."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.position import LOCATED, POSITION, Flag
from tests.tracking import naive_live as naive
from tracking.cleaning import CleaningParameters
from tracking.kernels.graph import FIX
from tracking.kernels.live import AT_ONCE
from tracking.kernels.live_cleaning import receive, says_more, silent
from tracking.kernels.live_state import BASE, COMMITTED, END, LAST, WAITING, match_state, work_for
from tracking.kernels.live_window import extend, settle
from tracking.kernels.paths import JUMP
from tracking.kernels.spells import KEPT, THINNED
from tracking.live_matching import cleaning_rules

SIGMA_M = 6.0
K = 3
seeds = st.integers(0, 2**32 - 1)


def blank(**fields: Any) -> NDArray[Any]:
    """(1,) record of a vehicle that nothing is known of."""
    record = np.zeros(1, match_state(K, 8, 14))
    record["seen_ms"], record["same_lon"] = np.iinfo(np.int64).min, np.iinfo(np.int32).min
    record["tip_node"], record["tip_score"] = -1, np.inf
    for name in ("valid_x", "valid_y", "still_odometer_m", "same_odometer_m"):
        record[name] = np.nan
    for name, value in fields.items():
        record[name] = value
    return record


steps = st.tuples(
    st.sampled_from([0, -5, 1, 5, 10, 10, 10, 30, 70, 400]),
    st.sampled_from([0, 0, 0, 2, 9, 16, 24, 40, 90, 700, 9_000]),
    st.sampled_from([0, 0, 3, -6, 17]),
    st.sampled_from([-1, 0, 0, 4, 30, 85, 140, 600]),
    st.sampled_from([None, 0, 0, 0, 100, 300, -500]),
    st.booleans(),
    st.sampled_from([True] * 12 + [False]),
    st.booleans(),
    st.sampled_from([False] * 5 + [True]),
)


runs = st.lists(st.tuples(steps, st.integers(1, 6)), max_size=20)
"""Steps, each so many times."""


@settings(max_examples=300, deadline=None)
@given(moves=runs, place=st.sampled_from([(110_000_000, 30_000_000), (0, 0), (10_000_000, 30_000_000)]))
def test_a_row_is_good_for_what_the_rows_before_it_say(moves: list[tuple[Any, int]], place: tuple[int, int]) -> None:
    parameters = CleaningParameters()
    rules, twin, record = cleaning_rules(parameters, SIGMA_M), naive.Cleaner(parameters, SIGMA_M), blank()
    t, x, y, odometer = 1_000, 0, 0, 5_000
    for seconds, dx, dy, speed, gain, asleep, located, back, mute in (step for step, times in moves for _ in range(times)):
        t, x, y, odometer = t + seconds * 1000, x + (-dx if back else dx), y + dy, max(odometer + (gain or 0), 0)
        row = np.zeros(1, POSITION)
        row["t_ms"], row["lon_e6"], row["lat_e6"], row["speed_kmh10"] = t, place[0] + 10 * x, place[1] + 10 * y, speed
        row["odometer_m"] = -1 if gain is None else odometer
        row["status_bits"] = (LOCATED if located else 0) | (0 if asleep else 1)
        row["flags"] = Flag.NO_STATUS if mute else 0
        fix = naive.Fix(
            t, place[0] + 10 * x, place[1] + 10 * y, float(x), float(y), speed / 10.0 if speed >= 0 else math.nan,
            math.nan if gain is None else float(odometer), asleep and not mute, located,
        )  # fmt: skip
        assert receive(record[0], row[0], float(x), float(y), rules) == twin.receive(fix)


@settings(max_examples=200, deadline=None)
@given(
    metres=st.sampled_from([0.0, 17.9, 18.1, 40.0]),
    heading=st.sampled_from([math.nan, 0.1, 0.6, 3.0, 6.2]),
    speed=st.sampled_from([math.nan, 2.0, 3.0, 20.0]),
    seconds=st.sampled_from([1.0, 29.0, 30.0, 31.0]),
    columns=st.integers(0, 2),
    waits=st.integers(0, 1),
)
def test_dense_fixes_say_more_when_far_turned_or_late(
    metres: float, heading: float, speed: float, seconds: float, columns: int, waits: int
) -> None:
    rules, record = cleaning_rules(CleaningParameters(), SIGMA_M), blank(gnss2=36.0, columns=columns, waits=waits)
    record["fix"][0, LAST] = (0.0, 0.0, 0.0, 0.0, 100.0, 100.0, 10.0, 0.0, 1.0)
    record["fix"][0, WAITING, 4] = 100.0
    fix = np.zeros(1, FIX)
    fix["y"], fix["heading"], fix["speed"], fix["t"] = metres, heading, speed, 100.0 + seconds
    turned = speed >= 10 / 3.6 and min(heading, 2 * math.pi - heading) >= math.radians(30.0)
    more = columns == 0 or metres >= 3.0 * 6.0 or turned or seconds >= 30.0
    assert says_more(record[0], fix[0], rules) == (KEPT if more else THINNED)
    assert silent(record[0], 100.0 + seconds, rules) == (waits == 1 and (columns == 0 or seconds > 30.0))


class Both:
    """A record and its twin, given the same columns."""

    def __init__(self, random: np.random.Generator, lag_ms: int, columns: int) -> None:
        self.random, self.bounds = random, (lag_ms, columns)
        self.record, self.work = blank(), work_for(K, 14)
        self.twin = naive.Window(room=14)
        self.committed, self.ends = np.zeros(4_000, COMMITTED), np.zeros((4_000, 2), END)

    def settle(self, now_ms: int, bounds: tuple[int, int]) -> None:
        settle(self.record[0], self.work, 7, now_ms, bounds, self.committed, self.ends)
        if self.twin.tips:
            self.twin.settle(now_ms, *bounds)
        self.compare()

    def column(self, t_ms: int) -> None:
        """States that come from living ones of the two columns before; the off-road state always lives."""
        random, twin = self.random, self.twin
        first = int(random.integers(1, 4)) if not twin.tips or random.random() < 0.04 else 0
        if first and twin.tips:
            self.settle(t_ms, AT_ONCE)
        count = int(random.integers(0, K + 1))
        states, column = self.work.lattice.states[2], self.work.lattice.columns[2]
        column["count"], column["first"], column["sigma"], column["gnss2"] = count, first, 7.0, 36.0
        nodes: list[naive.Node | None] = [None] * (K + 1)
        for j in [*range(count), K]:
            state = states[j]
            lives = j == K or random.random() < 0.8
            state["edge"], state["along"], state["leg"] = random.integers(0, 99), random.uniform(0, 50), random.uniform(0, 80)
            state["turn"], state["score"] = random.choice([0, 1, JUMP]), random.integers(0, 5) if lives else np.inf
            state["side"], state["alpha"] = random.normal(), -1.0
            up, state["back"], state["over"] = None, -1, -1
            if lives and not first:
                back, over = self.sources(twin.tips), self.sources(twin.before)
                state["back"] = random.choice(back)
                up = twin.tips[state["back"]]
                if over and random.random() < 0.2:
                    state["over"] = random.choice(over)
                    up = twin.before[state["over"]]
            if lives:
                edge = int(state["edge"]) if j < K else -1
                nodes[j] = naive.Node(
                    len(twin.times), edge, float(state["along"]), float(state["leg"]), int(state["turn"]), float(state["score"]), up
                )  # fmt: skip
        extend(self.record[0], self.work, t_ms)
        twin.extend(t_ms, first, nodes)

    @staticmethod
    def sources(tips: list[naive.Node | None]) -> list[int]:
        return [j for j, tip in enumerate(tips) if tip]

    def compare(self) -> None:
        record, twin = self.record[0], self.twin
        for tips, row in ((twin.tips, LAST), (twin.before, BASE)):
            found = np.flatnonzero(record["tip_node"][row] >= 0).tolist() if row == LAST or record["columns"] > 1 else []
            assert found == self.sources(tips)
        if twin.tips:
            best, way = twin.best(), twin.way(twin.best())
            assert record["likely_edge"] == best.edge
            legs = way if twin.root else way[1:]
            assert record["likely_m"] == pytest.approx(sum(node.leg for node in legs))


@cache
def names() -> tuple[tuple[str, str], ...]:
    return (("number", "number"), ("t_ms", "t_ms"), ("edge", "edge"), ("along_m", "along"), ("path_m", "path_m"), ("reason", "reason"))


@settings(max_examples=150, deadline=None)
@given(seed=seeds, lag_ms=st.sampled_from([0, 9_000, 30_000, 10**12]), columns=st.integers(3, 8), count=st.integers(1, 40))
def test_what_all_states_come_from_is_committed_and_the_overdue_is_forced(seed: int, lag_ms: int, columns: int, count: int) -> None:
    random = np.random.default_rng(seed)
    both = Both(random, lag_ms, columns)
    t_ms = 0
    for _ in range(count):
        t_ms += int(random.choice([1_000, 10_000, 40_000]))
        both.column(t_ms)
        both.settle(t_ms, both.bounds)
        if random.random() < 0.1:  # no column comes, but time goes by
            both.settle(t_ms + 60_000, both.bounds)
    both.settle(t_ms, AT_ONCE)
    found, expected = both.committed[: both.work.used[0]], both.twin.committed
    assert len(found) == len(expected) and (found["slot"] == 7).all()
    for name, twin in names():
        np.testing.assert_array_equal(found[name], [getattr(one, twin) for one in expected])
    np.testing.assert_array_equal(found["leg_m"], [one.leg for one in expected])
    ways = both.ends[: len(found), 1]
    leads = [one.reason == 0 and one.edge >= 0 for one in expected]
    np.testing.assert_array_equal(ways["edge"] >= 0, leads)
    np.testing.assert_array_equal(ways["edge"][leads], found["edge"][leads])
