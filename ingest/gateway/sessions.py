"""A terminal behind a link, and what the log is told of links."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa

from ingest.cipher import SessionCipher
from ingest.gateway.profiles import note_profile, profile_of
from protocols.jt808.codec import examine
from protocols.jt808.connection import Connection
from protocols.jt808.gate import Role
from protocols.jt808.profile import STANDARD, Profile

if TYPE_CHECKING:
    from ingest.gateway.host import Host
    from ingest.gateway.links import Link

_FORWARDER_SESSIONS = 20_000
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


def forwarded_id(run: bytes, profile: Profile = STANDARD) -> str:
    """Terminal id of a frame, "" when it cannot be read."""
    header = examine(run, profile).header
    return header.terminal_id if header else ""


def session_of(worker: Host, link: Link, run: bytes, now_ms: int) -> Session | None:
    """The session that a run belongs to; None when a forwarder has too many terminals. A new one speaks as its terminal's profile says."""
    if link.sessions is None:
        link.sessions = {}
    key = forwarded_id(run, link.profile) if link.door == FORWARDER else ""
    session = link.sessions.get(key)
    if session is None:
        if len(link.sessions) >= _FORWARDER_SESSIONS:
            worker.metrics.count("refused", "forwarder_sessions")
            return None
        connection = Connection(
            Role.PLATFORM, profile_of(worker, link, run), worker.limits, serials=worker.links.serials, slot=link.slot,
            epoch_ms=worker.wall_ms() - now_ms,
        )  # fmt: skip
        session = link.sessions[key] = Session(connection)
        note_profile(worker, link, connection.profile)
    session.heard_ms = now_ms
    return session


def link_event(event: str, terminal: str, reason: str, gateway: str, peer: str) -> bytes:
    """Payload of a link event record: JSON in UTF-8."""
    return json.dumps({"event": event, "terminal": terminal, "reason": reason, "gateway": gateway, "peer": peer}).encode("utf-8")
