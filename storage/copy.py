"""Binary COPY bodies made of structured arrays, without a Python step per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from domain.errors import StoreError

Kind = Literal["int2", "int4", "int8", "timestamptz"]

_SIZES: dict[Kind, int] = {"int2": 2, "int4": 4, "int8": 8, "timestamptz": 8}
_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_EPOCH_2000_MS = 946_684_800_000
"""PostgreSQL counts microseconds from 2000-01-01 00:00 UTC."""
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


def buffer(array: np.ndarray, columns: Sequence[Column]) -> bytes:
    """Body of `copy ... from stdin (format binary)`: header, one tuple a row, trailer.

    Args:
        array: (n,) structured.
        columns: fields to write, in the order of the COPY's column list.
    Raises:
        StoreError: a field is wider than its column, or a time is outside PostgreSQL's range.
    Source: PostgreSQL manual, COPY, "Binary Format" (version 0 header, no OIDs).
    """
    rows = np.empty(len(array), _row_dtype(columns))
    rows["count"] = len(columns)
    nulls: list[tuple[int, int, np.ndarray]] = []
    for column in columns:
        size = _SIZES[column.kind]
        value, length = f"v_{column.name}", f"l_{column.name}"
        rows[length] = size
        rows[value] = _values(array[column.name], column)
        if column.absent is not None:
            absent = array[column.name] == column.absent
            if absent.any():
                rows[length][absent] = -1
                start = rows.dtype.fields[value][1]  # type: ignore[index]
                nulls.append((start, start + size, absent))
    return b"".join((_SIGNATURE, _packed(rows, nulls), _TRAILER))


def _row_dtype(columns: Sequence[Column]) -> np.dtype[Any]:
    fields = [("count", ">i2")]
    for column in columns:
        fields += [(f"l_{column.name}", ">i4"), (f"v_{column.name}", f">i{_SIZES[column.kind]}")]
    return np.dtype(fields)


def _values(source: np.ndarray, column: Column) -> np.ndarray:
    """Numbers to write; unsigned ones of the column's width keep their bits."""
    if source.dtype.kind not in "iu" or source.dtype.itemsize > _SIZES[column.kind]:
        raise StoreError(f"field {column.name} of type {source.dtype} does not fit a column of type {column.kind}")
    if column.kind != "timestamptz":
        return source
    if len(source) and not (_EARLIEST_MS <= int(source.min()) and int(source.max()) <= _LATEST_MS):
        raise StoreError(f"field {column.name}: a time outside PostgreSQL's range (epoch ms {source.min()} to {source.max()})")
    return (source.astype(np.int64) - _EPOCH_2000_MS) * 1000


def _packed(rows: np.ndarray, nulls: list[tuple[int, int, np.ndarray]]) -> bytes:
    """Bytes of the rows, less the value bytes of nulls (a null is its length -1 and nothing behind it)."""
    if not nulls:
        return rows.tobytes()
    width = rows.dtype.itemsize
    flat = rows.view(np.uint8).reshape(len(rows), width)
    keep = np.ones((len(rows), width), np.bool_)
    for start, end, absent in nulls:
        keep[absent, start:end] = False
    return flat[keep].tobytes()
