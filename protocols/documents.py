"""Every generated document: messages of JT/T 808 and of JT/T 809."""

from __future__ import annotations

from typing import Any

from protocols import describe
from protocols.definition import definition_of
from protocols.jt809.registry import messages
from protocols.schemas import schema_of


def platform_schema(message_id: int, sub_id: int, version: str) -> dict[str, Any]:
    """JSON schema of a JT/T 809 message's fields in one edition; RefusedError for an unknown id."""
    return schema_of(definition_of(messages[message_id, sub_id]), version)


def _number(message_id: int, sub_id: int) -> str:
    return f"0x{message_id:04X}-0x{sub_id:04X}" if sub_id else f"0x{message_id:04X}"


def _platform_pages() -> dict[str, str]:
    made, rows = {}, []
    for message_id, sub_id in sorted(messages, key=lambda key: key[1] or key[0]):
        definition, number = definition_of(messages[message_id, sub_id]), _number(message_id, sub_id)
        way = {"up": "subordinate → superior", "down": "superior → subordinate"}[str(definition.way)]
        answer = definition.answer
        origin = f"{way} · JT/T 809 {definition.source_clause}" + ("" if answer is None else f" · answered by 0x{answer:04X}")
        made[f"jt809-{number}.md"] = describe.page(definition, number.replace("-", " "), origin)
        link = f"[{number.replace('-', ' ')}](jt809-{number}.md)"
        rows.append((link, definition.en, definition.zh, str(definition.way), ", ".join(definition.versions)))
    head = ("id", "English name", "中文", "direction", "editions")
    note = "Generated from the definitions by `cuntong explain --docs docs/protocols`; do not edit."
    made["jt809.md"] = "\n".join(["# JT/T 809 messages", "", note, "", *describe.table(head, rows)]) + "\n"
    return made


def documents() -> dict[str, str]:
    """Every generated document by file name, the indexes among them."""
    made = describe.documents()
    made["README.md"] = made["README.md"].rstrip("\n") + " · [JT/T 809 messages](jt809.md)\n"
    return made | _platform_pages()
