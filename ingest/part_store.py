"""Sub-packets that wait for the rest of their message, so that no crash between two packets loses one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from domain.units import instant

Connection = psycopg.Connection[Any]

KEEP_MS = 24 * 3_600_000
"""A message that is not whole after a day is given up."""

PartKey = tuple[str, int, int, int]
"""(terminal_id, message_id, total, first_serial): first_serial = (serial - (index - 1)) mod 65536."""


@dataclass(frozen=True, slots=True)
class Part:
    """One sub-packet: index counts from 1, body starts behind the packet item."""

    key: PartKey
    index: int
    received_ms: int
    body: bytes


def stored(conn: Connection, keys: Sequence[PartKey]) -> dict[PartKey, dict[int, bytes]]:
    """Bodies by index of the parts that earlier batches left, for the keys asked."""
    if not keys:
        return {}
    rows = conn.execute(
        """
        select p.terminal_id, p.message_id, p.total, p.first_serial, p.index, p.body
          from message_part p
          join unnest(%(terminals)s::text[], %(messages)s::int[], %(totals)s::int[], %(serials)s::int[])
               as k(terminal_id, message_id, total, first_serial)
         using (terminal_id, message_id, total, first_serial)
        """,
        _columns(keys),
    ).fetchall()
    found: dict[PartKey, dict[int, bytes]] = {}
    for terminal_id, message_id, total, first_serial, index, body in rows:
        found.setdefault((terminal_id, message_id, total, first_serial), {})[index] = bytes(body)
    return found


def keep(conn: Connection, parts: Sequence[Part]) -> None:
    """Store parts; a repeated one is left as it is."""
    if not parts:
        return
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into message_part (terminal_id, message_id, total, first_serial, index, received, body)
            values (%(terminal_id)s, %(message_id)s, %(total)s, %(first_serial)s, %(index)s, %(received)s, %(body)s)
                on conflict (terminal_id, message_id, total, first_serial, index) do nothing
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
