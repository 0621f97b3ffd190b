"""Messages by id and profile: one new file in `messages`, one new message."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, dataclass_transform

from domain.plugins import Registry
from protocols.definition import Chooser, Way, build, definition_of
from protocols.fields import SPECIFIERS, VERSIONS

T = TypeVar("T")

messages: Registry[tuple[int, str], type] = Registry("message", "protocols.jt808.messages")
"""Message classes by (id, profile)."""


@dataclass_transform(frozen_default=True, field_specifiers=SPECIFIERS)
def message(
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
        answer: id of the reply it earns, when that is not the general reply.
        versions: editions that have it.
        choose: tells the version of a body where the header does not.
        profile: whose message it is.
    """

    def file(cls: type[T]) -> type[T]:
        made = build(cls, en=en, zh=zh, versions=versions)
        definition = definition_of(made)
        definition.message_id, definition.way, definition.answer, definition.choose = message_id, way, answer, choose
        definition.source_clause = clause
        messages.add((message_id, profile), made)
        return made

    return file
