"""Sub-packets that wait for the rest of their message, so that no crash between two packets loses one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from domain.units import epoch_ms, instant
from protocols.jt808.reassembly import joined as whole_body

Connection = psycopg.Connection[Any]

KEEP_MS = 24 * 3_600_000
"""A message that is not whole after a day is given up."""

SAME_UPLOAD_MS = 10 * 60_000
"""Packets further apart belong to different messages: serials come round again, and a terminal that restarts counts from 0."""

PartKey = tuple[str, int, int, int]
"""(terminal_id, message_id, total, first_serial): first_serial = (serial - (index - 1)) mod 65536."""


@dataclass(frozen=True, slots=True)
class Part:
    """One sub-packet: index counts from 1, body starts behind the packet item."""

    key: PartKey
    index: int
    received_ms: int
    body: bytes


def add(waiting: dict[int, Part], part: Part) -> None:
    """File a packet by its index: the newest counts. A repeat is equal, and what is left over from an earlier message may not."""
    there = waiting.get(part.index)
    if there is None or part.received_ms >= there.received_ms:
        waiting[part.index] = part


def joined(waiting: dict[int, Part], total: int, newest_ms: int) -> bytes | None:
    """Body of the message whose newest packet came at newest_ms; None while packets are missing."""
    bodies = [
        waiting[index].body
        for index in range(1, total + 1)
        if index in waiting and newest_ms - waiting[index].received_ms <= SAME_UPLOAD_MS
    ]
    return whole_body(waiting[1].key[1], bodies) if len(bodies) == total else None


def stored(conn: Connection, keys: Sequence[PartKey]) -> dict[PartKey, dict[int, Part]]:
    """By index the parts that earlier batches left, for the keys asked."""
    if not keys:
        return {}
    rows = conn.execute(
        """
        select p.terminal_id, p.message_id, p.total, p.first_serial, p.index, p.received, p.body
          from message_part p
          join unnest(%(terminals)s::text[], %(messages)s::int[], %(totals)s::int[], %(serials)s::int[])
               as k(terminal_id, message_id, total, first_serial)
         using (terminal_id, message_id, total, first_serial)
        """,
        _columns(keys),
    ).fetchall()
    found: dict[PartKey, dict[int, Part]] = {}
    for terminal_id, message_id, total, first_serial, index, received, body in rows:
        key = (terminal_id, message_id, total, first_serial)
        found.setdefault(key, {})[index] = Part(key, index, epoch_ms(received), bytes(body))
    return found


def keep(conn: Connection, parts: Sequence[Part]) -> None:
    """Store parts; the newest of an index stays."""
    if not parts:
        return
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into message_part (terminal_id, message_id, total, first_serial, index, received, body)
            values (%(terminal_id)s, %(message_id)s, %(total)s, %(first_serial)s, %(index)s, %(received)s, %(body)s)
                on conflict (terminal_id, message_id, total, first_serial, index)
                do update set received = excluded.received,
                              body = excluded.body
                 where excluded.received >= message_part.received
            """,
            [
                {
                    "terminal_id": part.key[0],
                    "message_id": part.key[1],
                    "total": part.key[2],
                    "first_serial": part.key[3],
                    "index": part.index,
                    "received": instant(part.received_ms),
                    "body": part.body,
                }
                for part in parts
            ],
        )


def finish(conn: Connection, keys: Sequence[PartKey]) -> None:
    """Delete the parts of messages that are whole now."""
    if keys:
        conn.execute(
            """
            delete from message_part p
             using unnest(%(terminals)s::text[], %(messages)s::int[], %(totals)s::int[], %(serials)s::int[])
                   as k(terminal_id, message_id, total, first_serial)
             where p.terminal_id = k.terminal_id
               and p.message_id = k.message_id
               and p.total = k.total
               and p.first_serial = k.first_serial
            """,
            _columns(keys),
        )


def purge(conn: Connection, now_ms: int) -> int:
    """Delete parts older than `KEEP_MS`; how many."""
    return conn.execute("delete from message_part where received < %(before)s", {"before": instant(now_ms - KEEP_MS)}).rowcount


def _columns(keys: Sequence[PartKey]) -> dict[str, list[Any]]:
    return {
        "terminals": [key[0] for key in keys],
        "messages": [key[1] for key in keys],
        "totals": [key[2] for key in keys],
        "serials": [key[3] for key in keys],
    }
