"""The rules against their tables of cases: each row a sentence that a jurist can read, and the episodes that must come out."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.tracking.violations.timeline import cases, drive, driver_told, last_ms, moment, told, whole
from tracking.violations.model import DRIVER_RULES, rule_ids
from tracking.violations.threshold import Subject

CASES = list(cases())
_KINDS = {"opened", "closed", "peak", "amount", "severity", "quality", "over"}


@pytest.mark.parametrize(("rule_id", "case"), CASES, ids=[f"{rule_id}: {case['says']}" for rule_id, case in CASES])
def test_case(rule_id: str, case: dict[str, Any]) -> None:
    if rule_id in DRIVER_RULES:
        found = driver_told(rule_id, case["pieces"], case["until"])
    else:
        fixes = drive(case["start"], case["drive"])
        subject = Subject(case.get("region", "520100"), case["vehicle_class"])
        found = told(whole(fixes, subject, [rule_id], last_ms(fixes)), rule_id)
    wanted = case["expect"]
    assert [{name: one[name] for name in want} for one, want in zip(found, wanted, strict=False)] == wanted, found
    assert len(found) == len(wanted), found
    assert all(set(want) <= _KINDS and {"opened", "closed"} <= set(want) for want in wanted)
    assert all(moment(want["opened"]) <= moment(want["closed"]) for want in wanted)


def test_every_rule_has_its_table() -> None:
    count = Counter(rule_id for rule_id, _ in CASES)
    assert {rule_id: count[rule_id] for rule_id in rule_ids() if count[rule_id] < 6} == {}
    assert set(count) <= set(rule_ids())
