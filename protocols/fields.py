"""Field specifiers: what stands behind `=` in a message class.

A specifier says how a field lies on the wire and how people read it. Fields that a version lacks, or whose condition does not
hold, are None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from protocols.kinds import (
    REST,
    BcdTime,
    ByVersion,
    CalendarTime,
    Code,
    Coordinate,
    Digits,
    Kind,
    Nested,
    Number,
    Raw,
    Repeat,
    Rest,
    SignMagnitude,
    Size,
    Sized,
    Text,
    UtcTime,
)

V2011, V2013, V2019 = VERSIONS = ("2011", "2013", "2019")
"""Editions of JT/T 808."""

Words = tuple[str, str]
"""(English, 中文)."""

REQUIRED: Any = object()
"""Default of a field that must be given."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Presence of a field by an earlier one: equal to, unlike, or with a bit set."""

    name: str
    test: str
    value: int

    def holds(self, value: Any) -> bool:
        """True when the field is there."""
        if self.test == "bit":
            return bool(value >> self.value & 1)
        return bool((value == self.value) == (self.test == "equals"))

    def source(self, variable: str) -> str:
        """The test as Python source."""
        if self.test == "bit":
            return f"{variable} >> {self.value} & 1"
        return f"{variable} {'==' if self.test == 'equals' else '!='} {self.value}"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: kind on the wire, words, unit, scale of the displayed value, names of values or bits, versions, condition."""

    kind: Kind
    en: str = ""
    zh: str = ""
    unit: str = ""
    scale: float = 1.0
    names: Mapping[int, Words] | None = None
    bits: Mapping[int, Words] | None = None
    versions: tuple[str, ...] = VERSIONS
    condition: Condition | None = None
    default: Any = REQUIRED


def of_kind(kind: Kind, **words: Any) -> Any:
    """A field of any kind; keywords are those of `FieldSpec`."""
    return FieldSpec(kind, **words)


def u8(**words: Any) -> Any:
    """Unsigned byte."""
    return FieldSpec(Number("B"), **words)


def u16(**words: Any) -> Any:
    """Unsigned 16 bit."""
    return FieldSpec(Number("H"), **words)


def u32(**words: Any) -> Any:
    """Unsigned 32 bit."""
    return FieldSpec(Number("I"), **words)


def u64(**words: Any) -> Any:
    """Unsigned 64 bit."""
    return FieldSpec(Number("Q"), **words)


def i16(**words: Any) -> Any:
    """Signed 16 bit, two's complement."""
    return FieldSpec(Number("h"), **words)


def coordinate(limit_deg: int, **words: Any) -> Any:
    """Unsigned 1e-6 degree; beyond the limit `out_of_range`."""
    return FieldSpec(Coordinate(limit_e6=limit_deg * 1_000_000), unit="°", scale=1e-6, **words)


def sign_magnitude(**words: Any) -> Any:
    """Signed 16 bit, sign in bit 15 and magnitude below it."""
    return FieldSpec(SignMagnitude(), **words)


def text(extent: Size | ByVersion = REST, **words: Any) -> Any:
    """Text in the profile's charset, GBK by default."""
    return FieldSpec(Text(extent), **words)


def code(extent: int | ByVersion, **words: Any) -> Any:
    """Identifier of a fixed size; bytes that are not printable are kept as `hex:...`."""
    return FieldSpec(Code(extent), **words)


def raw(extent: Size | ByVersion = REST, **words: Any) -> Any:
    """Bytes as they are."""
    return FieldSpec(Raw(extent), **words)


def digits(size: int, **words: Any) -> Any:
    """BCD digits of `size` bytes, kept as text."""
    return FieldSpec(Digits(size), **words)


def bcd_time(*, utc: bool = False, **words: Any) -> Any:
    """Clock of six BCD bytes, as epoch ms UTC; None for `bad_time`."""
    return FieldSpec(BcdTime(utc), **words)


def utc_time(**words: Any) -> Any:
    """UTC of eight bytes, as epoch ms; 0 where left out, None for `bad_time`."""
    return FieldSpec(UtcTime(), **words)


def calendar_time(**words: Any) -> Any:
    """Day, month, year, hour, minute, second, as epoch ms UTC; None for `bad_time`."""
    return FieldSpec(CalendarTime(), **words)


def nested(of: type, **words: Any) -> Any:
    """A structure of its own."""
    return FieldSpec(Nested(of), **words)


def repeat(*, count: Any, of: Any, **words: Any) -> Any:
    """A counted list, as a tuple."""
    return FieldSpec(Repeat(count.kind, of.kind), **words)


def since(version: str, field: Any, *, default: Any = REQUIRED) -> Any:
    """The field in this version and later ones; None in earlier ones."""
    return replace(field, versions=VERSIONS[VERSIONS.index(version) :], default=default)


def until(version: str, field: Any, *, default: Any = REQUIRED) -> Any:
    """The field in this version and earlier ones; None in later ones."""
    return replace(field, versions=VERSIONS[: VERSIONS.index(version) + 1], default=default)


def when(
    name: str, field: Any, *, equals: int | None = None, unlike: int | None = None, bit: int | None = None, default: Any = REQUIRED
) -> Any:
    """The field where an earlier one has a value, has not, or has a bit set; None elsewhere."""
    for test, value in (("equals", equals), ("unlike", unlike), ("bit", bit)):
        if value is not None:
            return replace(field, condition=Condition(name, test, value), default=default)
    raise ValueError(f"when({name!r}) without a test")


def rest() -> Rest:
    """Size of a field that goes to the end of the body."""
    return REST


def sized(width: int = 1) -> Sized:
    """Size of a field that has its length before it, in `width` bytes."""
    return Sized(width)


def by_version(v2011: Size, v2013: Size, v2019: Size) -> ByVersion:
    """Size that differs by version."""
    return ByVersion(v2011, v2013, v2019)
