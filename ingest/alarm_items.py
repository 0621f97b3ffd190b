"""Alarms of active safety among the items of fixes: those that say that they have attachments."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np

from ingest.attachment_store import Wanted
from ingest.log.record import REPLAYED
from ingest.steps.batch import Batch
from protocols.jt808.extras import Extra
from protocols.jt808.forms import as_json
from protocols.jt808.kernels.rows import terminal_key
from protocols.jt808.profile import PROFILES
from protocols.kinds.alarm_id import AlarmIdentifier

ITEMS = (0x64, 0x65, 0x66, 0x67, 0x70)
_SHORTEST = 41
_FORMS = tuple(PROFILES[name] for name in ("su_biao", "hei_biao", "yue_biao", "chuan_biao"))
_IS_ITEM = np.zeros(256, np.bool_)
_IS_ITEM[list(ITEMS)] = True


def wanted(batch: Batch) -> list[Wanted]:
    """Alarms of a batch whose attachments can be ordered, each with a fresh number; replayed frames order nothing.

    Items are looked for in bytes first, so that fixes without such alarms cost nothing.
    """
    fixes, scratch = batch.wire.fixes, batch.wire.scratch
    rows = np.flatnonzero((fixes["other_items"] != 0) & (batch.log.kind[batch.wire.record] != REPLAYED))
    if not len(rows) or len(scratch) < _SHORTEST:
        return []
    places = np.flatnonzero(_IS_ITEM[scratch[:-1]] & (scratch[1:] >= _SHORTEST))
    start, end = fixes["extras_start"][rows], fixes["extras_end"][rows]
    hit = np.searchsorted(places, start) < np.searchsorted(places, end)
    found: list[Wanted] = []
    for row in rows[hit].tolist():
        items = scratch[int(fixes["extras_start"][row]) : int(fixes["extras_end"][row])].tobytes()
        found += [_wanted(batch, row, item, alarm) for item, alarm in _alarms(items) if alarm.identifier.attachments]
    return found


def _alarms(items: bytes) -> list[tuple[int, Any]]:
    """(item id, alarm) of those items that some province lays out so; the walk ends where that of the decoder does."""
    found, at = [], 0
    while at + 2 <= len(items) and items[at] and at + 2 + items[at + 1] <= len(items):
        item_id, raw = items[at], items[at + 2 : at + 2 + items[at + 1]]
        at += 2 + len(raw)
        if item_id not in ITEMS:
            continue
        for profile in _FORMS:
            alarm = Extra(item_id, raw, profile.extras.get(item_id)).value(profile)
            if alarm is not None:
                if isinstance(alarm.identifier, AlarmIdentifier) and alarm.identifier.time_ms is not None:
                    found.append((item_id, alarm))
                break
    return found


def _wanted(batch: Batch, row: int, item: int, alarm: Any) -> Wanted:
    wire = batch.wire
    return Wanted(
        alarm_number=secrets.token_hex(16),
        terminal_id=terminal_key(int(wire.id_hi[row]), int(wire.id_lo[row])),
        vehicle_id=int(batch.vehicle_id[row]),
        identifier={**as_json(alarm.identifier), "terminal_code": alarm.identifier.terminal_code.replace("\x00", "")},
        item=item,
        kind=getattr(alarm, "kind", None),
        level=getattr(alarm, "level", None),
        fix_ms=int(wire.fixes["t_ms"][row]),
    )
