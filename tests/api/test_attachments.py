"""Files of alarms over HTTP, as the attachment server stored them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ingest import attachment_store
from ingest.attachment_files import Draft
from ingest.attachment_store import Ordering, Wanted
from tests.api.server import RunningWeb, put_vehicle, running
from tests.ingest.spooled import NOON_MS

NAME = "../夜间 00_65.jpg"
BYTES = b"\xff\xd8" + bytes(range(256)) + b"\xff\xd9"


@pytest.fixture
def web(dsn: str, tmp_path: Path) -> Iterator[RunningWeb]:
    with psycopg.connect(dsn) as conn:
        put_vehicle(conn, 1, "贵A12345")
        put_vehicle(conn, 2, "贵B00001", region="520203")
        for vehicle_id in (1, 2):
            said = {"terminal_code": f"T{vehicle_id}", "time_ms": NOON_MS, "sequence": 1, "attachments": 2, "reserved": "00"}
            one = Wanted(f"{vehicle_id}" * 32, f"1380000000{vehicle_id}", vehicle_id, said, 0x65, 1, 2, NOON_MS)
            assert attachment_store.want(conn, [one], Ordering("127.0.0.1:7614", 1)) == 1
            found = attachment_store.find(conn, one.alarm_number, one.terminal_id)
            assert found is not None
            for name in (NAME, "late.mp4"):
                attachment_store.announce(conn, found.upload_id, name, 0, len(BYTES))
            draft = Draft(tmp_path / "attachments", found.upload_id, NAME, len(BYTES))
            draft.write(0, BYTES)
            assert not attachment_store.finish(conn, found.upload_id, NAME, draft.finish(), draft.place)
            attachment_store.progress(conn, found.upload_id, "late.mp4", [(0, 100)])
    with running(dsn, tmp_path) as one_web:
        yield one_web


def test_alarms_are_listed_with_their_files_and_whole_files_are_served(web: RunningWeb) -> None:
    with web.client() as client:
        (alarm,) = client.get("/api/v1/vehicles/1/attachments").json()["items"]
        assert (alarm["state"], alarm["item"], alarm["kind"], alarm["orders"], alarm["attachments"]) == ("arriving", "0x65", 1, 1, 2)
        assert "alarm_number" not in alarm
        late, whole = sorted(alarm["files"], key=lambda file: file["href"] is not None)
        assert (late["came"], late["sha256"], late["href"]) == (100, None, None)
        served = client.get(whole["href"])
        assert served.status_code == 200 and served.content == BYTES and served.headers["content-type"] == "image/jpeg"
        assert client.get(f"/api/v1/vehicles/1/attachments/{alarm['upload_id']}/late.mp4").status_code == 404


def test_nobody_sees_files_of_another_region(web: RunningWeb) -> None:
    with web.client() as client:
        (alarm,) = client.get("/api/v1/vehicles/2/attachments").json()["items"]
        href = next(file["href"] for file in alarm["files"] if file["href"])
    with web.client("county") as client:
        assert client.get("/api/v1/vehicles/2/attachments").status_code == 404
        assert client.get(href).status_code == 404
        assert client.get(href.replace("/vehicles/2/", "/vehicles/1/")).status_code == 404
