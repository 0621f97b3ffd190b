"""`Idempotency-Key`: what is asked twice is done once, and answered twice.

The key is written in the transaction of the work itself. A second request with it waits for the first; then it gets the stored answer,
or does the work when the first one failed, for only answers of work that was done are stored. They are kept 24 hours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

import psycopg
from fastapi import Header, Request
from fastapi.responses import Response
from pydantic import BaseModel

from domain.errors import RefusedError
from operations.identity import Principal
from storage import idempotency as stored

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$",
        description="chosen by the client, new for every act (such as a UUID), the same when the same act is sent again",
    ),
]  # fmt: skip
"""Parameter of a route that orders something: `key: IdempotencyKey`."""

REPLAYED = "Idempotency-Replayed"


def once(
    request: Request, conn: psycopg.Connection[Any], principal: Principal, key: str, asked: BaseModel, act: Callable[[], BaseModel]
) -> Response:
    """Do the act unless it was done under this key, and answer what was answered then; status 202.

    Args:
        conn: inside `api.asking.asking`; the act works on it too, and its transaction is committed by the caller.
        asked: the request's body.
        act: does it, and returns the answer.
    Raises:
        RefusedError: kind "idempotency_mismatch" (409): the key was used for something else.
    """
    said = f"{request.method} {request.url.path}\n{asked.model_dump_json()}"
    fingerprint = hashlib.sha256(said.encode()).digest()
    before = stored.take(conn, principal.user_id, key, fingerprint)
    if before is None:
        body = act().model_dump_json()
        stored.keep(conn, principal.user_id, key, body)
        return Response(body, 202, media_type="application/json")
    if before.fingerprint != fingerprint:
        raise RefusedError(
            "this Idempotency-Key was used for another request: send a new one", field="Idempotency-Key", kind="idempotency_mismatch"
        )
    return Response(before.body, 202, {REPLAYED: "true"}, "application/json")
