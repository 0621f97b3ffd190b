"""Evidence of every kind of episode stands alone: read again and judged again it gives the same episode, and no byte of it can change unseen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from domain.errors import RefusedError
from domain.position import ABSENT, POSITION
from domain.units import day_bounds, day_of
from tests.tracking.violations.timeline import cases, drive, last_ms
from tracking.kernels.edges import CLOSE
from tracking.violations.columns import rows_of, unknown
from tracking.violations.evidence import evidence_hash, freeze, read, rejudge
from tracking.violations.model import RULES
from tracking.violations.threshold import Subject
from tracking.violations.thresholds import pick, table

CASES = [(rule_id, case) for rule_id, case in cases() if rule_id in RULES and case["expect"]]


def stored(fixes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fixes of a table's case as they are stored, with what is known beside them."""
    rows, known = np.zeros(len(fixes), POSITION), unknown(len(fixes))
    rows["t_ms"], rows["received_ms"] = fixes["t_ms"], fixes["t_ms"] + 500
    rows["lon_e6"], rows["lat_e6"], rows["alarm_bits"] = fixes["lon_e6"], fixes["lat_e6"], fixes["alarm"]
    rows["speed_kmh10"] = np.where(np.isnan(fixes["kmh"]), ABSENT, np.round(np.nan_to_num(fixes["kmh"]) * 10))
    rows["odometer_m"] = np.where(np.isnan(fixes["odometer"]), ABSENT, np.nan_to_num(fixes["odometer"]))
    rows["status_bits"] = 2 | (fixes["acc"] == 1)
    known["limit_kmh"], known["driver"], known["doubtful"] = fixes["limit"], fixes["driver"], fixes["doubtful"]
    return rows, known


def bundles(rule_id: str, case: dict[str, Any]) -> list[bytes]:
    """Evidence of every episode of a case."""
    fixes = drive(case["start"], case["drive"])
    positions, known = stored(fixes)
    rule = RULES[rule_id]
    row = pick(table(rule_id), day_of(int(fixes["t_ms"][0])), Subject("520100", case["vehicle_class"]))
    assert row is not None
    limits, state, found = np.array([[rule.pack(row.numbers)] * 2], rule.limits), rule.blank(1), []
    begin = int(fixes["t_ms"][0])
    while begin < last_ms(fixes):
        day_ms, end = day_bounds(day_of(begin))
        mine = (positions["t_ms"] >= begin) & (positions["t_ms"] < end)
        edges = rule.judge(rows_of(positions[mine], known[mine], np.array([0, mine.sum()]), day_ms), limits, state, np.array([end]))
        found += list(edges[edges["kind"] == CLOSE])
        begin = end
    assert len(found) == len(case["expect"])
    return [freeze(rule, row, edge, rule.blank(1), positions, known, {"plate": "贵A00001"}) for edge in found]


@pytest.mark.parametrize(("rule_id", "case"), CASES, ids=[f"{rule_id}: {case['says']}" for rule_id, case in CASES])
def test_a_bundle_judged_again_gives_the_same_episode(rule_id: str, case: dict[str, Any]) -> None:
    for content in bundles(rule_id, case):
        bundle = read(content)
        assert rejudge(bundle)
        assert bundle.header["rule"] == rule_id and bundle.header["facts"] == {"plate": "贵A00001"} and bundle.header["source"]
        assert bundle.positions["t_ms"][0] >= bundle.header["from_ms"] and bundle.positions["t_ms"][-1] <= bundle.header["until_ms"]


def test_the_same_evidence_is_the_same_bytes_and_any_changed_byte_is_found() -> None:
    rule_id, case = next(one for one in CASES if one[0] == "SPD-LIMIT")
    (content,), (again,) = bundles(rule_id, case), bundles(rule_id, case)
    assert content == again
    good = evidence_hash(content)
    assert all(evidence_hash(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]) != good for at in range(len(content)))


def test_a_fix_changed_within_the_episode_is_another_episode() -> None:
    rule_id, case = next(one for one in CASES if one[0] == "SPD-LIMIT")
    (content,) = bundles(rule_id, case)
    bundle = read(content)
    inside = np.flatnonzero(bundle.positions["t_ms"] > bundle.edge["opened_ms"][0])[:3]
    bundle.positions["speed_kmh10"][inside] = 0
    assert not rejudge(bundle)


@pytest.mark.parametrize("change", [(b'"source":"DJ', b'"source":"IR'), (b'"min_s":30', b'"min_s":29'), (b'"from":"2004', b'"from":"2005')])
def test_a_threshold_that_is_not_the_one_named_is_found(change: tuple[bytes, bytes]) -> None:
    rule_id, case = next(one for one in CASES if one[0] == "SPD-LIMIT")
    (content,) = bundles(rule_id, case)
    assert content.replace(*change) != content
    assert not rejudge(read(content.replace(*change)))


def test_the_whole_spell_is_in_the_evidence_of_driving_too_long() -> None:
    rule_id, case = next(one for one in CASES if one[0] == "FAT-4H")
    (content,) = bundles(rule_id, case)
    bundle = read(content)
    assert bundle.positions["t_ms"][0] == drive(case["start"], case["drive"])["t_ms"][0]
    assert bundle.edge["t_ms"][0] - bundle.positions["t_ms"][0] > 4 * 3_600_000


def test_too_few_fixes_beside_it_are_said_and_not_made_up() -> None:
    by_margin = {}
    for rule_id, case in CASES:
        for content in bundles(rule_id, case):
            by_margin.setdefault(read(content).header["margin"], []).append(case["says"])
    assert set(by_margin) == {"short", "full"}
    assert "one second more is not" in by_margin["full"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: b"", "no evidence bundle"),
        (lambda content: content[:30], "cannot be read"),
        (lambda content: content[:-1], "not those that this version reads"),
        (lambda content: content.replace(b'"rule":"SPD-LIMIT"', b'"rule":"SPD-LEMIT"'), "no rule"),
        (lambda content: content.replace(b"lat_e6", b"lat_e7", 1), "not those that this version reads"),
    ],
)
def test_what_is_no_bundle_is_refused(change: Any, says: str) -> None:
    rule_id, case = next(one for one in CASES if one[0] == "SPD-LIMIT")
    (content,) = bundles(rule_id, case)
    with pytest.raises(RefusedError, match=says):
        read(change(content))


def test_a_bundle_of_another_version_of_the_rule_is_refused() -> None:
    rule_id, case = next(one for one in CASES if one[0] == "SPD-LIMIT")
    (content,) = bundles(rule_id, case)
    with pytest.raises(RefusedError, match="is version 1 now, the bundle was judged by 2"):
        rejudge(read(content.replace(b'"rule_version":1', b'"rule_version":2')))
