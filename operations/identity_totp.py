"""The second factor: time-based one-time passwords (RFC 6238, SHA-1, 30 s, 6 digits), each taken at most once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

import pyotp

from domain.errors import RefusedError
from domain.units import instant
from operations import accounts, identity_lockout, identity_store
from operations import accounts_store as store
from operations.identity_person import Conn, Principal
from storage import audit
from storage.sealing import Sealer

STEP_S = 30
SKEW_STEPS = 1
"""A clock may be this many steps off."""

ISSUER = "Cuntong"
FREE_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator needs: the secret in base 32, and the same as an otpauth address (for a QR code). Shown once."""

    secret: str
    uri: str


class SecondFactor:
    """Second factors of one installation.

    Args:
        sealer: encrypts secrets at rest.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def enrol(self, conn: Conn, principal: Principal, password: str, now_ms: int) -> Enrolment:
        """A fresh secret, which counts once a code of it is confirmed. Takes about 50 ms of CPU.

        The password proves that it is the person, not somebody at an open screen; an account without one needs none.
        On RefusedError the caller still commits: failures are counted in the same transaction.

        Raises:
            RefusedError: wrong password; kind "conflict" when a second factor is in force.
        """
        _person(principal)
        kept = _secret(conn, principal.user_id)
        if kept.totp_confirmed_at is not None:
            raise RefusedError("a second factor is in force: disable it first, with your password and a code", kind="conflict")
        if kept.password_hash is not None:
            _prove(conn, principal.user_id, kept, password, now_ms)
        secret = pyotp.random_base32()
        store.set_totp(conn, principal.user_id, self._sealer.seal(secret, _place(principal.user_id)), None, 0)
        return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=principal.name, issuer_name=ISSUER))

    def confirm(self, conn: Conn, principal: Principal, code: str, now_ms: int) -> None:
        """The first code proves that the authenticator works: from now on codes are asked for.

        On RefusedError the caller still commits: failures are counted in the same transaction.

        Raises:
            RefusedError: wrong code, or nothing to confirm.
        """
        _person(principal)
        kept = _secret(conn, principal.user_id)
        if kept.totp_sealed is None or kept.totp_confirmed_at is not None:
            raise RefusedError("there is no second factor to confirm: enrol one first", kind="conflict")
        step = self._take(conn, principal.user_id, kept, code, now_ms)
        store.set_totp(conn, principal.user_id, kept.totp_sealed, instant(now_ms), step)
        audit.put(conn, "identity", "second_factor_confirmed", accounts.object_of(principal.user_id), {})

    def disable(self, conn: Conn, principal: Principal, password: str, code: str, now_ms: int) -> None:
        """End the second factor. Takes about 50 ms of CPU; on RefusedError the caller still commits.

        Raises:
            RefusedError: wrong password or code, or none in force.
        """
        _person(principal)
        kept = _secret(conn, principal.user_id)
        _prove(conn, principal.user_id, kept, password, now_ms)
        self.require(conn, principal.user_id, code, now_ms)
        store.set_totp(conn, principal.user_id, None, None, 0)
        audit.put(conn, "identity", "second_factor_disabled", accounts.object_of(principal.user_id), {})

    def in_force(self, conn: Conn, user_id: int) -> bool:
        """Codes are asked for."""
        kept = store.secret(conn, user_id)
        return kept is not None and kept.totp_confirmed_at is not None

    def require(self, conn: Conn, user_id: int, code: str, now_ms: int) -> None:
        """Take a code, for this once; the account's secrets stay locked until the transaction ends.

        On RefusedError the caller still commits: failures are counted in the same transaction.

        Raises:
            LockedError: too many wrong codes.
            RefusedError: kind "forbidden": not enrolled, wrong, or taken before.
        """
        kept = _secret(conn, user_id)
        if kept.totp_sealed is None or kept.totp_confirmed_at is None:
            what = "this needs a second factor and you have none: enrol one at POST /api/v1/session/totp, then confirm it"
            raise RefusedError(what, field="code", kind="forbidden")
        step = self._take(conn, user_id, kept, code, now_ms)
        store.set_totp(conn, user_id, kept.totp_sealed, kept.totp_confirmed_at, step)

    def _take(self, conn: Conn, user_id: int, kept: store.Secret, code: str, now_ms: int) -> int:
        now, subject = instant(now_ms), identity_lockout.by_code(user_id)
        identity_lockout.refuse_locked(conn, [subject], now)
        assert kept.totp_sealed is not None
        codes = pyotp.TOTP(self._sealer.unseal(kept.totp_sealed, _place(user_id)))
        present = now_ms // 1000 // STEP_S
        steps = range(present - SKEW_STEPS, present + SKEW_STEPS + 1)
        fitting = [step for step in steps if hmac.compare_digest(codes.generate_otp(step).encode(), code.strip().encode())]
        if not fitting:
            locked_s = identity_lockout.count_failure(conn, {subject: FREE_FAILURES}, now)
            said = {"locked_s": locked_s} if locked_s else {}
            audit.put(conn, "identity", "second_factor_refused", accounts.object_of(user_id), said)
            raise RefusedError("the code is wrong: type the one that your authenticator shows now", field="code", kind="forbidden")
        if fitting[-1] <= kept.totp_step:
            raise RefusedError("this code was used already: wait for the next one", field="code", kind="forbidden")
        identity_store.forget_failures(conn, subject)
        return fitting[-1]


def reset(conn: Conn, user_id: int) -> None:
    """End the second factor of somebody who lost the authenticator."""
    store.set_totp(conn, user_id, None, None, 0)
    identity_store.forget_failures(conn, identity_lockout.by_code(user_id))
    audit.put(conn, "identity", "second_factor_reset", accounts.object_of(user_id), {})


def _secret(conn: Conn, user_id: int) -> store.Secret:
    kept = store.secret(conn, user_id, lock=True)
    if kept is None:
        raise RefusedError("no such account", kind="missing")
    return kept


def _person(principal: Principal) -> None:
    if principal.by_key:
        raise RefusedError("an API key cannot do this: log in as a person", kind="forbidden")


def _prove(conn: Conn, user_id: int, kept: store.Secret, password: str, now_ms: int) -> None:
    now, subject = instant(now_ms), identity_lockout.by_code(user_id)
    identity_lockout.refuse_locked(conn, [subject], now)
    if not accounts.fits(kept.password_hash or accounts.NOBODY, password):
        identity_lockout.count_failure(conn, {subject: FREE_FAILURES}, now)
        raise RefusedError("the password is wrong", field="password", kind="forbidden")


def _place(user_id: int) -> str:
    return f"account_secret.totp_sealed:{user_id}"
