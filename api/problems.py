"""Errors of the HTTP door: RFC 9457 `application/problem+json`, and no stack trace ever."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from domain.errors import RefusedError, StoreError, WireError

log = structlog.get_logger()

STATUS_OF = {
    "invalid": 422, "forbidden": 403, "missing": 404, "conflict": 409, "unauthenticated": 401, "second_factor": 401, "locked": 429, "changed": 412,
    "unconditional": 428, "idempotency_mismatch": 409, "not_acceptable": 406,
    "too_many": 422, "bad_request": 400,
}  # fmt: skip
"""HTTP status by `RefusedError.kind`."""

TITLES = {
    400: "Bad request",
    401: "Not logged in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    412: "Changed meanwhile",
    413: "Body too big",
    415: "Unsupported media type",
    416: "Range not satisfiable",
    422: "Not valid",
    428: "Say which version",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available now",
}
RETRY_S = 2


class Problem(JSONResponse):
    """A problem document; characters that cannot be sent (lone surrogates of the request) become question marks."""

    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def problem(
    status: int,
    code: str,
    detail: str = "",
    *,
    trace_id: str = "",
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """A problem document; `code` is the machine's word, `detail` a sentence for people."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "trace_id": trace_id,
    }
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    return Problem(body, status, headers)


def trace_id(request: Request) -> str:
    """Id of the request, also in its `X-Request-ID` header."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem."""
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(WireError, _wire)
    for kind in (StoreError, psycopg.OperationalError, PoolTimeout):
        app.add_exception_handler(kind, _store)
    app.add_exception_handler(psycopg.DataError, _data)
    app.add_exception_handler(psycopg.IntegrityError, _integrity)
    app.add_exception_handler(psycopg.errors.InsufficientPrivilege, _outside)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RefusedError)
    retry_after_s = getattr(error, "retry_after_s", None)
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s is not None else None
    errors = [{"field": error.field, "message": str(error)}] if error.field else None
    return problem(STATUS_OF.get(error.kind, 422), error.kind, str(error), trace_id=trace_id(request), errors=errors, headers=headers)


async def _wire(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WireError)
    errors = [{"field": error.field, "offset": error.offset, "message": str(error)}]
    return problem(400, error.code, str(error), trace_id=trace_id(request), errors=errors)


async def _store(request: Request, error: Exception) -> JSONResponse:
    log.warning("store_failed", path=request.url.path, reason=str(error))
    return problem(503, "store", "the database does not answer", trace_id=trace_id(request), headers={"Retry-After": str(RETRY_S)})


async def _data(request: Request, error: Exception) -> JSONResponse:
    log.info("value_refused", path=request.url.path, reason=str(error))
    return problem(
        422, "invalid", "a value does not fit what can be stored: a NUL character, or a number too big", trace_id=trace_id(request)
    )


async def _integrity(request: Request, error: Exception) -> JSONResponse:
    log.warning("row_refused", path=request.url.path, reason=str(error))
    return problem(409, "conflict", "it contradicts what is stored: read that again", trace_id=trace_id(request))


async def _outside(request: Request, error: Exception) -> JSONResponse:
    log.warning("act_refused", path=request.url.path, reason=str(error))
    return problem(403, "forbidden", "this lies outside what you may see or change", trace_id=trace_id(request))


async def _not_valid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [{"field": ".".join(str(part) for part in one["loc"]), "message": one["msg"]} for one in error.errors()]
    return problem(422, "invalid", trace_id=trace_id(request), errors=errors)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {400: "bad_request", 404: "missing", 405: "method", 413: "too_big", 416: "range"}.get(error.status_code, "http")
    return problem(error.status_code, code, trace_id=trace_id(request), headers=dict(error.headers or {}))


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request_failed", path=request.url.path, error=type(error).__name__, exc_info=error)
    return problem(500, "internal", trace_id=trace_id(request))
