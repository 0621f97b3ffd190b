"""What a vehicle broke on a stored day: its fixes read, matched as the worker would, judged by all rules. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from domain.errors import RefusedError
from domain.position import POSITION
from domain.units import day_bounds, day_of
from ingest import archive_store, day_context_store, day_unit
from ingest.due_store import MARGIN_MS
from storage.positions import read_track
from storage.registry import subject_of
from tracking.daily import compute_day
from tracking.kernels.edges import CLOSE, OPEN
from tracking.vehicle_day import DayLines, DayResult
from tracking.violations.columns import JUDGED, rows_of, unknown
from tracking.violations.evidence import freeze
from tracking.violations.judging import Memory, Told, Whom, judge
from tracking.violations.model import RULES, Array, Rule
from tracking.violations.of_day import Judgeable, judgeable
from tracking.violations.threshold import Subject, Threshold
from tracking.violations.thresholds import pick, table

Connection = psycopg.Connection[Any]


SETTLE_MS = 600_000
"""What is younger may still come in another order, or go on: it is not judged."""

NOT_READ = ("driver cards", "permits", "episodes before the day before")
"""What the rules ask for and is not stored yet: time at the wheel is the vehicle's, nobody is exempt from NIGHT-25, repeats are not counted."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedDay:
    """What was found on a day. fixes: qualified ones of the day; roads: whether it was matched; not_judged: rule id to why nothing can be said."""

    episodes: list[Episode]
    fixes: int
    roads: bool
    not_judged: dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """A breach that began on the day. edge: its last `EDGE` row; bundle: its evidence, None while it lasts."""

    rule: Rule
    threshold: Threshold
    edge: Any
    bundle: bytes | None


def judge_day(conn: Connection, vehicle_id: int, day: date, archive: Path, now_ms: int) -> JudgedDay:
    """Episodes that began on the day, by their beginning; the days beside it are judged too, for what began before and what ends after, up to
    `SETTLE_MS` before now.

    Raises:
        RefusedError: the vehicle is not known, or the day's network cannot be read.
    """
    known = subject_of(conn, vehicle_id)
    if known is None:
        raise RefusedError(f"no vehicle {vehicle_id}; `cuntong registry list` shows them", field="vehicle", kind="missing")
    plate, *named = known
    subject = Subject(*named)
    memory, told, parts, roads = Memory(1), list[Told](), list[Judgeable](), False
    for one in (day - timedelta(1), day, day + timedelta(1)):
        begin, end = day_bounds(one)
        end = min(end, now_ms - SETTLE_MS)
        if end <= begin:
            break
        result, part = _computed(conn, vehicle_id, one, archive, end)
        roads = roads or (one == day and result.match is not None)
        parts.append(part)
        told += judge(
            _rows(part.positions, part.judged, result), Whom.of([subject]), memory, np.array([end]),
            said=_rows(part.said, unknown(len(part.said)), result),
        )  # fmt: skip
    fixes = sum(
        int(np.sum((part.positions["t_ms"] >= day_bounds(day)[0]) & (part.positions["t_ms"] < day_bounds(day)[1]))) for part in parts
    )
    facts = {
        "vehicle_id": vehicle_id, "plate": plate, "vehicle_class": subject.vehicle_class, "region": subject.region, "not_read": list(NOT_READ),
    }  # fmt: skip
    return JudgedDay(_episodes(told, parts, (subject, day), facts), fixes, roads, _not_judged(subject, day, fixes, roads))


def _not_judged(subject: Subject, day: date, fixes: int, roads: bool) -> dict[str, str]:
    """Rules of which nothing can be said on the day, and why: silence is no sign of good driving."""
    out = {}
    for rule_id in RULES:
        if pick(table(rule_id), day, subject) is None:
            out[rule_id] = f"no threshold for class {subject.vehicle_class}"
        elif not fixes and RULES[rule_id].reads == "driven":
            out[rule_id] = "no qualified fix on the day"
        elif not roads and rule_id.startswith("SPD-"):
            out[rule_id] = "no road network: no limits"
    return out


def _computed(conn: Connection, vehicle_id: int, day: date, archive: Path, until_ms: int) -> tuple[DayResult, Judgeable]:
    begin, end = day_bounds(day)
    known = day_context_store.known(conn, day, [vehicle_id])[vehicle_id]
    roads = day_context_store.roads_of(conn, [vehicle_id], day).get(vehicle_id)
    held = any(archive_store.files(conn, day + timedelta(shift)) for shift in (-1, 0, 1))
    rows = read_track(conn, vehicle_id, begin - MARGIN_MS, end + MARGIN_MS, archive if held else None)
    conn.rollback()
    rows = rows[rows["t_ms"] < (until_ms if until_ms < end else end + MARGIN_MS)]
    network = day_unit.registered_network(str(roads.path), roads.map_version) if roads is not None else None
    result = compute_day(rows, day, network, DayLines(), known.context)
    return result, judgeable(result, network)


def _rows(positions: NDArray[Any], judged: Array, result: DayResult) -> Any:
    return rows_of(positions, judged, np.array([0, len(positions)]), day_bounds(result.day)[0])


def _episodes(told: Sequence[Told], parts: Sequence[Judgeable], whose: tuple[Subject, date], facts: dict[str, Any]) -> list[Episode]:
    """The last edge of each episode that began on the day, with its evidence."""
    subject, day = whose
    last: dict[tuple[str, int], tuple[Rule, Any]] = {}
    for one in told:
        for edge in one.edges:
            opened = int(edge["opened_ms"])
            if edge["kind"] in (OPEN, CLOSE) and day_of(opened) == day:
                last[one.rule.rule_id, opened] = (one.rule, edge)
    driven = _joined([(part.positions, part.judged) for part in parts])
    said = _joined([(part.said, unknown(len(part.said))) for part in parts])
    found = []
    for rule, edge in sorted(last.values(), key=lambda pair: (int(pair[1]["opened_ms"]), pair[0].rule_id)):
        threshold = pick(table(rule.rule_id), day, subject)
        if threshold is None:
            continue
        positions, judged = said if rule.reads == "said" else driven
        bundle = freeze(rule, threshold, edge, rule.blank(1), positions, judged, facts) if edge["kind"] == CLOSE else None
        found.append(Episode(rule, threshold, edge, bundle))
    return found


def _joined(parts: Sequence[tuple[NDArray[Any], Array]]) -> tuple[NDArray[Any], Array]:
    positions = np.concatenate([np.zeros(0, POSITION), *(one.astype(POSITION, copy=False) for one, _ in parts)])
    return positions, np.concatenate([np.zeros(0, JUDGED), *(known for _, known in parts)])
