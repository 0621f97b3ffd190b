"""What streaming keeps between calls, and what it does with rows and records that are not as they should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import RefusedError
from domain.position import LOCATED, POSITION
from tests.tracking.live_rows import drive
from tests.tracking.network.drawing import draw
from tests.tracking.small_roads import fixes, roads
from tests.tracking.test_live_matching import NETWORK, matcher
from tracking.live_matching import MATCH_STATE, LiveMatcher, match_state
from tracking.matched import Reason, State


def test_records_are_small_and_of_plain_bytes() -> None:
    assert MATCH_STATE.itemsize <= 2_500 and not MATCH_STATE.hasobject
    assert matcher().state == MATCH_STATE


@settings(max_examples=30, deadline=None)
@given(at=st.integers(0, MATCH_STATE.itemsize - 1), by=st.integers(1, 255))
def test_a_damaged_record_is_counted_and_begins_anew(at: int, by: int) -> None:
    live = matcher()
    states = live.blank(2)
    live.advance(states, drive(1)[:20], np.zeros(20, np.int64))
    saved = live.saved(states)
    spoilt = bytearray(saved[0])
    spoilt[at] ^= by
    again = live.restored([bytes(spoilt), saved[1], saved[0], saved[0][:-1], b""])
    assert (again.damaged, again.reseeded) == (3, 0)
    assert again.states[0].tobytes() == live.blank(1).tobytes() and live.saved(again.states)[2] == saved[0]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31), cuts=st.lists(st.integers(1, 59), max_size=3))
def test_states_that_mean_the_same_are_saved_as_the_same_bytes(seed: int, cuts: list[int]) -> None:
    live, other, rows = matcher(), LiveMatcher(NETWORK()), drive(seed, 60)
    for name in ("side", "along"):
        other._work.lattice.states[name] = 77.0
    alone, among = live.blank(1), other.blank(2)
    live.advance(alone, rows, np.zeros(60, np.int64))
    for part in np.split(np.arange(60), sorted(cuts)):
        other.advance(among, np.concatenate([drive(seed + 1)[part], rows[part]]), np.repeat([1, 0], len(part)))
        among = other.restored(other.saved(among)).states
    assert other.saved(among)[0] == live.saved(alone)[0]


def test_after_a_change_of_roads_the_way_begins_from_the_last_fix() -> None:
    live, rows = matcher(), drive(5, quiet=True)
    states = live.blank(1)
    before = live.advance(states, rows[:40], np.zeros(40, np.int64))
    other = roads({"A": (0, 0), "B": (2_000, 0), "C": (2_000, 2_000), "D": (0, 2_000)}, ["ABCDA"])[0]
    changed = LiveMatcher(other)
    again = changed.restored(live.saved(states))
    assert (again.damaged, again.reseeded) == (0, 1)
    assert again.states["committed_m"][0] == pytest.approx(before.committed["leg_m"].sum())
    changed.advance(again.states, rows[40:], np.zeros(40, np.int64))
    assert again.states["number"][0] >= states["number"][0]
    mixed = states.copy()
    found = changed.advance(mixed, rows[40:], np.zeros(40, np.int64))
    ended = changed.flush(mixed, [0])
    assert (found.reseeded, ended.reseeded) == (1, 0)
    first = np.concatenate([found.committed, ended.committed])[0]
    assert first["t_ms"] == rows["t_ms"][39] and first["reason"] == Reason.START and first["number"] == states["number"][0] + 1


def test_zeroed_records_are_new_vehicles_and_other_layouts_are_refused() -> None:
    live, rows = matcher(), drive(3)
    found = live.advance(np.zeros(1, MATCH_STATE), rows, np.zeros(len(rows), np.int64))
    expected = live.advance(live.blank(1), rows, np.zeros(len(rows), np.int64))
    assert found.reseeded == 0 and found.parts.tobytes() == expected.parts.tobytes()
    with pytest.raises(RefusedError, match="layout"):
        live.advance(np.zeros(1, match_state(nodes=60)), rows, np.zeros(len(rows), np.int64))
    for slot in (-1, 1):
        with pytest.raises(RefusedError, match="slots"):
            live.advance(np.zeros(1, MATCH_STATE), rows, np.full(len(rows), slot))


def test_rows_that_are_late_are_left_to_the_day() -> None:
    live, rows = matcher(), drive(4, quiet=True)
    states = live.blank(1)
    live.advance(states, rows[:30], np.zeros(30, np.int64))
    held = states.tobytes()
    found = live.advance(states, rows[10:30], np.zeros(20, np.int64))
    assert found.estimates["late"].all() and (found.estimates["state"] == State.VOID).all() and not len(found.committed)
    assert states.tobytes() == held


def test_a_parked_vehicle_adds_no_metre_and_its_way_is_committed() -> None:
    live, rows = matcher(), drive(6, quiet=True)
    states = live.blank(1)
    live.advance(states, rows, np.zeros(len(rows), np.int64))
    parked = np.repeat(rows[-1:], 360)
    parked["t_ms"] = rows["t_ms"][-1] + 10_000 * np.arange(1, 361)
    parked["speed_kmh10"], parked["status_bits"] = 0, 2
    random = np.random.default_rng(1)
    parked["lon_e6"] += np.round(random.normal(0, 50, 360)).astype(np.int32)
    found = live.advance(states, parked, np.zeros(360, np.int64))
    assert (found.estimates["state"][3:] == State.STILL).all()
    assert found.estimates["driven_m"][-1] - found.estimates["driven_m"][3] < 1e-6
    assert states["sequence"][0] == states["root_sequence"][0] and not len(live.flush(states, [0]).committed)


def test_a_way_behind_a_ban_over_ways_is_told_as_the_road_it_is(tmp_path: Path) -> None:
    network = draw(tmp_path, "a    b    c    d\n\n\n     e    f", "ab highway=secondary\nbc highway=primary\ncd highway=secondary\n"
                   "cf highway=secondary\nbe highway=secondary", relations="1 via 2 4 restriction=no_u_turn")  # fmt: skip
    track = fixes([(200, 0, 0), (700, 0, 0)], interval_s=45.0, speed_mps=8.0)
    rows = np.zeros(len(track), POSITION)
    rows["t_ms"], rows["status_bits"], rows["odometer_m"], rows["satellites"] = track.t_ms, LOCATED | 1, -1, -1
    rows["lon_e6"], rows["lat_e6"] = np.round(track.lon_deg * 1e6), np.round(track.lat_deg * 1e6)
    rows["speed_kmh10"], rows["flags"] = 288, 256
    live = LiveMatcher(network)
    states = live.blank(1)
    live.advance(states, rows, np.zeros(len(rows), np.int64))
    parts = live.flush(states, [0]).parts
    assert len(parts) == 3 and (parts["edge"] == network.base_edge[parts["edge"]]).all()
    assert (parts["to_m"] - parts["from_m"]).sum() == pytest.approx(360.0, abs=1.0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_rows_of_random_bytes_are_never_refused(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = np.frombuffer(random.bytes(60 * POSITION.itemsize), POSITION).copy()
    rows[::2] = drive(seed, 30)
    rows["lon_e6"][1::4] = rows["lon_e6"][0] + random.integers(-50_000, 50_000)
    rows["t_ms"][1::2] = rows["t_ms"][::2] + random.integers(-5_000, 500_000, 30)
    live = matcher()
    states = live.blank(3)
    found = live.advance(states, rows, random.integers(0, 3, 60))
    live.flush(states, [0, 1, 2])
    assert np.isfinite(found.estimates["driven_m"]).all() and np.isfinite(states["committed_m"]).all()
    assert ((found.estimates["confidence"] >= 0) & (found.estimates["confidence"] <= 1)).all()
    assert NETWORK().edge_count > found.estimates["edge"].max()
