"""A check: what it reads of a vehicle-day, its parameters, and the pure function that suspects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from domain.plugins import Registry
from domain.position import ABSENT, located
from tracking.legs import geodesics

Array = NDArray[Any]
Action = Literal["hold", "review"]
"""hold: the flag is on the vehicle-day at once; review: only when a reviewer says so."""


@dataclass(frozen=True, slots=True, eq=False)
class DayRows:
    """What one vehicle sent on one day.

    rows: (n,) `POSITION` in time order, one a time, located ones only; late_ms: (m,) how long after its fix each stored record came,
    located or not; leg_m: (n - 1,) metres between neighbours on the ellipsoid; leg_s: (n - 1,) seconds; offset_m: (n,) metres from the matched
    road, NaN off it or not matched; driven_m, off_road_m: of the vehicle-day, NaN unknown; before: `POSITION` rows of days before, for
    checks that look back.
    """

    rows: Array
    late_ms: NDArray[np.int64]
    leg_m: NDArray[np.float64]
    leg_s: NDArray[np.float64]
    offset_m: NDArray[np.float64]
    driven_m: float = float("nan")
    off_road_m: float = float("nan")
    before: tuple[Array, ...] = field(default=())

    @staticmethod
    def of(rows: Array, offset_m: NDArray[np.float64] | None = None, **figures: Any) -> DayRows:
        """Of stored rows in any order; offset_m as the rows are given."""
        late = rows["received_ms"].astype(np.int64) - rows["t_ms"]
        order = np.argsort(rows["t_ms"], kind="stable")
        kept = order[located(rows[order])]
        kept = kept[np.concatenate([[True], np.diff(rows["t_ms"][kept]) > 0])[: kept.size]]
        mine = rows[kept]
        lon, lat = mine["lon_e6"] / 1e6, mine["lat_e6"] / 1e6
        legs = geodesics(lon, lat) if kept.size > 1 else np.zeros(0)
        offset = np.full(kept.size, np.nan) if offset_m is None else offset_m[kept]
        return DayRows(mine, late, legs, np.diff(mine["t_ms"]) / 1000.0, offset, **figures)

    @property
    def speed_kmh(self) -> NDArray[np.float64]:
        """(n,) as reported, NaN not said."""
        said = self.rows["speed_kmh10"].astype(np.float64) / 10
        said[self.rows["speed_kmh10"] == ABSENT] = np.nan
        return said

    def moving(self, least_kmh: float = 5.0) -> NDArray[np.bool_]:
        """(n - 1,) legs of at most a minute at whose both ends the vehicle says that it moves."""
        speed = self.speed_kmh
        return np.asarray((self.leg_s <= 60) & (speed[:-1] >= least_kmh) & (speed[1:] >= least_kmh), np.bool_)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a check found. statistic: what the threshold was held against; facts: what a reviewer wants to see, JSON values."""

    flag: str
    action: Action
    statistic: float
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """A check of one vehicle-day. defaults: its parameters, ours where no source is named; source: where the idea comes from."""

    flag: str
    version: int
    action: Action
    defaults: Mapping[str, float]
    source: str
    judge: Callable[[DayRows, Mapping[str, float]], Suspicion | None]

    def __call__(self, day: DayRows, parameters: Mapping[str, float] | None = None) -> Suspicion | None:
        """The suspicion of a day, None when there is none."""
        return self.judge(day, {**self.defaults, **(parameters or {})})


CHECKS: Registry[str, Check] = Registry("check", "tracking.plausibility")
"""Checks by their flags, one file each."""


def check(flag: str, **said: Any) -> Callable[[Any], Any]:
    """Decorator: file the function under the flag, with what `Check` says of it; it gives (statistic, facts) or None."""

    def add(judge: Callable[[DayRows, Mapping[str, float]], tuple[float, dict[str, Any]] | None]) -> Any:
        def judged(day: DayRows, parameters: Mapping[str, float]) -> Suspicion | None:
            found = judge(day, parameters)
            return Suspicion(flag, said["action"], found[0], found[1] | {"parameters": dict(parameters)}) if found else None

        CHECKS.add(flag, Check(flag=flag, judge=judged, **said))
        return judge

    return add


def suspicions(day: DayRows) -> list[Suspicion]:
    """What all checks find, by flag."""
    return [found for flag in CHECKS if (found := CHECKS[flag](day)) is not None]
