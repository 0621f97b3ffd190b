"""Which profiles fit a frame: those that read it with the least left odd or unknown."""

from __future__ import annotations

from typing import Any

from protocols.jt808.codec import examine
from protocols.jt808.delimiters import in_form
from protocols.jt808.messages.location import Location, LocationBatch, LocationReply
from protocols.jt808.profile import PROFILES, STANDARD, Profile


def fitting_profiles(run: bytes, delimiter: str = STANDARD.delimiter) -> tuple[str, ...]:
    """Names of the profiles under which nothing drops the frame, and the fewest things are odd or stay raw; () when none does."""
    left: dict[str, int] = {}
    for name, profile in PROFILES.items():
        if profile.delimiter not in (STANDARD.delimiter, delimiter):
            continue
        examined = examine(run, in_form(profile, delimiter))
        if examined.dropped is None:
            left[name] = len(examined.anomalies) + _raw_items(examined.message, profile)
    least = min(left.values(), default=0)
    return tuple(name for name, count in left.items() if count == least)


def _raw_items(message: Any, profile: Profile) -> int:
    fixes: list[Any] = []
    if isinstance(message, LocationBatch):
        fixes = [fix for fix in message.locations if fix is not None]
    elif isinstance(message, LocationReply):
        fixes = [message.location]
    elif isinstance(message, Location):
        fixes = [message]
    return sum(item.value(profile) is None for fix in fixes for item in fix.extras)
