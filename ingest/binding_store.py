"""Which terminals have moved between vehicles, and when: the registry's history as the pipeline reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from ingest.steps.terminals import UNKNOWN, Binding

Connection = psycopg.Connection[Any]


def moved_terminals(conn: Connection, terminal_ids: Sequence[str] | None = None) -> list[Binding]:
    """Bindings of the terminals that have stood for more than one vehicle, or whose only binding has ended; an end is one to `UNKNOWN`.

    Args:
        terminal_ids: without leading zeros; None: all.
    """
    rows = conn.execute(
        """
        with moved as (
            select b.terminal_id, b.vehicle_id, b.bound_from, b.bound_to
              from terminal_binding b
             where (%(everybody)s or b.terminal_id = any(%(terminals)s::text[]))
               and exists (select
                             from terminal_binding o
                            where o.terminal_id = b.terminal_id
                              and (o.vehicle_id <> b.vehicle_id or o.bound_to is not null))
        )
        select terminal_id, vehicle_id, floor(extract(epoch from bound_from) * 1000)::bigint
          from moved
         union all
        select terminal_id, %(nobody)s, floor(extract(epoch from bound_to) * 1000)::bigint
          from moved
         where bound_to is not null
        """,
        {"everybody": terminal_ids is None, "terminals": list(terminal_ids or ()), "nobody": UNKNOWN},
    ).fetchall()
    return [Binding(*row) for row in rows]
