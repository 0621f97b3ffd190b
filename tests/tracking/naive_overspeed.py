"""Slow twin of speeding: the hits of a whole drive as a list, runs and episodes cut out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.tracking.naive_clock import inside_hours

ANY_TIME, BY_DAY, BY_NIGHT = 0, 1, 2


@dataclass(frozen=True)
class Rules:
    """As `OVERSPEED_LIMITS`."""

    min_ms: int
    merge_ms: int
    max_gap_ms: int
    night: tuple[int, int]
    tolerance_kmh: float
    factor: float
    grades: tuple[float, float]
    when: int


def _over(fix: Any, rules: Rules) -> float | None:
    """The share over the bound; None when it is not over."""
    night = inside_hours(int(fix["t_ms"]), *rules.night)
    if (rules.when == BY_DAY and night) or (rules.when == BY_NIGHT and not night):
        return None
    speed, bound = round(float(fix["kmh"]), 3), round(float(fix["limit"]) * rules.factor, 3)
    return (speed - bound) / bound if speed > bound + rules.tolerance_kmh else None


def episodes(fixes: Any, rules: Rules) -> list[tuple[int, int, float, float, int, int, int, int]]:
    """(opened, closed, peak, amount s, severity, quality, lon, lat)."""
    hits = [(row, int(fix["t_ms"]), share, fix) for row, fix in enumerate(fixes) if (share := _over(fix, rules)) is not None]

    def together(one: int) -> bool:
        """Hit and the one before it are neighbours without a silence."""
        return hits[one][0] == hits[one - 1][0] + 1 and hits[one][1] - hits[one - 1][1] <= rules.max_gap_ms

    found, first = [], 0
    while first < len(hits):
        last = first
        while last + 1 < len(hits) and together(last + 1) and hits[last][1] - hits[first][1] <= rules.min_ms:
            last += 1
        if hits[last][1] - hits[first][1] <= rules.min_ms:
            first = last + 1
            continue
        while last + 1 < len(hits) and hits[last + 1][1] - hits[last][1] <= rules.merge_ms:
            last += 1
        peak = max(hit[2] for hit in hits[first : last + 1])
        amount = sum(hits[one][1] - hits[one - 1][1] for one in range(first + 1, last + 1) if together(one)) / 1000
        severity = 4 if peak >= rules.grades[1] - 1e-6 else 3 if peak >= rules.grades[0] - 1e-6 else 2
        quality = 2 if any(bool(hit[3]["doubtful"]) for hit in hits[first : last + 1]) else 0
        begun = hits[first][3]
        found.append((hits[first][1], hits[last][1], peak, amount, severity, quality, int(begun["lon_e6"]), int(begun["lat_e6"])))
        first = last + 1
    return found
