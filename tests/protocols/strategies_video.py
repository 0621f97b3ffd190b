"""Strategies of the kinds that video and active safety bring."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from protocols.kinds.open_time import OpenTime
from tests.protocols.wire_strategies import clocks

KINDS: dict[type, Any] = {OpenTime: lambda kind, version: st.one_of(st.none(), clocks())}
