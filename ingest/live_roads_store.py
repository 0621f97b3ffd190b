"""What the live matcher reads of networks and vehicles, and the names of roads that it writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from ingest.live_plan import Registered

Connection = psycopg.Connection[Any]


def registered(conn: Connection) -> list[Registered]:
    """All networks, by region and age."""
    rows = conn.execute(
        """
        select region_code, map_version, path, (extract(epoch from registered_at) * 1000)::bigint, from_day
          from network_version
         order by region_code, registered_at
        """
    ).fetchall()
    return [Registered(code, version, Path(path), at, day) for code, version, path, at, day in rows]


def vehicles(conn: Connection, vehicle_ids: Sequence[int]) -> list[tuple[int, str, str, bool]]:
    """(vehicle_id, region code or "", vehicle class, dangerous goods) of vehicles."""
    return conn.execute(
        """
        select vehicle_id, coalesce(region_code, ''), vehicle_class, dangerous_goods
          from vehicle
         where vehicle_id = any(%(vehicles)s::int[])
        """,
        {"vehicles": list(vehicle_ids)},
    ).fetchall()


def changed_vehicles(conn: Connection, seconds: int) -> list[int]:
    """Vehicles whose row has changed within the last seconds, by the database's clock."""
    rows = conn.execute(
        """
        select vehicle_id
          from vehicle
         where changed_at > clock_timestamp() - make_interval(secs => %(seconds)s)
        """,
        {"seconds": seconds},
    ).fetchall()
    return [row[0] for row in rows]


def road_ids(conn: Connection, roads: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Number of each (name, ref); those that have none get one, and that is committed."""
    asked = {"names": [name for name, _ in roads], "refs": [ref for _, ref in roads]}
    conn.execute(
        """
        insert into road (name, ref)
        select name, ref
          from unnest(%(names)s::text[], %(refs)s::text[]) as said(name, ref)
         order by name, ref
            on conflict (name, ref) do nothing
        """,
        asked,
    )
    rows = conn.execute(
        """
        select r.road_id, r.name, r.ref
          from unnest(%(names)s::text[], %(refs)s::text[]) as said(name, ref)
          join road r on r.name = said.name and r.ref = said.ref
        """,
        asked,
    ).fetchall()
    conn.commit()
    return {(name, ref): road_id for road_id, name, ref in rows}
