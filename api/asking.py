"""Who asks, as routes see it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.live.topics import Topic, in_scope
from domain.errors import RefusedError
from operations.identity import Principal


def _principal(request: Request) -> Principal:
    principal = request.scope.get("state", {}).get("principal")
    if not isinstance(principal, Principal):
        raise RefusedError("log in first", kind="unauthenticated")
    return principal


Asking = Annotated[Principal, Depends(_principal)]
"""Parameter of a route that needs a person."""


def require_scope(principal: Principal, topic: Topic) -> None:
    """RefusedError, kind "forbidden", when the topic lies outside what the person may see."""
    if not in_scope(topic, principal.region_code):
        raise RefusedError(f"topic {topic} is outside your region {principal.region_code}", field="topic", kind="forbidden")
