"""Kinds of values that a threshold row may hold: what is written, within which bounds, and the number that a kernel reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a rule's threshold rows.

    says: what it may be, for messages; read: value as written to the number or numbers of kernels, ValueError or TypeError when it is not one;
    optional: a row may leave it out.
    """

    says: str
    read: Callable[[Any], Any]
    optional: bool = False

    def number(self, name: str, value: Any) -> Any:
        """The value that kernels read; RefusedError with the parameter's name and bounds."""
        try:
            return self.read(value)
        except (ValueError, TypeError):
            raise RefusedError(f"{name} = {value!r}: must be {self.says}", field=name) from None


def _within(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ValueError
    return value


def _plain(value: Any, kinds: tuple[type, ...]) -> Any:
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise TypeError
    return value


def seconds(low: int, high: int) -> Parameter:
    """Whole seconds; kernels read milliseconds."""
    return Parameter(f"whole seconds from {low} to {high}", lambda value: int(_within(_plain(value, (int,)), low, high)) * 1000)


def number(low: float, high: float, unit: str = "") -> Parameter:
    """A number of a unit."""
    return Parameter(f"a number from {low} to {high} {unit}".rstrip(), lambda value: float(_within(_plain(value, (int, float)), low, high)))


def flag() -> Parameter:
    """true or false."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise TypeError
        return value

    return Parameter("true or false", read)


def choice(names: Sequence[str]) -> Parameter:
    """One of some words; kernels read its place among them."""
    return Parameter("one of " + ", ".join(names), lambda value: list(names).index(value))


def clock() -> Parameter:
    """["22:00", "06:00"]: a half-open window of the Asia/Shanghai day; kernels read two milliseconds of the day."""

    def read(value: Any) -> tuple[int, int]:
        begin, end = (_clock_ms(text) for text in value)
        if begin == end:
            raise ValueError
        return begin, end

    return Parameter('two different times of day, such as ["22:00", "06:00"]', read)


def _clock_ms(text: str) -> int:
    hours, minutes = (int(part) for part in text.split(":"))
    return int(_within(hours, 0, 23) * 3_600_000 + _within(minutes, 0, 59) * 60_000)


def rising(count: int, low: float, high: float) -> Parameter:
    """Numbers that rise."""

    def read(value: Any) -> tuple[float, ...]:
        found = tuple(float(_within(_plain(one, (int, float)), low, high)) for one in value)
        if len(found) != count or list(found) != sorted(set(found)):
            raise ValueError
        return found

    return Parameter(f"{count} rising numbers from {low} to {high}", read)


def whole(parameters: Mapping[str, Parameter], row: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a row; RefusedError for a parameter that is missing, unknown or out of its bounds."""
    for name in row:
        if name not in parameters:
            raise RefusedError(f"{name}: no such parameter; there are {', '.join(parameters)}", field=name)
    for name in parameters:
        if name not in row and not parameters[name].optional:
            raise RefusedError(f"{name} is missing: must be {parameters[name].says}", field=name)
    return {name: one.number(name, row[name]) for name, one in parameters.items() if name in row}
