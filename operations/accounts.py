"""Accounts: who may log in, and their passwords (argon2id)."""

from __future__ import annotations

import re
import secrets
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import RefusedError
from domain.units import instant
from operations import accounts_store as store
from operations import identity_keys_store, identity_lockout, identity_store
from operations.accounts_store import Account, Grant
from operations.identity_person import Conn, Principal
from operations.rights import rights_of
from storage import audit

PASSWORD_LEAST = 10
KINDS_LEAST = 3
DISTINCT_LEAST = 5
LONG = 16
"""A password this long may be of fewer kinds of signs."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

HASHER = PasswordHasher()
NOBODY = HASHER.hash(secrets.token_hex(16))
"""Hash that no password fits: an unknown name costs as much time as a wrong password."""


def add_user(conn: Conn, name: str, password: str | None, grant: Grant | None = None) -> int:
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


def set_password(conn: Conn, name: str, password: str, now_ms: int) -> list[UUID]:
    """New password; ends all logins of the user, which are returned, and lifts a lock-out."""
    found = named(conn, name)
    return _set_password(conn, found, password, now_ms, None)


def _set_password(conn: Conn, found: Account, password: str, now_ms: int, but: UUID | None) -> list[UUID]:
    store.set_password_hash(conn, found.user_id, hashed(password, found.name))
    ended = identity_store.revoke(conn, instant(now_ms), user_id=found.user_id, but=but)
    identity_store.forget_failures(conn, identity_store.by_name(found.name))
    audit.put(conn, "identity", "password_changed", object_of(found.user_id), {"sessions_ended": len(ended)})
    return ended


def change_own_password(conn: Conn, principal: Principal, present: str, new: str, now_ms: int) -> list[UUID]:
    """A person's new password; ends the other logins, which are returned. Takes about 100 ms of CPU.

    On RefusedError the caller still commits: failures are counted in the same transaction.

    Raises:
        LockedError: too many failures.
        RefusedError: kind "forbidden": the present password is wrong; invalid: the new one is too plain or the same.
    """
    now, subject = instant(now_ms), identity_lockout.by_code(principal.user_id)
    identity_lockout.refuse_locked(conn, [subject], now)
    found, kept = store.account(conn, user_id=principal.user_id), store.secret(conn, principal.user_id, lock=True)
    if found is None or kept is None or not fits(kept.password_hash or NOBODY, present):
        identity_lockout.count_failure(conn, {subject: identity_lockout.FREE_FAILURES}, now)
        raise RefusedError("the present password is wrong", field="password", kind="forbidden")
    if new == present:
        raise RefusedError("the new password is the present one: choose another", field="new_password")
    return _set_password(conn, found, new, now_ms, UUID(principal.session_id))


def change(conn: Conn, user_id: int, grant: Grant, disabled: bool, now_ms: int) -> list[UUID]:
    """Another grant or state of an account; disabling ends its logins, which are returned.

    Raises:
        RefusedError: the grant is not complete, or wider than one's own; kind "missing" when there is no such account to see.
    """
    store.change_account(conn, user_id, complete(grant), disabled)
    if not disabled:
        return []
    return end_all(conn, user_id, now_ms)


def end_all(conn: Conn, user_id: int, now_ms: int) -> list[UUID]:
    """End all logins of an account; those that stood until now."""
    ended = identity_store.revoke(conn, instant(now_ms), user_id=user_id)
    if ended:
        audit.put(conn, "identity", "sessions_revoked", object_of(user_id), {"sessions": [str(one) for one in ended]})
    return ended


def end_everything(conn: Conn, user_id: int, now_ms: int, only: str | None = None) -> int:
    """End all logins and keys of an account, or one by its id; how many stood until now.

    Raises:
        RefusedError: kind "missing": `only` is none that stands.
    """
    if only is None:
        keys = [one.key_id for one in identity_keys_store.keys(conn, user_id, "", 1_000_000)]
        for key_id in keys:
            identity_keys_store.revoke(conn, key_id, user_id, instant(now_ms))
        return len(end_all(conn, user_id, now_ms)) + len(keys)
    if identity_keys_store.revoke(conn, only, user_id, instant(now_ms)):
        return 1
    row = identity_store.session(conn, UUID(only)) if _UUID.fullmatch(only) else None
    if row is None or row.user_id != user_id or not identity_store.revoke(conn, instant(now_ms), session_id=row.session_id):
        raise RefusedError(f"{only} is no login or key that stands: `cuntong users sessions` shows them", kind="missing")
    audit.put(conn, "identity", "session_revoked", object_of(user_id), {"session": only})
    return 1


def named(conn: Conn, name: str) -> Account:
    """The account of a name; RefusedError, kind "missing"."""
    found = store.account(conn, name=name)
    if found is None:
        raise RefusedError(f"no user {name!r}: `cuntong users list` shows all", field="name", kind="missing")
    return found


def object_of(user_id: int) -> str:
    """How the audit log names an account."""
    return f"account:{user_id}"


def list_users(conn: Conn) -> list[Account]:
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
