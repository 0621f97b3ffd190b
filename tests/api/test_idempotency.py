"""What is asked twice under one key is done once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.api.server import RunningWeb, put_vehicle, running

CALL = {"message_id": 0x8201}
PLACE = "/api/v1/vehicles/1/commands"


@pytest.fixture
def web(dsn: str, tmp_path: Path) -> Iterator[RunningWeb]:
    with psycopg.connect(dsn) as conn:
        put_vehicle(conn, 1, "贵A12345")
        put_vehicle(conn, 2, "贵A00002")
        conn.execute("insert into terminal (terminal_id, vehicle_id, state) values ('13800000001', 1, 'registered')")
    with running(dsn, tmp_path) as one:
        yield one


def asked(web: RunningWeb) -> int:
    """Commands that were asked for."""
    with psycopg.connect(web.dsn) as conn:
        row = conn.execute("select count(*) from outbox where topic = 'terminal.command'").fetchone()
    assert row is not None
    return int(row[0])


def test_commands_are_done_once_a_key(web: RunningWeb) -> None:
    """One server for all of it."""
    with web.client() as client:
        _many_at_once_are_one(web, client)
        _the_key_stands_for_one_request(web, client)
        _what_failed_may_be_tried_again(web, client)
        _keys_are_kept_a_day(web, client)
    with web.client("county") as other:
        assert "idempotency-replayed" not in other.post(PLACE, json=CALL, headers={"Idempotency-Key": "one"}).headers
    with httpx.Client(base_url=web.url, headers={"Cookie": web.cookie_header()}) as bare:
        bare.headers["X-CSRFToken"] = bare.headers["Cookie"].partition("_csrf_token=")[2].partition(";")[0]
        refused = bare.post(PLACE, json=CALL)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "header.Idempotency-Key")


def _many_at_once_are_one(web: RunningWeb, client: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(PLACE, json=CALL, headers={"Idempotency-Key": "one"}), range(16)))
    assert {one.status_code for one in answers} == {202}, {one.text for one in answers}
    assert len({one.text for one in answers}) == 1
    assert sum("idempotency-replayed" not in one.headers for one in answers) == 1
    assert asked(web) == 1


def _the_key_stands_for_one_request(web: RunningWeb, client: httpx.Client) -> None:
    for path, body in ((PLACE, CALL | {"expires_in_s": 60}), ("/api/v1/vehicles/1/geofences", {"action": "verify"})):
        refused = client.post(path, json=body, headers={"Idempotency-Key": "one"})
        assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_mismatch")
    assert asked(web) == 1


def _what_failed_may_be_tried_again(web: RunningWeb, client: httpx.Client) -> None:
    place, key = "/api/v1/vehicles/2/commands", {"Idempotency-Key": "two"}
    assert client.post(place, json=CALL, headers=key).status_code == 409  # no terminal yet
    with psycopg.connect(web.dsn) as conn:
        conn.execute("insert into terminal (terminal_id, vehicle_id, state) values ('13800000002', 2, 'registered')")
    assert client.post(place, json=CALL, headers=key).status_code == 202
    assert asked(web) == 2


def _keys_are_kept_a_day(web: RunningWeb, client: httpx.Client) -> None:
    with psycopg.connect(web.dsn) as conn:
        conn.execute("update idempotency set created_at = now() - interval '24 hours 1 second' where key = 'one'")
    assert "idempotency-replayed" not in client.post(PLACE, json=CALL, headers={"Idempotency-Key": "one"}).headers
    assert asked(web) == 3
