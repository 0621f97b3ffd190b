"""System calls in bulk for the drain door: one compiled call reads every ready socket, one writes every reply (Linux).

The functions hold pointers into libc and so cannot be cached: each process compiles them before it listens.
"""

from __future__ import annotations

import ctypes
import platform
from typing import Any

import numpy as np
from numba import njit

_PACKED = platform.machine() in ("x86_64", "AMD64")
EVENT = np.dtype(
    {"names": ["events", "slot"], "formats": ["<u4", "<u8"], "offsets": [0, 4 if _PACKED else 8], "itemsize": 12 if _PACKED else 16}
)
"""struct epoll_event, epoll_ctl(2): packed on x86-64 only; the data word carries the slot."""

MSG_DONTWAIT, MSG_NOSIGNAL = 0x40, 0x4000
"""Flags of recv(2) and send(2) on Linux."""

_libc = ctypes.CDLL(None, use_errno=False)
_word, _int = ctypes.c_size_t, ctypes.c_int


def _function(name: str, *arguments: Any) -> Any:
    function = getattr(_libc, name)
    function.argtypes = list(arguments)
    function.restype = ctypes.c_ssize_t if name in ("recv", "send") else _int
    return function


_epoll_wait = _function("epoll_wait", _int, _word, _int, _int)
_recv = _function("recv", _int, _word, _word, _int)
_send = _function("send", _int, _word, _word, _int)
_epoll_ctl = _function("epoll_ctl", _int, _int, _int, _word)
_ADD, _MODIFY, _READABLE = 1, 3, 1


def watch(epoll: int, fd: int, slot: int, again: bool, *, readable: bool = True) -> None:
    """Have the epoll tell, by its slot, when the socket can be read, or only when it broke; OSError when it refuses.

    Python's own `select.epoll` always puts the descriptor into the data word, where `gather` looks for a slot, hence libc.
    """
    event = np.zeros(1, EVENT)
    event[0]["events"], event[0]["slot"] = _READABLE if readable else 0, slot
    if _epoll_ctl(epoll, _MODIFY if again else _ADD, fd, event.ctypes.data) != 0:
        raise OSError(f"epoll refuses descriptor {fd}")


@njit(nogil=True)
def gather(epoll, events, arena, segments, limits, fds, lefts, left_sizes, troubled):  # type: ignore[no-untyped-def]
    """Read what every ready socket holds into the arena, each behind the left-over bytes of its link.

    Args:
        epoll: descriptor; events: `EVENT` rows to use.
        arena: (n,) uint8; segments: `SEGMENT` rows, filled.
        limits: (bytes of a read, bytes of a turn).
        fds: (slots,) int32; lefts: (slots, k) uint8 and left_sizes (slots,) int32: left-over bytes, taken.
        troubled: (slots,) int32, filled with slots whose read failed or ended.
    Returns:
        (segments, troubled slots).
    """
    ready = _epoll_wait(epoll, events.ctypes.data, len(events), 0)
    used = 0
    count = 0
    bad = 0
    for i in range(ready):
        slot = np.int64(events[i].slot)
        left = np.int64(left_sizes[slot])
        if used + left + limits[0] > limits[1] or count == len(segments):
            break
        size = _recv(fds[slot], arena.ctypes.data + used + left, limits[0], MSG_DONTWAIT)
        if size <= 0:
            troubled[bad] = slot
            bad += 1
            continue
        for k in range(left):
            arena[used + k] = lefts[slot, k]
        left_sizes[slot] = 0
        segment = segments[count]
        segment.start = used
        segment.end = used + left + size
        segment.slot = slot
        used += left + size
        count += 1
    return count, bad


@njit(nogil=True)
def keep(arena, segments, count, lefts, left_sizes, fds, held, at):  # type: ignore[no-untyped-def]
    """Left-over bytes back to their links, replies of the turn behind those that wait already.

    Args:
        held: (m, 4) int64, filled from row at on with descriptor, start, end and slot of each link's replies.
    Returns:
        Rows of held in use.
    """
    for i in range(count):
        segment = segments[i]
        slot = segment.slot
        size = segment.end - segment.left
        for k in range(size):
            lefts[slot, k] = arena[segment.left + k]
        left_sizes[slot] = size
        if segment.reply_end > segment.reply_start:
            held[at, 0] = fds[slot]
            held[at, 1] = segment.reply_start
            held[at, 2] = segment.reply_end
            held[at, 3] = slot
            at += 1
    return at


@njit(nogil=True)
def release(replies, held, count, fds, blocked, short):  # type: ignore[no-untyped-def]
    """Send every held reply; what a socket does not take is left to Python, and so is all that follows it on the same link.

    Args:
        replies: (n,) uint8; held: rows of `keep`, the first count. fds: (slots,) int32: rows of a link that is gone are left out.
        blocked: (slots,) uint8, 1 where older replies wait; set where a write came up short.
        short: (m, 2) int64, filled with the row and the bytes sent.
    Returns:
        Rows of short.
    """
    bad = 0
    for i in range(count):
        slot = held[i, 3]
        if fds[slot] != held[i, 0]:
            continue
        size = held[i, 2] - held[i, 1]
        sent = np.int64(0)
        if blocked[slot] == 0:
            sent = _send(np.int32(held[i, 0]), replies.ctypes.data + held[i, 1], size, MSG_DONTWAIT | MSG_NOSIGNAL)
        if sent < size:
            blocked[slot] = 1
            short[bad, 0] = i
            short[bad, 1] = max(sent, 0)
            bad += 1
    return bad
