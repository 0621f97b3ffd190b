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
from storage.archive import ROW_GROUP, positions_of, schema, table_of

Array = np.ndarray[Any, Any]

Piece = tuple[Array, Sequence[bytes | None]]
"""(n,) `POSITION` by (vehicle_id, t_ms), and n byte strings or None."""


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
    wanted = [("vehicle_id", ">=", first), ("vehicle_id", "<=", last)]
    table = pq.read_table(path, schema=schema(), filters=wanted, partitioning=None)
    return positions_of(table), table.column("extras").to_pylist()


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
    with pq.ParquetWriter(unfinished, schema(), compression="zstd") as writer:
        waiting: list[pa.Table] = []
        for rows, extras in pieces:
            _add_keys(keys, rows)
            count += len(rows)
            waiting.append(table_of(rows, list(extras)))
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
