"""Who asks: keys, tokens and cookies, checked against the database before every page and route; proof that a changing request is our
own page's.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg_pool import PoolTimeout
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from api.live.source import Pool
from domain.errors import RefusedError, StoreError
from operations import identity_keys
from operations.identity import REFRESH_DAYS, Identity, Login, Principal
from operations.identity_tokens import Claims
from storage.scope import SERVICE, Scope, scoped, service

ACCESS_COOKIE = "cuntong_access"
REFRESH_COOKIE = "cuntong_refresh"
CSRF_COOKIE = "_csrf_token"
CSRF_HEADER = "x-csrftoken"

CHECK_THREADS = 4
CHECK_S = 5.0
"""So long a check waits for a connection."""
AWAY_S = 2.0
"""So long after a failed check the next ones fail at once, so that pages do not queue behind a database that is away."""

AWAY = (psycopg.OperationalError, PoolTimeout, StoreError)
"""What a database that is away raises."""


def now_ms() -> int:
    """Epoch ms UTC of this machine's clock."""
    return time.time_ns() // 1_000_000


def address_of(connection: HTTPConnection) -> str:
    """Where a request comes from (behind a proxy of this machine: what it says in X-Forwarded-For); "" when unknown."""
    return connection.client.host if connection.client else ""


@contextmanager
def counting(pool: Pool, scope: Scope) -> Iterator[psycopg.Connection[Any]]:
    """A transaction that commits even when something is refused in it: failures are counted there, stolen secrets end logins."""
    refused: RefusedError | None = None
    with scoped(pool, scope) as conn:
        try:
            yield conn
        except RefusedError as error:
            refused = error
    if refused is not None:
        raise refused


class Doorkeeper:
    """Checks who asks.

    Args:
        identity: reads and renews tokens.
        pool: of role "app".
        secure: cookies only over TLS.
        origins: allowed origins beside our own.
    """

    def __init__(self, identity: Identity, pool: Pool, secure: bool, origins: tuple[str, ...]) -> None:
        self.identity, self.pool, self.secure, self.origins = identity, pool, secure, origins
        self._threads = ThreadPoolExecutor(CHECK_THREADS, "login")
        self._away_until = 0.0

    def close(self) -> None:
        """End the threads, and the connections to another provider."""
        self._threads.shutdown(wait=False)
        if self.identity.provider is not None:
            self.identity.provider.close()

    def cookies(self, login: Login) -> list[str]:
        """Set-Cookie values of a login."""
        values = [self.cookie(ACCESS_COOKIE, login.access), self.cookie(CSRF_COOKIE, login.csrf, http_only=False)]
        if login.refresh is not None:
            values.append(self.cookie(REFRESH_COOKIE, login.refresh))
        return values

    def no_cookies(self) -> list[str]:
        """Set-Cookie values that end a login in the browser."""
        return [self.cookie(name, "", max_age=0) for name in (ACCESS_COOKIE, REFRESH_COOKIE, CSRF_COOKIE)]

    def cookie(self, name: str, value: str, *, http_only: bool = True, max_age: int = REFRESH_DAYS * 86_400, path: str = "/") -> str:
        """One Set-Cookie value."""
        cookie: SimpleCookie = SimpleCookie()
        cookie[name] = value
        cookie[name].update({"path": path, "samesite": "Lax", "max-age": str(max_age)})
        if http_only:
            cookie[name]["httponly"] = True
        if self.secure:
            cookie[name]["secure"] = True
        return cookie[name].OutputString()

    async def person(self, connection: HTTPConnection, token: str | None = None) -> Principal | None:
        """Who asks, by API key or access token, as the database has it now.

        Args:
            token: None: that of the connection's header, else cookie.
        Returns:
            None when the token is missing, forged, too old or revoked.
        Raises:
            OperationalError, PoolTimeout, StoreError (`AWAY`): nobody can tell now.
        """
        token = token or bearer(connection.headers) or connection.cookies.get(ACCESS_COOKIE)
        shown = identity_keys.parse(token) if token else None
        said = shown or (self._read(token) if token else None)
        if said is None:
            return None
        if time.monotonic() < self._away_until:
            raise StoreError("the database does not answer", retriable=True)
        trace = str(connection.scope.get("state", {}).get("request_id", ""))
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._check, said, address_of(connection), trace)
        except AWAY:
            self._away_until = time.monotonic() + AWAY_S
            raise

    def unchecked(self, connection: HTTPConnection) -> Principal | None:
        """Whom the access token alone speaks for: for pages and files, never for data, while the database is away."""
        claims = self._read(bearer(connection.headers) or connection.cookies.get(ACCESS_COOKIE) or "")
        if claims is None:
            return None
        return Principal(claims.user_id, claims.name, claims.role, claims.region_code, str(claims.session_id), claims.expires_ms)

    def _read(self, token: str) -> Claims | None:
        try:
            return self.identity.read(token, now_ms())
        except RefusedError:
            return None

    def _check(self, said: Claims | identity_keys.Shown, address: str, trace: str) -> Principal | None:
        with self._at_once() as conn:
            if isinstance(said, Claims):
                return self.identity.ask(conn, said, now_ms(), address, trace)
            principal, due = identity_keys.ask(conn, said, now_ms(), address, trace)
        if due:
            with scoped(self.pool, service("api key")) as conn:
                identity_keys.note_use(conn, said.key_id, now_ms(), address)
        return principal

    @contextmanager
    def _at_once(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection for one statement that is a transaction of its own."""
        with self.pool.connection(CHECK_S) as conn:
            conn.autocommit = True
            try:
                yield conn
            finally:
                if not conn.closed:
                    conn.autocommit = False

    async def renew(self, refresh: str, address: str = "") -> Login | None:
        """New tokens for a refresh secret; None when the login has ended."""
        return await asyncio.to_thread(self._renew, refresh, address)

    def _renew(self, refresh: str, address: str) -> Login | None:
        try:
            with counting(self.pool, Scope(SERVICE, actor="login", address=address)) as conn:
                return self.identity.refresh(conn, refresh, now_ms(), address)
        except RefusedError:
            return None

    async def end(self, principal: Principal) -> None:
        """Log out."""
        await asyncio.to_thread(self._end, principal)

    def _end(self, principal: Principal) -> None:
        with scoped(self.pool, principal.scope()) as conn:
            self.identity.log_out(conn, principal, now_ms())

    async def alive(self, session_id: str, seen: Principal | None = None) -> bool:
        """The login (or key) still stands and, where `seen` is told, still gives what it gave then; True while nobody can tell."""
        return await asyncio.to_thread(self._alive, session_id, seen)

    def _alive(self, session_id: str, seen: Principal | None) -> bool:
        try:
            with scoped(self.pool, service("login")) as conn:
                return self.identity.alive(conn, session_id, now_ms(), seen)
        except AWAY:
            return True  # asked again at the next check, and no frame flows meanwhile

    def second_factor(self, principal: Principal, code: str) -> None:
        """Take a code of the person's second factor, in a transaction of its own: call it before the one that the code is for.

        Raises:
            LockedError, RefusedError: as `Identity.second_factor`.
        """
        with counting(self.pool, principal.scope()) as conn:
            self.identity.second_factor(conn, principal, code, now_ms())

    def own_origin(self, connection: HTTPConnection) -> bool:
        """The request comes from a page of ours, or from no page at all."""
        origin = connection.headers.get("origin")
        if origin is None or origin in self.origins:
            return True
        return urlsplit(origin).netloc == connection.headers.get("host")

    def proven(self, connection: HTTPConnection, principal: Principal) -> bool:
        """A changing request carries this login's CSRF token; a bearer token is proof enough."""
        if bearer(connection.headers):
            return True
        shown = connection.headers.get(CSRF_HEADER, "")
        return hmac.compare_digest(shown.encode(), self.identity.csrf(principal.session_id).encode())


def bearer(headers: Headers) -> str | None:
    """Token of `Authorization: Bearer`; None when there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
