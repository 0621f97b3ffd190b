"""What the desk puts into the log: frames as they came, between the delimiters of their link, with the number of its profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.jt808.delimiters import DELIMITINGS

if TYPE_CHECKING:
    from ingest.gateway.host import Host
    from ingest.gateway.links import Link
    from ingest.gateway.sessions import Session

_MINUTE_MS = 60_000


def append(host: Host, link: Link, kind: int, raw: bytes, received_us: int, reason: int = 0) -> bool:
    """Append a frame, or the several of a message that came sealed whole; False when the log does not take it."""
    writer, identity, profile = host.log, host.links.identity(link), link.profile.number
    number, mark = None, DELIMITINGS[link.profile.delimiter].mark
    for run in filter(None, raw.split(mark) if writer.taking else ()):
        payload = mark + run + mark
        number = writer.append(kind, link.record_door, identity, payload, received_us=received_us, profile=profile, reason=reason)
    if number is None:
        host.metrics.count("refused", "log")
    return number is not None


def may_keep(host: Host, session: Session, now_ms: int) -> bool:
    """At most so many dropped frames a minute and link go into the log; the rest is only counted."""
    session.dropped = [t for t in session.dropped if now_ms - t < _MINUTE_MS]
    if len(session.dropped) >= host.settings.dropped_per_minute:
        return False
    session.dropped.append(now_ms)
    return True
