"""Logging in: argon2id passwords, short access tokens, rotating refresh secrets, lock-out with growing delay.

Access token: JWT, HS256, 15 minutes. Refresh secret: random, used once; a second use of an old one ends the login (theft).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import psycopg

from domain.errors import RefusedError
from domain.units import instant
from operations import accounts, accounts_store
from operations import identity_store as store
from operations.rights import PERSONAL, rights_of
from storage.scope import Scope

ACCESS_S = 15 * 60
REFRESH_DAYS = 14
GRACE_S = 30
"""The refresh secret before the present one still works this long: two tabs may refresh at once."""

FREE_FAILURES = 5
FREE_ADDRESS_FAILURES = 30
LOCK_S = 30
LOCK_MOST_S = 3600
FORGET_H = 24


class LockedError(RefusedError):
    """Too many failed logins; `retry_after_s` seconds until the next try."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many failed logins: try again in {retry_after_s} s", kind="locked")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Args:
        region_code: GB/T 2260 root of the subtree that is seen.
        expires_ms: the token's end, epoch ms UTC.
        operator_id: only this operator's; None: all.
        person_id: the person's own record (a driver's); None: none.
        unmask: may see personal data in clear.
        rights: what may be done; None: all that the role may (an API key may less).
        address: where the request comes from.
    """

    user_id: int
    name: str
    role: str
    region_code: int
    session_id: str
    expires_ms: int
    operator_id: int | None = None
    person_id: int | None = None
    unmask: bool = False
    rights: frozenset[str] | None = None
    address: str = ""

    def may(self, right: str) -> bool:
        """The person has the right."""
        given = rights_of(self.role, unmask=self.unmask)
        return right in given and (self.rights is None or right in self.rights)

    def scope(self, trace_id: str = "") -> Scope:
        """Who asks, for the database."""
        return Scope(
            self.role, f"{self.region_code:06d}", self.user_id, self.operator_id, self.person_id, self.name,
            self.may(PERSONAL), trace_id, self.address,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Login:
    """What a browser gets: tokens for cookies and the CSRF token bound to the login."""

    principal: Principal
    access: str
    refresh: str | None
    csrf: str


def load_secret(path: Path) -> bytes:
    """Key that signs logins, from a file of mode 0600; made on first use.

    Raises:
        RefusedError: the file is readable by others, or too short.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_bytes()
    else:
        secret = secrets.token_bytes(48)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
    if path.stat().st_mode & 0o077:
        raise RefusedError(f"{path} can be read by other users: chmod 600 {path}", kind="forbidden")
    if len(secret) < 32:
        raise RefusedError(f"{path} holds {len(secret)} bytes, at least 32 are needed: remove it and start again")
    return secret


class Identity:
    """Logins of one installation.

    Args:
        secret: key of `load_secret`.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def log_in(self, conn: psycopg.Connection[Any], name: str, password: str, address: str, now_ms: int) -> Login:
        """Check name and password, in the caller's transaction. Takes about 50 ms of CPU.

        On LockedError and RefusedError the caller still commits: failures are counted in the same transaction.

        Raises:
            LockedError: too many failures of this name or address.
            RefusedError: kind "unauthenticated".
        """
        now = instant(now_ms)
        self._refuse_locked(conn, name, address, now)
        found = accounts_store.account(conn, name=name)
        kept = accounts_store.secret(conn, found.user_id) if found else None
        password_hash = (kept and kept.password_hash) or accounts.NOBODY
        fits = accounts.fits(password_hash, password)
        if found is None or not fits or found.disabled:
            self._count_failure(conn, name, address, now)
            raise RefusedError("name or password is wrong", kind="unauthenticated")
        if accounts.HASHER.check_needs_rehash(password_hash):
            accounts_store.set_password_hash(conn, found.user_id, accounts.HASHER.hash(password))
        store.forget_failures(conn, store.by_name(name))
        refresh = secrets.token_urlsafe(32)
        session_id = uuid.uuid4()
        row = store.SessionRow(session_id, found.user_id, _digest(refresh), None, now, now + timedelta(days=REFRESH_DAYS), None)
        store.add_session(conn, row, address)
        return self._login(found, session_id, f"{session_id}.{refresh}", now_ms)

    def _refuse_locked(self, conn: psycopg.Connection[Any], name: str, address: str, now: datetime) -> None:
        until = store.locked_until(conn, [store.by_name(name), f"address:{address}"])
        if until is not None and until > now:
            raise LockedError(max(1, round((until - now).total_seconds())))

    def _count_failure(self, conn: psycopg.Connection[Any], name: str, address: str, now: datetime) -> None:
        forget_before = now - timedelta(hours=FORGET_H)
        for subject, free in ((store.by_name(name), FREE_FAILURES), (f"address:{address}", FREE_ADDRESS_FAILURES)):
            failures = store.count_failure(conn, subject, now, forget_before)
            if failures >= free:
                delay_s = min(LOCK_MOST_S, LOCK_S * 2 ** min(failures - free, 10))
                store.lock(conn, subject, now + timedelta(seconds=delay_s))

    def refresh(self, conn: psycopg.Connection[Any], presented: str, now_ms: int) -> Login:
        """Exchange a refresh secret for new tokens; `refresh` is None in the answer when the old cookie stays good.

        On RefusedError the caller still commits: a stolen secret ends the login.

        Raises:
            RefusedError: kind "unauthenticated".
        """
        now = instant(now_ms)
        session_id, secret = _parts(presented)
        row = store.session(conn, session_id, lock=True)
        if row is None or row.revoked_at is not None or row.expires_at <= now:
            raise RefusedError("the login has ended", kind="unauthenticated")
        digest = _digest(secret)
        following: str | None = None
        if hmac.compare_digest(digest, row.refresh_hash):
            fresh = secrets.token_urlsafe(32)
            store.rotate(conn, session_id, _digest(fresh), now)
            following = f"{session_id}.{fresh}"
        elif not (row.previous_hash == digest and now - row.rotated_at <= timedelta(seconds=GRACE_S)):
            store.revoke(conn, now, session_id=session_id)
            raise RefusedError("a used refresh secret came back: the login was ended", kind="unauthenticated")
        found = accounts_store.account(conn, user_id=row.user_id)
        if found is None or found.disabled:
            raise RefusedError("the account is disabled", kind="unauthenticated")
        return self._login(found, session_id, following, now_ms)

    def log_out(self, conn: psycopg.Connection[Any], session_id: str, now_ms: int) -> None:
        """End a login."""
        store.revoke(conn, instant(now_ms), session_id=uuid.UUID(session_id))

    def alive(self, conn: psycopg.Connection[Any], session_id: str, now_ms: int) -> bool:
        """The login still stands: not logged out, not revoked, not too old, account not disabled."""
        row = store.session(conn, uuid.UUID(session_id))
        if row is None or row.revoked_at is not None or row.expires_at <= instant(now_ms):
            return False
        found = accounts_store.account(conn, user_id=row.user_id)
        return found is not None and not found.disabled

    def read(self, access: str, now_ms: int) -> Principal:
        """Who an access token speaks for.

        Raises:
            RefusedError: kind "unauthenticated": forged, malformed or expired.
        """
        try:
            claims = jwt.decode(access, self._secret, algorithms=["HS256"], options={"verify_exp": False, "require": ["exp", "sub", "sid"]})
            principal = Principal(
                int(claims["sub"]),
                str(claims["name"]),
                str(claims["role"]),
                int(claims["region"]),
                str(claims["sid"]),
                int(claims["exp"]) * 1000,
            )
        except (jwt.InvalidTokenError, KeyError, ValueError) as error:
            raise RefusedError("the access token is not one of ours", kind="unauthenticated") from error
        if principal.expires_ms <= now_ms:
            raise RefusedError("the access token has expired", kind="unauthenticated")
        return principal

    def csrf(self, session_id: str) -> str:
        """Token that a changing request of this login must carry in its header."""
        return hmac.new(self._secret, f"csrf:{session_id}".encode(), hashlib.sha256).hexdigest()[:40]

    def _login(self, found: accounts_store.Account, session_id: uuid.UUID, refresh: str | None, now_ms: int) -> Login:
        expires_s = now_ms // 1000 + ACCESS_S
        principal = Principal(
            found.user_id, found.name, found.role, int(found.region_code), str(session_id), expires_s * 1000, found.operator_id,
            found.person_id, found.unmask,
        )  # fmt: skip
        claims = {
            "sub": str(found.user_id),
            "name": found.name,
            "role": found.role,
            "region": int(found.region_code),
            "sid": str(session_id),
            "exp": expires_s,
        }
        access = jwt.encode(claims, self._secret, algorithm="HS256")
        return Login(principal, access, refresh, self.csrf(str(session_id)))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _parts(presented: str) -> tuple[uuid.UUID, str]:
    session_id, _, secret = presented.partition(".")
    try:
        return uuid.UUID(session_id), secret
    except ValueError as error:
        raise RefusedError("the refresh secret is not one of ours", kind="unauthenticated") from error
