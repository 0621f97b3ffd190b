"""Dated thresholds: tables of `thresholds/`, one a rule, and the row that holds for a vehicle on a day."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from domain.errors import RefusedError
from tracking.violations import legal
from tracking.violations.checking import check
from tracking.violations.model import DriverRule, Rule, definition
from tracking.violations.parameters import whole
from tracking.violations.threshold import Subject, Threshold

FOLDER = Path(__file__).with_name("thresholds")
_KEYS = ("from", "until", "region", "vehicle_class", "line", "source", "unconfirmed", "ours")


def read(text: str, rule: Rule | DriverRule) -> list[Threshold]:
    """Rows of a table; RefusedError naming the row and the value."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise RefusedError(f"thresholds of {rule.rule_id}: {fault}", field=rule.rule_id) from None
    if table.get("rule") != rule.rule_id:
        raise RefusedError(f'thresholds of {rule.rule_id}: the table must begin with rule = "{rule.rule_id}"', field="rule")
    return [_row(rule, place, row) for place, row in enumerate(table.get("value", []), 1)]


def _row(rule: Rule | DriverRule, place: int, row: Mapping[str, Any]) -> Threshold:
    written = {name: value for name, value in row.items() if name not in _KEYS}
    try:
        numbers = whole(rule.parameters, written)
        source = _source(row, written)
        since, until = row.get("from"), row.get("until")
        if not isinstance(since, date) or not (until is None or (isinstance(until, date) and until > since)):
            raise RefusedError("from and until must be days, until the later one", field="from")
        for listed in ("unconfirmed", "ours"):
            for name in row.get(listed, []):
                if name not in written and name != "from":
                    raise RefusedError(f"{listed} names {name!r}, which the row does not set", field=listed)
    except RefusedError as fault:
        raise RefusedError(f"thresholds of {rule.rule_id}, row {place}: {fault}", field=fault.field) from None
    return Threshold(
        rule.rule_id, since, until, str(row.get("region", "*")), str(row.get("vehicle_class", "*")), str(row.get("line", "*")), source,
        written, numbers, tuple(row.get("unconfirmed", ())), tuple(row.get("ours", ())),
    )  # fmt: skip


def _source(row: Mapping[str, Any], written: Mapping[str, Any]) -> str:
    source = str(row.get("source", ""))
    if not source and set(row.get("ours", ())) >= set(written):
        source = "ours"
    if not source:
        raise RefusedError("a source is missing, and not all values are listed as ours", field="source")
    for part in source.split("; "):
        legal.law_of(part)
    return source


@cache
def table(rule_id: str) -> tuple[Threshold, ...]:
    """The rows of a rule, checked."""
    rule = definition(rule_id)
    rows = read((FOLDER / f"{rule_id.lower()}.toml").read_text("utf-8"), rule)
    check(rows)
    return tuple(rows)


def pick(rows: Sequence[Threshold], day: date, subject: Subject) -> Threshold | None:
    """The row in force: of those that name the subject the one with the line, then the longest region, then the most exact class, then the
    latest first day; None when the rule says nothing of the subject."""
    best, found = None, None
    for row in rows:
        if row.holds(day) and (rank := row.rank(subject)) is not None and (best is None or (*rank, row.since) > best):
            best, found = (*rank, row.since), row
    return found
