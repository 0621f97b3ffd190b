"""Commands over HTTP: who may ask, what is refused at once, what is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ingest import command_store
from ingest.command_store import DONE, Outcome
from storage.pool import connect
from tests.api.server import RunningWeb, put_vehicle, running

TEXT = {"flag_bits": 4, "text_type": 1, "text": "前方拥堵"}


@pytest.fixture
def web(dsn: str, tmp_path: Path) -> Iterator[RunningWeb]:
    with psycopg.connect(dsn) as conn:
        put_vehicle(conn, 1, "贵A12345")
        put_vehicle(conn, 2, "贵B00001", region="520203")
        put_vehicle(conn, 3, "贵A00003")
        conn.execute(
            "insert into terminal (terminal_id, vehicle_id, state) values ('13800000001', 1, 'registered'), ('13800000002', 2, 'registered')"
        )
    with running(dsn, tmp_path) as one:
        yield one


def test_a_command_is_asked_for_sent_and_answered(web: RunningWeb) -> None:
    with web.client() as client, connect(web.dsn, "ingest") as gateway:
        form = client.get("/api/v1/messages/33536").json()
        assert set(form["properties"]) == set(TEXT)
        asked = client.post("/api/v1/vehicles/1/commands", json={"message_id": 0x8300, "fields": TEXT})
        assert asked.status_code == 202, asked.text
        number = asked.json()["command_id"]
        assert (
            asked.json() | {"state": "queued", "terminal_id": "13800000001", "asked_by": "admin", "message_zh": "文本信息下发"}
            == asked.json()
        )
        assert command_store.admit(gateway) == ["13800000001"]
        assert [one.command_id for one in command_store.claim(gateway, ["13800000001"], "1/0")] == [number]
        gateway.commit()
        assert client.get(f"/api/v1/vehicles/1/commands/{number}").json()["state"] == "sent"
        command_store.record(gateway, [Outcome(number, "13800000001", DONE, 0)])
        gateway.commit()
        listed = client.get("/api/v1/vehicles/1/commands").json()
        assert [(one["command_id"], one["state"], one["result"], one["attempts"]) for one in listed["commands"]] == [(number, "done", 0, 1)]


def test_what_cannot_be_sent_is_refused_at_once(web: RunningWeb) -> None:
    with web.client() as client:
        for body, field in (
            ({"message_id": 0x8300, "fields": {**TEXT, "colour": 1}}, "colour"),
            ({"message_id": 0x8300, "fields": {"flag_bits": 4}}, "text"),
            ({"message_id": 0x8FFF}, "message_id"),
        ):
            refused = client.post("/api/v1/vehicles/1/commands", json=body)
            assert 400 <= refused.status_code < 500 and refused.json()["errors"][0]["field"] == field, refused.text
        without = client.post("/api/v1/vehicles/3/commands", json={"message_id": 0x8201})
        assert without.status_code == 409 and "no terminal" in without.text
        assert client.get("/api/v1/vehicles/3/commands").json() == {"vehicle_id": 3, "terminal_id": None, "commands": []}


def test_nobody_commands_a_vehicle_of_another_region(web: RunningWeb) -> None:
    with web.client() as client:
        number = client.post("/api/v1/vehicles/2/commands", json={"message_id": 0x8201}).json()["command_id"]
    with web.client("county") as client:
        assert client.post("/api/v1/vehicles/2/commands", json={"message_id": 0x8201}).status_code == 404
        assert client.get(f"/api/v1/vehicles/2/commands/{number}").status_code == 404
        assert client.get(f"/api/v1/vehicles/1/commands/{number}").status_code == 404
    with web.client(None) as client:
        assert client.post("/api/v1/vehicles/1/commands", json={"message_id": 0x8201}).status_code in (401, 403)
