"""The compiled decoder and the interpreted walk read the same, and note the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import WireError
from protocols.definition import definition_of
from protocols.jt808.codec import encode_body
from protocols.jt808.profile import STANDARD
from protocols.kinds import Part, walk
from protocols.wire import Context, Reader, Writer
from tests.protocols.wire_strategies import CASES, of_class


def outcome(read: Any, body: bytes, version: str) -> tuple[str, str, int]:
    """(message or error, anomalies, place behind) of one reading."""
    context = Context(STANDARD, version)
    reader = Reader(body, 0, len(body), context)
    try:
        said = repr(read(reader))
    except WireError as error:
        return f"{error.code} {error.offset} {error.field}", "given up before its values are judged", -1
    return said, repr(context.anomalies), reader.at


@pytest.mark.parametrize(("cls", "version"), CASES, ids=[f"{cls.__name__}-{version}" for cls, version in CASES])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_compiled_equals_interpreted(cls: type, version: str, data: Any) -> None:
    _, body = encode_body(data.draw(of_class(cls, version)), version)
    cut, place, change = data.draw(st.tuples(st.integers(0, len(body)), st.integers(0, 2000), st.integers(0, 255)))
    changed = bytearray(body[:cut] if data.draw(st.booleans()) else body)
    if changed:
        changed[place % len(changed)] ^= change
    layout = definition_of(cls).layout(version)
    parts: list[Part] = []
    compiled = outcome(layout.read, bytes(changed), version)
    walked = outcome(lambda reader: walk(layout, reader, parts), bytes(changed), version)
    assert walked == compiled
    assert [part.start for part in parts] == [0, *(part.end for part in parts)][: len(parts)], "parts are gapless"


@pytest.mark.parametrize(("cls", "version"), CASES, ids=[f"{cls.__name__}-{version}" for cls, version in CASES])
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_compiled_writing_equals_field_by_field_writing(cls: type, version: str, data: Any) -> None:
    message = data.draw(of_class(cls, version))
    writer = Writer(Context(STANDARD, version))
    for slot in definition_of(cls).layout(version).slots:
        value = getattr(message, slot.name)
        if slot.kind is not None and (value is not None or slot.spec.condition is None):
            slot.kind.write(writer, value, slot.name)
    assert bytes(writer.out) == encode_body(message, version)[1]


def test_the_source_of_the_compiled_code_is_kept() -> None:
    source = definition_of(CASES[0][0]).source("2019")
    assert "def read(reader)" in source
    assert "def write(writer, value)" in source
