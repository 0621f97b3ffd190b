"""Slow twin of the windows of the day: by calendar and clock of the standard library."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from domain.units import SHANGHAI, epoch_ms, instant


def _at(day: date, ms: int) -> int:
    return epoch_ms(datetime.combine(day, time(0), SHANGHAI) + timedelta(milliseconds=ms))


def windows(t_ms: int, from_ms: int, to_ms: int) -> list[tuple[date, int, int]]:
    """(day on which it begins, from, to) of the windows around an instant."""
    today = instant(t_ms).astimezone(SHANGHAI).date()
    days = [today + timedelta(days=ahead) for ahead in (-2, -1, 0, 1)]
    return [(day, _at(day, from_ms), _at(day + timedelta(days=int(from_ms > to_ms)), to_ms)) for day in days]


def inside_hours(t_ms: int, from_ms: int, to_ms: int) -> bool:
    return any(begin <= t_ms < end for _, begin, end in windows(t_ms, from_ms, to_ms))


def next_edge(t_ms: int, from_ms: int, to_ms: int) -> int:
    edges = [edge for _, begin, end in windows(t_ms, from_ms, to_ms) if begin < end for edge in (begin, end) if edge > t_ms]
    return min(edges, default=t_ms + 86_400_000)


def window_day(t_ms: int, from_ms: int, to_ms: int) -> int:
    """Of an instant inside a window."""
    (day,) = [day for day, begin, end in windows(t_ms, from_ms, to_ms) if begin <= t_ms < end]
    return (day - date(1970, 1, 1)).days
