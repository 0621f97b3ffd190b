"""Drives told in steps, as the tables of cases tell them, and what the rules say of them, in one call or in many."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from domain.units import SHANGHAI, day_bounds, day_of, epoch_ms, instant
from tracking.kernels.edges import CLOSE, OPEN
from tracking.violations.judging import Memory, Whom, judge
from tracking.violations.model import DRIVER_RULES, Rows
from tracking.violations.pieces import union
from tracking.violations.threshold import Subject
from tracking.violations.thresholds import pick, table

TABLES = Path(__file__).parents[2] / "tables" / "rules"
SEVERITIES = {1: "notice", 2: "minor", 3: "general", 4: "severe"}
QUALITIES = {0: "good", 1: "partial", 2: "doubtful"}
FIX = np.dtype(
    [
        ("t_ms", "<i8"), ("lon_e6", "<i4"), ("lat_e6", "<i4"), ("kmh", "<f4"), ("acc", "i1"), ("alarm", "<i4"), ("limit", "<f4"),
        ("doubtful", "?"), ("driver", "<i4"), ("odometer", "<f8"),
    ]
)  # fmt: skip
LAT = 26.5
_M_PER_E6 = 6_371_008.8 * np.pi / 180e6 * np.cos(np.radians(LAT))


def seconds(text: str) -> float:
    """Of "h:mm:ss" with a fraction."""
    hours, minutes, rest = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def moment(text: str) -> int:
    """Epoch ms of an Asia/Shanghai time."""
    return epoch_ms(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))


def drive(start: str, steps: Sequence[dict[str, Any]]) -> np.ndarray:
    """Fixes of steps one after the other: `for` a time at `kmh`, a fix `every` so many seconds from the first instant on, driving east.

    silent: no fixes; said_kmh: what the terminal says instead of the true speed (nan: nothing); jitter_m: places leap to and fro so far.
    """
    rows: list[tuple[Any, ...]] = []
    t_ms, east_m = moment(start), 0.0
    now: dict[str, Any] = {
        "every": 10,
        "acc": 1,
        "alarm": 0,
        "limit": float("nan"),
        "doubtful": False,
        "driver": 0,
        "odometer": float("nan"),
    }
    for step in steps:
        now |= {name: step[name] for name in now if name in step}
        length_ms, kmh = round(seconds(step["for"]) * 1000), step["kmh"]
        for number, ahead in enumerate(range(0, length_ms, round(now["every"] * 1000))):
            if step.get("silent") and ahead >= 0:
                break
            metres = east_m + kmh / 3600 * ahead + (number % 2) * step.get("jitter_m", 0)
            rows.append((
                t_ms + ahead, 107_000_000 + round(metres / _M_PER_E6), round(LAT * 1e6), step.get("said_kmh", kmh), now["acc"], now["alarm"],
                now["limit"], now["doubtful"], now["driver"], now["odometer"],
            ))  # fmt: skip
        t_ms, east_m = t_ms + length_ms, east_m + kmh / 3600 * length_ms
    return np.array(rows, FIX)


def rows_of(vehicles: Sequence[np.ndarray], day_ms: int) -> Rows:
    """Rows of one day."""
    fixes = np.concatenate(vehicles) if vehicles else np.zeros(0, FIX)
    start = np.concatenate([[0], np.cumsum([len(one) for one in vehicles])]).astype(np.int64)
    place = np.ascontiguousarray(np.stack([fixes["lon_e6"], fixes["lat_e6"]], axis=1))
    columns = [np.ascontiguousarray(fixes[name]) for name in ("kmh", "acc", "alarm", "odometer", "limit", "doubtful", "driver")]
    return Rows(start, np.ascontiguousarray(fixes["t_ms"]), place, *columns, day_ms)


def days(begin_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
    """Half-open days of the span."""
    while begin_ms < end_ms:
        _, end = day_bounds(day_of(begin_ms))
        yield begin_ms, min(end, end_ms)
        begin_ms = end


@dataclass(slots=True)
class Run:
    """Vehicles judged in calls that follow each other."""

    subjects: list[Subject]
    rule_ids: Sequence[str]
    memory: Memory = field(init=False)
    edges: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.memory = Memory(len(self.subjects))

    def feed(self, vehicles: Sequence[np.ndarray], until_ms: Sequence[int]) -> None:
        """Fixes of one day, and what nothing older than will come."""
        day_ms = day_bounds(day_of(min(until_ms) - 1))[0]
        for told in judge(rows_of(vehicles, day_ms), Whom.of(self.subjects), self.memory, np.array(until_ms, np.int64), self.rule_ids):
            self.edges.setdefault(told.rule.rule_id, []).append(told.edges)
            assert len(told.threshold_ids) == len(told.edges)

    def closed(self, rule_id: str) -> list[tuple[Any, ...]]:
        """(vehicle, opened, closed, peak, amount, severity, quality, place) of each closed episode."""
        edges = np.concatenate(self.edges[rule_id])
        return sorted(
            (int(e["slot"]), int(e["opened_ms"]), int(e["t_ms"]), round(float(e["peak"]), 6), round(float(e["amount"]), 6), int(e["severity"]),
             int(e["quality"]), int(e["lon_e6"]), int(e["lat_e6"]))
            for e in edges[edges["kind"] == CLOSE]
        )  # fmt: skip

    def opened(self, rule_id: str) -> list[tuple[int, int]]:
        """(vehicle, opened) of each episode."""
        edges = np.concatenate(self.edges[rule_id])
        return sorted((int(e["slot"]), int(e["opened_ms"])) for e in edges[edges["kind"] == OPEN])


def whole(fixes: np.ndarray, subject: Subject, rule_ids: Sequence[str], until_ms: int) -> Run:
    """One vehicle, a call a day."""
    run = Run([subject], rule_ids)
    for begin, end in days(int(fixes["t_ms"][0]), until_ms):
        run.feed([fixes[(fixes["t_ms"] >= begin) & (fixes["t_ms"] < end)]], [end])
    return run


def told(run: Run, rule_id: str) -> list[dict[str, Any]]:
    """Closed episodes in the words of the tables."""
    return [
        {
            "opened": instant(opened).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
            "closed": instant(end).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
            "peak": peak, "amount": amount, "severity": SEVERITIES[severity], "quality": QUALITIES[quality],
        }
        for _, opened, end, peak, amount, severity, quality, *_ in run.closed(rule_id)
    ]  # fmt: skip


def cases() -> Iterable[tuple[str, dict[str, Any]]]:
    """(rule id, case) of every table."""
    for path in sorted(TABLES.glob("*.toml")):
        table = tomllib.loads(path.read_text("utf-8"))
        for case in table["case"]:
            yield table["rule"], case


def driver_told(rule_id: str, pieces: Sequence[dict[str, str]], until: str) -> list[dict[str, Any]]:
    """Episodes of one driver in the words of the tables; pieces: `from`, `to`, of any vehicles, in any order."""
    begin, end = (np.array([moment(one[name]) for one in pieces], np.int64) for name in ("from", "to"))
    begin, end = union(begin, end)
    row = pick(table(rule_id), day_of(int(begin[0])), Subject("520100", "line_coach"))
    assert row is not None
    limits = np.array([DRIVER_RULES[rule_id].pack(row.numbers)], DRIVER_RULES[rule_id].limits)
    edges = DRIVER_RULES[rule_id].judge(np.array([0, begin.size]), begin, end, limits, moment(until))

    def said(t_ms: int) -> str:
        return instant(int(t_ms)).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]

    return [
        {
            "opened": said(e["opened_ms"]), "closed": said(e["t_ms"]), "peak": float(e["peak"]), "amount": float(e["amount"]),
            "severity": SEVERITIES[int(e["severity"])], "over": bool(e["kind"] == CLOSE),
        }
        for e in edges
    ]  # fmt: skip


def last_ms(fixes: np.ndarray) -> int:
    """A day and a half after the last fix: every rule has made up its mind."""
    return int(fixes["t_ms"][-1]) + int(timedelta(hours=36) / timedelta(milliseconds=1))
