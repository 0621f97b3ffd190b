"""Who asks, and what a login hands out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from operations.rights import PERSONAL, rights_of
from storage.scope import Scope

Conn = psycopg.Connection[Any]

KEY_PREFIX = "key:"
"""Begins the `session_id` of who asks by an API key."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Args:
        region_code: GB/T 2260 root of the subtree that is seen.
        session_id: of the login, or "key:" and the id of the API key.
        expires_ms: the token's end, epoch ms UTC.
        operator_id: only this operator's; None: all.
        person_id: the person's own record (a driver's); None: none.
        unmask: may see personal data in clear.
        rights: what may be done; None: all that the role may (an API key may less).
        address: where the request comes from.
        trace_id: of the request.
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
    trace_id: str = ""

    @property
    def by_key(self) -> bool:
        """A program asks, by an API key."""
        return self.session_id.startswith(KEY_PREFIX)

    def may(self, right: str) -> bool:
        """The person has the right."""
        return right in self.all_rights()

    def all_rights(self) -> frozenset[str]:
        """Everything that the person may do."""
        given = rights_of(self.role, unmask=self.unmask)
        return given if self.rights is None else given & self.rights

    def scope(self, trace_id: str = "") -> Scope:
        """Who asks, for the database."""
        return Scope(
            self.role, f"{self.region_code:06d}", self.user_id, self.operator_id, self.person_id, self.name,
            self.may(PERSONAL), trace_id or self.trace_id, self.address,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Login:
    """What a client gets: tokens, and the CSRF token bound to the login. refresh is None when the one it has stays good."""

    principal: Principal
    access: str
    refresh: str | None
    csrf: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to log in.

    Args:
        address: where it comes from; code: of the second factor, "" for none; kind: "cookie" (a browser) or "token" (a program).
        agent: User-Agent, to tell sessions apart.
    """

    name: str
    password: str
    address: str
    code: str = ""
    kind: str = "cookie"
    agent: str = ""
