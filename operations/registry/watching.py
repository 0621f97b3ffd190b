"""Expiry watch: permits, licences, qualifications, inspections that end soon, and those that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg

from operations.registry import watch_store as store
from operations.registry.entities import KINDS
from operations.registry.kinds import Kind

Connection = psycopg.Connection[Any]

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that ends: word of the kind, key and name of the entity, the field that says so, its last day, how the entity stands."""

    kind: str
    key: str
    name: str
    field: str
    ends_on: date
    standing: str


def ending(conn: Connection, today: date, days: int, kinds: Sequence[Kind] | None = None, limit: int = MOST) -> list[Ending]:
    """What ends within so many days or has ended, that the asker sees; the earliest first, at most `limit`."""
    until = today + timedelta(min(days, 36_500))
    found = [
        Ending(kind.word, str(key), name, column, day, standing)
        for kind in (kinds if kinds is not None else KINDS.values())
        for column in kind.ends
        for key, name, day, standing in store.ending(conn, kind, column, until, limit)
    ]
    return sorted(found, key=lambda one: (one.ends_on, one.kind, one.key))[:limit]


def expire_due(conn: Connection, today: date) -> int:
    """Mark what ended before today as expired; how many. Its vehicles and terminals keep reporting, and nothing of that is lost."""
    return sum(
        store.expire(conn, kind, column, today, f"{kind.field(column).zh}:") for kind in KINDS.values() for column in kind.ends
    )  # fmt: skip
