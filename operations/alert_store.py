"""SQL of steps on alerts, and the opening of violations; `alert_state` and `alert_event` write themselves (0350_alerts.sql)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.json import Jsonb

from domain.errors import RefusedError

if TYPE_CHECKING:
    from operations.alerts import Found

Connection = psycopg.Connection[Any]

_KINDS = {"CT403": "forbidden", "CT404": "missing", "CT409": "conflict"}
"""Kind of `RefusedError` by the state that the database raises."""


@dataclass(frozen=True, slots=True)
class NewAction:
    """One step to take."""

    alert_id: int
    key: str
    step: str
    from_state: str
    to_state: str
    payload: dict[str, Any]


def open_violation(conn: Connection, found: Found) -> int:
    """Insert an episode; its number, also when it was there."""
    values = {name: getattr(found, name) for name in found.__slots__} | {"facts": Jsonb(dict(found.facts))}
    row = conn.execute(
        """
        with added as (
            insert into violation (rule_id, rule_version, threshold_id, map_version, subject_kind, subject, vehicle_id, driver_id,
                                   operator_id, region_code, vehicle_class, opened, last, lon_e6, lat_e6, peak, amount, severity,
                                   found_by, quality, provisional, facts)
            values (%(rule_id)s, %(rule_version)s, %(threshold_id)s, %(map_version)s, %(subject_kind)s, %(subject)s, %(vehicle_id)s,
                    %(driver_id)s, %(operator_id)s, %(region_code)s, %(vehicle_class)s, %(opened)s, %(opened)s, %(lon_e6)s, %(lat_e6)s,
                    %(peak)s, %(amount)s, %(severity)s, %(found_by)s, %(quality)s, %(provisional)s, %(facts)s)
                on conflict (rule_id, subject_kind, subject, opened) do nothing
            returning violation_id
        )
        select violation_id from added
         union all
        select violation_id from violation
         where rule_id = %(rule_id)s and subject_kind = %(subject_kind)s and subject = %(subject)s and opened = %(opened)s
         limit 1
        """,
        values,
    ).fetchone()
    assert row is not None
    return int(row[0])


def end_violation(conn: Connection, alert_id: int, condition: str, at: datetime, because: str | None) -> None:
    """The episode is over."""
    conn.execute(
        """
        update violation
           set condition = %(condition)s, closed = coalesce(closed, greatest(%(at)s, opened)), last = greatest(last, %(at)s),
               withdrawn_because = %(because)s
         where violation_id = %(alert_id)s
        """,
        {"alert_id": alert_id, "condition": condition, "at": at, "because": because},
    )


def taken(conn: Connection, alert_id: int, key: str) -> tuple[str, dict[str, Any]] | None:
    """Step and payload that were taken with this key; None: it is new."""
    return conn.execute(
        "select step, payload from alert_action where alert_id = %(alert_id)s and key = %(key)s", {"alert_id": alert_id, "key": key}
    ).fetchone()


def add_action(conn: Connection, action: NewAction) -> None:
    """Insert a step; who takes it is what the scope says.

    Raises:
        RefusedError: what the database refuses.
    """
    try:
        with conn.transaction():
            conn.execute(
                """
                insert into alert_action (alert_id, key, step, from_state, to_state, payload)
                values (%(alert_id)s, %(key)s, %(step)s, %(from_state)s, %(to_state)s, %(payload)s)
                """,
                {name: getattr(action, name) for name in action.__slots__} | {"payload": Jsonb(action.payload)},
            )
    except psycopg.errors.ForeignKeyViolation as error:
        refused = f"{action.step} does not lead from {action.from_state} to {action.to_state}"
        raise RefusedError(refused, field="step", kind="conflict") from error
    except psycopg.Error as error:
        kind = _KINDS.get(error.sqlstate or "")
        if kind is None:
            raise
        raise RefusedError(error.diag.message_primary or str(error), field="step", kind=kind) from error
