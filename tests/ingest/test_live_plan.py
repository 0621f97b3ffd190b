"""Which network is in force when."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from domain.units import DAY_MS, day_bounds
from ingest.live_plan import Plan, Registered

MIDNIGHT = day_bounds(date(2026, 3, 10))[0]
THREE = MIDNIGHT + 3 * 3_600_000


def row(code: str, version: str, at_ms: int, from_day: date = date.min) -> Registered:
    return Registered(code, version, Path(version), at_ms, from_day)


def version(plan: Plan, region: str, t_ms: int) -> str:
    code = plan.region_of(region)
    found = plan.at(code, t_ms) if code is not None else None
    return found.map_version if found is not None else ""


def test_the_first_network_serves_at_once_and_fixes_of_any_age() -> None:
    plan = Plan([row("", "a", MIDNIGHT)])
    assert version(plan, "520100", 0) == version(plan, "520100", MIDNIGHT + 1) == "a"
    assert not Plan([]) and Plan([]).region_of("52") is None


def test_another_one_comes_into_force_at_the_next_three_in_the_morning() -> None:
    plan = Plan([row("", "a", MIDNIGHT - 5 * DAY_MS), row("", "b", MIDNIGHT - 3_600_000)])
    assert version(plan, "52", THREE - 1) == "a" and version(plan, "52", THREE) == "b"
    assert version(Plan([row("", "a", MIDNIGHT - 5 * DAY_MS), row("", "b", THREE)]), "52", THREE + DAY_MS - 1) == "a"


def test_a_first_day_is_waited_for_and_a_wider_region_serves_until_then() -> None:
    plan = Plan([row("52", "wide", MIDNIGHT - 9 * DAY_MS), row("5201", "near", MIDNIGHT - DAY_MS, date(2026, 3, 11))])
    assert version(plan, "520100", THREE + DAY_MS - 1) == "wide" and version(plan, "520100", THREE + DAY_MS) == "near"
    assert version(plan, "520200", THREE + DAY_MS) == "wide" and version(plan, "440000", THREE) == ""
    alone = Plan([row("5201", "near", MIDNIGHT - DAY_MS, date(2026, 3, 11))])
    assert version(alone, "520100", THREE) == "" and version(alone, "520100", THREE + DAY_MS) == "near"


def test_a_later_first_day_counts_more_than_a_later_registration() -> None:
    plan = Plan(
        [row("", "a", MIDNIGHT - 9 * DAY_MS), row("", "c", MIDNIGHT - 8 * DAY_MS, date(2026, 3, 10)), row("", "b", MIDNIGHT - DAY_MS)]
    )
    assert version(plan, "52", THREE - 1) == "b" and version(plan, "52", THREE) == "c"


def test_what_is_in_force_now_and_a_day_later_is_known() -> None:
    plan = Plan([row("", "a", MIDNIGHT - 5 * DAY_MS), row("", "b", MIDNIGHT - 3_600_000)])
    assert {found.map_version for _, found in plan.soon(THREE - 1)} == {"a", "b"}
    assert {found.map_version for _, found in plan.soon(THREE)} == {"b"}
