"""Rows of the tables that hold what a batch says beside its fixes."""

from __future__ import annotations

import numpy as np

from ingest.link_store import LinkEvent
from ingest.media_store import Upload
from ingest.quarantine_store import Quarantined
from ingest.steps.batch import Batch, Context
from ingest.steps.terminals import UNKNOWN
from protocols.jt808.kernels.rows import packed_id


def quarantined(batch: Batch) -> list[Quarantined]:
    """Quarantine rows of a batch, with the raw frame; the first reason of an item counts."""
    records = batch.log
    rows: dict[tuple[int, int], Quarantined] = {}
    for said in sorted(batch.rejected, key=lambda rejected: (rejected.record, rejected.item)):
        start, end = int(records.start[said.record]), int(records.end[said.record])
        row = Quarantined(
            received_ms=int(records.received_us[said.record]) // 1000,
            log_id=records.logs[int(records.log[said.record])],
            position=int(records.position[said.record]),
            terminal_id=said.terminal_id,
            message_id=said.message_id,
            item=said.item,
            reason=said.reason,
            field=said.field,
            frame=records.buffer[start:end].tobytes(),
        )
        rows.setdefault((said.record, said.item), row)
    return list(rows.values())


def link_events(batch: Batch, context: Context) -> list[LinkEvent]:
    """Link events of a batch, with the vehicle of the terminal at that time."""
    if not batch.links:
        return []
    records = batch.log
    terminals = [str(seen.said.get("terminal") or "").lstrip("0") for seen in batch.links]
    vehicles = _vehicles(batch, context, terminals, [seen.record for seen in batch.links])
    return [
        LinkEvent(
            log_id=records.logs[int(records.log[seen.record])],
            position=int(records.position[seen.record]),
            at_ms=int(records.received_us[seen.record]) // 1000,
            event=str(seen.said.get("event", "")),
            reason=str(seen.said.get("reason") or ""),
            gateway=str(int(records.link[seen.record]) >> 48),
            peer=str(seen.said.get("peer") or ""),
            terminal_id=terminal,
            vehicle_id=vehicle,
        )
        for seen, terminal, vehicle in zip(batch.links, terminals, vehicles, strict=True)
    ]


def uploads(batch: Batch, context: Context) -> list[Upload]:
    """Multimedia of a batch, with the vehicle of the terminal at that time."""
    records = batch.log
    terminals = [seen.terminal_id for seen in batch.media]
    vehicles = _vehicles(batch, context, terminals, [seen.record for seen in batch.media])
    return [
        Upload(
            terminal_id=seen.terminal_id,
            vehicle_id=vehicle,
            received_ms=int(records.received_us[seen.record]) // 1000,
            log_id=records.logs[int(records.log[seen.record])],
            position=int(records.position[seen.record]),
            message=seen.message,
        )
        for seen, vehicle in zip(batch.media, vehicles, strict=True)
    ]


def _vehicles(batch: Batch, context: Context, terminals: list[str], rows: list[int]) -> list[int | None]:
    """Vehicles of terminals at the times of their records; None when nobody knows the terminal."""
    if not terminals:
        return []
    packed = [packed_id(terminal) for terminal in terminals]
    found = context.terminals.vehicles(
        np.array([pair[0] for pair in packed], np.uint16),
        np.array([pair[1] for pair in packed], np.uint64),
        batch.log.received_us[np.array(rows, np.int64)] // 1000,
    )
    return [None if vehicle == UNKNOWN else int(vehicle) for vehicle in found]
