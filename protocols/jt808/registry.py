"""Messages by id and profile: one new file in `messages`, one new message."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, dataclass_transform

from domain.plugins import Registry
from protocols import fields
from protocols.definition import Chooser, Declared, Way, filing
from protocols.fields import VERSIONS

T = TypeVar("T")

messages: Registry[tuple[int, str], type] = Registry("message", "protocols.jt808.messages")
"""Message classes by (id, profile)."""


@dataclass_transform(
    frozen_default=True,
    field_specifiers=(  # mypy takes a literal tuple only
        fields.of_kind, fields.u8, fields.u16, fields.u32, fields.u64, fields.i16, fields.coordinate, fields.sign_magnitude,
        fields.text, fields.code, fields.raw, fields.digits, fields.bcd_time, fields.nested, fields.repeat, fields.since, fields.until,
        fields.when,
    ),
)  # fmt: skip
def message(  # noqa: PLR0913  a declaration, all of it by keyword
    message_id: int,
    *,
    en: str,
    zh: str,
    way: Way,
    clause: str = "",
    answer: int | None = None,
    versions: tuple[str, ...] = VERSIONS,
    choose: Chooser | None = None,
    profile: str = "standard",
) -> Callable[[type[T]], type[T]]:
    """Make a frozen slotted dataclass of a message, compile it per version and file it under (id, profile).

    Args:
        message_id: id in the header.
        en, zh: name in both languages.
        way: direction.
        clause: where JT/T 808-2019 describes it.
        answer: id of the reply it earns, `NO_ANSWER` when it earns none, None for the general reply.
        versions: editions that have it.
        choose: tells the version of a body where the header does not.
        profile: whose message it is.
    """
    return filing(messages, (message_id, profile), Declared(message_id, en, zh, way, answer, versions, choose, clause))
