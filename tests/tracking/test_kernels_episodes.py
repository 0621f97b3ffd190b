"""Kernels of episodes against their slow twins, and the law of chunks: however the fixes are cut, the episodes are the same."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.units import day_bounds, day_of
from tests.tracking import naive_bits, naive_clock, naive_driving, naive_overspeed, naive_silences, naive_windows
from tests.tracking.violations.timeline import FIX, Run, days, rows_of
from tracking.kernels import clock, edges
from tracking.kernels.driving import FAR
from tracking.violations import driving, thresholds
from tracking.violations.model import DRIVER_RULES, RULES
from tracking.violations.pieces import attributed, blank, pieces_of
from tracking.violations.threshold import Subject

EVENING = day_bounds(date(2026, 3, 2))[0] + 20 * 3_600_000
H = 3_600_000
COACH = Subject("520100", "line_coach")
LONG_AFTER = 36 * H

legs = st.tuples(
    st.sampled_from([1, 10, 10, 10, 30, 60, 61, 200, 600, 1199, 1200, 1201, 3000, 7200, 7201]),
    st.sampled_from([0.0, 3.0, 4.9, 5.0, 30.0, 56.0, 60.0, 70.1, 85.0, 110.0, float("nan")]),
    st.sampled_from([0.0, 1.0, 4.0, 40.0, 40.0]),
    st.sampled_from([1, 1, 1, 0, -1]),
    st.sampled_from([70.0, 70.0, 50.0, 100.0, float("nan")]),
    st.sampled_from([0, 0, 0, 0, 1, 2]),
    st.sampled_from([0, 0, 0, 1, 32, 96, 4096]),
    st.sampled_from([0.0, 0.0, 500.0, 1000.0, float("nan")]),
    st.integers(1, 12),
    st.booleans(),
)


@st.composite
def drives(draw: st.DrawFn) -> np.ndarray:
    """Fixes from an evening on: legs repeated, so that runs and spells become long."""
    t_ms, lon = EVENING + draw(st.integers(0, 6 * H)), 107_000_000
    rows, odometer = [], 1_000.0
    for seconds, said, true_kmh, acc, limit, driver, alarm, gain, times, doubtful in draw(st.lists(legs, min_size=1, max_size=25)):
        for _ in range(times):
            rows.append((t_ms, lon, 26_500_000, said, acc, alarm, limit, doubtful, driver, odometer if gain == gain else gain))
            odometer += gain if gain == gain else 0
            t_ms, lon = t_ms + seconds * 1000, lon + round(true_kmh / 3.6 * seconds * 10)
    return np.array(rows, FIX)


def _numbers(rule_id: str) -> dict[str, Any]:
    found = thresholds.pick(thresholds.table(rule_id), date(2026, 3, 2), COACH)
    assert found is not None
    return dict(found.numbers)


def _whole(fixes: list[np.ndarray], rule_id: str) -> list[tuple[Any, ...]]:
    run = Run([COACH] * len(fixes), [rule_id])
    begin = min(int(one["t_ms"][0]) for one in fixes)
    for first, end in days(begin, max(int(one["t_ms"][-1]) for one in fixes) + LONG_AFTER):
        run.feed([one[(one["t_ms"] >= first) & (one["t_ms"] < end)] for one in fixes], [end] * len(fixes))
    return run.closed(rule_id)


@pytest.mark.parametrize("rule_id", ["SPD-LIMIT", "SPD-N80"])
@settings(max_examples=200, deadline=None)
@given(fixes=drives())
def test_speeding_agrees_with_its_twin(rule_id: str, fixes: np.ndarray) -> None:
    n = _numbers(rule_id)
    night = rule_id == "SPD-N80"
    grades = (0.0, 0.0) if night else n["excess_grades"][1:]
    when = naive_overspeed.BY_NIGHT if night else naive_overspeed.BY_DAY
    rules = naive_overspeed.Rules(
        n["min_s"], n["merge_s"], n["max_gap_s"], n["night"], n["tolerance_kmh"], n.get("night_factor", 1.0), grades, when
    )
    wanted = [(0, opened, closed, *rest) for opened, closed, *rest in naive_overspeed.episodes(fixes, rules)]
    found = _whole([fixes], rule_id)
    assert [one[:3] + one[4:] for one in found] == [(*one[:3], round(one[4], 6), *one[5:]) for one in wanted]
    assert np.allclose([one[3] for one in found], [one[3] for one in wanted], atol=1e-5)


@pytest.mark.parametrize("rule_id", ["FAT-4H", "FAT-N2H", "FAT-PRE"])
@settings(max_examples=200, deadline=None)
@given(fixes=drives())
def test_time_at_the_wheel_agrees_with_its_twin(rule_id: str, fixes: np.ndarray) -> None:
    n = _numbers(rule_id)
    far, ahead = naive_driving.FAR, n.get("pre_warn_s", 0)
    rules = naive_driving.Rules(
        n.get("max_spell_s", far + ahead) - ahead, n.get("max_night_spell_s", far + ahead) - ahead, n.get("night", (0, 0)), False,
        n["min_rest_s"], n["gap_s"], n["max_silence_s"], n["moving_kmh"], n["gap_driving_kmh"], n["rest_displacement_m"],
        n["drift_radius_m"], n["short_stops_count"],
    )  # fmt: skip
    wanted = [(0, *one) for one in naive_driving.episodes(fixes, rules)]
    assert [(*one[:5], one[6]) for one in _whole([fixes], rule_id)] == wanted


@pytest.mark.parametrize(("rule_id", "mask"), [("SOS", 1), ("ANTENNA", 0x70), ("DEVICE", 0x1F80)])
@settings(max_examples=200, deadline=None)
@given(fixes=drives())
def test_runs_of_bits_agree_with_their_twin(rule_id: str, mask: int, fixes: np.ndarray) -> None:
    n = _numbers(rule_id)
    wanted = naive_bits.episodes(fixes, mask, n["min_s"], n["merge_s"], rule_id == "DEVICE")
    assert [one[1:5] + one[7:] for one in _whole([fixes], rule_id)] == wanted


SILENT = {
    "OFFLINE": naive_silences.Rules(600_000, 5.0, 1000.0, severity=3, repeat=3, repeat_ms=30 * 24 * H, again=4),
    "OFF-24H": naive_silences.Rules(24 * H, from_end=True, severity=1),
    "MOVE-OFF": naive_silences.Rules(600_000, apart_m=2000.0, severity=2),
}


@pytest.mark.parametrize("rule_id", list(SILENT))
@settings(max_examples=200, deadline=None)
@given(fixes=drives())
def test_silences_agree_with_their_twin(rule_id: str, fixes: np.ndarray) -> None:
    found = _whole([fixes], rule_id)
    wanted = naive_silences.episodes(fixes, SILENT[rule_id])
    assert [(*one[1:4], *one[5:6], *one[7:]) for one in found] == [(*one[:3], *one[4:]) for one in wanted]
    assert np.allclose([one[4] for one in found], [one[3] for one in wanted], atol=1e-5)


@settings(max_examples=200, deadline=None)
@given(fixes=drives())
def test_driving_between_two_and_five_agrees_with_its_twin(fixes: np.ndarray) -> None:
    n = _numbers("NIGHT-25")
    rules = naive_driving.Rules(
        naive_driving.FAR, n["min_s"], n["night"], False, n["max_silence_s"], n["gap_s"], n["max_silence_s"], n["moving_kmh"],
        n["gap_driving_kmh"], n["rest_displacement_m"], n["drift_radius_m"], False,
    )  # fmt: skip
    alone = fixes.copy()
    alone["driver"] = 0
    assert [(*one[1:5], one[6]) for one in _whole([fixes], "NIGHT-25")] == naive_driving.episodes(alone, rules)


@pytest.mark.parametrize("rule_id", list(RULES))
@settings(max_examples=100, deadline=None)
@given(data=st.data(), fleet=st.lists(drives(), min_size=1, max_size=3))
def test_however_the_fixes_are_cut_the_episodes_are_the_same(rule_id: str, data: st.DataObject, fleet: list[np.ndarray]) -> None:
    run = Run([COACH] * len(fleet), [rule_id])
    begin, last = min(int(one["t_ms"][0]) for one in fleet), max(int(one["t_ms"][-1]) for one in fleet) + LONG_AFTER
    cuts = sorted(set(data.draw(st.lists(st.integers(begin + 1, last), max_size=12))) | {last})
    for first, end in days(begin, last):
        done = first
        for cut in [*(one for one in cuts if first < one < end), end]:
            run.feed([one[(one["t_ms"] >= done) & (one["t_ms"] < cut)] for one in fleet], [cut] * len(fleet))
            done = cut
    assert run.closed(rule_id) == _whole(fleet, rule_id)
    opened = run.opened(rule_id)
    assert len(opened) == len(set(opened)) and {one[:2] for one in run.closed(rule_id)} <= set(opened)


windows = st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda one: one[0] != one[1])


@settings(max_examples=300, deadline=None)
@given(st.integers(-3 * 24 * H, 3 * 24 * H), windows, st.sampled_from([0, 1, -1]))
def test_windows_of_the_day_agree_with_the_calendar(ahead: int, hours: tuple[int, int], beside: int) -> None:
    begin, end = (hour * H for hour in hours)
    for t_ms in (EVENING + ahead, EVENING - 20 * H + begin + beside, EVENING - 20 * H + end + beside):
        inside = naive_clock.inside_hours(t_ms, begin, end)
        assert clock.day_number(t_ms) == (day_of(t_ms) - date(1970, 1, 1)).days
        assert clock.inside_hours(t_ms, begin, end) == inside
        assert clock.next_edge(t_ms, begin, end) == naive_clock.next_edge(t_ms, begin, end)
        if inside:
            assert clock.window_day(t_ms, begin, end) == naive_clock.window_day(t_ms, begin, end)


def test_no_room_for_an_edge_is_an_error_and_not_a_write_beyond() -> None:
    rows = np.zeros(1, edges.EDGE)
    edges.put(rows, 0, 3, edges.OPEN, 1, 2, (np.int32(5), np.int32(6)))
    assert (rows["slot"][0], rows["lon_e6"][0], rows["lat_e6"][0]) == (3, 5, 6) and np.isnan(rows["peak_kmh"][0])
    with pytest.raises(ValueError, match="more edges"):
        edges.put(rows, 1, 3, edges.OPEN, 1, 2, (np.int32(5), np.int32(6)))


@settings(max_examples=200, deadline=None)
@given(drives(), st.booleans(), st.booleans(), st.sampled_from([1800, 3600]), st.sampled_from([0, 900]))
def test_time_at_the_wheel_by_other_rows_agrees_with_its_twin(
    fixes: np.ndarray, short_stops: bool, whole_spell: bool, night_s: int, spell_s: int
) -> None:
    """Stops that count, the whole spell held against the night, both limits at once."""
    n = _numbers("FAT-PRE") | {"short_stops_count": short_stops, "night_counts": int(whole_spell)}
    spell_ms = spell_s * 1000 or FAR
    rule = RULES["FAT-PRE"]
    limits = np.array([[driving.pack(n, 4, spell_ms, night_s * 1000)] * 2], rule.limits)
    states, found = rule.blank(1), []
    for begin, end in days(int(fixes["t_ms"][0]), int(fixes["t_ms"][-1]) + LONG_AFTER):
        rows = rows_of([fixes[(fixes["t_ms"] >= begin) & (fixes["t_ms"] < end)]], day_bounds(day_of(begin))[0])
        edges_told = rule.judge(rows, limits, states, np.array([end]))
        found += [
            (int(e["opened_ms"]), int(e["t_ms"]), float(e["peak"]), float(e["amount"]), int(e["quality"]))
            for e in edges_told[edges_told["kind"] == edges.CLOSE]
        ]
    rules = naive_driving.Rules(
        spell_ms, night_s * 1000, n["night"], whole_spell, n["min_rest_s"], n["gap_s"], n["max_silence_s"], n["moving_kmh"],
        n["gap_driving_kmh"], n["rest_displacement_m"], n["drift_radius_m"], short_stops,
    )  # fmt: skip
    assert found == naive_driving.episodes(fixes, rules)


MINUTE = 60_000


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(1, 200)), min_size=1, max_size=12),
    st.integers(30, 900),
    st.integers(1, 600),
    st.integers(0, 2000),
)
def test_driving_in_windows_agrees_with_its_twin(spans: list[tuple[int, int]], window: int, limit: int, more: int) -> None:
    pieces, at = [], EVENING
    for rest, length in spans:
        pieces.append((at + rest * MINUTE, at + (rest + length) * MINUTE))
        at = pieces[-1][1]
    until = pieces[0][0] + more * MINUTE
    begin, end = (np.array([one[side] for one in pieces], np.int64) for side in (0, 1))
    limits = np.array([(window * MINUTE, limit * MINUTE, 4, True)], DRIVER_RULES["FAT-24H"].limits)
    found = DRIVER_RULES["FAT-24H"].judge(np.array([0, len(pieces)]), begin, end, limits, until)
    known = [(b, min(e, until)) for b, e in pieces if b < until]
    told = [(int(e["opened_ms"]), int(e["t_ms"]), float(e["peak"]), float(e["amount"]), bool(e["kind"] == edges.CLOSE)) for e in found]
    assert told == naive_windows.episodes(known, window * MINUTE, limit * MINUTE, until)


@settings(max_examples=200, deadline=None)
@given(fixes=drives(), parts=st.lists(st.integers(0, 300), max_size=5))
def test_pieces_of_driving_are_those_of_the_spells_however_they_are_cut(fixes: np.ndarray, parts: list[int]) -> None:
    n = _numbers("FAT-4H")
    rules = naive_driving.Rules(
        naive_driving.FAR, naive_driving.FAR, (0, 0), False, n["min_rest_s"], n["gap_s"], n["max_silence_s"], n["moving_kmh"],
        n["gap_driving_kmh"], n["rest_displacement_m"], n["drift_radius_m"], False,
    )  # fmt: skip
    states = blank(1)
    cut = [0, *sorted(one for one in parts if one < len(fixes)), len(fixes)]
    told_in_parts = [pieces_of(rows_of([fixes[a:b]], 0), n, states) for a, b in pairwise(cut)]
    found = attributed(np.concatenate(told_in_parts))
    driven = [piece for spell in naive_driving.spells(fixes, rules) for piece in spell.pieces if piece]
    assert int((found["end_ms"] - found["begin_ms"]).sum()) == sum(end - begin for begin, end in driven)
    covered = [(int(one["begin_ms"]), int(one["end_ms"])) for one in found]
    assert sorted(covered) == covered and all(b <= c for (_, b), (c, _) in pairwise(covered))
    assert all(any(b < end and begin < e for b, e in covered) for begin, end in driven)
    by_driver: dict[int, int] = {}
    for spell in naive_driving.spells(fixes, rules):
        by_driver[spell.driver] = by_driver.get(spell.driver, 0) + sum(end - begin for begin, end in filter(None, spell.pieces))
    told = {int(driver): int((found["end_ms"] - found["begin_ms"])[found["driver"] == driver].sum()) for driver in set(found["driver"])}
    assert told == {driver: total for driver, total in by_driver.items() if total}
