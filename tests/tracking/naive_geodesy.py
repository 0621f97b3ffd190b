"""Slow twins of the kernels of lengths and offsets, by other formulas."""

from __future__ import annotations

import cmath
import math
from typing import Any

A_M, F = 6_378_137.0, 1.0 / 298.257223563


def east_north(lon1: float, lat1: float, lon2: float, lat2: float) -> tuple[float, float]:
    """By the semi-axes: radii of the parallel and of the meridian at the middle latitude."""
    b_m = A_M * (1.0 - F)
    phi = math.radians((lat1 + lat2) / 2.0)
    square = (A_M * math.cos(phi)) ** 2 + (b_m * math.sin(phi)) ** 2
    parallel = A_M * A_M * math.cos(phi) / math.sqrt(square)
    meridian = (A_M * b_m) ** 2 / square**1.5
    return math.radians(lon2 - lon1) * parallel, math.radians(lat2 - lat1) * meridian


def leg_length(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    return math.hypot(*east_north(lon1, lat1, lon2, lat2))


def leg_lengths(lon: Any, lat: Any) -> list[float]:
    return [leg_length(*legs) for legs in zip(lon[:-1], lat[:-1], lon[1:], lat[1:], strict=True)]


def bearing(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    east, north = east_north(lon1, lat1, lon2, lat2)
    return (90.0 - math.degrees(cmath.phase(complex(east, north)))) % 360.0 if east or north else 0.0


def offset_to_segment(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> tuple[float, float, float]:
    """By turning the plane until the segment lies on the axis."""
    way, place = complex(bx - ax, by - ay), complex(px - ax, py - ay)
    if not way:
        return abs(place), 0.0, abs(place)
    size = abs(way)
    turned = place * way.conjugate() / size
    fraction = min(1.0, max(0.0, turned.real / size))
    distance = abs(turned - fraction * size)
    return distance, fraction, distance if turned.imag <= 0.0 else -distance
