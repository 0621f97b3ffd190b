"""Kinds that later messages will use: lists, digits, wide numbers, fields by version and by condition."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import RefusedError, WireError
from protocols.definition import definition_of, structure
from protocols.fields import V2013, V2019, digits, nested, raw, repeat, rest, sized, text, u8, u16, u64, until, when
from protocols.jt808.profile import STANDARD
from protocols.kinds import Part, walk
from protocols.wire import Context, Reader, Writer


@structure(en="corner", zh="顶点")
class Corner:
    x: int = u16(zh="横")
    y: int = u16(zh="纵")


@structure(en="sample", zh="样例")
class Sample:
    number: str = digits(4, zh="号码")
    wide: int = u64(zh="长整数")
    flags: int = u8(zh="标志")
    note: str | None = when("flags", text(sized(2), zh="备注"), bit=3, default=None)
    old: int | None = until(V2013, u8(zh="旧"), default=None)
    corners: tuple[Corner, ...] = repeat(count=u8(), of=nested(Corner), zh="顶点", default=())
    left: bytes = raw(rest(), zh="其余", default=b"")


FULL = Sample("00123456", 1 << 40, 0b1000, "川A", 7, (Corner(1, 2), Corner(3, 4)), b"\x01")
WIRE = bytes.fromhex("00123456 0000010000000000 08 0003 B4A841 07 02 00010002 00030004 01")


def read(body: bytes, version: str) -> tuple[Any, Context]:
    """What the compiled code makes of a body."""
    context = Context(STANDARD, version)
    return definition_of(Sample).layout(version).read(Reader(body, 0, len(body), context)), context


def write(value: Sample, version: str) -> bytes:
    """What the compiled code makes of a structure."""
    writer = Writer(Context(STANDARD, version))
    definition_of(Sample).layout(version).write(writer, value)
    return bytes(writer.out)


def test_every_kind_reads_and_writes() -> None:
    assert read(WIRE, V2013)[0] == FULL
    assert write(FULL, V2013) == WIRE


def test_a_part_for_every_byte() -> None:
    parts: list[Part] = []
    assert walk(definition_of(Sample).layout(V2013), Reader(WIRE, 0, len(WIRE), Context(STANDARD, V2013)), parts) == FULL
    assert [part.path for part in parts] == [
        "number", "wide", "flags", "note.length", "note", "old", "corners.count", "corners[0].x", "corners[0].y", "corners[1].x",
        "corners[1].y", "left",
    ]  # fmt: skip
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]


def test_a_field_that_a_version_lacks_is_none_there_and_refused() -> None:
    body = write(Sample("00000000", 0, 0), V2019)
    assert read(body, V2019)[0].old is None
    with pytest.raises(RefusedError):
        write(Sample("00000000", 0, 0, old=1), V2019)


@pytest.mark.parametrize("end", range(len(WIRE) - 1))
def test_a_body_cut_anywhere_is_short_and_names_its_field(end: int) -> None:
    with pytest.raises(WireError) as wrong:
        read(WIRE[:end], V2013)
    assert wrong.value.code == "short_body"
    assert wrong.value.field
    assert wrong.value.offset <= end


def test_a_nibble_above_nine_is_kept_and_noted() -> None:
    value, context = read(b"\x0a" + WIRE[1:], V2013)
    assert value.number == "0a123456"
    assert [odd.code for odd in context.anomalies] == ["bad_bcd"]


@pytest.mark.parametrize(
    "value",
    [
        Sample("123", 0, 0, old=1), Sample("0012345z", 0, 0, old=1), Sample("00000000", 1 << 64, 0, old=1),
        Sample("00000000", 0, 8, "x" * 70_000, 1), Sample("00000000", 0, 0, "note without its bit", 1),
        Sample("00000000", 0, 0, old=1, corners=(Corner(1, 2),) * 256), Sample("00000000", 0, 0, old=1, corners=(1,)),  # type: ignore[arg-type]
        Sample("00000000", 0, 0, old=1, left="text"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(value: Sample) -> None:
    with pytest.raises(RefusedError):
        write(value, V2013)
