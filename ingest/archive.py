"""Days that are final go to files, one a prefecture; a late row makes a new version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from domain.position import POSITION
from domain.units import day_bounds
from ingest import archive_parquet, archive_store
from ingest.archive_parquet import Piece
from ingest.archive_store import ArchiveFile

Connection = psycopg.Connection[Any]

VEHICLES_A_PIECE = 256


def archive_day(conn: Connection, folder: Path, day: date, vehicle_ids: Sequence[int] | None = None) -> list[ArchiveFile]:
    """Write the day's stored fixes to files, joined with what its earlier versions hold, and switch to them.

    Everything happens in the caller's transaction: until its commit the old versions count. The version before the last one is deleted.

    Args:
        folder: of the archive.
        vehicle_ids: only the prefectures of these vehicles; None: all.
    Raises:
        StoreError: a file does not read back as it was written.
    """
    start_ms, end_ms = day_bounds(day)
    current = {file.region: file for file in archive_store.files(conn, day)}
    touched = archive_store.vehicles_of_day(conn, start_ms, end_ms, vehicle_ids)
    everybody = archive_store.vehicles_of_day(conn, start_ms, end_ms)
    written = []
    for region in sorted(touched):
        old = current.get(region)
        version = 1 if old is None else old.version + 1
        name = _name(region, day, version)
        archived = archive_parquet.vehicles_in(folder / old.path) if old is not None else []
        vehicles = sorted({*everybody[region], *archived})
        rows, keys_hash = archive_parquet.write(folder / name, _pieces(conn, folder, old, vehicles, (start_ms, end_ms)))
        file = ArchiveFile(day, region, version, rows, keys_hash, archive_parquet.verify(folder / name, rows, keys_hash), name)
        archive_store.switch(conn, file)
        written.append(file)
        (folder / _name(region, day, version - 2)).unlink(missing_ok=True)
    return written


def archived_fixes(conn: Connection, folder: Path, day: date, vehicle_ids: Sequence[int]) -> np.ndarray[Any, Any]:
    """(n,) `POSITION`: what the archive holds of these vehicles on the day, in no order; a vehicle may stand in several prefectures."""
    found = [np.empty(0, POSITION)]
    if vehicle_ids:
        for file in archive_store.files(conn, day):
            rows, _ = archive_parquet.read_vehicles(folder / file.path, min(vehicle_ids), max(vehicle_ids))
            found.append(rows[np.isin(rows["vehicle_id"], vehicle_ids)])
    rows = np.concatenate(found)
    _, first = np.unique(rows[["vehicle_id", "t_ms"]], return_index=True)
    return rows[first]


def expire(conn: Connection, folder: Path, before: date) -> int:
    """Delete the files of days before the given one; how many."""
    expired = archive_store.files_before(conn, before)
    for file in expired:
        archive_store.forget(conn, file)
        for version in (file.version - 1, file.version):
            (folder / _name(file.region, file.day, version)).unlink(missing_ok=True)
    return len(expired)


def _name(region: str, day: date, version: int) -> str:
    return f"region={region}/day={day.isoformat()}/part-{version}.parquet"


def _pieces(conn: Connection, folder: Path, old: ArchiveFile | None, vehicles: list[int], bounds: tuple[int, int]) -> Iterator[Piece]:
    """Stored and archived fixes, some vehicles at a time; where both have a key, the stored fix (it may be a corrected one)."""
    for first in range(0, len(vehicles), VEHICLES_A_PIECE):
        some = vehicles[first : first + VEHICLES_A_PIECE]
        piece: Piece = archive_store.fixes(conn, some, *bounds)
        if old is not None:
            piece = archive_parquet.merged(archive_parquet.read_vehicles(folder / old.path, some[0], some[-1]), piece)
        yield piece
