"""Days and instants. Inside the house time is epoch milliseconds UTC; a day is a day of Asia/Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Civil time of mainland China: +08:00 all year since 1992."""

DAY_MS = 86_400_000
_OFFSET_MS = 8 * 3_600_000


def day_of(t_ms: int) -> date:
    """Asia/Shanghai day that holds the instant."""
    return date(1970, 1, 1) + timedelta(days=(t_ms + _OFFSET_MS) // DAY_MS)


def day_bounds(day: date) -> tuple[int, int]:
    """Half-open interval [start, end) of the Asia/Shanghai day, epoch ms UTC."""
    start = (day - date(1970, 1, 1)).days * DAY_MS - _OFFSET_MS
    return start, start + DAY_MS


def instant(t_ms: int) -> datetime:
    """Aware UTC datetime of an epoch-ms instant, exact to the millisecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=t_ms)


def epoch_ms(when: datetime) -> int:
    """Epoch ms UTC of an aware datetime; ValueError for a naive one."""
    if when.tzinfo is None:
        raise ValueError("datetime without a zone: give it one before storing it")
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
