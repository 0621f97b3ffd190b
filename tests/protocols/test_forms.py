"""Messages from JSON and back."""

from __future__ import annotations

import json

import pytest

from domain.errors import RefusedError
from protocols.jt808.codec import decode, encode
from protocols.jt808.forms import as_json, command_of
from protocols.jt808.messages.control import LocationQuery
from protocols.jt808.messages.session import PacketRequest
from protocols.jt808.messages.text import TextDown


def test_a_command_of_json_is_the_message_and_comes_back() -> None:
    text = command_of(0x8300, {"flag_bits": 4, "text_type": 1, "text": "前方拥堵"})
    assert text == TextDown(4, 1, "前方拥堵")
    frame = encode(text, terminal_id="013800000001", serial=1, version="2019")
    assert json.loads(json.dumps(as_json(decode(frame)))) == {"flag_bits": 4, "text_type": 1, "text": "前方拥堵"}
    assert command_of(0x8201, {}) == LocationQuery()
    assert command_of(0x8300, {"flag_bits": 4, "text": "x"}).text_type is None
    assert command_of(0x8300, {"flag_bits": 4, "text_type": 1, "text": "x"}, version="2013").text_type is None
    assert command_of(0x8003, {"first_serial": 7, "indices": [1, 3]}) == PacketRequest(7, (1, 3))


@pytest.mark.parametrize(
    ("message_id", "fields", "field"),
    [
        (0x8300, {"flag_bits": 4}, "text"),
        (0x8300, {"flag_bits": 4, "text": "x", "colour": 1}, "colour"),
        (0x8300, ["x"], "fields"),
        (0x0200, {}, "message_id"),
        (0x8FFF, {}, "message_id"),
    ],
)
def test_what_is_no_command_is_refused_by_its_field(message_id: int, fields: object, field: str) -> None:
    with pytest.raises(RefusedError) as refused:
        command_of(message_id, fields)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"flag_bits": "a", "text": "x"}, "flag_bits"), ({"flag_bits": 999, "text": "x"}, "flag_bits"), ({"flag_bits": 1, "text": 5}, "text")],
)
def test_values_of_another_kind_are_refused_when_they_are_sent(fields: dict[str, object], field: str) -> None:
    with pytest.raises(RefusedError) as refused:
        encode(command_of(0x8300, fields), terminal_id="1", serial=1, version="2013")
    assert refused.value.field == field
