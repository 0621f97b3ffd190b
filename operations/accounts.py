"""Accounts: who may log in, and their passwords (argon2id)."""

from __future__ import annotations

import secrets
from typing import Any

import psycopg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import RefusedError
from domain.units import instant
from operations import identity_store as store

PASSWORD_LEAST = 10

HASHER = PasswordHasher()
NOBODY = HASHER.hash(secrets.token_hex(16))
"""Hash that no password fits: an unknown name costs as much time as a wrong password."""


def add_user(conn: psycopg.Connection[Any], name: str, password: str, *, role: str = "admin", region_code: str = "100000") -> int:
    """Make an account; its user_id. RefusedError when the name is taken or the password too short."""
    return store.add_account(conn, name, hashed(password), role, region_code)


def set_password(conn: psycopg.Connection[Any], name: str, password: str, now_ms: int) -> None:
    """New password; ends all logins of the user and lifts a lock-out."""
    found = store.account(conn, name=name)
    if found is None:
        raise RefusedError(f"no user {name!r}", field="name", kind="missing")
    store.set_password_hash(conn, found.user_id, hashed(password))
    store.revoke(conn, instant(now_ms), user_id=found.user_id)
    store.forget_failures(conn, store.by_name(name))


def list_users(conn: psycopg.Connection[Any]) -> list[store.Account]:
    """All accounts by name."""
    return store.accounts(conn)


def hashed(password: str) -> str:
    """argon2id hash; RefusedError when the password is too short."""
    if len(password) < PASSWORD_LEAST:
        raise RefusedError(f"password of {len(password)} characters, at least {PASSWORD_LEAST} are needed", field="password")
    return HASHER.hash(password)


def fits(password_hash: str, password: str) -> bool:
    """The password belongs to the hash."""
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def new_password() -> str:
    """A password to show once: 20 characters, about 119 bits."""
    return secrets.token_urlsafe(15)
