"""States, times and records of a terminal's link."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from simulators.outbox import OutboxLimits


class State(Enum):
    """Where a link stands."""

    CLOSED = "closed"
    REGISTERING = "registering"
    AUTHENTICATING = "authenticating"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Times of a terminal, ms. dead_ms: without a valid frame from the platform the link counts as broken.

    parted_fixes: fixes of one upload in packets; 0 never sends packets. attachment_gaps, attachment_breaks: share of packets of alarm files
    that are left out at first, and of links that break off.
    """

    outbox: OutboxLimits = field(default_factory=OutboxLimits)
    heartbeat_ms: int = 30_000
    dead_ms: int = 90_000
    answer_timeout_ms: int = 10_000
    answer_retries: int = 3
    parted_fixes: int = 0
    attachment_gaps: float = 0.1
    attachment_breaks: float = 0.1


@dataclass(slots=True)
class Question:
    """A registration or authentication that waits for its verdict; serial -1 when none does."""

    serial: int = -1
    frame: bytes = b""
    tries: int = 0
    deadline_ms: int = 0


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Fixes that the platform has promised to keep: rows of the truth, and what carried them."""

    rows: list[int]
    message_id: int
    serial: int
