"""Segments of mileage: what was booked, from which source, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.odometer import OdometerParameters, Ratio


class SegmentKind(IntEnum):
    """What a segment is; `GAP` is booked as inferred, `STILL` and `FERRY` drive nothing."""

    ON_ROAD = 0
    OFF_ROAD = 1
    GAP = 2
    STILL = 3
    FERRY = 4


class Source(IntEnum):
    """Where the metres of a segment come from. RAW: straight legs; GEODESIC: one straight line; ROUTE: matched way over a gap."""

    NONE = 0
    MATCHED = 1
    ODOMETER = 2
    ROUTE = 3
    RAW = 4
    GEODESIC = 5


class Why(IntEnum):
    """Why a segment is not simply on the road."""

    NONE = 0
    SILENCE = 1
    FROZEN = 2
    BREAK = 3
    LEFT_ROAD = 4
    NO_NETWORK = 5


SEGMENT = np.dtype(
    [
        ("kind", "u1"), ("source", "u1"), ("reason", "u1"), ("confidence", "<f4"), ("from_ms", "<i8"), ("to_ms", "<i8"),
        ("length_mm", "<i8"), ("low_mm", "<i8"), ("high_mm", "<i8"), ("ferry_mm", "<i8"), ("path_start", "<i4"), ("path_end", "<i4"),
    ]
)  # fmt: skip
"""One segment. kind `SegmentKind`, source `Source`, reason `Why`; time half-open, epoch ms; length driven and its 95 per cent
interval, millimetres; ferry_mm sailed, not driven; path_start:path_end rows of the match's path that it touches, empty off the road."""


@dataclass(frozen=True, slots=True)
class MileageParameters:
    """How metres are booked; defaults by the design note, those marked ours by us.

    still_s: shorter standstills belong to the segment around them (ours); raw_s: straight legs are compared with other sources
    where fixes are at most so far apart (ours: their shortfall is not known well beyond).
    """

    gap_s: float = 120.0
    gap_intervals: float = 3.0
    off_road_odometer_m: float = 2_000.0
    coarse_sigmas: float = 10.0
    fastest_kmh: float = 160.0
    still_s: float = 60.0
    disagree_share: float = 0.03
    disagree_m: float = 20_000.0
    raw_s: float = 10.0
    odometer: OdometerParameters = field(default_factory=OdometerParameters)


SHORTFALL = ((0.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 300.0), (0.0, 0.004, 0.009, 0.017, 0.035, 0.053, 0.088, 0.248))
"""Seconds between fixes and the share of the way that straight legs miss (measured: a real 1 Hz drive, thinned)."""


def shortfall(seconds: Any) -> Any:
    """Share of the way that straight legs between fixes so many seconds apart miss."""
    return np.interp(seconds, *SHORTFALL)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Metres by three sources over the spans that all of them cover; NaN where one has no say."""

    matched_m: float = float("nan")
    odometer_m: float = float("nan")
    raw_m: float = float("nan")

    def disagrees(self, share: float) -> bool:
        """True when any two differ by more than the share of the larger."""
        said = [x for x in (self.matched_m, self.odometer_m, self.raw_m) if x == x]
        return len(said) > 1 and max(said) - min(said) > share * max(said)


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Rows of `SEGMENT` in time order without hole or overlap, and the day's flags that measuring found, sorted.

    at_ms, driven_m: (k,) epoch ms rising and metres driven up to then, fix by fix; ratio: of the odometer, as used;
    sure_m: (matched, odometer unscaled) metres over the spans of the track that tell the odometer's ratio, margins included.
    """

    rows: NDArray[Any]
    at_ms: NDArray[np.int64]
    driven_m: NDArray[np.float64]
    ratio: Ratio
    sure_m: tuple[float, float]
    flags: tuple[str, ...]
    comparison: Comparison

    def metres(self, *kinds: SegmentKind) -> int:
        """Metres driven in segments of the kinds (of all when none is named): integer sum, rounded once, half up."""
        return half_up(int(self._of(kinds)["length_mm"].sum()))

    def interval(self) -> tuple[int, int]:
        """(low, high) metres of the whole: sums of the segments' lows and highs."""
        return half_up(int(self.rows["low_mm"].sum())), half_up(int(self.rows["high_mm"].sum()))

    def driven_mm(self, from_ms: int, to_ms: int) -> int:
        """Millimetres driven between two instants; between fixes by time."""
        if not self.at_ms.size:
            return 0
        ends = np.interp([from_ms, to_ms], self.at_ms, self.driven_m)
        return int(np.floor((ends[1] - ends[0]) * 1000.0 + 0.5))

    def _of(self, kinds: tuple[SegmentKind, ...]) -> NDArray[Any]:
        return self.rows[np.isin(self.rows["kind"], kinds)] if kinds else self.rows


def half_up(millimetres: int) -> int:
    """Metres of millimetres >= 0, halves up."""
    return (millimetres + 500) // 1000
