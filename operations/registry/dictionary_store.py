"""The schema as the database tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg


def tables(conn: psycopg.Connection[Any], names: Sequence[str]) -> list[tuple[str, str]]:
    """(name, comment) of tables, by name; comment "" where there is none."""
    return conn.execute(
        """
        select c.relname, coalesce(obj_description(c.oid, 'pg_class'), '')
          from pg_class c
         where c.relnamespace = 'public'::regnamespace
           and c.relname = any(%(names)s)
           and c.relkind in ('r', 'p')
         order by c.relname collate "C"
        """,
        {"names": list(names)},
    ).fetchall()


def columns(conn: psycopg.Connection[Any], names: Sequence[str]) -> list[tuple[str, str, str, bool, str]]:
    """(table, column, type, may be null, comment), by table and place in it."""
    return conn.execute(
        """
        select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull, coalesce(col_description(c.oid, a.attnum), '')
          from pg_class c
          join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace
           and c.relname = any(%(names)s)
           and c.relkind in ('r', 'p')
           and a.attnum > 0
           and not a.attisdropped
         order by c.relname collate "C", a.attnum
        """,
        {"names": list(names)},
    ).fetchall()
