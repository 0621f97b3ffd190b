"""Lines, stops and timetable in stored vehicle-days, against the simulator's true times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from domain.errors import RefusedError
from domain.units import day_bounds
from ingest import day_line_store, day_lines, days, due_store
from ingest.day_result_store import Replaced
from ingest.due_store import Span
from operations.lines import import_lines, import_timetable
from simulators.timetable import LATEST_S, VARIANTS
from storage import days as stored_days
from storage.pool import connect
from tests.ingest.day_fleet import LATER_MS, due, run, vehicle
from tests.ingest.line_day import BEGIN_S, DAY, FROM, BusDay, build, fixes, put
from tests.ingest.spooled import rows
from tracking.passages import Quality

Connection = psycopg.Connection[Any]


@pytest.fixture
def conn(dsn: str) -> Iterator[Connection]:
    with connect(dsn, "owner") as connection:
        yield connection


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def compute(conn: Connection, executor: ThreadPoolExecutor, how: days.Run) -> Replaced:
    days.ask(conn, Span(DAY, DAY), LATER_MS + day_bounds(DAY)[0], 10)
    return days.compute_due(conn, due_store.tickets(conn, 4_000_000_000_000, 0), executor, how, LATER_MS).replaced


def late_s(conn: Connection, buses: BusDay, vehicle: int) -> tuple[list[np.ndarray], int]:
    """(stored less true seconds of arrivals and departures at the inner stops, one array a run; whole runs among the true ones)."""
    stored = stored_days.passages(conn, buses.vehicle_ids[vehicle], DAY)
    runs = [[one for one in stored if one.run == number] for number in sorted({one.run for one in stored})]
    out, whole = [], 0
    for back, calls in buses.truth(vehicle):
        if calls["arrive_s"][-1] > BEGIN_S + LATEST_S:
            continue
        found = [stops for stops in runs if stops[0].variant == VARIANTS[back] and stops[0].depart is not None
                 and abs(stops[0].depart.timestamp() - calls["depart_s"][0]) < 60]  # fmt: skip
        assert len(found) == 1, (vehicle, back, calls["depart_s"][0])
        whole += found[0][0].complete
        late = [(getattr(one, name).timestamp() - calls[f"{name}_s"][one.stop_seq]) for one in found[0][1:-1]
                for name in ("arrive", "depart") if one.quality <= Quality.INTERPOLATED]  # fmt: skip
        out.append(np.array(late))
    return out, whole


def test_stored_passages_tell_the_true_times_and_runs_are_counted(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    buses = build(conn, tmp_path, 3)
    extra = vehicle(conn, region="529921")
    put(conn, fixes(buses.drivers, 0, extra, 10, 5.0))
    assert compute(conn, executor, run(dsn, tmp_path)) == Replaced(written=4)
    late: list[np.ndarray] = []
    for row, vehicle_id in enumerate(buses.vehicle_ids):
        found = stored_days.vehicle_day(conn, vehicle_id, DAY)
        assert found is not None
        wrong, whole = late_s(conn, buses, row)
        late += wrong
        ended = [calls for _, calls in buses.truth(row) if calls["arrive_s"][-1] <= BEGIN_S + LATEST_S]
        assert whole == len(ended) == found.planned_trips
        assert 0 <= found.run_trips - whole <= 1
        assert found.off_route_m == 0
        first, last = min(calls["depart_s"][0] for calls in ended), max(calls["arrive_s"][-1] for calls in ended)
        duty_s = min(round(last), BEGIN_S + 86_400) - round(first)
        assert abs(found.duty_ms - 1000 * duty_s) <= 1000
        assert found.online_ms == found.duty_ms
        assert "NO_TIMETABLE" not in found.flags
        assert found.context["line_id"].startswith("529921-")
        stays = stored_days.stays(conn, vehicle_id, DAY)
        assert (stays["station_id"] >= 0).sum() >= 2 * whole
    wrong_s = np.abs(np.concatenate(late))
    print(f"{wrong_s.size} times: median {np.median(wrong_s):.1f} s, p95 {np.percentile(wrong_s, 95):.1f} s, max {wrong_s.max():.1f} s")
    assert wrong_s.size > 200 and np.median(wrong_s) <= 15.0 and np.percentile(wrong_s, 95) <= 30.0
    other = stored_days.vehicle_day(conn, extra, DAY)
    assert other is not None
    assert (other.planned_trips, other.run_trips, "NO_TIMETABLE" in other.flags) == (0, 0, True)
    assert stored_days.passages(conn, extra, DAY) == []


def test_a_way_is_laid_once_and_lies_on_the_roads_driven(dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    buses = build(conn, tmp_path, 2)
    compute(conn, executor, run(dsn, tmp_path))
    laid_at = rows(dsn, "select line_id, variant, snapped_at, refused from line_path order by 1, 2")
    wanted = {buses.drivers.cycles.line[buses.drivers.cycle[row]] for row in (0, 1)}
    assert len(laid_at) == 2 * len(wanted)
    assert {row[3] for row in laid_at} == {None}
    lines = dict(rows(dsn, "select vehicle_id, line_id from vehicle"))
    paths = day_lines.paths(conn, buses.county.network, sorted(set(lines.values())))
    for row, vehicle_id in enumerate(buses.vehicle_ids):
        by_variant = {path.variant: path for path in paths[lines[vehicle_id]]}
        for variant, edges, inner in (
            ("out", buses.line(row).out, buses.line(row).out_stops),
            ("back", buses.line(row).back, buses.line(row).back_stops),
        ):
            path = by_variant[variant]
            elsewhere = path.parts[~np.isin(path.edges, edges)]
            assert float((elsewhere["to_m"] - elsewhere["from_m"]).sum()) < 1.0
            assert abs(path.length_m - float(buses.county.network.length_m[edges].sum())) < 1.0
            assert np.abs(path.stops["measure_m"][1:-1] - np.array(inner)).max(initial=0.0) < 1.0
    assert compute(conn, executor, run(dsn, tmp_path)) == Replaced(unchanged=2)
    assert rows(dsn, "select line_id, variant, snapped_at, refused from line_path order by 1, 2") == laid_at


def test_a_line_that_changes_is_laid_again_and_its_days_become_due(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    buses = build(conn, tmp_path, 1)
    compute(conn, executor, run(dsn, tmp_path))
    assert import_lines(conn, tmp_path / "lines.geojson", FROM).changed == 0
    assert import_timetable(conn, tmp_path / "timetable.csv", FROM).changed == 0
    told = json.loads((tmp_path / "lines.geojson").read_text("utf-8"))
    (code,) = (row[0] for row in rows(dsn, "select l.code from line l join vehicle v using (line_id)"))
    stops = [one for one in told["features"] if one["geometry"]["type"] == "Point" and one["properties"]["line_id"] == code]
    told["features"].remove(next(one for one in stops if one["properties"]["stop_seq"] == 1))
    (tmp_path / "lines.geojson").write_text(json.dumps(told), "utf-8")
    assert import_lines(conn, tmp_path / "lines.geojson", FROM).changed == 1
    conn.commit()
    before = rows(dsn, "select count(*), count(distinct stop_seq) from stop_passage")
    due_store.take_changes(conn)
    conn.commit()
    assert due(dsn) == [(buses.vehicle_ids[0], str(DAY))]
    assert compute(conn, executor, run(dsn, tmp_path)) == Replaced(written=1)
    assert rows(dsn, "select max(revision) from line_path") == [(2,)]
    assert rows(dsn, "select count(*), count(distinct stop_seq) from stop_passage")[0][0] < before[0][0]


def test_a_line_that_no_road_carries_is_kept_as_refused_and_the_day_is_computed(
    dsn: str, conn: Connection, tmp_path: Path, executor: ThreadPoolExecutor
) -> None:
    buses = build(conn, tmp_path, 1)
    told = json.loads((tmp_path / "lines.geojson").read_text("utf-8"))
    for feature in told["features"]:
        if feature["geometry"]["type"] == "LineString":
            feature["geometry"]["coordinates"] = [[lon + 5.0, lat] for lon, lat in feature["geometry"]["coordinates"]]
    (tmp_path / "far.geojson").write_text(json.dumps(told), "utf-8")
    import_lines(conn, tmp_path / "far.geojson", FROM)
    conn.commit()
    assert compute(conn, executor, run(dsn, tmp_path)) == Replaced(written=1)
    assert all("off the roads" in row[0] for row in rows(dsn, "select refused from line_path"))
    found = stored_days.vehicle_day(conn, buses.vehicle_ids[0], DAY)
    assert found is not None and found.run_trips == 0 and found.planned_trips > 0


def test_a_timetable_counts_on_its_weekdays_and_from_its_day(dsn: str, conn: Connection, tmp_path: Path) -> None:
    buses = build(conn, tmp_path, 1)
    (one,) = buses.vehicle_ids
    (code,) = (row[0] for row in rows(dsn, "select l.code from line l join vehicle v using (line_id)"))
    text = f"line_id,variant,departs,arrives,plate,plate_colour,weekdays\n{code},out,06:30,07:10,贵A00000,2,67\n{code},back,07:20,08:00:30,贵A00000,2,6\n"
    (tmp_path / "new.csv").write_text(text, "utf-8")
    begin = DAY.replace(day=28)
    assert import_timetable(conn, tmp_path / "new.csv", begin).changed == 1
    conn.commit()
    old = day_line_store.planned(conn, DAY, [one])[one]
    assert old.trips > 2
    saturday = day_line_store.planned(conn, begin, [one])[one]
    assert (saturday.trips, saturday.departs_s, saturday.arrives_s) == (2, 23_400, 28_830)
    assert day_line_store.planned(conn, begin.replace(day=29), [one])[one].trips == 1
    assert day_line_store.planned(conn, begin.replace(day=30), [one])[one] == day_line_store.Planned(0, None, None, old.line_ids)
    assert day_line_store.planned(conn, FROM.replace(year=2025), [one]) == {}
    (tmp_path / "bad.csv").write_text(text + f"{code},out,25:00,26:00,,,\n", "utf-8")
    with pytest.raises(RefusedError, match="line 4: 25:00 to 26:00 is no trip of a day"):
        import_timetable(conn, tmp_path / "bad.csv", begin)
