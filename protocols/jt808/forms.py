"""Messages as JSON and back: what command forms, the API and the command line speak."""

from __future__ import annotations

import dataclasses
from typing import Any

from domain.errors import RefusedError
from protocols.definition import DOWN, definition_of
from protocols.jt808.extras import Extra
from protocols.jt808.parameters.base import Parameter
from protocols.jt808.registry import messages
from protocols.kinds.groups import from_json

STANDARD_PROFILE = "standard"


def command_of(message_id: int, fields: Any, profile: str = STANDARD_PROFILE, version: str = "") -> Any:
    """A message to a terminal from what JSON gave.

    Args:
        message_id: such as 0x8300; fields: name to value, as `json_schema` describes them.
        profile: whose message it is; the standard's where the profile has none of its own.
        version: edition of the terminal: its message is made without the fields that this edition lacks. "": none is left out.
    Raises:
        RefusedError: an unknown id, one that only terminals send, an unknown or missing field, a value of another kind.
    """
    cls = messages.get((message_id, profile)) or messages.get((message_id, STANDARD_PROFILE))
    if cls is None:
        raise RefusedError(f"no message 0x{message_id:04X}; docs/protocols lists them", field="message_id", kind="missing")
    if definition_of(cls).way is not DOWN:
        raise RefusedError(f"0x{message_id:04X} comes from terminals, none is sent to them", field="message_id")
    asked = from_json(cls, fields, version=version)
    return _in_edition(asked, version) if version else asked


def _in_edition(value: Any, version: str) -> Any:
    """A message without the fields that an edition lacks, inside its structures too."""
    if isinstance(value, tuple):
        return tuple(_in_edition(item, version) for item in value)
    definition = getattr(type(value), "definition", None)
    if definition is None:
        return value
    kept = {
        name: _in_edition(getattr(value, name), version) if version in spec.versions else None for name, spec in definition.fields.items()
    }
    return dataclasses.replace(value, **kept)


def as_json(value: Any) -> Any:
    """A message, or a value in one, as JSON takes it: bytes as hexadecimal digits, structures as objects, tuples as arrays;
    parameters and additional items with their name and what they say, None where nobody knows."""
    if isinstance(value, Parameter | Extra):
        return {"id": value.id, "raw": value.raw.hex(), "name": value.name, "value": as_json(value.value())}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {str(name): as_json(item) for name, item in value.items()}
    return value
