"""Answers that promise nothing, so the connection gives them itself: one table by message id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from protocols.fields import V2019
from protocols.jt808.messages.session import PacketRequest, ServerTime, TerminalPacketRequest
from protocols.jt808.reassembly import Assembly

_FIRST_MS, _LAST_MS = 946_684_800_000, 4_102_444_799_999


def server_time(epoch_ms: int) -> ServerTime | None:
    """The platform's clock, in whole seconds; None when it is outside the years that six BCD bytes hold."""
    return ServerTime(epoch_ms - epoch_ms % 1000) if _FIRST_MS <= epoch_ms <= _LAST_MS else None


AT_ONCE: Mapping[int, Callable[[int], Any]] = {0x0004: server_time}
"""By id of the question: its answer, made from the time in epoch ms UTC; None for no answer."""

_MOST_INDICES = {False: 255, True: 509}


def missing_packets(held: Assembly, *, platform: bool) -> PacketRequest | TerminalPacketRequest:
    """The request for what an assembly lacks: at most 255 indices, or 509 where the count has two bytes (2019)."""
    indices = held.missing[: _MOST_INDICES[held.header.version == V2019]]
    return (PacketRequest if platform else TerminalPacketRequest)(held.key[2], indices)
