"""JSON of MQTT devices in the log: its fixes in the house's units, its faults to quarantine with their field."""

from __future__ import annotations

import numpy as np

from domain.position import Source
from ingest.mqtt import payloads, topics
from ingest.steps.batch import Batch, Rejected
from ingest.steps.declarative import Pieces
from protocols.jt808.kernels.rows import WIRE_FIX, packed_id


def device_of(raw: bytes) -> str:
    """Terminal number of a record, "" when it names none."""
    device, _ = payloads.of_record(raw)
    return device if topics.is_device(device) else ""


def take(batch: Batch, pieces: Pieces, row: int, raw: bytes) -> None:
    """File what one record says; what the door told the device is decided by the same function."""
    device = device_of(raw)
    report = payloads.read(payloads.of_record(raw)[1])
    if not device or report.whole is not None:
        reason, name = ("unknown_device", "") if report.whole is None else (report.whole.reason, report.whole.field)
        batch.rejected.append(Rejected(row, reason, device, field=name))
        return
    for fault in report.faults:
        batch.rejected.append(Rejected(row, fault.reason, device, item=fault.item, field=fault.field.partition(".")[2] or fault.field))
    fixes = np.zeros(len(report.rows), WIRE_FIX)
    fixes["t_ms"] = report.rows["t_ms"]
    fixes["item"] = report.items
    fixes["source"] = Source.MQTT
    pieces.add_said(fixes, report.rows, row, packed_id(device))
