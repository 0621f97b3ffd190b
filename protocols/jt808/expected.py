"""Which message expects which reply: one table over all ids of both directions (JT/T 808 clause 8, JT/T 1078, T/JSATL 12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from protocols.definition import NO_ANSWER

TERMINAL_REPLY, PLATFORM_REPLY = 0x0001, 0x8001
_DOWNLINK, _MAKERS_UP = 0x8000, range(0xE000, 0xF000)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a message expects.

    Attributes:
        reply: id of the reply that ends it; `NO_ANSWER` when none comes.
        general_ends: True when a general reply ends it too, where the general reply else means only that it was accepted.
        later: ids of messages that follow of their own, after the reply.
    """

    reply: int
    general_ends: bool = False
    later: tuple[int, ...] = ()


_NONE = Expected(NO_ANSWER)

EXPECTED: Mapping[int, Expected] = MappingProxyType({
    0x0001: _NONE, 0x0005: _NONE, 0x0004: Expected(0x8004), 0x0100: Expected(0x8100),
    0x0801: Expected(0x8800), 0x1212: Expected(0x9212),
    0x8001: _NONE, 0x8003: _NONE, 0x8004: _NONE, 0x8100: _NONE, 0x8800: _NONE, 0x9105: _NONE, 0x9212: _NONE,
    0x8104: Expected(0x0104), 0x8106: Expected(0x0104), 0x8107: Expected(0x0107),
    0x8108: Expected(TERMINAL_REPLY, later=(0x0108,)),
    0x8201: Expected(0x0201), 0x8302: Expected(TERMINAL_REPLY, later=(0x0302,)), 0x8500: Expected(0x0500),
    0x8608: Expected(0x0608), 0x8700: Expected(0x0700), 0x8702: Expected(0x0702),
    0x8801: Expected(0x0805, later=(0x0801,)), 0x8802: Expected(0x0802),
    0x8803: Expected(TERMINAL_REPLY, later=(0x0801,)), 0x8805: Expected(TERMINAL_REPLY, later=(0x0801,)),
    0x8A00: Expected(0x0A00, general_ends=True), 0x9003: Expected(0x1003),
    0x9201: Expected(0x1205, general_ends=True), 0x9205: Expected(0x1205),
    0x9206: Expected(TERMINAL_REPLY, later=(0x1206,)), 0x9208: Expected(TERMINAL_REPLY, later=(0x1210,)),
    0x4401: _NONE, 0x8109: _NONE, 0x5501: _NONE, 0x5502: _NONE, 0x0310: Expected(TERMINAL_REPLY), 0x8888: Expected(PLATFORM_REPLY),
})  # fmt: skip
"""Ids whose reply is not the general reply of the other side, and makers' ids whose number hides their direction."""

_GENERAL_UP, _GENERAL_DOWN = Expected(PLATFORM_REPLY), Expected(TERMINAL_REPLY)


def expected(message_id: int) -> Expected:
    """What a message expects; the general reply of the other side where the table says nothing else.

    Ids from 0x8000 on are downlink, but 0xE000 to 0xEFFF are makers' uplink.
    """
    found = EXPECTED.get(message_id)
    if found is not None:
        return found
    return _GENERAL_DOWN if message_id >= _DOWNLINK and message_id not in _MAKERS_UP else _GENERAL_UP
