"""Mileage: sources in their order, gaps, intervals, cuts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.track import Track
from tests.tracking.day_drives import drive, laps, ring, shifted
from tracking.cleaning import clean
from tracking.matching import match
from tracking.mileage import MeasureContext, measure
from tracking.network.model import RoadNetwork
from tracking.odometer import Ratio
from tracking.segments import MileageParameters, SegmentKind, Segments, Source, Why, half_up

HISTORY = Ratio(1.0, 0.005, 150_000.0)


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    return ring()[0]


def booked(rows: NDArray[Any], network: RoadNetwork | None, **context: Any) -> Segments:
    track = Track.of(rows)
    if network is None:
        return measure(track, clean(track), None, None, MeasureContext(**context))
    found = match(track, network)
    return measure(track, found.cleaned, found, network, MeasureContext(**context))


def of_kind(segments: Segments, kind: SegmentKind) -> NDArray[Any]:
    return segments.rows[segments.rows["kind"] == kind]


def silent(rows: NDArray[Any], first: int, last: int) -> NDArray[Any]:
    return np.delete(rows, np.arange(first, last))


@pytest.mark.parametrize("interval_s", [1, 10, 30])
def test_a_drive_on_roads_is_booked_from_the_match(network: RoadNetwork, interval_s: int) -> None:
    segments = booked(drive(laps(2), interval_s=interval_s), network)
    assert set(segments.rows["source"]) == {Source.MATCHED}
    assert segments.metres() == pytest.approx(72_000, rel=0.002)
    low, high = segments.interval()
    assert low <= 72_000 <= high and high - low < 0.012 * 72_000


def test_segments_cover_the_track_without_hole_or_overlap(network: RoadNetwork) -> None:
    rows = drive([(0, 0, 400), (12_000, 0, 90), (12_000, 6_000, 30), (6_000, 6_000, 600), (6_000, 9_000, 120)])
    segments = booked(silent(rows, 60, 80), network).rows
    assert (segments["from_ms"][1:] == segments["to_ms"][:-1]).all() and (segments["to_ms"] > segments["from_ms"]).all()
    assert (segments["from_ms"][0], segments["to_ms"][-1]) == (rows["t_ms"][0], rows["t_ms"][-1])
    assert (segments["low_mm"] <= segments["length_mm"]).all() and (segments["length_mm"] <= segments["high_mm"]).all()
    assert set(segments["kind"]) >= {SegmentKind.ON_ROAD, SegmentKind.STILL, SegmentKind.GAP}


def test_a_gap_is_booked_from_the_odometer_first(network: RoadNetwork) -> None:
    rows = silent(drive(laps(2), odometer=1.04), 200, 229)
    gap = of_kind(booked(rows, network), SegmentKind.GAP)
    assert gap["source"].tolist() == [Source.ODOMETER] and gap["reason"].tolist() == [Why.SILENCE]
    truth = 30 * 10 * 12.0
    assert abs(gap["length_mm"][0] / 1000 - truth) < 120
    assert gap["low_mm"][0] / 1000 <= truth <= gap["high_mm"][0] / 1000


def test_a_gap_without_odometer_takes_the_way_then_the_straight_line(network: RoadNetwork) -> None:
    rows = silent(drive(laps(2), odometer=None), 200, 229)
    gap = of_kind(booked(rows, network), SegmentKind.GAP)
    assert gap["source"].tolist() == [Source.ROUTE]
    assert gap["length_mm"][0] == pytest.approx(3_600_000, rel=0.02)
    assert of_kind(booked(rows, None), SegmentKind.GAP)["source"].tolist() == [Source.GEODESIC]


@pytest.mark.parametrize("fault", ["reset", "leap", "impossible"])
def test_an_odometer_is_not_used_where_it_is_ill(network: RoadNetwork, fault: str) -> None:
    rows = silent(drive(laps(2)), 200, 229)
    rows["odometer_m"][200:] += {"reset": -40_000_000, "leap": 90_000, "impossible": -2_500}[fault]
    segments = booked(rows, network, ratio=HISTORY)
    assert of_kind(segments, SegmentKind.GAP)["source"].tolist() == [Source.ROUTE]
    named = {"reset": {"ODO_RESET"}, "leap": {"ODO_JUMP"}, "impossible": set()}[fault]
    assert {flag for flag in segments.flags if flag.startswith("ODO")} == named
    assert segments.metres() == pytest.approx(72_000, rel=0.005)


def test_an_odometer_that_stands_still_over_five_kilometres_is_stuck(network: RoadNetwork) -> None:
    rows = silent(drive(laps(2)), 200, 229)
    rows["odometer_m"][100:260] = rows["odometer_m"][100]
    rows["odometer_m"][230:260] += 3_600
    segments = booked(rows, network, ratio=HISTORY)
    assert "ODO_STUCK" in segments.flags


def test_steps_of_a_kilometre_are_too_coarse(network: RoadNetwork) -> None:
    rows = silent(drive(laps(2)), 200, 229)
    rows["odometer_m"] = rows["odometer_m"] // 1_000 * 1_000
    segments = booked(rows, network)
    assert "ODO_STEP" in segments.flags and of_kind(segments, SegmentKind.GAP)["source"].tolist() == [Source.ROUTE]


def test_an_odometer_off_by_a_fifth_is_out_of_scale(network: RoadNetwork) -> None:
    segments = booked(silent(drive(laps(2), odometer=1.2), 200, 229), network)
    assert "ODO_SCALE" in segments.flags and of_kind(segments, SegmentKind.GAP)["source"].tolist() == [Source.ROUTE]


def test_the_ratio_comes_from_the_day_when_there_is_no_history(network: RoadNetwork) -> None:
    segments = booked(drive(laps(2), odometer=1.04), network)
    assert segments.ratio.value == pytest.approx(1 / 1.04, rel=0.003) and segments.ratio.metres > 50_000
    assert booked(drive(laps(2), odometer=1.04), network, ratio=HISTORY).ratio == HISTORY
    short = booked(drive([(0, 0, 0), (12_000, 0, 0)], odometer=1.04), network)
    assert short.ratio == Ratio()


def test_sources_that_disagree_are_told_with_their_figures(network: RoadNetwork) -> None:
    segments = booked(drive(laps(2), odometer=1.05), network, ratio=HISTORY)
    assert "SOURCES_DISAGREE" in segments.flags
    assert segments.comparison.odometer_m / segments.comparison.matched_m == pytest.approx(1.05, rel=0.005)
    assert "SOURCES_DISAGREE" not in booked(drive(laps(2), odometer=1.01), network, ratio=HISTORY).flags


def test_without_a_network_the_odometer_then_straight_legs_count() -> None:
    with_odometer = booked(drive(laps(1)), None)
    assert set(with_odometer.rows["source"]) == {Source.ODOMETER} and with_odometer.metres() == pytest.approx(36_000, abs=150)
    plain = booked(drive(laps(1), odometer=None), None)
    assert set(plain.rows["source"]) == {Source.RAW} and plain.metres() == pytest.approx(36_000, rel=0.01)
    low, high = plain.interval()
    assert low <= 36_000 <= high


def test_frozen_places_are_a_gap(network: RoadNetwork) -> None:
    rows = drive(laps(1), odometer=None)
    for name in ("lon_e6", "lat_e6"):
        rows[name][50:58] = rows[name][50]
    gap = of_kind(booked(rows, network), SegmentKind.GAP)
    assert gap["reason"].tolist() == [Why.FROZEN] and gap["length_mm"][0] == pytest.approx(960_000, rel=0.05)


def test_the_usual_interval_says_what_a_gap_is(network: RoadNetwork) -> None:
    rows = drive(laps(1), interval_s=60, odometer=None)
    assert not of_kind(booked(np.delete(rows, 20), network), SegmentKind.GAP).size
    assert of_kind(booked(np.delete(rows, [20, 21, 22]), network, usual_interval_s=10.0), SegmentKind.GAP).size == 1


def test_off_road_runs_are_booked_apart(network: RoadNetwork) -> None:
    rows = drive([(0, 0, 0), (3_000, 0, 0), (3_000, 3_000, 0), (6_000, 3_000, 0), (6_000, 0, 0), (12_000, 0, 0)], odometer=None)
    segments = booked(rows, network)
    off = of_kind(segments, SegmentKind.OFF_ROAD)
    assert off["length_mm"].sum() == pytest.approx(6_000_000, rel=0.03) and set(off["source"]) == {Source.RAW}
    assert segments.metres() == pytest.approx(18_000, rel=0.01)
    with_odometer = of_kind(booked(drive([(0, 0, 0), (3_000, 0, 0), (3_000, 3_000, 0), (6_000, 3_000, 0)]), network), SegmentKind.OFF_ROAD)
    assert set(with_odometer["source"]) == {Source.ODOMETER}


@settings(max_examples=10, deadline=None)
@given(cut=st.integers(0, 5_900), scale=st.sampled_from([0.97, 1.0, 1.05]))
def test_a_cut_anywhere_books_the_whole(network: RoadNetwork, cut: int, scale: float) -> None:
    rows = silent(drive([(0, 0, 90), *laps(2)[1:]], odometer=scale), 120, 145)
    whole = booked(rows, network)
    at = int(rows["t_ms"][0]) + cut * 1000
    ends = int(rows["t_ms"][0]), int(rows["t_ms"][-1])
    parts = [booked(rows, network, window_ms=window) for window in ((ends[0], at), (at, ends[1]))]
    total = sum(int(part.rows["length_mm"].sum()) for part in parts)
    assert abs(total - int(whole.rows["length_mm"].sum())) <= 2 + sum(len(part.rows) for part in parts)


def test_scaled_odometers_change_no_metre_on_the_road(network: RoadNetwork) -> None:
    rows = silent(shifted(drive(laps(2)), slice(90, 94), 250.0), 200, 229)
    more = rows.copy()
    more["odometer_m"] = np.round(more["odometer_m"] * 1.05)
    on_road = [of_kind(booked(each, network), SegmentKind.ON_ROAD)["length_mm"].tolist() for each in (rows, more)]
    assert on_road[0] == on_road[1]


def test_a_longer_source_never_raises_a_healthier_one(network: RoadNetwork) -> None:
    rows = silent(drive(laps(2), odometer=None), 200, 229)
    more = rows.copy()
    more["odometer_m"] = drive(laps(2), odometer=1.09)["odometer_m"][np.isin(drive(laps(2))["t_ms"], rows["t_ms"])]
    plain, added = booked(rows, network), booked(more, network)
    for kind in (SegmentKind.ON_ROAD, SegmentKind.OFF_ROAD):
        assert of_kind(plain, kind)["length_mm"].tolist() == of_kind(added, kind)["length_mm"].tolist()


def test_halves_go_up_and_parameters_are_the_notes() -> None:
    assert [half_up(x) for x in (0, 499, 500, 1_499, 1_500)] == [0, 0, 1, 1, 2]
    assert MileageParameters().gap_s == 120.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4_000), st.integers(-20_000, 20_000), st.integers(-20_000, 20_000), st.integers(-1, 9_000), st.booleans()),
        max_size=25,
    )
)
def test_garbage_gives_finite_metres(network: RoadNetwork, steps: list[tuple[int, int, int, int, bool]]) -> None:
    rows = np.concatenate([drive(laps(1))[:30], np.zeros(len(steps), drive(laps(1)).dtype)])
    for row, (seconds, x, y, odometer, located) in enumerate(steps, start=30):
        rows[row] = rows[row - 1]
        rows["t_ms"][row] += seconds * 100
        rows["lon_e6"][row] += x
        rows["lat_e6"][row] += y
        rows["odometer_m"][row], rows["status_bits"][row] = odometer, 3 if located else 1
    for where in (network, None):
        segments = booked(rows, where)
        assert (segments.rows["length_mm"] >= 0).all() and segments.rows["length_mm"].sum() < 10**10
        assert (segments.rows["low_mm"] >= 0).all() and (segments.rows["high_mm"] >= segments.rows["length_mm"]).all()
        assert np.isfinite(segments.driven_m).all() and np.isfinite(segments.rows["confidence"]).all()
