"""What keeps the hot table small and the figures closed: roll-ups, archive, dropping. Called by the worker, on every server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
import structlog

from domain.errors import RefusedError
from domain.units import DAY_MS, day_bounds, day_of
from ingest import archive, archive_store, day_store, part_store, provisional_path_store, roll_up_store
from ingest.pipeline_metrics import PipelineMetrics
from ingest.roll_up_store import HOUR_MS
from storage.locks import try_lock, unlock
from storage.settings import DatabaseSettings

log = structlog.get_logger()

Connection = psycopg.Connection[Any]

FINAL_AFTER_H = 48
"""A day may be archived this long after its end, once it is clean."""

_ARCHIVED = "archive"
_LOCK = 0x72657461696E
_EARLIEST_MS = 0


@dataclass(frozen=True, slots=True)
class Retention:
    """What one round needs.

    Args:
        database: hot and archive days, hours of a chunk.
        folder: of the archive.
        settle_min: minutes without marks before a dirty day is taken, and before an hour is closed.
        metrics: of the process.
    """

    database: DatabaseSettings
    folder: Path
    settle_min: int
    metrics: PipelineMetrics

    @property
    def chunk_ms(self) -> int:
        return self.database.chunk_hours * HOUR_MS


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did; dropped_until None: nothing was dropped; blocked: the first day that may not be dropped yet."""

    hours: int = 0
    dirty_days: int = 0
    archived: int = 0
    dropped_until: int | None = None
    blocked: date | None = None


def maintain(conn: Connection, retention: Retention, now_ms: int) -> Round:
    """One round: close hours, recompute dirty days, archive final days, drop old chunks, expire files. Each part commits for itself.

    Args:
        conn: of the owner (a hypertable's chunks can be dropped by nobody else), not in autocommit; a second worker's round does nothing.
    """
    if not try_lock(conn, _LOCK):
        return Round()
    try:
        hours = roll_up(conn, retention.settle_min, now_ms)
        dirty = recompute_dirty(conn, retention, now_ms)
        archived = archive_final(conn, retention, now_ms)
        until, blocked = droppable(conn, retention, now_ms)
        if until is not None:
            drop(conn, until)
        expired = archive.expire(conn, retention.folder, day_of(now_ms) - timedelta(days=retention.database.archive_days))
        parts = part_store.purge(conn, now_ms)
        provisional_path_store.drop_old(conn, now_ms)
        retention.metrics.dirty_days.set(day_store.waiting(conn))
        conn.commit()
        log.debug("retention_round", hours=hours, dirty=dirty, archived=archived, expired=expired, parts=parts)
        return Round(hours, dirty, archived, until, blocked)
    finally:
        unlock(conn, _LOCK)


def roll_up(conn: Connection, settle_min: int, now_ms: int) -> int:
    """Figures of the hours closed since the last round; number of (vehicle, hour) rows.

    The hours are sealed first, in a transaction of their own: what is stored into them later marks its day.
    """
    until = (now_ms - settle_min * 60_000) // HOUR_MS * HOUR_MS
    roll_up_store.seal(conn, until)
    conn.commit()
    start = max(roll_up_store.watermark(conn, roll_up_store.ROLLED), _EARLIEST_MS)
    written = 0
    while start < until:
        first = roll_up_store.next_fix_ms(conn, start, until)
        if first is None:
            break
        start = first // HOUR_MS * HOUR_MS
        end = min(start + DAY_MS, until)
        written += roll_up_store.replace_hours(conn, start, end)
        roll_up_store.rolled(conn, end)
        conn.commit()
        start = end
    roll_up_store.rolled(conn, until)
    conn.commit()
    return written


def recompute_dirty(conn: Connection, retention: Retention, now_ms: int) -> int:
    """Take the settled dirty days: figures anew, a new archive version where the day was archived, marks cleared; how many.

    A mark that moved meanwhile stays and is taken by a later round.
    """
    cleared = 0
    rolled = roll_up_store.watermark(conn, roll_up_store.ROLLED)
    archived_until = roll_up_store.watermark(conn, _ARCHIVED)
    marks = day_store.settled(conn, now_ms, retention.settle_min)
    for day, group in groupby(marks, key=lambda mark: mark.day):
        of_day = list(group)
        vehicles = [mark.vehicle_id for mark in of_day]
        _, end = day_bounds(day)
        _recount(conn, retention, day, vehicles, min(end, rolled))
        if end <= archived_until:
            _count(retention, archive.archive_day(conn, retention.folder, day, vehicles))
        cleared += day_store.clear(conn, of_day)
        conn.commit()
    return cleared


def _recount(conn: Connection, retention: Retention, day: date, vehicle_ids: list[int], until_ms: int) -> None:
    """Figures of the day's hours before the instant anew, from what is stored and what is archived: a dropped day has only the latter."""
    start, _ = day_bounds(day)
    if until_ms <= start:
        return
    for first in range(0, len(vehicle_ids), archive.VEHICLES_A_PIECE):
        some = vehicle_ids[first : first + archive.VEHICLES_A_PIECE]
        roll_up_store.replace_hours(conn, start, until_ms, some, archive.archived_fixes(conn, retention.folder, day, some))


def archive_final(conn: Connection, retention: Retention, now_ms: int) -> int:
    """Archive the days that became final, oldest first, up to the first that is dirty; number of days."""
    done = 0
    final_end = day_bounds(day_of(now_ms - FINAL_AFTER_H * HOUR_MS))[0]
    start = max(roll_up_store.watermark(conn, _ARCHIVED), _EARLIEST_MS)
    dirty = set(day_store.dirty_before(conn, day_of(final_end)))
    while start < final_end:
        first = roll_up_store.next_fix_ms(conn, start, final_end)
        if first is None or day_of(first) in dirty:
            break
        day = day_of(first)
        _count(retention, archive.archive_day(conn, retention.folder, day))
        start = day_bounds(day)[1]
        roll_up_store.advance(conn, _ARCHIVED, start)
        conn.commit()
        done += 1
    conn.commit()
    return done


def droppable(conn: Connection, retention: Retention, now_ms: int) -> tuple[int | None, date | None]:
    """(chunk border up to which everything may be dropped, or None; first day in the way, or None)."""
    limit = (now_ms - retention.database.hot_days * DAY_MS) // retention.chunk_ms * retention.chunk_ms
    blocked = _first_blocked(conn, limit)
    if blocked is not None:
        limit = day_bounds(blocked)[0] // retention.chunk_ms * retention.chunk_ms
    if roll_up_store.next_fix_ms(conn, _EARLIEST_MS, limit) is None:
        return None, blocked
    return limit, blocked


def drop(conn: Connection, older_than_ms: int) -> None:
    """Drop stored fixes before the instant, a chunk border, while no pipeline stores; commits.

    Raises:
        RefusedError: a day before it is dirty or not archived; nothing is dropped.
    """
    roll_up_store.hold_pipelines(conn)
    blocked = _first_blocked(conn, older_than_ms)
    if blocked is not None:
        conn.rollback()
        raise RefusedError(f"day {blocked} is dirty or not archived: nothing before it may be dropped", field="older_than", kind="conflict")
    archive_store.drop_before(conn, older_than_ms)
    conn.commit()


def _first_blocked(conn: Connection, limit_ms: int) -> date | None:
    """First day with stored fixes before the limit that is dirty or not archived; None when there is none."""
    archived_until = roll_up_store.watermark(conn, _ARCHIVED)
    dirty = set(day_store.dirty_before(conn, day_of(limit_ms) + timedelta(days=1)))
    at = _EARLIEST_MS
    while (first := roll_up_store.next_fix_ms(conn, at, limit_ms)) is not None:
        day = day_of(first)
        end = day_bounds(day)[1]
        if end > archived_until or day in dirty or not archive_store.files(conn, day):
            return day
        at = end
    return None


def _count(retention: Retention, files: list[archive_store.ArchiveFile]) -> None:
    retention.metrics.archive_days.inc(len(files))
    retention.metrics.archive_rows.inc(sum(file.rows for file in files))
