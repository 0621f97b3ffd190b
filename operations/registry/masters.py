"""Single entities: lists, making, editing, and the steps of their life cycle. Who may see and write which row is the database's matter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg

from domain.errors import RefusedError
from operations.registry import masters_store as store
from operations.registry.entities import TERMINALS
from operations.registry.kinds import MASKS, Field, Kind
from operations.registry.masters_store import Filter
from operations.registry.standing import require, require_editable
from operations.registry.values import checked
from storage import audit
from storage.sealing import Sealer

Connection = psycopg.Connection[Any]
Row = dict[str, Any]


def wanted(
    kind: Kind, sealer: Sealer, *, region: str | None = None, subordinates: bool = True, operator_id: int | None = None,
    standing: str | None = None, text: str | None = None,
) -> Filter:  # fmt: skip
    """A filter of a list. text: part of a name or number, or the whole of a phone or identity card; subordinates: 是否包含下级."""
    text = (text or "").strip() or None
    indexes = (
        {field.name: sealer.index(text, kind.place(field)) for field in kind.personal if field.type in ("phone", "identity_card")}
        if text
        else None
    )
    return Filter(
        prefix_of(region) if region and subordinates else None, region if not subordinates else None, operator_id, standing, text, indexes
    )  # fmt: skip


def prefix_of(region: str) -> str:
    """What all codes of a region's subtree begin with: GB/T 2260 without the pairs of zeros at its end; "" for the country."""
    if region == "100000":
        return ""
    return region.removesuffix("00").removesuffix("00") if len(region) == 6 else region


def listed(conn: Connection, kind: Kind, what: Filter, after: Any, limit: int) -> list[Row]:
    """Entities by key, after a key; at most `limit`."""
    return [_row(kind, row) for row in store.listed(conn, kind, what, after, limit)]


def one(conn: Connection, kind: Kind, key: Any, *, lock: bool = False) -> Row:
    """An entity: its fields, what it is told with, and its life cycle.

    Args:
        lock: nobody else changes it before the transaction ends.
    Raises:
        RefusedError: kind "missing": none that the asker sees.
    """
    row = store.one(conn, kind, key, lock=lock)
    if row is None:
        raise RefusedError(f"no {kind.table} {key}", field=kind.key, kind="missing")
    return _row(kind, row)


def make(conn: Connection, kind: Kind, said: Mapping[str, Any], sealer: Sealer) -> Row:
    """Store a draft.

    Args:
        said: values by field name; fields that are missing or None stay empty.
    Raises:
        RefusedError: "invalid" for a value; "conflict" where one is there under the same number; "forbidden" outside what the asker may write.
    """
    values = {name: value for name, value in said.items() if value is not None}
    vehicle_id = values.pop("vehicle_id", None) if kind is TERMINALS else None
    for field in kind.fields:
        if field.required and field.default is not None:
            values.setdefault(field.name, field.default)
        if field.required and field.name not in values:
            raise RefusedError(f"say {field.name} ({field.zh})", field=field.name)
    columns = _columns(kind, values, sealer)
    with writing(kind):
        key = store.insert(conn, kind, columns) if vehicle_id is None else _ride(conn, columns, vehicle_id)
        return one(conn, kind, key)


def change(conn: Connection, kind: Kind, key: Any, said: Mapping[str, Any], sealer: Sealer) -> Row:
    """Change fields; what was active, suspended or expired becomes a draft that has to be approved again.

    Args:
        said: the fields to change; None empties one.
    Raises:
        RefusedError: as of `make`; "missing"; "conflict" while it is submitted or reviewed, or when it is revoked.
    """
    before = one(conn, kind, key, lock=True)
    require_editable(before["standing"])
    columns = _columns(kind, said, sealer)
    if columns:
        with writing(kind):
            store.update(conn, kind, key, columns)
    return one(conn, kind, key)


def act(conn: Connection, kind: Kind, key: Any, name: str, reason: str | None = None) -> Row:
    """Take a step of the life cycle (`standing.ACTS`).

    Raises:
        RefusedError: "missing"; "conflict" when the step does not lead from here, or when the asker is one of those before: four eyes.
    """
    before = one(conn, kind, key, lock=True)
    step = require(name, before["standing"], reason)
    with writing(kind):
        store.update(conn, kind, key, {"standing": step.after, "standing_reason": (reason or "").strip() or None})
    return one(conn, kind, key)


def personal(conn: Connection, kind: Kind, key: Any, sealer: Sealer) -> dict[str, str | None]:
    """Personal fields in clear; that they were read is written to the audit log in the same transaction.

    Raises:
        RefusedError: kind "missing": no such entity, or a kind without personal fields.
    """
    row = store.sealed(conn, kind, key) if kind.personal else None
    if row is None:
        raise RefusedError(f"no {kind.table} {key} with personal data", field=kind.key, kind="missing")
    audit.put(
        conn,
        "personal",
        f"{kind.table}.read",
        f"{kind.table}:{key}",
        {"fields": [field.name for field in kind.personal if row[field.name]]},
    )
    return {
        field.name: None if (data := row[field.name]) is None else sealer.unseal(data, kind.place(field)) for field in kind.personal
    }  # fmt: skip


def bind(conn: Connection, terminal_id: str, vehicle_id: int, at: datetime | None = None) -> None:
    """Let a terminal ride in a vehicle from `at` (now) on; where it rode before, and what rode there, becomes history.

    Raises:
        RefusedError: "missing" where the asker sees no such vehicle or the terminal is another office's; "conflict" for a revoked one.
    """
    with writing(TERMINALS):
        try:
            store.bind(conn, terminal_id, vehicle_id, at or datetime.now(UTC))
        except psycopg.errors.InsufficientPrivilege as error:
            raise RefusedError(error.diag.message_primary or "not yours to bind", field="vehicle_id", kind="missing") from error


def bindings(conn: Connection, kind: Kind, key: Any) -> list[Row]:
    """Which terminal rode in which vehicle and when, newest first; of a terminal or of a vehicle."""
    one(conn, kind, key)
    return store.bindings(conn, kind.key, key)


def history(conn: Connection, kind: Kind, key: Any, after: int, limit: int) -> list[Row]:
    """What people did to an entity, as the audit log tells it to the asker: oldest first, after a number of the log."""
    one(conn, kind, key)
    return [{**row, "changes": json.loads(row.pop("payload"))} for row in store.history(conn, kind.table, key, after, limit)]


def _ride(conn: Connection, columns: dict[str, Any], vehicle_id: int) -> str:
    """A new terminal that rides in a vehicle at once; its number."""
    terminal_id = str(columns["terminal_id"])
    if store.one(conn, TERMINALS, terminal_id) is not None:
        raise RefusedError(f"terminal {terminal_id} is there already: bind it", field="terminal_id", kind="conflict")
    bind(conn, terminal_id, vehicle_id)
    store.update(conn, TERMINALS, terminal_id, columns)
    return terminal_id


@contextmanager
def writing(kind: Kind) -> Iterator[None]:
    """Faults that only the database finds, as refusals."""
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        name = _named(kind, error)
        raise RefusedError(f"another {kind.table} has the same {name}", field=name, kind="conflict") from error
    except psycopg.errors.ForeignKeyViolation as error:
        name = _named(kind, error)
        raise RefusedError(f"nobody has this {name}", field=name) from error
    except psycopg.errors.CheckViolation as error:
        name = error.diag.constraint_name or ""
        if name in ("registry_four_eyes", "registry_standing"):
            raise RefusedError(error.diag.message_primary or name, field="standing", kind="conflict") from error
        raise RefusedError(f"the values do not fit together ({name})", field=name) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise RefusedError("it would lie outside your region or operator", field="region_code", kind="forbidden") from error


def _named(kind: Kind, error: psycopg.Error) -> str:
    """Field that a broken constraint is about, by the constraint's name: with row security the server tells no values."""
    said = (error.diag.constraint_name or "").removeprefix(f"{kind.table}_")
    return next((field.name for field in kind.fields if said.startswith((field.name, field.heading + "_"))), kind.natural[0])


def _columns(kind: Kind, said: Mapping[str, Any], sealer: Sealer) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, value in said.items():
        field = kind.field(name)
        try:
            value = checked(field, value)
            if value is None and field.required:
                raise ValueError("cannot be empty")
            columns |= stored(kind, field, value, sealer)
        except ValueError as error:
            raise RefusedError(f"{field.zh}: {error}", field=name) from error
    return columns


def stored(kind: Kind, field: Field, value: Any, sealer: Sealer) -> dict[str, Any]:
    """Columns of a checked value."""
    if field.personal:
        known = sealer.field(value, kind.place(field), MASKS[field.type])
        return dict(zip(field.columns, (known.sealed, known.masked, known.index), strict=True))
    if field.type == "degrees" and value is not None:
        value = round(value * 1e6)
    return {field.column: value}


def _row(kind: Kind, row: Row) -> Row:
    """Names of columns become names of fields; 1e-6 degree become degrees."""
    for field in kind.fields:
        if field.column != field.name:
            value = row.pop(field.column)
            row[field.name] = value / 1e6 if field.type == "degrees" and value is not None else value
    return row
