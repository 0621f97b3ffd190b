"""Table of API keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import psycopg
from psycopg.rows import class_row

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key without its secret.

    Args:
        scopes: rights of `operations.rights`.
        region_code: narrower root of what is seen; None: the account's.
        networks: addresses that it may come from; empty: any.
        used_at: when it was used last, to the minute; None: never.
    """

    key_id: str
    user_id: int
    name: str
    scopes: list[str]
    region_code: str | None
    networks: list[Network]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None
    used_from: str | None = None


@dataclass(frozen=True, slots=True)
class KeyAsks:
    """Whom a key speaks for at this moment."""

    user_id: int
    name: str
    role: str
    region_code: str
    operator_id: int | None
    person_id: int | None
    unmask: bool
    expires_at: datetime
    scopes: list[str]
    key_region: str | None
    networks: list[Network]
    used_at: datetime | None


def asks(conn: psycopg.Connection[Any], key_id: str, secret_hash: bytes) -> KeyAsks | None:
    """Whom a key speaks for; None when it is not known, its secret is another, it was revoked, or the account disabled. Needs no scope."""
    row = conn.execute(
        """
        select user_id, name, role, region_code, operator_id, person_id, unmask, expires_at, scopes, key_region, networks, used_at
          from key_asks(%(key_id)s, %(secret_hash)s)
        """,
        {"key_id": key_id, "secret_hash": secret_hash},
    ).fetchone()
    return KeyAsks(*row) if row is not None else None


def note_use(conn: psycopg.Connection[Any], key_id: str, now: datetime, before: datetime, address: str) -> None:
    """Note the use of a key that was last noted before `before`."""
    conn.execute(
        """
        update api_key
           set used_at = %(now)s, used_from = %(address)s
         where key_id = %(key_id)s
           and (used_at is null or used_at < %(before)s)
        """,
        {"key_id": key_id, "now": now, "before": before, "address": address},
    )


def stands(conn: psycopg.Connection[Any], key_id: str, now: datetime) -> KeyAsks | None:
    """Whom a good key speaks for, for who need not show its secret; None when it or its account is no longer good."""
    with conn.cursor(row_factory=class_row(KeyAsks)) as cursor:
        return cursor.execute(
            """
            select a.user_id, a.name, a.role, a.region_code, a.operator_id, a.person_id, a.unmask, k.expires_at, k.scopes,
                   k.region_code as key_region, k.networks, k.used_at
              from api_key k
              join account a on a.user_id = k.user_id
             where k.key_id = %(key_id)s
               and k.revoked_at is null
               and k.expires_at > %(now)s
               and not a.disabled
            """,
            {"key_id": key_id, "now": now},
        ).fetchone()


def add(conn: psycopg.Connection[Any], key: KeyRow, secret_hash: bytes) -> None:
    """Insert a key."""
    conn.execute(
        """
        insert into api_key (key_id, user_id, name, secret_hash, scopes, region_code, networks, created_at, expires_at)
        values (%(key_id)s, %(user_id)s, %(name)s, %(secret_hash)s, %(scopes)s, %(region_code)s, %(networks)s::cidr[], %(created_at)s,
                %(expires_at)s)
        """,
        {
            "key_id": key.key_id, "user_id": key.user_id, "name": key.name, "secret_hash": secret_hash, "scopes": key.scopes,
            "region_code": key.region_code, "networks": [str(one) for one in key.networks], "created_at": key.created_at,
            "expires_at": key.expires_at,
        },
    )  # fmt: skip


def held(conn: psycopg.Connection[Any], user_id: int, now: datetime) -> int:
    """How many good keys an account has; its row stays locked, so that two requests cannot both make the last one."""
    conn.execute("select user_id from account_secret where user_id = %(user_id)s for update", {"user_id": user_id})
    row = conn.execute(
        "select count(*) from api_key where user_id = %(user_id)s and revoked_at is null and expires_at > %(now)s",
        {"user_id": user_id, "now": now},
    ).fetchone()
    return int(row[0]) if row is not None else 0


def keys(conn: psycopg.Connection[Any], user_id: int, after: str, most: int) -> list[KeyRow]:
    """Keys of an account that were not revoked, by key_id, those after `after`."""
    with conn.cursor(row_factory=class_row(KeyRow)) as cursor:
        return cursor.execute(
            """
            select key_id, user_id, name, scopes, region_code, networks, created_at, expires_at, revoked_at, used_at, used_from
              from api_key
             where user_id = %(user_id)s
               and revoked_at is null
               and key_id > %(after)s
             order by key_id
             limit %(most)s
            """,
            {"user_id": user_id, "after": after, "most": most},
        ).fetchall()


def revoke(conn: psycopg.Connection[Any], key_id: str, user_id: int | None, now: datetime) -> bool:
    """End a key (of this account; None: whoever's may be seen); whether it stood until now."""
    done = conn.execute(
        """
        update api_key
           set revoked_at = %(now)s
         where key_id = %(key_id)s
           and revoked_at is null
           and (%(user_id)s::int is null or user_id = %(user_id)s)
        """,
        {"key_id": key_id, "user_id": user_id, "now": now},
    )
    return done.rowcount > 0
