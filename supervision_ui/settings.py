"""Settings of the screens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """What pages must know of the live map.

    Args:
        points_limit: vehicles above which a map zoomed out asks for counts by county.
        all_points: draw single vehicles at any zoom, never bubbles.
        provider: name of another provider that people may log in at; "": none.
    """

    points_limit: int = 20_000
    all_points: bool = False
    provider: str = ""
