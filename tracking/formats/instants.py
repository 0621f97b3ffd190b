"""Times as files spell them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from domain.units import SHANGHAI, epoch_ms, instant

_SECONDS_BELOW = 1e11
"""A bare number under it counts seconds, not milliseconds: 1e11 ms is 1973, 1e11 s is the year 5138."""


def parse_instant(text: str, zone: tzinfo = SHANGHAI) -> int:
    """Epoch ms of an ISO 8601 time or of a bare number (epoch ms; below 1e11 epoch seconds).

    Args:
        text: the time; zone: the zone of a time that names none.
    Raises:
        ValueError: neither the one nor the other.
    """
    text = text.strip()
    try:
        number = float(text)
    except ValueError:
        when = datetime.fromisoformat(text.replace("/", "-") if text[4:5] == "/" else text)
        return epoch_ms(when if when.tzinfo is not None else when.replace(tzinfo=zone))
    if not abs(number) < 1e14:
        raise ValueError(f"{text} is no time")
    return round(number * 1000) if abs(number) < _SECONDS_BELOW else round(number)


def iso(t_ms: int) -> str:
    """RFC 3339 time in UTC with milliseconds."""
    return instant(t_ms).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
