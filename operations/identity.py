"""Logging in: argon2id passwords, short access tokens, rotating refresh secrets, lock-out with growing delay, second factors.

Access token: JWT, HS256, 15 minutes, checked against the database at every request. Refresh secret: random, used once; a second
use of an old one ends the login (theft).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from datetime import datetime, timedelta

from domain.errors import RefusedError
from domain.units import instant
from operations import accounts, accounts_store, identity_keys, identity_tokens
from operations import identity_store as store
from operations.identity_lockout import (
    FREE_ADDRESS_FAILURES,
    FREE_FAILURES,
    LockedError,
    by_address,
    count_failure,
    refuse_locked,
)
from operations.identity_oidc import Provider
from operations.identity_person import KEY_PREFIX, Attempt, Conn, Login, Principal
from operations.identity_tokens import ACCESS_S, Claims, digest, load_secret
from operations.identity_totp import SecondFactor
from storage import audit
from storage.sealing import Sealer

__all__ = ["ACCESS_S", "GRACE_S", "REFRESH_DAYS", "Attempt", "Identity", "LockedError", "Login", "Principal", "load_secret"]

REFRESH_DAYS = 14
GRACE_S = 30
"""The refresh secret before the present one still works this long: two tabs may refresh at once."""


class Identity:
    """Logins of one installation. What it does to the database happens in the caller's transaction, under the scope of the service.

    Args:
        secret: key of `load_secret`.
        sealer: of personal data; seals secrets of second factors.
        provider: another one that people may log in at; None: none.
    """

    def __init__(self, secret: bytes, sealer: Sealer, provider: Provider | None = None) -> None:
        self._secret = secret
        self.provider = provider
        self.sealer = sealer
        self.factor = SecondFactor(sealer)

    def log_in(self, conn: Conn, attempt: Attempt, now_ms: int) -> Login:
        """Check name, password and, when one is in force, the second factor. Takes about 50 ms of CPU.

        On LockedError and RefusedError the caller still commits: failures are counted in the same transaction.

        Raises:
            LockedError: too many failures of this name or address.
            RefusedError: kind "unauthenticated"; kind "second_factor" when a code is asked for.
        """
        now = instant(now_ms)
        refuse_locked(conn, [store.by_name(attempt.name), by_address(attempt.address)], now)
        found = accounts_store.account(conn, name=attempt.name)
        kept = accounts_store.secret(conn, found.user_id) if found else None
        fits = accounts.fits((kept and kept.password_hash) or accounts.NOBODY, attempt.password)
        if found is None or kept is None or not fits or found.disabled:
            self._refused(conn, attempt, found, now, "password" if found is None or not found.disabled else "disabled")
            raise RefusedError("name or password is wrong", kind="unauthenticated")
        assert kept.password_hash is not None
        if accounts.HASHER.check_needs_rehash(kept.password_hash):
            accounts_store.set_password_hash(conn, found.user_id, accounts.HASHER.hash(attempt.password))
        if kept.totp_confirmed_at is not None:
            self._second(conn, attempt, found, now_ms)
        store.forget_failures(conn, store.by_name(attempt.name))
        return self.open(conn, found, attempt, now_ms)

    def _second(self, conn: Conn, attempt: Attempt, found: accounts_store.Account, now_ms: int) -> None:
        if not attempt.code:
            raise RefusedError("type the code of your authenticator too", field="code", kind="second_factor")
        try:
            self.factor.require(conn, found.user_id, attempt.code, now_ms)
        except LockedError:
            raise
        except RefusedError as error:
            self._refused(conn, attempt, found, instant(now_ms), "code")
            raise RefusedError(str(error), field="code", kind="second_factor") from error

    def _refused(self, conn: Conn, attempt: Attempt, found: accounts_store.Account | None, now: datetime, why: str) -> None:
        subjects = {store.by_name(attempt.name): FREE_FAILURES, by_address(attempt.address): FREE_ADDRESS_FAILURES}
        locked_s = count_failure(conn, subjects, now)
        whom = accounts.object_of(found.user_id) if found else "account:unknown"
        audit.put(conn, "identity", "login_refused", whom, {"name": attempt.name[:64], "why": why})
        if locked_s:
            audit.put(conn, "identity", "login_locked", whom, {"name": attempt.name[:64], "seconds": locked_s})

    def open(self, conn: Conn, found: accounts_store.Account, attempt: Attempt, now_ms: int) -> Login:
        """A login for an account whose owner was proved."""
        now, session_id, refresh = instant(now_ms), uuid.uuid4(), secrets.token_urlsafe(32)
        expires = now + timedelta(days=REFRESH_DAYS)
        row = store.SessionRow(session_id, found.user_id, digest(refresh), None, now, expires, None)
        store.add_session(conn, row, attempt)
        said = {"session": str(session_id), "kind": attempt.kind}
        audit.put(conn, "identity", "login_accepted", accounts.object_of(found.user_id), said)
        return self._login(found, row, f"{session_id}.{refresh}", now_ms, attempt.address)

    def refresh(self, conn: Conn, presented: str, now_ms: int, address: str = "") -> Login:
        """Exchange a refresh secret for new tokens; `refresh` is None in the answer when the old cookie stays good.

        On RefusedError the caller still commits: a stolen secret ends the login.

        Raises:
            RefusedError: kind "unauthenticated".
        """
        now = instant(now_ms)
        session_id, secret = identity_tokens.parts(presented)
        row = store.session(conn, session_id, lock=True)
        if row is None or row.revoked_at is not None or row.expires_at <= now:
            raise RefusedError("the login has ended", kind="unauthenticated")
        shown = digest(secret)
        following: str | None = None
        if hmac.compare_digest(shown, row.refresh_hash):
            fresh = secrets.token_urlsafe(32)
            store.rotate(conn, session_id, digest(fresh), now)
            following = f"{session_id}.{fresh}"
        elif not (row.previous_hash == shown and now - row.rotated_at <= timedelta(seconds=GRACE_S)):
            store.revoke(conn, now, session_id=session_id)
            audit.put(conn, "identity", "refresh_reused", accounts.object_of(row.user_id), {"session": str(session_id)})
            raise RefusedError("a used refresh secret came back: the login was ended", kind="unauthenticated")
        found = accounts_store.account(conn, user_id=row.user_id)
        if found is None or found.disabled:
            raise RefusedError("the account is disabled", kind="unauthenticated")
        return self._login(found, row, following, now_ms, address)

    def log_out(self, conn: Conn, principal: Principal, now_ms: int) -> None:
        """End the login of who asks."""
        if not principal.by_key and store.revoke(conn, instant(now_ms), session_id=uuid.UUID(principal.session_id)):
            audit.put(conn, "identity", "logout", accounts.object_of(principal.user_id), {"session": principal.session_id})

    def alive(self, conn: Conn, session_id: str, now_ms: int, seen: Principal | None = None) -> bool:
        """The login (or the key) still stands, and still gives what was seen before (None: whatever it gives)."""
        now = instant(now_ms)
        if session_id.startswith(KEY_PREFIX):
            return identity_keys.alive(conn, session_id, now, seen)
        row = store.asks(conn, uuid.UUID(session_id))
        return row is not None and row.expires_at > now and (seen is None or row.gives(seen))

    def read(self, access: str, now_ms: int) -> Claims:
        """What an access token says; RefusedError, kind "unauthenticated"."""
        return identity_tokens.read(self._secret, access, now_ms)

    def ask(self, conn: Conn, claims: Claims, now_ms: int, address: str = "", trace_id: str = "") -> Principal | None:
        """Whom an access token speaks for, as the database has it now; None when its login has ended. One statement."""
        row = store.asks(conn, claims.session_id)
        if row is None or row.user_id != claims.user_id or row.expires_at <= instant(now_ms):
            return None
        return Principal(
            row.user_id, row.name, row.role, int(row.region_code), str(claims.session_id), claims.expires_ms, row.operator_id,
            row.person_id, row.unmask, None, address, trace_id,
        )  # fmt: skip

    def second_factor(self, conn: Conn, principal: Principal, code: str, now_ms: int) -> None:
        """Take a code of the person's second factor: for approvals of money and commands to engines.

        On RefusedError the caller still commits (failures are counted): `Doorkeeper.second_factor` does.

        Raises:
            LockedError: too many wrong codes.
            RefusedError: kind "forbidden": not enrolled, wrong, taken before, or asked by an API key.
        """
        if principal.by_key:
            raise RefusedError("an API key has no second factor: log in as a person", field="code", kind="forbidden")
        self.factor.require(conn, principal.user_id, code, now_ms)

    def csrf(self, session_id: str) -> str:
        """Token that a changing request of this login must carry in its header."""
        return hmac.new(self._secret, f"csrf:{session_id}".encode(), hashlib.sha256).hexdigest()[:40]

    def _login(self, found: accounts_store.Account, row: store.SessionRow, refresh: str | None, now_ms: int, address: str) -> Login:
        session_id = row.session_id
        expires_ms = min((now_ms // 1000 + ACCESS_S) * 1000, int(row.expires_at.timestamp()) * 1000)
        principal = Principal(
            found.user_id, found.name, found.role, int(found.region_code), str(session_id), expires_ms, found.operator_id,
            found.person_id, found.unmask, None, address,
        )  # fmt: skip
        claims = Claims(session_id, found.user_id, found.name, found.role, int(found.region_code), expires_ms)
        return Login(principal, identity_tokens.sign(self._secret, claims), refresh, self.csrf(str(session_id)))
