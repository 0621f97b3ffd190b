"""Rules on a computed vehicle-day: limits of the road it was matched to, records without a place, drift, cards."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.position import LOCATED
from domain.units import day_bounds
from tests.tracking.day_drives import BEGIN_S, DAY, drive, laps, ring, shifted
from tracking.daily import compute_day
from tracking.kernels.edges import CLOSE
from tracking.network.model import RoadNetwork
from tracking.violations.columns import rows_of
from tracking.violations.judging import Memory, Whom, judge
from tracking.violations.of_day import CARD, drivers_at, judgeable
from tracking.violations.threshold import Subject

NETWORK = ring(40)[0]
DAY_MS, END_MS = day_bounds(DAY)


def judged(
    rows: NDArray[Any], network: RoadNetwork | None = NETWORK, cards: NDArray[Any] | None = None
) -> dict[str, list[tuple[int, int, int]]]:
    """Rule id to (opened, closed, quality) of the closed episodes of a coach's day."""
    result = compute_day(rows, DAY, network)
    found = judgeable(result, network, cards)
    driven = rows_of(found.positions, found.judged, np.array([0, len(found.positions)]), DAY_MS)
    said = rows_of(found.said, np.zeros(len(found.said), found.judged.dtype), np.array([0, len(found.said)]), DAY_MS)
    told = judge(driven, Whom.of([Subject("520100", "line_coach")]), Memory(1), np.array([END_MS]), said=said)
    closed = {one.rule.rule_id: one.edges[one.edges["kind"] == CLOSE] for one in told}
    return {
        rule_id: [(int(edge["opened_ms"]), int(edge["t_ms"]), int(edge["quality"])) for edge in edges] for rule_id, edges in closed.items() if len(edges)
    }  # fmt: skip


def test_a_day_over_the_limit_of_its_road_is_one_episode_of_speeding() -> None:
    rows = drive(laps(1))
    found = judged(rows)
    assert list(found) == ["SPD-LIMIT"]
    moving = rows["t_ms"][rows["speed_kmh10"] > 0]
    opened, closed = found["SPD-LIMIT"][0][0], found["SPD-LIMIT"][-1][1]
    assert abs(opened - moving[0]) <= 20_000 and abs(closed - moving[-1]) <= 30_000


def test_the_same_day_under_the_limit_and_without_roads_is_none() -> None:
    assert judged(drive(laps(1)), ring(60)[0]) == {}
    assert judged(drive(laps(1)), None) == {}


def test_off_the_roads_nothing_is_said_of_speed() -> None:
    rows = shifted(drive([(0.0, 0.0, 0.0), (12_000.0, 0.0, 0.0)]), slice(None), -2_500)
    assert judged(rows) == {}


def test_drift_is_no_speed_and_the_driving_beside_it_stays_one_episode() -> None:
    rows = drive(laps(1))
    odd = rows.copy()
    odd["lat_e6"][100:102] += 60_000
    odd["speed_kmh10"][100:102] = 1_550
    assert [one[:2] for one in judged(odd)["SPD-LIMIT"]] == [one[:2] for one in judged(rows)["SPD-LIMIT"]]


def test_an_emergency_without_a_place_is_an_emergency() -> None:
    rows = drive(laps(1), speed_mps=10.0)
    rows["status_bits"][200:203] &= ~LOCATED
    rows["lon_e6"][200:203] = rows["lat_e6"][200:203] = 0
    rows["alarm_bits"][200:203] = 1
    found = judged(rows)
    assert list(found) == ["SOS"] and found["SOS"][0][:2] == (rows["t_ms"][200], rows["t_ms"][202])


def test_records_without_a_place_are_no_silence_and_no_leap() -> None:
    rows = drive(laps(1), speed_mps=10.0)
    dark = slice(100, 190)
    rows["status_bits"][dark] &= ~LOCATED
    rows["lon_e6"][dark] = rows["lat_e6"][dark] = 0
    assert judged(rows) == {}
    silent = np.delete(rows, np.arange(100, 190))
    assert sorted(judged(silent)) == ["MOVE-OFF", "OFFLINE"]


def test_five_hours_at_the_wheel_are_too_many_and_two_drivers_share_them() -> None:
    rows = drive(laps(6), speed_mps=10.0)
    alone = judged(rows)
    assert list(alone) == ["FAT-4H", "FAT-PRE"]
    assert abs(alone["FAT-4H"][0][0] - (int(rows["t_ms"][0]) + 4 * 3_600_000 + 1)) <= 20_000
    cards = np.array([(BEGIN_S * 1000, 7, True), (int(rows["t_ms"][len(rows) // 2]), 8, True)], CARD)
    assert judged(rows, cards=cards) == {}


def test_the_card_that_is_in() -> None:
    cards = np.array([(100, 7, True), (200, 7, False), (300, 8, True)], CARD)
    assert drivers_at(cards, np.array([99, 100, 199, 200, 299, 300, 400])).tolist() == [0, 7, 7, 0, 0, 8, 8]
    assert drivers_at(cards[:0], np.array([5])).tolist() == [0]
