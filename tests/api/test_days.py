"""Vehicle-days over HTTP: driven by simulated buses, computed by the worker's code, and equal to the tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import httpx
import numpy as np
import psycopg
import pytest

from api.routes.days import QUALITIES
from api.schemas.segments import Kind
from api.segments import KINDS, REASONS, SOURCES
from domain.units import day_bounds, instant
from simulators.county import County, build_county
from tests.api.driven import GAP_H, compute, store_days
from tests.api.server import RunningWeb, put_vehicle, running
from tracking.network import leg_lengths
from tracking.passages import Quality
from tracking.segments import SegmentKind, Source, Why

LAST = date(2026, 9, 10)
FIRST = LAST - timedelta(2)
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def county() -> County:
    return build_county()


@pytest.fixture
def web(dsn: str, tmp_path: Path, county: County) -> Iterator[RunningWeb]:
    with psycopg.connect(dsn) as conn:
        put_vehicle(conn, 1, "贵A12345", region="529921")
        put_vehicle(conn, 2, "贵B00001", region="520102")
        put_vehicle(conn, 3, "贵B00003", region="520102")
        conn.commit()
        store_days(conn, county, [1], LAST, 3)
        store_days(conn, county, [2], LAST, 1)
        compute(dsn, tmp_path, FIRST, LAST, county)
        conn.execute("update vehicle_day set final_revision = 1 where day = %s", (FIRST,))
        conn.execute("insert into due_day (vehicle_id, day, reason) values (1, %s, 'late')", (LAST,))
        conn.execute(
            """
            insert into stop_passage (vehicle_id, day, run, line_id, variant, complete, stop_seq, arrive, depart, dwell_s, quality)
            values (1, %(day)s, 0, '201', 'out', true, 1, '2026-09-08 07:10+08', '2026-09-08 07:11+08', 60, 0),
                   (1, %(day)s, 0, '201', 'out', true, 2, null, null, 0, 3)
            """,
            {"day": FIRST},
        )
    with running(dsn, tmp_path) as one:
        yield one


def rows(web: RunningWeb, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(web.dsn) as conn:
        return conn.execute(query.encode(), values).fetchall()


def test_days_and_roads_from_outside(web: RunningWeb) -> None:
    """One server for all of it: start-up and computing are most of the cost."""
    with web.client() as client:
        _days_are_those_of_the_table(web, client)
        _a_day_is_told_whole(web, client)
        _the_raw_track_is_what_is_stored(web, client)
        _the_drawn_way_is_as_long_as_the_mileage(web, client)
        _speeds_of_roads_are_those_of_the_table(web, client)
        _bad_questions_are_problems(client)
    _others_are_not_there(web)


def _days_are_those_of_the_table(web: RunningWeb, client: httpx.Client) -> None:
    answer = client.get(f"/api/v1/vehicles/1/days?from={FIRST}&to={LAST}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    columns = "day::text, matched_m, low_m, high_m, on_road_m, off_road_m, inferred_m, records, revision, final"
    wanted = rows(web, f"select {columns} from vehicle_day where vehicle_id = 1 order by day")
    names = [name.split("::")[0] for name in columns.split(", ")]
    assert [tuple(day[name] for name in names) for day in body["days"]] == wanted
    assert [day["final"] for day in body["days"]] == [True, False, False]
    assert all(day["matched_m"] == day["on_road_m"] + day["off_road_m"] + day["inferred_m"] for day in body["days"])
    assert [(one["day"], one["reason"], one["failed"]) for one in body["due"]] == [(str(LAST), "late", False)]
    assert client.get("/api/v1/vehicles/1/days").json()["days"] == []  # the last 31 days of the present
    assert len(client.get(f"/api/v1/vehicles/1/days?from={LAST}").json()["days"]) == 1
    again = client.get(f"/api/v1/vehicles/1/days?from={FIRST}&to={LAST}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def _a_day_is_told_whole(web: RunningWeb, client: httpx.Client) -> None:
    day = client.get(f"/api/v1/vehicles/1/days/{LAST}").json()
    stored = rows(
        web,
        "select kind, source, reason, length_mm, low_mm, high_mm from mileage_segment where vehicle_id = 1 and day = %s order by seq",
        LAST,
    )
    told = [
        (KINDS.index(s["kind"]), SOURCES.index(s["source"]), REASONS.index(s["reason"]), s["length_mm"], s["low_mm"], s["high_mm"])
        for s in day["segments"]
    ]
    assert told == stored
    assert {s["kind"] for s in day["segments"]} == {"on_road", "off_road", "gap", "still"}
    assert (sum(s["length_mm"] for s in day["segments"]) + 500) // 1000 == pytest.approx(day["figures"]["matched_m"], abs=2)
    assert all(a["ends"] == b["begins"] for a, b in zip(day["segments"], day["segments"][1:], strict=False))
    assert day["segments_left_out"] == 0
    gap = next(s for s in day["segments"] if s["kind"] == "gap")
    begin = day_bounds(LAST)[0]
    assert gap["begins"] == instant(begin + int(GAP_H[0] * HOUR_MS) - 10_000).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (gap["source"], gap["reason"]) == ("odometer", "silence")
    ((trips, metres),) = rows(web, "select count(*), sum(length_mm)::bigint from trip where vehicle_id = 1 and day = %s", LAST)
    assert (len(day["trips"]), sum(trip["length_mm"] for trip in day["trips"])) == (trips, metres)
    ((stays,),) = rows(web, "select count(*) from stay where vehicle_id = 1 and day = %s", LAST)
    assert len(day["stays"]) == stays > 0
    assert day["passages"] == []  # no line is assigned
    assert "NO_TIMETABLE" in day["figures"]["flags"]
    stops = client.get(f"/api/v1/vehicles/1/days/{FIRST}").json()["passages"]
    told_stops = [(one["line_id"], one["stop_seq"], one["arrive"], one["dwell_s"], one["quality"]) for one in stops]
    assert told_stops == [("201", 1, "2026-09-07T23:10:00Z", 60, "observed"), ("201", 2, None, 0, "skipped")]


def _the_raw_track_is_what_is_stored(web: RunningWeb, client: httpx.Client) -> None:
    begin, end = day_bounds(LAST)
    stored = rows(
        web,
        "select ((extract(epoch from time) * 1000)::bigint - %s)::bigint, lon_e6, lat_e6 from positions"
        " where vehicle_id = 1 and time >= to_timestamp(%s) and time < to_timestamp(%s) order by time",
        begin, begin / 1000, end / 1000,
    )  # fmt: skip
    track = client.get(f"/api/v1/vehicles/1/days/{LAST}/fixes").json()
    assert list(zip(track["at_ms"], track["lon_e6"], track["lat_e6"], strict=True)) == stored
    assert (track["total"], track["thinned"], set(track["located"])) == (len(stored), False, {1})
    few = client.get(f"/api/v1/vehicles/1/days/{LAST}/fixes?limit=50").json()
    assert (few["total"], few["thinned"], len(few["at_ms"])) == (len(stored), True, 50)
    assert (few["at_ms"][0], few["at_ms"][-1]) == (stored[0][0], stored[-1][0])
    assert client.get(f"/api/v1/vehicles/1/days/{LAST - timedelta(300)}/fixes").json()["at_ms"] == []
    rows(
        web,
        "insert into positions (time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, speed_kmh10, heading_deg, altitude_m,"
        " source, flags) values (to_timestamp(%s), now(), 1, 106700000, 26500000, 0, 2, -1, -1, -32768, 4, 0) returning vehicle_id",
        day_bounds(LAST - timedelta(301))[0] / 1000,
    )
    silent = client.get(f"/api/v1/vehicles/1/days/{LAST - timedelta(301)}/fixes").json()
    assert (silent["at_ms"], silent["speed_kmh10"], silent["heading_deg"]) == ([0], [None], [None])


def _the_drawn_way_is_as_long_as_the_mileage(web: RunningWeb, client: httpx.Client) -> None:
    answer = client.get(f"/api/v1/vehicles/1/days/{LAST}/way")
    assert answer.headers["content-type"] == "application/geo+json"
    track = client.get(f"/api/v1/vehicles/1/days/{LAST}/fixes").json()
    begin = day_bounds(LAST)[0]
    at_ms = np.array(track["at_ms"]) + begin
    features = answer.json()["features"]
    assert len(features) > 8
    for feature in features:
        said = feature["properties"]
        places = np.array(feature["geometry"]["coordinates"], np.float64).reshape(-1, 2)
        assert feature["geometry"]["type"] == ("Point" if said["kind"] == "still" else "LineString")
        assert said["place"] == "way"
        metres = leg_lengths(np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])).sum()
        if said["kind"] in ("on_road", "off_road"):
            assert metres == pytest.approx(said["length_mm"] / 1000, rel=0.005, abs=15)
        # it begins where the vehicle was when it began
        t_ms = np.datetime64(said["begins"].removesuffix("Z"), "ms").astype(np.int64)
        here = [np.interp(t_ms, at_ms, np.array(track[name]) / 1e6) for name in ("lon_e6", "lat_e6")]
        assert np.hypot((places[0, 0] - here[0]) * 9.9e4, (places[0, 1] - here[1]) * 1.11e5) < 60, said


def _speeds_of_roads_are_those_of_the_table(web: RunningWeb, client: httpx.Client) -> None:
    hours = client.get("/api/v1/roads/hours").json()
    assert hours["day"] == hours["newest_day"] == str(LAST)
    assert [one["hour"] for one in hours["hours"]] == [7, 8, 9, 10]
    world = "bbox=100,20,112,32"
    body = client.get(f"/api/v1/roads/speeds?{world}&day={LAST}&hour=8").json()
    begin = day_bounds(LAST)[0] + 8 * HOUR_MS
    stored = rows(
        web,
        "select edge_key, count, travel_mm, travel_ms from edge_speed_hour where hour = to_timestamp(%s) order by edge_key",
        begin / 1000,
    )
    told = {one["properties"]["edge_key"]: one["properties"] for one in body["features"]}
    assert len(told) == len(body["features"]) == len(stored) == hours["hours"][1]["edges"]
    for key, count, travel_mm, travel_ms in stored:
        one = told[f"{key % 2**64:016x}"]
        assert one["count"] == count
        assert one["speed_kmh"] == pytest.approx(travel_mm / travel_ms * 3.6, abs=0.06)
        assert one["ratio"] == pytest.approx(one["speed_kmh"] / one["free_kmh"], abs=0.01)
    assert body["limited_to"] is None
    whole_day = client.get(f"/api/v1/roads/speeds?{world}&day={LAST}").json()
    assert sum(one["properties"]["count"] for one in whole_day["features"]) > sum(one["count"] for one in told.values())
    assert client.get(f"/api/v1/roads/speeds?bbox=0,0,1,1&day={LAST}").json()["features"] == []


def _bad_questions_are_problems(client: httpx.Client) -> None:
    for path, status, field in (
        (f"vehicles/1/days?from={LAST}&to={FIRST}", 422, "from"),
        ("vehicles/1/days?from=2020-01-01&to=2026-01-01", 422, "from"),
        ("vehicles/1/days?from=yesterday", 422, "query.from"),
        ("vehicles/1/days/2026-02-30", 422, "path.day"),
        (f"vehicles/1/days/{LAST + timedelta(9)}", 404, "day"),
        (f"vehicles/1/days/{LAST + timedelta(9)}/way", 404, "day"),
        ("vehicles/1/track", 422, "query.from"),
        (f"vehicles/1/days/{LAST}/fixes?limit=1", 422, "query.limit"),
        (f"vehicles/99/days/{LAST}", 404, "vehicle_id"),
        (f"roads/speeds?day={LAST}&bbox=1,2,3", 422, "bbox"),
        (f"roads/speeds?day={LAST}&bbox=3,2,1,4", 422, "bbox"),
        (f"roads/speeds?day={LAST}&bbox=nan,2,1,4", 422, "bbox"),
        (f"roads/speeds?day={LAST}&bbox=1,2,3,4&hour=24", 422, "query.hour"),
    ):
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == status, (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"][0]["field"] == field, path


def _others_are_not_there(web: RunningWeb) -> None:
    """A county login sees its own vehicle's days and roads, and nothing of its neighbour's, not even that they exist."""
    paths = (f"days?from={FIRST}&to={LAST}", f"days/{LAST}", f"days/{LAST}/fixes", f"days/{LAST}/way")
    with web.client("county") as county, web.client(None) as nobody:
        for path in paths:
            assert county.get(f"/api/v1/vehicles/2/{path}").status_code == 200
            refused = county.get(f"/api/v1/vehicles/1/{path}")
            assert (refused.status_code, refused.json()["code"]) == (404, "missing")
            assert nobody.get(f"/api/v1/vehicles/1/{path}").status_code == 401
        assert county.get(f"/api/v1/vehicles/3/days?from={FIRST}&to={LAST}").json()["days"] == []
        roads = county.get(f"/api/v1/roads/speeds?bbox=100,20,112,32&day={LAST}")
        assert roads.json()["features"] == []  # the roads lie in another county
        assert nobody.get("/api/v1/roads/hours").status_code == 401


def test_without_roads_a_day_is_drawn_by_its_fixes(dsn: str, tmp_path: Path, county: County) -> None:
    with psycopg.connect(dsn) as conn:
        put_vehicle(conn, 1, "贵A12345", region="529921")
        conn.commit()
        store_days(conn, county, [1], LAST, 1)
    compute(dsn, tmp_path, LAST, LAST, None)
    with running(dsn, tmp_path) as web, web.client() as client:
        features = client.get(f"/api/v1/vehicles/1/days/{LAST}/way").json()["features"]
        assert {(one["properties"]["kind"], one["properties"]["place"]) for one in features} >= {("off_road", "fixes"), ("gap", "straight")}
        assert "NO_NETWORK" in client.get(f"/api/v1/vehicles/1/days/{LAST}").json()["figures"]["flags"]
        missing = client.get(f"/api/v1/roads/speeds?bbox=1,2,3,4&day={LAST}")
        assert (missing.status_code, missing.json()["errors"][0]["field"]) == (404, "network")
        assert client.get("/api/v1/roads/hours").json() == {"day": None, "newest_day": None, "hours": []}


def test_words_of_segments_stand_at_their_numbers() -> None:
    for words, numbers in ((KINDS, SegmentKind), (SOURCES, Source), (REASONS, Why), (QUALITIES, Quality)):
        assert list(words) == [one.name.lower() for one in sorted(numbers)]
    assert get_args(Kind) == KINDS
