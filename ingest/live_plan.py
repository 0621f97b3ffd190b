"""Which road network the live matcher uses for a vehicle at an instant: the region's, changed at 03:00 of region time and never else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from domain.units import DAY_MS

SWITCH_HOUR = 3
"""Hour of Asia/Shanghai at which a network that was registered before it comes into force."""
_SHIFT_MS = (8 - SWITCH_HOUR) * 3_600_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Registered:
    """A row of `network_version`: serves regions whose codes begin with region_code from from_day on; registered_ms epoch ms UTC."""

    region_code: str
    map_version: str
    path: Path
    registered_ms: int
    from_day: date = date.min


@dataclass(frozen=True, slots=True)
class RoadsFor:
    """A network as one kind of vehicle sees it."""

    map_version: str
    path: Path
    profile: str


class Plan:
    """All registered networks, by the rules that vehicle-days follow: the longest code, then the newest first day, then the newest row.

    The network that a region has first serves it as soon as it is registered; one that is registered beside it comes into force at 03:00
    of its first day, or at the 03:00 that follows if it is registered later.
    """

    def __init__(self, registered: Sequence[Registered]) -> None:
        self.registered = sorted(registered, key=lambda row: (row.registered_ms, row.region_code))
        by_region: dict[str, list[Registered]] = {}
        for row in self.registered:
            by_region.setdefault(row.region_code, []).append(row)
        self._lines = {code: _timeline(rows) for code, rows in by_region.items()}
        self._codes = sorted(by_region, key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._lines)

    def region_of(self, region_code: str) -> str | None:
        """The longest code that serves vehicles of the region; None: no network serves them."""
        return next((code for code in self._codes if region_code.startswith(code)), None)

    def at(self, code: str, t_ms: int) -> Registered | None:
        """The network at an instant of vehicles of a code of `region_of`; None: its day has not come yet."""
        for wider in self._codes:
            if code.startswith(wider):
                line = self._lines[wider]
                place = bisect_right(line, t_ms, key=lambda step: step[0])
                if place:
                    return line[place - 1][1]
        return None

    def soon(self, t_ms: int) -> set[tuple[str, Registered]]:
        """Networks by code that are in force now or a day later."""
        found = ((code, self.at(code, at)) for code in self._codes for at in (t_ms, t_ms + DAY_MS))
        return {(code, row) for code, row in found if row is not None}


def _timeline(rows: list[Registered]) -> list[tuple[int, Registered]]:
    """(instant, network in force from then on), rising."""
    begins = []
    for place, row in enumerate(rows):
        first_day = (row.from_day - _EPOCH).days * DAY_MS - _SHIFT_MS
        next_switch = (row.registered_ms + _SHIFT_MS) // DAY_MS * DAY_MS + DAY_MS - _SHIFT_MS
        begins.append((first_day if place == 0 else max(first_day, next_switch), row))
    line = []
    for at in sorted({begin for begin, _ in begins}):
        in_force = max((row for begin, row in begins if begin <= at), key=lambda row: (row.from_day, row.registered_ms))
        line.append((at, in_force))
    return line
