"""Answers: those that promise nothing, which the connection gives itself, and those that the door asks for after storing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from protocols.definition import NO_ANSWER
from protocols.fields import V2019
from protocols.jt808.codec import find_definition
from protocols.jt808.events import AnomalyEvent, Fixes, MessageIn
from protocols.jt808.messages.multimedia import MediaData, MediaReply
from protocols.jt808.messages.session import PacketRequest, PlatformReply, ServerTime, TerminalPacketRequest, TerminalReply
from protocols.jt808.profile import Profile
from protocols.jt808.reassembly import MEDIA_DATA, Assembly

_FIRST_MS, _LAST_MS = 946_684_800_000, 4_102_444_799_999


def server_time(epoch_ms: int) -> ServerTime | None:
    """The platform's clock, in whole seconds; None when it is outside the years that six BCD bytes hold."""
    return ServerTime(epoch_ms - epoch_ms % 1000) if _FIRST_MS <= epoch_ms <= _LAST_MS else None


AT_ONCE: Mapping[int, Callable[[int], Any]] = {0x0004: server_time}
"""By id of the question: its answer, made from the time in epoch ms UTC; None for no answer."""

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
    if answer == NO_ANSWER:
        return None
    message = None if isinstance(event, AnomalyEvent) else event.message
    if platform and isinstance(message, MediaData) and not result:
        return MediaReply(message.media_id)
    packet = platform and isinstance(event, MessageIn) and message is None
    refused = isinstance(event, AnomalyEvent) or (result != 0 and (not platform or isinstance(message, MediaData)))
    if answer is not None and not refused and not packet:
        return None
    return (PlatformReply if platform else TerminalReply)(header.serial, header.message_id, result)
