"""From where vehicles are to what their terminals say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.position import LOCATED
from simulators.drive import ACC, DOORS, Drivers
from simulators.faults import FixFault, FixFaults
from simulators.frames import pack_bodies
from simulators.truth import FIX

ANTENNA_CUT_ALARM = 1 << 5
"""Alarm bit 5: GNSS antenna not connected or cut (JT/T 808-2019 table 24)."""
_DOOR_OPEN = 1 << 13
_SATELLITE_SYSTEMS = 1 << 18 | 1 << 19
_METRES_PER_E6 = 0.1113
"""Metres of 1e-6 degree along a meridian; good enough for a fault."""


class FixSource:
    """Fixes of a fleet; every value is a function of seed, vehicle and time.

    Args:
        drivers: where vehicles truly are.
        faults: what their terminals get wrong.
    """

    def __init__(self, drivers: Drivers, faults: FixFaults) -> None:
        self._drivers = drivers
        self._faults = faults
        self._skew_s = faults.skew_s(np.arange(drivers.cycle.size, dtype=np.int64))

    def make(self, vehicles: NDArray[np.int64], t_s: NDArray[np.int64]) -> tuple[NDArray[Any], bytes, list[int]]:
        """(`FIX` rows, their packed bodies, XOR of each body) of vehicles at (n,) epoch seconds."""
        track, odometer_m = self._drivers.at(vehicles, t_s)
        fixes = np.zeros(vehicles.size, FIX)
        fixes["terminal"] = vehicles
        fixes["t_ms"] = (t_s - self._skew_s[vehicles]) * 1000
        fixes["true_lon_e6"], fixes["true_lat_e6"] = track["lon_e6"], track["lat_e6"]
        for name in ("lon_e6", "lat_e6", "edge", "altitude_m", "speed_kmh10", "heading_deg"):
            fixes[name] = track[name]
        fixes["odometer_m"] = odometer_m // 100 * 100
        state = track["state"].astype(np.int64)
        fixes["status_bits"] = (state & ACC) | LOCATED | _SATELLITE_SYSTEMS | np.where(state & DOORS, _DOOR_OPEN, 0)
        fixes["faults"] = np.where(self._skew_s[vehicles] > 0, FixFault.CLOCK_SKEW, 0)
        satellites = 8 + (t_s // 30 + vehicles * 7) % 9
        self._drift(fixes, vehicles, t_s)
        satellites = np.where(self._cut(fixes, vehicles, t_s), 0, satellites)
        fuel_l10 = 400 + (2_600 - odometer_m * 28 // 10_000) % 2_600
        bodies, xors = pack_bodies(fixes, fuel_l10, satellites)
        return fixes, bodies, xors

    def _drift(self, fixes: NDArray[Any], vehicles: NDArray[np.int64], t_s: NDArray[np.int64]) -> None:
        on, east_m, north_m = self._faults.drifting(vehicles, t_s)
        if not on.any():
            return
        narrow = np.cos(np.radians(fixes["lat_e6"] / 1e6))
        fixes["lon_e6"] += np.round(east_m / _METRES_PER_E6 / narrow).astype(np.int32)
        fixes["lat_e6"] += np.round(north_m / _METRES_PER_E6).astype(np.int32)
        fixes["faults"] |= np.where(on, FixFault.DRIFT, 0).astype(np.uint16)

    def _cut(self, fixes: NDArray[Any], vehicles: NDArray[np.int64], t_s: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Without antenna a terminal repeats its last place and says that it is not located."""
        on = self._faults.without_antenna(vehicles, t_s)
        rows = np.flatnonzero(on)
        if rows.size:
            last, _ = self._drivers.at(vehicles[rows], self._faults.antenna_lost_s(t_s[rows]))
            fixes["lon_e6"][rows], fixes["lat_e6"][rows] = last["lon_e6"], last["lat_e6"]
            fixes["speed_kmh10"][rows] = 0
            fixes["status_bits"][rows] &= np.uint32(0xFFFFFFFF ^ (LOCATED | _SATELLITE_SYSTEMS))
            fixes["alarm_bits"][rows] |= np.uint32(ANTENNA_CUT_ALARM)
            fixes["faults"][rows] |= np.uint16(FixFault.ANTENNA_CUT)
        return on
