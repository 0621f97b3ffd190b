"""The OpenAPI document as it is true: who may ask how, and every answer that is no success, on every operation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.examples import example_of
from api.login import ACCESS_COOKIE, CSRF_HEADER
from api.login_layer import OPEN_PATHS
from api.problems import TITLES
from api.schemas.problems import ProblemDocument

METHODS = ("get", "post", "put", "patch", "delete")
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "the bytes", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}
"""`responses` of a route that answers with a file."""

DESCRIPTION = (
    "Vehicles, positions, vehicle-days, commands and what rests on them. Lists are paged by `cursor`; errors are RFC 9457 problems; "
    f"a changing request of a browser carries `{CSRF_HEADER}`, one with a bearer token needs none."
)
_SCHEMES = {
    "cookie": {"type": "apiKey", "in": "cookie", "name": ACCESS_COOKIE, "description": "of a browser that logged in"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "access token or API key"},
}


def install(app: FastAPI) -> None:
    """Make the app tell the document of this module, built when it is first asked for."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    said = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, openapi_version="3.1.0")
    parts = said.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    told = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(told.pop("$defs", {}))
    schemas["Problem"] = told
    parts["securitySchemes"] = _SCHEMES
    for method, path, operation in _operations(said):
        operation["responses"] = _told(method, path, operation)
        _complete(path, operation, schemas)
    return said


def _operations(said: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in said["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield method, path, operation


def _complete(path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    open_ = path in OPEN_PATHS
    operation["security"] = [] if open_ else [{name: []} for name in _SCHEMES]
    responses = operation["responses"]
    if "requestBody" in operation:
        _exemplify(operation["requestBody"].get("content", {}), schemas)
    for status, response in responses.items():
        if status.startswith("2"):
            _share(response.get("content", {}))
            _exemplify(response.get("content", {}), schemas)


def _told(method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The answers of an operation, its problems included; what changes something may contradict what is stored."""
    statuses = [*_problems(path, operation, path in OPEN_PATHS), *(() if method == "get" else (409,))]
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {**operation["responses"], **{str(status): {"description": TITLES[status], "content": content} for status in statuses}}


def _problems(path: str, operation: dict[str, Any], open_: bool) -> Iterator[int]:
    names = {one["name"].lower() for one in operation.get("parameters", ())}
    conditions: list[tuple[bool, tuple[int, ...]]] = [
        (True, (401, 403, 422, 429, 503)),
        ("{" in path or not open_, (404,)),
        ("requestBody" in operation, (400, 409, 413)),
        ("if-match" in names, (412, 428)),
        ("accept" in names, (406,)),
    ]
    for holds, statuses in conditions:
        if holds:
            yield from statuses


def _share(content: dict[str, Any]) -> None:
    """Other JSON forms of an answer are told by the same schema."""
    schema = content.get("application/json", {}).get("schema")
    for kind, body in content.items():
        if "schema" not in body:
            body["schema"] = schema if schema is not None and "json" in kind else {"type": "string"}


def _exemplify(content: dict[str, Any], schemas: dict[str, Any]) -> None:
    for kind, body in content.items():
        if "json" in kind and "example" not in body and "examples" not in body:
            body["example"] = example_of(body.get("schema", {}), schemas)
