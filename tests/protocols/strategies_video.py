"""Strategies of the kinds that video and active safety bring."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from protocols.kinds.alarm_id import FORMS, AlarmId, AlarmIdentifier, AlarmTerminalCode
from protocols.kinds.open_time import OpenTime
from tests.protocols.wire_strategies import U8, clocks, words


def identifiers(form: str = "su") -> st.SearchStrategy[AlarmIdentifier]:
    """Alarm identifiers of a province's form."""
    code, reserved, _ = FORMS[form]
    return st.builds(AlarmIdentifier, words(code), clocks(), U8, U8, st.binary(min_size=reserved, max_size=reserved))


KINDS: dict[type, Any] = {
    OpenTime: lambda kind, version: st.one_of(st.none(), clocks()),
    AlarmId: lambda kind, version: identifiers(),
    AlarmTerminalCode: lambda kind, version: words(FORMS["su"].separate),
}
