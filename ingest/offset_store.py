"""Where each reader stands in each log: the row that moves in the same transaction as the data it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from domain.errors import StoreError

_LOCK = 0x696E67657374

Connection = psycopg.Connection[Any]


class FencedError(StoreError):
    """Another pipeline has moved this reader's offset: this one stops, nothing of its batch is stored."""


def claim(conn: Connection, partition: int, partitions: int) -> dict[str, int]:
    """Offsets to start from, by log.

    When the number of partitions has changed, every new reader starts at the least offset of the old ones
    (reading again changes nothing) and the old readers' rows go, which fences any that still runs.
    """
    reader = reader_name(partitions)
    conn.execute("select pg_advisory_xact_lock(%(key)s)", {"key": _LOCK})
    conn.execute(
        """
        insert into ingest_offset (reader, log_id, partition, position)
        select %(reader)s, o.log_id, p.partition, min(o.position)
          from ingest_offset o
         cross join generate_series(0, %(partitions)s - 1) as p(partition)
         where o.reader <> %(reader)s
           and (o.reader = 'pipeline' or o.reader like 'pipeline/%%')
         group by o.log_id, p.partition
            on conflict (reader, log_id, partition)
            do update set position = least(ingest_offset.position, excluded.position)
        """,
        {"reader": reader, "partitions": partitions},
    )
    conn.execute(
        """
        delete from ingest_offset
         where reader <> %(reader)s
           and (reader = 'pipeline' or reader like 'pipeline/%%')
        """,
        {"reader": reader},
    )
    rows = conn.execute(
        """
        select log_id, position
          from ingest_offset
         where reader = %(reader)s
           and partition = %(partition)s
        """,
        {"reader": reader, "partition": partition},
    ).fetchall()
    return {str(log_id): int(position) for log_id, position in rows}


def reader_name(partitions: int) -> str:
    """Key of the readers of one layout: "pipeline", or "pipeline/4" when four share the terminals."""
    return "pipeline" if partitions == 1 else f"pipeline/{partitions}"


def advance(conn: Connection, key: tuple[str, int], old: Mapping[str, int], new: Mapping[str, int]) -> None:
    """Move the offsets of the logs in `new` from their old place; a log seen for the first time starts at 0.

    Args:
        key: (reader, partition).
        old, new: byte positions by log_id; only logs that moved are touched.
    Raises:
        FencedError: an offset was not where this reader left it. The caller rolls back and stops.
    """
    moved = sorted(log_id for log_id, position in new.items() if position != old.get(log_id, 0))
    if not moved:
        return
    reader, partition = key
    fresh = [log_id for log_id in moved if log_id not in old]
    if fresh:
        conn.execute(
            """
            insert into ingest_offset (reader, log_id, partition, position)
            select %(reader)s, log_id, %(partition)s, 0
              from unnest(%(logs)s::text[]) as l(log_id)
                on conflict (reader, log_id, partition) do nothing
            """,
            {"reader": reader, "partition": partition, "logs": fresh},
        )
    done = conn.execute(
        """
        update ingest_offset o
           set position = m.new,
               updated_at = now()
          from unnest(%(logs)s::text[], %(old)s::bigint[], %(new)s::bigint[]) as m(log_id, old, new)
         where o.reader = %(reader)s
           and o.partition = %(partition)s
           and o.log_id = m.log_id
           and o.position = m.old
        """,
        {
            "reader": reader,
            "partition": partition,
            "logs": moved,
            "old": [old.get(log_id, 0) for log_id in moved],
            "new": [new[log_id] for log_id in moved],
        },
    ).rowcount
    if done != len(moved):
        raise FencedError(f"offset of reader {reader!r}, partition {partition} was moved by another pipeline: only one may run")
