"""Newest positions and tracks over HTTP: every form says the same, and what is stored."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest

from api.driven_track import Run, simplified
from api.schemas.positions import PositionFeatures, PositionList
from api.schemas.tracks import Track, TrackFeatures, Trajectories
from domain.datum import wgs84_to_gcj02
from tests.api.server import RunningWeb, put_fix, put_vehicle, running

LATEST = "/api/v1/positions/latest"
SPAN = "from=2026-09-09T12:00:00%2B08:00&to=2026-09-10T12:00:00%2B08:00"
TRACK = f"/api/v1/vehicles/1/track?{SPAN}"
GEO = {"Accept": "application/geo+json"}
ODD = '贵"\\\N{GRINNING FACE}'


@pytest.fixture
def web(dsn: str, tmp_path: Path) -> Iterator[RunningWeb]:
    with psycopg.connect(dsn) as conn:
        put_vehicle(conn, 1, "贵A12345")
        put_vehicle(conn, 2, ODD, region="520203")
        put_vehicle(conn, 3, None, region=None)
        put_vehicle(conn, 4, "贵A00004")
        put_fix(conn, 1, 106.7, 26.6, speed_kmh10=455, alarm_bits=-(2**31))
        put_fix(conn, 2, -0.000001, -26.5, speed_kmh10=-1, heading_deg=-1, odometer_m=None)
        put_fix(conn, 3, 106.8, 26.7, age_s=900)
        conn.execute(
            "insert into vehicle (vehicle_id, plate, plate_colour, region_code) select n, 'T' || n, 1, '520102' from generate_series(10, 30) n"
        )
        for number in range(10, 31):
            put_fix(conn, number, 100 + number / 10, 30)
        conn.execute(
            """
            insert into positions (time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, speed_kmh10, heading_deg,
                                   altitude_m, source, flags)
            select timestamptz '2026-09-09 23:50+08' + n * interval '10 s' + (n / 60) * interval '1 h', now(), 1, 106700000 + 100 * n,
                   26600000 + (n %% 2) * 30, 0, case when n = 7 then 1 else 3 end, case when n = 5 then -1 else 300 end, 90, 1100, 1, 0
              from generate_series(0, 119) n
            """.replace("%%", "%")
        )
    with running(dsn, tmp_path) as one:
        yield one


def test_positions_and_tracks(web: RunningWeb) -> None:
    """One server for all of it."""
    with web.client() as client:
        _both_forms_say_the_same(client)
        _pages_are_the_whole(client)
        _filters_leave_out(web, client)
        _tracks_say_the_same_in_every_form(client)
        _bad_questions_are_problems(client)


def _both_forms_say_the_same(client: httpx.Client) -> None:
    plain, features = client.get(LATEST), client.get(LATEST, headers=GEO)
    assert (plain.headers["content-type"], features.headers["content-type"]) == ("application/json", "application/geo+json")
    listed = PositionList.model_validate_json(plain.text).positions
    drawn = PositionFeatures.model_validate_json(features.text).features
    assert [one.properties for one in drawn] == listed and len(listed) == 24
    assert all(
        one.geometry.coordinates == [one.properties.lon, one.properties.lat] and one.id == one.properties.vehicle_id for one in drawn
    )
    first, second, third = plain.json()["positions"][:3]
    assert (first["lon"], first["lat"], first["speed_kmh"], first["alarm_bits"]) == (106.7, 26.6, 45.5, 2**31)
    assert (second["plate"], second["lon"], second["lat"]) == (ODD, -0.000001, -26.5)
    assert [second[name] for name in ("speed_kmh", "heading_deg", "odometer_m", "operator_id")] == [None] * 4
    assert (third["plate"], third["region_code"]) == (None, None)
    bare = client.get(LATEST, headers={"Accept-Encoding": "identity"})
    assert bare.json()["positions"] == plain.json()["positions"] and "content-encoding" not in bare.headers
    assert [set(one) for one in client.get(f"{LATEST}?fields=lon,plate&limit=2").json()["positions"]] == [
        {"vehicle_id", "plate", "lon"}
    ] * 2


def _pages_are_the_whole(client: httpx.Client) -> None:
    whole = [one["vehicle_id"] for one in client.get(LATEST).json()["positions"]]
    url, pages = f"{LATEST}?limit=5", []
    while url:
        answer = client.get(url, headers=GEO)
        pages.append([one["id"] for one in answer.json()["features"]])
        url = answer.links.get("next", {}).get("url", "")
    assert ([len(page) for page in pages], [one for page in pages for one in page]) == ([5, 5, 5, 5, 4], whole)


def _filters_leave_out(web: RunningWeb, client: httpx.Client) -> None:
    def ids(query: str) -> list[int]:
        return [one["vehicle_id"] for one in client.get(f"{LATEST}?{query}").json()["positions"]]

    assert ids("region=520200") == [2]
    assert ids("bbox=106.65,26.55,106.75,26.65") == [1]
    as_of = client.get(LATEST).json()["as_of"]
    with psycopg.connect(web.dsn) as conn:
        conn.execute("update vehicle_last set changed_at = now() - interval '1 hour'")
        put_fix(conn, 4, 106.9, 26.9)
    assert client.get(LATEST, params={"since": as_of}).json()["positions"][0]["vehicle_id"] == 4
    assert client.get(f"{LATEST}?operator=9").json()["positions"] == []
    assert client.get(f"{LATEST}?operator=9", headers=GEO).json()["features"] == []


def _tracks_say_the_same_in_every_form(client: httpx.Client) -> None:
    plain = Track.model_validate(client.get(TRACK).json())
    assert [len(run.points) for run in plain.runs] == [59, 60]  # one fix had no place, an hour of silence parts the day
    assert plain.runs[0].points[5].speed_kmh is None and plain.runs[0].points[0].speed_kmh == 30.0
    places = [[(point.lon, point.lat) for point in run.points] for run in plain.runs]
    times = [[point.time for point in run.points] for run in plain.runs]
    drawn = TrackFeatures.model_validate(client.get(TRACK, headers=GEO).json()).features
    moving = Trajectories.model_validate(client.get(f"{TRACK}&format=mfjson").json()).features
    for features, named in ((drawn, [one.properties.times for one in drawn]), (moving, [one.properties.datetimes for one in moving])):
        assert [[tuple(place) for place in one.geometry["coordinates"]] for one in features] == places
        assert named == times
    gpx = client.get(TRACK, headers={"Accept": "application/gpx+xml"})
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    parts = ElementTree.fromstring(gpx.content).findall(".//g:trkseg", space)
    read = [[(float(p.attrib["lon"]), float(p.attrib["lat"])) for p in part.findall("g:trkpt", space)] for part in parts]
    said = [[datetime.fromisoformat(p.findtext("g:time", "", space)) for p in part.findall("g:trkpt", space)] for part in parts]
    assert (read, said) == (places, times)
    few = Track.model_validate(client.get(f"{TRACK}&simplify_m=10").json()).runs
    assert [len(run.points) for run in few] == [2, 2]
    shifted = client.get(f"{TRACK}&crs=gcj02").json()["runs"][0]["points"][0]
    assert (shifted["lon"], shifted["lat"]) == pytest.approx([float(one) for one in wgs84_to_gcj02(*places[0][0])], abs=1e-6)
    assert client.get(f"{TRACK}&matched=true").json()["runs"] == []


def _bad_questions_are_problems(client: httpx.Client) -> None:
    cases: list[tuple[str, dict[str, str], int, str]] = [
        (f"{LATEST}?bbox=1,2,3", {}, 422, "bbox"), (f"{LATEST}?fields=colour", {}, 422, "fields"),
        (f"{LATEST}?since=2026-09-09T12:00:00", {}, 422, "query.since"), (LATEST, {"Accept": "image/png"}, 406, "Accept"),
        ("/api/v1/vehicles/1/track?from=2026-09-01T00:00:00Z&to=2026-10-03T00:00:00Z", {}, 422, "to"),
        ("/api/v1/vehicles/1/track?from=9999-12-31T23:00:00Z&to=9999-12-31T23:59:00Z", {}, 422, "from"),
        ("/api/v1/vehicles/5/track?from=2026-09-01T00:00:00Z&to=2026-09-03T00:00:00Z", {}, 404, "vehicle_id"),
    ]  # fmt: skip
    for url, headers, status, field in cases:
        answer = client.get(url, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field), url


def test_a_simplified_line_is_no_further_off_than_asked() -> None:
    random = np.random.default_rng(3)
    count, nothing = 2_000, np.zeros(0, np.int64)
    lon, lat = 106 + np.cumsum(random.normal(0, 2e-4, count)), 26 + np.cumsum(random.normal(0, 2e-4, count))
    run = Run("fixes", np.arange(count) * 1_000, lon, lat, nothing, nothing)
    (kept,) = simplified([run], 50.0)
    assert len(kept) < count / 2
    assert (kept.t_ms[0], kept.t_ms[-1]) == (run.t_ms[0], run.t_ms[-1])

    def metres(one: Run) -> Any:
        return np.column_stack([(one.lon - 106) * 111_195 * np.cos(np.radians(lat.mean())), (one.lat - 26) * 111_195])

    here, there, row = metres(run), metres(kept), np.searchsorted(kept.t_ms, run.t_ms[1:-1], "right") - 1
    begin, way, point = there[row], there[row + 1] - there[row], here[1:-1]
    share = np.clip(((point - begin) * way).sum(1) / np.maximum((way**2).sum(1), 1e-9), 0, 1)
    assert np.hypot(*(point - begin - share[:, None] * way).T).max() <= 50.5
