"""How single values lie on the wire: one class a kind, used by the compiled code and by the interpreted walk."""

from protocols.kinds.base import COUNT, LENGTH, UNREADABLE, Kind, Part, Spec, leaf, refuse
from protocols.kinds.clocks import CalendarTime, UtcTime
from protocols.kinds.groups import Nested, Repeat, walk
from protocols.kinds.numbers import BcdTime, Coordinate, Digits, Number, SignMagnitude
from protocols.kinds.text import REST, ByVersion, Code, Raw, Rest, Size, Sized, Text

__all__ = [
    "COUNT", "LENGTH", "REST", "UNREADABLE", "BcdTime", "ByVersion", "CalendarTime", "Code", "Coordinate", "Digits", "Kind", "Nested", "Number", "Part", "Raw", "Repeat", "Rest", "SignMagnitude", "Size", "Sized", "Spec", "Text", "UtcTime", "leaf", "refuse", "walk",
]  # fmt: skip
