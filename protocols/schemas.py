"""JSON schemas of messages, from their definitions."""

from __future__ import annotations

from typing import Any

from protocols.definition import Definition, definition_of
from protocols.describe import field_words
from protocols.jt808.registry import messages


def json_schema(message_id: int, version: str, profile: str = "standard") -> dict[str, Any]:
    """JSON schema of a message's fields in one version, for command forms; RefusedError for an unknown id."""
    return schema_of(definition_of(messages[message_id, profile]), version)


def schema_of(definition: Definition, version: str) -> dict[str, Any]:
    """JSON schema of a definition's fields in one version."""
    needed: dict[str, dict[str, Any]] = {}
    schema = _object(definition, version, needed)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": definition.en, **schema, "$defs": needed}


def _object(definition: Definition, version: str, needed: dict[str, dict[str, Any]]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required = []
    for slot in definition.layout(version).slots:
        if slot.kind is None:
            continue
        english, chinese = field_words(slot.name, slot.spec)
        properties[slot.name] = {**slot.kind.schema(), "title": english, "x-title-zh": chinese}
        if slot.spec.unit:
            properties[slot.name] |= {"x-unit": slot.spec.unit, "x-scale": slot.spec.scale}
        if slot.spec.names is not None:
            properties[slot.name]["x-names"] = {str(value): list(words) for value, words in slot.spec.names.items()}
        if slot.spec.condition is None:
            required.append(slot.name)
        for inner in map(definition_of, slot.kind.classes):
            if inner.cls.__name__ not in needed:
                needed[inner.cls.__name__] = {}
                needed[inner.cls.__name__] = _object(inner, version, needed)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
