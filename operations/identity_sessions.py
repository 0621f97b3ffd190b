"""Logins that stand: listing and ending them."""

from __future__ import annotations

from uuid import UUID

from domain.errors import RefusedError
from domain.units import instant
from operations import accounts
from operations import identity_store as store
from operations.identity_person import Conn, Principal
from operations.identity_store import Listed
from storage import audit

__all__ = ["Listed", "end", "listed"]


def listed(conn: Conn, principal: Principal, user_id: int | None, now_ms: int, after: UUID | None, most: int) -> list[Listed]:
    """Logins of an account (None: one's own) by session_id, those after `after`, at most `most`.

    Raises:
        RefusedError: kind "forbidden": another's, without the right to manage users.
    """
    whose = principal.user_id if user_id is None else user_id
    if whose != principal.user_id and not principal.may("users:manage"):
        raise RefusedError("only administrators see the logins of others", field="user_id", kind="forbidden")
    return store.sessions(conn, whose, instant(now_ms), after, most)


def end(conn: Conn, principal: Principal, session_id: UUID, now_ms: int) -> None:
    """End a login; one that has ended stays so.

    Raises:
        RefusedError: kind "missing": none that the person may see.
    """
    row = store.session(conn, session_id)
    if row is None or (row.user_id != principal.user_id and not principal.may("users:manage")):
        raise RefusedError("no such login", field="session_id", kind="missing")
    if store.revoke(conn, instant(now_ms), session_id=session_id):
        audit.put(conn, "identity", "session_revoked", accounts.object_of(row.user_id), {"session": str(session_id)})
