"""Read side of violations and of the alerts that people make of them. Row-level security decides which rows there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Alert:
    """A violation and where its handling stands.

    Args:
        rule_id, rule_version, threshold_id: what it was judged by.
        subject_kind, subject: "vehicle", "driver", "operator", "platform" or "line", and its number as text.
        closed: None: it lasts. lon_e6, lat_e6: where it opened, 1e-6 degree WGS-84; None: nowhere.
        peak, amount: in the rule's units; None where it has none.
        condition: "active", "cleared" or "withdrawn"; state: of `operations.alerts`.
        revision: counts every change of condition and state.
        result: what `resolve` said; None before.
    """

    alert_id: int
    rule_id: str
    rule_version: int
    threshold_id: str
    map_version: str | None
    subject_kind: str
    subject: str
    vehicle_id: int | None
    driver_id: int | None
    operator_id: int | None
    region_code: str | None
    vehicle_class: str
    plate: str | None
    plate_colour: int | None
    opened: datetime
    closed: datetime | None
    last: datetime
    lon_e6: int | None
    lat_e6: int | None
    peak: float | None
    amount: float | None
    severity: str
    condition: str
    provisional: bool
    found_by: str
    quality: str
    evidence_hash: str | None
    facts: dict[str, Any]
    state: str
    revision: int
    result: str | None
    resolved_by: int | None
    confirmed_by: int | None
    assigned_to: int | None
    acknowledged_at: datetime | None
    handled_at: datetime | None
    resolved_at: datetime | None
    confirmed_at: datetime | None
    planned_for: datetime | None
    due_at: datetime | None
    supervised: bool


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts; None and empty: any.

    Args:
        states, severities: any of these; rule: its id or, with a final "*", its beginning.
        open_only: those that still need somebody.
        region: root of a subtree of regions.
        first, until: opened in [first, until). overlapping: instead, lasted at any moment of [first, last].
        box: west, south, east, north, degrees; west above east crosses the antimeridian.
    """

    states: Sequence[str] = ()
    severities: Sequence[str] = ()
    rule: str | None = None
    condition: str | None = None
    open_only: bool = False
    vehicle_id: int | None = None
    operator_id: int | None = None
    region: str | None = None
    first: datetime | None = None
    until: datetime | None = None
    overlapping: bool = False
    last: datetime | None = None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One step that somebody took; user_id None: the system."""

    action_id: int
    alert_id: int
    key: str
    step: str
    from_state: str
    to_state: str
    user_id: int | None
    actor: str
    payload: dict[str, Any]
    at: datetime


_ALERTS = b"""
    select v.violation_id as alert_id, v.rule_id, v.rule_version, v.threshold_id, v.map_version, v.subject_kind, v.subject, v.vehicle_id,
           v.driver_id, v.operator_id, v.region_code, v.vehicle_class, c.plate, c.plate_colour, v.opened, v.closed, v.last, v.lon_e6,
           v.lat_e6, v.peak, v.amount, v.severity, v.condition, v.provisional, v.found_by, v.quality, v.evidence_hash, v.facts,
           s.state, s.revision, s.result, s.resolved_by, s.confirmed_by, s.assigned_to, s.acknowledged_at, s.handled_at, s.resolved_at,
           s.confirmed_at, s.planned_for, s.due_at, s.supervised
      from violation v
      join alert_state s on s.alert_id = v.violation_id
      left join vehicle c on c.vehicle_id = v.vehicle_id
"""

_PAGE = (
    _ALERTS
    + b"""
     where (%(states)s::text[] = '{}' or s.state = any(%(states)s::text[]))
       and (not %(open_only)s or s.state in ('new', 'acknowledged', 'handling', 'resolved', 'returned', 'appealed'))
       and (%(severities)s::text[] = '{}' or v.severity = any(%(severities)s::text[]))
       and (%(rule)s::text is null or v.rule_id = %(rule)s
            or (right(%(rule)s, 1) = '*' and starts_with(v.rule_id, left(%(rule)s, -1))))
       and (%(condition)s::text is null or v.condition = %(condition)s)
       and (%(vehicle_id)s::bigint is null or v.vehicle_id = %(vehicle_id)s)
       and (%(operator_id)s::bigint is null or v.operator_id = %(operator_id)s)
       and (%(area)s::text is null or starts_with(coalesce(v.region_code, ''), %(area)s))
       and (%(first)s::timestamptz is null or v.opened >= %(first)s
            or (%(overlapping)s and (v.closed is null or v.closed >= %(first)s)))
       and (%(until)s::timestamptz is null or v.opened < %(until)s)
       and (%(last)s::timestamptz is null or v.opened <= %(last)s)
       and (%(box)s::double precision[] is null
            or (v.lat_e6 between (%(box)s::double precision[])[2] * 1e6 and (%(box)s::double precision[])[4] * 1e6
                and case when (%(box)s::double precision[])[1] <= (%(box)s::double precision[])[3]
                         then v.lon_e6 between (%(box)s::double precision[])[1] * 1e6 and (%(box)s::double precision[])[3] * 1e6
                         else v.lon_e6 >= (%(box)s::double precision[])[1] * 1e6
                              or v.lon_e6 <= (%(box)s::double precision[])[3] * 1e6 end))
       and (%(after)s::timestamptz is null or (v.opened, v.violation_id) < (%(after)s, %(after_id)s::bigint))
     order by v.opened desc, v.violation_id desc
     limit %(limit)s
"""
)


def alerts(conn: Connection, wanted: AlertFilter, limit: int | None, after: tuple[datetime, int] | None = None) -> list[Alert]:
    """Alerts, the newest first; at most `limit` of them (None: all), those after (opened, alert_id) of the last page."""
    with conn.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(_PAGE, page_values(wanted, limit, after)).fetchall()


def page_statement() -> bytes:
    """The statement of `alerts`, for a cursor that reads it piece by piece; values: `page_values`."""
    return _PAGE


def page_values(wanted: AlertFilter, limit: int | None, after: tuple[datetime, int] | None = None) -> dict[str, Any]:
    """Values of `page_statement`."""
    return {
        "states": list(wanted.states), "open_only": wanted.open_only, "severities": list(wanted.severities), "rule": wanted.rule,
        "condition": wanted.condition, "vehicle_id": wanted.vehicle_id, "operator_id": wanted.operator_id,
        "area": None if wanted.region is None else area(wanted.region), "first": wanted.first, "until": wanted.until,
        "overlapping": wanted.overlapping, "last": wanted.last, "box": None if wanted.box is None else list(wanted.box), "limit": limit,
        "after": None if after is None else after[0], "after_id": None if after is None else after[1],
    }  # fmt: skip


def area(region_code: str) -> str:
    """What the codes of a region's subtree begin with; "" for the whole country."""
    if region_code == "100000":
        return ""
    if len(region_code) == 6 and region_code.endswith("00"):
        return region_code[:2] if region_code.endswith("0000") else region_code[:4]
    return region_code


def alert(conn: Connection, alert_id: int) -> Alert | None:
    """One alert; None when there is none that the asker may see."""
    with conn.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(_ALERTS + b" where v.violation_id = %(alert_id)s", {"alert_id": alert_id}).fetchone()


def actions(conn: Connection, alert_id: int) -> list[Action]:
    """Steps of an alert, in order."""
    with conn.cursor(row_factory=class_row(Action)) as cursor:
        return cursor.execute(
            """
            select action_id, alert_id, key, step, from_state, to_state, user_id, actor, payload, at
              from alert_action
             where alert_id = %(alert_id)s
             order by action_id
            """,
            {"alert_id": alert_id},
        ).fetchall()
