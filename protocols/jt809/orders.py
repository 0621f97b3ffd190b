"""What one platform asks of another, as plain fields and as messages: follow-up orders, roll calls, texts, alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.errors import RefusedError
from protocols.fields import V2019
from protocols.jt809.codec import encode_body
from protocols.jt809.envelope import Subject, has_vehicle
from protocols.jt809.messages.alarms import AlarmReport, FollowUpAnswer, FollowUpAnswerBySerial, FollowUpOrder
from protocols.jt809.messages.platform import PlatformText, PlatformTextAnswer, RollCall, RollCallAnswer
from protocols.jt809.peer import Peer

ORDER, ROLL_CALL, TEXT, ALARM = "order", "roll_call", "text", "alarm"
FIELDS: dict[str, dict[str, Any]] = {
    ORDER: {"source": 3, "kind": 0x000E, "time_ms": 0, "deadline_ms": 0, "level": 1, "supervisor": "", "telephone": "", "email": ""},
    ROLL_CALL: {"object_type": 1, "object_id": "", "limit_min": 10, "content": ""},
    TEXT: {"object_type": 1, "object_id": "", "content": ""},
}
"""Fields of each kind that can be asked, with what is sent where nothing is said. Times are epoch ms UTC."""

_QUESTION_SUB_ID = {ORDER: 0x9401, ROLL_CALL: 0x9301, TEXT: 0x9302}
_U32 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, or an alarm, that came. number: order id or information id."""

    kind: str
    number: int
    fields: dict[str, Any]
    plate: str | None = None
    plate_colour: int | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that came, and what it names: number (order id, information id) or the serial of the question; None where it does not."""

    kind: str
    number: int | None
    source_serial: int | None
    result: int | None = None
    content: str = ""
    responder: str = ""
    telephone: str = ""


def question(kind: str, number: int, fields: Mapping[str, Any], version: str) -> Any:
    """The message of a question.

    Args:
        kind: `ORDER`, `ROLL_CALL` or `TEXT`; number: order id or information id, of which 32 bits are sent; fields: see `FIELDS`.
    Raises:
        RefusedError: a kind or field that there is not.
    """
    if kind not in FIELDS:
        raise RefusedError(f"{kind!r} is none of {', '.join(FIELDS)}", field="kind")
    for name in fields:
        if name not in FIELDS[kind]:
            raise RefusedError(f"no field {name} of {kind}; there are {', '.join(FIELDS[kind])}", field=name)
    said = FIELDS[kind] | dict(fields)
    if kind == ORDER:
        return FollowUpOrder(
            said["source"], said["kind"], said["time_ms"], number & _U32, said["deadline_ms"], said["level"], said["supervisor"],
            said["telephone"], said["email"],
        )  # fmt: skip
    if kind == ROLL_CALL:
        limit = said["limit_min"] if version == V2019 else None
        return RollCall(said["object_type"], said["object_id"], limit, number & _U32, said["content"])
    return PlatformText(said["object_type"], said["object_id"], number & _U32, said["content"])


def check(kind: str, fields: Mapping[str, Any], version: str, vehicle: Subject | None) -> None:
    """RefusedError, naming the field, when a question cannot be sent as it is."""
    message = question(kind, 0, fields, version)
    encode_body(message, version, subject_of(kind, version, vehicle), Peer(version=version))


def subject_of(kind: str, version: str, vehicle: Subject | None) -> Subject | None:
    """The vehicle in the envelope of a question: orders of 2011 name it there. RefusedError where it is missing."""
    if kind != ORDER or not has_vehicle(0x9400, version):
        return None
    if vehicle is None:
        raise RefusedError("an order of the 2011 edition needs plate and colour", field="plate")
    return vehicle


def asked(message: Any, subject: Subject | None) -> Asked | None:
    """The question or alarm that a message is; None for other messages."""
    plate, colour = (subject.plate, subject.plate_colour) if subject is not None else (None, None)
    if isinstance(message, FollowUpOrder):
        fields = {name: getattr(message, name) for name in FIELDS[ORDER]}
        return Asked(ORDER, message.order_id, fields, plate, colour)
    if isinstance(message, RollCall):
        return Asked(ROLL_CALL, message.info_id, {name: getattr(message, name) for name in FIELDS[ROLL_CALL]})
    if isinstance(message, PlatformText):
        return Asked(TEXT, message.info_id, {name: getattr(message, name) for name in FIELDS[TEXT]})
    if isinstance(message, AlarmReport):
        fields = {
            "source": message.source,
            "kind": message.kind,
            "time_ms": message.time_ms or message.start_ms,
            "content": message.content,
        }
        plate, colour = (message.plate, message.plate_colour) if message.plate is not None else (plate, colour)
        return Asked(ALARM, message.info_id or 0, fields, plate, colour)
    return None


def answered(message: Any) -> Answered | None:
    """The answer that a message is; None for other messages."""
    if isinstance(message, FollowUpAnswer):
        return Answered(ORDER, message.order_id, message.source_serial, message.result)
    if isinstance(message, FollowUpAnswerBySerial):
        return Answered(ORDER, None, message.source_serial, message.result)
    if isinstance(message, RollCallAnswer):
        who, phone = message.responder or "", message.telephone or ""
        return Answered(ROLL_CALL, message.info_id, message.source_serial, None, message.content, who, phone)
    if isinstance(message, PlatformTextAnswer):
        return Answered(TEXT, message.info_id, message.source_serial)
    return None


def answer(question: Asked, serial: int, said: Answered, version: str) -> Any:
    """The message that answers a question.

    Args:
        question: what was asked; serial: of its frame; said: result, or content and name of who answers.
    Raises:
        RefusedError: nobody answers this kind by hand.
    """
    newer = version == V2019
    named: dict[str, Any] = {"source_type": _QUESTION_SUB_ID.get(question.kind, 0), "source_serial": serial} if newer else {}
    if question.kind == ORDER:
        return FollowUpAnswer(question.number, **named, result=said.result or 0)
    if question.kind != ROLL_CALL:
        raise RefusedError(f"a {question.kind} is not answered by hand", field="kind", kind="conflict")
    fields = question.fields
    made = RollCallAnswer(fields["object_type"], None, None, fields["object_id"], content=said.content)
    if newer:
        return replace(made, responder=said.responder, telephone=said.telephone, **named)
    return replace(made, info_id=question.number)
