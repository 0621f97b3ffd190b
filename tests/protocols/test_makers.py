"""Commands, lists and makers' own messages at their edges."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from domain.errors import RefusedError
from protocols.jt808.codec import encode, examine
from protocols.jt808.header import SIZE_SHORT
from protocols.jt808.limits import Limits
from protocols.jt808.messages.dialogue import Event, SetEvents
from protocols.jt808.messages.passthrough import INFLATED_LIMIT, Compressed, PlatformKey
from protocols.jt808.messages.session import TerminalReply
from protocols.jt808.messages.terminal_control import Control, TerminalCommand, VehicleControl
from protocols.jt808.messages.upgrade import UpgradePackage
from protocols.jt808.messages.vendor_positions import VendorBatch, VendorPosition
from protocols.jt808.messages.vendor_time import VendorTime
from protocols.jt808.pending import Commands, Pending
from protocols.kinds.groups import from_json


def again(message: Any, version: str = "2013") -> Any:
    """What is read of the frame of a message."""
    return examine(encode(message, terminal_id="1", serial=0, version=version))


def test_a_compressed_body_is_inflated_to_at_most_64_kib() -> None:
    assert Compressed.of(b"abc" * 1000).inflated() == b"abc" * 1000
    assert Compressed.of(bytes(INFLATED_LIMIT)).inflated() == bytes(INFLATED_LIMIT)
    bomb = Compressed.of(bytes(INFLATED_LIMIT + 1))
    assert bomb.inflated() is None
    assert bomb.inflated(INFLATED_LIMIT + 1) is not None
    cut = Compressed(Compressed.of(b"abc" * 1000).content[:-9])
    for odd in (bomb, cut, Compressed(b"no gzip"), Compressed(b""), Compressed(zlib.compress(b"abc"))):
        examined = again(odd)
        assert examined.message == odd
        assert [(found.code, found.drop) for found in examined.anomalies] == [("bad_value", False)]


def test_events_are_deleted_by_their_numbers_alone() -> None:
    short = SetEvents(4, (Event(1, None), Event(9, None)))
    examined = again(short)
    assert examined.body.hex() == "04020109"
    assert examined.message == short
    whole = SetEvents(4, (Event(1, ""), Event(9, "")))
    assert again(whole).message == whole
    with pytest.raises(RefusedError):
        again(SetEvents(4, (Event(1, None), Event(9, "x"))))
    assert from_json(SetEvents, {"setting": 4, "events": [{"event_id": 1}, {"event_id": 9}]}) == short


def test_binary_values_in_a_terminal_command_are_kept() -> None:
    body = b"\x02" + b"0;cmnet;\x1d\xbb;" + b"\xff\xff;"
    frame = encode(TerminalCommand(2, f"hex:{body[1:].hex()}"), terminal_id="1", serial=0, version="2013")
    assert examine(frame).body == body
    assert examine(frame).message.parameters == f"hex:{body[1:].hex()}"
    with pytest.raises(RefusedError):
        again(TerminalCommand(2, "hex:xyz"))


@pytest.mark.parametrize(
    "controls",
    [
        (Control(1, b""),), (Control(1, b"\x00\x01"),), (Control(9, b""),), (Control(9, b"a"), Control(1, b"\x01")), (5,), 5,
        (Control(1 << 16, b"a"),),
    ],
)  # fmt: skip
def test_controls_that_could_not_be_read_back_are_refused(controls: Any) -> None:
    with pytest.raises(RefusedError):
        again(VehicleControl(controls=controls), "2019")


def test_controls_are_given_as_json_and_flags_stay_with_2013() -> None:
    made = from_json(VehicleControl, {"controls": [{"id": 1, "parameter": "01"}]})
    assert made == VehicleControl(controls=(Control(1, b"\x01"),))
    for wrong in ([5], "x", [{"id": 1}]):
        with pytest.raises(RefusedError):
            from_json(VehicleControl, {"controls": wrong})
    with pytest.raises(RefusedError):
        again(VehicleControl(flags=1), "2019")
    with pytest.raises(RefusedError):
        again(made, "2013")


def test_an_upgrade_package_has_a_maker_id_of_5_or_11_bytes() -> None:
    package = UpgradePackage(0, "70111", "1.1", b"\x01\x02\x03")
    assert again(package, "2019").message == package
    short = again(package, "2019").body
    wide = short[:6] + bytes(6) + short[6:]
    header = bytearray(encode(package, terminal_id="1", serial=0, version="2019")[1:-2])[:17]
    header[3] += 6
    run = bytes(header) + wide
    check = 0
    for byte in run:
        check ^= byte
    assert examine(b"\x7e" + run + bytes((check,)) + b"\x7e").message == package


def frame_of(shared: Path, name: str) -> bytes:
    """A shared frame."""
    vectors = json.loads((shared / "vectors" / "frames.json").read_text("utf-8"))
    return bytes.fromhex(next(vector["hex"] for vector in vectors if vector["id"] == name))


def test_a_header_with_a_serial_of_one_byte(shared: Path) -> None:
    examined = examine(frame_of(shared, "jt808-0x5501-001"))
    assert examined.header is not None
    assert (examined.header.body_start, examined.header.serial, examined.header.version) == (SIZE_SHORT, 1, "2013")
    assert isinstance(examined.message, VendorPosition)
    fix = examined.message.fix
    assert fix.signed_e6 == (22_554_800, 113_926_003)
    assert (fix.time_ms, fix.located, fix.mileage_km, fix.battery, fix.satellites) == (1_277_597_093_000, False, 6, 8, 1)
    assert [item.id for item in examined.message.items] == [0]


def test_a_batch_variant_holds_positions_or_a_state(shared: Path) -> None:
    state = examine(frame_of(shared, "jt808-0x0210-001"))
    assert isinstance(state.message, VendorBatch)
    assert state.message.state is not None
    assert state.message.state.battery == 79
    assert state.message.locations == ()


def test_a_time_that_is_none_is_noted() -> None:
    assert VendorTime.of(1_700_000_000_000).time_ms == 1_700_000_000_000
    examined = again(VendorTime(2023, 13, 1, 0, 0, 0, 0))
    assert examined.message.time_ms is None
    assert [odd.code for odd in examined.anomalies] == ["bad_time"]


def test_a_general_reply_ends_a_key_exchange_but_not_a_query() -> None:
    commands = Commands(Limits(), one_of_a_kind=True)
    keys = Pending(PlatformKey(1, bytes(128)), 0x8A00, 0x0A00, (1,), (b"",))
    query = Pending(None, 0x8104, 0x0104, (2,), (b"",))
    commands.add(keys, 0)
    commands.add(query, 0)
    assert commands.general(TerminalReply(1, 0x8A00, 0), 0) is keys
    assert keys.state == "done"
    assert commands.general(TerminalReply(2, 0x8104, 0), 0) is None
    assert (query.state, query.accepted) == ("open", True)
