"""Answers of other platforms, joined to the questions that they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from ingest.platform_store import Place, placed

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of another platform to a question of ours."""

    place: Place
    peer_id: int
    kind: str
    number: int | None
    source_serial: int | None
    result: int | None
    content: str
    responder: str
    telephone: str


def put_answers(conn: Connection, rows: Sequence[Answer]) -> None:
    """Store answers and join them to their questions."""
    for row in rows:
        conn.execute(
            """
            insert into platform_answer (peer_id, direction, kind, state, number, source_serial, result, content, responder, telephone, at,
                                         log_id, position)
            select p.peer_id, 'in', %(kind)s, 'received', %(number)s, %(serial)s, %(result)s, %(content)s, %(responder)s, %(telephone)s,
                   %(at)s, %(log_id)s, %(position)s
              from platform_peer p
             where p.peer_id = %(peer)s
                on conflict (log_id, position) do nothing
            """,
            {
                "peer": row.peer_id,
                "kind": row.kind,
                "number": row.number,
                "serial": row.source_serial,
                "result": row.result,
                "content": row.content,
                "responder": row.responder,
                "telephone": row.telephone,
                **placed(row.place),
            },
        )
    for peer_id in sorted({row.peer_id for row in rows}):
        join_answers(conn, peer_id)


def join_answers(conn: Connection, peer_id: int) -> None:
    """Join answers that stand alone to the newest question that they name by number or by serial, and end these questions.

    Called when an answer is stored and when a question is marked as sent: either may come first.
    """
    conn.execute(
        """
        with found as (
            select a.answer_id, a.at, m.message_id
              from platform_answer a
              cross join lateral (
                    select q.message_id from platform_message q
                     where q.peer_id = a.peer_id and q.direction = 'out' and q.kind = a.kind and q.sent_at is not null
                       and (q.number = a.number or (a.number is null and q.serial = a.source_serial))
                     order by q.message_id desc limit 1) m
             where a.peer_id = %(peer)s and a.direction = 'in' and a.message_id is null and a.at > now() - interval '30 days'),
        joined as (
            update platform_answer a set message_id = found.message_id from found where a.answer_id = found.answer_id)
        update platform_message m
           set state = 'answered', answered_at = coalesce(m.answered_at, found.at)
          from found
         where m.message_id = found.message_id
        """,
        {"peer": peer_id},
    )
