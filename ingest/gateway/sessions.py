"""A terminal behind a link, and what the log is told of links."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import rsa

from ingest.cipher import SessionCipher
from protocols.jt808.codec import examine
from protocols.jt808.connection import Connection

FORWARDER = 6
"""`Link.door` of a listed forwarder: many terminals share its socket."""


@dataclass(slots=True)
class Session:
    """One terminal behind a link; a forwarder's link has many. offered: key of the platform that it has not answered yet."""

    connection: Connection
    terminal: str = ""
    heard_ms: int = 0
    rejected: int = 0
    dropped: list[int] = field(default_factory=list)
    cipher: SessionCipher | None = None
    offered: rsa.RSAPrivateKey | None = None


def forwarded_id(run: bytes) -> str:
    """Terminal id of a frame, "" when it cannot be read."""
    header = examine(run).header
    return header.terminal_id if header else ""


def link_event(event: str, terminal: str, reason: str, gateway: str, peer: str) -> bytes:
    """Payload of a link event record: JSON in UTF-8."""
    return json.dumps({"event": event, "terminal": terminal, "reason": reason, "gateway": gateway, "peer": peer}).encode("utf-8")
