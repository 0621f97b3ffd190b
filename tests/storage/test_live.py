"""The newest fix of every vehicle, and what changed since the last look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg

from domain.units import instant
from storage.live import OVERLAP_MS, changed_since
from storage.pool import connect
from storage.registry import Registration, admit
from storage.scope import enter, service

NOW = 1_790_000_000_000


def put(conn: psycopg.Connection[Any], vehicle_id: int, age: timedelta = timedelta(), **given: Any) -> None:
    """Write a row of vehicle_last whose mark is `age` old."""
    row = {
        "vehicle_id": vehicle_id, "time": instant(NOW), "received": instant(NOW + 500), "located_at": instant(NOW), "lon_e6": 106_600_000,
        "lat_e6": -26_500_000, "odometer_m": 5, "edge_id": 9, "county_code": "529921", "age": age, **given,
    }  # fmt: skip
    conn.execute(
        """
        insert into vehicle_last (
            vehicle_id, time, received, located_at, lon_e6, lat_e6, speed_kmh10, heading_deg, status_bits, alarm_bits, odometer_m, edge_id,
            county_code, changed_at
        )
        values (%(vehicle_id)s, %(time)s, %(received)s, %(located_at)s, %(lon_e6)s, %(lat_e6)s, 455, 90, 3, -2147483648, %(odometer_m)s,
                %(edge_id)s, %(county_code)s, clock_timestamp() - %(age)s)
            on conflict (vehicle_id) do update set changed_at = excluded.changed_at
        """,
        row,
    )


def vehicles(conn: psycopg.Connection[Any], count: int) -> list[int]:
    return list(admit(conn, [Registration(str(n + 1)) for n in range(count)]).values())


def test_the_first_look_shows_all_and_every_field(conn: psycopg.Connection[Any]) -> None:
    first, second = vehicles(conn, 2)
    put(conn, first)
    put(conn, second, located_at=None, lon_e6=None, lat_e6=None, odometer_m=None, edge_id=None, county_code=None)
    rows = changed_since(conn).rows
    assert rows["vehicle_id"].tolist() == [first, second]
    a, b = rows
    assert (a["t_ms"], a["received_ms"], a["located_ms"], a["lon_e6"], a["lat_e6"]) == (NOW, NOW + 500, NOW, 106_600_000, -26_500_000)
    assert (a["speed_kmh10"], a["heading_deg"], a["status_bits"], a["alarm_bits"]) == (455, 90, 3, -(2**31))
    assert (a["odometer_m"], a["edge_id"], a["county_code"]) == (5, 9, 529_921)
    assert (b["located_ms"], b["lon_e6"], b["lat_e6"], b["odometer_m"], b["edge_id"], b["county_code"]) == (-1, 0, 0, -1, -1, 0)


def test_a_later_look_shows_what_changed_and_the_overlap(conn: psycopg.Connection[Any]) -> None:
    old, overlapping, new = vehicles(conn, 3)
    put(conn, old, timedelta(minutes=1))
    put(conn, overlapping, timedelta(milliseconds=OVERLAP_MS / 2))
    conn.commit()
    look = changed_since(conn)
    assert len(look.rows) == 2
    put(conn, new)
    conn.commit()
    again = changed_since(conn, look.cursor)
    assert again.rows["vehicle_id"].tolist() == [overlapping, new]
    assert again.cursor >= look.cursor


def test_a_transaction_open_during_a_look_is_seen_by_the_next(dsn: str) -> None:
    with connect(dsn) as writer, connect(dsn, "app") as reader:
        vehicle = vehicles(writer, 1)[0]
        writer.commit()
        put(writer, vehicle)
        enter(reader, service("live"))
        look = changed_since(reader)
        assert len(look.rows) == 0
        writer.commit()
        reader.commit()
        enter(reader, service("live"))
        assert changed_since(reader, look.cursor).rows["vehicle_id"].tolist() == [vehicle]


def test_nothing_at_all_is_an_empty_array(conn: psycopg.Connection[Any]) -> None:
    assert len(changed_since(conn).rows) == 0
