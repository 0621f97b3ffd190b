"""Who sees what: one table of accounts and resources, checked by list, by number and by guess, over HTTP and over the socket.

Vehicles: 1 and 2 of county 520102, of operators 3 and 4; 3 of county 520103, operator 3; 4 of another city; 5 without a region.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as dial

from tests.api.server import RunningWeb, put_fix, put_vehicle, running

REGIONS: dict[int, tuple[str | None, int]] = {1: ("520102", 3), 2: ("520102", 4), 3: ("520103", 3), 4: ("520203", 4), 5: (None, 3)}
DAY = date(2026, 9, 10)
COUNTRY, CITY, COUNTY = "100000", "520100", "520102"


@dataclass(frozen=True, slots=True)
class Row:
    """role, region and operator of an account; the vehicles that it sees; topics that it may subscribe to."""

    role: str
    region: str
    operator: int | None
    sees: tuple[int, ...]
    topics: tuple[str, ...] = ()


TABLE = (
    Row("admin", COUNTRY, None, (1, 2, 3, 4, 5), ("region:100000", "region:520102", "operator:4")),
    Row("regulator", COUNTRY, None, (1, 2, 3, 4, 5), ("region:100000", "region:520203", "operator:3")),
    Row("regulator", CITY, None, (1, 2, 3), ("region:520100", "region:520103")),
    Row("regulator", COUNTY, None, (1, 2), ("region:520102",)),
    Row("platform", COUNTY, None, (1, 2), ("region:520102",)),
    Row("operator", COUNTRY, 3, (1, 3, 5), ("operator:3",)),
    Row("operator", CITY, 3, (1, 3), ("operator:3",)),
    Row("operator", CITY, 4, (2,), ("operator:4",)),
    Row("finance", COUNTY, None, (1, 2), ("region:520102",)),
    Row("station", COUNTY, None, (1, 2), ("region:520102",)),
    Row("tester", CITY, None, (1, 2, 3), ("region:520100",)),
    Row("driver", COUNTRY, 3, ()),
    Row("passenger", COUNTRY, None, ()),
    Row("shipper", COUNTRY, None, ()),
    Row("guardian", COUNTRY, None, ()),
)
TOPICS = ("region:100000", "region:520100", "region:520102", "region:520103", "region:520203", "operator:3", "operator:4")

LISTS = {
    "/api/v1/vehicles": ("items", "vehicle_id"),
    "/api/v1/positions/latest": ("positions", "vehicle_id"),
    f"/api/v1/mileage?from={DAY}&to={DAY}": ("days", "vehicle_id"),
    f"/api/v1/mileage/sums?by=vehicle&from={DAY}&to={DAY}": ("sums", "key"),
    f"/api/v1/trips?from={DAY}&to={DAY}": ("trips", "vehicle_id"),
    f"/api/v1/passages?from={DAY}&to={DAY}": ("passages", "vehicle_id"),
}
"""Lists over all vehicles: where the items stand, and the vehicle in each."""

ONES = (
    "vehicles/{0}", "vehicles/{0}/card", f"vehicles/{{0}}/days?from={DAY}&to={DAY}", f"vehicles/{{0}}/days/{DAY}",
    f"vehicles/{{0}}/days/{DAY}/fixes", f"vehicles/{{0}}/days/{DAY}/way",
    "vehicles/{0}/track?from=2026-09-10T00:00:00Z&to=2026-09-11T00:00:00Z", "vehicles/{0}/commands", "vehicles/{0}/geofences",
    "vehicles/{0}/media", "vehicles/{0}/attachments",
)  # fmt: skip
"""What is asked of one vehicle."""


@pytest.fixture(scope="module")
def web(module_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWeb]:
    with psycopg.connect(module_dsn) as conn:
        conn.execute("insert into operator (operator_id, name, region_code) values (3, '三', '520100'), (4, '四', '520200')")
        for number, (region, operator) in REGIONS.items():
            put_vehicle(conn, number, f"贵A0000{number}", region=region, operator_id=operator)
            put_fix(conn, number, 106 + number / 10, 26.5)
            conn.execute("insert into terminal (terminal_id, vehicle_id) values (%s, %s)", (f"1380000000{number}", number))
        conn.execute(
            """
            insert into vehicle_day (vehicle_id, day, matched_m, on_road_m, off_road_m, inferred_m, ferry_m, low_m, high_m, gps_raw_m,
                off_route_m, complete_m, total_track_m, records, qualified_records, drift_points, duty_ms, online_ms, planned_trips,
                run_trips, n_minor, n_general, n_severe, flags, context, ratio, ratio_sd, ratio_m, map_version, match_version, input_hash,
                evidence_hash)
            select n, '2026-09-10', 1000, 1000, 0, 0, 0, 990, 1010, 1000, 0, 0, 0, 10, 10, 0, 0, 0, 0, 0, 0, 0, 0, '{}', '{}', 1, 0.1, 0, '',
                   '', '', ''
              from generate_series(1, 5) n;
            insert into trip (from_time, to_time, length_mm, vehicle_id, day, from_lon_e6, from_lat_e6, to_lon_e6, to_lat_e6, seq)
            select '2026-09-10 08:00+08', '2026-09-10 09:00+08', 1000000, n, '2026-09-10', 0, 0, 0, 0, 0 from generate_series(1, 5) n;
            insert into stop_passage (vehicle_id, day, run, line_id, variant, complete, stop_seq, dwell_s, quality)
            select n, '2026-09-10', 0, '201', 'out', true, 1, 0, 3 from generate_series(1, 5) n
            """
        )
    with running(module_dsn, tmp_path_factory.mktemp("scope"), requests_per_minute=0, address_requests_per_minute=0) as one:
        yield one


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.role}-{row.region}-{row.operator}")
def test_everybody_sees_what_the_table_says(web: RunningWeb, row: Row) -> None:
    name = web.account(row.role, row.region, row.operator, **({"person_id": 7} if row.role == "driver" else {}))
    with web.client(name) as client:
        seen = _listed(client, row)
        _asked_one_by_one(client, row, seen)
        _figures(client, row)
    _subscribed(web, name, row)


def _listed(client: httpx.Client, row: Row) -> bool:
    """Lists hold the row's vehicles and no other; whether the role may list vehicles at all."""
    answers = {url: client.get(url) for url in LISTS}
    for url, answer in answers.items():
        if answer.status_code != 403:
            place, field = LISTS[url]
            assert [int(one[field]) for one in answer.json()[place]] == list(row.sees), url
            page = client.get(f"{url}{'&' if '?' in url else '?'}limit=1")
            assert [int(one[field]) for one in page.json()[place]] == list(row.sees[:1]) and ("link" in page.headers) == (len(row.sees) > 1)
    return answers["/api/v1/vehicles"].status_code == 200


def _asked_one_by_one(client: httpx.Client, row: Row, seen: bool) -> None:
    """A vehicle outside cannot be told from one that is not there."""
    for path in ONES:
        nowhere = client.get(f"/api/v1/{path.format(99)}")
        for number in REGIONS:
            answer = client.get(f"/api/v1/{path.format(number)}")
            if answer.status_code == 403 or not seen:
                assert (answer.status_code, nowhere.status_code) == (403, 403), path
            elif number in row.sees:
                there = answer.status_code == 200 or "not computed" in answer.text
                assert there, (path, number, answer.text)
            else:
                assert (answer.status_code, nowhere.status_code) == (404, 404), (path, number)
                assert answer.json()["detail"].replace(str(number), "99") == nowhere.json()["detail"], path


def _figures(client: httpx.Client, row: Row) -> None:
    answer = client.get(f"/api/v1/figures?from={DAY}&to={DAY}")
    if answer.status_code != 403:
        assert (answer.json()["registered"], answer.json()["matched_m"]) == (len(row.sees), 1000 * len(row.sees))


def _subscribed(web: RunningWeb, name: str, row: Row) -> None:
    cookie = web.cookie_header(name)
    with web.client(name) as client:
        dictionaries = {topic: client.get(f"/api/v1/live/vehicles?topic={topic}") for topic in TOPICS}
    for topic in TOPICS:
        granted = dictionaries[topic].status_code == 200
        assert granted == (topic in row.topics or (_below(topic, row) and bool(row.topics))), topic
        if granted:
            assert set(dictionaries[topic].json()["vehicle_id"]) <= set(row.sees), topic
        with dial(web.url.replace("http", "ws") + "/ws/positions", additional_headers={"Cookie": cookie}) as socket:
            socket.send(json.dumps({"type": "subscribe", "topic": topic}))
            try:
                said = json.loads(socket.recv(timeout=20))
                assert granted and said["vehicles"] <= len(row.sees), topic
            except ConnectionClosed as closed:
                assert not granted and closed.rcvd is not None and closed.rcvd.code == 4403, topic


def _below(topic: str, row: Row) -> bool:
    """A region in the account's subtree, of an account without an operator; any operator for the whole country."""
    kind, _, code = topic.partition(":")
    if row.operator is not None:
        return False
    if row.region == COUNTRY:
        return True
    return kind == "region" and code.startswith(row.region.rstrip("0")) and code != COUNTRY


def test_a_driver_sees_own_vehicles_alone(web: RunningWeb) -> None:
    """Nobody's driver sees nothing, whatever the operator and region of the account."""
    name = web.account("driver", COUNTRY, 3, person_id=8)
    with web.client(name) as client:
        assert client.get("/api/v1/vehicles").json()["items"] == []
        assert client.get("/api/v1/vehicles/1").status_code == 404


def test_without_a_login_there_is_nothing(web: RunningWeb) -> None:
    with web.client(None) as client:
        for path in (*LISTS, *(f"/api/v1/{one.format(1)}" for one in ONES), "/api/v1/audit", "/api/v1/figures"):
            assert client.get(path).status_code == 401, path
