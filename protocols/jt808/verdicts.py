"""What a connection makes of an examined frame: which fault drops it, and what the general reply says to positions."""

from __future__ import annotations

from protocols.anomaly import Anomaly, Code, Layer, anomaly
from protocols.jt808.codec import Examined
from protocols.jt808.header import SIZE_PACKET_ITEM, Header
from protocols.jt808.messages.location import Location, LocationBatch, LocationReply

POSITIONS = (Location, LocationBatch, LocationReply)


def framing_fault(examined: Examined) -> Anomaly | None:
    """What makes header and serial untrustworthy, so that no answer is earned; None when they can be trusted."""
    return next((odd for odd in examined.anomalies if odd.drop and odd.layer is Layer.FRAME), None)


def message_fault(examined: Examined) -> Anomaly | None:
    """What drops the whole message; None when it stands. Bad fixes do not: `position_result` speaks for them."""
    fixes = isinstance(examined.message, POSITIONS)
    return next((odd for odd in examined.anomalies if odd.drop and (odd.layer in (Layer.HEADER, Layer.PACKET) or not fixes)), None)


def position_result(message: Location | LocationBatch | LocationReply) -> int:
    """Result for positions: 2 when no fix could be read, else 0, also where a fix lies out of range."""
    if isinstance(message, LocationBatch):
        if not message.locations and not message.count:
            return 0
        readable = any(fix is not None and fix.fault is not Code.BAD_TIME for fix in message.locations)
    else:
        fix = message.location if isinstance(message, LocationReply) else message
        readable = fix.fault is not Code.BAD_TIME
    return 0 if readable else 2


def odd_packet(code: Code, header: Header) -> Anomaly:
    """What is odd about one packet of a longer message, at its packet item."""
    return anomaly(code, header.body_start - SIZE_PACKET_ITEM, field="package_index", detail=f"packet {header.package_index}")
