"""Which road network the live matcher uses for a vehicle at an instant: the region's, changed at 03:00 of region time and never else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.units import DAY_MS

Array = NDArray[Any]

SWITCH_HOUR = 3
"""Hour of Asia/Shanghai at which a network that was registered before it comes into force."""
_SHIFT_MS = (8 - SWITCH_HOUR) * 3_600_000
_ALWAYS = -(2**62)


@dataclass(frozen=True, slots=True)
class Registered:
    """A row of `network_version`; registered_ms epoch ms UTC."""

    region_code: str
    map_version: str
    path: Path
    registered_ms: int


@dataclass(frozen=True, slots=True)
class RoadsFor:
    """A network as one kind of vehicle sees it."""

    map_version: str
    path: Path
    profile: str


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """Networks of a region in order, networks[i] in force from from_ms[i] on; the first has always been."""

    from_ms: NDArray[np.int64]
    networks: tuple[Registered, ...]

    def at(self, t_ms: int) -> Registered:
        """The network of an instant."""
        return self.networks[int(np.searchsorted(self.from_ms, t_ms, "right")) - 1]


class Plan:
    """All registered networks.

    The first network of a region serves it from the moment it is registered, for fixes of any age; a later one from the next 03:00 on.
    """

    def __init__(self, registered: Sequence[Registered]) -> None:
        self.registered = sorted(registered, key=lambda row: (row.registered_ms, row.region_code))
        by_region: dict[str, list[Registered]] = {}
        for row in self.registered:
            by_region.setdefault(row.region_code, []).append(row)
        self._timelines = {code: _timeline(rows) for code, rows in by_region.items()}
        self._codes = sorted(by_region, key=len, reverse=True)

    def __bool__(self) -> bool:
        return bool(self._timelines)

    def region_of(self, region_code: str) -> str | None:
        """Code of the network's region that serves a vehicle of the region: the longest; None: no network serves it."""
        return next((code for code in self._codes if region_code.startswith(code)), None)

    def at(self, code: str, t_ms: int) -> Registered:
        """The network of a region, by a code of `region_of`, at an instant."""
        return self._timelines[code].at(t_ms)

    def soon(self, t_ms: int) -> set[tuple[str, Registered]]:
        """Networks by region that are in force now or from the next 03:00 on."""
        return {(code, line.at(at)) for code, line in self._timelines.items() for at in (t_ms, t_ms + DAY_MS)}


def _timeline(rows: list[Registered]) -> Timeline:
    from_ms = [_ALWAYS, *((row.registered_ms + _SHIFT_MS) // DAY_MS * DAY_MS + DAY_MS - _SHIFT_MS for row in rows[1:])]
    return Timeline(np.array(from_ms, np.int64), tuple(rows))
