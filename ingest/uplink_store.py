"""What goes up to superior platforms: the positions that were committed behind a cursor, and the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]
Cursor = Mapping[int, int]
"""Partition to the number of the newest batch that is done."""

_BEGUN = -1
_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Sight:
    """A stored position with its vehicle: columns as in `positions`, times in epoch ms UTC; optional numbers None.

    before_bits: alarm bits of the vehicle's fix before it, at most a day older, 0 when there is none; only looked up where alarm_bits is not 0.
    """

    vehicle_id: int
    plate: str
    plate_colour: int
    t_ms: int
    received_ms: int
    lon_e6: int
    lat_e6: int
    alarm_bits: int
    status_bits: int
    odometer_m: int | None
    speed_kmh10: int
    heading_deg: int
    altitude_m: int
    recorder_kmh10: int | None
    fuel_l10: int | None
    satellites: int | None
    extras: bytes | None
    before_bits: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Positions behind a cursor in the order of their arrival, and the cursor behind them; batches: 0 when there was nothing."""

    sights: list[Sight]
    cursor: dict[int, int]
    batches: int


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a platform is told of a vehicle's terminal (0x1201)."""

    maker: str
    model: str
    terminal_code: str
    terminal_id: str


def cursor_of(conn: Connection, peer_id: int) -> dict[int, int]:
    """The cursor of a superior platform; it began when the platform was entered."""
    rows = conn.execute("select partition, number from platform_cursor where peer_id = %(peer)s", {"peer": peer_id}).fetchall()
    return {partition: number for partition, number in rows if partition != _BEGUN}


def advance(conn: Connection, peer_id: int, cursor: Cursor) -> None:
    """Move the cursor; it never goes back."""
    for partition, number in cursor.items():
        conn.execute(
            """
            insert into platform_cursor (peer_id, partition, number) values (%(peer)s, %(partition)s, %(number)s)
                on conflict (peer_id, partition) do update
               set number = greatest(platform_cursor.number, excluded.number), updated_at = now()
            """,
            {"peer": peer_id, "partition": partition, "number": number},
        )


def behind(conn: Connection, cursor: Cursor, region: str | None, operator_id: int | None, most: int) -> Chunk:
    """Positions committed behind the cursor, of vehicles with a plate.

    Args:
        region: GB/T 2260 code whose subtree is wanted, None for everything; operator_id: None for every operator's.
        most: about so many; a batch is never cut.
    """
    rows = conn.execute(
        """
        select b.partition, b.number, b.vehicle_id, b.time
          from position_batch b
          left join unnest(%(partitions)s::int[], %(numbers)s::bigint[]) as done (partition, number) on done.partition = b.partition
         where b.number > coalesce(done.number, 0)
         order by b.number
         limit %(batches)s
        """,
        {"partitions": list(cursor), "numbers": list(cursor.values()), "batches": _BATCHES},
    ).fetchall()
    vehicles, times, reached, taken = list[int](), list[Any](), dict(cursor), 0
    for partition, number, vehicle_ids, at in rows:
        if vehicles and len(vehicles) + len(vehicle_ids) > most:
            break
        vehicles += vehicle_ids
        times += at
        reached[partition] = number
        taken += 1
    return Chunk(_sights(conn, vehicles, times, region, operator_id), reached, taken)


def _sights(conn: Connection, vehicles: list[int], times: list[Any], region: str | None, operator_id: int | None) -> list[Sight]:
    if not vehicles:
        return []
    with conn.cursor(row_factory=class_row(Sight)) as cursor:
        return cursor.execute(
            """
            select p.vehicle_id, v.plate, v.plate_colour, (extract(epoch from p.time) * 1000)::bigint as t_ms,
                   (extract(epoch from p.received) * 1000)::bigint as received_ms, p.lon_e6, p.lat_e6, p.alarm_bits, p.status_bits,
                   p.odometer_m, p.speed_kmh10, p.heading_deg, p.altitude_m, p.recorder_kmh10, p.fuel_l10, p.satellites, e.extras,
                   coalesce(b.alarm_bits, 0) as before_bits
              from unnest(%(vehicles)s::int[], %(times)s::timestamptz[]) with ordinality as u (vehicle_id, time, row)
              join positions p on p.vehicle_id = u.vehicle_id and p.time = u.time
              join vehicle v on v.vehicle_id = p.vehicle_id
              left join position_extra e on e.vehicle_id = p.vehicle_id and e.time = p.time and e.time >= %(first)s and e.time <= %(last)s
              left join lateral (
                    select q.alarm_bits from positions q
                     where p.alarm_bits <> 0 and q.vehicle_id = p.vehicle_id and q.time < p.time and q.time > p.time - interval '1 day'
                       and q.time >= %(first)s::timestamptz - interval '1 day' and q.time <= %(last)s
                     order by q.time desc limit 1) b on true
             where p.time >= %(first)s
               and p.time <= %(last)s
               and v.plate is not null
               and (%(region)s::text is null or starts_with(v.region_code, %(region)s))
               and (%(operator)s::int is null or v.operator_id = %(operator)s)
             order by u.row
            """,
            {
                "vehicles": vehicles,
                "times": times,
                "first": min(times),
                "last": max(times),
                "region": _prefix(region),
                "operator": operator_id,
            },
        ).fetchall()


def _prefix(region: str | None) -> str | None:
    """Digits that all codes of the subtree begin with; None for the whole country."""
    if region is None or region == "100000":
        return None
    return region[:2] if region.endswith("0000") else region[:4] if region.endswith("00") else region


def terminals(conn: Connection, vehicles: list[int]) -> dict[int, Terminal]:
    """Terminals of vehicles; those without one are missing."""
    rows = conn.execute(
        """
        select vehicle_id, coalesce(maker, ''), coalesce(model, ''), coalesce(terminal_code, ''), terminal_id
          from terminal
         where vehicle_id = any(%(vehicles)s)
        """,
        {"vehicles": vehicles},
    ).fetchall()
    return {vehicle_id: Terminal(*said) for vehicle_id, *said in rows}


def sweep(conn: Connection, keep_days: int) -> tuple[int, int]:
    """Drop batches that every superior platform has confirmed, and those that are too old; how many of each."""
    done = conn.execute(
        """
        with superior as (select peer_id from platform_peer where role = 'superior' and enabled)
        delete from position_batch b
         where not exists (
               select from superior s
                where not exists (select from platform_cursor c
                                   where c.peer_id = s.peer_id and c.partition = b.partition and c.number >= b.number))
        """
    ).rowcount
    late = conn.execute(
        "delete from position_batch where committed_at < now() - make_interval(days => %(days)s)", {"days": keep_days}
    ).rowcount
    return done, late
