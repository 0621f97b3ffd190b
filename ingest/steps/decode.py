"""Step: records to fixes in wire units; the kernel takes what it fully understands, the definitions decide the rest."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ingest import part_store
from ingest.log.record import DOOR_PEER, DROPPED, FRAME, LINK_EVENT, MQTT, PEER, REPLAYED
from ingest.steps import declarative, payloads, peers
from ingest.steps.batch import Batch, Context, LinkSeen, Rejected, Wire
from ingest.steps.partition import partition_of
from protocols.jt808.batch import decode_frames
from protocols.jt808.codec import Examined, examine
from protocols.jt808.delimiters import spoken
from protocols.jt808.header import Header, terminal_key
from protocols.jt808.kernels.rows import ASK, packed_id
from protocols.jt808.kernels.rows import terminal_key as number
from protocols.jt808.profile import BY_NUMBER, STANDARD, Profile

Array = np.ndarray[Any, Any]


def decode(batch: Batch, context: Context) -> None:
    """One kernel pass over all frames, then one by one what it leaves: other messages, packets, odd frames, link events.

    Frames of other partitions are left out. Packets wait in `message_part` until their message is whole.
    """
    records = batch.log
    if batch.condemned:
        batch.rejected = [_condemned(batch, row) for row in range(len(records.start))]
        return
    frames_in = np.flatnonzero((records.kind == FRAME) | (records.kind == REPLAYED))
    own_way = _own_way(records.profile[frames_in])
    rows = frames_in[~own_way]
    decoded = decode_frames(records.buffer, records.start[rows], records.end[rows])
    pieces = declarative.Pieces(len(decoded.scratch))
    headers: list[tuple[int, Header]] = []
    for row in np.sort(np.concatenate((rows[decoded.frames["verdict"] == ASK], frames_in[own_way]))):
        _ask(batch, context, pieces, int(row), headers)
    _assemble(batch, context, pieces, headers)
    for row in np.flatnonzero(records.kind == MQTT):
        raw = _payload(batch, int(row))
        if _mine(context, payloads.device_of(raw)):
            payloads.take(batch, pieces, int(row), raw)
    for row in np.flatnonzero((records.kind == PEER) | ((records.kind == DROPPED) & (records.door == DOOR_PEER))):
        peers.take(batch, context, pieces, int(row))
    for row in np.flatnonzero((records.kind == DROPPED) & (records.door != DOOR_PEER)):
        _dropped(batch, context, int(row))
    for row in np.flatnonzero(records.kind == LINK_EVENT):
        _link_event(batch, context, int(row))
    frames = decoded.frames[decoded.fixes["frame"]]
    wire = Wire(
        decoded.fixes, rows[decoded.fixes["frame"]], frames["id_hi"], frames["id_lo"], frames["message_id"],
        np.zeros(len(frames), np.int16), decoded.scratch,
    )  # fmt: skip
    if context.settings.partitions > 1:
        wire = wire.take(partition_of(wire.id_hi, wire.id_lo, context.settings.partitions) == context.partition)
    batch.wire = _without(batch, _joined(wire, pieces))


def _own_way(profiles: Array) -> Array:
    """True where the kernel would read positions otherwise than the record's profile says."""
    odd = [profile for profile in np.unique(profiles).tolist() if not BY_NUMBER.get(profile, STANDARD).reads_as_standard]
    return np.isin(profiles, odd)


def _condemned(batch: Batch, row: int) -> Rejected:
    if batch.log.kind[row] == MQTT:
        return Rejected(row, batch.condemned, payloads.device_of(_payload(batch, row)))
    header = _examined(batch, row).header
    return (
        Rejected(row, batch.condemned)
        if header is None
        else Rejected(row, batch.condemned, terminal_key(header.terminal_id), header.message_id)
    )


def _profile(batch: Batch, row: int, payload: bytes) -> Profile:
    """How the terminal speaks, as the gateway knew it; the payload's first byte tells its form."""
    return spoken(BY_NUMBER.get(int(batch.log.profile[row]), STANDARD), payload)


def _examined(batch: Batch, row: int) -> Examined:
    payload = _payload(batch, row)
    return examine(payload, _profile(batch, row, payload))


def _payload(batch: Batch, row: int) -> bytes:
    records = batch.log
    return records.buffer[int(records.start[row]) : int(records.end[row])].tobytes()


def _mine(context: Context, terminal_id: str) -> bool:
    """Whether this reader takes the terminal; a frame without a readable one is the first partition's."""
    partitions = context.settings.partitions
    if partitions == 1:
        return True
    if not terminal_id:
        return context.partition == 0
    hi, lo = packed_id(terminal_id)
    return int(partition_of(np.array([hi], np.uint16), np.array([lo], np.uint64), partitions)[0]) == context.partition


def _terminal(examined: Examined) -> str:
    return "" if examined.header is None else terminal_key(examined.header.terminal_id)


def _ask(batch: Batch, context: Context, pieces: declarative.Pieces, row: int, headers: list[tuple[int, Header]]) -> None:
    examined = _examined(batch, row)
    if not _mine(context, _terminal(examined)):
        return
    parts = len(batch.parts)
    declarative.take(batch, pieces, row, examined)
    if len(batch.parts) > parts and examined.header is not None:
        headers.append((row, examined.header))


def _assemble(batch: Batch, context: Context, pieces: declarative.Pieces, headers: list[tuple[int, Header]]) -> None:
    """Messages that this batch's packets make whole: decoded at the place of the packet that came last.

    Args:
        headers: (record, header) of each packet of the batch.
    """
    waiting = part_store.stored(context.conn, list({part.key for part in batch.parts}))
    left: dict[tuple[part_store.PartKey, int], part_store.Part] = {}
    for part, (row, header) in zip(batch.parts, headers, strict=True):
        key, total = part.key, part.key[2]
        parts = waiting.setdefault(key, {})
        part_store.add(parts, part)
        left[key, part.index] = part
        body = part_store.joined(parts, total, part.received_ms) if len(parts) >= total else None
        if body is None:
            continue
        whole = declarative.assembled(header, body, _profile(batch, row, _payload(batch, row)))
        declarative.message_taken(batch, pieces, row, header, whole)
        batch.finished.append(key)
        del waiting[key]
        left = {place: kept for place, kept in left.items() if place[0] != key}
    batch.parts = list(left.values())


def _dropped(batch: Batch, context: Context, row: int) -> None:
    """A frame that the gateway refused to take: quarantined with what is wrong with it."""
    examined = _examined(batch, row)
    if not _mine(context, _terminal(examined)):
        return
    if examined.dropped is None:
        header = examined.header
        message_id = -1 if header is None else header.message_id
        batch.rejected.append(Rejected(row, "refused", _terminal(examined), message_id))
    else:
        batch.rejected.append(declarative.rejected(row, examined.header, examined.dropped))


def _link_event(batch: Batch, context: Context, row: int) -> None:
    try:
        said = json.loads(_payload(batch, row))
    except ValueError:
        said = None
    if not isinstance(said, dict):
        if context.partition == 0:
            batch.rejected.append(Rejected(row, "bad_link_event"))
        return
    if _mine(context, str(said.get("terminal") or "")):
        batch.links.append(LinkSeen(row, said))


def _joined(wire: Wire, pieces: declarative.Pieces) -> Wire:
    """Kernel's and definitions' fixes in log order."""
    if not pieces.rows:
        return wire
    asked = pieces.wire(wire.scratch)
    both = Wire(
        np.concatenate((wire.fixes, asked.fixes)),
        np.concatenate((wire.record, asked.record)),
        np.concatenate((wire.id_hi, asked.id_hi)),
        np.concatenate((wire.id_lo, asked.id_lo)),
        np.concatenate((wire.message_id, asked.message_id)),
        np.concatenate((wire.flags, asked.flags)),
        asked.scratch,
        np.concatenate((np.full(len(wire), -1, np.int64), asked.exact)) if asked.exact is not None else None,
        asked.said,
    )
    return both.take(np.argsort(both.record, kind="stable"))


def _without(batch: Batch, wire: Wire) -> Wire:
    """Leave out items that an earlier attempt proved impossible to store; they are rejected with its reason."""
    for record, item in batch.skip:
        for row in np.flatnonzero((wire.record == record) & (wire.fixes["item"] == item)):
            terminal = number(int(wire.id_hi[row]), int(wire.id_lo[row]))
            batch.rejected.append(Rejected(record, batch.skip[record, item], terminal, int(wire.message_id[row]), item))
    if not batch.skip:
        return wire
    keep = [pair not in batch.skip for pair in zip(wire.record.tolist(), wire.fixes["item"].tolist(), strict=True)]
    return wire.take(np.array(keep, np.bool_))
