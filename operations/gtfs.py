"""GTFS Schedule (gtfs.zip) and GTFS Realtime 2.0 (vehicle positions), as bytes. Source: gtfs.org, reference of 2025."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from google.transit import gtfs_realtime_pb2

from operations.settings import FeedSettings
from storage.features import Bus
from storage.timetables import Timetables

BUS = 3
"""route_type of buses."""
AHEAD = timedelta(days=365)
"""A service without an end is told for so long."""
_STAMP = (2026, 1, 1, 0, 0, 0)
"""Time of the files inside the archive: equal feeds are equal bytes."""
_NOBODY = 0
"""agency_id of lines without an operator."""


def vehicle_positions(buses: Iterable[Bus], now_s: int) -> bytes:
    """A FeedMessage with the place of every bus; speed metres a second, bearing degrees."""
    feed = gtfs_realtime_pb2.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.incrementality = gtfs_realtime_pb2.FeedHeader.FULL_DATASET
    feed.header.timestamp = now_s
    for bus in buses:
        entity = feed.entity.add()
        entity.id = str(bus.vehicle_id)
        told = entity.vehicle
        told.vehicle.id = entity.id
        if bus.plate:
            told.vehicle.label = told.vehicle.license_plate = bus.plate
        if bus.line_id is not None:
            told.trip.route_id = str(bus.line_id)
        told.timestamp = int(bus.time.timestamp())
        told.position.latitude, told.position.longitude = bus.lat_e6 / 1e6, bus.lon_e6 / 1e6
        if bus.speed_kmh10 >= 0:
            told.position.speed = bus.speed_kmh10 / 36
        if bus.heading_deg >= 0:
            told.position.bearing = bus.heading_deg
        if bus.odometer_m is not None:
            told.position.odometer = bus.odometer_m
    return bytes(feed.SerializeToString())


def schedule(tables: Timetables, settings: FeedSettings, today: date) -> bytes:
    """A GTFS archive. Times at stops between the first and the last are left open: the timetable does not know them."""
    files = {
        "agency.txt": _agencies(tables, settings),
        "stops.txt": _table("stop_id,stop_name,stop_lat,stop_lon", ((n, name, f"{lat:.6f}", f"{lon:.6f}") for n, name, lat, lon in tables.stations)),
        "routes.txt": _table(
            "route_id,agency_id,route_short_name,route_long_name,route_type",
            ((n, operator or _NOBODY, code, name if name != code else "", BUS) for n, operator, code, name in tables.lines),
        ),
        "trips.txt": _table("route_id,service_id,trip_id,direction_id", ((t[1], _service(t), t[0], _direction(t[2])) for t in tables.trips)),
        "stop_times.txt": _table("trip_id,arrival_time,departure_time,stop_id,stop_sequence,timepoint", _stop_times(tables)),
        "calendar.txt": _calendar(tables, today),
        "feed_info.txt": _table(
            "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date",
            [(settings.agency_name, settings.agency_url, settings.lang, f"{today:%Y%m%d}")],
        ),
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _STAMP), text.encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _table(head: str, rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head.split(","))
    writer.writerows(rows)
    return out.getvalue()


def _agencies(tables: Timetables, settings: FeedSettings) -> str:
    rows = [(n, name, settings.agency_url, "Asia/Shanghai", settings.lang) for n, name in tables.operators]
    if not rows or any(line[1] is None for line in tables.lines):
        rows.insert(0, (_NOBODY, settings.agency_name, settings.agency_url, "Asia/Shanghai", settings.lang))
    return _table("agency_id,agency_name,agency_url,agency_timezone,agency_lang", rows)


def _service(trip: Sequence[Any]) -> str:
    _, _, _, _, _, weekdays, first, last = trip
    return f"{weekdays}-{first:%Y%m%d}-{f'{last:%Y%m%d}' if last else 'open'}"


def _direction(variant: str) -> int:
    return 1 if variant == "down" else 0


def _stop_times(tables: Timetables) -> Iterator[Sequence[Any]]:
    for trip_id, line_id, variant, departs_s, arrives_s, *_ in tables.trips:
        stops = tables.stops[line_id, variant]
        for seq, station_id in enumerate(stops, 1):
            at = _clock(departs_s) if seq == 1 else _clock(arrives_s) if seq == len(stops) else ""
            yield trip_id, at, at, station_id, seq, 1 if at else 0


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _calendar(tables: Timetables, today: date) -> str:
    rows = []
    for service, trip in {_service(trip): trip for trip in tables.trips}.items():
        _, _, _, _, _, weekdays, first, last = trip
        days = [weekdays >> bit & 1 for bit in range(7)]
        until = last or max(today, first) + AHEAD
        rows.append((service, *days, f"{first:%Y%m%d}", f"{until:%Y%m%d}"))
    return _table("service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date", rows)
