"""Of clean vehicle-days of the simulated county, with its noise, drift, lost antennas, silences, disorder and duplicates, hardly one is held."""

from __future__ import annotations

from collections import Counter

from benchmarks.day_fleet import CASES, Case, Fleet
from simulators.county import build_county
from simulators.county.model import CountySettings
from tracking.plausibility.model import DayRows, suspicions

DAYS = 60


def test_clean_days_are_not_held() -> None:
    """Bar: 0.5 % of clean vehicle-days held; on these none, and none for review."""
    fleet = Fleet(build_county(CountySettings(seed=11)), 11)
    found: Counter[str] = Counter()
    for case in (Case(10, DAYS), Case(30, DAYS, 6), CASES[1]):
        for number in range(DAYS if case.interval_s > 5 else 10):
            drive = fleet.day(number, case)
            before = tuple(fleet.day(number + 1000 * back, case).rows for back in (1, 2)) if number < 5 else ()
            found.update(one.flag for one in suspicions(DayRows.of(drive.rows, before=before)))
    assert found == Counter()
