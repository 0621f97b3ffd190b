"""Judging as a whole: exemptions, thresholds that change, rows of the day on which an episode opened."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from domain.units import day_bounds
from tests.tracking.violations.timeline import drive, last_ms, rows_of, told, whole
from tracking.violations import judging, thresholds
from tracking.violations.judging import Memory, Whom, judge
from tracking.violations.model import RULES
from tracking.violations.threshold import Subject
from tracking.violations.thresholds import pick, read, table

COACH = Subject("520100", "line_coach")


def test_a_vehicle_that_the_register_exempts_is_not_judged_and_the_others_are() -> None:
    fixes = drive("2026-03-03T02:00:00", [{"for": "1:00:00", "kmh": 60}, {"for": "3:00:00", "kmh": 0}])
    day_ms, end = day_bounds(date(2026, 3, 3))
    whom = Whom.of([COACH, COACH])
    exempt = Whom(whom.kinds, whom.kind, {"NIGHT-25": np.array([True, False])})
    (found,) = judge(rows_of([fixes, fixes], day_ms), exempt, Memory(2), np.array([end, end]), ["NIGHT-25"])
    assert found.edges["slot"].tolist() == [1, 1]
    row = pick(table("NIGHT-25"), date(2026, 3, 3), COACH)
    assert row is not None and found.threshold_ids == [row.threshold_id] * 2


def test_an_episode_is_judged_by_the_row_of_the_day_on_which_it_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """At midnight the limit of a spell is raised to five hours: what is open stays open, what is not is judged by the new row."""
    (old,) = table("FAT-4H")
    text = (thresholds.FOLDER / "fat-4h.toml").read_text("utf-8")
    change = text.split("[[value]]")[1].replace("2004-05-01", "2026-03-03").replace("14400", "18000")
    rows = read(text.replace('source = "IR', 'until = 2026-03-03\nsource = "IR') + "\n[[value]]" + change, RULES["FAT-4H"])
    monkeypatch.setattr(thresholds, "table", lambda rule_id: tuple(rows))
    for cached in (judging._threshold, judging._packed, judging._id):
        cached.cache_clear()
    try:
        open_before = drive("2026-03-02T19:50:00", [{"for": "4:30:00", "kmh": 60}, {"for": "1:00:00", "kmh": 0}])
        (one,) = told(whole(open_before, COACH, ["FAT-4H"], last_ms(open_before)), "FAT-4H")
        assert (one["opened"], one["closed"]) == ("2026-03-02T23:50:00.001", "2026-03-03T00:20:00.000")
        not_yet = drive("2026-03-02T20:10:00", [{"for": "4:30:00", "kmh": 60}, {"for": "1:00:00", "kmh": 0}])
        assert told(whole(not_yet, COACH, ["FAT-4H"], last_ms(not_yet)), "FAT-4H") == []
    finally:
        for cached in (judging._threshold, judging._packed, judging._id):
            cached.cache_clear()
    assert old.numbers["max_spell_s"] == 14_400_000


def test_what_is_remembered_of_a_vehicle_is_small() -> None:
    sizes = {rule_id: RULES[rule_id].state.itemsize for rule_id in RULES}
    assert max(sizes.values()) <= 256


def test_no_vehicle_and_no_fix_is_no_edge() -> None:
    day_ms, end = day_bounds(date(2026, 3, 3))
    assert all(len(one.edges) == 0 for one in judge(rows_of([], day_ms), Whom.of([]), Memory(0), np.zeros(0, np.int64)))
    nothing = drive("2026-03-03T02:00:00", [{"for": "0:00:10", "kmh": 0}])[:0]
    assert all(len(one.edges) == 0 for one in judge(rows_of([nothing], day_ms), Whom.of([COACH]), Memory(1), np.array([end])))


def test_fixes_of_two_days_before_a_call_of_the_third_are_remembered() -> None:
    """A silence that lasts over a whole day without a call's rows still ends."""
    fixes = drive(
        "2026-03-01T12:00:00", [{"for": "0:00:10", "kmh": 0}, {"for": "60:00:00", "kmh": 0, "silent": True}, {"for": "0:00:10", "kmh": 0}]
    )
    run = whole(fixes, COACH, ["OFF-24H"], int(fixes["t_ms"][-1]) + int(timedelta(hours=1) / timedelta(milliseconds=1)))
    assert [one["opened"] for one in told(run, "OFF-24H")] == ["2026-03-02T12:00:00.000"]
