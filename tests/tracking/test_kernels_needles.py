"""Spikes at the ends of roads against their slow twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking import naive_search, naive_spells
from tests.tracking.naive_search import graph
from tests.tracking.small_roads import degrees, roads
from tracking.kernels.needles import spare
from tracking.kernels.spells import DRIFT, KEPT, STILL

NETWORK, _ = roads({"A": (0.0, 0.0), "B": (500.0, 0.0), "C": (1000.0, 0.0), "D": (500.0, 400.0)}, ["AB", "BC", "BD"])
RADIUS_M, FASTEST = 25.0, 160.0 / 3.6

spots = st.sampled_from(
    [(0.0, 0.0), (10.0, 15.0), (480.0, 0.0), (500.0, 395.0), (505.0, 440.0), (700.0, 0.0), (990.0, -20.0), (250.0, 90.0)]
)
codes = st.sampled_from([KEPT, KEPT, DRIFT, DRIFT, STILL])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(spots, codes, st.sampled_from([0, 2, 8, 20, 60])), max_size=30), st.integers(0, 2**32 - 1))
def test_spikes_at_the_end_of_a_road_are_spared_as_by_the_twin(fixes: list[tuple[tuple[float, float], int, int]], seed: int) -> None:
    n = len(fixes)
    order = np.random.default_rng(seed).permutation(n).astype(np.int64)
    x, y, lon, lat = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    t_ms, keep = np.empty(n, np.int64), np.empty(n, np.uint8)
    listed, now = [], 0
    for row, ((east, north), code, seconds) in zip(order, fixes, strict=True):
        now += seconds * 1000
        lon[row], lat[row] = degrees(east, north)
        x[row], y[row] = NETWORK.project(lon[row], lat[row])
        t_ms[row], keep[row] = now, code
        listed.append(naive_spells.Fix(int(row), now, lon[row], lat[row], keep=code))
    for fix, (metres_east, metres_north) in zip(listed, naive_spells.scales([fix.lat for fix in listed]), strict=True):
        fix.east, fix.north = metres_east, metres_north
    g, s = graph(NETWORK)
    met = np.bincount(np.concatenate([NETWORK.tail, NETWORK.head]), minlength=NETWORK.node_count)
    ends = []
    for row in range(n):
        near = naive_search.places(NETWORK, x[row], y[row], RADIUS_M)
        ends.append(any(met[NETWORK.tail[one.edge]] == 2 or met[NETWORK.head[one.edge]] == 2 for one in near))
    found = keep.copy()
    count = spare(g, s, (t_ms, lon, lat, x, y), order, keep, (FASTEST, RADIUS_M), found)
    true = naive_spells.spare_needles(listed, FASTEST, ends)
    assert sorted(np.flatnonzero(found != keep).tolist()) == sorted(true) and count == len(true)
    assert (found[true] == KEPT).all()
