"""Commands to terminals as everybody else sees them: asked for through the outbox, read back by number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]

State = Literal["queued", "sent", "done", "failed", "expired"]

TOPIC = "terminal.command"
CHANNEL = "cuntong_command"
"""Notified, with the terminal's id, when a command is asked for."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command and how far it has come.

    terminal_id without leading zeros; message_id and fields as `protocols.jt808.forms.command_of` reads them; state queued, sent,
    done, failed or expired; result of the terminal's general reply, None while there is none or a reply of its own came; answer:
    that reply as JSON; reason: why it failed.
    """

    command_id: int
    terminal_id: str
    message_id: int
    fields: dict[str, Any]
    state: State
    result: int | None
    created_at: datetime
    expires_at: datetime | None
    sent_at: datetime | None
    done_at: datetime | None
    attempts: int
    asked_by: str
    answer: dict[str, Any] | None
    reason: str


def ask(conn: Connection, terminal_id: str, message_id: int, fields: dict[str, Any], *, expires_at: datetime, asked_by: str) -> int:
    """Ask for a command; it is on its way when the caller's transaction commits. The command's number."""
    row = conn.execute("select nextval('terminal_command_command_id_seq')").fetchone()
    assert row is not None
    payload = {
        "command_id": row[0], "terminal_id": terminal_id, "message_id": message_id, "fields": fields,
        "expires_at": expires_at.isoformat(), "asked_by": asked_by,
    }  # fmt: skip
    conn.execute(
        "insert into outbox (topic, dedupe_key, payload) values (%(topic)s, %(key)s, %(payload)s)",
        {"topic": TOPIC, "key": f"{TOPIC}:{row[0]}", "payload": Jsonb(payload)},
    )
    conn.execute("select pg_notify(%(channel)s, %(terminal)s)", {"channel": CHANNEL, "terminal": terminal_id})
    return int(row[0])


_SEEN = """
    select command_id, terminal_id, message_id, fields, state, result, created_at, expires_at, sent_at, done_at, attempts, asked_by,
           answer, reason
      from terminal_command
     where {where}
     union all
    select (payload ->> 'command_id')::bigint, payload ->> 'terminal_id', (payload ->> 'message_id')::int, payload -> 'fields',
           'queued', null, created_at, (payload ->> 'expires_at')::timestamptz, null, null, 0, payload ->> 'asked_by', null, ''
      from outbox
     where topic = 'terminal.command' and done_at is null and {outbox_where}
"""


def one(conn: Connection, command_id: int) -> Command | None:
    """The command of a number; None when there is none."""
    sql = _SEEN.format(where="command_id = %(id)s", outbox_where="dedupe_key = %(key)s")
    with conn.cursor(row_factory=class_row(Command)) as cursor:
        return cursor.execute(sql, {"id": command_id, "key": f"{TOPIC}:{command_id}"}).fetchone()


def of_terminal(conn: Connection, terminal_id: str, limit: int = 50) -> list[Command]:
    """Commands of a terminal, the newest first."""
    sql = _SEEN.format(where="terminal_id = %(terminal)s", outbox_where="payload ->> 'terminal_id' = %(terminal)s")
    with conn.cursor(row_factory=class_row(Command)) as cursor:
        return cursor.execute(f"{sql} order by command_id desc limit %(limit)s", {"terminal": terminal_id, "limit": limit}).fetchall()
