"""The evidence of an episode as one sequence of bytes that stands alone: fixes, limits, thresholds, and what was remembered before them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from domain.position import POSITION
from domain.units import DAY_MS, day_bounds, day_of
from tracking.kernels.edges import CLOSE, EDGE
from tracking.violations.columns import JUDGED, rows_of
from tracking.violations.model import RULES, Array, Rule
from tracking.violations.threshold import Threshold

MAGIC = b"cuntong evidence 1\n"
MARGIN_MS = 300_000
"""How much before and after the episode is kept: 5 minutes."""
_SAME = ("opened_ms", "t_ms", "peak", "amount", "severity", "quality")


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """Evidence. header: rule, version, threshold row with its source, subject and what else the caller froze; edge: the `EDGE` row;
    state: what the rule remembered before the first fix; positions, judged: (n,) `POSITION` and `JUDGED` rows."""

    header: Mapping[str, Any]
    edge: Array
    state: Array
    positions: NDArray[Any]
    judged: Array


def freeze(
    rule: Rule, threshold: Threshold, edge: Any, state: Array, positions: NDArray[Any], judged: Array, facts: Mapping[str, Any]
) -> bytes:
    """The bytes of a closed episode; the same for the same evidence.

    Args:
        edge: its CLOSE row; state: (1,) before the first of the days whose fixes are given, written to.
        positions, judged: one vehicle's rows in time order, from the beginning of a day; what is more than `MARGIN_MS` away is left out,
            but its effect on the state is kept.
        facts: register rows, map version, media by their sha256: JSON values.
    """
    begin, end = _begun(rule, threshold.numbers, edge, state.copy(), positions, judged) - MARGIN_MS, int(edge["t_ms"]) + MARGIN_MS
    first, last = np.searchsorted(positions["t_ms"], [begin, end + 1])
    for _ in _judged(rule, threshold.numbers, state, positions[:first], judged[:first], begin):
        pass
    kept, known = positions[first:last].astype(POSITION), judged[first:last].astype(JUDGED)
    row = np.array([edge], EDGE)
    row["slot"] = 0
    parts = (row, state, kept, known)
    before = int(np.sum(kept["t_ms"] < edge["opened_ms"]))
    after = int(np.sum(kept["t_ms"] > edge["t_ms"]))
    header = {
        "rule": rule.rule_id, "rule_version": rule.version, "peak": rule.peak, "amount": rule.amount, "threshold_id": threshold.threshold_id,
        "threshold": {name: value for name, value in threshold.written.items()}, "source": threshold.source, "row": _row(threshold),
        "unconfirmed": list(threshold.unconfirmed), "ours": list(threshold.ours), "from_ms": begin, "until_ms": end,
        "margin": "short" if before < 2 or after < 2 else "full", "sizes": [part.nbytes for part in parts],
        "columns": [str(part.dtype.descr) for part in parts], "facts": dict(facts),
    }  # fmt: skip
    said = json.dumps(header, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return MAGIC + len(said).to_bytes(4, "little") + said + b"".join(_plain(part) for part in parts)


def _row(threshold: Threshold) -> dict[str, str]:
    """What names the row in its table, as text."""
    until = threshold.until.isoformat() if threshold.until else ""
    return {
        "from": threshold.since.isoformat(), "until": until, "region": threshold.region, "vehicle_class": threshold.vehicle_class, "line": threshold.line,
    }  # fmt: skip


def _threshold_of(header: Mapping[str, Any]) -> Threshold:
    """The row that the header names, to have its id again."""
    row = header["row"]
    until = date.fromisoformat(row["until"]) if row["until"] else None
    return Threshold(
        header["rule"], date.fromisoformat(row["from"]), until, row["region"], row["vehicle_class"], row["line"], header["source"], header["threshold"],
        {}, (), (),
    )  # fmt: skip


def _begun(rule: Rule, numbers: Mapping[str, Any], edge: Any, state: Array, positions: NDArray[Any], judged: Array) -> int:
    """When what the episode rests on began: the spell of driving, where the rule knows one, else the episode."""
    opened = int(edge["opened_ms"])
    if "spell_ms" not in (state.dtype.names or ()):
        return opened
    first = np.searchsorted(positions["t_ms"], opened)
    for _ in _judged(rule, numbers, state, positions[:first], judged[:first], opened):
        pass
    return min(int(state["spell_ms"][0]) or opened, opened)


def _plain(part: Array) -> bytes:
    """Records with zeros between their fields: the same values are the same bytes."""
    out = np.zeros(part.shape, part.dtype)
    for name in part.dtype.names or ():
        out[name] = part[name]
    return out.tobytes()


def evidence_hash(content: bytes) -> str:
    """sha256 of a bundle."""
    return hashlib.sha256(content).hexdigest()


def read(content: bytes) -> Bundle:
    """A bundle of its bytes; RefusedError when they are none, or of other layouts than this version reads."""
    at = len(MAGIC) + 4
    if content[: len(MAGIC)] != MAGIC or len(content) < at:
        raise RefusedError("these bytes are no evidence bundle", field="bundle")
    size = int.from_bytes(content[at - 4 : at], "little")
    try:
        header = json.loads(content[at : at + size])
        rule = RULES[header["rule"]]
        layouts = (EDGE, rule.state, POSITION, JUDGED)
        if header["columns"] != [str(layout.descr) for layout in layouts] or sum(header["sizes"]) != len(content) - at - size:
            raise RefusedError(
                "the bundle's columns are not those that this version reads: read it with the version that froze it", field="columns"
            )
    except (ValueError, KeyError) as fault:
        raise RefusedError(f"the bundle's header cannot be read: {fault}", field="header") from None
    parts, at = [], at + size
    for layout, length in zip(layouts, header["sizes"], strict=True):
        parts.append(np.frombuffer(content[at : at + length], layout).copy())
        at += length
    return Bundle(header, *parts)


def rejudge(bundle: Bundle) -> bool:
    """True when the rule, by the bundle's own thresholds and nothing else, finds the same episode in the bundle's fixes, and the threshold row is the
    one that its id names.

    RefusedError when the rule has another version now.
    """
    rule = RULES[bundle.header["rule"]]
    if rule.version != bundle.header["rule_version"]:
        raise RefusedError(
            f"{rule.rule_id} is version {rule.version} now, the bundle was judged by {bundle.header['rule_version']}", field="rule_version"
        )
    if _threshold_of(bundle.header).threshold_id != bundle.header["threshold_id"]:
        return False
    numbers = {name: rule.parameters[name].number(name, value) for name, value in bundle.header["threshold"].items()}
    wanted = bundle.edge[0]
    until = max(int(bundle.header["until_ms"]), _decided(rule, bundle))
    for edges in _judged(rule, numbers, bundle.state.copy(), bundle.positions, bundle.judged, until):
        for edge in edges[edges["kind"] == CLOSE]:
            if all(edge[name] == wanted[name] for name in _SAME):
                return True
    return False


def _decided(rule: Rule, bundle: Bundle) -> int:
    """When nothing more can join the episode: two days after its last fix every rule has closed it."""
    return int(bundle.edge["t_ms"][0]) + 2 * DAY_MS


def _judged(rule: Rule, numbers: Mapping[str, Any], state: Array, positions: NDArray[Any], judged: Array, until_ms: int) -> Iterator[Array]:
    """Edges of one vehicle's fixes, day by day, up to the instant."""
    if not len(positions):
        return
    limits = np.array([[rule.pack(numbers)] * 2], rule.limits)
    begin = int(positions["t_ms"][0])
    while begin < until_ms:
        day_ms, end = day_bounds(day_of(begin))
        end = min(end, until_ms)
        mine = (positions["t_ms"] >= begin) & (positions["t_ms"] < end)
        rows = rows_of(positions[mine], judged[mine], np.array([0, int(mine.sum())]), day_ms)
        yield rule.judge(rows, limits, state, np.array([end]))
        begin = end
