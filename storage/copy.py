"""Binary COPY of structured arrays, without a Python step per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, LiteralString

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from domain.errors import StoreError
from storage.columns import EPOCH_2000_MS

Kind = Literal["int2", "int4", "int8", "timestamptz"]

_SIZES: dict[Kind, int] = {"int2": 2, "int4": 4, "int8": 8, "timestamptz": 8}
_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_EARLIEST_MS = -210_866_803_200_000
_LATEST_MS = 9_224_318_016_000_000 - 1
"""Range of a timestamptz: 4714-11-24 BC (Julian day 0) to the end of 294276."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the body.

    Args:
        name: field of the array.
        kind: type in the table. A "timestamptz" is epoch ms in the array.
        absent: value of the field that means null; None: never null.
    """

    name: str
    kind: Kind
    absent: int | None = None


POSITION_COLUMNS = (
    Column("t_ms", "timestamptz"),
    Column("received_ms", "timestamptz"),
    Column("vehicle_id", "int4"),
    Column("lon_e6", "int4"),
    Column("lat_e6", "int4"),
    Column("alarm_bits", "int4"),
    Column("status_bits", "int4"),
    Column("odometer_m", "int4", -1),
    Column("speed_kmh10", "int2"),
    Column("heading_deg", "int2"),
    Column("altitude_m", "int2"),
    Column("recorder_kmh10", "int2", -1),
    Column("fuel_l10", "int2", -1),
    Column("satellites", "int2", -1),
    Column("source", "int2"),
    Column("flags", "int2"),
)
"""`domain.position.POSITION` in the order of the columns of table `positions`."""


def dtype_of(columns: Sequence[Column]) -> np.dtype[np.void]:
    """Dtype of an array with these fields, each as wide as its column."""
    return np.dtype([(column.name, f"<i{_SIZES[column.kind]}") for column in columns])


def copy_positions(conn: psycopg.Connection[Any], positions: NDArray[Any], table: str = "positions") -> None:
    """Send (n,) `POSITION` into a table with the columns of `positions`; an equal key is an error."""
    statement = sql.SQL(
        """
        copy {table} (
            time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, odometer_m, speed_kmh10, heading_deg, altitude_m,
            recorder_kmh10, fuel_l10, satellites, source, flags
        ) from stdin (format binary)
        """
    )
    copy_rows(conn, statement.format(table=sql.Identifier(table)), positions, POSITION_COLUMNS)


def copy_rows(
    conn: psycopg.Connection[Any], statement: LiteralString | sql.Composed, array: NDArray[Any], columns: Sequence[Column]
) -> None:
    """Send rows by a `copy ... from stdin (format binary)`; none: nothing is sent.

    Args:
        array, columns: see `buffer`.
    """
    if len(array):
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(buffer(array, columns))


def buffer(array: NDArray[Any], columns: Sequence[Column]) -> bytes:
    """Body of `copy ... from stdin (format binary)`: header, one tuple a row, trailer.

    Args:
        array: (n,) structured.
        columns: fields to write, in the order of the COPY's column list.
    Raises:
        StoreError: a field is wider than its column, or a time is outside PostgreSQL's range.
    Source: PostgreSQL manual, COPY, "Binary Format" (version 0 header, no OIDs).
    """
    absent = [_absent(array, column) for column in columns]
    layout, blank = _layout(tuple(columns), tuple(mask is not None and bool(mask.all()) for mask in absent))
    rows = np.empty(len(array), blank.dtype)
    rows[:] = blank
    rows = rows.view(layout)
    nulls: list[tuple[str, NDArray[np.bool_]]] = []
    for column, mask in zip(columns, absent, strict=True):
        if column.name not in (layout.names or ()):
            continue
        source = array[column.name]
        if mask is not None:
            rows[f"{column.name} length"][mask] = -1
            nulls.append((column.name, mask))
            source = np.where(mask, source.dtype.type(0), source)
        rows[column.name] = _values(source, column)
    return b"".join((_SIGNATURE, _packed(rows, nulls), _TRAILER))


def _absent(array: NDArray[Any], column: Column) -> NDArray[np.bool_] | None:
    """(n,) bool, True where the field is null; None when it never is."""
    if column.absent is None:
        return None
    mask = array[column.name] == column.absent
    return mask if mask.any() else None


@lru_cache(maxsize=64)
def _layout(columns: tuple[Column, ...], never: tuple[bool, ...]) -> tuple[np.dtype[np.void], NDArray[np.void]]:
    """Layout of one row, and a row with the constant bytes filled in.

    Args:
        columns: in order.
        never: per column, all rows are null, so that its value has no bytes.
    """
    fields = [("number of columns", ">i2")]
    for column, null in zip(columns, never, strict=True):
        fields.append((f"{column.name} length", ">i4"))
        if not null:
            fields.append((column.name, f">i{_SIZES[column.kind]}"))
    row = np.zeros(1, fields)
    row["number of columns"] = len(columns)
    for column, null in zip(columns, never, strict=True):
        row[f"{column.name} length"] = -1 if null else _SIZES[column.kind]
    return row.dtype, row.view(f"V{row.dtype.itemsize}")


def _values(source: NDArray[Any], column: Column) -> NDArray[Any]:
    """Numbers to write; unsigned ones of the column's width keep their bits."""
    if source.dtype.kind not in "iu" or source.dtype.itemsize > _SIZES[column.kind]:
        raise StoreError(f"field {column.name} of type {source.dtype} does not fit a column of type {column.kind}")
    if column.kind != "timestamptz":
        return source
    if len(source) and (int(source.min()) < _EARLIEST_MS or int(source.max()) > _LATEST_MS):
        raise StoreError(f"field {column.name}: a time outside PostgreSQL's range (epoch ms {source.min()} to {source.max()})")
    return (source.astype(np.int64) - EPOCH_2000_MS) * 1000


def _packed(rows: NDArray[np.void], nulls: list[tuple[str, NDArray[np.bool_]]]) -> memoryview:
    """Bytes of the rows, less the value bytes of nulls (a null is its length -1 and nothing behind it).

    Every part of a row is a whole number of 2-byte words, so the selection works on words: twice as fast as on bytes.
    """
    words = rows.dtype.itemsize // 2
    flat = rows.view(np.uint16).reshape(len(rows), words)
    if not nulls:
        return flat.data
    keep = np.ones((len(rows), words), np.bool_)
    fields: Mapping[str, Any] = rows.dtype.fields or {}
    for name, mask in nulls:
        kind, start = fields[name][:2]
        keep[:, start // 2 : (start + kind.itemsize) // 2] = ~mask[:, None]
    return flat[keep].data
