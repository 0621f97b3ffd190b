"""Working an alert to its end: which step may follow which, what it must carry, and who may take it.

Two axes: the condition (active, cleared, withdrawn) belongs to the violation; the state is what people made of it. The database keeps the same
table (0350_alerts.sql) and refuses what does not fit it, the resolver who would confirm, and every change of a step once taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg

from domain.errors import RefusedError
from operations import alert_store as store
from storage import violations
from storage.violations import Alert

Connection = psycopg.Connection[Any]

OPEN = ("new", "acknowledged", "handling", "resolved", "returned", "appealed")
"""States in which somebody still has to do something."""

STATES = (*OPEN, "confirmed", "false_alarm", "waived", "auto_closed")
CONDITIONS = ("active", "cleared", "withdrawn")
SEVERITIES = ("notice", "minor", "general", "severe", "firm")

RESULTS = (
    "warned", "trained", "fined_by_operator", "stopped_driving", "terminal_repaired", "line_changed", "false_alarm", "other",
)  # fmt: skip
"""What `resolve` may say."""

ACTIONS = ("text", "call", "dispatch", "command")
"""What `handle` may say was done."""

BESIDE = ("supervise", "assign", "note", "attach")
"""Steps that leave the state as it is."""

SOS = "SOS"
"""The rule of the emergency button: never closed by itself."""

AUTO_CLOSE = timedelta(hours=24)


def _table() -> dict[tuple[str, str], tuple[str, ...]]:
    moves = {
        ("new", "acknowledge"): ("acknowledged",),
        ("new", "handle"): ("handling",),
        ("acknowledged", "handle"): ("handling",),
        ("returned", "handle"): ("handling",),
        ("handling", "handle"): ("handling",),
        ("acknowledged", "resolve"): ("resolved",),
        ("handling", "resolve"): ("resolved",),
        ("returned", "resolve"): ("resolved",),
        ("resolved", "confirm"): ("confirmed", "false_alarm"),
        ("resolved", "return"): ("returned",),
        ("confirmed", "appeal"): ("appealed",),
        ("appealed", "uphold"): ("waived",),
        ("appealed", "dismiss"): ("confirmed",),
        ("new", "auto_close"): ("auto_closed",),
        ("acknowledged", "auto_close"): ("auto_closed",),
    }
    moves |= {(state, "supervise"): (state,) for state in OPEN}
    return moves | {(state, step): (state,) for state in STATES for step in ("assign", "note", "attach")}


TRANSITIONS: dict[tuple[str, str], tuple[str, ...]] = _table()
"""(state, step) -> states it may lead to; the first, unless `confirm` follows the result "false_alarm"."""

STEPS = tuple(dict.fromkeys(step for _, step in TRANSITIONS))


@dataclass(frozen=True, slots=True)
class Periods:
    """Days within which a confirmed alert may be appealed and the appeal decided."""

    appeal: timedelta = timedelta(days=7)
    decision: timedelta = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class Found:
    """An episode that breaks a rule, as `opened` takes it; fields as in `storage.violations.Alert`."""

    rule_id: str
    subject_kind: str
    subject: str
    opened: datetime
    severity: str
    vehicle_id: int | None = None
    driver_id: int | None = None
    operator_id: int | None = None
    region_code: str | None = None
    vehicle_class: str = "unknown"
    lon_e6: int | None = None
    lat_e6: int | None = None
    peak: float | None = None
    amount: float | None = None
    rule_version: int = 1
    threshold_id: str = ""
    map_version: str | None = None
    found_by: str = "live"
    quality: str = "good"
    provisional: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)


def opened(conn: Connection, found: Found) -> int:
    """Open an alert, in the caller's transaction (the owner's or `cuntong_ingest`'s); its number. The same episode again: the same number.

    Its state, what the stream, MQTT and webhooks tell of it are written by the database with it.
    """
    return store.open_violation(conn, found)


def ended(conn: Connection, alert_id: int, condition: str, at: datetime, because: str | None = None) -> None:
    """The condition is cleared, or withdrawn because the judgement was; in the caller's transaction, as `opened`."""
    store.end_violation(conn, alert_id, condition, at, because)


def advance(conn: Connection, alert_id: int, step: str, key: str, payload: Mapping[str, Any], now: datetime) -> Alert:
    """Take a step, as the person of the connection's scope; where the alert stands then.

    Args:
        conn: under the scope of who acts; the step, its audit row and what is told of it are one transaction, the caller's.
        key: of the request; the same key again changes nothing.
        payload: what the step carries (`operations/alerts.py`, `_CARRIES`).
        now: the caller's clock, for the periods of an appeal.
    Raises:
        RefusedError: missing: no such alert in scope; conflict: the step does not fit the state; forbidden: a second person is needed;
            invalid: the payload lacks something; idempotency_mismatch: the key was used for another step.
    """
    found = violations.alert(conn, alert_id)
    if found is None:
        raise RefusedError(f"no alert {alert_id}", field="alert_id", kind="missing")
    before = store.taken(conn, alert_id, key)
    if before is not None:
        if before != (step, dict(payload)):
            raise RefusedError("this key was used for another step: send a new one", field="Idempotency-Key", kind="idempotency_mismatch")
        return found
    target = following(found, step)
    _check(found, step, payload, now)
    store.add_action(conn, store.NewAction(alert_id, key, step, found.state, target, dict(payload)))
    after = violations.alert(conn, alert_id)
    assert after is not None
    return after


def following(found: Alert, step: str) -> str:
    """The state that a step leads to; RefusedError, kind "conflict", when it does not fit the present one."""
    targets = TRANSITIONS.get((found.state, step))
    if targets is None:
        fitting = ", ".join(name for state, name in TRANSITIONS if state == found.state and name != "auto_close")
        raise RefusedError(f"alert {found.alert_id} is {found.state}: it takes {fitting}", field="step", kind="conflict")
    return "false_alarm" if step == "confirm" and found.result == "false_alarm" else targets[0]


_CARRIES: dict[str, tuple[str, ...]] = {
    "handle": ("action",), "resolve": ("result", "note"), "return": ("reason", "due"), "appeal": ("grounds",), "uphold": ("decision",),
    "dismiss": ("decision",), "supervise": ("order_id", "due", "level"), "assign": ("user_id",), "note": ("note",),
    "attach": ("attachments",),
}  # fmt: skip


def _check(found: Alert, step: str, payload: Mapping[str, Any], now: datetime) -> None:
    for name in _CARRIES.get(step, ()):
        if payload.get(name) in (None, "", []):
            raise RefusedError(f"{step} needs {name}", field=name)
    if step == "handle" and payload["action"] not in ACTIONS:
        raise RefusedError(f"action is one of {', '.join(ACTIONS)}", field="action")
    if step == "resolve":
        if payload["result"] not in RESULTS:
            raise RefusedError(f"result is one of {', '.join(RESULTS)}", field="result")
        if found.severity == "severe" and not payload.get("attachments"):
            raise RefusedError("a severe alert is resolved with at least one attachment", field="attachments")
    periods = Periods()
    if step == "appeal" and found.confirmed_at is not None and now > found.confirmed_at + periods.appeal:
        raise RefusedError(f"appeals end {periods.appeal.days} days after the confirmation", kind="conflict")
    if step == "auto_close" and not closes_itself(found, now):
        raise RefusedError(f"alert {found.alert_id} is not closed by itself", kind="conflict")


def closes_itself(found: Alert, now: datetime) -> bool:
    """A small matter that is over: notice or minor, its condition cleared or withdrawn, a day old; never SOS."""
    small = found.severity in ("notice", "minor") and found.rule_id != SOS
    return small and found.condition != "active" and found.state in ("new", "acknowledged") and now - found.opened >= AUTO_CLOSE
