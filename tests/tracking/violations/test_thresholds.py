"""Threshold tables: which row holds, and what a table may not hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from domain.errors import RefusedError
from runtime import cli
from tracking.violations import classes, thresholds
from tracking.violations.checking import check
from tracking.violations.legal import LAWS, law_of
from tracking.violations.model import RULES, rule_ids
from tracking.violations.threshold import Subject

VALUES = {
    "tolerance_kmh": 0, "min_s": 30, "merge_s": 60, "max_gap_s": 60, "extend_s": 60, "night": ["22:00", "06:00"], "night_apart": False,
    "excess_grades": [0.1, 0.2, 0.5],
}  # fmt: skip
DAY = date(2026, 3, 2)


def table(*rows: dict[str, Any]) -> str:
    """A table of SPD-LIMIT."""

    def said(value: Any) -> str:
        return value.isoformat() if isinstance(value, date) else repr(value).lower() if isinstance(value, bool) else repr(value)

    parts = ['rule = "SPD-LIMIT"']
    for row in rows:
        whole = {"from": date(2020, 1, 1), "source": "DJ"} | VALUES | row
        parts += ["[[value]]", *(f"{name} = {said(value)}" for name, value in whole.items() if value is not None)]
    return "\n".join(parts)


def checked(*rows: dict[str, Any]) -> list[thresholds.Threshold]:
    found = thresholds.read(table(*rows), RULES["SPD-LIMIT"])
    check(found)
    return found


def test_line_beats_region_beats_class_beats_first_day() -> None:
    rows = checked(
        {"vehicle_class": "*", "min_s": 1},
        {"vehicle_class": "in_scope", "min_s": 2},
        {"vehicle_class": "passenger", "min_s": 3},
        {"vehicle_class": "rural_bus", "min_s": 4},
        {"vehicle_class": "rural_bus", "min_s": 5, "from": date(2024, 1, 1)},
        {"vehicle_class": "rural_bus", "region": "52", "min_s": 6},
        {"vehicle_class": "rural_bus", "region": "5201", "min_s": 7},
        {"line": "L1", "min_s": 8},
    )

    def held(region: str, vehicle_class: str, line: str = "", day: date = DAY) -> int | None:
        row = thresholds.pick(rows, day, Subject(region, vehicle_class, line))
        return row.written["min_s"] if row else None

    assert held("110000", "taxi") == 1
    assert held("110000", "freight") == 2
    assert held("110000", "town_bus") == 3
    assert held("110000", "rural_bus") == 5
    assert held("110000", "rural_bus", day=date(2023, 12, 31)) == 4
    assert held("522301", "rural_bus") == 6
    assert held("520100", "rural_bus") == 7
    assert held("520100", "rural_bus", "L1") == 8
    assert held("520100", "rural_bus", day=date(2019, 12, 31)) is None


def test_until_is_the_first_day_without_it() -> None:
    rows = checked({"until": date(2026, 3, 2)}, {"from": date(2026, 3, 2), "min_s": 20})
    assert [thresholds.pick(rows, DAY - timedelta(days=ago), Subject()).written["min_s"] for ago in (1, 0)] == [30, 20]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "without rows"),
        ([{"until": date(2026, 1, 1)}], "nothing holds for .* from 2026-01-01 on"),
        ([{"until": date(2026, 1, 1)}, {"from": date(2026, 1, 2)}], "nothing holds for .* from 2026-01-01 on"),
        ([{}, {"min_s": 20}], "equal rank"),
        ([{"region": "52"}, {"region": "52", "min_s": 20}], "equal rank"),
        ([{"vehicle_class": "coach"}, {"vehicle_class": "rural_bus"}, {"vehicle_class": "coach"}], "equal rank"),
        ([{"region": "52", "vehicle_class": "*"}, {"region": "*", "vehicle_class": "rural_bus"}], "cross"),
        ([{"min_s": None}], "min_s is missing"),
        ([{"min_s": "30"}], "min_s = '30': must be whole seconds from 0 to 600"),
        ([{"min_s": 601}], "must be whole seconds from 0 to 600"),
        ([{"min_s": True}], "must be whole seconds"),
        ([{"tolerance_kmh": -1}], "must be a number from 0 to 30 km/h"),
        ([{"night_apart": 1}], "must be true or false"),
        ([{"night": ["22:00", "22:00"]}], "two different times of day"),
        ([{"night": ["24:00", "06:00"]}], "two different times of day"),
        ([{"excess_grades": [0.2, 0.1, 0.5]}], "3 rising numbers"),
        ([{"speed": 3}], "speed: no such parameter"),
        ([{"source": None}], "a source is missing"),
        ([{"source": "hearsay"}], "names none of the laws"),
        ([{"ours": ["speed"]}], "ours names 'speed'"),
        ([{"from": "2020"}], "must be days"),
        ([{"until": date(2019, 1, 1)}], "until the later one"),
    ],
)
def test_what_a_table_may_not_hold(rows: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        checked(*rows)


def test_a_row_of_our_own_choice_needs_no_other_source() -> None:
    (row,) = checked({"source": None, "ours": list(VALUES)})
    assert row.source == "ours"


def test_an_id_is_of_the_row_and_of_nothing_else() -> None:
    one, same, other = (checked(row)[0].threshold_id for row in ({}, {"ours": ["min_s"]}, {"min_s": 31}))
    assert one == same != other
    assert len(one) == 64


def test_every_rule_has_a_row_for_every_class_it_names_today_and_at_each_change() -> None:
    for rule_id in rule_ids():
        rows = thresholds.table(rule_id)
        named = {word for row in rows for word in (classes.members(row.vehicle_class) if row.vehicle_class != "*" else ["unknown"])}
        changes = {day for row in rows for day in (row.since, row.until) if day} | {date(2026, 11, 22)}
        for vehicle_class in named:
            first = min(row.since for row in rows if row.rank(Subject("520100", vehicle_class)))
            for day in (one for one in changes if one >= first):
                row = thresholds.pick(rows, day, Subject("520100", vehicle_class))
                assert row is not None, (rule_id, vehicle_class, day)
                assert row.source, (rule_id, day)
                assert all(law_of(part) in LAWS.values() for part in row.source.split("; "))


def test_the_commands_tell_the_thresholds_and_their_faults(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    if not cli.app.registered_groups:
        cli.commands()
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, ["rules", "list", "--class", "line_coach", "--day", "2026-03-02"])
    assert shown.exit_code == 0, shown.output
    assert "max_spell_s = 14400" in shown.output and "night? = ['22:00', '06:00']" in shown.output and "IR art. 62(7)" in shown.output
    none = CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, ["rules", "list", "--class", "taxi"])
    silent = [rule_id for rule_id in rule_ids() if thresholds.pick(thresholds.table(rule_id), date.today(), Subject("", "taxi")) is None]
    assert none.output.count("not judged") == len(silent) > 3
    good = CliRunner().invoke(cli.app, ["rules", "check"])
    assert good.exit_code == 0 and f"{len(rule_ids())} rules" in good.output
    thresholds.table.cache_clear()
    for rule_id in rule_ids():
        text = (thresholds.FOLDER / f"{rule_id.lower()}.toml").read_text("utf-8")
        (tmp_path / f"{rule_id.lower()}.toml").write_text(text.replace("min_rest_s = 1200", "min_rest_s = 1"), "utf-8")
    monkeypatch.setattr(thresholds, "FOLDER", tmp_path)
    bad = CliRunner().invoke(cli.app, ["rules", "check"])
    thresholds.table.cache_clear()
    assert isinstance(bad.exception, RefusedError) and "FAT-4H, row 1: min_rest_s = 1: must be whole seconds" in str(bad.exception)
