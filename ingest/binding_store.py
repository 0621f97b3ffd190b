"""Which terminals have moved between vehicles, and when: the registry's history as the pipeline reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from ingest.steps.terminals import Binding

Connection = psycopg.Connection[Any]


def moved_terminals(conn: Connection, terminal_ids: Sequence[str] | None = None) -> list[Binding]:
    """Bindings of the terminals that have stood for more than one vehicle, or whose only binding has ended.

    Args:
        terminal_ids: without leading zeros; None: all.
    """
    rows = conn.execute(
        """
        select b.terminal_id, b.vehicle_id, floor(extract(epoch from b.bound_from) * 1000)::bigint
          from terminal_binding b
         where (%(everybody)s or b.terminal_id = any(%(terminals)s::text[]))
           and exists (select
                         from terminal_binding o
                        where o.terminal_id = b.terminal_id
                          and (o.vehicle_id <> b.vehicle_id or o.bound_to is not null))
         order by b.terminal_id, b.bound_from
        """,
        {"everybody": terminal_ids is None, "terminals": list(terminal_ids or ())},
    ).fetchall()
    return [Binding(*row) for row in rows]
