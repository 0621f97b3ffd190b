"""The HTTP door as a browser meets it: real uvicorn, real database."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.api.server import NAME, PASSWORD, RunningWeb, put_fix, put_vehicle, running


@pytest.fixture
def web(dsn: str, tmp_path: Path) -> Iterator[RunningWeb]:
    with psycopg.connect(dsn) as conn:
        put_vehicle(conn, 1, "贵A12345")
        put_vehicle(conn, 2, "贵B00001", region="520203")
        put_fix(conn, 1, 106.63, 26.65, alarm_bits=1)
        put_fix(conn, 2, 105.0, 26.0, age_s=9000)
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "basemap-0a1b.pmtiles").write_bytes(bytes(range(256)) * 40)
    with running(dsn, tmp_path) as one:
        yield one


def test_the_door_from_outside_to_logout(web: RunningWeb) -> None:
    """One server for what needs no special state: start-up is most of the cost."""
    _nobody_gets_in(web)
    _unknown_paths_are_problems(web)
    _login_cookies(web)
    _dictionary(web)
    _card(web)
    _tiles(web)
    _files(web)
    _security_headers(web)
    _csrf(web)
    _logout_ends_the_login(web)


def _nobody_gets_in(web: RunningWeb) -> None:
    with web.client(None) as client:
        for path in (
            "/api/v1/live/vehicles?topic=region:520000",
            "/api/v1/vehicles/1/card",
            "/tiles/basemap.json",
            "/api/v1/session/me",
            "/api/v1/nope",
        ):
            answer = client.get(path)
            assert answer.status_code == 401, path
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "unauthenticated"
        assert client.post("/app/_dash-update-component", json={}).status_code == 401
        page = client.get("/app/monitor?vehicle=1")
        assert page.status_code == 303
        assert page.headers["location"] == "/app/login?next=/app/monitor%3Fvehicle%3D1"
        assert client.get("/app/login").status_code == 200
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").status_code == 200


def _unknown_paths_are_problems(web: RunningWeb) -> None:
    with web.client() as client:
        for path in (
            "/api/v1/nope",
            "/nope",
            "/static/nope.mjs",
            "/static/../app.py",
            "/tiles/nope.pmtiles",
            "/vendor/maplibre-gl/nope.js",
            "/metrics",
        ):
            answer = client.get(path)
            assert answer.status_code == 404, path
            body = answer.json()
            assert answer.headers["content-type"] == "application/problem+json"
            assert (body["status"], body["code"]) == (404, "missing")
            assert body["trace_id"] == answer.headers["x-request-id"]
        assert client.put("/api/v1/session/me").status_code == 405
        bad = client.get("/api/v1/live/vehicles?topic=everything")
        assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "topic")
        assert client.get("/api/v1/live/vehicles").status_code == 422


def _login_cookies(web: RunningWeb) -> None:
    with web.client(None) as client:
        wrong = client.post("/api/v1/session", json={"name": NAME, "password": "wrong horse 808"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "unauthenticated")
        foreign = client.post("/api/v1/session", json={"name": NAME, "password": PASSWORD}, headers={"Origin": "http://elsewhere.example"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "origin")
        right = client.post("/api/v1/session", json={"name": NAME, "password": PASSWORD})
        assert right.status_code == 200
        cookies = {value.split("=")[0]: value for value in right.headers.get_list("set-cookie")}
        for name in ("cuntong_access", "cuntong_refresh"):
            assert "HttpOnly" in cookies[name]
            assert "SameSite=Lax" in cookies[name]
        assert "HttpOnly" not in cookies["_csrf_token"]
        assert client.get("/api/v1/session/me").json()["name"] == NAME
        del client.cookies["cuntong_access"]
        renewed = client.get("/api/v1/session/me")  # the refresh cookie alone renews the login
        assert renewed.status_code == 200
        assert any(value.startswith("cuntong_access=") for value in renewed.headers.get_list("set-cookie"))


def _dictionary(web: RunningWeb) -> None:
    with web.client() as client:
        answer = client.get("/api/v1/live/vehicles?topic=region:520000")
        assert answer.headers["content-encoding"] == "gzip"
        columns = answer.json()
        assert columns["vehicle_id"] == [1, 2]
        assert columns["plate"] == ["贵A12345", "贵B00001"]
        again = client.get("/api/v1/live/vehicles?topic=region:520000", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/api/v1/live/vehicles?topic=region:520102").json()["vehicle_id"] == [1]
    with web.client("county") as client:
        assert client.get("/api/v1/live/vehicles?topic=region:520102").json()["vehicle_id"] == [1]
        assert client.get("/api/v1/live/vehicles?topic=region:520000").status_code == 403


def _card(web: RunningWeb) -> None:
    with web.client() as client:
        card = client.get("/api/v1/vehicles/1/card").json()
        assert card["plate"] == "贵A12345"
        fix = card["fix"]
        assert (fix["lon"], fix["lat"], fix["speed_kmh"], fix["heading_deg"], fix["odometer_m"]) == (106.63, 26.65, 30.0, 90, 1_234_567)
        assert fix["alarms"] == [0]
        assert fix["time"].endswith("+00:00")
        assert client.get("/api/v1/vehicles/999/card").status_code == 404
    with web.client("county") as client:
        assert client.get("/api/v1/vehicles/1/card").status_code == 200
        assert client.get("/api/v1/vehicles/2/card").status_code == 404  # not even that it exists


def _tiles(web: RunningWeb) -> None:
    url = "/tiles/basemap-0a1b.pmtiles"
    with web.client() as client:
        assert client.get("/tiles/basemap.json").json() == {"url": None}
        whole = client.get(url)
        assert (whole.status_code, len(whole.content)) == (200, 10240)
        part = client.get(url, headers={"Range": "bytes=256-511"})
        assert (part.status_code, part.content) == (206, bytes(range(256)))
        assert part.headers["content-range"] == "bytes 256-511/10240"
        assert part.headers["etag"] == whole.headers["etag"]
        assert "content-encoding" not in part.headers
        assert client.get(url, headers={"Range": "bytes=99999-"}).status_code == 416


def _files(web: RunningWeb) -> None:
    with web.client(None) as client:
        packed = client.get("/vendor/maplibre-gl/maplibre-gl.mjs")
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["content-type"].startswith("text/javascript")
        again = client.get("/vendor/maplibre-gl/maplibre-gl.mjs", headers={"If-None-Match": packed.headers["etag"]})
        assert again.status_code == 304
        plain = client.get("/static/map/frames.mjs", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert gzip.decompress(gzip.compress(plain.content)) == plain.content


def _security_headers(web: RunningWeb) -> None:
    with web.client() as client:
        for path in ("/app/monitor", "/api/v1/session/me", "/static/map/main.mjs"):
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
            assert "unsafe" not in scripts
            assert "http:" not in policy and "https:" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"


def _csrf(web: RunningWeb) -> None:
    with web.client() as client:
        page = client.get("/app/monitor")
        assert page.status_code == 200
        del client.headers["X-CSRFToken"]
        refused = client.post("/app/_dash-update-component", json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")


def _logout_ends_the_login(web: RunningWeb) -> None:
    with web.client(None) as client:
        client.post("/api/v1/session", json={"name": NAME, "password": PASSWORD})
        refresh = client.cookies["cuntong_refresh"]
        assert client.delete("/api/v1/session").status_code == 403
        assert client.delete("/api/v1/session", headers={"X-CSRFToken": client.cookies["_csrf_token"]}).status_code == 204
        assert client.get("/api/v1/session/me").status_code == 401
        with httpx.Client(base_url=web.url, cookies={"cuntong_refresh": refresh}) as thief:
            assert thief.post("/api/v1/session/refresh").status_code == 401


def test_locked_name_is_told_when_to_come_back(web: RunningWeb) -> None:
    with web.client(None) as client:
        for _ in range(5):
            assert client.post("/api/v1/session", json={"name": NAME, "password": "wrong horse 808"}).status_code == 401
        locked = client.post("/api/v1/session", json={"name": NAME, "password": PASSWORD})
        assert (locked.status_code, locked.json()["code"]) == (429, "locked")
        assert 0 < int(locked.headers["retry-after"]) <= 30


def test_secret_file_is_private(web: RunningWeb) -> None:
    assert os.stat(web.settings.web.secret_file).st_mode & 0o077 == 0


def test_a_page_without_the_right_is_403_and_says_so(web: RunningWeb) -> None:
    with web.client(web.account("driver", person_id=1)) as driver:
        assert driver.get("/app/monitor").status_code == 403
        assert driver.get("/app/explain").status_code == 403
    with web.client() as admin:
        assert admin.get("/app/monitor").status_code == 200
