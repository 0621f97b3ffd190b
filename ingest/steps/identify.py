"""Step: whose fixes these are; under the open policy whoever reports is admitted."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.binding_store import moved_terminals
from ingest.steps.batch import Batch, Context, CutError, Registered, Rejected, Wire, owner_name
from ingest.steps.plates import PLATE, find_plates
from ingest.steps.terminals import UNKNOWN
from protocols.jt808.kernels.rows import terminal_key
from storage import registry

Array = np.ndarray[Any, Any]

OPEN = "open"


def identify(batch: Batch, context: Context) -> None:
    """Find the vehicle of each fix at its gateway time; admit or reject the terminals nobody knows.

    Policy "open": registrations and first reports are admitted in log order, in the batch's own transaction; the newest registration
    binds the plate. Policy "registry": what people have not entered goes to quarantine.

    Raises:
        CutError: a terminal lost its vehicle to another one within the batch and went on reporting: its next report must be admitted
            after what came before it.
    """
    if context.stale_registry:
        reload(context)
    admits = context.settings.registration == OPEN
    find_plates(batch, context, admits)
    wire = batch.wire
    received_ms = batch.log.received_us[wire.record] // 1000
    vehicle_id = context.terminals.vehicles(wire.id_hi, wire.id_lo, received_ms)
    strangers = np.flatnonzero((vehicle_id == UNKNOWN) & (wire.id_hi != PLATE))
    bound = vehicle_id != UNKNOWN
    if admits and (len(strangers) or batch.registrations):
        found = registry.admit(context.conn, _in_log_order(batch, strangers))
        bound[strangers] = [terminal in found for terminal in _numbers(wire, strangers)]
    if len(strangers) or (admits and batch.registrations):
        reload(context)
        vehicle_id = context.terminals.vehicles(wire.id_hi, wire.id_lo, received_ms)
    known = vehicle_id != UNKNOWN
    bereft = np.flatnonzero(~known & bound)
    if admits and len(bereft):
        vehicle_id = _bereft(batch, context, bereft)
        known = vehicle_id != UNKNOWN
    for row in np.flatnonzero(~known):
        item, reason = int(wire.fixes["item"][row]), "unknown_vehicle" if wire.id_hi[row] == PLATE else "unknown_terminal"
        batch.rejected.append(Rejected(int(wire.record[row]), reason, owner_name(batch, int(row)), int(wire.message_id[row]), item))
    batch.wire = wire.take(known) if not known.all() else wire
    batch.vehicle_id = vehicle_id[known]


def reload(context: Context) -> None:
    """Read what has changed in the registry, in this transaction; everything at first."""
    rows = registry.roster(context.conn, context.registry_seen)
    changed = [row.terminal_id for row in rows] if context.registry_seen is not None else None
    context.terminals.update(((row.terminal_id, row.vehicle_id) for row in rows), moved_terminals(context.conn, changed))
    if rows:
        context.registry_seen = max(row.changed_at for row in rows)
    context.stale_registry = False


def _bereft(batch: Batch, context: Context, rows: Array) -> Array:
    """Vehicles of all fixes, once terminals that lost theirs within the batch have been admitted again.

    Raises:
        CutError: records stand before the first such fix: they are stored first, so that admissions happen in log order.
    """
    wire, records = batch.wire, batch.log
    first = int(wire.record[rows].min())
    if first:
        raise CutError(first)
    batch.registrations = []
    registry.admit(context.conn, _in_log_order(batch, rows))
    reload(context)
    return context.terminals.vehicles(wire.id_hi, wire.id_lo, records.received_us[wire.record] // 1000)


def _numbers(wire: Wire, rows: Array) -> list[str]:
    """Terminal numbers of some fixes, without leading zeros."""
    return [terminal_key(hi, lo) for hi, lo in zip(wire.id_hi[rows].tolist(), wire.id_lo[rows].tolist(), strict=True)]


def _in_log_order(batch: Batch, unknown: Array) -> list[registry.Registration]:
    """What to admit: registrations, and first reports of unknown terminals with nothing but their number."""
    wire, records = batch.wire, batch.log
    asked = [(said.record, _registration(batch, said)) for said in batch.registrations]
    ids = np.stack([wire.id_hi[unknown].astype(np.uint64), wire.id_lo[unknown]], axis=1)
    _, firsts = np.unique(ids, axis=0, return_index=True)
    for row in unknown[firsts]:
        record = int(wire.record[row])
        terminal_id = terminal_key(int(wire.id_hi[row]), int(wire.id_lo[row]))
        asked.append((record, registry.Registration(terminal_id, at_ms=int(records.received_us[record]) // 1000)))
    asked.sort(key=lambda pair: pair[0])
    return [row for _, row in asked]


def _registration(batch: Batch, said: Registered) -> registry.Registration:
    message = said.message
    return registry.Registration(
        said.terminal_id,
        plate=message.plate,
        plate_colour=message.plate_colour,
        maker=message.maker,
        model=message.model,
        terminal_code=message.terminal_code,
        province=message.province,
        city=message.city,
        at_ms=int(batch.log.received_us[said.record]) // 1000,
    )
