"""Archived days: Parquet files of positions, one a day and prefecture. Layout, reading, and merging with the hot days.

The file `archive/region=<prefecture>/day=<date>/part-<version>.parquet` counts only when a row of `archive_file` names it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from domain.errors import StoreError
from domain.position import ABSENT, OPTIONAL_COLUMNS, POSITION
from domain.units import day_of

TIMES = {"t_ms": "time", "received_ms": "received"}
"""Fields of `POSITION` that are instants, and their columns."""

ROW_GROUP = 1_000_000


def column_of(field: str) -> str:
    """Column of the table `positions`, and of the files, for a field of `POSITION`."""
    return TIMES.get(field, field)


def schema() -> pa.Schema:
    """Columns of an archived day: those of `positions` (times in ms UTC, absent is null) and `extras` (null when there were none)."""
    fields = [
        pa.field(
            column_of(name),
            pa.timestamp("ms", "UTC") if name in TIMES else pa.from_numpy_dtype(POSITION[name]),
            nullable=name in OPTIONAL_COLUMNS,
        )
        for name in POSITION.names or ()
    ]
    return pa.schema([*fields, pa.field("extras", pa.binary())])


def table_of(positions: NDArray[np.void], extras: list[bytes | None] | None = None) -> pa.Table:
    """Table of one archived day, sorted by vehicle and time.

    Args:
        positions: (n,) `POSITION`, any order.
        extras: of each row; None: no row has any.
    """
    order = np.lexsort((positions["t_ms"], positions["vehicle_id"]))
    layout = schema()
    columns = []
    for name in POSITION.names or ():
        values = np.ascontiguousarray(positions[name][order])
        mask = values == ABSENT if name in OPTIONAL_COLUMNS else None
        columns.append(pa.array(values, mask=mask).cast(layout.field(column_of(name)).type))
    kept = [extras[i] for i in order] if extras is not None else [None] * len(order)
    columns.append(pa.array(kept, pa.binary()))
    return pa.table(columns, schema=layout)


def positions_of(table: pa.Table) -> NDArray[np.void]:
    """(n,) `POSITION` of a table in the layout of `schema`, in the table's order."""
    rows = np.empty(table.num_rows, POSITION)
    for name in POSITION.names or ():
        column = table.column(column_of(name)).combine_chunks()
        if name in TIMES:
            column = column.cast(pa.timestamp("ms", "UTC")).cast(pa.int64())
        rows[name] = pc.fill_null(column, ABSENT).to_numpy(zero_copy_only=False)
    return rows


def read_archived(conn: psycopg.Connection[Any], archive: Path, vehicle_id: int, start_ms: int, end_ms: int) -> NDArray[np.void]:
    """Archived fixes of one vehicle in [start_ms, end_ms), in time order; empty when the asker may not see the vehicle.

    Args:
        conn: any role.
        archive: folder that the paths of `archive_file` start from.
    Raises:
        StoreError: a file that counts is missing or cannot be read.
    """
    if end_ms <= start_ms:
        return np.empty(0, POSITION)
    found = conn.execute(
        """
        select a.path
          from archive_file a
         where a.day between %(first)s and %(last)s
           and exists (select from vehicle v where v.vehicle_id = %(vehicle_id)s)
         order by a.day, a.region
        """,
        {"first": day_of(start_ms), "last": day_of(end_ms - 1), "vehicle_id": vehicle_id},
    ).fetchall()
    parts = [_read_file(archive / path, vehicle_id, start_ms, end_ms) for (path,) in found]
    rows = np.concatenate(parts) if parts else np.empty(0, POSITION)
    return rows[np.argsort(rows["t_ms"], kind="stable")]


def _read_file(path: Path, vehicle_id: int, start_ms: int, end_ms: int) -> NDArray[np.void]:
    """Rows of one vehicle and span; row groups of other vehicles are skipped by their statistics."""
    bounds = pa.array([start_ms, end_ms]).cast(pa.timestamp("ms", "UTC"))
    wanted = (pc.field("vehicle_id") == vehicle_id) & (pc.field("time") >= bounds[0]) & (pc.field("time") < bounds[1])
    columns = [column_of(name) for name in POSITION.names or ()]
    try:
        # partitioning off: "region=…" and "day=…" in the path are not columns
        table = pq.read_table(path, columns=columns, filters=wanted, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"archived day {path} cannot be read: {error}") from error
    return positions_of(table)


def merged(hot: NDArray[np.void], archived: NDArray[np.void]) -> NDArray[np.void]:
    """Both in time order, each time of a vehicle once; the hot row where both have it.

    Args:
        hot, archived: `POSITION` of one vehicle, each in time order.
    """
    if not len(archived):
        return hot
    both = np.concatenate((hot, archived))
    _, first = np.unique(both["t_ms"], return_index=True)
    return both[first]
