"""Which command expects which reply: the whole table, id by id."""

from __future__ import annotations

import pytest

from protocols.definition import NO_ANSWER, UP, definition_of
from protocols.jt808.expected import EXPECTED, PLATFORM_REPLY, TERMINAL_REPLY, expected
from protocols.jt808.pending import expected_reply
from protocols.jt808.registry import messages

SPECIFIC = {
    0x8104: 0x0104, 0x8106: 0x0104, 0x8107: 0x0107, 0x8201: 0x0201, 0x8500: 0x0500, 0x8608: 0x0608, 0x8700: 0x0700, 0x8702: 0x0702,
    0x8801: 0x0805, 0x8802: 0x0802, 0x8A00: 0x0A00, 0x9003: 0x1003, 0x9201: 0x1205, 0x9205: 0x1205,
    0x0004: 0x8004, 0x0100: 0x8100, 0x0801: 0x8800, 0x1212: 0x9212,
}  # fmt: skip
LATER = {
    0x8108: (0x0108,), 0x8302: (0x0302,), 0x8801: (0x0801,), 0x8803: (0x0801,), 0x8805: (0x0801,), 0x9206: (0x1206,),
    0x9208: (0x1210,),
}  # fmt: skip
NONE = {0x0001, 0x0005, 0x8001, 0x8003, 0x8004, 0x8100, 0x8800, 0x9105, 0x9212, 0x4401, 0x8109, 0x5501, 0x5502}
GENERAL_DOWN = [
    0x8103, 0x8105, 0x8108, 0x8202, 0x8203, 0x8204, 0x8300, 0x8301, 0x8302, 0x8303, 0x8304, 0x8400, 0x8401, 0x8600, 0x8601, 0x8602,
    0x8603, 0x8604, 0x8605, 0x8606, 0x8607, 0x8701, 0x8803, 0x8804, 0x8805, 0x8900, 0x9101, 0x9102, 0x9202, 0x9206, 0x9207, 0x9208,
    0x9301, 0x9302, 0x9303, 0x9304, 0x9305, 0x9306, 0x0310, 0xA006, 0xF123,
]  # fmt: skip
GENERAL_UP = [
    0x0002, 0x0003, 0x0102, 0x0104, 0x0107, 0x0108, 0x0109, 0x0200, 0x0201, 0x0210, 0x0301, 0x0302, 0x0303, 0x0304, 0x0500, 0x0506,
    0x0608, 0x0700, 0x0701, 0x0702, 0x0704, 0x0705, 0x0800, 0x0802, 0x0805, 0x0900, 0x0901, 0x0A00, 0x1003, 0x1005, 0x1007,
    0x1205, 0x1206, 0x1210, 0x1211, 0x1300, 0x1FC4, 0x2070, 0x6006, 0x8888, 0xE123,
]  # fmt: skip


def test_the_table_of_replies() -> None:
    table = {message_id: found.reply for message_id, found in EXPECTED.items() if found.reply not in (TERMINAL_REPLY, PLATFORM_REPLY)}
    assert table == SPECIFIC | dict.fromkeys(NONE, NO_ANSWER)
    assert {message_id: found.later for message_id, found in EXPECTED.items() if found.later} == LATER
    assert {message_id for message_id, found in EXPECTED.items() if found.general_ends} == {0x8A00, 0x9201}


@pytest.mark.parametrize("message_id", GENERAL_DOWN)
def test_other_commands_expect_the_terminals_general_reply(message_id: int) -> None:
    assert expected(message_id).reply == TERMINAL_REPLY


@pytest.mark.parametrize("message_id", GENERAL_UP)
def test_other_reports_expect_the_platforms_general_reply(message_id: int) -> None:
    assert expected(message_id).reply == PLATFORM_REPLY


def test_every_registered_message_expects_a_reply_that_goes_the_other_way() -> None:
    for message_id, owner in messages:
        definition = definition_of(messages[message_id, owner])
        reply = expected_reply(definition)
        if definition.answer is not None:
            assert reply == definition.answer, hex(message_id)
        if reply != NO_ANSWER and (reply, "standard") in messages:
            back = definition_of(messages[reply, "standard"])
            assert back.way is not definition.way, hex(message_id)
        assert reply == NO_ANSWER or (reply < 0x8000) is not (definition.way is UP), hex(message_id)
