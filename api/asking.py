"""Who asks, as routes see it: the person, the person's rights, and the database as that person sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import psycopg
from fastapi import Depends, Request

from api.live.source import Pool
from api.live.topics import Topic, granted
from domain.errors import RefusedError
from operations.identity import Principal
from storage.scope import scoped


def _principal(request: Request) -> Principal:
    principal = request.scope.get("state", {}).get("principal")
    if not isinstance(principal, Principal):
        raise RefusedError("log in first", kind="unauthenticated")
    return principal


Asking = Annotated[Principal, Depends(_principal)]
"""Parameter of a route that needs a person, whatever the person may do."""


def may(right: str) -> Callable[[Request], Principal]:
    """Dependency of a route that needs a right (`operations.rights`): `principal: Annotated[Principal, Depends(may("vehicles:read"))]`."""

    def allowed(request: Request) -> Principal:
        principal = _principal(request)
        if not principal.may(right):
            raise RefusedError(f"role {principal.role} lacks the right {right}", field="right", kind="forbidden")
        return principal

    return allowed


@contextmanager
def asking(pool: Pool, principal: Principal) -> Iterator[psycopg.Connection[Any]]:
    """A transaction in which the database shows what the person may see; committed at the end, rolled back on an error."""
    with scoped(pool, principal.scope()) as conn:
        yield conn


def require_scope(principal: Principal, topic: Topic) -> Topic:
    """The topic as far as the person may see it; RefusedError, kind "forbidden", when that is not at all."""
    seen = granted(topic, principal)
    if seen is None:
        raise RefusedError(f"topic {topic} is outside what you may see", field="topic", kind="forbidden")
    return seen
