"""Supervision indicators: exact integers over exact integers, printed half up, scored unrounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

Amount = int | Fraction | Decimal


@dataclass(frozen=True, slots=True)
class Figure:
    """One indicator of one unit and period. kpi: its name; part, whole: what is divided; unit: "share" is printed per cent, else a word."""

    kpi: str
    part: Fraction
    whole: Fraction
    unit: str = "share"

    @property
    def value(self) -> Fraction | None:
        """part / whole; None when there is no whole: then nothing is said and nothing is scored."""
        return self.part / self.whole if self.whole else None

    def printed(self, decimals: int = 2) -> str:
        """The figure as bulletins print it: shares per cent, half up; a dash when there is none."""
        if self.value is None:
            return "—"
        return half_up(self.value * 100 if self.unit == "share" else self.value, decimals)


def half_up(value: Fraction, decimals: int) -> str:
    """A number with a fixed count of decimals, halves away from zero."""
    scaled = abs(value) * 10**decimals
    whole = (scaled.numerator * 2 + scaled.denominator) // (2 * scaled.denominator)
    digits = str(whole).rjust(decimals + 1, "0")
    sign = "-" if value < 0 and whole else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else sign + digits


@dataclass(frozen=True, slots=True)
class Formula:
    """How an indicator is made of sums. part, whole: names of sums, joined by + and -; source: where the formula stands."""

    part: str
    whole: str
    source: str
    unit: str = "share"


FORMULAS: Mapping[str, Formula] = {
    "connection_rate": Formula("connected", "registered", "160, as read in Jiangsu"),
    "activation_rate": Formula("active", "connected", "160; Sichuan 2025-03"),
    "track_completeness": Formula("complete_m", "total_m", "160; Huangshi"),
    "data_qualification": Formula("qualified_records", "records", "160"),
    "drift_vehicle_rate": Formula("drifting", "active", "160; denominator unconfirmed"),
    "overspeed_per_vehicle": Formula("overspeed_episodes", "active", "160; denominator unconfirmed", "times"),
    "fatigue_per_vehicle": Formula("fatigue_s", "active", "160; denominator unconfirmed", "s"),
    "roll_call_response": Formula("roll_calls_answered", "roll_calls_asked", "160"),
    "platform_connectivity": Formula("platform_min-platform_down_min", "platform_min", "160"),
    "cross_region_exchange": Formula("exchange_accepted", "exchange_sent", "ours: only the name was seen"),
    "handling_rate": Formula("alerts_resolved", "alerts_opened", "DJ art. 35"),
    "supervision_rate": Formula("orders_in_time", "orders", "ours"),
    "appeal_rejection_rate": Formula("appeals_dismissed", "appeals_decided", "ours"),
}
"""Name of an indicator to its formula. active: vehicles with a qualified record in the period; connected: with one ever, up to the cut-off;
registered: key vehicles of the register; alerts without withdrawn and automatically closed ones."""


def exact(value: Amount) -> Fraction:
    """Without a float on the way."""
    return Fraction(value)


def figure(kpi: str, sums: Mapping[str, Amount]) -> Figure:
    """An indicator of sums. Where one of its sums is not given there is no figure: what was not counted is not 0. KeyError: no such indicator."""
    formula = FORMULAS[kpi]
    names = {name for expression in (formula.part, formula.whole) for name in expression.split("-")}
    if not names <= set(sums):
        return Figure(kpi, Fraction(0), Fraction(0), formula.unit)

    def total(expression: str) -> Fraction:
        first, *less = (exact(sums[name]) for name in expression.split("-"))
        return first - sum(less, Fraction(0))

    return Figure(kpi, total(formula.part), total(formula.whole), formula.unit)


def figures(sums: Mapping[str, Amount]) -> dict[str, Figure]:
    """Every indicator of sums."""
    return {kpi: figure(kpi, sums) for kpi in FORMULAS}


def together(units: list[Mapping[str, Amount]]) -> dict[str, Fraction]:
    """The sums of several units, those that every unit has: a region's indicators are made of its sums, never of its units' rates."""
    names = set.intersection(*(set(sums) for sums in units)) if units else set()
    return {name: sum((exact(sums[name]) for sums in units), Fraction(0)) for name in sorted(names)}
