"""Trips and stops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.track import Track
from tests.tracking.day_drives import BEGIN_S, drive
from tests.tracking.small_roads import degrees
from tracking.cleaning import Cleaned, clean
from tracking.mileage import MeasureContext, measure
from tracking.trips import Stations, stays_of, trips_of

WINDOW = BEGIN_S * 1000, BEGIN_S * 1000 + 86_400_000
CALLS = [(0.0, 0.0, 0.0), (6_000.0, 0.0, 60.0), (12_000.0, 0.0, 400.0), (12_000.0, 6_000.0, 0.0)]


def cleaned(rows: NDArray[Any]) -> tuple[Track, Cleaned]:
    track = Track.of(rows)
    return track, clean(track)


def trips(rows: NDArray[Any], window_ms: tuple[int, int] | None = None) -> NDArray[Any]:
    track, found = cleaned(rows)
    return trips_of(track, found, measure(track, found, None, None, MeasureContext(window_ms=window_ms)))


def test_a_standstill_of_five_minutes_parts_trips() -> None:
    found = trips(drive(CALLS))
    assert found["length_mm"] / 1e6 == pytest.approx([12, 6], abs=0.15)
    seconds = (found["to_ms"] - found["from_ms"]) / 1000
    assert seconds == pytest.approx([1_060, 500], abs=25)
    assert (found["first_fix"] < found["last_fix"]).all()


def test_ignition_off_for_two_minutes_parts_trips() -> None:
    calls = [(0.0, 0.0, 0.0), (6_000.0, 0.0, 150.0), (12_000.0, 0.0, 0.0)]
    assert len(trips(drive(calls))) == 1
    assert len(trips(drive(calls, ignition=False))) == 2


def test_a_long_silence_parts_trips() -> None:
    first, second = drive([(0, 0, 0), (6_000, 0, 0)]), drive([(6_000, 0, 0), (12_000, 0, 0)], start_h=9.0)
    assert len(trips(np.concatenate([first, second]))) == 2


def test_moving_in_the_yard_is_no_trip() -> None:
    assert len(trips(drive([(0, 0, 400), (200, 0, 400)]))) == 0


def test_a_trip_over_the_end_of_the_window_is_cut_there() -> None:
    rows = drive([(0, 0, 0), (12_000, 0, 0)], start_h=23.9)
    found = trips(rows, WINDOW)
    assert found["to_ms"].tolist() == [WINDOW[1]]
    assert found["length_mm"][0] == pytest.approx(360 * 12 * 1000, rel=0.03)


def test_stops_have_place_time_and_the_nearest_station() -> None:
    _, found = cleaned(drive(CALLS))
    lon, lat = degrees([6_050.0, 6_010.0, 3_000.0], [0.0, 10.0, 0.0])
    stays = stays_of(found, WINDOW, Stations(np.array([7, 8, 9]), lon, lat))
    assert ((stays["to_ms"] - stays["from_ms"]) / 1000).tolist() == pytest.approx([60, 400], abs=12)
    assert stays["station"].tolist() == [8, -1]
    assert stays["station_m"][0] == pytest.approx(14, abs=8) and np.isnan(stays["station_m"][1])


def test_nothing_driven_nothing_found() -> None:
    assert len(trips(drive(CALLS)[:0])) == 0
    assert len(stays_of(cleaned(drive(CALLS)[:0])[1], WINDOW)) == 0
