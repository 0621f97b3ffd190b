"""Vendor profiles: every shipped one, what their files may say, and the captures that each reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import RefusedError
from protocols.anomaly import Code
from protocols.jt808.codec import encode, examine
from protocols.jt808.extras import Extra, extra_layouts
from protocols.jt808.extras.makers import BatteryState, ChargingBattery, DeviceIdentity
from protocols.jt808.messages.location import Location
from protocols.jt808.profile import PROFILES, parse_profile
from protocols.kinds.items import Tag
from tests.protocols.test_vectors import shared_vectors

NOW = 1_732_759_141_000

READ_BY = {
    "jt808-0x0200-075": ("gps51", {0x51: 8, 0x61: 1200}), "jt808-0x0200-084": ("gps51", {0x58: 8}),
    "jt808-0x0200-054": ("gps51", {0xF1: "89860402102090977002"}), "jt808-0x0200-141": ("gps51", {0xE2: "GB201-GSM-21001-1.1.1"}),
    "jt808-0x0200-062": ("gps51", {0xE1: None}), "jt808-0x0200-048": ("jimi", {0xE8: None}),
    "jt808-0x0200-055": ("jimi", {0xE8: None}), "jt808-0x0704-014": ("jimi", {0xEB: "UTC+08:00"}),
    "jt808-0x0200-124": ("aovx", {0xF2: "AOVX_GL100-LA_H2.0_EG915ULAABR02A03M08_V2.0.7:v15", 0xF7: BatteryState(3656, 2, 52), 0xF0: None}),
    "jt808-0x0200-127": ("aovx", {0xF6: None, 0xF4: None}), "jt808-0x0200-098": ("e_lock", {0x60: None, 0x67: "13214322", 0x69: 403}),
    "jt808-0x0200-070": ("e_lock", {0x0B: None, 0xD4: 100, 0xD5: 418}), "jt808-0x0200-101": ("e_lock", {0x63: None}),
    "jt808-0x0200-081": ("e_lock", {0xD5: None}), "jt808-0x0200-082": ("e_lock", {0x33: None}),
    "jt808-0x0200-123": ("e_lock", {0x63: None}), "jt808-0x0200-006": ("mixed", {0x06: 62}), "jt808-0x0200-052": ("mixed", {0x51: 1, 0x82: 146}),
    "jt808-0x0200-058": ("mixed", {0x56: None, 0xFE: 30}), "jt808-0x0200-067": ("mixed", {0xEB: None}), "jt808-0x0200-078": ("mixed", {0xEB: None}),
    "jt808-0x0200-068": ("mixed", {0xE4: ChargingBattery(0, 99), 0xE7: 0}), "jt808-0x0200-107": ("mixed", {0x8B: "JN1BJ1CR6KW336535", 0x83: 14}),
    "jt808-0x0200-119": ("mixed", {0xE6: "$OBD-RT,,55.000,103.78,,0.0,4,,,,0.000,,12360.28,,,"}), "jt808-0x0704-015": ("mixed", {0xEA: None}),
    "jt808-0x0200-120": ("mixed", {0x65: None}), "jt808-0x0200-145": ("su_biao", {0x67: None}), "jt808-0x0200-045": ("mixed", {0xFE: 69}),
}  # fmt: skip
"""By vector: the profile that reads it, and of its items the value, its length where it is a list, or None where any will do."""


@pytest.mark.parametrize("name", READ_BY)
def test_captured_quirks_are_read_by_their_profile(shared: Path, name: str) -> None:
    frame = next(bytes.fromhex(row["hex"]) for row in shared_vectors(shared) if row["id"] == name)
    profile, items = PROFILES[READ_BY[name][0]], READ_BY[name][1]
    message = examine(frame, profile).message
    fixes = [message] if isinstance(message, Location) else message.locations
    found = {item.id: item for fix in fixes for item in fix.extras}
    for item_id, expected in items.items():
        value = found[item_id].value(profile)
        assert value is not None, f"0x{item_id:02X} {found[item_id].raw.hex()}"
        if isinstance(expected, int) and isinstance(value, tuple):
            assert len(value) == expected
        elif expected is not None:
            assert value == expected


def test_every_frame_is_examined_under_every_profile(shared: Path) -> None:
    for vector in shared_vectors(shared):
        frame = bytes.fromhex(vector["hex"])
        for profile in PROFILES.values():
            examined = examine(frame, profile)
            if isinstance(examined.message, Location):
                said = examined.message
                [item.value(profile) for item in said.extras]  # none raises
                assert sum(2 + len(item.raw) for item in said.extras) + len(said.tail) == len(examined.body) - 28, vector["id"]


def test_items_inside_items_keep_what_they_do_not_know() -> None:
    raw = bytes.fromhex("0004002d0e10 000600c5ffffffef 00031234aa")
    found = Extra(0xEB, raw, PROFILES["mixed"].extras[0xEB]).value(PROFILES["mixed"])
    assert found == (Tag(0x2D, b"\x0e\x10", 3600), Tag(0xC5, b"\xff\xff\xff\xef", 0xFFFFFFEF), Tag(0x1234, b"\xaa"))


def test_the_search_goes_from_the_profile_to_its_parents() -> None:
    assert PROFILES["jimi"].parents == ("mixed", "standard")
    assert PROFILES["jimi"].extras[0x30] is PROFILES["standard"].extras[0x30]
    assert PROFILES["jimi"].extras[0xE4] is PROFILES["mixed"].extras[0xE4]
    battery, temperature = (Extra(0x06, raw, PROFILES["mixed"].extras[0x06]) for raw in (b"\x3e", b"\x80\x05"))
    assert (battery.name, battery.value()) == ("battery_percent", 62)
    assert (temperature.name, temperature.value()) == ("carriage_temperature", -5)
    assert (0x51, "gps51") in extra_layouts


def test_an_old_fixed_tail_is_no_items_where_the_profile_says_so() -> None:
    tail = bytes.fromhex("00640000000004d2 00790000000113000000")
    frame = encode(Location(0, 2, 1, 1, 0, 0, 0, NOW, (), tail), terminal_id="1", serial=1, version="2013")
    assert [odd.code for odd in examine(frame).anomalies] == [Code.TAIL_AFTER_ZERO_ID]
    examined = examine(frame, PROFILES["mixed"])
    assert (examined.message.tail, examined.anomalies) == (tail, ())


def test_a_device_tells_its_identities() -> None:
    raw = bytes.fromhex("020865413051529609898604a6102181622843474c3130302d4c410000")
    found = Extra(0xF8, raw, PROFILES["aovx"].extras[0xF8]).value(PROFILES["aovx"])
    assert found == DeviceIdentity(2, "0865413051529609", bytes.fromhex("898604a6102181622843"), "GL100-LA")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[extra]]\nid = 1\nname = "a"\nclass = "Nothing"', "x.toml:4: Nothing: unknown class"),
        ('[[extra]]\nid = 1\nname = "a"\nitems = []\nshape = ["odd"]', "x.toml:5: odd: unknown shape"),
        ('alarm_id = "beijing"', "x.toml:1: alarm_id:"),
        ("maker_id_0107 = 7", "x.toml:1: maker_id_0107:"),
        ("trust_length = 1", "x.toml:1: trust_length:"),
        ("[answers]\nhello = 1", "x.toml:2: hello:"),
        ('version = "auto"\nnumber 3\n', "x.toml:2: Expected '=' after a key"),
        ('version = "auto"\n[match', "x.toml:2: "),
    ],
)
def test_a_wrong_row_is_refused_with_file_and_line(text: str, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        parse_profile("x", text, PROFILES)
    assert str(refused.value).startswith(said)


def test_two_profiles_for_one_maker_are_refused() -> None:
    one = parse_profile("one", '[match]\nmaker = ["70111"]', PROFILES)
    with pytest.raises(RefusedError, match=r"two.toml:2: 70111: maker chooses profile one too"):
        parse_profile("two", '[match]\nmaker = ["70111"]', {**PROFILES, "one": one})


def test_answers_and_layouts_by_length() -> None:
    rows = (
        '[answers]\n0x0109 = 0x8109\n[[extra]]\nid = 0x61\nname = "short"\nkind = "u8"\n[[extra]]\nid = 0x61\nname = "long"\nkind = "u16"\n'
    )
    made = parse_profile("x", 'extends = "standard"\n' + rows, PROFILES)
    assert made.answers == {0x0109: 0x8109}
    assert [Extra(0x61, raw, made.extras[0x61]).value(made) for raw in (b"\x05", b"\x01\x00", b"abc")] == [5, 256, None]
    assert [Extra(0x61, raw, made.extras[0x61]).name for raw in (b"\x05", b"\x01\x00")] == ["short", "long"]
