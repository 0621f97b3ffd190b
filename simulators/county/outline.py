"""Borders: the county's outline and the parts of it that belong to each town."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.county.curves import Points


@dataclass(frozen=True, slots=True)
class Outline:
    """A star-shaped border round the plane's origin: radius (m) as a sum of waves of the angle."""

    half_width_m: float
    half_height_m: float
    waves: Points

    @classmethod
    def grow(cls, width_m: float, height_m: float, random: np.random.Generator) -> Outline:
        """A ragged ellipse inside the rectangle."""
        rows = [(k, 0.075 / np.sqrt(k), random.uniform(0, 2 * np.pi)) for k in (2, 3, 5, 8, 13)]
        return cls(width_m / 2, height_m / 2, np.array(rows))

    def radius_m(self, angle: float) -> float:
        """Distance of the border from the origin."""
        base = 1.0 / np.hypot(np.cos(angle) / self.half_width_m, np.sin(angle) / self.half_height_m)
        wave = sum(a * np.cos(k * angle + p) for k, a, p in self.waves)
        return float(base * (0.84 + wave))

    def at(self, angle: float, share: float = 1.0) -> Points:
        """(2,) point at a share of the way to the border."""
        return self.radius_m(angle) * share * np.array([np.cos(angle), np.sin(angle)])

    def holds(self, spot: Points, share: float = 1.0) -> bool:
        """True when the place lies within that share of the border."""
        return bool(np.hypot(*spot) < share * self.radius_m(float(np.arctan2(spot[1], spot[0]))))

    def ring(self) -> Points:
        """(181, 2) closed polygon, anticlockwise."""
        ring = np.array([self.at(angle) for angle in np.linspace(0, 2 * np.pi, 180, endpoint=False)])
        return np.vstack([ring, ring[:1]])


def nearest_part(ring: Points, centres: Points, row: int) -> Points:
    """The part of a polygon that is nearest to one of several centres (closed; the parts tile the polygon)."""
    part = ring[:-1]
    for other in range(len(centres)):
        if other != row and len(part):
            part = _half_plane(part, centres[row], centres[other])
    return np.vstack([part, part[:1]]) if len(part) else part


def _half_plane(polygon: Points, ours: Points, theirs: Points) -> Points:
    """Sutherland-Hodgman: the polygon's part on our side of the line half way between two centres."""
    normal = theirs - ours
    away = (polygon - (ours + theirs) / 2) @ normal
    rows: list[Points] = []
    for i in range(len(polygon)):
        a, b = polygon[i], polygon[(i + 1) % len(polygon)]
        da, db = away[i], away[(i + 1) % len(polygon)]
        if da <= 0:
            rows.append(a)
        if (da < 0 < db) or (db < 0 < da):
            rows.append(a + (b - a) * da / (da - db))
    return np.array(rows).reshape(-1, 2)
