"""The shim against TimescaleDB: one SQL text, equal results. On TimescaleDB the shim is loaded into a schema of its own beside it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from storage.migrate import SHIM
from storage.probe import probe

INSTANTS = (
    "1969-12-31 23:59:59.999999+00", "1999-12-31 16:00:00+00", "2000-01-03 00:00:00+00", "2024-02-29 15:59:59.999+00",
    "2026-07-01 00:00:00+08", "2026-11-21 14:27:31.5+00", "1991-04-14 01:30:00+08", "1991-09-15 00:30:00+08",
)  # fmt: skip
WIDTHS = ("1 second", "7 seconds", "5 minutes", "1 hour", "6 hours", "1 day", "7 days", "10 days")
ZONES = ("Asia/Shanghai", "UTC", "Asia/Urumqi", "Europe/Berlin")

EXPECTED = (
    ("1 day", "2026-11-21 20:00:00+00", None, "2026-11-21 00:00:00+00"),
    ("1 day", "2026-11-21 20:00:00+00", "Asia/Shanghai", "2026-11-21 16:00:00+00"),
    ("1 day", "2026-11-21 15:59:59.999+00", "Asia/Shanghai", "2026-11-20 16:00:00+00"),
    ("7 days", "2026-11-21 20:00:00+00", None, "2026-11-16 00:00:00+00"),
    ("1 hour", "2026-11-21 20:59:59+00", "Asia/Shanghai", "2026-11-21 20:00:00+00"),
    ("6 hours", "1969-12-31 23:59:59+00", None, "1969-12-31 18:00:00+00"),
)


@pytest.mark.parametrize(("width", "instant", "zone", "bucket"), EXPECTED)
def test_buckets_begin_where_they_should_on_every_server(
    conn: psycopg.Connection[Any], width: str, instant: str, zone: str | None, bucket: str
) -> None:
    if zone is None:
        query = "select time_bucket(%(width)s::interval, %(at)s::timestamptz) = %(bucket)s::timestamptz"
    else:
        query = "select time_bucket(%(width)s::interval, %(at)s::timestamptz, %(zone)s) = %(bucket)s::timestamptz"
    assert conn.execute(query, {"width": width, "at": instant, "zone": zone, "bucket": bucket}).fetchone() == (True,)


def test_the_shim_and_the_extension_agree(conn: psycopg.Connection[Any]) -> None:
    if probe(conn).timescaledb is None:
        pytest.skip("no TimescaleDB on this server")
    conn.execute("create schema shim")
    conn.execute("set local search_path = shim")
    conn.execute(SHIM.read_bytes())
    conn.execute("set local search_path = public")
    differing = conn.execute(
        """
        select width, at, zone
          from unnest(%(widths)s::interval[]) width,
               unnest(%(instants)s::timestamptz[]) at,
               unnest(%(zones)s::text[]) zone
         where time_bucket(width, at) is distinct from shim.time_bucket(width, at)
            or time_bucket(width, at, zone) is distinct from shim.time_bucket(width, at, zone)
        """,
        {"widths": list(WIDTHS), "instants": list(INSTANTS), "zones": list(ZONES)},
    ).fetchall()
    assert differing == []


def test_a_table_becomes_a_hypertable_where_there_is_one(conn: psycopg.Connection[Any]) -> None:
    if probe(conn).timescaledb is None:
        assert conn.execute("select relkind from pg_class where relname = 'positions'").fetchone() == ("r",)
        return
    found = conn.execute(
        "select time_interval = interval '24 hours' from timescaledb_information.dimensions where hypertable_name = 'positions'"
    ).fetchone()
    assert found == (True,)


def test_dropping_chunks_leaves_the_same_rows_on_every_server(conn: psycopg.Connection[Any]) -> None:
    conn.execute(
        """
        insert into positions (
            time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, speed_kmh10, heading_deg, altitude_m, source, flags
        )
        select at, at, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0
          from generate_series(timestamptz '2026-11-01 00:00Z', timestamptz '2026-11-10 23:00Z', interval '1 hour') at
        """
    )
    conn.execute("select drop_chunks('positions', timestamptz '2026-11-05 00:00Z')")
    found = conn.execute("select count(*), min(time) = '2026-11-05 00:00Z' from positions").fetchone()
    assert found == (6 * 24, True)


def test_a_second_row_of_a_key_is_passed_over(conn: psycopg.Connection[Any]) -> None:
    done = [
        conn.execute(
            """
            insert into position_extra (time, vehicle_id, extras)
            values ('2026-11-05 00:00Z', 1, %(extras)s)
                on conflict (vehicle_id, time) do nothing
            """,
            {"extras": extras},
        ).rowcount
        for extras in (b"\x01", b"\x02")
    ]
    assert done == [1, 0]
    assert conn.execute("select extras from position_extra").fetchall() == [(b"\x01",)]
