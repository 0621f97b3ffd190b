"""One archived day of one prefecture: a Parquet file, written once, read back before anybody relies on it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import StoreError
from domain.position import ABSENT, OPTIONAL_COLUMNS, POSITION

Array = np.ndarray[Any, Any]

ROW_GROUP = 1_000_000

_NAMES = {"t_ms": "time", "received_ms": "received"}
_INSTANT = pa.timestamp("ms", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field(
            _NAMES.get(name, name),
            _INSTANT if name in _NAMES else pa.from_numpy_dtype(POSITION[name]),
            nullable=name in OPTIONAL_COLUMNS,
        )
        for name in POSITION.names or ()
    ]
    + [pa.field("extras", pa.binary())]
)
"""Columns of table `positions`, in its order and integers, and the raw extra items; null where the table has null."""

Piece = tuple[Array, Sequence[bytes | None]]
"""(n,) `POSITION` by (vehicle_id, t_ms), and n byte strings or None."""


def table_of(rows: Array, extras: Sequence[bytes | None]) -> pa.Table:
    """Arrow table of fixes."""
    columns = []
    for name in POSITION.names or ():
        values = np.ascontiguousarray(rows[name])
        absent = values == ABSENT if name in OPTIONAL_COLUMNS else None
        kind = SCHEMA.field(_NAMES.get(name, name)).type
        columns.append(pa.array(values, mask=absent).cast(kind))
    columns.append(pa.array(extras, pa.binary()))
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def piece_of(table: pa.Table) -> Piece:
    """Fixes of an Arrow table, as `table_of` made it."""
    rows = np.empty(len(table), POSITION)
    for name in POSITION.names or ():
        column = table.column(_NAMES.get(name, name)).combine_chunks()
        if name in _NAMES:
            column = column.cast(pa.int64())
        rows[name] = column.fill_null(ABSENT).to_numpy(zero_copy_only=False)
    return rows, table.column("extras").to_pylist()


def merged(old: Piece, new: Piece) -> Piece:
    """Fixes of both, by (vehicle_id, t_ms); of equal keys the new one."""
    rows = np.concatenate((old[0], new[0]))
    extras = [*old[1], *new[1]]
    newer = np.repeat([1, 0], [len(old[0]), len(new[0])])
    order = np.lexsort((newer, rows["t_ms"], rows["vehicle_id"]))
    rows = rows[order]
    same = np.zeros(len(rows), np.bool_)
    same[1:] = (rows["vehicle_id"][1:] == rows["vehicle_id"][:-1]) & (rows["t_ms"][1:] == rows["t_ms"][:-1])
    kept = np.flatnonzero(~same)
    return rows[kept], [extras[place] for place in order[kept].tolist()]


def read_vehicles(path: Path, first: int, last: int) -> Piece:
    """Fixes of the vehicles first to last (both included) of one file."""
    return piece_of(pq.read_table(path, schema=SCHEMA, filters=[("vehicle_id", ">=", first), ("vehicle_id", "<=", last)], partitioning=None))


def vehicles_in(path: Path) -> list[int]:
    """Vehicles of one file, ascending."""
    column = pq.read_table(path, columns=["vehicle_id"], partitioning=None).column("vehicle_id")
    return [int(vehicle_id) for vehicle_id in np.unique(column.to_numpy())]


def write(path: Path, pieces: Iterator[Piece]) -> tuple[int, str]:
    """Write a file under a temporary name, sync it, give it its name; (rows, hash of the keys).

    Args:
        pieces: fixes in (vehicle_id, t_ms) order across all pieces.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    count, keys = 0, hashlib.sha256()
    with pq.ParquetWriter(unfinished, SCHEMA, compression="zstd") as writer:
        waiting: list[pa.Table] = []
        for rows, extras in pieces:
            _add_keys(keys, rows)
            count += len(rows)
            waiting.append(table_of(rows, extras))
            if sum(len(table) for table in waiting) >= ROW_GROUP:
                writer.write_table(pa.concat_tables(waiting), row_group_size=ROW_GROUP)
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting), row_group_size=ROW_GROUP)
    _sync(unfinished)
    unfinished.replace(path)
    _sync(path.parent)
    return count, keys.hexdigest()


def verify(path: Path, rows: int, keys_hash: str) -> str:
    """Read a file back; its SHA-256.

    Raises:
        StoreError: rows or keys are not those that were written.
    """
    count, keys = 0, hashlib.sha256()
    file = pq.ParquetFile(path)
    for batch in file.iter_batches(columns=["time", "vehicle_id"]):
        found = np.empty(batch.num_rows, [("vehicle_id", "<i4"), ("t_ms", "<i8")])
        found["t_ms"] = batch.column("time").cast(pa.int64()).to_numpy()
        found["vehicle_id"] = batch.column("vehicle_id").to_numpy()
        _add_keys(keys, found)
        count += batch.num_rows
    file.close()
    if (count, keys.hexdigest()) != (rows, keys_hash):
        raise StoreError(f"archive file {path} reads back with {count} rows instead of {rows}, or with other keys: not switched to it")
    with path.open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest()


def _add_keys(keys: Any, rows: Array) -> None:
    pairs = np.empty(len(rows), [("vehicle_id", "<i8"), ("t_ms", "<i8")])
    pairs["vehicle_id"], pairs["t_ms"] = rows["vehicle_id"], rows["t_ms"]
    keys.update(pairs.tobytes())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
