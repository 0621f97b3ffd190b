"""Faults: by seed, and never at the cost of the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.jt808.codec import encode, examine
from protocols.jt808.framing import Splitter
from protocols.jt808.messages.session import Heartbeat, PlatformReply
from simulators.drive import Cycles, Drivers
from simulators.faults import DEFAULT_FAULTS, FAULT_SETS, HEAVY_FAULTS, NO_FAULTS, FaultRates, FixFaults, FrameFaults, broken_copy
from simulators.fixes import ANTENNA_CUT_ALARM, FixSource

FRAMES = [encode(PlatformReply(n, 0x7D7E, 0), terminal_id="014001000007", serial=n * 127, version="2013") for n in range(400)]


def _written(rates: FaultRates, seed: int) -> tuple[bytes, Counter[str]]:
    counts: Counter[str] = Counter()
    faults = FrameFaults(rates, Random(seed), counts)
    out = b"".join(part for frame in FRAMES for _, part in faults.pieces([frame]))
    return out + faults.flush(), counts


@pytest.mark.parametrize("rates", [NO_FAULTS, DEFAULT_FAULTS, HEAVY_FAULTS, replace(HEAVY_FAULTS, out_of_order=0.4, glued=0.3)])
def test_every_true_frame_comes_through_whatever_is_spoiled(rates: FaultRates) -> None:
    stream, counts = _written(rates, 5)
    runs = Splitter().feed(stream)
    whole = [run for run in runs if not any(found.drop for found in examine(run).anomalies)]
    assert {frame[1:-1] for frame in FRAMES} == set(whole)
    assert len(whole) == len(FRAMES) + counts["duplicate"]
    if rates is NO_FAULTS:
        assert stream == b"".join(FRAMES) and not counts


def test_the_same_seed_spoils_the_same_frames() -> None:
    assert _written(HEAVY_FAULTS, 9) == _written(HEAVY_FAULTS, 9)
    assert _written(HEAVY_FAULTS, 9) != _written(HEAVY_FAULTS, 10)


def test_every_frame_fault_strikes() -> None:
    _, counts = _written(replace(HEAVY_FAULTS, bytewise=0.05), 3)
    assert set(counts) == {"duplicate", "out_of_order", "wrong_xor", "garbage", "split", "glued", "bytewise"}


@given(seed=st.integers(0, 10_000), serial=st.integers(0, 65_535), newer=st.booleans())
def test_a_broken_copy_is_one_run_with_a_wrong_checksum(seed: int, serial: int, newer: bool) -> None:
    frame = encode(Heartbeat(), terminal_id="14001000007", serial=serial, version="2019" if newer else "2013")
    (run,) = Splitter().feed(broken_copy(frame, Random(seed)))
    assert "bad_checksum" in {found.code for found in examine(run).anomalies}


def _episodes(rates: FaultRates, seed: int) -> tuple[np.ndarray, np.ndarray]:
    vehicles = np.repeat(np.arange(200), 3_600)
    t_s = np.tile(np.arange(1_790_000_000, 1_790_003_600), 200)
    faults = FixFaults(rates, seed)
    return faults.drifting(vehicles, t_s)[0], faults.without_antenna(vehicles, t_s)


def test_episodes_come_at_their_rate_and_by_seed() -> None:
    drift, cut = _episodes(replace(NO_FAULTS, drift=0.1, antenna_cut=0.05), 4)
    starts = (np.diff(drift.reshape(200, -1).astype(int)) == 1).sum()
    assert 0.1 * 60 * 200 * 0.8 < starts < 0.1 * 60 * 200 * 1.2
    assert 0 < cut.mean() < drift.mean()
    again = _episodes(replace(NO_FAULTS, drift=0.1, antenna_cut=0.05), 4)
    assert np.array_equal(again[0], drift) and np.array_equal(again[1], cut)
    assert not np.array_equal(_episodes(replace(NO_FAULTS, drift=0.1), 5)[0], drift)
    assert not any(part.any() for part in _episodes(NO_FAULTS, 4))


def test_fixes_keep_the_true_place_beside_the_sent_one(cycles: Cycles) -> None:
    drivers = Drivers.assign(cycles, 100, 1, {"rural_bus": 1.0, "coach": 1.0})
    source = FixSource(drivers, FixFaults(replace(NO_FAULTS, drift=0.5, antenna_cut=0.5, clock_skew=0.3), 1))
    rows = np.arange(100)
    fixes = np.concatenate([source.make(rows, np.full(100, 1_790_000_000 + second))[0] for second in range(0, 600, 7)])
    off_m = np.hypot((fixes["lon_e6"] - fixes["true_lon_e6"]) * 0.0996, (fixes["lat_e6"] - fixes["true_lat_e6"]) * 0.1113)
    drift, cut, skew = ((fixes["faults"] & bit) > 0 for bit in (1, 2, 4))
    assert off_m[drift & ~cut].min() > 40 and off_m[drift & ~cut].max() < 700
    assert off_m[~drift & ~cut].max() == 0
    assert ((fixes["status_bits"] & 2) == 0)[cut].all() and ((fixes["status_bits"] & 2) == 2)[~cut].all()
    assert ((fixes["alarm_bits"] & ANTENNA_CUT_ALARM) > 0).tolist() == cut.tolist()
    asked = np.repeat(1_790_000_000 + np.arange(0, 600, 7), 100) * 1000
    assert (fixes["t_ms"] <= asked).all() and ((fixes["t_ms"] < asked) == skew).all()
    keys = set(zip(fixes["terminal"].tolist(), fixes["t_ms"].tolist(), strict=True))
    assert len(keys) == len(fixes)


def test_fault_sets_have_their_names() -> None:
    assert list(FAULT_SETS) == ["none", "default", "heavy"]
