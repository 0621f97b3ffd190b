"""Edits of what somebody may have changed meanwhile: the ETag of a row, and `If-Match` against it (RFC 9110 13.1.1)."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import Header

from domain.errors import RefusedError

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=500, description="ETag of the version that the edit rests on; `*`: whatever it is now")
]
"""Parameter of a route that edits: `if_match: IfMatch = None`."""


def etag_of(*version: Any) -> str:
    """Strong ETag of a row by what changes with every edit of it, such as its key and `changed_at` or `revision`."""
    said = "\0".join(str(part) for part in version)
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:24]}"'


def require_match(if_match: str | None, etag: str) -> None:
    """Refuse an edit of a version that is no longer there.

    Call it with the row locked (`for update`), else two edits of one version may both pass.

    Raises:
        RefusedError: kind "unconditional" (428) without `If-Match`; kind "changed" (412) when it names another version.
    """
    if if_match is None:
        raise RefusedError("send If-Match with the ETag of the version that you edit", field="If-Match", kind="unconditional")
    named = [part.strip() for part in if_match.split(",")]
    if "*" not in named and etag not in named:
        raise RefusedError("it was changed meanwhile: read it again and edit that version", field="If-Match", kind="changed")
