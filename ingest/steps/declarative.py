"""Frames that the kernel leaves to the declarative definitions: one at a time, in log order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from domain.position import POSITION, Flag, Source
from ingest.part_store import Part
from ingest.steps.batch import Batch, MediaSeen, Registered, Rejected, Wire
from ingest.steps.wire_row import wire_row
from protocols.anomaly import Anomaly, Code, Layer
from protocols.jt808.codec import Examined, decode_body, find_definition
from protocols.jt808.header import Header, terminal_key
from protocols.jt808.kernels.rows import WIRE_FIX, packed_id
from protocols.jt808.messages.location import Location, LocationBatch, LocationReply
from protocols.jt808.messages.multimedia import MediaData, MediaEvent
from protocols.jt808.messages.registration import Registration
from protocols.jt808.profile import STANDARD, Profile
from protocols.wire import Context as WireContext

Array = np.ndarray[Any, Any]

_FLAGS = {
    Code.TRUNCATED_ITEM: Flag.TRUNCATED_ITEM,
    Code.ITEM_LENGTH: Flag.ITEM_LENGTH,
    Code.TAIL_AFTER_ZERO_ID: Flag.TAIL_AFTER_ZERO_ID,
    Code.TRAILING_BYTES: Flag.TRAILING_BYTES,
    Code.ITEM_COUNT: Flag.ITEM_COUNT,
}
_FRAME_LAYERS = (Layer.FRAME, Layer.HEADER, Layer.PACKET)
_BASE = 28


@dataclass(slots=True)
class Pieces:
    """Fixes found one frame at a time, joined to one `Wire` at the end; bodies go behind `scratch_used` in the scratch buffer."""

    scratch_used: int
    rows: list[Array] = field(default_factory=list)
    record: list[int] = field(default_factory=list)
    ids: list[tuple[int, int]] = field(default_factory=list)
    message_id: list[int] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    said: list[Array] = field(default_factory=list)
    exact: list[int] = field(default_factory=list)

    def add_said(self, fixes: Array, rows: Array, record: int, terminal: tuple[int, int]) -> None:
        """Fixes of one record that came in the house's units: `WIRE_FIX` with times and places in the message, and their `POSITION` rows."""
        first = sum(map(len, self.said))
        self.said.append(rows)
        self.rows.append(fixes)
        self.record += [record] * len(rows)
        self.ids += [terminal] * len(rows)
        self.message_id += [0] * len(rows)
        self.flags += [0] * len(rows)
        self.exact += range(first, first + len(rows))

    def wire(self, scratch: Array) -> Wire:
        """All of it, with the scratch buffer that its items point into."""
        fixes = np.concatenate(self.rows) if self.rows else np.empty(0, WIRE_FIX)
        return Wire(
            fixes,
            np.array(self.record, np.int64),
            np.array([pair[0] for pair in self.ids], np.uint16),
            np.array([pair[1] for pair in self.ids], np.uint64),
            np.array(self.message_id, np.uint16),
            np.array(self.flags, np.int16),
            np.concatenate((scratch, np.frombuffer(b"".join(self.bodies), np.uint8))),
            np.array(self.exact, np.int64),
            np.concatenate(self.said) if self.said else np.empty(0, POSITION),
        )


def take(batch: Batch, pieces: Pieces, record: int, examined: Examined) -> None:
    """File what one frame says: fixes, a registration, a packet of a longer message, or its rejection."""
    header = examined.header
    fault = next((found for found in examined.anomalies if found.drop and found.layer in _FRAME_LAYERS), None)
    if header is None or fault is not None:
        batch.rejected.append(rejected(record, header, fault or examined.dropped))
    elif header.package_total is not None and header.package_index is not None and header.package_total > 1:
        batch.parts.append(_part(batch, record, header, examined.body))
    else:
        message_taken(batch, pieces, record, header, examined)


def message_taken(batch: Batch, pieces: Pieces, record: int, header: Header, examined: Examined) -> None:
    """File a whole message; one without a meaning for the pipeline stays in the log only."""
    message = examined.message
    if isinstance(message, Location | LocationReply | LocationBatch):
        _fixes(batch, pieces, record, header, examined)
    elif examined.dropped is not None:
        batch.rejected.append(rejected(record, header, examined.dropped))
    elif isinstance(message, Registration):
        batch.registrations.append(Registered(record, terminal_key(header.terminal_id), message))
    elif isinstance(message, MediaData | MediaEvent):
        batch.media.append(MediaSeen(record, terminal_key(header.terminal_id), message))


def rejected(record: int, header: Header | None, fault: Anomaly | None) -> Rejected:
    """Rejection of a whole frame."""
    reason, name = (str(fault.code), fault.field) if fault is not None else (str(Code.SHORT_FRAME), "")
    if header is None:
        return Rejected(record, reason, field=name)
    return Rejected(record, reason, terminal_key(header.terminal_id), header.message_id, 0, name)


def assembled(header: Header, body: bytes, profile: Profile = STANDARD) -> Examined:
    """A message whose packets are all there; its anomalies count offsets in the joined body."""
    anomalies: list[Anomaly] = []
    definition = find_definition(header.message_id, profile)
    if definition is None:
        return Examined(header, None, body, b"", (), header.version)
    message, version = decode_body(definition, body, 0, len(body), WireContext(profile, header.version, anomalies))
    return Examined(header, message, body, b"", tuple(anomalies), version)


def _part(batch: Batch, record: int, header: Header, body: bytes) -> Part:
    total, index = header.package_total or 0, header.package_index or 0
    key = (terminal_key(header.terminal_id), header.message_id, total, (header.serial - (index - 1)) % 65_536)
    return Part(key, index, int(batch.log.received_us[record]) // 1000, body)


def _fixes(batch: Batch, pieces: Pieces, record: int, header: Header, examined: Examined) -> None:
    """Usable fixes to rows, the others to quarantine with their place in the message."""
    message = examined.message
    terminal = terminal_key(header.terminal_id)
    base = header.body_start if examined.raw else 0
    for item, (location, span) in enumerate(zip(_locations(message), _spans(message, examined.body), strict=True)):
        if location is None or location.fault is not None:
            reason = Code.SHORT_BODY if location is None or location.fault is None else location.fault
            name = "time_ms" if reason is Code.BAD_TIME else ""
            batch.rejected.append(Rejected(record, str(reason), terminal, header.message_id, item, name))
            continue
        row = wire_row(location)
        row["item"] = item
        row["source"] = _source(message)
        row["extras_start"] = pieces.scratch_used + span[0] + _BASE
        row["extras_end"] = pieces.scratch_used + span[1]
        pieces.rows.append(row)
        pieces.record.append(record)
        pieces.ids.append(packed_id(terminal))
        pieces.message_id.append(header.message_id)
        pieces.exact.append(-1)
        pieces.flags.append(_flags(examined.anomalies, base + span[0], base + span[1], len(examined.body) + base))
    pieces.bodies.append(examined.body)
    pieces.scratch_used += len(examined.body)


def _locations(message: Location | LocationReply | LocationBatch) -> tuple[Location | None, ...]:
    if isinstance(message, LocationBatch):
        return message.locations
    return (message.location if isinstance(message, LocationReply) else message,)


def _spans(message: Location | LocationReply | LocationBatch, body: bytes) -> list[tuple[int, int]]:
    """(start, end) in the body of each fix."""
    if isinstance(message, LocationReply):
        return [(2, len(body))]
    if isinstance(message, Location):
        return [(0, len(body))]
    spans, at = [], 3
    for _ in message.locations:
        length = int.from_bytes(body[at : at + 2], "big")
        spans.append((at + 2, at + 2 + length))
        at += 2 + length
    return spans


def _source(message: Location | LocationReply | LocationBatch) -> int:
    if not isinstance(message, LocationBatch):
        return int(Source.LIVE)
    return int(Source.BLIND if message.kind == 1 else Source.BATCH)


def _flags(anomalies: tuple[Anomaly, ...], start: int, end: int, body_end: int) -> int:
    """`Flag` bits of a fix: anomalies inside its bytes, and those of the message as a whole."""
    flags = 0
    for found in anomalies:
        whole = found.code is Code.ITEM_COUNT or found.offset < 0
        if whole or start <= found.offset < end or (found.offset == end == body_end):
            flags |= int(_FLAGS.get(found.code, 0))
    return flags
