"""All rules over fixes of many vehicles, live or a day at once: the same call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from domain.units import DAY_MS, day_bounds, day_of
from tracking.violations import thresholds
from tracking.violations.model import RULES, Array, Rows, Rule
from tracking.violations.threshold import Subject, Threshold


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Edges of one rule. threshold_ids: of the row that each edge's episode was judged by."""

    rule: Rule
    edges: Array
    threshold_ids: list[str]


@dataclass(frozen=True, slots=True, eq=False)
class Whom:
    """The vehicles of a call. kinds: those that differ to the law; kind: (V,) int64 row of kinds; exempt: rule id to (V,) bool, the
    vehicles that the register exempts from it on the day."""

    kinds: tuple[Subject, ...]
    kind: NDArray[np.int64]
    exempt: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    @staticmethod
    def of(subjects: Sequence[Subject]) -> Whom:
        """Vehicles one by one."""
        rows: dict[Subject, int] = {}
        kind = np.array([rows.setdefault(subject, len(rows)) for subject in subjects], np.int64)
        return Whom(tuple(rows), kind)


@dataclass(slots=True, eq=False)
class Memory:
    """What the rules remember of V vehicles: rule id to states (V,); a rule that is new begins with nothing."""

    vehicles: int
    states: dict[str, Array] = field(default_factory=dict)

    def of(self, rule: Rule) -> Array:
        """The states of a rule, written to by its kernel."""
        return self.states.setdefault(rule.rule_id, rule.blank(self.vehicles))


def judge(
    rows: Rows, whom: Whom, memory: Memory, until_ms: NDArray[np.int64], rule_ids: Sequence[str] = (), said: Rows | None = None
) -> list[Told]:
    """Judge fixes of one day.

    Args:
        rows, said: what was driven, and every record where those are more (None: the same), of the same vehicles and day.
        whom: (V,) what thresholds are asked for.
        until_ms: (V,) int64: nothing older will come; not before the newest fix, not after the end of the day.
        rule_ids: all when empty.
    """
    told = []
    for rule_id in rule_ids or RULES:
        rule = RULES[rule_id]
        states = memory.of(rule)
        limits = _limits(rule, whom, rows.day_ms, np.where(states["since_ms"] > 0, states["since_ms"], states[rule.begun]))
        edges = rule.judge(said if said is not None and rule.reads == "said" else rows, limits, states, until_ms)
        told.append(Told(rule, edges, _threshold_ids(rule, whom, edges)))
    return told


def _limits(rule: Rule, whom: Whom, day_ms: int, since_ms: NDArray[np.int64]) -> Array:
    """(V, 2) records: in force on the day, and on the day on which what is open began."""
    day = day_of(day_ms)
    today = np.array([_packed(rule.rule_id, subject, day) for subject in whom.kinds], rule.limits)
    limits = np.empty((whom.kind.size, 2), rule.limits)
    limits[:, 0] = limits[:, 1] = today[whom.kind]
    if rule.rule_id in whom.exempt:
        limits["judged"][whom.exempt[rule.rule_id]] = False
    earlier = np.flatnonzero((since_ms > 0) & (since_ms < day_ms))
    days = (since_ms[earlier] - day_ms) // DAY_MS
    for kind, ago in set(zip(whom.kind[earlier].tolist(), days.tolist(), strict=True)):
        limits[earlier[(whom.kind[earlier] == kind) & (days == ago)], 1] = np.array(
            _packed(rule.rule_id, whom.kinds[kind], day_of(day_ms + ago * DAY_MS)), rule.limits
        )
    return limits


def _threshold_ids(rule: Rule, whom: Whom, edges: Array) -> list[str]:
    """Of the rows by which the episodes were judged: those of the days on which they opened."""
    first, _ = day_bounds(date(1970, 1, 1))
    days, where = np.unique((edges["opened_ms"] - first) // DAY_MS, return_inverse=True)
    kinds = whom.kind[edges["slot"]]
    found = {
        (day, kind): _id(rule.rule_id, whom.kinds[kind], day_of(int(days[day]) * DAY_MS))
        for day, kind in set(zip(where.tolist(), kinds.tolist(), strict=True))
    }
    return [found[pair] for pair in zip(where.tolist(), kinds.tolist(), strict=True)]


@lru_cache(100_000)
def _threshold(rule_id: str, subject: Subject, day: date) -> Threshold | None:
    return thresholds.pick(thresholds.table(rule_id), day, subject)


@lru_cache(100_000)
def _packed(rule_id: str, subject: Subject, day: date) -> tuple[object, ...]:
    """Numbers of the row in force. Where none is, those of any row, not to be judged by: what the kernel remembers stays sound."""
    rule, found = RULES[rule_id], _threshold(rule_id, subject, day)
    row = found or thresholds.table(rule_id)[0]
    packed = dict(zip(rule.limits.names or (), rule.pack(row.numbers), strict=True))
    return tuple((packed | {"judged": found is not None}).values())


@lru_cache(100_000)
def _id(rule_id: str, subject: Subject, day: date) -> str:
    found = _threshold(rule_id, subject, day)
    return found.threshold_id if found else ""
