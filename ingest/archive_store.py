"""Which file holds which archived day, and the stored fixes of a day as an array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from domain.units import instant
from storage.positions import fixes_with

Connection = psycopg.Connection[Any]
Array = np.ndarray[Any, Any]

NO_REGION = "0000"
"""Prefecture of vehicles without a region."""


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """The version of a day and prefecture that counts; path is relative to the archive folder."""

    day: date
    region: str
    version: int
    rows: int
    keys_hash: str
    sha256: str
    path: str


def files(conn: Connection, day: date) -> list[ArchiveFile]:
    """Files of a day, by region."""
    rows = conn.execute(
        """
        select day, region, version, rows, keys_hash, sha256, path
          from archive_file
         where day = %(day)s
         order by region
        """,
        {"day": day},
    ).fetchall()
    return [ArchiveFile(*row) for row in rows]


def files_before(conn: Connection, day: date) -> list[ArchiveFile]:
    """Files of all days before the given one, oldest first."""
    rows = conn.execute(
        """
        select day, region, version, rows, keys_hash, sha256, path
          from archive_file
         where day < %(day)s
         order by day, region
        """,
        {"day": day},
    ).fetchall()
    return [ArchiveFile(*row) for row in rows]


def switch(conn: Connection, file: ArchiveFile) -> None:
    """Make a file the version that counts."""
    conn.execute(
        """
        insert into archive_file (day, region, version, rows, keys_hash, sha256, path, created_at)
        values (%(day)s, %(region)s, %(version)s, %(rows)s, %(keys_hash)s, %(sha256)s, %(path)s, now())
            on conflict (day, region)
            do update set version = excluded.version,
                          rows = excluded.rows,
                          keys_hash = excluded.keys_hash,
                          sha256 = excluded.sha256,
                          path = excluded.path,
                          created_at = excluded.created_at
        """,
        {
            "day": file.day,
            "region": file.region,
            "version": file.version,
            "rows": file.rows,
            "keys_hash": file.keys_hash,
            "sha256": file.sha256,
            "path": file.path,
        },
    )


def forget(conn: Connection, file: ArchiveFile) -> None:
    """Remove the row of an expired file."""
    conn.execute("delete from archive_file where day = %(day)s and region = %(region)s", {"day": file.day, "region": file.region})


def vehicles_of_day(conn: Connection, start_ms: int, end_ms: int, vehicle_ids: Sequence[int] | None = None) -> dict[str, list[int]]:
    """Vehicles with a stored fix in [start, end), by prefecture, ascending.

    Args:
        vehicle_ids: look only at these; None: at all.
    """
    rows = conn.execute(
        """
        select rpad(left(coalesce(nullif(v.region_code, ''), %(nowhere)s), 4), 4, '0'), l.vehicle_id
          from vehicle_last l
          left join vehicle v on v.vehicle_id = l.vehicle_id
         where l.time >= %(start)s
           and (%(all)s or l.vehicle_id = any(%(vehicles)s::int[]))
           and exists (select
                         from positions p
                        where p.vehicle_id = l.vehicle_id
                          and p.time >= %(start)s
                          and p.time < %(end)s)
         order by 1, 2
        """,
        {
            "nowhere": NO_REGION,
            "start": instant(start_ms),
            "end": instant(end_ms),
            "all": vehicle_ids is None,
            "vehicles": list(vehicle_ids or ()),
        },
    ).fetchall()
    found: dict[str, list[int]] = {}
    for region, vehicle_id in rows:
        found.setdefault(region, []).append(vehicle_id)
    return found


_EXTRAS = sql.SQL(
    """
         , string_agg(int4send(coalesce(length(e.extras), -1)), '' order by p.vehicle_id, p.time)
         , string_agg(coalesce(e.extras, ''), '' order by p.vehicle_id, p.time)
    """
)
_FIXES = sql.SQL(
    """
      from positions p
      left join position_extra e
        on e.vehicle_id = p.vehicle_id
       and e.time = p.time
       and e.time >= %(start)s
       and e.time < %(end)s
     where p.vehicle_id = any(%(vehicles)s::int[])
       and p.time >= %(start)s
       and p.time < %(end)s
    """
)


def fixes(conn: Connection, vehicle_ids: Sequence[int], start_ms: int, end_ms: int) -> tuple[Array, list[bytes | None]]:
    """Stored fixes of some vehicles in [start, end), by (vehicle_id, time), and the extra items of each.

    Returns:
        (n,) `POSITION`, and n byte strings, None where a fix has no extra items.
    """
    bounds = {"vehicles": list(vehicle_ids), "start": instant(start_ms), "end": instant(end_ms)}
    rows, (lengths, joined) = fixes_with(conn, _FIXES, bounds, _EXTRAS)
    return rows, _extras(lengths, joined)


def _extras(lengths: bytes | None, joined: bytes | None) -> list[bytes | None]:
    if lengths is None or joined is None:
        return []
    sizes = np.frombuffer(lengths, ">i4")
    ends = np.cumsum(np.maximum(sizes, 0)).tolist()
    return [None if size < 0 else bytes(joined[end - size : end]) for size, end in zip(sizes.tolist(), ends, strict=True)]


def drop_before(conn: Connection, older_than_ms: int) -> None:
    """Drop the chunks that end at or before the instant, which lies on a chunk's border (plain PostgreSQL: delete the rows)."""
    for table in ("positions", "position_extra"):
        conn.execute("select drop_chunks(%(table)s::regclass, %(before)s::timestamptz)", {"table": table, "before": instant(older_than_ms)})
