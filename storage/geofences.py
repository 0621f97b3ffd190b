"""Read side of geofences: what is drawn, every version of it, what terminals hold and what is on its way to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]

Shape = Literal["circle", "rectangle", "polygon", "route"]
SHAPES: tuple[Shape, ...] = ("circle", "rectangle", "polygon", "route")
"""In the order of their numbers in 0x8608, from 1."""

ENTER_DRIVER, ENTER_PLATFORM, LEAVE_DRIVER, LEAVE_PLATFORM = 1 << 2, 1 << 3, 1 << 4, 1 << 5
"""Alarms on entering and on leaving, to the driver and to the platform: bits of a zone's attributes (JT/T 808-2013 8.35)."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """One version of a geofence.

    outline, degrees WGS-84 with six decimals: circle `centre` [lon, lat], `radius_m`; rectangle `west south east north`; polygon
    `corners` [[lon, lat], ...], open; route `points` likewise and `sections`, each with `until` (number of the point where it ends) and
    `width_m`, perhaps `max_speed_kmh`, `overspeed_s`, `night_speed_kmh`, `longest_s`, `shortest_s`. alarms: bits, see
    `ENTER_DRIVER`. Limits None: none. In force between two instants, or between two times of each day at +08:00, or always.
    """

    name: str
    shape: Shape
    outline: dict[str, Any]
    region_code: str | None = None
    alarms: int = 0
    max_speed_kmh: int | None = None
    overspeed_s: int | None = None
    night_speed_kmh: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    daily_from: time | None = None
    daily_to: time | None = None


@dataclass(frozen=True, slots=True)
class Geofence(Drawing):
    """A stored version; removed_at None: in use; holders: terminals that hold it, in whatever version."""

    geofence_id: int = 0
    version: int = 0
    source: str = ""
    created_at: datetime | None = None
    created_by: str = ""
    removed_at: datetime | None = None
    holders: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A zone on a terminal by the commands that it acknowledged.

    shape: number in 0x8608; geofence, version None: no geofence of ours; newest: latest version there is; wire: its fields in the
    terminal's edition; edition: of JT/T 808; verdict of the last 0x0608, None before one: "same", "differs", "missing", "found" (the
    terminal named it, nobody here had ordered it); points, tolerance_m: where the drawing was simplified to fit.
    """

    terminal_id: str
    shape: int
    zone_id: int
    geofence: str | None
    version: int | None
    newest: int | None
    removed: bool
    command_id: int
    edition: str
    wire: dict[str, Any]
    held_from: datetime
    held_to: datetime | None
    checked_at: datetime | None
    verdict: str | None
    points: int | None
    tolerance_m: float | None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A command about zones that is under way, or that ended without the terminal's consent after what it holds: see `Command`."""

    command_id: int
    message_id: int
    names: list[str]
    state: str
    reason: str
    attempts: int


_GEOFENCES = """
    select g.geofence_id, g.name, g.shape, v.outline, v.region_code, v.alarms, v.max_speed_kmh, v.overspeed_s, v.night_speed_kmh,
           v.valid_from, v.valid_to, v.daily_from, v.daily_to, v.version, v.source, v.created_at, v.created_by, g.removed_at,
           (select count(distinct terminal_id)::int from geofence_held h
             where h.geofence_id = g.geofence_id and h.held_to is null and (h.verdict is distinct from 'missing')) as holders
      from geofence g
      join geofence_version v on v.geofence_id = g.geofence_id
"""


def listed(conn: Connection) -> list[Geofence]:
    """The newest version of every geofence in use, by name."""
    return _read(
        conn,
        """ where g.removed_at is null
              and v.version = (select max(version) from geofence_version n where n.geofence_id = g.geofence_id)
            order by g.name""",
        {},
    )


def history(conn: Connection, name: str) -> list[Geofence]:
    """All versions of the geofences that have or had a name, the newest first."""
    return _read(conn, " where g.name = %(name)s order by g.geofence_id desc, v.version desc", {"name": name})


def one(conn: Connection, name: str) -> Geofence | None:
    """The newest version of the geofence in use by that name; None when there is none."""
    found = history(conn, name)
    return found[0] if found and found[0].removed_at is None else None


def _read(conn: Connection, rest: str, said: dict[str, Any]) -> list[Geofence]:
    with conn.cursor(row_factory=class_row(Geofence)) as cursor:
        return cursor.execute(_GEOFENCES + rest, said).fetchall()


def held(conn: Connection, terminal_id: str, *, past: bool = False) -> list[Held]:
    """What a terminal holds, by shape and number; past: also what it held once."""
    with conn.cursor(row_factory=class_row(Held)) as cursor:
        return cursor.execute(
            """
            select h.terminal_id, h.shape, h.zone_id, g.name as geofence, h.version,
                   (select max(version) from geofence_version v where v.geofence_id = h.geofence_id) as newest,
                   g.removed_at is not null as removed, h.command_id, coalesce(c.edition, '') as edition, h.wire, h.held_from, h.held_to,
                   h.checked_at, h.verdict, o.points, o.tolerance_m
              from geofence_held h
              left join geofence g on g.geofence_id = h.geofence_id
              left join geofence_order o on o.command_id = h.command_id and o.geofence_id = h.geofence_id
              left join terminal_command c on c.command_id = h.command_id
             where h.terminal_id = %(terminal)s
               and (h.held_to is null or %(past)s)
             order by h.shape, h.zone_id, h.held_from
            """,
            {"terminal": terminal_id, "past": past},
        ).fetchall()


def unsettled(conn: Connection, terminal_id: str, limit: int = 50) -> list[Unsettled]:
    """Commands about zones of a terminal that are asked for and not done, the oldest first. One that failed or expired stands here until a
    later one of its kind, about one of its geofences, is done."""
    with conn.cursor(row_factory=class_row(Unsettled)) as cursor:
        return cursor.execute(
            """
            with asked as (
                select command_id, message_id, state, reason, attempts from terminal_command
                 where terminal_id = %(terminal)s and message_id between 34304 and 34312
                 union all
                select (payload ->> 'command_id')::bigint, (payload ->> 'message_id')::int, 'queued', '', 0 from outbox
                 where topic = 'terminal.command' and done_at is null and payload ->> 'terminal_id' = %(terminal)s
                   and (payload ->> 'message_id')::int between 34304 and 34312)
            select a.command_id, a.message_id, a.state, a.reason, a.attempts,
                   array(select g.name from geofence_order o join geofence g on g.geofence_id = o.geofence_id
                          where o.command_id = a.command_id order by g.name) as names
              from asked a
             where a.state <> 'done'
               and (a.state in ('queued', 'sent') or not exists (
                   select from asked l
                    where l.message_id = a.message_id and l.command_id > a.command_id and l.state = 'done'
                      and (not exists (select from geofence_order o where o.command_id = a.command_id)
                           or exists (select from geofence_order o join geofence_order n using (geofence_id)
                                       where o.command_id = a.command_id and n.command_id = l.command_id))))
             order by a.command_id
             limit %(limit)s
            """,
            {"terminal": terminal_id, "limit": limit},
        ).fetchall()


def holders(conn: Connection, geofence_id: int) -> list[tuple[str, int]]:
    """(terminal, version) of the terminals that hold a geofence."""
    rows = conn.execute(
        """
        select terminal_id, version from geofence_held
         where geofence_id = %(id)s and held_to is null and verdict is distinct from 'missing'
         order by terminal_id
        """,
        {"id": geofence_id},
    ).fetchall()
    return [(row[0], row[1]) for row in rows]
