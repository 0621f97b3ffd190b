"""Fixes that a terminal has kept, on their way as 0x0704: whole, or in packets where they are many or sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocols.jt808.codec import build_frame
from protocols.jt808.header import Address
from simulators.frames import LOCATION_BATCH, batch_body
from simulators.link_state import State
from simulators.outbox import Fix

if TYPE_CHECKING:
    from simulators.session import Session

BLIND = 1
"""Kind of a 0x0704: fixes kept in a blind area."""
PART_BYTES = 800
"""Body bytes of a packet when an upload is sent in packets."""


def upload(session: Session, now_ms: int) -> None:
    """Send what waits as 0x0704, as far as the outbox lets it."""
    outbox = session.outbox
    while session.state is State.ONLINE and session.writable and session.closing is None:
        parted = session.settings.parted_fixes
        if parted and len(outbox.waiting) > outbox.limits.batch_fixes and not outbox.flying:
            _in_parts(session, outbox.next_batch(parted), now_ms)
            return
        fixes = outbox.next_batch()
        if not fixes:
            return
        bodies = [body for _, body in fixes]
        session.counts["batches"] += 1
        if session.sealing is not None:
            _sealed(session, fixes, batch_body(bodies, BLIND), now_ms)
            continue
        serial = session.next_serial()
        frame = session.frames.batch(bodies, BLIND, serial)
        outbox.fly(serial, LOCATION_BATCH, frame, fixes, now_ms)
        session.repeat([frame])


def _sealed(session: Session, fixes: tuple[Fix, ...], body: bytes, now_ms: int) -> None:
    serials, frames = session.frames_of(LOCATION_BATCH, body)
    if len(frames) > 1:
        session.outbox.fly_parts(serials[0], LOCATION_BATCH, list(frames), fixes, now_ms)
    else:
        session.outbox.fly(serials[0], LOCATION_BATCH, frames[0], fixes, now_ms)
    session.repeat(list(frames))


def _in_parts(session: Session, fixes: tuple[Fix, ...], now_ms: int) -> None:
    if not fixes:
        return
    body = batch_body([body for _, body in fixes], BLIND)
    if session.sealing is not None:
        _sealed(session, fixes, body, now_ms)
        return
    pieces = [body[at : at + PART_BYTES] for at in range(0, len(body), PART_BYTES)]
    serials = [session.next_serial() for _ in pieces]
    frames = []
    for index, (serial, piece) in enumerate(zip(serials, pieces, strict=True), start=1):
        address = Address(session.identity.terminal_id, serial, session.identity.version, (len(pieces), index))
        frames.append(build_frame(LOCATION_BATCH, piece, address))
    session.outbox.fly_parts(serials[0], LOCATION_BATCH, frames, fixes, now_ms)
    session.repeat(frames)
    session.counts["parted_uploads"] += 1
