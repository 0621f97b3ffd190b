"""Windows of the Asia/Shanghai day. Twins: `tests/tracking/naive_clock.py`."""

from __future__ import annotations

from numba import njit

_DAY_MS, _OFFSET_MS = 86_400_000, 28_800_000


@njit(cache=True, nogil=True)
def day_number(t_ms):  # type: ignore[no-untyped-def]
    """Number of the Asia/Shanghai day that holds the instant, days since 1970-01-01."""
    return (t_ms + _OFFSET_MS) // _DAY_MS


@njit(cache=True, nogil=True)
def inside_hours(t_ms, from_ms, to_ms):  # type: ignore[no-untyped-def]
    """True when the instant, epoch ms, lies in the half-open window [from_ms, to_ms) of the day; over midnight where from_ms > to_ms."""
    clock = (t_ms + _OFFSET_MS) % _DAY_MS
    if from_ms <= to_ms:
        return from_ms <= clock < to_ms
    return clock >= from_ms or clock < to_ms


@njit(cache=True, nogil=True)
def next_edge(t_ms, from_ms, to_ms):  # type: ignore[no-untyped-def]
    """The first instant after t_ms at which the window begins or ends; t_ms + a day where it has no edges apart."""
    clock = (t_ms + _OFFSET_MS) % _DAY_MS
    wait = _DAY_MS
    for edge in (from_ms, to_ms):
        ahead = (edge - clock) % _DAY_MS
        if 0 < ahead < wait:
            wait = ahead
    return t_ms + wait


@njit(cache=True, nogil=True)
def window_day(t_ms, from_ms, to_ms):  # type: ignore[no-untyped-def]
    """Number of the day on which the window that holds t_ms began: the same for the hours before and after midnight of one night."""
    day = day_number(t_ms)
    clock = (t_ms + _OFFSET_MS) % _DAY_MS
    return day - 1 if from_ms > to_ms and clock < to_ms else day
