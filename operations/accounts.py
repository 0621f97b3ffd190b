"""Accounts: who may log in, and their passwords (argon2id)."""

from __future__ import annotations

import secrets
from typing import Any

import psycopg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import RefusedError
from domain.units import instant
from operations import accounts_store as store
from operations import identity_store
from operations.accounts_store import Account, Grant
from operations.rights import rights_of

PASSWORD_LEAST = 10
KINDS_LEAST = 3
DISTINCT_LEAST = 5
LONG = 16
"""A password this long may be of fewer kinds of signs."""

HASHER = PasswordHasher()
NOBODY = HASHER.hash(secrets.token_hex(16))
"""Hash that no password fits: an unknown name costs as much time as a wrong password."""


def add_user(conn: psycopg.Connection[Any], name: str, password: str | None, grant: Grant | None = None) -> int:
    """Make an account.

    Args:
        password: None: none, for who only comes from another provider.
        grant: None: an administrator of the whole country.
    Returns:
        Its user_id.
    Raises:
        RefusedError: the name is taken, the password too easy, the grant not complete or wider than one's own.
    """
    chosen = complete(grant or Grant())
    return store.add_account(conn, name, None if password is None else hashed(password, name), chosen)


def complete(grant: Grant) -> Grant:
    """The grant; RefusedError when the role is not known, or needs an operator or a person that is missing."""
    rights_of(grant.role)
    if grant.role == "operator" and grant.operator_id is None:
        raise RefusedError("role operator needs the operator whose vehicles are seen: name its operator_id", field="operator_id")
    if grant.role == "driver" and grant.person_id is None:
        raise RefusedError("role driver needs the driver's own record: name its person_id", field="person_id")
    return grant


def set_password(conn: psycopg.Connection[Any], name: str, password: str, now_ms: int) -> None:
    """New password; ends all logins of the user and lifts a lock-out."""
    found = named(conn, name)
    store.set_password_hash(conn, found.user_id, hashed(password, name))
    identity_store.revoke(conn, instant(now_ms), user_id=found.user_id)
    identity_store.forget_failures(conn, identity_store.by_name(name))


def named(conn: psycopg.Connection[Any], name: str) -> Account:
    """The account of a name; RefusedError, kind "missing"."""
    found = store.account(conn, name=name)
    if found is None:
        raise RefusedError(f"no user {name!r}: `cuntong users list` shows all", field="name", kind="missing")
    return found


def list_users(conn: psycopg.Connection[Any]) -> list[Account]:
    """All accounts, the oldest first."""
    return store.accounts(conn)


def hashed(password: str, name: str = "") -> str:
    """argon2id hash; RefusedError when the password is too short, too plain, or holds the login name."""
    if len(password) < PASSWORD_LEAST:
        raise RefusedError(f"password of {len(password)} characters, at least {PASSWORD_LEAST} are needed", field="password")
    kinds = sum(any(test(one) for one in password) for test in (str.islower, str.isupper, str.isdigit, _other))
    if len(set(password)) < DISTINCT_LEAST or (kinds < KINDS_LEAST and len(password) < LONG):
        what = f"mix {KINDS_LEAST} of small letters, capitals, digits and other signs, or take {LONG} characters or more"
        raise RefusedError(f"the password is too plain: {what}", field="password")
    if name and name.lower() in password.lower():
        raise RefusedError("the password holds the login name: choose another", field="password")
    return HASHER.hash(password)


def _other(sign: str) -> bool:
    return not (sign.islower() or sign.isupper() or sign.isdigit())


def fits(password_hash: str, password: str) -> bool:
    """The password belongs to the hash."""
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def new_password() -> str:
    """A password to show once: 20 characters, about 119 bits."""
    return secrets.token_urlsafe(15)
