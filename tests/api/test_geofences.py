"""Geofences over HTTP: who sees them, what a terminal is asked to hold, and what it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ingest import command_store
from ingest.command_store import DONE, Outcome
from operations.geofences import import_geofences
from storage.pool import connect
from tests.api.server import RunningWeb, put_vehicle, running


def circle(name: str, region: str) -> dict[str, object]:
    words = {"name": name, "radius_m": 80, "region_code": region, "max_speed_kmh": 30}
    return {"type": "Feature", "properties": words, "geometry": {"type": "Point", "coordinates": [106.6, 26.5]}}


@pytest.fixture
def web(dsn: str, tmp_path: Path) -> Iterator[RunningWeb]:
    file = tmp_path / "zones.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [circle("车站", "520102"), circle("别处", "520203")]}), "utf-8")
    with psycopg.connect(dsn) as conn:
        put_vehicle(conn, 1, "贵A12345")
        put_vehicle(conn, 2, "贵B00001", region="520203")
        put_vehicle(conn, 3, "贵A00003")
        conn.execute(
            "insert into terminal (terminal_id, vehicle_id, state) values ('13800000001', 1, 'registered'), ('13800000002', 2, 'registered')"
        )
        assert import_geofences(conn, file, "me").changed == 2
    with running(dsn, tmp_path) as one:
        yield one


def test_a_terminal_is_asked_and_what_it_acknowledged_it_holds(web: RunningWeb) -> None:
    with web.client() as client, connect(web.dsn, "ingest") as gateway:
        assert [one["name"] for one in client.get("/api/v1/geofences").json()["geofences"]] == ["别处", "车站"]
        asked = client.post("/api/v1/vehicles/1/geofences", json={"geofences": ["车站", "别处"]})
        assert asked.status_code == 202 and asked.json()["terminal_id"] == "13800000001", asked.text
        (number,) = asked.json()["commands"]
        before = client.get("/api/v1/vehicles/1/geofences").json()
        assert before["zones"] == [] and before["unsettled"] == [
            {"command_id": number, "message_id": 0x8600, "geofences": ["别处", "车站"], "state": "queued", "reason": ""}
        ]
        command_store.admit(gateway)
        command_store.claim(gateway, ["13800000001"], "1/0")
        command_store.record(gateway, [Outcome(number, "13800000001", DONE, 0, edition="2013")])
        gateway.commit()
        after = client.get("/api/v1/vehicles/1/geofences").json()
        assert after["unsettled"] == [] and {one["geofence"] for one in after["zones"]} == {"车站", "别处"}
        assert all(one["edition"] == "2013" and "night_speed_kmh" not in one["wire"] for one in after["zones"])
        assert [one["holders"] for one in client.get("/api/v1/geofences").json()["geofences"]] == [1, 1]
        deleted = client.post("/api/v1/vehicles/1/geofences", json={"action": "delete"})
        assert len(deleted.json()["commands"]) == 4


def test_what_cannot_be_asked_is_refused_at_once(web: RunningWeb) -> None:
    with web.client() as client:
        for vehicle, body, code, word in (
            (1, {"geofences": ["无"]}, 404, "no geofence"), (1, {}, 422, "no geofence is named"), (1, {"action": "paint"}, 422, "action"),
            (3, {"geofences": ["车站"]}, 409, "no terminal"), (9, {"geofences": ["车站"]}, 404, "no vehicle"),
        ):  # fmt: skip
            refused = client.post(f"/api/v1/vehicles/{vehicle}/geofences", json=body)
            assert (refused.status_code, word in refused.text) == (code, True), refused.text
        assert client.get("/api/v1/vehicles/3/geofences").json() == {"vehicle_id": 3, "terminal_id": None, "zones": [], "unsettled": []}


def test_geofences_and_terminals_of_another_region_stay_unseen(web: RunningWeb) -> None:
    with web.client("county") as client:
        assert [one["name"] for one in client.get("/api/v1/geofences").json()["geofences"]] == ["车站"]
        assert client.post("/api/v1/vehicles/1/geofences", json={"geofences": ["别处"]}).status_code == 404
        assert client.post("/api/v1/vehicles/2/geofences", json={"geofences": ["车站"]}).status_code == 404
        assert client.get("/api/v1/vehicles/2/geofences").status_code == 404
    with web.client(None) as client:
        assert client.get("/api/v1/geofences").status_code in (401, 403)
