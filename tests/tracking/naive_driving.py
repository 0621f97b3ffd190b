"""Slow twin of time at the wheel: legs classified one after the other, spells cut out, each spell's driving laid out piece by piece."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from tests.tracking.naive_clock import inside_hours, next_edge, window_day

FAR = 1 << 60


@dataclass(frozen=True)
class Rules:
    """As `DRIVING_LIMITS`."""

    spell_ms: int
    night_ms: int
    night: tuple[int, int]
    whole_spell: bool
    rest_ms: int
    gap_ms: int
    silence_ms: int
    moving_kmh: float
    gap_kmh: float
    rest_m: float
    drift_m: float
    short_stops: bool


@dataclass
class Spell:
    """Driving between two rests: (from, to) and None for what is not known."""

    pieces: list[tuple[int, int] | None] = field(default_factory=list)
    driver: int = 0


def metres(a: Any, b: Any) -> float:
    """Between two fixes, on the mean sphere."""
    mean = math.radians((int(a["lat_e6"]) + int(b["lat_e6"])) / 2e6)
    east = math.radians((int(b["lon_e6"]) - int(a["lon_e6"])) / 1e6) * math.cos(mean)
    return 6_371_008.8 * math.hypot(east, math.radians((int(b["lat_e6"]) - int(a["lat_e6"])) / 1e6))


def _states(fixes: Any, rules: Rules) -> list[tuple[bool, Any]]:
    """Whether the vehicle moves at each fix, and about which place it would drift after it (None: its engine runs)."""
    found: list[tuple[bool, Any]] = []
    still, was_off = None, False
    for row, fix in enumerate(fixes):
        fresh = row == 0 or int(fix["t_ms"]) - int(fixes[row - 1]["t_ms"]) > rules.silence_ms
        before = False if fresh else found[-1][0]
        speed, off = float(fix["kmh"]), bool(fix["acc"] == 0)
        if math.isnan(speed) and not fresh:
            speed = metres(fixes[row - 1], fix) / (int(fix["t_ms"]) - int(fixes[row - 1]["t_ms"])) * 3600
        if fresh or (off and not was_off):
            still = fix
        moves = bool(speed >= rules.moving_kmh) and not (off and metres(still, fix) <= rules.drift_m)
        if before and not moves:
            still = fix
        was_off = off
        found.append((moves, still if off else None))
    return found


def _did(a: Any, b: Any, state: tuple[bool, Any], rules: Rules) -> str:
    (moving, still), took, length = state, int(b["t_ms"]) - int(a["t_ms"]), metres(a, b)
    if took <= rules.gap_ms:
        return "driven" if moving else "stood"
    if not moving and still is not None and b["acc"] == 0 and metres(still, b) <= rules.drift_m:
        return "stood"
    if length / took * 3600 >= rules.gap_kmh:
        return "driven"
    return "stood" if length <= rules.rest_m else "unknown"


def spells(fixes: Any, rules: Rules) -> list[Spell]:
    """The spells of a drive."""
    states, found, now, stood = _states(fixes, rules), [], Spell(), None
    for row, fix in enumerate(fixes):
        t_ms = int(fix["t_ms"])
        if row:
            before = fixes[row - 1]
            if t_ms - int(before["t_ms"]) > rules.silence_ms:
                found.append(now)
                now, stood = Spell(), None
            else:
                did = _did(before, fix, states[row - 1], rules)
                if did == "stood":
                    stood = int(before["t_ms"]) if stood is None else stood
                    if t_ms - stood >= rules.rest_ms:
                        found.append(now)
                        now = Spell()
                elif did == "unknown":
                    stood = None
                    if any(now.pieces):
                        now.pieces.append(None)
                else:
                    driven = [piece for piece in now.pieces if piece]
                    begin = driven[-1][1] if rules.short_stops and stood is not None and driven else int(before["t_ms"])
                    stood = None
                    now.pieces.append((begin, t_ms))
        driver = int(fix["driver"])
        if driver and now.driver not in (0, driver):
            found.append(now)
            now = Spell()
        now.driver = driver or now.driver
    return [*found, now]


def episodes(fixes: Any, rules: Rules) -> list[tuple[int, int, float, float, int]]:
    """(opened, closed, peak s, amount s, quality); the night's counter lives as long as its spell."""
    return [episode for spell in spells(fixes, rules) for episode in _episodes_of(spell, rules)]


def _episodes_of(spell: Spell, rules: Rules) -> list[tuple[int, int, float, float, int]]:
    found: list[tuple[int, int, float, float, int]] = []
    driven, nights, partial = 0, {}, False
    now: list[int] = []

    def close() -> None:
        if now:
            found.append((now[0], now[1], now[2] / 1000, now[3] / 1000, int(partial)))
        now.clear()

    for piece in spell.pieces:
        if piece is None:
            partial = True
            continue
        begin, end = piece
        while begin < end:
            upto = min(end, next_edge(begin, *rules.night))
            night = window_day(begin, *rules.night) if inside_hours(begin, *rules.night) else None
            held = driven if rules.whole_spell else nights.get(night, 0)
            left = min(rules.spell_ms - driven, rules.night_ms - held if night is not None else FAR)
            if left >= 0:
                close()
            if not now and left < upto - begin:
                opened = begin + max(left + 1, 0)
                now += [opened, opened, 0, 0]
            driven += upto - begin
            if night is not None:
                nights[night] = nights.get(night, 0) + upto - begin
            if now:
                now[1], now[3] = upto, now[3] + upto - max(begin, now[0])
                now[2] = max(now[2], driven if rules.spell_ms < FAR else held + upto - begin)
            begin = upto
    close()
    return found
