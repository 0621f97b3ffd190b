"""Asking something of another platform and, where wanted, waiting for what it answers."""

from __future__ import annotations

import ipaddress
import time
from typing import Any

import psycopg

from domain.errors import RefusedError
from protocols.jt809.envelope import Subject
from protocols.jt809.orders import check
from storage import platforms as stored
from storage.platforms import Kind, Message

_LOOK_S = 0.2


def ask(
    conn: psycopg.Connection[Any], name: str, kind: Kind, fields: dict[str, Any], vehicle: tuple[str, int] | None, wait_s: float
) -> Message:
    """Ask; the message as it stands when it is answered or wait_s is over.

    Raises:
        RefusedError: no such platform, it is not subordinate, or a field does not fit its edition.
    """
    to = stored.platform(conn, name)
    if to.role != "subordinate":
        raise RefusedError(f"{name} is superior to us: it asks, we answer (cuntong platform answer)", field="platform", kind="conflict")
    check(kind, fields, to.version, Subject(*vehicle) if vehicle is not None else None)
    number = stored.ask(conn, to.peer_id, kind, fields, asked_by="command line", vehicle=vehicle)
    conn.commit()
    found, deadline = stored.message(conn, number), time.monotonic() + wait_s
    while found.state in ("queued", "sent", "delivered") and time.monotonic() < deadline:
        conn.commit()
        time.sleep(_LOOK_S)
        found = stored.message(conn, number)
    return found


def networks(words: list[str]) -> list[str]:
    """Networks as PostgreSQL and `ipaddress` write them. RefusedError for what is none."""
    try:
        return [str(ipaddress.ip_network(word, strict=False)) for word in words]
    except ValueError as error:
        raise RefusedError(f"{error}; write a network like 10.1.0.0/16", field="address") from error


def keys(text: str) -> dict[str, Any]:
    """Columns of the cipher from "M1,IA1,IC1"; "" for none. RefusedError for anything else."""
    parts = text.split(",") if text else []
    if parts and (len(parts) != 3 or not all(part.strip().isdigit() for part in parts)):
        raise RefusedError(f"{text!r} is not M1,IA1,IC1", field="cipher")
    m1, ia1, ic1 = (int(part) for part in parts) if parts else (None, None, None)
    return {"m1": m1, "ia1": ia1, "ic1": ic1, "encrypt": bool(parts)}


def host_port(text: str, field: str) -> tuple[str, int]:
    """(host, port) of "HOST:PORT". RefusedError for anything else."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise RefusedError(f"{text!r} is not HOST:PORT", field=field)
    return host, int(port)
