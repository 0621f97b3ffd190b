"""Messages by id, sub-id: one definition holds the layouts of every edition, as for JT/T 808."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, dataclass_transform

from domain.plugins import Registry
from protocols import fields
from protocols.definition import Chooser, Declared, Definition, Way, definition_of, filing
from protocols.jt809.peer import VERSIONS

T = TypeVar("T")

messages: Registry[tuple[int, int], type] = Registry("message", "protocols.jt809.messages")
"""Message classes by (id, sub-id); the sub-id is 0 where a message has none."""


@dataclass_transform(
    frozen_default=True,
    field_specifiers=(  # mypy takes a literal tuple only
        fields.of_kind, fields.u8, fields.u16, fields.u32, fields.u64, fields.text, fields.code, fields.raw, fields.digits,
        fields.utc_time, fields.calendar_time, fields.nested, fields.repeat, fields.since, fields.until, fields.when,
    ),
)  # fmt: skip
def message(  # noqa: PLR0913  a declaration, all of it by keyword
    message_id: int,
    sub_id: int = 0,
    *,
    en: str,
    zh: str,
    way: Way,
    name: str,
    answer: int | None = None,
    versions: tuple[str, ...] = VERSIONS,
    choose: Chooser | None = None,
) -> Callable[[type[T]], type[T]]:
    """Make a frozen slotted dataclass of a message, compile it per version and file it under (id, sub-id).

    Args:
        message_id: id in the header.
        sub_id: id of the sub-message, 0 for none.
        en, zh: name in both languages.
        way: `UP` from the subordinate platform to the superior one, or `DOWN`.
        name: the standard's own name, as UP_CONNECT_REQ.
        answer: id, or sub-id where the answer has one, of the message that answers it; None for none.
        versions: editions that have it.
        choose: tells the layout where bytes say more than the peer's edition.
    """
    return filing(messages, (message_id, sub_id), Declared(message_id, en, zh, way, answer, versions, choose, name, sub_id))


def find_definition(message_id: int, sub_id: int) -> Definition | None:
    """Definition of an id; None when nobody knows it."""
    found = messages.get((message_id, sub_id))
    return None if found is None else definition_of(found)
