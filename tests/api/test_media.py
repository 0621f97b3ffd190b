"""Multimedia over HTTP, as the pipeline stored it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from domain.units import instant
from ingest import media_store
from ingest.media_store import Upload
from protocols.jt808.messages.multimedia import MediaData
from tests.api.server import RunningWeb, put_vehicle, running
from tests.ingest.spooled import NOON_MS, fix

PICTURE = b"\xff\xd8" + bytes(range(256)) * 4 + b"\xff\xd9"


@pytest.fixture
def web(dsn: str, tmp_path: Path) -> Iterator[RunningWeb]:
    with psycopg.connect(dsn) as conn:
        put_vehicle(conn, 1, "贵A12345")
        put_vehicle(conn, 2, "贵B00001", region="520203")
        for vehicle_id in (1, 2):
            message = MediaData(vehicle_id, 0, 0, 1, 2, fix(), PICTURE + bytes([vehicle_id]))
            upload = Upload(f"1380000000{vehicle_id}", vehicle_id, NOON_MS + 5_000, "log", vehicle_id, message)
            assert media_store.put(conn, tmp_path / "media", [upload]) == 1
    with running(dsn, tmp_path) as one:
        yield one


def test_a_picture_is_listed_with_place_and_time_and_served_whole(web: RunningWeb) -> None:
    with web.client() as client:
        item = client.get("/api/v1/vehicles/1/media").json()["items"][0]
        assert (item["kind"], item["event"], item["channel"], item["bytes"]) == ("picture", 1, 2, len(PICTURE) + 1)
        assert (item["lon"], item["lat"]) == (106.7, 26.5)
        assert item["taken"].startswith(instant(NOON_MS).isoformat()[:19])
        served = client.get(item["href"])
        assert served.content == PICTURE + b"\x01" and served.headers["content-type"] == "image/jpeg"
        assert served.headers["x-content-type-options"] == "nosniff"
        assert client.get("/api/v1/vehicles/1/media/0000").status_code == 422


def test_a_picture_that_waits_in_the_database_is_served_too(web: RunningWeb) -> None:
    with psycopg.connect(web.dsn) as conn:
        conn.execute("update multimedia set path = null, data = %s where vehicle_id = 1", (PICTURE,))
    with web.client() as client:
        item = client.get("/api/v1/vehicles/1/media").json()["items"][0]
        assert client.get(item["href"]).content == PICTURE


def test_nobody_sees_pictures_of_another_region(web: RunningWeb) -> None:
    with web.client() as client:
        href = client.get("/api/v1/vehicles/2/media").json()["items"][0]["href"]
    with web.client("county") as client:
        assert client.get("/api/v1/vehicles/2/media").status_code == 404
        assert client.get(href).status_code == 404
        assert client.get(href.replace("/vehicles/2/", "/vehicles/1/")).status_code == 404
