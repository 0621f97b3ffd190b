"""The registry: which terminal rides in which vehicle of which operator. Import from CSV, all rows or none."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from domain.errors import RefusedError
from domain.plate import PLATE_COLOURS
from operations.registry import fleet_store as registry_store
from operations.registry.fleet_store import Entry

REQUIRED = ("plate", "plate_colour")
OPTIONAL = ("terminal_id", "operator", "vehicle_class", "region_code", "dangerous_goods", "profile", "given_code")
VEHICLE_CLASSES = (
    "unknown", "rural_bus", "town_bus", "line_coach", "charter_coach", "taxi", "freight", "dangerous_goods", "student_bus", "other",
)  # fmt: skip
_COLOUR_CODES = {name: code for code, name in PLATE_COLOURS.items()}
_YES_NO = {"": False, "0": False, "no": False, "false": False, "否": False, "1": True, "yes": True, "true": True, "是": True}


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken: line of the file (the heading is line 1), column at fault ("" the whole row), reason."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """Outcome of an import. Either `bad` is empty and everything counted was written, or nothing was."""

    vehicles: int = 0
    terminals: int = 0
    operators: int = 0
    bad: list[BadRow] = field(default_factory=list)


def import_csv(conn: psycopg.Connection[Any], path: Path, at: datetime) -> Imported:
    """Read a CSV file (UTF-8, with or without BOM, or GB 18030) and write it, all rows or none.

    Args:
        conn: owner or `cuntong_app`; the rows are written in one (sub-)transaction.
        path: heading with `REQUIRED` and any of `OPTIONAL`.
        at: from when the bindings count, aware.
    Raises:
        RefusedError: not a CSV text, or a column is missing or unknown.
    """
    lines = list(_read(path))
    entries, bad = _parse(lines)
    bad += _against_database(conn, entries)
    if bad:
        return Imported(bad=sorted(bad, key=lambda row: (row.line, row.column)))
    with conn.transaction():
        bound = registry_store.put_entries(conn, [entry for _, entry in entries], at)
    return Imported(len(entries), len(bound), len({entry.operator for _, entry in entries if entry.operator}))


def register(conn: psycopg.Connection[Any], entry: Entry, at: datetime | None = None) -> int | None:
    """Register one vehicle and its terminal; vehicle_id of the terminal, None without a terminal.

    Raises:
        RefusedError: a value does not fit, or something named is revoked.
    """
    with conn.transaction():
        bound = registry_store.put_entries(conn, [entry], at or datetime.now(UTC))
    return bound.get(entry.terminal_id or "")


def revoke(conn: psycopg.Connection[Any], terminal_id: str) -> None:
    """Revoke a terminal's auth code; RefusedError when there is no such terminal."""
    if not registry_store.revoke(conn, bare(terminal_id)):
        raise RefusedError(f"no terminal {bare(terminal_id)}", field="terminal_id", kind="missing")


def restore(conn: psycopg.Connection[Any], terminal_id: str) -> None:
    """Let a revoked terminal register again; RefusedError when it is unknown or not revoked."""
    if not registry_store.restore(conn, bare(terminal_id)):
        raise RefusedError(f"terminal {bare(terminal_id)} is not revoked", field="terminal_id", kind="missing")


def bare(terminal_id: str) -> str:
    """Terminal number without spaces and leading zeros."""
    return terminal_id.strip().lstrip("0") or "0"


def _read(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    """(line number, values) of the rows that are not blank; the heading is checked."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            raise RefusedError(f"{path.name} is neither UTF-8 nor GB 18030 text") from error
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        heading = [name.strip().lower() for name in next(reader, [])]
        _check_heading(path, heading)
        for row in reader:
            if any(value.strip() for value in row):
                values = [value.strip() for value in row] + [""] * (len(heading) - len(row))
                yield reader.line_num, dict(zip((*heading, *["…"] * len(row)), values, strict=False))
    except csv.Error as error:
        raise RefusedError(f"{path.name}, line {reader.line_num}: {error}") from error


def _check_heading(path: Path, heading: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in heading]
    unknown = [name for name in heading if name not in REQUIRED + OPTIONAL]
    twice = sorted({name for name in heading if heading.count(name) > 1})
    for what, names in (("lacks the column", missing), ("has an unknown column", unknown), ("has twice the column", twice)):
        if names:
            raise RefusedError(f"{path.name} {what} {names[0]!r}; columns: {', '.join(REQUIRED + OPTIONAL)}", field=names[0])


def _parse(lines: list[tuple[int, dict[str, str]]]) -> tuple[list[tuple[int, Entry]], list[BadRow]]:
    """Entries with their lines, and every fault of every row."""
    entries: list[tuple[int, Entry]] = []
    bad: list[BadRow] = []
    plates: dict[tuple[str, int], int] = {}
    terminals: dict[str, int] = {}
    for line, values in lines:
        faults = _faults(line, values)
        if faults:
            bad += faults
            continue
        entry = _entry(values)
        entries.append((line, entry))
        before = plates.setdefault((entry.plate, entry.plate_colour), line)
        if before != line:
            bad.append(BadRow(line, "plate", f"plate {entry.plate} of this colour is on line {before} already"))
        if entry.terminal_id and terminals.setdefault(entry.terminal_id, line) != line:
            bad.append(BadRow(line, "terminal_id", f"terminal {entry.terminal_id} is on line {terminals[entry.terminal_id]} already"))
    return entries, bad


def _faults(line: int, values: dict[str, str]) -> list[BadRow]:
    region, terminal = values.get("region_code", ""), values.get("terminal_id", "")
    checks = (
        ("", "…" not in values, "more values than the heading has columns"),
        ("plate", values["plate"] != "", "no plate"),
        ("plate", len(values["plate"]) <= 20, "longer than 20 characters"),
        ("plate_colour", _colour(values["plate_colour"]) is not None, f"{values['plate_colour']!r} is not a plate colour"),
        ("terminal_id", terminal == "" or (terminal.isascii() and terminal.isdigit() and len(terminal) <= 20), "not 1 to 20 digits"),
        ("vehicle_class", values.get("vehicle_class", "") in ("", *VEHICLE_CLASSES), f"not one of {', '.join(VEHICLE_CLASSES)}"),
        ("region_code", region == "" or (region.isascii() and region.isdigit() and len(region) == 6), "not six digits"),
        ("dangerous_goods", values.get("dangerous_goods", "").lower() in _YES_NO, "neither yes nor no"),
    )
    return [BadRow(line, column, reason) for column, good, reason in checks if not good]


def _colour(said: str) -> int | None:
    """Code of a colour given by its code or its English word; None: no such colour."""
    if said.isascii() and said.isdigit() and int(said) in PLATE_COLOURS:
        return int(said)
    return _COLOUR_CODES.get(said.lower())


def _entry(values: dict[str, str]) -> Entry:
    terminal = values.get("terminal_id", "")
    return Entry(
        plate=values["plate"].upper(),
        plate_colour=_colour(values["plate_colour"]) or 0,
        terminal_id=bare(terminal) if terminal else None,
        operator=values.get("operator") or None,
        vehicle_class=values.get("vehicle_class") or "unknown",
        region_code=values.get("region_code") or None,
        dangerous_goods=_YES_NO[values.get("dangerous_goods", "").lower()],
        profile=values.get("profile") or "standard",
        given_code=values.get("given_code") or None,
    )


def _against_database(conn: psycopg.Connection[Any], entries: list[tuple[int, Entry]]) -> list[BadRow]:
    """Faults that only the database knows: unknown regions (once regions are there), revoked terminals and vehicles."""
    regions = registry_store.known_regions(conn)
    terminals, plates = registry_store.revoked(conn)
    bad = []
    for line, entry in entries:
        if regions and entry.region_code and entry.region_code not in regions:
            bad.append(BadRow(line, "region_code", f"region {entry.region_code} is not in the region table"))
        if entry.terminal_id in terminals:
            bad.append(BadRow(line, "terminal_id", f"terminal {entry.terminal_id} is revoked: restore it first"))
        if (entry.plate, entry.plate_colour) in plates:
            bad.append(BadRow(line, "plate", f"vehicle {entry.plate} is revoked"))
    return bad
