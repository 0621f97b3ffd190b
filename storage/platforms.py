"""Other platforms as screens and commands see them: who they are, how the links stand, what is asked and answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.errors import RefusedError

Connection = psycopg.Connection[Any]

Kind = Literal["order", "roll_call", "text", "alarm"]
OPEN_KINDS = ("order", "roll_call")
"""Kinds that a person answers; texts are receipted by the link itself."""


@dataclass(frozen=True, slots=True)
class Platform:
    """Another platform and its links. role: what it is to us. theirs, ours: positions by its last count and by ours; None before one came."""

    peer_id: int
    name: str
    role: Literal["superior", "subordinate"]
    version: str
    access_code: int
    host: str
    port: int
    region_code: str | None
    operator_id: int | None
    enabled: bool
    encrypt: bool
    main_up: bool
    sub_up: bool
    reason: str
    received: int
    sent: int
    confirmed: int
    theirs: int | None
    ours: int | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message between platforms with the last answer to it; fields by kind, see `protocols.jt809.orders`.

    state of ours: queued, sent, delivered, answered, failed, expired; of theirs: open (a person is to answer), received, answered.
    """

    message_id: int
    peer_id: int
    platform: str
    direction: Literal["in", "out"]
    kind: Kind
    state: str
    number: int
    plate: str | None
    plate_colour: int | None
    vehicle_id: int | None
    fields: dict[str, Any]
    reason: str
    asked_by: str
    created_at: datetime
    expires_at: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None
    result: int | None
    content: str | None
    responder: str | None


def add(conn: Connection, values: dict[str, Any]) -> int:
    """Enter a platform (columns of `platform_peer`) or replace what is said of it; its number. Owner only.

    Raises:
        RefusedError: a column does not take its value, or the access code belongs to another subordinate platform.
    """
    columns = sorted(values)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    places = sql.SQL(", ").join(map(sql.Placeholder, columns))
    changes = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in columns if column != "name")
    statement = sql.SQL(
        "insert into platform_peer ({names}) values ({places}) on conflict (name) do update set {changes} returning peer_id"
    ).format(names=names, places=places, changes=changes)
    try:
        row = conn.execute(statement, values).fetchone()
    except psycopg.IntegrityError as error:
        said = error.diag.message_detail or error.diag.message_primary or str(error)
        raise RefusedError(f"platform not entered: {said}", field=error.diag.constraint_name or "") from error
    assert row is not None
    return int(row[0])


def remove(conn: Connection, name: str) -> bool:
    """Forget a platform with its messages and its cursor; False when there was none. Owner only."""
    gone = conn.execute("delete from platform_peer where name = %(name)s", {"name": name}).rowcount
    return gone > 0


def platforms(conn: Connection) -> list[Platform]:
    """All platforms by name."""
    with conn.cursor(row_factory=class_row(Platform)) as cursor:
        return cursor.execute(
            """
            select p.peer_id, p.name, p.role, p.version, p.access_code, p.host, p.port, p.region_code, p.operator_id, p.enabled, p.encrypt,
                   coalesce(l.main_up, false) as main_up, coalesce(l.sub_up, false) as sub_up, coalesce(l.reason, '') as reason,
                   coalesce(l.received, 0) as received, coalesce(l.sent, 0) as sent, coalesce(l.confirmed, 0) as confirmed,
                   l.theirs, l.ours, l.updated_at
              from platform_peer p
              left join platform_link l on l.peer_id = p.peer_id
             order by p.name
            """
        ).fetchall()


def platform(conn: Connection, wanted: str | int) -> Platform:
    """The platform of a name or number; RefusedError, kind "missing", when there is none."""
    for one in platforms(conn):
        if wanted in (one.peer_id, one.name):
            return one
    raise RefusedError(f"no platform {wanted}: cuntong platform list shows them", field="platform", kind="missing")


def ask(
    conn: Connection, peer_id: int, kind: Kind, fields: dict[str, Any], *, asked_by: str, vehicle: tuple[str, int] | None = None,
    expires_at: datetime | None = None,
) -> int:  # fmt: skip
    """Ask something of a platform; it is on its way when the caller's transaction commits. The message's number.

    Args:
        vehicle: plate and colour, of an order.
    """
    plate, colour = vehicle or (None, None)
    row = conn.execute(
        """
        insert into platform_message (peer_id, direction, kind, state, plate, plate_colour, vehicle_id, fields, asked_by, expires_at)
        values (%(peer)s, 'out', %(kind)s, 'queued', %(plate)s, %(colour)s,
                (select vehicle_id from vehicle where plate = %(plate)s and plate_colour = %(colour)s),
                %(fields)s, %(asked_by)s, coalesce(%(expires_at)s, now() + interval '7 days'))
        returning message_id
        """,
        {
            "peer": peer_id,
            "kind": kind,
            "plate": plate,
            "colour": colour,
            "fields": Jsonb(fields),
            "asked_by": asked_by,
            "expires_at": expires_at,
        },
    ).fetchone()
    assert row is not None
    return int(row[0])


def answer(conn: Connection, message_id: int, *, result: int | None, content: str, responder: str, telephone: str = "") -> int:
    """Answer what a superior platform asked; may be said again, as an order is first in progress and then done. The answer's number.

    Raises:
        RefusedError: there is no such question, or it is none that a person answers.
    """
    found = message(conn, message_id)
    if found.direction != "in" or found.kind not in OPEN_KINDS:
        raise RefusedError(f"message {message_id} is a {found.kind} that nobody answers by hand", field="message_id", kind="conflict")
    row = conn.execute(
        """
        insert into platform_answer (peer_id, message_id, direction, kind, state, result, content, responder, telephone)
        values (%(peer)s, %(id)s, 'out', %(kind)s, 'queued', %(result)s, %(content)s, %(responder)s, %(telephone)s)
        returning answer_id
        """,
        {
            "peer": found.peer_id,
            "id": message_id,
            "kind": found.kind,
            "result": result,
            "content": content,
            "responder": responder,
            "telephone": telephone,
        },
    ).fetchone()
    assert row is not None
    return int(row[0])


_SEEN = """
    select m.message_id, m.peer_id, p.name as platform, m.direction, m.kind, m.state, m.number, m.plate, m.plate_colour, m.vehicle_id,
           m.fields, m.reason, m.asked_by, m.created_at, m.expires_at, m.sent_at, m.answered_at, a.result, a.content, a.responder
      from platform_message m
      join platform_peer p on p.peer_id = m.peer_id
      left join lateral (select result, content, responder from platform_answer where message_id = m.message_id
                          order by answer_id desc limit 1) a on true
"""


def message(conn: Connection, message_id: int) -> Message:
    """The message of a number; RefusedError, kind "missing", when there is none."""
    with conn.cursor(row_factory=class_row(Message)) as cursor:
        found = cursor.execute(_SEEN + " where m.message_id = %(id)s", {"id": message_id}).fetchone()
    if found is None:
        raise RefusedError(f"no message {message_id} between platforms", field="message_id", kind="missing")
    return found


def messages(conn: Connection, peer_id: int | None = None, kind: str | None = None, limit: int = 50) -> list[Message]:
    """The newest messages of a platform, or of all, of a kind or of every kind."""
    with conn.cursor(row_factory=class_row(Message)) as cursor:
        return cursor.execute(
            _SEEN
            + """
             where (%(peer)s::int is null or m.peer_id = %(peer)s)
               and (%(kind)s::text is null or m.kind = %(kind)s)
             order by m.message_id desc
             limit %(limit)s
            """,
            {"peer": peer_id, "kind": kind, "limit": limit},
        ).fetchall()
