"""Twin of `tracking/kernels/areas.py`: even-odd rule in exact fractions, every edge of every ring."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

Place = tuple[float, float]


def inside(rings: Sequence[Sequence[Place]], place: Place) -> bool | None:
    """The place lies inside closed rings by the even-odd rule; None: on one of their edges."""
    x, y = map(Fraction, place)
    odd = False
    for ring in rings:
        for (ax, ay), (bx, by) in itertools.pairwise(ring):
            ux, uy, vx, vy = Fraction(bx) - Fraction(ax), Fraction(by) - Fraction(ay), x - Fraction(ax), y - Fraction(ay)
            cross = ux * vy - uy * vx
            if cross == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
                return None
            if (ay > y) != (by > y) and (cross > 0) == (uy > 0):
                odd = not odd
    return odd


def area_of(areas: Sequence[Sequence[Sequence[Place]]], place: Place) -> int:
    """Row of the first area that holds the place or has it on its border; -1: none."""
    return next((row for row, rings in enumerate(areas) if inside(rings, place) is not False), -1)
