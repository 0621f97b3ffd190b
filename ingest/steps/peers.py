"""Frames of other platforms (JT/T 809): their positions as rows of the kernel's layout, and what else the pipeline stores of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from domain.position import Source
from ingest.log.record import PEER
from ingest.steps.batch import Batch, Context, PeerSeen, Rejected
from ingest.steps.declarative import Pieces
from ingest.steps.partition import partition_of
from ingest.steps.plates import plate_key
from ingest.steps.wire_row import wire_row
from protocols.anomaly import Code
from protocols.jt808.kernels.rows import HAS_ODOMETER, HAS_RECORDER, WIRE_FIX
from protocols.jt808.messages.location import Location
from protocols.jt809.answers import sub_of
from protocols.jt809.codec import Examined, examine
from protocols.jt809.envelope import Subject
from protocols.jt809.messages.exchange import Backfill, LivePosition, VehicleRegistration
from protocols.jt809.orders import Asked, answered, asked
from protocols.jt809.peer import VERSIONS, Peer
from protocols.jt809.positions import Position, Position2011

Array = np.ndarray[Any, Any]

_PEER_BITS = 0xFFFFFFFF
"""Bits of a record's link that hold the platform's number."""
ENCRYPTED_POSITION = "encrypted_position"


def take(batch: Batch, context: Context, pieces: Pieces, row: int) -> None:
    """File what one frame of another platform says, or why it is not taken."""
    records = batch.log
    peer_id = int(records.link[row]) & _PEER_BITS
    version = int(records.profile[row])
    payload = records.payload(row)
    examined = examine(payload, Peer(version=VERSIONS[version - 1] if 0 < version <= len(VERSIONS) else "auto"))
    message, header = examined.message, examined.header
    key = _vehicle(batch, peer_id, examined)
    if not _mine(context, key):
        return
    name = batch.plates[key].name if key is not None else ""
    if records.kind[row] != PEER or examined.unreadable is not None or message is None or header is None:
        fault = examined.unreadable
        reason = str(fault.code if fault is not None else Code.UNKNOWN_MESSAGE) if fault is not None or message is None else "refused"
        batch.rejected.append(Rejected(row, reason, name, _id_of(examined), 0, fault.field if fault is not None else ""))
    elif isinstance(message, (LivePosition, Backfill)):
        positions = message.positions if isinstance(message, Backfill) else (message.position,)
        if key is None:
            batch.rejected.append(Rejected(row, "no_plate", "", sub_of(message)))
            return
        for item, position in enumerate(positions):
            _position(batch, pieces, (row, item), (key, name, sub_of(message)), position)
    else:
        said = message if isinstance(message, VehicleRegistration) else asked(message, examined.subject) or answered(message)
        if said is not None:
            batch.peers.append(PeerSeen(row, peer_id, header.serial, said, key))


def _id_of(examined: Examined) -> int:
    if examined.sub_id or examined.header is None:
        return examined.sub_id or -1
    return examined.header.message_id


def _vehicle(batch: Batch, peer_id: int, examined: Examined) -> tuple[int, int] | None:
    """Number that stands for the vehicle that a frame is about; None when it names none."""
    subject = examined.subject
    said = asked(examined.message, subject)
    if isinstance(said, Asked) and said.plate is not None:
        subject = Subject(said.plate, said.plate_colour or 0)
    if subject is None:
        return None
    return plate_key(batch.plates, subject.plate, subject.plate_colour, peer_id)


def _mine(context: Context, key: tuple[int, int] | None) -> bool:
    """Whether this reader takes it; what names no vehicle is the first partition's."""
    partitions = context.settings.partitions
    if partitions == 1:
        return True
    if key is None:
        return context.partition == 0
    return int(partition_of(np.array([key[0]], np.uint16), np.array([key[1]], np.uint64), partitions)[0]) == context.partition


def _position(batch: Batch, pieces: Pieces, place: tuple[int, int], owner: tuple[tuple[int, int], str, int], position: Position) -> None:
    (record, item), (key, name, message_id) = place, owner
    fault = _fault(position)
    if fault:
        batch.rejected.append(Rejected(record, fault, name, message_id, item, "time_ms" if fault == Code.BAD_TIME else ""))
        return
    items = b""
    if isinstance(position, Position2011):
        row = _row_2011(position)
    else:
        row = wire_row(position.location)
        items = b"".join(bytes((extra.id, len(extra.raw))) + extra.raw for extra in position.location.extras) + position.location.tail
    row["item"], row["source"] = item, int(Source.PEER)
    row["extras_start"], row["extras_end"] = pieces.scratch_used, pieces.scratch_used + len(items)
    pieces.rows.append(row)
    pieces.record.append(record)
    pieces.ids.append(key)
    pieces.message_id.append(message_id)
    pieces.flags.append(0)
    pieces.exact.append(-1)
    pieces.bodies.append(items)
    pieces.scratch_used += len(items)


def _fault(position: Position) -> str:
    """Why a position cannot be used; "" when it can."""
    if position.encrypted:
        return ENCRYPTED_POSITION
    location = position if not isinstance(position, Position2011) else _as_location(position)
    fault = location.fault if isinstance(location, Location) else location.location.fault
    return str(fault) if fault is not None else ""


def _as_location(position: Position2011) -> Location:
    """The same fix as a terminal would say it: km/h to 0.1 km/h."""
    return Location(
        position.alarm_bits, position.status_bits, position.latitude_e6, position.longitude_e6, position.altitude_m,
        min(10 * position.speed_kmh, 65_535), position.heading_deg, position.time_ms,
    )  # fmt: skip


def _row_2011(position: Position2011) -> Array:
    """(1,) `WIRE_FIX`. The edition has no way to leave a number out: 0 km and a recorder at 0 km/h are taken as not said."""
    row = wire_row(_as_location(position))
    assert row.dtype == WIRE_FIX
    if position.mileage_km:
        row["odometer_01km"] = min(10 * position.mileage_km, 0xFFFFFFFF)
        row["present"] |= HAS_ODOMETER
    if position.recorder_speed_kmh:
        row["recorder_kmh10"] = min(10 * position.recorder_speed_kmh, 65_535)
        row["present"] |= HAS_RECORDER
    return row
