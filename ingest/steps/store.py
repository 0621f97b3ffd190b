"""Step: one transaction for everything a batch says, and for the place in the log up to which it says it."""

from __future__ import annotations

import psycopg
import structlog

from ingest import (
    attachment_store,
    day_store,
    last_store,
    link_store,
    match_state_store,
    media_store,
    offset_store,
    part_store,
    platform_store,
    position_store,
    provisional_path_store,
    quarantine_store,
    roll_up_store,
)
from ingest.alarm_items import wanted
from ingest.steps.batch import Batch, Context
from ingest.steps.outcome import Outcome, count
from ingest.steps.peer_rows import put_peers
from ingest.steps.recovery import kind_of
from ingest.steps.said import link_events, quarantined, uploads

log = structlog.get_logger()

_ORDER_H = 24.0
"""A terminal that goes off line right after its alarm hears the first order within a day."""


def store(batch: Batch, context: Context) -> None:
    """Positions, live rows, other messages, quarantine, dirty days and the fenced offset, in one transaction; then its commit.

    Raises:
        FencedError: another pipeline moved the offset.
        psycopg.Error: nothing of the batch is stored; when the commit's answer was lost, the offset tells.
    """
    if batch.dry:
        return
    conn = context.conn
    outcome = _positions(batch, context)
    newest = last_store.newest(batch.positions, batch.moves, batch.matched.where if batch.matched is not None else None)
    if context.counties is not None:
        context.counties.tell(newest)
    last_store.upsert(conn, newest)
    if outcome.corrected:
        last_store.follow_correction(conn, *_span(batch))
    _matched(batch, context)
    part_store.finish(conn, batch.finished)
    part_store.keep(conn, batch.parts)
    link_store.put(conn, link_events(batch, context))
    put_peers(batch, context)
    media_store.put(conn, context.settings.media_path, uploads(batch, context))
    if context.settings.attachments_at and not batch.condemned:
        attachment_store.want(conn, wanted(batch), attachment_store.Ordering(context.settings.attachments_at, _ORDER_H))
    capped = quarantine_store.put(conn, quarantined(batch), context.settings.quarantine_per_day)
    reader = offset_store.reader_name(context.settings.partitions)
    offset_store.advance(conn, (reader, context.partition), context.offsets, batch.log.next)
    conn.commit()
    context.offsets = {**context.offsets, **batch.log.next}
    context.reader.commit(context.offsets)
    context.last.advance(batch.positions["vehicle_id"], batch.positions["t_ms"])
    batch.stored = outcome.new + outcome.late
    count(batch, context, outcome, capped)


def _matched(batch: Batch, context: Context) -> None:
    """Ways and records of the live matcher. What the database refuses of them is given up, counted, and keeps nothing else from being stored.

    Raises:
        psycopg.Error: the whole batch cannot be stored now.
    """
    if batch.matched is None or context.live is None:
        return
    try:
        with context.conn.transaction():
            provisional_path_store.put(context.conn, batch.matched.parts)
            match_state_store.save(context.conn, batch.matched.sealed)
    except psycopg.Error as error:
        if kind_of(error) not in ("data", None):
            raise
        context.live.failed(error)
        batch.matched = None
        context.metrics.match_failures.inc()
        log.error("match_not_stored", error=str(error).splitlines()[0])


def _positions(batch: Batch, context: Context) -> Outcome:
    """Stage the fixes, insert those whose key is new, mark the days of late ones."""
    conn, rows = context.conn, batch.positions
    if not len(rows):
        return Outcome()
    batch.late |= rows["t_ms"] < roll_up_store.sealed_ms(conn)
    position_store.stage(conn, rows, batch.late, batch.corrected)
    first, last = _span(batch)
    new = position_store.insert_new(conn) if not batch.late.all() else 0
    late = 0
    if batch.late.any():
        touched = position_store.insert_late(conn)
        late = touched.total
        day_store.mark_dirty(conn, touched.vehicle_id, touched.t_ms, touched.rows)
    conflicts = position_store.conflicts(conn, first, last) if new + late < len(rows) else 0
    corrected = 0
    if batch.corrected.any():
        changed = position_store.correct(conn, first, last)
        corrected = changed.total
        day_store.mark_dirty(conn, changed.vehicle_id, changed.t_ms, changed.rows, day_store.CORRECTED)
    _extras(batch, context, new + late == len(rows))
    platform_store.leave_for_superiors(conn, context.partition, rows, new + late == len(rows))
    return Outcome(new, late, len(rows) - new - late - conflicts - corrected, conflicts, corrected)


def _extras(batch: Batch, context: Context, all_new: bool) -> None:
    if batch.extras is None:
        return
    position_store.stage_extras(context.conn, batch.positions, batch.extras)
    if all_new:
        position_store.insert_all_extras(context.conn)
    else:
        position_store.insert_extras(context.conn, *_span(batch))


def _span(batch: Batch) -> tuple[int, int]:
    """Least and greatest time of the batch's fixes, epoch ms."""
    return int(batch.positions["t_ms"].min()), int(batch.positions["t_ms"].max())
