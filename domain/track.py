"""One vehicle's fixes as columns, in time order: what cleaning, matching and measuring read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from domain.position import ABSENT, Flag, located

ACC_ON = 1
"""Status bit 0: ignition on (JT/T 808-2019 table 25)."""


@dataclass(frozen=True, slots=True)
class Track:
    """Columns of n fixes; NaN where the terminal did not say. Copied once, never changed.

    t_ms: int64 epoch ms UTC; lon_deg, lat_deg: float64 WGS-84; speed_kmh, heading_deg, satellites: float32;
    odometer_m: float64; acc: int8, 1 on, 0 off, -1 unknown; located: bool, the terminal had a position;
    received_ms: int64. timed: False when the source had no times, then t_ms counts fixes and every term of time is off.
    """

    t_ms: NDArray[np.int64]
    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    speed_kmh: NDArray[np.float32]
    heading_deg: NDArray[np.float32]
    satellites: NDArray[np.float32]
    odometer_m: NDArray[np.float64]
    acc: NDArray[np.int8]
    located: NDArray[np.bool_]
    received_ms: NDArray[np.int64]
    timed: bool = True

    def __len__(self) -> int:
        return int(self.t_ms.size)

    @staticmethod
    def of(rows: NDArray[Any]) -> Track:
        """The track of one vehicle's `POSITION` rows."""
        speed = rows["speed_kmh10"].astype(np.float32) / np.float32(10)
        speed[rows["speed_kmh10"] < 0] = np.nan
        odometer = np.where(rows["odometer_m"] == ABSENT, np.nan, rows["odometer_m"].astype(np.float64))
        satellites = np.where(rows["satellites"] == ABSENT, np.nan, rows["satellites"]).astype(np.float32)
        heading = rows["heading_deg"].astype(np.float32)
        heading[((rows["flags"] & Flag.HEADING_RANGE) != 0) | (rows["heading_deg"] < 0)] = np.nan
        acc = np.where(rows["flags"] & Flag.NO_STATUS, -1, rows["status_bits"] & ACC_ON).astype(np.int8)
        return Track(
            rows["t_ms"].astype(np.int64), rows["lon_e6"] / 1e6, rows["lat_e6"] / 1e6, speed, heading, satellites, odometer,
            acc, located(rows), rows["received_ms"].astype(np.int64),
        )  # fmt: skip

    @staticmethod
    def plain(lon_deg: Any, lat_deg: Any, t_s: Any = None, **columns: Any) -> Track:
        """A track of coordinates, and of what else the source knew.

        Args:
            lon_deg, lat_deg: (n,) degrees WGS-84; t_s: (n,) epoch seconds, None when the source has no times.
            columns: any other column of the class by name.
        Raises:
            RefusedError: columns of unequal length.
        """
        lon = np.asarray(lon_deg, np.float64)
        n = lon.size
        t_ms = np.arange(n, dtype=np.int64) * 1000 if t_s is None else np.round(np.asarray(t_s, np.float64) * 1000).astype(np.int64)
        given: dict[str, Any] = {
            "t_ms": t_ms,
            "lon_deg": lon,
            "lat_deg": np.asarray(lat_deg, np.float64),
            "speed_kmh": np.full(n, np.nan, np.float32),
            "heading_deg": np.full(n, np.nan, np.float32),
            "satellites": np.full(n, np.nan, np.float32),
            "odometer_m": np.full(n, np.nan),
            "acc": np.full(n, -1, np.int8),
            "located": np.ones(n, bool),
            "received_ms": t_ms,
        }
        for name, column in columns.items():
            given[name] = np.asarray(column, given[name].dtype)
        if any(column.shape != (n,) for column in given.values()):
            raise RefusedError("columns of a track have unequal length", field="lon_deg")
        return Track(**given, timed=t_s is not None)

    def rows(self, which: Any) -> Track:
        """The fixes of an index or slice."""
        return Track(**{f.name: getattr(self, f.name)[which] for f in fields(self) if f.name != "timed"}, timed=self.timed)
