"""The one compiled call of a turn: everything that arrived is split, judged, appended and answered."""

from __future__ import annotations

import numpy as np
from numba import njit

from ingest.gateway.links import AUTHENTICATED
from ingest.log.record import append
from protocols.jt808.kernels.fixes import judge
from protocols.jt808.kernels.frames import BAD, parse
from protocols.jt808.kernels.replies import general_reply
from protocols.jt808.kernels.rows import OK

SEGMENT = np.dtype([(name, "<i8") for name in ("start", "end", "slot", "left", "reply_start", "reply_end", "urgent_start", "urgent_end")])
"""One row for the bytes of one link: start, end in the arena; left: where an unfinished run begins (= end when none);
reply_*: 0x8001 that wait for the log, in the group's reply arena; urgent_*: those that promise nothing."""

ACCEPTED, FIXES, HEARTBEATS, JUNK_BYTES, OVERSIZE, SHORT, REFUSED, ASKED = range(8)
"""Places in the counters array."""

USED, GAP, RECEIVED_US, NOW_MS, TAKING, REPLY_AT, URGENT_AT, ASKS, MAX_FRAME, DOOR = range(10)
"""Places in the state array: log bytes used, log bytes before the durable mark at used = 0, arrival (epoch µs),
monotonic ms, 1 while the log takes records, write places of the two reply arenas, frames asked, and two settings."""

_NOT_OURS, _DONE = 0, 1
_SHORTEST_RUN = 13


@njit(cache=True, nogil=True)
def _answer(scratch, frame, number, serials, out, at):  # type: ignore[no-untyped-def]
    serial = serials[number]
    serials[number] = serial + np.uint16(1)
    return general_reply(out, at, frame, scratch, 5 if frame.version == 1 else 4, serial, 0)


@njit(cache=True, nogil=True)
def _settle(arena, run, end, slot, number, serials, state, outs, frame, scratch, counters):  # type: ignore[no-untyped-def]
    """Append and answer one checked frame of an authenticated link, or say that it is not the kernel's."""
    log, replies, urgent = outs
    fixes = 0
    if frame.message_id == 0x0200 or frame.message_id == 0x0704:
        fixes = judge(scratch, frame.message_id, frame.body_start, frame.body_end)
    if fixes > 0:
        slot.heard_ms = state[NOW_MS]
        if state[TAKING] == 0:
            counters[REFUSED] += 1
            return _DONE
        used = state[USED]
        mark = min(state[GAP] + used, 0xFFFFFFFF)
        state[USED] = append(log, used, state[RECEIVED_US], slot.link, 0, state[DOOR], slot.profile, 0, mark, arena, run, end, 1)
        state[REPLY_AT] = _answer(scratch, frame, number, serials, replies, state[REPLY_AT])
        counters[ACCEPTED] += 1
        counters[FIXES] += fixes
        return _DONE
    if frame.message_id == 0x0002 and frame.body_start == frame.body_end:
        slot.heard_ms = state[NOW_MS]
        state[URGENT_AT] = _answer(scratch, frame, number, serials, urgent, state[URGENT_AT])
        counters[HEARTBEATS] += 1
        return _DONE
    return _NOT_OURS


@njit(cache=True, nogil=True)
def _unusable(slot, length, max_frame, counters):  # type: ignore[no-untyped-def]
    """True when a run between two delimiters is no candidate: before the first delimiter, too long, too short."""
    if slot.synced == 0:
        slot.synced = 1
        counters[JUNK_BYTES] += length
    elif length > max_frame:
        counters[OVERSIZE] += 1
    elif length < _SHORTEST_RUN:
        counters[SHORT] += 1 if length > 0 else 0
    else:
        return False
    slot.junk += length
    return True


@njit(cache=True, nogil=True)
def _leave(segment, slot, run, max_frame, counters):  # type: ignore[no-untyped-def]
    """Keep the unfinished run of a segment for its next bytes, or drop what can be no frame."""
    left = segment.end - run
    segment.left = run
    if slot.synced == 0 or left > max_frame:
        slot.junk += left
        if slot.synced == 0:
            counters[JUNK_BYTES] += left
        else:
            counters[OVERSIZE] += 1
        slot.synced = 0
        segment.left = segment.end


@njit(cache=True, nogil=True)
def take(arena, segments, count, slots, serials, state, outs, asks, frames, scratch, counters):  # type: ignore[no-untyped-def]
    """Process the segments of one turn.

    Args:
        arena: (n,) uint8; segments: `SEGMENT` rows, the first count are used; slots: `SLOT` rows; serials: (slots,) uint16.
        state: (10,) int64, see `USED`; changed in place.
        outs: (log, replies, urgent), each (n,) uint8 with room for what the arena can ask for.
        asks: (m, 3) int64, filled with start, end and segment of frames for the declarative path.
        frames: (1,) `FRAME`; scratch: (4096,) uint8; counters: (8,) int64, added to.
    """
    asked = 0
    max_frame = state[MAX_FRAME]
    frame = frames[0]
    for s in range(count):
        segment = segments[s]
        number = segment.slot
        slot = slots[number]
        segment.reply_start = state[REPLY_AT]
        segment.urgent_start = state[URGENT_AT]
        run = segment.start
        hold_rest = False
        for i in range(segment.start, segment.end):
            if arena[i] != 0x7E:
                continue
            start = run
            run = i + 1
            if _unusable(slot, i - start, max_frame, counters):
                continue
            verdict, _ = parse(arena, start, i, scratch, 0, frames, 0)
            ours = verdict == OK and slot.state == AUTHENTICATED and not hold_rest
            if ours and frame.id_lo == slot.id_lo and frame.id_hi == slot.id_hi:
                if _settle(arena, start, i, slot, number, serials, state, outs, frame, scratch, counters) == _DONE:
                    continue
            elif verdict == BAD:
                slot.junk += i - start
            if frame.message_id == 0x0100 or frame.message_id == 0x0102 or frame.message_id == 0x0003:
                hold_rest = True
            asks[asked, 0] = start
            asks[asked, 1] = i
            asks[asked, 2] = s
            asked += 1
        _leave(segment, slot, run, max_frame, counters)
        segment.reply_end = state[REPLY_AT]
        segment.urgent_end = state[URGENT_AT]
    counters[ASKED] += asked
    state[ASKS] = asked
