"""Hills and valleys of a county, as one formula of the place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BASE_M = 1_050.0
"""Valley floor of the central Guizhou plateau, metres."""

_OCTAVES = ((15_000.0, 170.0), (8_000.0, 110.0), (4_200.0, 60.0), (2_100.0, 26.0))
"""(wavelength, amplitude) of each layer of hills, metres."""


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Ridged sums of waves in random directions. waves: (n, 4) kx, ky (rad/m), phase (rad), amplitude (m)."""

    waves: NDArray[np.float64]

    @classmethod
    def grow(cls, seed: int) -> Terrain:
        """The terrain of a seed."""
        random = np.random.default_rng([seed, 11])
        rows = []
        for wavelength, amplitude in _OCTAVES:
            for _ in range(3):
                angle = random.uniform(0, 2 * np.pi)
                k = 2 * np.pi / (wavelength * random.uniform(0.8, 1.25))
                rows.append((k * np.cos(angle), k * np.sin(angle), random.uniform(0, 2 * np.pi), amplitude / 1.7))
        return cls(np.array(rows))

    def altitude_m(self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Altitude, metres, at plane metres; any shape."""
        x, y = np.asarray(x_m, np.float64), np.asarray(y_m, np.float64)
        warp_x = x + 900.0 * np.sin(y / 3_100.0)
        warp_y = y + 900.0 * np.sin(x / 2_700.0)
        total = np.full(np.broadcast(x, y).shape, BASE_M)
        for kx, ky, phase, amplitude in self.waves:
            wave = np.sin(kx * warp_x + ky * warp_y + phase)
            total = total + amplitude * (0.5 * wave + 0.5 - 0.6 * np.sqrt(wave * wave + 0.01))
        return total
