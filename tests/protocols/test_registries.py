"""The registries hold what they must: a lost file is seen here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from domain.errors import RefusedError
from protocols.definition import UP
from protocols.fields import u8
from protocols.jt808.extras import extra, extra_layouts
from protocols.jt808.extras.standard import AbnormalDriving, SegmentTime, Speeding, ZonePassage
from protocols.jt808.profile import PROFILES, STANDARD, parse_profile
from protocols.jt808.registry import message, messages


def test_messages() -> None:
    assert {message_id for message_id, owner in messages if owner == "standard"} == {
        0x0001, 0x0002, 0x0003, 0x0004, 0x0005,
        0x0100, 0x0102,
        0x0200, 0x0201,
        0x0704,
        0x8001, 0x8003, 0x8004,
        0x8100,
        0x8201, 0x8202,
        0x8300,
        0x1210, 0x1211, 0x1212, 0x9208, 0x9212,
        0x1003, 0x1005, 0x1205, 0x1206, 0x9003, 0x9101, 0x9102, 0x9105, 0x9201, 0x9202, 0x9205, 0x9206, 0x9207,
        0x9301, 0x9302, 0x9303, 0x9304, 0x9305, 0x9306,
        0x0700, 0x8700, 0x8701, 0x0608, 0x8600, 0x8601, 0x8602, 0x8603, 0x8604, 0x8605, 0x8606, 0x8607, 0x8608, 0x0702, 0x8702,
        0x0800, 0x0801, 0x0802, 0x0805, 0x8800, 0x8801, 0x8802, 0x8803, 0x8804, 0x8805,
        0x0104, 0x0107, 0x0108, 0x0301, 0x0302, 0x0303, 0x0500, 0x0701, 0x0705, 0x0900, 0x0901, 0x0A00,
        0x8103, 0x8104, 0x8105, 0x8106, 0x8107, 0x8108, 0x8203, 0x8204, 0x8301, 0x8302, 0x8303, 0x8304, 0x8400, 0x8401,
        0x8500, 0x8900, 0x8A00,
        0x0109, 0x0210, 0x0304, 0x0310, 0x0506, 0x1007, 0x1300, 0x1FC4, 0x2070, 0x4401, 0x5501, 0x5502, 0x6006, 0x8109, 0x8888, 0xA006,
    }  # fmt: skip


def test_additional_items() -> None:
    assert sorted(item_id for item_id, owner in extra_layouts if owner == "standard") == [
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x25, 0x2A, 0x2B, 0x30, 0x31, 0xE0,
    ]  # fmt: skip
    assert set(STANDARD.extras) == {item_id for item_id, owner in extra_layouts if owner == "standard"}


def test_profiles() -> None:
    assert set(PROFILES) == {
        "standard", "su_biao", "yue_biao", "hei_biao", "xiang_biao", "chuan_biao", "gps51", "jimi", "aovx", "e_lock",
        "delimiter_e7", "mixed",
    }  # fmt: skip


def test_a_message_registered_twice_is_refused() -> None:
    with pytest.raises(RefusedError):

        @message(0x0200, en="again", zh="又", way=UP)
        class Again:
            field: int = u8()


def test_a_field_without_a_specifier_is_a_mistake() -> None:
    with pytest.raises(TypeError):

        @message(0x7777, en="odd", zh="怪", way=UP)
        class Odd:
            field: int = 3


@pytest.mark.parametrize(
    ("item_id", "value", "raw"),
    [
        (0x01, 12_345, "00003039"), (0x06, -5, "8005"), (0x06, 5, "0005"), (0x05, bytes(30), "00" * 30), (0x11, Speeding(0), "00"),
        (0x11, Speeding(1, 9), "0100000009"), (0x12, ZonePassage(1, 9, 1), "010000000901"), (0x13, SegmentTime(3, 120, 1), "00000003007801"),
        (0x18, AbnormalDriving(3, 80), "000350"), (0x07, bytes(8), "00" * 8),
    ],
)  # fmt: skip
def test_an_item_is_made_from_its_value(item_id: int, value: object, raw: str) -> None:
    made = extra(item_id, value)
    assert made.raw.hex() == raw
    assert made.value() == value
    assert made.name


@pytest.mark.parametrize(("item_id", "value"), [(0x99, 1), (0x01, -1), (0x05, b"short"), (0x06, 40_000), (0x07, b"abc"), (0x01, "x")])
def test_an_item_that_does_not_fit_is_refused(item_id: int, value: object) -> None:
    with pytest.raises(RefusedError):
        extra(item_id, value)


def test_a_profile_adds_items_and_inherits() -> None:
    rows = '\n[[extra]]\nid = 0x61\nname = "voltage"\nzh = "电压"\nkind = "u16"\nscale = 0.01\nunit = "V"\nlengths = [2]\n'
    vendor = parse_profile("vendor", 'extends = "standard"\ntrust_length = false\n[match]\nmaker = ["70111"]\n' + rows, PROFILES)
    assert vendor.parents == ("standard",)
    assert set(vendor.extras) == set(STANDARD.extras) | {0x61}
    assert vendor.fits("70111", "x")
    assert not vendor.fits("1", "x")
    assert extra(0x61, 1234, vendor).raw == b"\x04\xd2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 1", "x.toml:1: colour: unknown key"),
        ('# a\ncharset = "big5"', "x.toml:2: charset:"),
        ("utc_offset_min = 5000", "x.toml:1: utc_offset_min:"),
        ('extends = "nobody"', "x.toml:1: extends:"),
        ('[[extra]]\nid = 1\nname = "a"\nkind = "u99"', "x.toml:4: u99:"),
        ('[[extra]]\nid = 1\nname = "a"', "x.toml:1: extra: an extra needs kind"),
        ('[[extra]]\nid = 1\nname = "a"\nkind = "u8"\ncolour = 1', "x.toml:5: colour:"),
        ('[[extra]]\nid = 1\nname = "a"\nkind = "u8"\n[[extra]]\nid = 1\nname = "b"\nkind = "u8"', "x.toml:7: b: item 0x01 stands twice"),
        ('[match]\nplate = ["x"]', "x.toml:2: plate:"),
        ("not toml", "x.toml:1: Expected '='"),
    ],
)
def test_a_wrong_profile_is_refused_with_file_and_line(text: str, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        parse_profile("x", text, PROFILES)
    assert str(refused.value).startswith(said)


def test_the_package_is_imported_without_numba() -> None:
    script = (
        "import sys; import protocols.jt808.connection, protocols.explain; "
        "from protocols.jt808.registry import messages; len(messages); print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
