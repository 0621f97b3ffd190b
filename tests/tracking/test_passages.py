"""Passages and runs of lines on small roads: one situation a row."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from domain.track import Track
from tests.tracking.small_roads import START_S, fixes, line, roads
from tracking.driven_way import DrivenWay, driven_way
from tracking.matching import match
from tracking.network.model import RoadNetwork
from tracking.passages import NO_TIME, LineRun, PassageParameters, Quality, line_runs, passages, run_trips

STRAIGHT, NUMBERS = roads({"A": (0, 0), "B": (6000, 0)}, ["AB"])
OUT = line(STRAIGHT, NUMBERS, "AB", [0, 1500, 3000, 4500, 6000])
BACK = line(STRAIGHT, NUMBERS, "BA", [0, 1500, 3000, 4500, 6000], "back")
SHORT = line(STRAIGHT, NUMBERS, "AB", [0, 1500, 3000], "short")


def _way(track: Track, network: RoadNetwork) -> DrivenWay:
    return driven_way(track, match(track, network), network)


def _told(runs: tuple[LineRun, ...]) -> list[tuple[str, float, bool]]:
    return [(run.line.variant, round(run.share, 2), run.complete) for run in runs]


SITUATIONS = {
    "out, with halts": ([(0, 0, 0), (1500, 0, 30), (3000, 0, 20), (4500, 0, 30), (6000, 0, 0)], [("out", 1.0, True)]),
    "out, without a halt": ([(0, 0, 0), (6000, 0, 0)], [("out", 1.0, True)]),
    "there and back": ([(0, 0, 60), (6000, 0, 100), (0, 0, 60)], [("out", 1.0, True), ("back", 1.0, True)]),
    "twice there and back, hardly a halt": (
        [(0, 0, 0), (6000, 0, 20), (0, 0, 20), (6000, 0, 20), (0, 0, 0)],
        [("out", 1.0, True), ("back", 1.0, True), ("out", 1.0, True), ("back", 1.0, True)],
    ),
    "from the second stop on": ([(1400, 0, 0), (6000, 0, 0)], [("out", 0.8, False)]),
    "turned in the middle": ([(0, 0, 0), (3200, 0, 120), (0, 0, 0)], [("out", 0.6, False), ("back", 0.6, False)]),
    "one stop only": ([(1000, 0, 0), (2000, 0, 0)], []),
    "parked at the terminal": ([(0, 0, 3600)], []),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_direction_and_wholeness_come_from_the_stops(name: str) -> None:
    corners, expected = SITUATIONS[name]
    runs = line_runs(_way(fixes(corners, noise_m=4.0), STRAIGHT), [OUT, BACK])
    assert _told(runs) == expected
    assert run_trips(runs) == sum(complete for _, _, complete in expected)


def test_the_longest_variant_served_wholly_wins() -> None:
    whole, half = [(0, 0, 0), (6000, 0, 0)], [(0, 0, 0), (3300, 0, 0)]
    assert _told(line_runs(_way(fixes(whole), STRAIGHT), [SHORT, OUT, BACK])) == [("out", 1.0, True)]
    assert _told(line_runs(_way(fixes(half), STRAIGHT), [SHORT, OUT, BACK])) == [("short", 1.0, True)]


def test_halts_are_timed_and_observed() -> None:
    track = fixes([(0, 0, 0), (1500, 0, 60), (3000, 0, 0), (4500, 0, 25), (6000, 0, 0)])
    rows = passages(_way(track, STRAIGHT), OUT)
    since = (rows["arrive_ms"] / 1000.0 - START_S, rows["depart_ms"] / 1000.0 - START_S)
    np.testing.assert_allclose(since[0], [0, 150, 360, 510, 685], atol=10)
    np.testing.assert_allclose(since[1], [0, 210, 360, 535, 685], atol=10)
    assert rows["dwell_s"][1] == pytest.approx(60, abs=10) and rows["dwell_s"][2] == 0 and rows["stop_seq"].tolist() == [0, 1, 2, 3, 4]
    assert (rows["quality"] == Quality.OBSERVED).all()


def _without(track: Track, from_s: float, to_s: float) -> Track:
    t = track.t_ms / 1000.0 - START_S
    return track.rows((t <= from_s) | (t >= to_s))


def test_quality_tells_how_a_time_is_known() -> None:
    track = fixes([(0, 0, 0), (6000, 0, 0)])
    rows = passages(_way(_without(track, 100, 190), STRAIGHT), OUT)
    assert rows["quality"].tolist() == [Quality.OBSERVED, Quality.INTERPOLATED, Quality.OBSERVED, Quality.OBSERVED, Quality.OBSERVED]
    rows = passages(_way(_without(track, 100, 400), STRAIGHT), OUT)
    assert rows["quality"][[1, 2]].tolist() == [Quality.INFERRED] * 2
    assert rows["arrive_ms"][1] / 1000.0 - START_S == pytest.approx(150, abs=5), "along the way at even speed"


def test_a_line_not_run_has_no_passages() -> None:
    rows = passages(_way(fixes([(6000, 0, 0), (0, 0, 0)]), STRAIGHT), OUT)
    assert (rows["quality"] == Quality.SKIPPED).all() and (rows["arrive_ms"] == NO_TIME).all() and rows["dwell_s"].sum() == 0
    for lonely in (Track.plain([], [], []), Track.plain([106.6], [26.5], [0])):
        assert (passages(_way(lonely, STRAIGHT), OUT)["quality"] == Quality.SKIPPED).all()
        assert line_runs(_way(lonely, STRAIGHT), [OUT]) == ()


def test_a_loop_run_twice_is_two_whole_trips() -> None:
    places: dict[str, tuple[float, float]] = {
        "A": (0, 0),
        "B": (1000, 0),
        "C": (1000, 1000),
        "D": (0, 1000),
        "E": (-400, 0),
        "F": (1400, 0),
        "G": (1400, 1000),
    }
    network, number = roads(places, ["ABCDA", "EA", "BF", "CG"])
    loop = line(network, number, "ABCA", [0, 500, 1500, 2500, 3500, 4000], "loop")
    lap = [(1000, 0, 0), (1000, 1000, 0), (0, 1000, 0), (0, 0, 20)]
    runs = line_runs(_way(fixes([(0, 0, 0), *lap, *lap], noise_m=3.0), network), [loop])
    assert _told(runs) == [("loop", 1.0, True)] * 2
    first, second = runs
    assert first.passages["arrive_ms"][-1] <= second.passages["depart_ms"][0] and second.from_m == pytest.approx(first.to_m, abs=60)
    against = [(0, 0, 0), *[(x, y, 0) for x, y in ((0, 1000), (1000, 1000), (1000, 0), (0, 0))]]
    assert run_trips(line_runs(_way(fixes(against), network), [loop])) == 0, "the other way round is another line"


def test_stops_served_twice_get_both_their_times() -> None:
    both_ways = line(STRAIGHT, NUMBERS, "ABA", [0, 2000, 4000, 6000, 8000, 10_000, 12_000], "both")
    rows = passages(_way(fixes([(0, 0, 0), (6000, 0, 100), (0, 0, 0)], noise_m=3.0), STRAIGHT), both_ways)
    np.testing.assert_allclose(rows["arrive_ms"] / 1000.0 - START_S, [0, 200, 400, 600, 900, 1100, 1300], atol=12)
    assert rows["dwell_s"][3] == pytest.approx(100, abs=12)


def test_a_branch_driven_in_and_out_serves_its_junction_twice() -> None:
    network, number = roads({"A": (0, 0), "M": (3000, 0), "B": (6000, 0), "V": (3000, 2000)}, ["AM", "MB", "MV"])
    branch = line(network, number, "AMVMB", [0, 2900, 5000, 7100, 10_000], "branch")
    way = _way(fixes([(0, 0, 0), (3000, 0, 0), (3000, 2000, 30), (3000, 0, 0), (6000, 0, 0)], noise_m=3.0), network)
    (run,) = line_runs(way, [branch])
    np.testing.assert_allclose(run.passages["arrive_ms"] / 1000.0 - START_S, [0, 290, 500, 740, 1030], atol=14)
    straight_on = _way(fixes([(0, 0, 0), (6000, 0, 0)]), network)
    (run,) = line_runs(straight_on, [branch])
    assert not (run.complete and run.share == 1.0) and run.passages["quality"][2] == Quality.SKIPPED


def test_a_detour_skips_its_stop_and_is_off_route() -> None:
    places: dict[str, tuple[float, float]] = {
        "A": (0, 0),
        "P": (2000, 0),
        "Q": (4000, 0),
        "B": (6000, 0),
        "R": (2000, 600),
        "S": (4000, 600),
    }
    network, number = roads(places, ["APQB", "PRSQ"])
    straight = line(network, number, "APQB", [0, 1000, 2000, 3000, 4000, 5000, 6000])
    way = _way(fixes([(0, 0, 0), (2000, 0, 0), (2000, 600, 0), (4000, 600, 0), (4000, 0, 0), (6000, 0, 0)], noise_m=3.0), network)
    (run,) = line_runs(way, [straight])
    assert run.complete and run.share == pytest.approx(6 / 7)
    assert run.passages["quality"].tolist() == [0, 0, 0, Quality.SKIPPED, 0, 0, 0]
    assert run.off_route_m == pytest.approx(2000 + 2 * 400, abs=60), "metres beyond 200 m from the line"
    wide = dataclasses.replace(PassageParameters(), corridor_m=700.0)
    assert line_runs(way, [straight], wide)[0].off_route_m == 0.0
    on_line = _way(fixes([(0, 0, 0), (6000, 0, 0)]), network)
    assert line_runs(on_line, [straight])[0].off_route_m == 0.0


def test_no_run_goes_on_after_a_long_pause() -> None:
    way = _way(fixes([(0, 0, 0), (3000, 0, 7200), (6000, 0, 0)], interval_s=30), STRAIGHT)
    assert run_trips(line_runs(way, [OUT])) == 0
    assert run_trips(line_runs(way, [OUT], dataclasses.replace(PassageParameters(), run_break_s=10_000.0))) == 1
