"""Other platforms as the process sees them that holds their links: accounts, what is to be sent, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row

from ingest.platform_answer_store import join_answers

Connection = psycopg.Connection[Any]

MOST_ATTEMPTS = 10
"""A message that was lost so often is given up."""
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Account:
    """A row of `platform_peer`."""

    peer_id: int
    name: str
    role: Literal["superior", "subordinate"]
    version: str
    access_code: int
    user_id: int
    password: str
    platform_code: str
    m1: int | None
    ia1: int | None
    ic1: int | None
    encrypt: bool
    addresses: list[str]
    host: str
    port: int
    sub_host: str
    sub_port: int
    region_code: str | None
    operator_id: int | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A question or an answer that is to be sent.

    table: "message" or "answer"; id: its number; of an answer `number`, `serial`, `fields` are the question's.
    """

    table: Literal["message", "answer"]
    id: int
    peer_id: int
    kind: str
    number: int
    serial: int
    plate: str | None
    plate_colour: int | None
    fields: dict[str, Any]
    result: int | None
    content: str
    responder: str
    telephone: str


@dataclass(frozen=True, slots=True)
class Status:
    """How the links to a platform stand."""

    peer_id: int
    main_up: bool
    sub_up: bool
    reason: str
    received: int
    sent: int
    confirmed: int
    theirs: int | None
    ours: int | None


def accounts(conn: Connection) -> list[Account]:
    """Enabled platforms."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            """
            select peer_id, name, role, version, access_code, user_id, password, platform_code, m1, ia1, ic1, encrypt, addresses, host, port,
                   sub_host, sub_port, region_code, operator_id
              from platform_peer
             where enabled
             order by peer_id
            """
        ).fetchall()


def claim(conn: Connection, peers: Sequence[int]) -> list[Outgoing]:
    """Queued questions and answers for platforms that are linked, oldest first; nobody else sends them now."""
    said = {"peers": list(peers), "most": _AT_ONCE}
    conn.execute(
        """
        update platform_message set state = 'expired', reason = 'it could not be sent in time'
         where state = 'queued' and direction = 'out' and expires_at <= now()
        """
    )
    with conn.cursor(row_factory=class_row(Outgoing)) as cursor:
        messages = cursor.execute(
            """
            with mine as (
                select message_id from platform_message
                 where state = 'queued' and direction = 'out' and peer_id = any(%(peers)s)
                 order by message_id limit %(most)s for update skip locked)
            update platform_message m
               set state = 'sent', sent_at = now(), attempts = m.attempts + 1, number = m.message_id %% 4294967296
              from mine
             where m.message_id = mine.message_id
            returning 'message' as table, m.message_id as id, m.peer_id, m.kind, m.number, 0 as serial, m.plate, m.plate_colour, m.fields,
                      null::int as result, '' as content, '' as responder, '' as telephone
            """,
            said,
        ).fetchall()
        answers = cursor.execute(
            """
            with mine as (
                select answer_id from platform_answer
                 where state = 'queued' and direction = 'out' and peer_id = any(%(peers)s)
                 order by answer_id limit %(most)s for update skip locked)
            update platform_answer a
               set state = 'sent', sent_at = now(), attempts = a.attempts + 1
              from mine, platform_message m
             where a.answer_id = mine.answer_id and m.message_id = a.message_id
            returning 'answer' as table, a.answer_id as id, a.peer_id, a.kind, m.number, coalesce(m.serial, 0) as serial, m.plate,
                      m.plate_colour, m.fields, a.result, a.content, a.responder, a.telephone
            """,
            said,
        ).fetchall()
    return sorted([*messages, *answers], key=lambda one: (one.table, one.id))


def sent(conn: Connection, one: Outgoing, serial: int) -> None:
    """Note that it left, in the frame of a serial; an answer ends what it answers, and answers that came before this note find their question."""
    if one.table == "message":
        conn.execute("update platform_message set serial = %(serial)s where message_id = %(id)s", {"serial": serial, "id": one.id})
        join_answers(conn, one.peer_id)
        return
    conn.execute(
        """
        update platform_message m
           set state = 'answered', answered_at = now()
          from platform_answer a
         where a.answer_id = %(id)s and m.message_id = a.message_id
        """,
        {"id": one.id},
    )


def failed(conn: Connection, one: Outgoing, reason: str) -> None:
    """Note that it cannot be sent as it is."""
    conn.execute(_of(one.table, "state = 'failed', reason = %(reason)s", "true"), {"id": one.id, "reason": reason})


def delivered(conn: Connection, one: Outgoing) -> None:
    """Note that it has arrived: a link test that left behind it was answered."""
    conn.execute(_of(one.table, "state = 'delivered'", "state = 'sent'"), {"id": one.id})


def again(conn: Connection, one: Outgoing) -> None:
    """Queue again what may be lost: the link broke before it was sure; given up after `MOST_ATTEMPTS`."""
    change = """
        state = case when attempts < %(most)s then 'queued' else 'failed' end,
        reason = case when attempts < %(most)s then '' else 'the link broke each time before it was sure to have arrived' end
    """
    conn.execute(_of(one.table, change, "state = 'sent'"), {"id": one.id, "most": MOST_ATTEMPTS})


def recover(conn: Connection, peer_id: int) -> None:
    """Queue again what a process sent that is gone and that nobody knows to have arrived."""
    said = {"peer": peer_id}
    conn.execute("update platform_message set state = 'queued' where peer_id = %(peer)s and direction = 'out' and state = 'sent'", said)
    conn.execute("update platform_answer set state = 'queued' where peer_id = %(peer)s and direction = 'out' and state = 'sent'", said)


def _of(table: str, change: str, where: str) -> bytes:
    key = "message_id" if table == "message" else "answer_id"
    return f"update platform_{'message' if table == 'message' else 'answer'} set {change} where {key} = %(id)s and {where}".encode()


def write_status(conn: Connection, rows: Sequence[Status]) -> None:
    """Replace what is known of links."""
    for row in rows:
        conn.execute(
            """
            insert into platform_link (peer_id, main_up, sub_up, reason, received, sent, confirmed, theirs, ours)
            select peer_id, %(main)s, %(sub)s, %(reason)s, %(received)s, %(sent)s, %(confirmed)s, %(theirs)s, %(ours)s
              from platform_peer where peer_id = %(peer)s
                on conflict (peer_id) do update
               set main_up = excluded.main_up, sub_up = excluded.sub_up, reason = excluded.reason, received = excluded.received,
                   sent = excluded.sent, confirmed = excluded.confirmed, theirs = coalesce(excluded.theirs, platform_link.theirs),
                   ours = coalesce(excluded.ours, platform_link.ours), updated_at = now()
            """,
            {
                "peer": row.peer_id,
                "main": row.main_up,
                "sub": row.sub_up,
                "reason": row.reason,
                "received": row.received,
                "sent": row.sent,
                "confirmed": row.confirmed,
                "theirs": row.theirs,
                "ours": row.ours,
            },
        )
