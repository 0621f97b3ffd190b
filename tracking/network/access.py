"""Who may drive there: access tags to bits."""

from __future__ import annotations

from collections.abc import Mapping

from tracking.network.model import ALL_PROFILES
from tracking.network.rules import Profile, profiles, table

Tags = Mapping[str, str]


def access_bits(tags: Tags, direction: str = "", default: int = ALL_PROFILES) -> tuple[int, bool]:
    """(bits of the profiles that may pass, whether they may only because the place is theirs: private).

    Args:
        tags: of a way or a node.
        direction: "forward", "backward", or "" for a node; a directional form of a key wins over the plain one.
        default: bits of profiles of which no tag speaks.
    """
    bits, private = 0, 0
    for profile in profiles():
        word = first_word(tags, profile, direction)
        if word is None:
            bits |= profile.bit & default
        elif not _closed(word):
            bits |= profile.bit
            private |= profile.bit if word in table("access")["words"]["private"] else 0
        if profile.also and _closed(_directed(tags, profile.also, direction) or ""):
            bits &= ~profile.bit
    return bits, bits != 0 and bits & private == bits


def first_word(tags: Tags, profile: Profile, direction: str) -> str | None:
    """Value of the first of the profile's keys that is there; None when none is."""
    return next((word for key in profile.keys if (word := _directed(tags, key, direction)) is not None), None)


def _directed(tags: Tags, key: str, direction: str) -> str | None:
    return tags.get(f"{key}:{direction}", tags.get(key)) if direction else tags.get(key)


def _closed(word: str) -> bool:
    """Whether a value shuts: each of a list's words must."""
    closed = table("access")["words"]["closed"]
    return all(part.strip() in closed for part in word.split(";"))


def barrier_bits(tags: Tags) -> int:
    """Bits of the profiles that pass the barrier of a node; all when it has none."""
    default = 0 if tags.get("barrier", "") in table("roads")["barrier"]["closed"] else ALL_PROFILES
    return access_bits(tags, "", default)[0]
