"""Indicators and score forms against published figures, and the rules of zero."""

from __future__ import annotations

import csv
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from domain.errors import RefusedError
from operations.assessment import Item, form, names, points_of, read, score
from operations.indicators import FORMULAS, Figure, figure, figures, half_up, together

PUBLISHED = Path(__file__).parents[1] / "tables" / "kpi_published.csv"
UNITS = list(csv.DictReader(PUBLISHED.read_text("utf-8").splitlines()))
MISPRINTED = ("黄石港所", "printed_rate_pct", "94.769", "94.758")
"""Unit, cell, what is printed, what the unit's own kilometres give."""


def sums(unit: dict[str, str]) -> dict[str, Decimal]:
    return {
        "complete_m": Decimal(unit["complete_km"]) * 1000, "total_m": Decimal(unit["total_km"]) * 1000,
        "platform_min": Decimal(unit["total_min"]), "platform_down_min": Decimal(unit["down_min"]),
        "active": Decimal(unit["online_vehicles"]), "connected": Decimal(unit["network_vehicles"]),
    }  # fmt: skip


@pytest.mark.parametrize("unit", UNITS, ids=[unit["unit"] for unit in UNITS])
def test_the_bulletin_of_huangshi_comes_out_to_the_last_digit(unit: dict[str, str]) -> None:
    scored = score(form("platform-bulletin"), figures(sums(unit)), {})
    cells = [
        ("printed_rate_pct", "printed_score_of_30"), ("printed_connect_pct", "printed_score_of_15"), ("printed_online_pct", "printed_online_score_of_15"),
    ]  # fmt: skip
    for line, (rate, points) in zip(scored.lines, cells, strict=True):
        printed = unit[rate]
        if (unit["unit"], rate, printed) == MISPRINTED[:3]:
            printed = MISPRINTED[3]
        assert line.figure.printed(len(printed.partition(".")[2])) == printed
        assert line.printed == unit[points]


def test_the_cell_that_is_misprinted_is_the_only_one_and_is_there() -> None:
    assert [unit[MISPRINTED[1]] for unit in UNITS if unit["unit"] == MISPRINTED[0]] == [MISPRINTED[2]]
    assert len(UNITS) == 5


def test_scores_come_from_the_unrounded_rate() -> None:
    """From the printed 99.99 % the first unit would have 14.999."""
    line = score(form("platform-bulletin"), figures(sums(UNITS[0])), {}).lines[1]
    assert line.figure.printed() == "99.99" and line.printed == "14.998"
    assert half_up(Fraction("0.9999") * 15, 3) == "14.999"


def test_sichuan_march_2025() -> None:
    assert figure("activation_rate", {"active": 42_293, "connected": 42_489}).printed() == "99.54"
    printed = {
        "connection_rate": "100", "activation_rate": "99.54", "drift_vehicle_rate": "1.02", "track_completeness": "99.41",
        "data_qualification": "99.83",
    }  # fmt: skip
    given = {kpi: Figure(kpi, Fraction(rate), Fraction(100)) for kpi, rate in printed.items()}
    total = score(form("cn-160-authority"), given, {})
    assert total.printed() == "99.514" and total.total == Fraction("99.514") and total.of == 100


def test_track_completeness_of_the_first_unit_as_published() -> None:
    assert figure("track_completeness", {"complete_m": Decimal("278890.63"), "total_m": Decimal("283116.51")}).printed() == "98.51"


@pytest.mark.parametrize(
    ("kpi", "value", "points"),
    [
        ("connection_rate", "0.90", "4.5"), ("connection_rate", "0.8999", "0"), ("connection_rate", "1", "5"),
        ("drift_vehicle_rate", "0.05", "14.25"), ("drift_vehicle_rate", "0.0501", "0"), ("drift_vehicle_rate", "0", "15"),
        ("track_completeness", "0.70", "28"), ("track_completeness", "0.6999", "0"),
        ("data_qualification", "0.80", "24"), ("data_qualification", "0.7999", "0"), ("activation_rate", "0", "0"),
    ],
)  # fmt: skip
def test_the_bounds_themselves_still_score(kpi: str, value: str, points: str) -> None:
    (item,) = [one for one in form("cn-160-authority").items if one.kpi == kpi]
    assert points_of(item, Fraction(value), Fraction(0)) == Fraction(points)


@pytest.mark.parametrize(
    ("value", "mean", "points"),
    [
        ("0", "4", "20"), ("2", "4", "15"), ("4", "4", "10"), ("4.0001", "4", "9.99975"), ("6", "4", "5"), ("8", "4", "0"), ("80", "4", "0"),
        ("0", "0", "20"), ("0.01", "0", "0"),
    ],
)  # fmt: skip
def test_the_two_pieces_of_the_curve_against_the_mean(value: str, mean: str, points: str) -> None:
    item = Item("overspeed_per_vehicle", Fraction(20), "against_mean")
    assert points_of(item, Fraction(value), Fraction(mean)) == Fraction(points)


def test_a_form_against_its_region() -> None:
    units = [
        {"registered": 100, "connected": 95, "active": 90, "records": 1000, "qualified_records": 990, "complete_m": 97, "total_m": 100,
         "drifting": 1, "overspeed_episodes": 30, "fatigue_s": 0},
        {"registered": 50, "connected": 50, "active": 10, "records": 10, "qualified_records": 10, "complete_m": 1, "total_m": 1,
         "drifting": 0, "overspeed_episodes": 20, "fatigue_s": 100},
    ]  # fmt: skip
    region = figures(together(units))  # type: ignore[arg-type]
    assert region["overspeed_per_vehicle"].value == Fraction(1, 2) and region["fatigue_per_vehicle"].value == 1
    found = score(form("cn-160-operator"), figures(units[0]), region)
    by_kpi = {line.item.kpi: line.points for line in found.lines}
    assert by_kpi["overspeed_per_vehicle"] == 10 + (Fraction(1, 2) - Fraction(1, 3)) / Fraction(1, 2) * 10
    assert by_kpi["fatigue_per_vehicle"] == 20
    assert by_kpi["roll_call_response"] is None and found.of == 90
    assert found.total == sum(points for points in by_kpi.values() if points is not None)


def test_no_whole_is_no_figure() -> None:
    nothing = figure("handling_rate", {})
    assert (nothing.value, nothing.printed()) == (None, "—")
    scored = score(form("cn-160-authority"), figures({}), {})
    assert (scored.total, scored.of) == (0, 0) and {line.printed for line in scored.lines} == {"—"}


def test_every_form_reads_and_uses_indicators_that_there_are() -> None:
    assert names() == ["cn-160-authority", "cn-160-operator", "platform-bulletin"]
    for name in names():
        assert {item.kpi for item in form(name).items} <= set(FORMULAS)
    assert [sum(item.points for item in form(name).items) for name in names()] == [100, 100, 60]


GOOD = 'form: mine\nfrom: 2026-01-01\nitems:\n  - {kpi: activation_rate, points: 60}\n  - {kpi: connection_rate, points: 40, zero_below: "0.9"}\n'


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("form: mine", "form: yours"), "must begin with form: mine"),
        (("from: 2026-01-01", "from: soon"), "must be days"),
        (("points: 40", "points: 41"), "must add to 100"),
        (("connection_rate", "activation_rate"), "one stands twice"),
        (("connection_rate", "luck"), "kpi must be one of connection_rate"),
        (('zero_below: "0.9"', "zero_below: 0.9"), "zero_below must be written in quotes"),
        (('zero_below: "0.9"', 'zero_below: "much"'), "zero_below = 'much' is not a number"),
        (('zero_below: "0.9"', "score: luck"), "score must be one of rate"),
        (('zero_below: "0.9"', "bonus: 3"), "bonus is not known"),
        (("points: 40", "points: 0"), "points must be above 0"),
        (("items:", "items: ["), "assessment form mine"),
    ],
)
def test_what_a_form_may_not_say(change: tuple[str, str], says: str) -> None:
    assert len(read(GOOD, "mine").items) == 2
    with pytest.raises(RefusedError, match=says):
        read(GOOD.replace(*change), "mine")


def test_a_form_that_is_not_there_is_refused_with_those_there_are() -> None:
    with pytest.raises(RefusedError, match="no assessment form 'mine'; there are cn-160-authority"):
        form("mine")


@pytest.mark.parametrize(
    ("value", "decimals", "printed"),
    [
        ("0.005", 2, "0.01"),
        ("0.00499", 2, "0.00"),
        ("-0.005", 2, "-0.01"),
        ("-0.001", 2, "0.00"),
        ("12.5", 0, "13"),
        ("99.995", 2, "100.00"),
    ],
)
def test_halves_go_away_from_zero(value: str, decimals: int, printed: str) -> None:
    assert half_up(Fraction(value), decimals) == printed


def test_what_was_not_counted_is_no_figure_and_scores_nothing() -> None:
    assert figure("drift_vehicle_rate", {"active": 10}).value is None
    assert figure("drift_vehicle_rate", {"active": 10, "drifting": 0}).value == 0
    alone = score(form("cn-160-operator"), figures({"active": 10, "overspeed_episodes": 0, "connected": 10, "registered": 10}), {})
    by_kpi = {line.item.kpi: line.points for line in alone.lines}
    assert by_kpi["overspeed_per_vehicle"] is None and by_kpi["drift_vehicle_rate"] is None
    assert (alone.of, alone.total) == (10, 10)
    assert together([{"active": 1, "drifting": 0}, {"active": 2}]) == {"active": 3}
    assert together([]) == {}
