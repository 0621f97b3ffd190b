"""The life of an alert against a real database: no illegal step is reachable, by the function or by SQL; four eyes; idempotence."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import RefusedError
from operations import alerts
from operations.alerts import OPEN, STATES, TRANSITIONS, Found, advance, ended, opened
from storage import alert_events, outbox, violations
from storage.scope import Scope, enter

Conn = psycopg.Connection[Any]
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
REGULATORS = {1: Scope("regulator", user_id=1, actor="li"), 2: Scope("regulator", user_id=2, actor="zhao")}
CARRIED = {
    "action": "call", "result": "warned", "note": "spoke with the driver", "reason": "no proof", "due": "2026-11-23T08:00:00Z",
    "grounds": "wrong limit", "decision": "the sign was hidden", "order_id": "D-7", "level": 1, "user_id": 2, "attachments": ["a" * 64],
}  # fmt: skip


def found(**columns: Any) -> Found:
    values: dict[str, Any] = {"rule_id": "SPD-LIMIT", "subject_kind": "vehicle", "subject": "1", "opened": NOW, "severity": "general"}
    return Found(**(values | columns))


def acting(conn: Conn, user_id: int) -> None:
    conn.execute("set local role cuntong_app")
    enter(conn, REGULATORS[user_id])


def as_owner(conn: Conn) -> None:
    conn.execute("set local role none")


def step(conn: Conn, alert_id: int, word: str, by: int = 1, key: str = "", **carried: Any) -> violations.Alert:
    acting(conn, by)
    try:
        return advance(conn, alert_id, word, key or uuid.uuid4().hex, CARRIED | carried, NOW)
    finally:
        if conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            as_owner(conn)


def test_the_database_keeps_the_same_table(conn: Conn) -> None:
    kept = {tuple(row) for row in conn.execute("select from_state, step, to_state from alert_transition").fetchall()}
    assert kept == {(state, word, to) for (state, word), targets in TRANSITIONS.items() for to in targets}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tries=st.lists(
        st.tuples(st.sampled_from(alerts.STEPS), st.sampled_from([1, 2]), st.sampled_from(["warned", "false_alarm"])), max_size=14
    )
)
def test_no_illegal_step_is_reachable(conn: Conn, tries: list[tuple[str, int, str]]) -> None:
    with conn.transaction(force_rollback=True):
        alert_id = opened(conn, found())
        state, resolver, confirmer, result, taken = "new", 0, 0, None, 0
        for word, user_id, said in tries:
            targets = TRANSITIONS.get((state, word))
            second = (word == "confirm" and user_id == resolver) or (word in ("uphold", "dismiss") and user_id == confirmer)
            if targets is None or second or word == "auto_close":
                with pytest.raises(RefusedError) as refused:
                    step(conn, alert_id, word, user_id, result=said)
                assert refused.value.kind == ("forbidden" if targets is not None and second else "conflict")
                continue
            after = step(conn, alert_id, word, user_id, result=said)
            state = "false_alarm" if word == "confirm" and result == "false_alarm" else targets[0]
            taken += 1
            resolver = user_id if word == "resolve" else resolver
            confirmer = user_id if word in ("confirm", "dismiss") else confirmer
            result = said if word == "resolve" else result
            assert (after.state, after.revision, after.result) == (state, 1 + taken, result)
        as_owner(conn)
        steps = violations.actions(conn, alert_id)
        assert [s.from_state for s in steps] == ["new", *(s.to_state for s in steps)][: len(steps)]


@pytest.mark.parametrize("state", ["new", "resolved"])
def test_sql_cannot_take_a_step_that_the_table_lacks(conn: Conn, state: str) -> None:
    alert_id = opened(conn, found())
    if state == "resolved":
        step(conn, alert_id, "handle")
        step(conn, alert_id, "resolve")
    legal = {(word, to) for (there, word), targets in TRANSITIONS.items() if there == state for to in targets}
    for word in alerts.STEPS:
        for to in STATES:
            if (word, to) in legal:
                continue
            acting(conn, 2)
            with pytest.raises(psycopg.Error), conn.transaction():
                conn.execute(
                    "insert into alert_action (alert_id, key, step, from_state, to_state) values (%s, %s, %s, %s, %s)",
                    (alert_id, uuid.uuid4().hex, word, state, to),
                )


def test_the_resolver_is_refused_by_the_database_under_whatever_name(conn: Conn) -> None:
    alert_id = opened(conn, found())
    step(conn, alert_id, "handle")
    step(conn, alert_id, "resolve")
    acting(conn, 1)
    with pytest.raises(psycopg.Error) as refused, conn.transaction():
        conn.execute(
            "insert into alert_action (alert_id, key, step, from_state, to_state, user_id, actor) "
            "values (%s, 'x', 'confirm', 'resolved', 'confirmed', 2, 'zhao')",
            (alert_id,),
        )
    assert refused.value.sqlstate == "CT403"
    assert step(conn, alert_id, "confirm", 2).state == "confirmed"


def test_steps_are_never_changed(conn: Conn) -> None:
    alert_id = opened(conn, found())
    step(conn, alert_id, "acknowledge")
    for statement in ("update alert_action set actor = 'nobody'", "delete from alert_action"):
        with pytest.raises(psycopg.Error, match="never changed"), conn.transaction():
            conn.execute(statement)
        acting(conn, 1)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
            conn.execute(statement)
        as_owner(conn)


def test_the_same_key_changes_nothing_and_the_same_episode_is_one_alert(conn: Conn) -> None:
    alert_id = opened(conn, found())
    assert opened(conn, found(severity="severe")) == alert_id
    once = step(conn, alert_id, "acknowledge", key="k")
    assert step(conn, alert_id, "acknowledge", key="k") == once
    assert len(violations.actions(conn, alert_id)) == 1
    with pytest.raises(RefusedError) as refused:
        step(conn, alert_id, "handle", key="k")
    assert refused.value.kind == "idempotency_mismatch"


def test_every_change_is_told_once_to_each_reader(conn: Conn) -> None:
    alert_id = opened(conn, found())
    step(conn, alert_id, "handle")
    ended(conn, alert_id, "cleared", NOW + timedelta(minutes=3))
    kinds = [event.kind for event in alert_events.events_after(conn, 0, 10)]
    assert kinds == ["opened", "handling", "cleared"]
    told = [one.payload for one in outbox.waiting(conn, outbox.MQTT_ALERT, 10)]
    assert [(one["alert_id"], one["revision"], one["state"], one["condition"]) for one in told] == [
        (alert_id, 1, "new", "active"), (alert_id, 2, "handling", "active"), (alert_id, 3, "handling", "cleared"),
    ]  # fmt: skip
    assert outbox.waiting(conn, "webhook", 10) == []  # nobody asks for it


def test_a_severe_alert_is_resolved_with_a_proof_only(conn: Conn) -> None:
    alert_id = opened(conn, found(severity="severe"))
    step(conn, alert_id, "acknowledge")
    with pytest.raises(RefusedError, match="attachment"):
        step(conn, alert_id, "resolve", attachments=[])
    as_owner(conn)
    assert step(conn, alert_id, "resolve").state == "resolved"


@pytest.mark.parametrize(("word", "name"), [("handle", "action"), ("note", "note"), ("supervise", "order_id"), ("assign", "user_id")])
def test_a_step_without_what_it_must_carry_is_refused(conn: Conn, word: str, name: str) -> None:
    alert_id = opened(conn, found())
    with pytest.raises(RefusedError) as refused:
        step(conn, alert_id, word, **{name: None})
    assert refused.value.field == name


def test_only_small_matters_that_are_over_close_themselves(conn: Conn) -> None:
    late = NOW + timedelta(hours=25)
    for rule, severity, condition, closes in (
        ("DEVICE", "notice", "cleared", True), ("DEVICE", "notice", "active", False), ("SOS", "minor", "cleared", False),
        ("ROUTE", "general", "cleared", False),
    ):  # fmt: skip
        alert_id = opened(conn, found(rule_id=rule, severity=severity, subject=f"{rule}{condition}"))
        if condition != "active":
            ended(conn, alert_id, condition, NOW)
        one = violations.alert(conn, alert_id)
        assert one is not None
        assert alerts.closes_itself(one, late) is closes
        if closes:
            assert advance(conn, alert_id, "auto_close", "sweep", {}, late).state == "auto_closed"


def test_who_may_not_see_the_vehicle_finds_no_alert(conn: Conn) -> None:
    conn.execute("insert into vehicle (vehicle_id, plate, plate_colour, region_code) values (7, '贵A00007', 2, '520102')")
    alert_id = opened(conn, found(vehicle_id=7, subject="7", region_code="520102"))
    conn.execute("set local role cuntong_app")
    enter(conn, Scope("regulator", "530000", user_id=1))
    assert violations.alert(conn, alert_id) is None
    assert alert_events.events_after(conn, 0, 10) == []
    with pytest.raises(RefusedError) as refused:
        advance(conn, alert_id, "acknowledge", "k", {}, NOW)
    assert refused.value.kind == "missing"
    with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
        conn.execute(
            "insert into alert_action (alert_id, key, step, from_state, to_state) values (%s, 'x', 'acknowledge', 'new', 'acknowledged')",
            (alert_id,),
        )


def test_open_states_are_those_that_lead_on() -> None:
    leading = {state for (state, word), targets in TRANSITIONS.items() if targets != (state,)}
    assert set(OPEN) == leading - {"confirmed"}
