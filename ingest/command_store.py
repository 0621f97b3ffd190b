"""Commands to terminals: taken from the outbox, claimed by the worker that has the terminal, ended by its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from storage.terminal_commands import TOPIC

Connection = psycopg.Connection[Any]

DONE, FAILED, EXPIRED, LOST, BUSY = "done", "failed", "expired", "lost", "busy"
"""Ends of a command on a link. Lost: the link went away before an answer; busy: the link has one of its kind open."""
MOST_ATTEMPTS = 2
"""A command moves to the terminal's next link once."""
_AT_ONCE = 200
_SILENT = "10 minutes"
"""Longer than all repeats of a command take: who is still waiting then has died."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A command that this worker is to send; edition of JT/T 808 in which it goes out, "" before."""

    command_id: int
    terminal_id: str
    message_id: int
    fields: dict[str, Any]
    edition: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command on a link: one of `DONE` to `BUSY`; result of the general reply; the terminal's own reply as JSON; edition
    of JT/T 808 in which it was sent, "" when it was not."""

    command_id: int
    terminal_id: str
    end: str
    result: int | None = None
    answer: dict[str, Any] | None = None
    reason: str = ""
    edition: str = ""


def admit(conn: Connection) -> list[str]:
    """Take over what services have asked for; the terminals concerned."""
    rows = conn.execute(
        """
        with taken as (
            select id, payload from outbox where topic = %(topic)s and done_at is null order by id limit %(most)s for update skip locked),
        closed as (update outbox set done_at = now() where id in (select id from taken))
        insert into terminal_command (command_id, terminal_id, message_id, fields, expires_at, asked_by)
        select (payload ->> 'command_id')::bigint, payload ->> 'terminal_id', (payload ->> 'message_id')::int,
               coalesce(payload -> 'fields', '{}'), coalesce((payload ->> 'expires_at')::timestamptz, now() + interval '24 hours'),
               coalesce(payload ->> 'asked_by', '')
          from taken
            on conflict (command_id) do nothing
        returning terminal_id
        """,
        {"topic": TOPIC, "most": _AT_ONCE},
    ).fetchall()
    return [row[0] for row in rows]


def claim(conn: Connection, terminals: Sequence[str], gateway: str) -> list[Claimed]:
    """Queued commands of terminals that are on line here, the oldest first; nobody else sends them now."""
    with conn.cursor(row_factory=class_row(Claimed)) as cursor:
        rows = cursor.execute(
            """
            with mine as (
                select command_id from terminal_command
                 where state = 'queued' and terminal_id = any(%(terminals)s) and (expires_at is null or expires_at > now())
                 order by command_id limit %(most)s for update skip locked)
            update terminal_command c
               set state = 'sent', sent_at = now(), attempts = attempts + 1, gateway = %(gateway)s
              from mine
             where c.command_id = mine.command_id
            returning c.command_id, c.terminal_id, c.message_id, c.fields
            """,
            {"terminals": list(terminals), "most": _AT_ONCE, "gateway": gateway},
        ).fetchall()
    return sorted(rows, key=lambda row: row.command_id)


def record(conn: Connection, outcomes: Sequence[Outcome]) -> None:
    """Note what became of sent commands. A lost one is queued again while it has an attempt left, a busy one as if it was never sent."""
    for one in outcomes:
        said = {
            "id": one.command_id,
            "end": one.end,
            "result": one.result,
            "reason": one.reason,
            "most": MOST_ATTEMPTS,
            "edition": one.edition,
        }
        if one.end == BUSY:
            conn.execute(
                "update terminal_command set state = 'queued', attempts = attempts - 1 where command_id = %(id)s and state = 'sent'", said
            )
            continue
        conn.execute(
            """
            update terminal_command
               set state = case when %(end)s <> 'lost' then %(end)s when attempts < %(most)s then 'queued' else 'expired' end,
                   done_at = case when %(end)s = 'lost' and attempts < %(most)s then null else now() end,
                   result = %(result)s, reason = %(reason)s, answer = %(answer)s, edition = %(edition)s
             where command_id = %(id)s and state = 'sent'
            """,
            said | {"answer": Jsonb(one.answer) if one.answer is not None else None},
        )
    _tell(conn, [one.command_id for one in outcomes])


def sweep(conn: Connection) -> list[str]:
    """End commands whose time is over, and queue those again that a dead gateway left; terminals of the latter."""
    late = conn.execute(
        """
        update terminal_command set state = 'expired', done_at = now(), reason = 'the terminal did not come on line in time'
         where state = 'queued' and expires_at <= now()
        returning command_id
        """
    ).fetchall()
    left = conn.execute(
        f"""
        update terminal_command
           set state = case when attempts < {MOST_ATTEMPTS} then 'queued' else 'expired' end,
               done_at = case when attempts < {MOST_ATTEMPTS} then null else now() end,
               reason = case when attempts < {MOST_ATTEMPTS} then '' else 'no answer, and its gateway is gone' end
         where state = 'sent' and sent_at < now() - interval '{_SILENT}'
        returning command_id, terminal_id
        """
    ).fetchall()
    _tell(conn, [row[0] for row in [*late, *left]])
    return [row[1] for row in left]


def _tell(conn: Connection, command_ids: Sequence[int]) -> None:
    """Outbox rows `terminal.answer` for those that have ended."""
    conn.execute(
        """
        insert into outbox (topic, dedupe_key, payload)
        select 'terminal.answer', 'terminal.answer:' || command_id,
               jsonb_build_object('command_id', command_id, 'terminal_id', terminal_id, 'message_id', message_id, 'state', state,
                                  'result', result, 'answer', answer, 'reason', reason)
          from terminal_command
         where command_id = any(%(ids)s) and done_at is not null
            on conflict (dedupe_key) do nothing
        """,
        {"ids": list(command_ids)},
    )
