"""Slow twin of silences: the gaps of a whole drive, one after the other."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

from tests.tracking.naive_driving import metres


@dataclass(frozen=True)
class Rules:
    """As `SILENCE_LIMITS`; None: no such sign."""

    silence_ms: int
    moving_kmh: float | None = None
    gain_m: float | None = None
    apart_m: float | None = None
    from_end: bool = False
    severity: int = 1
    repeat: int = 0
    repeat_ms: int = 0
    again: int = 0


def episodes(fixes: Any, rules: Rules) -> list[tuple[int, int, float, float, int, int, int]]:
    """(opened, closed, seconds, metres, severity, lon, lat) of the silences that ended."""
    found: list[tuple[int, int, float, float, int, int, int]] = []
    for a, b in itertools.pairwise(fixes):
        took = int(b["t_ms"]) - int(a["t_ms"])
        apart, gain = metres(a, b), float(b["odometer"]) - float(a["odometer"])
        signs = [
            rules.moving_kmh is not None and a["acc"] != 0 and float(a["kmh"]) >= rules.moving_kmh,
            rules.gain_m is not None and not math.isnan(gain) and gain >= rules.gain_m,
            rules.apart_m is not None and apart > rules.apart_m,
            (rules.moving_kmh, rules.gain_m, rules.apart_m) == (None, None, None),
        ]
        if took <= rules.silence_ms or not any(signs):
            continue
        opened = int(a["t_ms"]) + (rules.silence_ms if rules.from_end else 0)
        earlier = sum(opened - one[0] <= rules.repeat_ms for one in found[-2:])
        severity = rules.again if rules.repeat and earlier + 1 >= rules.repeat else rules.severity
        found.append((opened, int(b["t_ms"]), took / 1000, apart, severity, int(a["lon_e6"]), int(a["lat_e6"])))
    return found
