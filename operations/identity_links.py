"""Accounts of those who log in at another provider: linked before, or found by the claim that names one. None is ever made."""

from __future__ import annotations

from domain.units import instant
from operations import accounts, accounts_store
from operations import identity_links_store as store
from operations.accounts_store import Account
from operations.identity_oidc import OidcError, Proved
from operations.identity_person import Conn
from storage import audit


def account_of(conn: Conn, proved: Proved, now_ms: int) -> Account:
    """The account that a provider's person opens; links it on the first time.

    On OidcError the caller still commits: the refusal stands in the audit log.

    Raises:
        OidcError: "unknown" or "disabled".
    """
    user_id = store.linked(conn, proved.issuer, proved.subject)
    found = accounts_store.account(conn, user_id=user_id) if user_id is not None else _named(conn, proved, now_ms)
    if found is None:
        said = {"issuer": proved.issuer, "subject": proved.subject[:200], "claim": (proved.claim or "")[:64], "why": "unknown"}
        audit.put(conn, "identity", "login_refused", "account:unknown", said)
        raise OidcError("unknown", "no account here belongs to this person: ask an administrator for one of that name")
    if found.disabled:
        said = {"issuer": proved.issuer, "why": "disabled"}
        audit.put(conn, "identity", "login_refused", accounts.object_of(found.user_id), said)
        raise OidcError("disabled", "the account is disabled: ask an administrator")
    return found


def _named(conn: Conn, proved: Proved, now_ms: int) -> Account | None:
    found = accounts_store.account(conn, name=proved.claim) if proved.claim is not None else None
    if found is None or found.disabled:
        return found
    return found if store.link(conn, proved.issuer, proved.subject, found.user_id, instant(now_ms)) else None
