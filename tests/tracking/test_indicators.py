"""Record and track quality in exact integers, and spans of time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.position import Flag
from tests.tracking.day_drives import BEGIN_S, drive, laps, shifted
from tracking.indicators import Quality, QualityParameters, qualified, quality_of
from tracking.spans import covered_ms, total_ms, union

WINDOW = BEGIN_S * 1000, BEGIN_S * 1000 + 86_400_000
P = QualityParameters()


def test_a_plain_drive_is_all_complete() -> None:
    rows = drive(laps(1), noise_m=0.0)
    found = quality_of(rows, WINDOW)
    assert (found.records, found.qualified_records, found.drift_points) == (rows.size,) * 2 + (0,)
    assert found.complete_m == found.total_track_m == pytest.approx(36_000, abs=40)


def test_a_leg_over_five_minutes_or_two_kilometres_is_not_complete() -> None:
    rows = drive(laps(1), noise_m=0.0)
    silence = quality_of(np.delete(rows, np.arange(40, 57)), WINDOW)
    assert silence.total_track_m - silence.complete_m == pytest.approx(18 * 120, abs=5)
    slow = drive([(0, 0, 0), (1_200, 0, 0)], speed_mps=1.0, noise_m=0.0)
    gone = quality_of(np.delete(slow, np.arange(20, 52)), WINDOW)
    assert gone.total_track_m - gone.complete_m == pytest.approx(330, abs=2)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("speed_kmh10", 1_600, 1_601), ("altitude_m", -200, -201), ("altitude_m", 6_500, 6_501), ("heading_deg", 359, 360),
        ("lon_e6", 73_550_000, 73_549_999), ("lat_e6", 53_550_000, 53_550_001), ("lat_e6", 3_850_000, 3_849_999),
        ("lon_e6", 135_083_333, 135_083_334), ("flags", Flag.TRAILING_BYTES, Flag.SPEED_RANGE), ("status_bits", 2, 1),
    ],
)  # fmt: skip
def test_edges_belong_to_the_range(name: str, good: int, bad: int) -> None:
    rows = drive(laps(1))[:2]
    rows[name] = [good, bad]
    assert qualified(rows, P).tolist() == [True, False]


def test_a_record_from_the_future_is_not_qualified() -> None:
    rows = drive(laps(1))[:2]
    rows["received_ms"] = rows["t_ms"] + [-5_000, -5_001]
    assert qualified(rows, P).tolist() == [True, False]


def test_a_drift_point_is_counted_and_enters_no_leg() -> None:
    rows = drive(laps(1), noise_m=0.0)
    found = quality_of(shifted(rows, 50, 3_000.0), WINDOW)
    assert found.drift_points == 1 and found.total_track_m == pytest.approx(36_000, abs=40)
    outside = rows.copy()
    outside["lon_e6"][50] = 20_000_000
    assert quality_of(outside, WINDOW).drift_points == 1


def test_only_the_window_counts() -> None:
    rows = drive(laps(1), start_h=23.5)
    assert quality_of(rows, WINDOW).records == 180
    assert quality_of(rows[:0], WINDOW) == Quality()


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


@given(spans, st.sets(st.integers(0, 60), max_size=12), st.integers(1, 20))
def test_spans_are_counted_once(given_spans: list[tuple[int, int]], times: set[int], gap: int) -> None:
    inside = {k for a, b in given_spans for k in range(a, b)}
    assert total_ms(given_spans) == len(inside)
    joined = union(given_spans)
    assert all(one[1] < two[0] for one, two in pairwise(joined))
    t = sorted(times)
    near = {k for a, b in pairwise(t) if b - a <= gap for k in range(a, b)}
    assert covered_ms(np.array(t, np.int64), given_spans, gap) == len(inside & near)
