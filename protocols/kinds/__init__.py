"""How single values lie on the wire: one class a kind, used by the compiled code and by the interpreted walk."""

from protocols.kinds.base import Kind, refuse
from protocols.kinds.groups import Nested, Repeat
from protocols.kinds.numbers import BcdTime, Coordinate, Digits, Number, SignMagnitude
from protocols.kinds.text import REST, ByVersion, Code, Raw, Rest, Size, Sized, Text

__all__ = [
    "REST", "BcdTime", "ByVersion", "Code", "Coordinate", "Digits", "Kind", "Nested", "Number", "Raw", "Repeat", "Rest", "SignMagnitude", "Size", "Sized", "Text", "refuse",
]  # fmt: skip
