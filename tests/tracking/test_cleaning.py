"""Cleaning: one situation a test, each a row of the design's list."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.track import Track
from tracking.cleaning import CleaningParameters, Keep, clean, thin
from tracking.kernels.geodesy import leg_lengths

EAST, NORTH = 96_486.0, 110_852.0
"""Metres of a degree at 110 E 30 N."""


def track(x: Any, y: Any, t_s: Any, **columns: Any) -> Track:
    """A track of metres east and north of 110 E 30 N."""
    return Track.plain(110 + np.asarray(x, float) / EAST, 30 + np.asarray(y, float) / NORTH, t_s, **columns)


def drive(n: int = 30, step_s: float = 10.0, speed_mps: float = 10.0, **columns: Any) -> Track:
    t = np.arange(n) * step_s
    return track(t * speed_mps, np.zeros(n), t, **columns)


def changed(given: Track, **columns: Any) -> Track:
    return Track(**{name: columns.get(name, getattr(given, name)) for name in Track.__slots__})


def codes(given: Track, **options: Any) -> list[int]:
    return clean(given, **options).keep.tolist()


def metres(given: Track) -> float:
    cleaned = clean(given)
    keep = thin(given, cleaned, 6.0)
    lon, lat = cleaned.places(given)
    rows = cleaned.order[keep[cleaned.order] == Keep.KEPT]
    return float(leg_lengths(lon[rows], lat[rows]).sum())


def test_a_plain_drive_is_kept_whole() -> None:
    assert codes(drive()) == [Keep.KEPT] * 30


def test_rows_out_of_order_are_put_in_order() -> None:
    given = drive()
    shuffled = np.random.default_rng(1).permutation(30)
    cleaned = clean(given.rows(shuffled))
    assert given.t_ms[shuffled][cleaned.order].tolist() == given.t_ms.tolist()
    assert cleaned.keep.tolist() == [Keep.KEPT] * 30


def test_of_equal_times_more_satellites_lead_then_the_first_received() -> None:
    given = track([0, 1, 2, 3], [0] * 4, [0, 0, 0, 10], satellites=[5, 9, 9, 7], received_ms=[1, 3, 2, 9])
    assert codes(given) == [Keep.DUPLICATE, Keep.DUPLICATE, Keep.KEPT, Keep.KEPT]


def test_nothing_located_nothing_outside_and_not_zero_zero() -> None:
    lon = [110.0, np.nan, 0.0, 110.001, 140.0, 110.002]
    lat = [30.0, 30.0, 0.0, 30.0, 30.0, 30.0]
    given = Track.plain(lon, lat, np.arange(6) * 10.0, located=[1, 1, 1, 0, 1, 1])
    china = CleaningParameters(bounds=(73.55, 3.85, 135.0833, 53.55))
    assert codes(given, parameters=china) == [Keep.KEPT] + [Keep.INVALID] * 4 + [Keep.KEPT]


def test_a_frozen_place_is_void_but_for_its_first_fix() -> None:
    given = drive(20, speed_kmh=np.full(20, 36.0))
    lon = given.lon_deg.copy()
    lon[5:12] = lon[5]
    found = codes(changed(given, lon_deg=lon))
    assert found[5] == Keep.KEPT and found[6:12] == [Keep.FROZEN] * 6 and found[12:] == [Keep.KEPT] * 8


def test_a_place_is_frozen_when_only_the_odometer_goes_on() -> None:
    given = drive(20, odometer_m=np.arange(20) * 100.0)
    lon = given.lon_deg.copy()
    lon[5:12] = lon[5]
    assert codes(changed(given, lon_deg=lon))[6:12] == [Keep.FROZEN] * 6


def test_standing_on_one_place_is_not_frozen() -> None:
    given = track([0.0] * 20, [0.0] * 20, np.arange(20) * 10.0, speed_kmh=np.zeros(20), odometer_m=np.full(20, 700.0))
    assert codes(given) == [Keep.KEPT] + [Keep.STILL] * 19


def test_one_fix_beyond_160_from_both_neighbours_is_drift() -> None:
    given = drive()
    lat = given.lat_deg.copy()
    lat[10] += 2_000 / NORTH
    assert codes(changed(given, lat_deg=lat)) == [Keep.KEPT] * 10 + [Keep.DRIFT] + [Keep.KEPT] * 19


def test_a_jump_that_stays_is_the_end_of_a_gap() -> None:
    given = drive()
    lat = given.lat_deg.copy()
    lat[10:] += 5_000 / NORTH
    assert codes(changed(given, lat_deg=lat)) == [Keep.KEPT] * 30


def test_an_excursion_that_returns_is_drift() -> None:
    given = drive(60)
    lat = given.lat_deg.copy()
    lat[20:26] += 5_000 / NORTH
    found = codes(changed(given, lat_deg=lat))
    assert found[20:26] == [Keep.DRIFT] * 6 and found.count(Keep.KEPT) == 54


def test_reported_speeds_find_small_excursions() -> None:
    given = drive(60, speed_kmh=np.full(60, 36.0))
    lat = given.lat_deg.copy()
    lat[20:26] += 300 / NORTH
    assert codes(changed(given, lat_deg=lat))[20:26] == [Keep.DRIFT] * 6
    speechless = changed(given, lat_deg=lat, speed_kmh=np.full(60, np.nan, np.float32))
    assert codes(speechless).count(Keep.KEPT) == 60


def test_speeds_that_are_always_zero_judge_nothing() -> None:
    assert codes(drive(30, speed_mps=20.0, speed_kmh=np.zeros(30))) == [Keep.KEPT] * 30


def test_a_needle_is_drift_and_a_turn_at_low_speed_is_not() -> None:
    needle = track([0, 40, 80, 90, 100, 140, 180], [0, 0, 0, 90, 0, 0, 0], np.arange(7) * 4.0)
    assert codes(needle)[3] == Keep.DRIFT
    turn = track([0, 80, 160, 80, 0], [0] * 5, np.arange(5) * 10.0, speed_kmh=[30, 30, 25, 30, 30])
    assert codes(turn) == [Keep.KEPT] * 5


def test_a_wrong_first_fix_does_not_hold_the_day() -> None:
    given = drive()
    lat = given.lat_deg.copy()
    lat[0] += 1.0
    assert codes(changed(given, lat_deg=lat)) == [Keep.DRIFT] + [Keep.KEPT] * 29


def test_standstill_is_entered_after_a_minute_and_left_by_two_fixes() -> None:
    x = np.concatenate([np.arange(10) * 100.0, np.full(30, 1_000.0), [1_034.0, 1_000.0], 1_034 + np.arange(1, 10) * 40.0])
    cleaned = clean(track(x, np.zeros(x.size), np.arange(x.size) * 10.0))
    assert len(cleaned.stops) == 1
    stop = cleaned.stops[0]
    assert (stop["first_fix"], stop["last_fix"], stop["represent"]) == (10, 41, 10)
    assert (stop["from_ms"], stop["to_ms"]) == (100_000, 410_000)
    assert abs(stop["anchor_lon_deg"] - (110 + 1_000 / EAST)) * EAST < 0.01
    assert cleaned.keep[42] == Keep.KEPT


def test_ignition_off_and_twice_slow_enter_at_once() -> None:
    x = [0, 100, 200, 203, 202, 300, 400]
    slow = track(x, [0] * 7, np.arange(7) * 10.0, speed_kmh=[36, 30, 0, 1, 0, 30, 36])
    assert codes(slow) == [Keep.KEPT] * 3 + [Keep.STILL] * 2 + [Keep.KEPT] * 2
    off = track(x, [0] * 7, np.arange(7) * 10.0, acc=[1, 1, 0, 0, 0, 1, 1])
    assert codes(off) == [Keep.KEPT] * 3 + [Keep.STILL] * 2 + [Keep.KEPT] * 2


def test_the_odometer_ends_a_stop_over_a_silence() -> None:
    given = track([0.0, 1, 2, 1, 0, 1], [0.0] * 6, [0, 60, 120, 3_000, 3_060, 3_120], odometer_m=[0, 0, 0, 9_000, 9_000, 9_000])
    cleaned = clean(given)
    assert cleaned.stops["first_fix"].tolist() == [0, 3] and cleaned.stops["last_fix"].tolist() == [2, 5]


@pytest.mark.parametrize("spoken", [False, True])
@pytest.mark.parametrize("step_s", [1, 10, 30])
def test_eight_parked_hours_are_one_place(step_s: int, spoken: bool) -> None:
    random = np.random.default_rng(7)
    for _ in range(5):
        n = 8 * 3600 // step_s
        columns = {"speed_kmh": np.zeros(n)} if spoken else {}
        given = track(random.normal(0, 5, n), random.normal(0, 5, n), np.arange(n) * step_s, **columns)
        assert len(clean(given).stops) == 1
        assert metres(given) <= 50.0


def test_dense_fixes_are_thinned_by_distance_turn_and_time() -> None:
    n = 120
    given = drive(n, 1.0, 3.0, heading_deg=np.where(np.arange(n) < 60, 90, 150), speed_kmh=np.full(n, 11.0))
    keep = thin(given, clean(given), 6.0)
    kept = np.flatnonzero(keep == Keep.KEPT)
    assert kept[0] == 0 and kept[-1] == n - 1 and 60 in kept
    assert set(np.diff(kept[kept < 60])) == {6}
    wide = thin(given, clean(given), np.full(n, 60.0))
    assert np.diff(np.flatnonzero(wide == Keep.KEPT)).max() == 30


def test_the_last_fix_before_a_silence_is_never_thinned() -> None:
    t = np.concatenate([np.arange(20), 500 + np.arange(20)]).astype(float)
    given = track(t * 3.0, np.zeros(40), t)
    assert thin(given, clean(given), 6.0)[[19, 20]].tolist() == [Keep.KEPT, Keep.KEPT]


def test_without_times_only_places_count() -> None:
    given = Track.plain([110.0, 110.5, 110.0, 110.0001], [30.0] * 4)
    cleaned = clean(given)
    assert cleaned.keep.tolist() == [Keep.KEPT] * 4
    assert thin(given, cleaned, 6.0).tolist() == [Keep.KEPT] * 4


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_tracks_are_cleaned(n: int) -> None:
    given = drive(n)
    cleaned = clean(given)
    assert thin(given, cleaned, 6.0).tolist() == [Keep.KEPT] * n


wild = st.one_of(st.floats(-400, 400), st.just(float("nan")), st.just(float("inf")))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(wild, wild, st.integers(0, 10**10), wild, wild), max_size=30))
def test_garbage_never_raises(rows: list[tuple[float, float, int, float, float]]) -> None:
    lon, lat, t, speed, odometer = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    given = Track.plain(lon, lat, t, speed_kmh=speed, odometer_m=odometer)
    cleaned = clean(given)
    keep = thin(given, cleaned, 6.0)
    assert keep.size == len(rows) and np.isfinite(cleaned.stops["anchor_lon_deg"]).all()
