"""The odometer's ratio over days, its step, its health fix by fix."""

from __future__ import annotations

import numpy as np
import pytest

from domain.track import Track
from tests.tracking.day_drives import drive, laps, ring
from tracking.legs import LegRules, Legs, legs_of
from tracking.matching import match
from tracking.odometer import Odometer, Ratio, ratio_of_days, read_odometer


def read(rows: np.ndarray, known: Ratio | None = None) -> tuple[Legs, Odometer]:
    network = ring()[0]
    track = Track.of(rows)
    found = match(track, network)
    legs = legs_of(track, found.cleaned, found.cleaned.keep, found, network, LegRules())
    return legs, read_odometer(track, found.cleaned, legs, known)


def test_the_ratio_of_days_takes_the_last_two_hundred_kilometres() -> None:
    days = [(60_000.0, 61_800.0)] * 4 + [(60_000.0, 90_000.0)]
    found = ratio_of_days(days)
    assert found is not None and found.value == pytest.approx(1 / 1.03) and found.metres == 240_000
    assert found.sd == 0.0025


def test_days_that_differ_make_a_ratio_less_sure() -> None:
    found = ratio_of_days([(100_000.0, 100_000.0), (100_000.0, 104_000.0)])
    assert found is not None and found.sd == pytest.approx(0.019, abs=0.002)


@pytest.mark.parametrize("days", [[], [(30_000.0, 30_000.0)], [(0.0, 0.0)] * 5, [(90_000.0, 0.0)]])
def test_too_little_is_no_ratio(days: list[tuple[float, float]]) -> None:
    assert ratio_of_days(days) is None


def test_a_healthy_odometer_spans_every_leg() -> None:
    legs, odometer = read(drive(laps(2), odometer=0.98))
    assert odometer.usable and odometer.flags == () and odometer.step_m == 100.0
    assert odometer.span(0, legs.row.size - 1) == pytest.approx(72_000, rel=0.005)
    assert np.isfinite(odometer.ratio.sd) and odometer.ratio.sd < 0.01


def test_a_fall_parts_the_track_and_both_parts_stay_usable() -> None:
    rows = drive(laps(2))
    rows["odometer_m"][300:] -= 30_000_000
    legs, odometer = read(rows)
    assert odometer.flags == ("ODO_RESET",) and odometer.usable
    assert np.isnan(odometer.span(250, 350))
    assert odometer.span(0, 200) > 0 and odometer.span(320, legs.row.size - 1) > 0


def test_no_readings_no_odometer() -> None:
    _, odometer = read(drive(laps(1), odometer=None))
    assert not odometer.usable and odometer.flags == () and np.isnan(odometer.span(0, 5))
