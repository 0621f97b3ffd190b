"""The vehicle-day: figures, flags, purity, midnight, bad input."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.position import LOCATED, POSITION
from tests.tracking.day_drives import BEGIN_S, DAY, drive, laps, ring, shifted
from tests.tracking.small_roads import line
from tracking.cleaning import Keep
from tracking.daily import DayContext, DayLines, DayResult, compute_day
from tracking.network.model import RoadNetwork
from tracking.odometer import Ratio
from tracking.segments import SegmentKind


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    return ring()[0]


def flags(result: DayResult) -> set[str]:
    return set(result.figures.flags) - {"NO_TIMETABLE"}


def test_the_golden_columns_of_an_ordinary_day(network: RoadNetwork) -> None:
    context = DayContext(planned_trips=2, duties=((BEGIN_S * 1000 + 8 * 3_600_000, BEGIN_S * 1000 + 10 * 3_600_000),))
    result = compute_day(drive([*laps(2), (0, 0, 400)]), DAY, network, None, context)
    f = result.figures
    assert f.matched_m == pytest.approx(72_000, rel=0.002) and f.low_m <= 72_000 <= f.high_m
    assert (f.on_road_m, f.off_road_m, f.inferred_m) == (f.matched_m, 0, 0)
    assert (f.odo_start_m, f.odo_end_m) == (50_000_000, 50_072_000)
    assert f.records == f.qualified_records == 641 and f.drift_points == 0
    assert f.complete_m == f.total_track_m == pytest.approx(f.gps_raw_m, rel=0.02)
    assert f.duty_ms == 7_200_000 and f.online_ms == 6_400_000
    assert f.flags == () and f.planned_trips == 2 and len(result.trips) == 1
    assert len(result.edge_speeds) and result.edge_speeds["travel_mm"].sum() <= f.matched_m * 1000


def test_a_line_that_is_given_is_found(network: RoadNetwork) -> None:
    small, number = ring()
    out = line(small, number, "mn", [0.0, 3_000.0, 6_000.0])
    rows = drive([(6_000, 0, 60), (6_000, 3_000, 40), (6_000, 6_000, 60)])
    result = compute_day(rows, DAY, small, DayLines((out,)), DayContext(planned_trips=1))
    assert result.figures.run_trips == 1 and len(result.runs) == 1
    assert (result.runs[0].passages["dwell_s"] > 0).sum() >= 1


def test_same_input_same_bytes_whatever_its_order(network: RoadNetwork) -> None:
    rows = shifted(drive(laps(1)), slice(60, 64), 300.0)
    shuffled = np.concatenate([rows, rows[10:20]])[np.random.default_rng(3).permutation(rows.size + 10)]
    first, second = compute_day(rows, DAY, network), compute_day(shuffled, DAY, network)
    assert first.evidence_hash == second.evidence_hash and first.input_hash == second.input_hash
    assert first.figures == second.figures and first.segments.rows.tobytes() == second.segments.rows.tobytes()
    assert pickle.loads(pickle.dumps(first)).figures == first.figures


def test_every_input_is_in_the_hash(network: RoadNetwork) -> None:
    rows = drive(laps(1))
    more = rows.copy()
    more["odometer_m"][-1] += 100
    given = [
        compute_day(rows, DAY, network),
        compute_day(more, DAY, network),
        compute_day(rows, DAY, None),
        compute_day(rows, DAY, network, None, DayContext(ratio=Ratio(1.01, 0.01, 90_000.0))),
        compute_day(rows, DAY, network, None, DayContext(planned_trips=3)),
    ]
    assert len({result.input_hash for result in given}) == len(given)
    far = drive(laps(1), start_h=30.0)
    assert compute_day(np.concatenate([rows, far]), DAY, network).input_hash == given[0].input_hash


def test_days_add_up_over_midnight(network: RoadNetwork) -> None:
    rows = drive(laps(2), start_h=23.1)
    whole = compute_day(drive(laps(2)), DAY, network).figures.matched_m
    two = [compute_day(rows, DAY + timedelta(days=k), network) for k in (0, 1)]
    assert two[0].figures.matched_m == pytest.approx(54 * 60 * 12, rel=0.005)
    assert sum(day.figures.matched_m for day in two) == pytest.approx(whole, abs=20)
    assert two[0].segments.rows["to_ms"][-1] == two[1].segments.rows["from_ms"][0] == (BEGIN_S + 86_400) * 1000
    assert two[1].figures.odo_start_m == rows["odometer_m"][rows["t_ms"] < (BEGIN_S + 86_400) * 1000][-1]
    assert two[0].figures.records + two[1].figures.records == rows.size


def test_standing_over_midnight_adds_up_exactly(network: RoadNetwork) -> None:
    rows = drive([(0, 0, 0), (12_000, 0, 7_200), (12_000, 6_000, 0)], start_h=23.0)
    days = [compute_day(rows, DAY + timedelta(days=k), network).segments.rows["length_mm"].sum() for k in (0, 1)]
    assert sum(days) == pytest.approx(18_000_000, rel=0.003) and days[0] == pytest.approx(12_000_000, rel=0.003)


def test_an_excursion_is_drift_and_a_yard_is_driven(network: RoadNetwork) -> None:
    plain = drive(laps(1), interval_s=30)
    result = compute_day(shifted(plain, slice(20, 23), 320.0), DAY, network)
    assert result.figures.matched_m == pytest.approx(36_000, rel=0.003)
    assert (result.match.cleaned.keep[20:23] == Keep.DRIFT).all()
    yard = drive([(0, 0, 0), (3_000, 0, 0), (3_000, 400, 0), (3_000, 0, 0), (12_000, 0, 0)], speed_mps=8.0, odometer=None)
    assert compute_day(yard, DAY, network).figures.matched_m == pytest.approx(12_800, rel=0.01)


def test_no_network_is_told_and_never_zero() -> None:
    result = compute_day(drive(laps(1)), DAY, None)
    assert flags(result) == {"NO_NETWORK"} and result.match is None
    assert result.figures.matched_m == pytest.approx(36_000, abs=150) and result.figures.off_road_m == result.figures.matched_m


def test_leaving_the_network_is_told(network: RoadNetwork) -> None:
    rows = drive([(0, 0, 0), (12_000, 0, 0), (20_000, 0, 0)], odometer=None)
    result = compute_day(rows, DAY, network)
    assert flags(result) == {"LEFT_NETWORK"}
    assert result.figures.matched_m == pytest.approx(20_000, rel=0.01)
    assert result.figures.off_road_m == pytest.approx(8_000, rel=0.03)


def test_a_shifted_datum_is_suspected_and_not_corrected(network: RoadNetwork) -> None:
    from domain.datum import gcj02_shift, gcj02_to_wgs84

    rows = drive(laps(1), noise_m=2.0)
    lon, lat = rows["lon_e6"] / 1e6, rows["lat_e6"] / 1e6
    east, north = gcj02_shift(lon, lat)
    back = gcj02_to_wgs84(lon + east, lat + north)
    assert np.abs(back[0] - lon).max() < 1e-8 and np.abs(back[1] - lat).max() < 1e-8
    moved = rows.copy()
    moved["lon_e6"], moved["lat_e6"] = np.round((lon + east) * 1e6), np.round((lat + north) * 1e6)
    assert "DATUM_SUSPECT" in compute_day(moved, DAY, network).figures.flags
    aside = shifted(rows, slice(None), 400.0)
    assert "DATUM_SUSPECT" not in compute_day(aside, DAY, network).figures.flags


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_day_of_hardly_a_fix(network: RoadNetwork, count: int) -> None:
    f = compute_day(drive(laps(1))[:count], DAY, network).figures
    assert f.matched_m < 200 and f.records == count
    assert (f.odo_start_m is None) == (count == 0)


def test_a_missing_odometer_is_none_and_never_zero(network: RoadNetwork) -> None:
    f = compute_day(drive(laps(1), odometer=None), DAY, network).figures
    assert f.odo_start_m is None and f.odo_end_m is None
    known = DayContext(odometer_before_m=123_000)
    assert compute_day(drive(laps(1)), DAY, network, None, known).figures.odo_start_m == 123_000


def test_all_fixes_in_one_second_are_one_fix(network: RoadNetwork) -> None:
    rows = drive(laps(1))
    rows["t_ms"] = rows["t_ms"][0]
    assert compute_day(rows, DAY, network).figures.matched_m == 0


def test_clocks_that_jump_cost_only_their_own_fixes(network: RoadNetwork) -> None:
    rows = drive(laps(2), odometer=None)
    rows["t_ms"][100:103] += 1_205_000
    f = compute_day(rows, DAY, network).figures
    assert f.matched_m == pytest.approx(72_000, rel=0.005)


def test_a_hundred_thousand_fixes_in_an_hour(network: RoadNetwork) -> None:
    rows = drive([(0, 0, 0), (12_000, 0, 0), (12_000, 6_000, 0), (0, 6_000, 0)], interval_s=1)
    many = np.repeat(rows, 40)
    many["t_ms"] += np.tile(np.arange(40) * 25, rows.size)
    f = compute_day(many, DAY, network).figures
    assert f.records == many.size == 100_040 and f.matched_m == pytest.approx(30_000, rel=0.01)


def test_flags_and_parts_agree(network: RoadNetwork) -> None:
    rows = np.delete(drive(laps(2), odometer=1.02), np.arange(200, 229))
    result = compute_day(rows, DAY, network)
    f = result.figures
    assert f.inferred_m == pytest.approx(3_600, abs=150)
    assert abs(f.on_road_m + f.off_road_m + f.inferred_m - f.matched_m) <= 1
    assert result.segments.metres(SegmentKind.GAP) == f.inferred_m


@pytest.mark.parametrize("interval_s", [1, 10, 30])
def test_eight_parked_hours_drive_nothing(network: RoadNetwork, interval_s: int) -> None:
    random = np.random.default_rng(interval_s)
    rows: NDArray[Any] = np.zeros(8 * 3600 // interval_s, POSITION)
    rows["t_ms"] = rows["received_ms"] = (BEGIN_S + 3_600 + np.arange(rows.size) * interval_s) * 1000
    rows["lon_e6"] = 106_610_000 + np.round(random.normal(0, 5, rows.size) * 10)
    rows["lat_e6"] = 26_500_000 + np.round(random.normal(0, 5, rows.size) * 9)
    rows["status_bits"], rows["odometer_m"] = LOCATED | 1, -1
    for where in (network, None):
        assert compute_day(rows, DAY, where).figures.matched_m <= 50


def test_context_is_kept_with_the_result(network: RoadNetwork) -> None:
    context = DayContext(vehicle_id=7, plate="川A12345", ratio=Ratio(0.98, 0.004, 120_000.0))
    result = compute_day(drive(laps(1)), DAY, network, None, context)
    assert result.context == context and result.segments.ratio == context.ratio
    assert replace(result.figures) == result.figures and result.map_version == network.version
