"""Logins over HTTP: nothing can be replayed once it was ended, and what the database says counts at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import psycopg
import pyotp
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.api.server import NAME, PASSWORD, RunningWeb, put_vehicle, running


@pytest.fixture(scope="module")
def web(module_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWeb]:
    with psycopg.connect(module_dsn) as conn:
        conn.execute("insert into operator (operator_id, name, region_code) values (1, 'Red Buses', '520102'), (2, 'Blue Buses', '520103')")
        put_vehicle(conn, 1, "贵A10001", operator_id=1)
    with running(module_dsn, tmp_path_factory.mktemp("session")) as one:
        yield one


def _tokens(web: RunningWeb, name: str) -> dict[str, Any]:
    answer = httpx.post(f"{web.url}/api/v1/session/tokens", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    assert not answer.headers.get_list("set-cookie")
    assert answer.headers["cache-control"] == "no-store"
    told: dict[str, Any] = answer.json()
    return told


def _as(web: RunningWeb, access: str) -> httpx.Client:
    return httpx.Client(base_url=web.url, timeout=20, headers={"Authorization": f"Bearer {access}"})


def _refresh(web: RunningWeb, secret: str) -> httpx.Response:
    return httpx.post(f"{web.url}/api/v1/session/tokens/refresh", json={"refresh_token": secret})


def _audited(web: RunningWeb, action: str, name: str) -> int:
    with psycopg.connect(web.dsn) as conn:
        row = conn.execute(
            """
            select count(*) from audit where stream = 'identity' and action = %(action)s
               and (actor = %(name)s or object = 'account:' || (select user_id from account where name = %(name)s))
            """,
            {"action": action, "name": name},
        ).fetchone()
    return row[0] if row else 0


def test_tokens_in_the_body_and_their_rotation(web: RunningWeb) -> None:
    name = web.account("regulator", "520102")
    first = _tokens(web, name)
    with _as(web, first["access_token"]) as client:
        me = client.get("/api/v1/session/me").json()
        assert (me["role"], me["region_code"], me["operator_id"]) == ("regulator", "520102", None)
        assert "vehicles:read" in me["rights"]
        assert "users:manage" not in me["rights"]
    second = _refresh(web, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    with psycopg.connect(web.dsn) as conn:  # beyond the moment in which two tabs may refresh at once
        conn.execute("update login_session set rotated_at = rotated_at - interval '1 minute'")
    assert _refresh(web, first["refresh_token"]).status_code == 401  # theft: the login ends
    assert _refresh(web, second["refresh_token"]).status_code == 401
    with _as(web, second["access_token"]) as client:
        assert client.get("/api/v1/session/me").status_code == 401
    assert _audited(web, "refresh_reused", name) == 1
    for bad in ("", ".", "x" * 200, "00000000-0000-0000-0000-000000000000.x", "\x00"):
        assert _refresh(web, bad).status_code == 401, bad


def test_revoked_means_worthless_at_once_in_every_process(web: RunningWeb) -> None:
    """Ended by SQL alone, so that no memory of this process can help: as another process would do it."""
    name = web.account("platform", "520000")
    told = _tokens(web, name)
    with _as(web, told["access_token"]) as client:
        assert client.get("/api/v1/session/me").status_code == 200
        with psycopg.connect(web.dsn) as conn:
            conn.execute("update login_session set revoked_at = now() where user_id = %s", (told["person"]["user_id"],))
        assert client.get("/api/v1/session/me").status_code == 401
        assert client.get("/app/monitor").status_code == 303
        assert client.get("/tiles/basemap.json").status_code == 401
    assert _refresh(web, told["refresh_token"]).status_code == 401


def test_what_the_row_says_counts_and_not_the_token(web: RunningWeb) -> None:
    name = web.account("admin", "520100")
    with _as(web, _tokens(web, name)["access_token"]) as client, psycopg.connect(web.dsn, autocommit=True) as conn:
        assert client.get("/api/v1/users").status_code == 200
        conn.execute("update account set role = 'operator', operator_id = 2, region_code = '520103' where name = %s", (name,))
        assert client.get("/api/v1/users").status_code == 403
        me = client.get("/api/v1/session/me").json()
        assert (me["role"], me["region_code"], me["operator_id"]) == ("operator", "520103", 2)
        conn.execute("update account set disabled = true where name = %s", (name,))
        assert client.get("/api/v1/session/me").status_code == 401


def test_forged_tokens_are_refused(web: RunningWeb) -> None:
    told = _tokens(web, web.account("tester", "520000"))
    said = jwt.decode(told["access_token"], options={"verify_signature": False})
    key = web.settings.web.secret_file.read_bytes()
    past = int(time.time()) - 1
    forged = [
        jwt.encode(said, None, algorithm="none"),
        jwt.encode(said, b"another secret of enough bytes to be a good one", algorithm="HS256"),
        jwt.encode(said, key + bytes(16), algorithm="HS512"),
        jwt.encode(said | {"exp": past}, key, algorithm="HS256"),
        jwt.encode(said | {"typ": "oidc"}, key, algorithm="HS256"),
        jwt.encode(said | {"sub": "1"}, key, algorithm="HS256"),  # a session of somebody else's
        jwt.encode({name: value for name, value in said.items() if name != "exp"}, key, algorithm="HS256"),
        told["access_token"][:-4] + "AAAA",
    ]
    for token in forged:
        with _as(web, token) as client:
            assert client.get("/api/v1/session/me").status_code == 401
    with _as(web, jwt.encode(said, key, algorithm="HS256")) as client:
        assert client.get("/api/v1/session/me").status_code == 200


def test_logins_are_listed_and_ended_by_their_owner_and_by_administrators_of_the_region(web: RunningWeb) -> None:
    mine, other = web.account("regulator", "520103"), web.account("finance", "430000")
    told, again = _tokens(web, mine), _tokens(web, mine)
    stranger = _tokens(web, other)
    with _as(web, told["access_token"]) as client:
        listed = client.get("/api/v1/sessions", params={"limit": 1})
        following = client.get(listed.links["next"]["url"])
        rows = [*listed.json()["sessions"], *following.json()["sessions"]]
        assert sorted(row["current"] for row in rows) == [False, True]
        assert {row["kind"] for row in rows} == {"token"}
        gone = next(row["session_id"] for row in rows if not row["current"])
        assert client.delete(f"/api/v1/sessions/{gone}").status_code == 204
        assert client.get("/api/v1/sessions", params={"user_id": stranger["person"]["user_id"]}).status_code == 403
        theirs = jwt.decode(stranger["access_token"], options={"verify_signature": False})["sid"]
        assert client.delete(f"/api/v1/sessions/{theirs}").status_code == 404
    with _as(web, again["access_token"]) as client:
        assert client.get("/api/v1/session/me").status_code == 401
    with _as(web, _tokens(web, web.account("admin", "520000"))["access_token"]) as client:  # another province's is not seen
        assert client.get("/api/v1/sessions", params={"user_id": stranger["person"]["user_id"]}).json()["sessions"] == []
        assert client.delete(f"/api/v1/sessions/{theirs}").status_code == 404
    with web.client() as admin:
        assert admin.delete(f"/api/v1/sessions/{theirs}").status_code == 204
    with _as(web, stranger["access_token"]) as client:
        assert client.get("/api/v1/session/me").status_code == 401
    assert _audited(web, "session_revoked", mine) == 1


def test_password_is_changed_by_its_owner_and_ends_the_other_logins(web: RunningWeb) -> None:
    name = web.account("station", "520102")
    told, other = _tokens(web, name), _tokens(web, name)
    with _as(web, told["access_token"]) as client:

        def change(present: str, new: str) -> int:
            return client.post("/api/v1/session/password", json={"password": present, "new_password": new}).status_code

        assert change("wrong horse 808", "another horse 809") == 403
        for plain in ("short 1A", "aaaaaaaaaaaaaaaa", "onlysmalls", f"{name} 1A", PASSWORD):
            assert change(PASSWORD, plain) == 422, plain
        assert change(PASSWORD, "another horse 809") == 204
        assert client.get("/api/v1/session/me").status_code == 200
    with _as(web, other["access_token"]) as client:
        assert client.get("/api/v1/session/me").status_code == 401
    assert httpx.post(f"{web.url}/api/v1/session/tokens", json={"name": name, "password": PASSWORD}).status_code == 401
    assert _audited(web, "password_changed", name) == 1


def test_lock_out_is_told_and_audited(web: RunningWeb) -> None:
    name = web.account("guardian", "520102")
    for _ in range(5):
        assert httpx.post(f"{web.url}/api/v1/session/tokens", json={"name": name, "password": "wrong horse 808"}).status_code == 401
    locked = httpx.post(f"{web.url}/api/v1/session/tokens", json={"name": name.upper(), "password": PASSWORD})
    assert (locked.status_code, locked.json()["code"]) == (429, "locked")
    assert 0 < int(locked.headers["retry-after"]) <= 30
    assert (_audited(web, "login_refused", name), _audited(web, "login_locked", name)) == (5, 1)
    for body in (
        {"name": "\x00", "password": "x"},
        {"name": "a" * 65, "password": "x"},
        {"name": "a", "password": "\ud800"},
        {"name": "\ud800", "password": "x"},
    ):
        answer = httpx.post(f"{web.url}/api/v1/session/tokens", content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert answer.status_code in (401, 422), body


def test_second_factor_over_http(web: RunningWeb) -> None:
    name = web.account("finance", "520000")
    with _as(web, _tokens(web, name)["access_token"]) as client:
        assert client.get("/api/v1/session/totp").json() == {"in_force": False}
        assert client.post("/api/v1/session/totp", json={}).status_code == 403
        codes = pyotp.TOTP(client.post("/api/v1/session/totp", json={"password": PASSWORD}).json()["secret"])
        assert client.post("/api/v1/session/totp/confirm", json={"code": "000000"}).status_code == 403
        assert client.post("/api/v1/session/totp/confirm", json={"code": codes.at(time.time() - 30)}).status_code == 204
        asked = httpx.post(f"{web.url}/api/v1/session/tokens", json={"name": name, "password": PASSWORD})
        assert (asked.status_code, asked.json()["code"]) == (401, "second_factor")
        told = httpx.post(f"{web.url}/api/v1/session/tokens", json={"name": name, "password": PASSWORD, "code": codes.now()})
        assert told.status_code == 200
        body = {"password": PASSWORD, "code": codes.at(time.time() + 30)}
        assert client.post("/api/v1/session/totp/disable", json=body).status_code == 204


def test_cookies_need_proof_and_keys_of_the_body_do_not(web: RunningWeb) -> None:
    with web.client() as client:
        proof = client.headers.pop("X-CSRFToken")
        for shown in ("", "0" * 40, "é"):
            refused = client.post("/api/v1/session/totp", headers={"X-CSRFToken": shown.encode()})
            assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
        foreign = client.post("/api/v1/session/totp", headers={"X-CSRFToken": proof, "Origin": "http://elsewhere.example"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "origin")


def test_sockets_end_with_their_login_and_with_a_change_of_rights(web: RunningWeb) -> None:
    name = web.account("regulator", "520000")

    async def dialled(token: str, then: Any) -> int:
        protocols = ["cuntong.v1", f"bearer.{token}"]
        async with connect(web.url.replace("http", "ws") + "/ws/positions", subprotocols=protocols) as socket:  # type: ignore[arg-type]
            await socket.send(json.dumps({"type": "subscribe", "topic": "region:520102"}))
            assert json.loads(await asyncio.wait_for(socket.recv(), 5))["type"] == "subscribed"
            await asyncio.to_thread(then)
            with pytest.raises(ConnectionClosed) as caught:
                while True:
                    await asyncio.wait_for(socket.recv(), 12)
        assert caught.value.rcvd is not None
        return caught.value.rcvd.code

    def ended() -> None:
        with _as(web, told["access_token"]) as client:
            assert client.delete("/api/v1/session").status_code == 204

    def narrowed() -> None:
        with psycopg.connect(web.dsn) as conn:
            conn.execute("update account set region_code = '520103' where name = %s", (name,))

    for then in (ended, narrowed):
        told = _tokens(web, name)
        assert asyncio.run(dialled(told["access_token"], then)) == 4401
    assert _audited(web, "logout", name) == 1


def test_pages_open_while_the_database_is_away_and_data_do_not(web: RunningWeb) -> None:
    database = sql.Identifier(str(conninfo_to_dict(web.dsn)["dbname"]))
    server = conninfo_to_dict(web.dsn) | {"dbname": "postgres"}
    with web.client() as client, psycopg.connect(**server, autocommit=True) as conn:
        conn.execute(sql.SQL("alter database {} with allow_connections false").format(database))
        try:
            conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (conninfo_to_dict(web.dsn)["dbname"],)
            )
            assert client.get("/app/monitor").status_code == 200
            assert client.get("/tiles/basemap.json").status_code == 200
            for path in ("/api/v1/session/me", "/api/v1/vehicles/1/card", "/api/v1/sessions"):
                answer = client.get(path)
                assert (answer.status_code, answer.json()["code"]) == (503, "store"), path
            client.cookies["cuntong_access"] = "forged"
            del client.cookies["cuntong_refresh"]
            assert client.get("/app/monitor").status_code == 303
        finally:
            conn.execute(sql.SQL("alter database {} with allow_connections true").format(database))
    deadline = time.monotonic() + 30
    with web.client(NAME) as client:
        while client.get("/api/v1/session/me").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
