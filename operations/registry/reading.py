"""The rows of an import: headings in English or Chinese, cells by the type of their fields, every fault with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.errors import RefusedError
from operations.registry.kinds import Field, Kind
from operations.registry.sheets import rows
from operations.registry.values import read

Progress = Callable[[str, int], None]
"""Told what is being done ("read", "check", "write", "bind") and how many rows of it are done."""

_TOLD_EVERY = 5_000


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken: line of the file (the heading is line 1; 0: several rows together), column at fault ("" the row), reason."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """Outcome. Either `bad` is empty and everything counted was written, or nothing was.

    Args:
        rows: of the file, without the heading; made, changed: entities; bound: terminals that ride in another vehicle than before.
    """

    kind: str
    rows: int = 0
    made: int = 0
    changed: int = 0
    bound: int = 0
    bad: list[BadRow] = field(default_factory=list)


@dataclass(slots=True)
class Rows:
    """Rows as they are taken: line, values by field name."""

    fields: list[Field]
    lines: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    seen: int = 0


def headings(kind: Kind) -> list[Field]:
    """Fields that a file of the kind may have, in the order of its template."""
    return [*kind.fields, *([kind.bound] if kind.bound is not None else [])]


def read_rows(kind: Kind, data: bytes, name: str, progress: Progress) -> Rows:
    """Rows of a file, and their faults.

    Raises:
        RefusedError: the file cannot be read, or its heading lacks a column or has an unknown one.
    """
    table = rows(data, name)
    _, heading = next(table, (1, []))
    columns = _heading(kind, [str(cell or "").strip() for cell in heading], name)
    taken = Rows([one for one in columns if one is not None])
    for line, cells in table:
        taken.seen += 1
        if len(cells) > len(columns) and any(str(cell or "").strip() for cell in cells[len(columns) :]):
            taken.bad.append(BadRow(line, "", "more values than the heading has columns"))
            continue
        values, faults = {}, 0
        for one, cell in zip(columns, cells, strict=False):
            if one is None:
                continue
            try:
                values[one.name] = read(one, cell)
            except ValueError as error:
                taken.bad.append(BadRow(line, one.heading, str(error)))
                faults += 1
        for one in columns:
            if one is not None and one.required and one.default is None and values.get(one.name, 0 if faults else None) is None:
                taken.bad.append(BadRow(line, one.heading, f"no {one.heading} ({one.zh})"))
                faults += 1
        if not faults:
            taken.lines.append((line, values))
        if taken.seen % _TOLD_EVERY == 0:
            progress("read", taken.seen)
    return taken


def _heading(kind: Kind, names: Sequence[str], file: str) -> list[Field | None]:
    """Field of each column; None: a column without a heading."""
    known: dict[str, Field] = {}
    for one in headings(kind):
        for word in (one.name, one.heading, one.zh, re.sub(r"[(（].*", "", one.zh)):
            known.setdefault(word.lower(), one)
    found = [known.get(re.sub(r"[*＊\s]", "", name).lower()) if name else None for name in names]
    unknown = [name for name, one in zip(names, found, strict=True) if name and one is None]
    twice = [one for one in found if one is not None and found.count(one) > 1]
    missing = [one for one in kind.fields if one.required and one.default is None and one not in found]
    columns = ", ".join(f"{one.heading} ({one.zh})" for one in headings(kind))
    for what, words in (
        ("has an unknown column", unknown), ("has twice the column", [one.heading for one in twice]),
        ("lacks the column", [f"{one.heading} ({one.zh})" for one in missing]),
    ):  # fmt: skip
        if words:
            raise RefusedError(f"{file} {what} {words[0][:50]!r}; columns: {columns}", field=words[0][:50])
    return found


def no_doubles(kind: Kind, taken: Rows) -> None:
    """No entity twice in a file, and no terminal in two vehicles."""
    keys: dict[tuple[Any, ...], int] = {}
    riding: dict[Any, int] = {}
    for line, values in taken.lines:
        key = tuple(values.get(name) for name in kind.natural)
        before = keys.setdefault(key, line)
        if before != line:
            taken.bad.append(BadRow(line, kind.natural[0], f"the same {kind.table} is on line {before} already"))
        rides = values.get(kind.bound.name) if kind.bound is not None else None
        if rides is not None and riding.setdefault(rides, line) != line and kind.bound is not None:
            taken.bad.append(BadRow(line, kind.bound.heading, f"{rides} is on line {riding[rides]} already"))
