"""Step: one row a key, in (vehicle, time) order, with clocks that can be true."""

from __future__ import annotations

from typing import Any

import numpy as np

from domain.position import Source
from domain.units import DAY_MS
from ingest.extras import Extras
from ingest.steps.batch import Batch, Context, Rejected, Wire, owner_name
from ingest.steps.corrected import CORRECT
from ingest.steps.corrected import replayed as is_replayed
from protocols.jt808.batch import to_positions

Array = np.ndarray[Any, Any]

_SAID = (
    "lon_e6", "lat_e6", "alarm_bits", "status_bits", "odometer_m", "speed_kmh10", "heading_deg", "altitude_m",
    "recorder_kmh10", "fuel_l10", "satellites",
)  # fmt: skip
"""Columns that make two rows of one key say the same; how they reached us does not count."""


def order(batch: Batch, context: Context) -> None:
    """Reject impossible clocks, sort by (vehicle, time), keep the first of equal keys, tell new from late.

    The first in log order wins inside a batch as across batches, so where batches are cut never changes what is stored. A corrected
    row stands beside the plain row of its key. Late: not newer than the vehicle's newest stored fix. Replayed frames may be of any age.
    """
    records, wire = batch.log, batch.wire
    received_ms = records.received_us[wire.record] // 1000
    replayed = is_replayed(records)[wire.record]
    sound = _plausible(batch, context, received_ms, replayed)
    wire = wire.take(sound)
    received_ms, replayed, vehicle_id = received_ms[sound], replayed[sound], batch.vehicle_id[sound]
    corrected = replayed & (records.reason[wire.record] == CORRECT)
    rows = to_positions(wire.fixes, received_ms, vehicle_id, replayed)
    rows["flags"] |= wire.flags
    _exact(rows, wire, replayed)
    sequence = np.lexsort((corrected, rows["t_ms"], rows["vehicle_id"]))
    rows, corrected = rows[sequence], corrected[sequence]
    first = _first_of_key(rows, corrected)
    _count_doubles(batch, rows, first)
    batch.positions, batch.corrected = rows[first], corrected[first]
    kept = sequence[first]
    batch.items = wire.fixes["item"][kept]
    if context.settings.keep_extras:
        batch.extras = _extras(wire, kept)
    batch.behind = _behind(batch.positions["vehicle_id"], wire.record[kept])
    batch.late = (batch.positions["t_ms"] <= context.last.of(batch.positions["vehicle_id"])) | batch.corrected


def _exact(rows: Array, wire: Wire, replayed: Array) -> None:
    """Put in what came in the house's units as it came."""
    if wire.exact is None:
        return
    which = np.flatnonzero(wire.exact >= 0)
    said = wire.said[wire.exact[which]]
    for name in (*_SAID, "flags", "source"):
        rows[name][which] = said[name]
    rows["source"][which[replayed[which]]] = Source.REPLAY


def _plausible(batch: Batch, context: Context, received_ms: Array, replayed: Array) -> Array:
    """Rows whose device time is neither ahead of the gateway's clock nor too old; the others are rejected."""
    t_ms = batch.wire.fixes["t_ms"]
    ahead = t_ms > received_ms + context.settings.clock_ahead_s * 1000
    too_old = (t_ms < received_ms - context.settings.accept_days * DAY_MS) & ~replayed
    wire = batch.wire
    for row in np.flatnonzero(ahead | too_old):
        batch.rejected.append(
            Rejected(
                int(wire.record[row]),
                "clock_ahead" if ahead[row] else "too_old",
                owner_name(batch, int(row)),
                int(wire.message_id[row]),
                int(wire.fixes["item"][row]),
                "time_ms",
            )
        )
    return np.flatnonzero(~(ahead | too_old))


def _first_of_key(rows: Array, corrected: Array) -> Array:
    """(m,) int64: first row of every run of equal (vehicle, time, corrected)."""
    if not len(rows):
        return np.empty(0, np.int64)
    vehicle, t_ms = rows["vehicle_id"], rows["t_ms"]
    same = (vehicle[1:] == vehicle[:-1]) & (t_ms[1:] == t_ms[:-1]) & (corrected[1:] == corrected[:-1])
    return np.flatnonzero(np.concatenate(([True], ~same)))


def _behind(vehicle: Array, record: Array) -> Array:
    """(n,) bool: a newer fix of the vehicle stands in an earlier record. Rows in (vehicle, time) order; where batches are cut changes nothing."""
    if not ((vehicle[1:] == vehicle[:-1]) & (record[1:] < record[:-1])).any():
        return np.zeros(len(vehicle), np.bool_)
    place = vehicle.astype(np.int64) << 32 | record
    return np.asarray(np.minimum.accumulate(place[::-1])[::-1] < place)


def _count_doubles(batch: Batch, rows: Array, first: Array) -> None:
    """How many rows repeat an earlier one of the batch, and how many of these contradict it."""
    batch.doubles = len(rows) - len(first)
    if batch.doubles:
        owner = np.repeat(first, np.diff(np.append(first, len(rows))))
        differs = np.zeros(len(rows), np.bool_)
        for name in _SAID:
            differs |= rows[name] != rows[name][owner]
        batch.double_conflicts = int(differs.sum())


def _extras(wire: Wire, kept: Array) -> Extras | None:
    """Items of the kept rows that carry more than the columns hold; None when none does."""
    fixes = wire.fixes[kept]
    if not fixes["other_items"].any():
        return None
    start = fixes["extras_start"].astype(np.int64)
    end = np.where(fixes["other_items"] != 0, fixes["extras_end"], fixes["extras_start"]).astype(np.int64)
    return Extras(wire.scratch, start, end)
