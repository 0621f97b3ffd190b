"""API keys: shown once, kept as a hash, with fewer rights than their owner, and an end."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.errors import RefusedError
from domain.units import instant
from operations import identity_keys_store as store
from operations.identity_keys_store import KeyRow
from operations.identity_person import KEY_PREFIX, Conn, Principal
from operations.identity_tokens import digest
from operations.rights import within

MOST_KEYS = 50
MOST_DAYS = 731
NOTE_S = 60
"""The last use is noted at most this often."""

FOR_PERSONS = frozenset(("session:own", "keys:own", "users:manage"))
"""Rights that no key can hold: a key must not make itself a successor."""

_FORM = re.compile(r"ck_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Wish:
    """A key that somebody wants: see `KeyRow`."""

    name: str
    scopes: Sequence[str]
    expires_at: datetime
    region_code: str | None = None
    networks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A key as presented."""

    key_id: str
    secret_hash: bytes


def parse(token: str) -> Shown | None:
    """The parts of `ck_<id>_<secret>`; None when the text is no key."""
    found = _FORM.fullmatch(token)
    return Shown(found[1], digest(found[2])) if found else None


def make(conn: Conn, principal: Principal, wish: Wish, now_ms: int) -> tuple[KeyRow, str]:
    """A new key of the person: its row, and the text that is shown once.

    Raises:
        RefusedError: wider than one's own rights or region, an end that is past or too far, no network, too many keys.
    """
    now = instant(now_ms)
    if principal.by_key:
        raise RefusedError("an API key cannot make keys: log in as a person", kind="forbidden")
    if not now < wish.expires_at <= now + timedelta(days=MOST_DAYS):
        raise RefusedError(f"a key ends after now and within {MOST_DAYS} days", field="expires")
    wider = sorted(set(wish.scopes) - (principal.all_rights() - FOR_PERSONS))
    if wider:
        raise RefusedError(f"these rights are not yours to give to a key: {', '.join(wider)[:200]}", field="scopes", kind="forbidden")
    if not wish.scopes:
        raise RefusedError("a key needs at least one right in scopes", field="scopes")
    if wish.region_code is not None and not within(wish.region_code, f"{principal.region_code:06d}"):
        raise RefusedError(f"region {wish.region_code} is not inside yours, {principal.region_code}", field="region_code", kind="forbidden")
    if store.held(conn, principal.user_id, now) >= MOST_KEYS:
        raise RefusedError(f"an account holds at most {MOST_KEYS} keys: revoke one first", kind="conflict")
    row = KeyRow(
        secrets.token_hex(8), principal.user_id, wish.name, sorted(set(wish.scopes)), wish.region_code, _networks(wish.networks), now,
        wish.expires_at,
    )  # fmt: skip
    secret = secrets.token_urlsafe(32)
    store.add(conn, row, digest(secret))
    return row, f"ck_{row.key_id}_{secret}"


def ask(conn: Conn, shown: Shown, now_ms: int, address: str, trace_id: str = "") -> tuple[Principal | None, bool]:
    """Whom a key speaks for, and whether its use is to be noted (`note_use`). One statement.

    None: unknown, revoked, past its end, from an address that it may not come from, or its account is disabled or has lost the region.
    """
    row, now = store.asks(conn, shown.key_id, shown.secret_hash), instant(now_ms)
    if row is None or row.expires_at <= now or not _from(address, row.networks):
        return None, False
    principal = _principal(shown.key_id, row, address, trace_id)
    return principal, principal is not None and (row.used_at is None or now - row.used_at >= timedelta(seconds=NOTE_S))


def _principal(key_id: str, row: store.KeyAsks, address: str, trace_id: str) -> Principal | None:
    region = row.key_region or row.region_code
    if not within(region, row.region_code):
        return None
    return Principal(
        row.user_id, row.name, row.role, int(region), KEY_PREFIX + key_id, round(row.expires_at.timestamp() * 1000), row.operator_id,
        row.person_id, row.unmask, frozenset(row.scopes) - FOR_PERSONS, address, trace_id,
    )  # fmt: skip


def note_use(conn: Conn, key_id: str, now_ms: int, address: str) -> None:
    """Note the last use of a key, unless another process just did."""
    now = instant(now_ms)
    store.note_use(conn, key_id, now, now - timedelta(seconds=NOTE_S), address)


def alive(conn: Conn, session_id: str, now: datetime, seen: Principal | None = None) -> bool:
    """The key of a `Principal.session_id` still stands, and still gives what was seen before (None: whatever it gives)."""
    key_id = session_id.removeprefix(KEY_PREFIX)
    row = store.stands(conn, key_id, now)
    if row is None:
        return False
    return seen is None or _principal(key_id, row, seen.address, seen.trace_id) == seen


def _from(address: str, networks: Sequence[store.Network]) -> bool:
    if not networks:
        return True
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
        known = known.ipv4_mapped
    return any(known in network for network in networks)


def _networks(texts: Sequence[str]) -> list[store.Network]:
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError as error:
            what = f"{text[:50]!r} is no network: write an address or 203.0.113.0/24"
            raise RefusedError(what, field="networks") from error
    return found
