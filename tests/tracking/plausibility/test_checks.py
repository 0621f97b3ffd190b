"""Each check finds its fraud, lets its honest likeness pass, and does not accuse the simulated fleet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.tracking.day_drives import drive, laps, shifted
from tracking.plausibility.model import CHECKS, DayRows, suspicions

Rows = NDArray[Any]


def honest(seed: int = 1, **how: Any) -> Rows:
    """Three laps, 108 km, with a receiver's noise; speeds as reported by the receiver."""
    rows = drive(laps(3), seed=seed, **how)
    random = np.random.default_rng([seed, 7])
    moving = rows["speed_kmh10"] > 0
    rows["speed_kmh10"][moving] += random.normal(0, 8, int(moving.sum())).astype(np.int16)
    rows["satellites"] = random.integers(8, 14, rows.size)
    rows["altitude_m"] = 1_100 + random.integers(-6, 6, rows.size)
    return rows


def flags(rows: Rows, **given: Any) -> list[str]:
    return [one.flag for one in suspicions(DayRows.of(rows, **given))]


def two_places(seed: int) -> Rows:
    """A second vehicle with the same id, 8 km away, reporting in between."""
    one, other = honest(seed), shifted(honest(seed + 100), slice(None), 8_000)
    other["t_ms"] += 4_000
    return np.sort(np.concatenate([one, other[200:260]]), order="t_ms")


def replayed(seed: int) -> tuple[Rows, Rows]:
    before = honest(seed)
    today = before.copy()
    today["t_ms"] += 86_400_000
    return today, before


def simulated(seed: int) -> Rows:
    rows = drive(laps(3), noise_m=0.0, seed=seed)
    rows["altitude_m"] = 1_100
    return rows


def chipped(seed: int) -> Rows:
    rows = honest(seed)
    rows["speed_kmh10"] = np.maximum(rows["speed_kmh10"] - 80, 0)
    return rows


def rolled_back(seed: int) -> Rows:
    rows = honest(seed)
    rows["odometer_m"][rows.size // 2 :] -= 20_000
    return rows


def switched_off(seed: int) -> Rows:
    rows = honest(seed)
    rows["status_bits"][100:200] &= ~1
    return rows


def backfilled(seed: int) -> Rows:
    rows = honest(seed)
    rows["received_ms"][: rows.size * 2 // 5] += 90_000_000
    return rows


FRAUDS = {
    "TWO_PLACES": two_places, "SIMULATED": simulated, "SPEED_CHIP": chipped, "ODO_ROLLBACK": rolled_back, "IGNITION": switched_off,
    "LATE_BACKFILL": backfilled,
}  # fmt: skip


@pytest.mark.parametrize("flag", list(FRAUDS))
def test_the_fraud_is_found_and_nothing_else_is_said(flag: str) -> None:
    for seed in range(1, 21):
        assert flags(FRAUDS[flag](seed)) == [flag], seed


def test_a_replayed_day_is_found_whole_or_in_part() -> None:
    for seed in range(1, 21):
        today, before = replayed(seed)
        assert flags(today, before=(honest(seed + 50), before)) == ["REPLAY"]
        mixed = honest(seed + 200)
        mixed["t_ms"] += 86_400_000
        part = np.concatenate([mixed[:300], today[300:320], mixed[320:]])
        assert "REPLAY" in flags(part, before=(before,))
        assert "REPLAY" not in flags(np.concatenate([mixed[:300], today[300:305], mixed[305:]]), before=(before,))


def test_the_way_that_is_driven_every_day_is_no_replay() -> None:
    for seed in range(1, 21):
        assert flags(honest(seed), before=(honest(seed + 1), honest(seed + 2))) == []


def test_a_way_off_the_roads_is_told_and_a_day_that_was_not_matched_is_not() -> None:
    rows = honest()
    assert flags(rows, driven_m=100_000.0, off_road_m=10_001.0) == ["UNMATCHED"]
    assert flags(rows, driven_m=100_000.0, off_road_m=10_000.0) == []
    assert flags(rows, driven_m=4_999.0, off_road_m=4_999.0) == []
    assert flags(rows) == []


def test_jumps_of_a_bad_antenna_are_no_second_vehicle() -> None:
    for seed in range(1, 21):
        random = np.random.default_rng(seed)
        rows = honest(seed)
        for at in random.integers(0, rows.size - 5, 12):
            far = shifted(rows[at : at + 4], slice(None), float(random.uniform(3_000, 9_000)))
            rows[at : at + 4] = far
        assert "TWO_PLACES" not in flags(rows), seed


def test_a_silence_through_which_it_drove_is_no_second_vehicle() -> None:
    rows = honest()
    assert flags(np.concatenate([rows[:100], rows[300:500], rows[700:]])) == []


def test_one_wrong_reading_of_the_odometer_is_a_slip() -> None:
    rows = honest()
    rows["odometer_m"][300] = 0
    rows["odometer_m"][400] += 5_000_000
    assert flags(rows) == []
    rows["odometer_m"][500:] = -1
    assert flags(rows) == []
    ends = honest()
    ends["odometer_m"][0], ends["odometer_m"][-1] = 0, 0
    ends["odometer_m"][300:302] = 0
    assert flags(ends) == []


def test_an_odometer_that_gains_more_than_a_day_can_hold() -> None:
    rows = honest()
    rows["odometer_m"] = 1_000 + np.arange(rows.size) * 900_000 // rows.size
    (found,) = suspicions(DayRows.of(rows))
    assert (found.flag, found.action) == ("ODO_ROLLBACK", "hold") and found.statistic > 800_000


def test_a_speed_just_below_what_a_chip_takes_is_not_told() -> None:
    rows = honest()
    rows["speed_kmh10"] = np.maximum(rows["speed_kmh10"] - 45, 0)
    assert flags(rows) == []


def test_what_came_a_day_late_in_part_is_honest_backfill() -> None:
    rows = honest()
    rows["received_ms"][: rows.size // 4] += 90_000_000
    assert flags(rows) == []


def test_little_or_nothing_is_no_suspicion() -> None:
    rows = honest()
    for count in (0, 1, 2, 3, 10):
        assert flags(rows[:count], before=(honest(9)[:count],)) == []


def test_holds_and_reviews_are_those_decided_and_carry_what_they_were_judged_by() -> None:
    holds = {flag for flag in CHECKS if CHECKS[flag].action == "hold"}
    assert holds == {"TWO_PLACES", "REPLAY", "ODO_ROLLBACK"}
    (found,) = suspicions(DayRows.of(chipped(3)))
    assert found.facts["parameters"] == {"less_kmh": 6, "least_s": 1200} and found.statistic > 6
    assert CHECKS["SPEED_CHIP"](DayRows.of(chipped(3)), {"less_kmh": 12}) is None
