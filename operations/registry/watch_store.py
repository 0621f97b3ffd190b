"""SQL of the expiry watch; statements are composed by psycopg from the table of kinds."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from operations.registry.kinds import Kind

Connection = psycopg.Connection[Any]


def ending(conn: Connection, kind: Kind, column: str, until: date, limit: int) -> list[tuple[Any, str, date, str]]:
    """(key, name, day, standing) of what is in force and ends on or before a day, the earliest first."""
    name = kind.field(kind.natural[-1] if kind.word == "permits" else kind.search[0])
    return conn.execute(
        sql.SQL(
            "select {key}, {name}::text, {day}, standing from {table} "
            "where standing in ('active', 'suspended', 'expired') and {day} <= %(until)s order by {day}, {key} limit %(limit)s"
        ).format(
            key=sql.Identifier(kind.key), name=sql.Identifier(name.column), day=sql.Identifier(column), table=sql.Identifier(kind.table)
        ),
        {"until": until, "limit": limit},
    ).fetchall()


def expire(conn: Connection, kind: Kind, column: str, today: date, reason: str) -> int:
    """Mark as expired what is in force and ended before a day; how many."""
    return conn.execute(
        sql.SQL(
            "update {table} set standing = 'expired', standing_reason = %(reason)s || ' ' || {day}::text "
            "where standing in ('active', 'suspended') and {day} < %(today)s"
        ).format(table=sql.Identifier(kind.table), day=sql.Identifier(column)),
        {"today": today, "reason": reason},
    ).rowcount
