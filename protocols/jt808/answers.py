"""Answers: those that promise nothing, which the connection gives itself, and those that the door asks for after storing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from protocols.definition import NO_ANSWER
from protocols.fields import V2019
from protocols.jt808.codec import find_definition
from protocols.jt808.events import AnomalyEvent, Fixes, MessageIn, RepeatedIn
from protocols.jt808.messages.multimedia import MediaData, MediaReply
from protocols.jt808.messages.session import PacketRequest, PlatformReply, ServerTime, TerminalPacketRequest, TerminalReply
from protocols.jt808.messages.vendor_time import VendorReply, VendorTime
from protocols.jt808.profile import Profile
from protocols.jt808.reassembly import MEDIA_DATA, Assembly

_FIRST_MS, _LAST_MS = 946_684_800_000, 4_102_444_799_999


def server_time(epoch_ms: int) -> ServerTime | None:
    """The platform's clock, in whole seconds; None when it is outside the years that six BCD bytes hold."""
    return ServerTime(epoch_ms - epoch_ms % 1000) if _FIRST_MS <= epoch_ms <= _LAST_MS else None


def vendor_time(epoch_ms: int) -> VendorTime | None:
    """The platform's clock for a maker's question; None outside those years."""
    return VendorTime.of(epoch_ms) if _FIRST_MS <= epoch_ms <= _LAST_MS else None


AT_ONCE: Mapping[int, Callable[[int], Any]] = {0x8004: server_time, 0x8109: vendor_time}
"""By id of an answer that promises nothing: the answer, made from the time in epoch ms UTC; None for none."""
_SERVER_TIME, _QUESTION = 0x8004, 0x0004
_ASKS_FOR_REPLY = 0x8000
"""Attribute bit 15 of 0x5501 and 0x5502."""
_GENERAL, _MAKERS = 0x8001, 0x4401


def at_once(message_id: int, epoch_ms: int, profile: Profile) -> Any:
    """The answer that the connection gives by itself, from the time; None where there is none."""
    make = AT_ONCE.get(_SERVER_TIME if message_id == _QUESTION else profile.answers.get(message_id, 0))
    return None if make is None else make(epoch_ms)


_MEDIA_ID = 4
_MOST_INDICES = {False: 255, True: 509}


def missing_packets(held: Assembly, *, platform: bool) -> PacketRequest | TerminalPacketRequest | MediaReply:
    """The request for what an assembly lacks: at most 255 indices, or 509 where the count has two bytes (2019).

    Multimedia data are asked for by their id, 0x8800; while packet 1 is missing nobody knows it, so 0x8003 asks.
    """
    first = held.parts.get(1, b"")
    if platform and held.key[0] == MEDIA_DATA and len(first) >= _MEDIA_ID:
        return MediaReply(int.from_bytes(first[:_MEDIA_ID], "big"), held.missing[: _MOST_INDICES[False]])
    indices = held.missing[: _MOST_INDICES[held.header.version == V2019]]
    return (PacketRequest if platform else TerminalPacketRequest)(held.key[2], indices)


def reply_to(event: MessageIn | Fixes | AnomalyEvent, result: int, *, platform: bool, profile: Profile) -> Any:
    """What to say to a message that was dealt with: mostly the general reply.

    Args:
        event: carries the message, or one packet of it.
        result: what came of it, 0 for done.
        platform: which side speaks.
        profile: how the terminal speaks.
    Returns:
        None for a message that earns nothing, or an answer that others give. A platform acknowledges every packet; stored
        multimedia data earn 0x8800 with the id alone.
    """
    header = event.header
    if header is None:
        return None
    definition = find_definition(header.message_id, profile)
    answer = definition.answer if definition is not None else None
    chosen = profile.answers.get(header.message_id) if platform else None
    if chosen is not None and chosen != _GENERAL:
        asked = chosen == _MAKERS and header.attributes & _ASKS_FOR_REPLY
        return VendorReply(header.message_id, result) if asked else None
    answer = None if chosen == _GENERAL else answer
    if answer == NO_ANSWER:
        return None
    message = None if isinstance(event, AnomalyEvent) else event.message
    if platform and isinstance(message, MediaData) and not result:
        return MediaReply(message.media_id)
    if platform and isinstance(event, RepeatedIn) and not result:
        return MediaReply(event.media_id)
    packet = platform and isinstance(event, MessageIn) and message is None
    refused = isinstance(event, AnomalyEvent) or (result != 0 and (not platform or isinstance(message, MediaData)))
    if answer is not None and not refused and not packet:
        return None
    return (PlatformReply if platform else TerminalReply)(header.serial, header.message_id, result)
