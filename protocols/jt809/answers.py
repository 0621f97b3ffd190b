"""Answers: which messages a link answers itself, and how an answer names what it answers."""

from __future__ import annotations

from typing import Any

from protocols.definition import definition_of
from protocols.fields import V2019
from protocols.jt809.header import Header
from protocols.jt809.messages.alarms import FollowUpAnswer, FollowUpOrder
from protocols.jt809.messages.exchange import (
    Backfill,
    EndExchange,
    EndExchangeAnswer,
    ExchangedBackfill,
    ExchangedPosition,
    LivePosition,
    StartExchange,
    StartExchangeAnswer,
)
from protocols.jt809.messages.platform import PlatformText, PlatformTextAnswer, RollCall, RollCallAnswer


def sub_of(message: Any) -> int:
    """Sub-id of a message, its id where it has none."""
    definition = definition_of(message)
    return definition.sub_id or definition.message_id or 0


def source_of(message: Any, header: Header, version: str) -> dict[str, int]:
    """The fields by which a 2019 answer names what it answers; none in 2011."""
    return {"source_type": sub_of(message), "source_serial": header.serial} if version == V2019 else {}


def receipt(message: Any, header: Header, version: str) -> Any:
    """The answer that needs nobody's decision: exchange started or ended, text received; None for other messages."""
    source = source_of(message, header, version)
    if isinstance(message, StartExchange):
        return StartExchangeAnswer(**source)
    if isinstance(message, EndExchange):
        return EndExchangeAnswer(**source)
    if isinstance(message, PlatformText):
        return PlatformTextAnswer(**source) if version == V2019 else PlatformTextAnswer(info_id=message.info_id)
    return None


def roll_call_answer(call: RollCall, header: Header, version: str, content: str, responder: str, telephone: str) -> RollCallAnswer:
    """What the person on duty says to a roll call; name and telephone are sent in 2019 only."""
    if version == V2019:
        source = source_of(call, header, version)
        return RollCallAnswer(call.object_type, responder, telephone, call.object_id, None, **source, content=content)
    return RollCallAnswer(call.object_type, None, None, call.object_id, call.info_id, content=content)


def follow_up_answer(order: FollowUpOrder, header: Header, version: str, result: int) -> FollowUpAnswer:
    """How far an alarm is dealt with: 0 in progress, 1 done, 2 no action, 3 later."""
    return FollowUpAnswer(order.order_id, **source_of(order, header, version), result=result)


def order_keys(message: Any, serial: int) -> list[tuple[int, str, int]]:
    """Keys under which the answer to an order of ours will be found: by its own id, and by its serial."""
    answer = definition_of(message).answer
    if answer is None:
        return []
    keys = [(answer, "serial", serial)]
    number = getattr(message, "order_id", getattr(message, "info_id", getattr(message, "text_id", None)))
    return keys if number is None else [*keys, (answer, "number", number)]


def answer_keys(message: Any) -> list[tuple[int, str, int]]:
    """Keys that an answer names."""
    serial = getattr(message, "source_serial", None)
    number = getattr(message, "order_id", getattr(message, "info_id", getattr(message, "text_id", None)))
    sub_id = sub_of(message)
    return [(sub_id, kind, value) for kind, value in (("serial", serial), ("number", number)) if value is not None]


def positions_in(message: Any) -> int:
    """Positions that a message carries."""
    if isinstance(message, (LivePosition, ExchangedPosition)):
        return 1
    return len(message.positions) if isinstance(message, (Backfill, ExchangedBackfill)) else 0
