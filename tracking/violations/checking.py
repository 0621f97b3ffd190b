"""What a threshold table must not hold: rows of which neither wins, and days that nothing covers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from domain.errors import RefusedError
from tracking.violations.classes import members
from tracking.violations.threshold import Threshold


def check(rows: Sequence[Threshold]) -> None:
    """RefusedError naming the rows and what to write instead."""
    if not rows:
        raise RefusedError("a threshold table without rows: write a [[value]]", field="value")
    for one, other in combinations(rows, 2):
        if one.line != other.line or not _meet(one, other):
            continue
        where = f"thresholds of {one.rule_id}: rows for {_named(one)} from {one.since} and {_named(other)} from {other.since}"
        by_region, by_class = _narrower(one, other)
        if by_region * by_class < 0:
            raise RefusedError(f"{where} cross, one is narrower by region, one by class: write a row that names both", field="region")
        if (by_region, by_class) == (0, 0) and (one.since == other.since or _level(one) != _level(other)):
            raise RefusedError(f"{where} are of equal rank: end one of them with until", field="from")
    for one in rows:
        if one.until and not any(other.holds(one.until) and _covers(other, one) for other in rows):
            raise RefusedError(
                f"thresholds of {one.rule_id}: nothing holds for {_named(one)} from {one.until} on: write the row", field="until"
            )


def _level(row: Threshold) -> tuple[str, str, str]:
    return row.line, row.region, row.vehicle_class


def _named(row: Threshold) -> str:
    return f"line {row.line}, region {row.region}, class {row.vehicle_class}"


def _meet(one: Threshold, other: Threshold) -> bool:
    """True when some vehicle falls under both on some day."""
    days = (one.until is None or other.since < one.until) and (other.until is None or one.since < other.until)
    regions = "*" in (one.region, other.region) or one.region.startswith(other.region) or other.region.startswith(one.region)
    every = "*" in (one.vehicle_class, other.vehicle_class)
    return days and regions and (every or bool(members(one.vehicle_class) & members(other.vehicle_class)))


def _narrower(one: Threshold, other: Threshold) -> tuple[int, int]:
    """(by region, by class): 1 the first is the narrower, -1 the second, 0 neither."""
    lengths = [0 if row.region == "*" else len(row.region) for row in (one, other)]
    sizes = [10_000 if row.vehicle_class == "*" else len(members(row.vehicle_class)) for row in (one, other)]
    return (lengths[0] > lengths[1]) - (lengths[0] < lengths[1]), (sizes[0] < sizes[1]) - (sizes[0] > sizes[1])


def _covers(wide: Threshold, narrow: Threshold) -> bool:
    classes_in = wide.vehicle_class == "*" or members(narrow.vehicle_class) <= members(wide.vehicle_class)
    regions_in = wide.region == "*" or narrow.region.startswith(wide.region)
    return classes_in and regions_in and wide.line in ("*", narrow.line)
