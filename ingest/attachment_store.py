"""Attachments of alarms in the database: alarms whose files are wanted, orders for them, and the files as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.units import instant
from storage import terminal_commands

Connection = psycopg.Connection[Any]

ORDER = 0x9208
ORDERED, ARRIVING, COMPLETE, INCOMPLETE = "ordered", "arriving", "complete", "incomplete"
WHO = "attachments of alarms"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An alarm that says it has attachments; `identifier` as JSON takes it, `kind` and `level` None where the item has none."""

    alarm_number: str
    terminal_id: str
    vehicle_id: int
    identifier: dict[str, Any]
    item: int
    kind: int | None
    level: int | None
    fix_ms: int


@dataclass(frozen=True, slots=True)
class Upload:
    """An alarm whose files are wanted."""

    upload_id: int
    alarm_number: str
    terminal_id: str
    identifier: dict[str, Any]
    state: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of an alarm. runs: [start, end] of the bytes that are on the disk; path None while it is not whole."""

    name: str
    kind: int | None
    size: int
    runs: list[list[int]]
    path: str | None


@dataclass(frozen=True, slots=True)
class Ordering:
    """Where terminals are to send files, how long an order waits for one that is off line."""

    server: str
    expires_h: float


def want(conn: Connection, alarms: Sequence[Wanted], ordering: Ordering) -> int:
    """Note alarms and order their files, in the caller's transaction; an alarm that is known changes nothing. How many were new."""
    new = 0
    for one in alarms:
        row = conn.execute(
            """
            insert into alarm_upload (alarm_number, terminal_id, vehicle_id, terminal_code, alarm_at, sequence, attachments, identifier,
                                      item, kind, level, fix_at)
            values (%(number)s, %(terminal)s, %(vehicle)s, %(code)s, %(at)s, %(sequence)s, %(attachments)s, %(identifier)s,
                    %(item)s, %(kind)s, %(level)s, %(fix)s)
                on conflict do nothing
            returning upload_id, alarm_number, terminal_id, identifier, state
            """,
            {
                "number": one.alarm_number, "terminal": one.terminal_id, "vehicle": one.vehicle_id, "code": one.identifier["terminal_code"],
                "at": instant(one.identifier["time_ms"]), "sequence": one.identifier["sequence"],
                "attachments": one.identifier["attachments"], "identifier": Jsonb(one.identifier), "item": one.item, "kind": one.kind,
                "level": one.level, "fix": instant(one.fix_ms),
            },
        ).fetchone()  # fmt: skip
        if row is not None:
            order(conn, Upload(*row), ordering)
            new += 1
    return new


def order(conn: Connection, upload: Upload, ordering: Ordering) -> None:
    """Ask the terminal for the files, by the way that every command goes."""
    host, _, port = ordering.server.rpartition(":")
    fields = {
        "server": host.strip("[]"), "tcp_port": int(port), "udp_port": 0, "identifier": upload.identifier,
        "alarm_number": upload.alarm_number,
    }  # fmt: skip
    until = datetime.now(UTC) + timedelta(hours=ordering.expires_h)
    number = terminal_commands.ask(conn, upload.terminal_id, ORDER, fields, expires_at=until, asked_by=WHO)
    conn.execute(
        """
        update alarm_upload set orders = orders + 1, command_id = %(command)s, state = 'ordered', changed_at = now()
         where upload_id = %(id)s
        """,
        {"command": number, "id": upload.upload_id},
    )


def order_again(conn: Connection, ordering: Ordering, after_s: float, most: int) -> int:
    """Repeat orders whose files have not all come for a while though their command has ended; give up after `most`. How many were repeated."""
    with conn.cursor(row_factory=class_row(Upload)) as cursor:
        late = cursor.execute(
            """
            select u.upload_id, u.alarm_number, u.terminal_id, u.identifier, u.state
              from alarm_upload u
              join terminal_command c on c.command_id = u.command_id
             where u.done_at is null and c.state in ('done', 'failed', 'expired') and u.orders < %(most)s
               and greatest(u.changed_at, c.done_at) < now() - make_interval(secs => %(after)s)
             order by u.upload_id limit 100 for update of u skip locked
            """,
            {"most": most, "after": after_s},
        ).fetchall()
    for upload in late:
        order(conn, upload, ordering)
    conn.execute(
        """
        update alarm_upload u
           set state = 'incomplete', done_at = now(), changed_at = now(),
               reason = coalesce(nullif(c.reason, ''), 'not all files came') || ', after ' || u.orders || ' orders'
          from terminal_command c
         where c.command_id = u.command_id and u.done_at is null and u.orders >= %(most)s and c.state in ('done', 'failed', 'expired')
           and greatest(u.changed_at, c.done_at) < now() - make_interval(secs => %(after)s)
        """,
        {"most": most, "after": after_s},
    )
    return len(late)


def find(conn: Connection, alarm_number: str, terminal_id: str) -> Upload | None:
    """The alarm of a number that was given to this terminal; None when there is none."""
    with conn.cursor(row_factory=class_row(Upload)) as cursor:
        return cursor.execute(
            """
            select upload_id, alarm_number, terminal_id, identifier, state from alarm_upload
             where alarm_number = %(number)s and terminal_id = %(terminal)s
            """,
            {"number": alarm_number.replace("\x00", ""), "terminal": terminal_id},
        ).fetchone()


def files_of(conn: Connection, upload_id: int) -> list[FileRow]:
    """Files of an alarm as far as they are known."""
    with conn.cursor(row_factory=class_row(FileRow)) as cursor:
        return cursor.execute(
            "select name, kind, size, runs, path from alarm_file where upload_id = %(id)s order by name", {"id": upload_id}
        ).fetchall()


def announce(conn: Connection, upload_id: int, name: str, kind: int | None, size: int) -> None:
    """A file is going to come; one of another size than before begins anew, and is whole no more."""
    conn.execute(
        """
        insert into alarm_file (upload_id, name, kind, size) values (%(id)s, %(name)s, %(kind)s, %(size)s)
            on conflict (upload_id, name) do update
           set kind = coalesce(excluded.kind, alarm_file.kind), size = excluded.size,
               came = case when alarm_file.size = excluded.size then alarm_file.came else 0 end,
               runs = case when alarm_file.size = excluded.size then alarm_file.runs else '[]' end,
               sha256 = case when alarm_file.size = excluded.size then alarm_file.sha256 end,
               path = case when alarm_file.size = excluded.size then alarm_file.path end,
               done_at = case when alarm_file.size = excluded.size then alarm_file.done_at end
        """,
        {"id": upload_id, "name": name, "kind": kind, "size": size},
    )
    _state(conn, upload_id, ARRIVING)


def progress(conn: Connection, upload_id: int, name: str, runs: Sequence[tuple[int, int]]) -> None:
    """These bytes are durable."""
    conn.execute(
        "update alarm_file set came = %(came)s, runs = %(runs)s where upload_id = %(id)s and name = %(name)s and path is null",
        {"came": sum(end - start for start, end in runs), "runs": Jsonb(list(runs)), "id": upload_id, "name": name},
    )
    _state(conn, upload_id, ARRIVING)


def finish(conn: Connection, upload_id: int, name: str, sha256: str, path: str) -> bool:
    """A file is whole and durable under its name; whether it was the last one of its alarm."""
    conn.execute(
        """
        update alarm_file set came = size, runs = '[]', sha256 = %(sha256)s, path = %(path)s, done_at = now()
         where upload_id = %(id)s and name = %(name)s
        """,
        {"sha256": sha256, "path": path, "id": upload_id, "name": name},
    )
    missing = conn.execute("select 1 from alarm_file where upload_id = %(id)s and path is null limit 1", {"id": upload_id}).fetchone()
    if missing is None:
        conn.execute(
            "update alarm_upload set state = 'complete', done_at = now(), changed_at = now(), reason = '' where upload_id = %(id)s",
            {"id": upload_id},
        )
    return missing is None


def broken_off(conn: Connection, upload_id: int) -> None:
    """The link has ended before all files were there."""
    _state(conn, upload_id, INCOMPLETE)


def _state(conn: Connection, upload_id: int, state: str) -> None:
    conn.execute(
        "update alarm_upload set state = %(state)s, changed_at = now() where upload_id = %(id)s and state <> 'complete'",
        {"state": state, "id": upload_id},
    )
