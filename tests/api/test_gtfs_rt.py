"""The transit feeds, read by the official bindings: required fields, bus classes alone, by scope, built once."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date

from google.transit import gtfs_realtime_pb2

from operations.gtfs import schedule, vehicle_positions
from operations.settings import FeedSettings
from storage.features import Bus
from storage.timetables import Timetables
from tests.fixtures.world import World


def parsed(body: bytes) -> gtfs_realtime_pb2.FeedMessage:
    feed = gtfs_realtime_pb2.FeedMessage()
    feed.ParseFromString(body)
    assert feed.IsInitialized()
    return feed


def test_the_official_bindings_read_where_the_buses_are(world: World) -> None:
    world.sql("update vehicle set vehicle_class = 'freight_truck' where vehicle_id = 3")
    world.sql("update vehicle_last set located_at = now() where vehicle_id in (1, 2, 3, 4)")
    try:
        with world.web.client("li") as li, world.web.client("yunnan") as yunnan, world.web.client("passer") as passer:
            answer = li.get("/gtfs-rt/vehicle_positions.pb")
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
            feed = parsed(answer.content)
            assert (feed.header.gtfs_realtime_version, feed.header.incrementality) == ("2.0", gtfs_realtime_pb2.FeedHeader.FULL_DATASET)
            assert [entity.id for entity in feed.entity] == ["1", "2"]
            told = feed.entity[0].vehicle
            assert (told.vehicle.id, told.vehicle.license_plate) == ("1", "贵A00001")
            assert (round(told.position.longitude, 4), round(told.position.latitude, 4)) == (106.63, 26.65)
            assert abs(told.position.speed - 30 / 3.6) < 1e-4 and abs(feed.header.timestamp - told.timestamp) < 900
            again = li.get("/gtfs-rt/vehicle_positions.pb", headers={"If-None-Match": answer.headers["etag"]})
            assert again.status_code == 304
            assert [entity.id for entity in parsed(yunnan.get("/gtfs-rt/vehicle_positions.pb").content).entity] == ["4"]
            assert passer.get("/gtfs-rt/vehicle_positions.pb").status_code == 403
        with world.web.client(None) as nobody:
            assert nobody.get("/gtfs-rt/vehicle_positions.pb").status_code == 401
    finally:
        world.sql("update vehicle set vehicle_class = 'rural_bus' where vehicle_id = 3")


def test_what_a_terminal_did_not_say_is_not_said() -> None:
    from datetime import UTC, datetime

    (entity,) = parsed(vehicle_positions([Bus(7, None, None, datetime.now(UTC), 1, 2, -1, -1, None)], 1)).entity
    assert not any(entity.vehicle.position.HasField(name) for name in ("speed", "bearing", "odometer"))
    assert not entity.vehicle.HasField("trip")


def test_the_schedule_is_one_that_readers_of_gtfs_take() -> None:
    tables = Timetables(
        [(1, "红, 巴士")], [(10, 1, "L10", "十路"), (11, None, "L11", "L11")], [(1, "甲", 26.6, 106.6), (2, "乙", 26.7, 106.7), (3, "丙", 26.8, 106.8)],
        [(100, 10, "up", 21_600, 25_200, 0b0011111, date(2026, 1, 1), None), (101, 10, "down", 86_000, 90_000, 127, date(2026, 1, 1), date(2026, 12, 31))],
        {(10, "up"): [1, 2, 3], (10, "down"): [3, 1]},
    )  # fmt: skip
    body = schedule(tables, FeedSettings(), date(2026, 11, 22))
    assert body == schedule(tables, FeedSettings(), date(2026, 11, 22))
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        files = {name: list(csv.DictReader(io.StringIO(archive.read(name).decode()))) for name in archive.namelist()}
    assert set(files) == {"agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt", "calendar.txt", "feed_info.txt"}
    agencies, routes = ({row[key] for row in files[f"{name}.txt"]} for name, key in (("agency", "agency_id"), ("routes", "agency_id")))
    assert routes <= agencies and files["agency.txt"][1]["agency_name"] == "红, 巴士"
    assert {row["service_id"] for row in files["trips.txt"]} == {row["service_id"] for row in files["calendar.txt"]}
    assert {row["stop_id"] for row in files["stop_times.txt"]} <= {row["stop_id"] for row in files["stops.txt"]}
    times = [row["arrival_time"] for row in files["stop_times.txt"]]
    assert times == ["06:00:00", "", "07:00:00", "23:53:20", "25:00:00"]
    workdays = next(row for row in files["calendar.txt"] if row["service_id"].startswith("31-"))
    assert (workdays["friday"], workdays["saturday"], workdays["end_date"]) == ("1", "0", "20271122")


def test_the_schedule_of_the_registry_is_served(world: World) -> None:
    with world.web.client("li") as li:
        answer = li.get("/gtfs.zip")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
        assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
