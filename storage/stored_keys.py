"""Which fixes are stored, by the number on the wire: for tests and for the balance of a simulated run."""

from __future__ import annotations

from typing import Any

import psycopg

from domain.units import instant


def stored_keys(conn: psycopg.Connection[Any], start_ms: int, end_ms: int) -> tuple[set[tuple[str, int]], int]:
    """Stored fixes of [start_ms, end_ms), and how many rows stand under a key that another row has too.

    Returns:
        ((terminal id without leading zeros, device time in epoch ms) of every row, doubles); doubles must be 0.
    """
    rows = conn.execute(
        """
        select t.terminal_id, (extract(epoch from p.time) * 1000)::bigint
        from positions p
        join terminal t on t.vehicle_id = p.vehicle_id
        where p.time >= %s and p.time < %s
        """,
        (instant(start_ms), instant(end_ms)),
    ).fetchall()
    keys = {(terminal, t_ms) for terminal, t_ms in rows}
    return keys, len(rows) - len(keys)
