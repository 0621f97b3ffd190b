"""Import of a file of one kind: every bad row is told, and all rows are written or none. Rows are found again by their natural key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from operations.registry import import_store as store
from operations.registry.entities import KINDS, TERMINALS, VEHICLES
from operations.registry.kinds import MASKS, Field, Kind
from operations.registry.reading import BadRow, Progress, Report, Rows, no_doubles, read_rows
from operations.registry.values import COLOURS, checked
from storage.sealing import Sealer

Connection = psycopg.Connection[Any]


def import_file(
    conn: Connection, kind: Kind, data: bytes, name: str, sealer: Sealer, at: datetime, progress: Progress = lambda what, done: None
) -> Report:
    """Read a file and write it, all rows or none, in a (sub-)transaction. Of a person come drafts; of a command what is in force.

    Args:
        conn: under the scope of who imports; the owner is the product itself.
        data, name: CSV or xlsx (`sheets.rows`) whose heading has English or Chinese names of fields. An empty cell leaves what is there.
        at: from when terminals count as bound, aware.
    Raises:
        RefusedError: the file cannot be read, or its heading lacks a column, or has one that nobody knows.
    """
    taken = read_rows(kind, data, name, progress)
    asker = store.asker(conn)
    _fill(kind, taken, asker)
    _link(conn, kind, taken, sealer, asker)
    _inside(conn, kind, taken, asker)
    no_doubles(kind, taken)
    if taken.bad:
        return _refused(kind, taken)
    progress("check", len(taken.lines))
    try:
        with conn.transaction():
            report = _write(conn, kind, taken, sealer, asker, at, progress)
            if report.bad:
                raise psycopg.Rollback
    except psycopg.errors.InsufficientPrivilege as error:
        taken.bad.append(_whose(kind, taken, error, "lies outside your region or operator"))
        return _refused(kind, taken)
    except psycopg.errors.IntegrityError as error:
        taken.bad.append(_whose(kind, taken, error, f"does not fit what is registered already ({error.diag.constraint_name})"))
        return _refused(kind, taken)
    return report


def _fill(kind: Kind, taken: Rows, asker: store.Asker) -> None:
    """Values that a file may leave out: defaults in empty cells, the asker's own operator."""
    fillers = {one.name: one.default for one in taken.fields if one.default is not None}
    own = next((one for one in kind.fields if one.name == "operator_id"), None)
    if own is not None and asker.operator is not None and kind is not KINDS["permits"]:
        if own not in taken.fields:
            taken.fields.append(own)
        fillers["operator_id"] = f"#{asker.operator}"
    for _, values in taken.lines:
        for name, value in fillers.items():
            if values.get(name) is None:
                values[name] = value


def _link(conn: Connection, kind: Kind, taken: Rows, sealer: Sealer, asker: store.Asker) -> None:
    """Names of other entities become their keys; every name that nobody has is a fault."""
    for one in [one for one in taken.fields if one.type == "link"]:
        other = KINDS[one.link]
        wanted: dict[str, tuple[Any, Any]] = {}
        for _, values in taken.lines:
            text = values.get(one.name)
            if text is not None and text not in wanted:
                wanted[text] = _named(other, text, sealer)
        found: dict[Any, list[tuple[Any, Any]]] = {}
        for first, second, key in store.linked(conn, other, [first for first, _ in wanted.values()]):
            found.setdefault(first, []).append((second, key))
        for line, values in taken.lines:
            text = values.get(one.name)
            if text is None:
                continue
            if text.startswith("#") and text == f"#{asker.operator}":
                values[one.name] = asker.operator
                continue
            first, second = wanted[text]
            keys = [key for colour, key in found.get(first, []) if second is None or colour == second]
            if len(keys) != 1:
                what = f"no {other.table} {text!r} ({other.zh}) that you see" if not keys else f"{text!r}: say its colour too"
                taken.bad.append(BadRow(line, one.heading, what))
            values[one.name] = keys[0] if keys else None


def _named(other: Kind, text: str, sealer: Sealer) -> tuple[Any, Any]:
    """Natural key of what a cell names: a plate with or without its colour, a name, a number."""
    first = other.field(other.natural[0])
    if other is VEHICLES:
        plate, _, colour = text.replace("/", " ").rpartition(" ")
        code = COLOURS.get(colour.lower().removesuffix("色"))
        if plate and code is not None:
            return checked(first, plate), code
        return checked(first, text), None
    if first.personal:
        try:
            return sealer.index(checked(first, text), other.place(first)), None
        except ValueError:
            return b"", None
    return text, None


def _inside(conn: Connection, kind: Kind, taken: Rows, asker: store.Asker) -> None:
    """Faults of place: regions that nobody knows, or that lie outside what the asker may write."""
    regions = store.regions(conn)
    regional = any(one.name == "region_code" for one in taken.fields)
    for line, values in taken.lines:
        code = values.get("region_code")
        if code is not None and regions and code not in regions and len(code) == 6:
            taken.bad.append(BadRow(line, "region_code", f"region {code} is not in the region table"))
        elif regional and code is not None and not code.startswith(asker.area if asker.area is not None else "x"):
            taken.bad.append(BadRow(line, "region_code", f"region {code} lies outside yours"))
        operator = values.get("operator_id")
        if asker.operator is not None and operator is not None and operator != asker.operator:
            taken.bad.append(BadRow(line, "operator", "another operator than yours"))


def _write(
    conn: Connection, kind: Kind, taken: Rows, sealer: Sealer, asker: store.Asker, at: datetime, progress: Progress
) -> Report:  # fmt: skip
    own = [one for one in taken.fields if one is not kind.bound]
    store.stage(conn, kind, own, (_staged(kind, own, line, values, sealer) for line, values in taken.lines))
    store.find(conn, kind)
    closed = ("revoked",) if asker.service else ("revoked", "submitted", "reviewed")
    taken.bad += [BadRow(line, kind.natural[0], f"it is {stood}: not edited now") for line, stood in store.standing(conn, closed)]
    taken.bad += [BadRow(line, "terminal_id", f"terminal {number} is revoked: restore it first") for line, number in (
        store.revoked(conn) if kind is VEHICLES else [])]  # fmt: skip
    if taken.bad:
        return _refused(kind, taken)
    changed = store.change(conn, kind, own, asker.service)
    made = store.make(conn, kind, own, asker.service)
    progress("write", made + changed)
    store.find(conn, kind)
    taken.bad += [
        BadRow(line, kind.natural[0], "the number is taken: another office's, or another entity's") for line in store.unknown(conn)
    ]
    if taken.bad:
        return _refused(kind, taken)
    bound = 0
    if kind.bound is not None and kind.bound in taken.fields:
        bound = store.bind_vehicles(conn, at) if kind is VEHICLES else store.bind_terminals(conn, at) if kind is TERMINALS else 0
        if asker.service and kind is VEHICLES:
            store.admit_bound(conn)
        progress("bind", bound)
    return Report(kind.word, taken.seen, made, changed, bound)


def _staged(kind: Kind, fields: Sequence[Field], line: int, values: dict[str, Any], sealer: Sealer) -> tuple[Any, ...]:
    columns: list[Any] = [line]
    for one in fields:
        value = values.get(one.name)
        if one.personal:
            known = sealer.field(value, kind.place(one), MASKS[one.type])
            columns += (known.sealed, known.masked, known.index)
        else:
            columns.append(round(value * 1e6) if one.type == "degrees" and value is not None else value)
    if kind.bound is not None:
        rides = values.get(kind.bound.name)
        columns.append(None if rides is None else str(rides))
    return tuple(columns)


def _whose(kind: Kind, taken: Rows, error: psycopg.Error, reason: str) -> BadRow:
    """The row that an error of the database is about, as far as it tells."""
    named = re.match(r"terminal (\d+)", error.diag.message_primary or "")
    if named and kind.bound is not None:
        name = kind.bound.name if kind is VEHICLES else "terminal_id"
        line = next((line for line, values in taken.lines if values.get(name) == named[1]), 0)
        return BadRow(line, "terminal_id", error.diag.message_primary or reason)
    return BadRow(0, "", reason)


def _refused(kind: Kind, taken: Rows) -> Report:
    return Report(kind.word, taken.seen, bad=sorted(taken.bad, key=lambda row: (row.line, row.column)))
