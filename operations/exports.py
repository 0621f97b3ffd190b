"""Exports: what the asker may see of a table, as a file. Every export is a row of the audit log, with its filter and its number of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from domain.datum import wgs84_to_gcj02
from domain.errors import RefusedError
from domain.position import ABSENT, ABSENT_ALTITUDE, located
from domain.units import DAY_MS, day_of, epoch_ms, instant
from operations import export_store as store
from operations.export_formats import writer
from operations.export_tables import Order, Table
from storage import audit
from storage.positions import read_track

Connection = psycopg.Connection[Any]
Row = tuple[Any, ...]

STREAM = "export"
_HASHED = 1 << 20


@dataclass(frozen=True, slots=True)
class Written:
    """A finished export: rows without the head, bytes, and the SHA-256 of the file in hex."""

    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Limits:
    """most: rows that an export may have; archive: folder of archived days, None: hot days only; alive: told the rows so far, now and then;
    for_good: False when more than `most` rows are to be fetched by a job instead."""

    most: int
    archive: Path | None = None
    alive: Callable[[int], None] = lambda _: None
    for_good: bool = True


def write(conn: Connection, order: Order, path: Path, limits: Limits) -> Written:
    """Write an export to a file, and its row of the audit log in the same transaction.

    Args:
        conn: in a transaction under the asker's scope.
        path: made anew; removed again when the export is refused.
    Raises:
        RefusedError: the order does not fit; missing: a vehicle is not to be seen; too_many: there are more rows than allowed.
    """
    table = order.table()
    rows, whole = 0, False
    out = writer(order.format, path, table)
    try:
        for piece in _pieces(conn, order, limits):
            rows += len(piece)
            if rows > limits.most:
                raise too_many(limits)
            out.write(_shifted(piece, table) if order.crs == "gcj02" else piece)
            limits.alive(rows)
        whole = True
    finally:
        out.close()
        if not whole:
            path.unlink(missing_ok=True)
    done = Written(rows, path.stat().st_size, _digest(path))
    said: dict[str, Any] = {name: value for name, value in order.said().items() if value not in (None, [])}
    audit.put(conn, STREAM, "export.write", f"export:{order.of}", said | {"rows": rows, "sha256": done.sha256})
    return done


def too_many(limits: Limits) -> RefusedError:
    """More rows than allowed."""
    further = "narrow it" if limits.for_good else "narrow it, or ask for a file by POST /api/v1/exports"
    return RefusedError(f"more than {limits.most} rows: {further}", field="of", kind="too_many")


def _pieces(conn: Connection, order: Order, limits: Limits) -> Iterator[list[Row]]:
    if order.of == "positions":
        return _positions(conn, order, limits)
    first = day_of(epoch_ms(order.first)) if order.first is not None else None
    last = day_of(epoch_ms(order.until) - 1) if order.until is not None else None
    return store.pieces(conn, order, (first, last), limits.most + 1)


def _positions(conn: Connection, order: Order, limits: Limits) -> Iterator[list[Row]]:
    """Day by day, hot and archived as one; the archive knows no rights, so the vehicles are checked first."""
    assert order.first is not None and order.until is not None
    begin, end = epoch_ms(order.first), epoch_ms(order.until)
    for vehicle_id, plate in store.plates(conn, order).items():
        for start in range(begin, end, DAY_MS):
            fixes = read_track(conn, vehicle_id, start, min(start + DAY_MS, end), limits.archive)
            yield from _in_pieces(_fixes(fixes, vehicle_id, plate))


def _in_pieces(rows: list[Row]) -> Iterator[list[Row]]:
    for at in range(0, len(rows), store.PIECE):
        yield rows[at : at + store.PIECE]


def _fixes(fixes: NDArray[np.void], vehicle_id: int, plate: tuple[str | None, int | None]) -> list[Row]:
    def said(name: str, absent: int = ABSENT) -> list[Any]:
        return [None if value == absent else value for value in fixes[name].tolist()]

    count = len(fixes)
    unsigned = [(fixes[name].astype(np.int64) & 0xFFFFFFFF).tolist() for name in ("status_bits", "alarm_bits")]
    return list(
        zip(
            [vehicle_id] * count, [plate[0]] * count, [plate[1]] * count,
            [instant(t) for t in fixes["t_ms"].tolist()], [instant(t) for t in fixes["received_ms"].tolist()],
            (fixes["lon_e6"] / 1e6).tolist(), (fixes["lat_e6"] / 1e6).tolist(),
            [None if value == ABSENT else value / 10 for value in fixes["speed_kmh10"].tolist()],
            said("heading_deg"), said("altitude_m", ABSENT_ALTITUDE), said("odometer_m"), located(fixes).tolist(), *unsigned,
            fixes["source"].tolist(), strict=True,
        )
    )  # fmt: skip


def _shifted(piece: list[Row], table: Table) -> list[Row]:
    """The rows with their places in GCJ-02."""
    names = [column.name for column in table.columns]
    rows = [list(row) for row in piece]
    for lon_name, lat_name in table.places:
        lon_at, lat_at = names.index(lon_name), names.index(lat_name)
        placed = [row for row in rows if row[lon_at] is not None and row[lat_at] is not None]
        lon, lat = wgs84_to_gcj02([row[lon_at] for row in placed], [row[lat_at] for row in placed])
        for row, east, north in zip(placed, lon.tolist(), lat.tolist(), strict=True):
            row[lon_at], row[lat_at] = round(east, 7), round(north, 7)
    return [tuple(row) for row in rows]


def _digest(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASHED):
            total.update(block)
    return total.hexdigest()


def file_name(order: Order, tail: str) -> str:
    """Name under which a browser keeps the file."""
    span = "".join(f"-{(when + timedelta(hours=8)):%Y%m%d}" for when in (order.first, order.until) if when is not None)
    return f"cuntong-{order.of}{span}-{tail}.{order.format}"
