"""Alerts over HTTP: who sees them, who takes which step, and that a repeated request does nothing twice."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.fixtures.world import World

DUE = (datetime.now(UTC) + timedelta(days=1)).isoformat()


def step(client: httpx.Client, alert_id: int, path: str, body: dict[str, Any] | None = None, key: str = "") -> httpx.Response:
    return client.post(f"/api/v1/alerts/{alert_id}/{path}", json=body or {}, headers={"Idempotency-Key": key or uuid.uuid4().hex})


def test_an_alert_is_worked_to_its_end_by_two_people(world: World) -> None:
    alert_id = world.alert(severity="severe")
    with world.web.client("red") as red, world.web.client("li") as li:
        assert step(red, alert_id, "ack").json()["state"] == "acknowledged"
        assert step(red, alert_id, "handle", {"action": "call", "summary": "stopped at once"}).json()["state"] == "handling"
        lacking = step(red, alert_id, "resolve", {"result": "trained", "note": "trained"})
        assert (lacking.status_code, lacking.json()["errors"][0]["field"]) == (422, "attachments")
        assert step(red, alert_id, "confirm").status_code == 403  # an operator supervises nobody
        done = step(li, alert_id, "resolve", {"result": "trained", "note": "trained", "attachments": ["a" * 64]})
        assert done.json()["state"] == "resolved"
        refused = step(li, alert_id, "confirm")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        with world.web.client("zhao") as zhao:
            assert step(zhao, alert_id, "supervise", {"order_id": "D-1", "due": DUE}).json()["supervised"] is True
            assert step(zhao, alert_id, "confirm").json()["state"] == "confirmed"
        assert step(red, alert_id, "appeal", {"grounds": "the sign was hidden"}).json()["state"] == "appealed"
        assert step(li, alert_id, "uphold", {"decision": "it was"}).json()["state"] == "waived"
        conflict = step(red, alert_id, "ack")
        assert (conflict.status_code, conflict.json()["code"]) == (409, "conflict")
        whole = red.get(f"/api/v1/alerts/{alert_id}").json()
    assert [one["step"] for one in whole["actions"]] == ["acknowledge", "handle", "resolve", "supervise", "confirm", "appeal", "uphold"]
    assert [one["actor"] for one in whole["actions"]] == ["red", "red", "li", "zhao", "zhao", "red", "li"]
    audited = world.sql(
        "select actor, payload::json ->> 'step' from audit where stream = 'alert' and object = %s order by seq", f"alert_action:{alert_id}"
    )
    assert len(audited) == 7 and audited[0] == ("red", "acknowledge")


def test_a_repeated_request_does_nothing_twice(world: World) -> None:
    alert_id = world.alert()
    with world.web.client("red") as red:
        first, again = (step(red, alert_id, "handle", {"action": "call"}, "same") for _ in range(2))
        assert (first.status_code, first.json()) == (200, again.json())
        other = step(red, alert_id, "handle", {"action": "text"}, "same")
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
        missing = red.post(f"/api/v1/alerts/{alert_id}/ack", json={}, headers={"Idempotency-Key": ""})
        assert missing.status_code == 422
    assert world.sql("select count(*) from alert_action where alert_id = %s", alert_id) == [(1,)]


@pytest.mark.parametrize(("name", "sees"), [("li", True), ("red", True), ("chief", True), ("blue", False), ("yunnan", False)])
def test_outside_the_scope_an_alert_does_not_exist(world: World, name: str, sees: bool) -> None:
    alert_id = world.alert()
    with world.web.client(name) as client:
        assert client.get(f"/api/v1/alerts/{alert_id}").status_code == (200 if sees else 404)
        listed = {one["alert_id"] for one in client.get("/api/v1/alerts?limit=1000").json()["alerts"]}
        assert (alert_id in listed) is sees
        if not sees:
            assert step(client, alert_id, "ack").status_code == 404


def test_who_has_no_right_gets_403(world: World) -> None:
    with world.web.client("passer") as client:
        assert client.get("/api/v1/alerts").status_code == 403


def test_pages_neither_skip_nor_repeat_while_alerts_come(world: World) -> None:
    wanted = [world.alert(rule_id="PAGE-1") for _ in range(7)]
    got: list[int] = []
    with world.web.client("li") as client:
        path: str | None = "/api/v1/alerts?rule=PAGE-1&limit=3"
        while path is not None:
            answer = client.get(path)
            got += [one["alert_id"] for one in answer.json()["alerts"]]
            world.alert(rule_id="PAGE-1")
            path = answer.links["next"]["url"] if "next" in answer.links else None
        assert got == wanted[::-1]
        assert client.get("/api/v1/alerts?cursor=bm9wZQ").status_code == 422


def test_filters_and_geojson(world: World) -> None:
    alert_id = world.alert(vehicle_id=2, rule_id="FILTER-1", severity="severe")
    with world.web.client("li") as client:
        for query, count in (
            ("severity=severe&state=new", 1), ("severity=minor", 0), ("open=true", 1), ("state=resolved&state=new", 1), ("vehicle_id=2", 1),
            ("vehicle_id=1", 0), ("region_code=520103", 1), ("region_code=520102", 0), ("condition=cleared", 0), ("operator_id=1", 1),
            ("from=2026-01-01T00:00:00Z", 1), ("to=2026-01-01T00:00:00Z", 0),
        ):  # fmt: skip
            found = client.get(f"/api/v1/alerts?rule=FILTER-*&{query}").json()["alerts"]
            assert len(found) == count, query
        drawn = client.get("/api/v1/alerts?rule=FILTER-1", headers={"Accept": "application/geo+json"})
        assert drawn.headers["content-type"] == "application/geo+json"
        (feature,) = drawn.json()["features"]
        assert (feature["id"], feature["geometry"]) == (alert_id, {"type": "Point", "coordinates": [106.63, 26.65]})
        for query in ("state=nope", "from=2026-01-01", "region_code=%00", "vehicle_id=99999999999", "rule=%27;"):
            assert client.get(f"/api/v1/alerts?{query}").status_code == 422, query
        assert client.get("/api/v1/alerts/99999999999999999999").status_code == 422
        nul = step(client, alert_id, "note", {"note": "a\x00b"})
        assert nul.status_code == 422


def test_an_alert_answers_304_until_it_changes(world: World) -> None:
    alert_id = world.alert()
    with world.web.client("li") as client:
        etag = client.get(f"/api/v1/alerts/{alert_id}").headers["etag"]
        same = {"If-None-Match": etag}
        assert client.get(f"/api/v1/alerts/{alert_id}", headers=same).status_code == 304
        step(client, alert_id, "note", {"note": "seen"})
        assert client.get(f"/api/v1/alerts/{alert_id}", headers=same).status_code == 200
