"""Whether a session takes a sound frame, and how much junk it bears."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from protocols.anomaly import Anomaly, Code, Layer, anomaly
from protocols.definition import DOWN, UP
from protocols.jt808.codec import Examined, find_definition
from protocols.jt808.header import Header, terminal_key
from protocols.jt808.limits import Limits
from protocols.jt808.profile import Profile
from protocols.jt808.verdicts import message_fault


class Role(StrEnum):
    """Which side of the link this is."""

    PLATFORM = "platform"
    TERMINAL = "terminal"


PLATFORM, TERMINAL = Role.PLATFORM, Role.TERMINAL

BEFORE_AUTH = frozenset({0x0001, 0x0002, 0x0003, 0x0004, 0x0100, 0x0102})
"""Messages that a platform takes from a terminal that has not authenticated."""

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Session:
    """What the gate knows of a link; `terminal_id` is None while no terminal is bound."""

    role: Role
    profile: Profile
    terminal_id: str | None
    authenticated: bool


def refusal(session: Session, header: Header, examined: Examined) -> tuple[Code, tuple[Anomaly, ...]] | None:
    """(code that names the result, anomalies) of a frame that is not taken; None when it is.

    The header is judged first, since it names the terminal; then the session; then id and body.
    """
    odd = examined.anomalies
    fault = message_fault(examined)
    if fault is not None and fault.layer in (Layer.HEADER, Layer.PACKET):
        return fault.code, odd
    found = _of_session(session, header)
    definition = find_definition(header.message_id, session.profile)
    if found is None and definition is None:
        return Code.UNKNOWN_MESSAGE, odd
    if found is None and definition is not None and definition.way is not (UP if session.role is PLATFORM else DOWN):
        found = anomaly(Code.UNKNOWN_MESSAGE, 0, field="message_id", detail=f"0x{header.message_id:04X} goes the other way")
    if found is not None:
        return found.code, (*odd, found)
    return None if fault is None else (fault.code, odd)


def _of_session(session: Session, header: Header) -> Anomaly | None:
    if session.terminal_id is not None and terminal_key(header.terminal_id) != session.terminal_id:
        detail = f"{header.terminal_id} on the link of {session.terminal_id}"
        return anomaly(Code.FOREIGN_ID, 4, field="terminal_id", detail=detail)
    barred = session.role is PLATFORM and not session.authenticated and session.profile.before_auth == "refuse"
    if barred and header.message_id not in BEFORE_AUTH:
        return anomaly(Code.NOT_AUTHENTICATED, 0, field="message_id", detail=f"0x{header.message_id:04X}")
    return None


class JunkMeter:
    """Junk bytes of a link: before authentication in all, after it in a minute."""

    __slots__ = ("_bytes", "_limits", "_since_ms")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes = 0
        self._since_ms: int | None = None

    def too_much(self, size: int, now_ms: int, *, authenticated: bool) -> bool:
        """Count bytes; True when the link must be closed for them."""
        if authenticated and (self._since_ms is None or now_ms - self._since_ms >= _MINUTE_MS):
            self._bytes, self._since_ms = 0, now_ms
        self._bytes += size
        return self._bytes > (self._limits.junk_per_minute if authenticated else self._limits.junk_before_auth)
