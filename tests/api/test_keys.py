"""Accounts and API keys over HTTP: who may make which, and nothing works a moment longer than it may."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.api.server import PASSWORD, RunningWeb, put_fix, put_vehicle, running


@pytest.fixture(scope="module")
def web(module_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWeb]:
    with psycopg.connect(module_dsn) as conn:
        conn.execute("insert into operator (operator_id, name, region_code) values (1, 'Red Buses', '520102'), (2, 'Blue Buses', '520103')")
        put_vehicle(conn, 1, "贵A10001", operator_id=1)
        put_vehicle(conn, 2, "贵A10002", operator_id=2, region="520103")
        put_fix(conn, 1, 106.6, 26.6)
        put_fix(conn, 2, 106.6, 26.6)
    with running(module_dsn, tmp_path_factory.mktemp("keys")) as one:
        yield one


def _in(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def _make(client: httpx.Client, **wish: Any) -> dict[str, Any]:
    body = {"name": "map", "scopes": ["vehicles:read"], "expires": _in(30)} | wish
    answer = client.post("/api/v1/keys", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _asked(web: RunningWeb, key: str, path: str = "/api/v1/session/me", **headers: str) -> int:
    return httpx.get(web.url + path, headers={"Authorization": f"Bearer {key}"} | headers, timeout=20).status_code


def _sql(web: RunningWeb, statement: str, *values: Any) -> list[Any]:
    with psycopg.connect(web.dsn) as conn:
        done = conn.execute(statement.encode(), values)
        return done.fetchall() if done.description else []


def test_a_key_does_what_it_may_and_no_more(web: RunningWeb) -> None:
    with web.client(web.account("regulator", "520100")) as client:
        made = _make(client, scopes=["vehicles:read", "positions:read"], region_code="520103")
        listed = client.get("/api/v1/keys").json()["keys"]
    assert made["key"].startswith(f"ck_{made['key_id']}_")
    assert [set(row) & {"key", "secret", "secret_hash"} for row in listed] == [set()]
    assert made["key"].split("_", 2)[2] not in json.dumps(listed)
    kept = _sql(web, "select encode(secret_hash, 'escape') from api_key where key_id = %s", made["key_id"])
    assert made["key"] not in str(kept)
    key = made["key"]
    me = httpx.get(f"{web.url}/api/v1/session/me", headers={"Authorization": f"Bearer {key}"}).json()
    assert (me["region_code"], me["rights"]) == ("520103", ["positions:read", "vehicles:read"])
    assert _asked(web, key, "/api/v1/vehicles/2/card") == 200
    assert _asked(web, key, "/api/v1/vehicles/1/card") == 404  # its owner sees it, the key does not
    for path in ("/api/v1/keys", "/api/v1/sessions", "/api/v1/users", "/api/v1/session/totp"):
        assert _asked(web, key, path) == 403, path
    made_by_key = httpx.post(f"{web.url}/api/v1/keys", headers={"Authorization": f"Bearer {key}"}, json={})
    assert made_by_key.status_code == 403


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"scopes": ["users:manage"]}, 403), ({"scopes": ["personal:unmask"]}, 403), ({"scopes": ["keys:own"]}, 403), ({"scopes": []}, 422),
        ({"scopes": ["no such right"]}, 403), ({"region_code": "520102"}, 201), ({"region_code": "520000"}, 403), ({"region_code": "52"}, 422),
        ({"expires": _in(-1)}, 422), ({"expires": _in(732)}, 422), ({"expires": "2027-01-01T00:00:00"}, 422), ({"expires": "9999-12-31T23:59:59Z"}, 422),
        ({"expires": "0001-01-01T00:00:00+23:59"}, 422), ({"networks": ["203.0.113.0/33"]}, 422), ({"networks": ["203.0.113.1/24"]}, 422),
        ({"networks": ["\x00"]}, 422), ({"name": "\x00"}, 422), ({"name": ""}, 422), ({"scopes": ["\x00"]}, 403), ({"more": 1}, 422),
        ({"scopes": ["\ud800"]}, 403), ({"networks": ["\ud800"]}, 422), ({"name": "\ud800"}, 422),
    ],
)  # fmt: skip
def test_a_key_is_never_wider_than_its_owner(web: RunningWeb, wish: dict[str, Any], status: int) -> None:
    with web.client(web.account("operator", "520100", 1)) as client:
        body = {"name": "map", "scopes": ["vehicles:read"], "expires": _in(30)} | wish
        assert client.post("/api/v1/keys", content=json.dumps(body), headers={"Content-Type": "application/json"}).status_code == status


def test_a_key_comes_from_its_networks_alone(web: RunningWeb) -> None:
    with web.client(web.account("tester", "520000")) as client:
        abroad = _make(client, networks=["203.0.113.0/24", "2001:db8::/32"])["key"]
        here = _make(client, networks=["127.0.0.0/8"])["key"]
    assert (_asked(web, abroad), _asked(web, here)) == (401, 200)
    # the proxy of this machine tells where a request came from
    for address, status in (
        ("203.0.113.7", 200),
        ("203.0.114.7", 401),
        ("2001:db8::7", 200),
        ("::ffff:203.0.113.9", 200),
        ("nonsense", 401),
    ):
        assert _asked(web, abroad, **{"X-Forwarded-For": address}) == status, address


def test_a_key_is_worthless_once_it_was_revoked_ended_or_lost_its_account(web: RunningWeb) -> None:
    name = web.account("platform", "520000")
    with web.client(name) as client:
        keys = [_make(client)["key"] for _ in range(4)]
        ids = [key.split("_")[1] for key in keys]
        assert client.delete(f"/api/v1/keys/{ids[0]}").status_code == 204
        assert client.delete(f"/api/v1/keys/{ids[0]}").status_code == 404
    _sql(web, "update api_key set created_at = now() - interval '2 h', expires_at = now() - interval '1 h' where key_id = %s", ids[1])
    assert [_asked(web, key) for key in keys] == [401, 401, 200, 200]
    assert _asked(web, keys[2][:-1] + ("A" if keys[2][-1] != "A" else "B")) == 401
    assert _asked(web, f"ck_{ids[2]}_{keys[3].split('_', 2)[2]}") == 401
    with web.client(web.account("regulator", "520000")) as other:
        assert other.delete(f"/api/v1/keys/{ids[2]}").status_code == 404  # nobody else's
    with web.client() as admin:
        assert admin.delete(f"/api/v1/keys/{ids[2]}").status_code == 204
    assert [_asked(web, key) for key in keys] == [401, 401, 401, 200]
    _sql(web, "update account set role = 'passenger' where name = %s", name)
    assert (_asked(web, keys[3], "/api/v1/vehicles/1/card"), _asked(web, keys[3])) == (403, 200)  # never more than the owner may now
    _sql(web, "update account set disabled = true where name = %s", name)
    assert _asked(web, keys[3]) == 401
    told = _sql(web, "select action, count(*) from audit where object = any (%s) group by action", [f"api_key:{one}" for one in ids])
    assert dict(told)["api_key.insert"] == 4
    secrets = _sql(web, "select count(*) from audit where payload like '%%secret_hash%%'")
    assert secrets == [(0,)]


def test_the_last_use_is_noted_once_a_minute(web: RunningWeb) -> None:
    with web.client(web.account("finance", "520000")) as client:
        key = _make(client)["key"]
    key_id = key.split("_")[1]
    noted = []
    for _ in range(2):
        assert _asked(web, key) == 200
        noted.append(_sql(web, "select used_at, used_from from api_key where key_id = %s", key_id)[0])
    assert noted[0] == noted[1]
    assert noted[0][1] == "127.0.0.1"
    _sql(web, "update api_key set used_at = used_at - interval '61 s' where key_id = %s", key_id)
    assert _asked(web, key) == 200
    assert _sql(web, "select used_at from api_key where key_id = %s", key_id)[0][0] > noted[0][0]


def test_an_account_holds_fifty_keys(web: RunningWeb) -> None:
    with web.client(web.account("station", "520000")) as client:
        key_id = _make(client)["key_id"]
        _sql(
            web,
            """
            insert into api_key (key_id, user_id, name, secret_hash, scopes, created_at, expires_at)
            select lpad(to_hex(n), 16, '0'), user_id, 'x', ''::bytea, '{}', now(), now() + interval '1 day'
              from api_key, generate_series(1, 49) n
             where key_id = %s
            """,
            key_id,
        )
        full = client.post("/api/v1/keys", json={"name": "one more", "scopes": ["vehicles:read"], "expires": _in(1)})
        assert (full.status_code, full.json()["code"]) == (409, "conflict")
        assert client.delete(f"/api/v1/keys/{key_id}").status_code == 204
        _make(client)


def test_a_socket_ends_with_its_key(web: RunningWeb) -> None:
    with web.client(web.account("tester", "520100")) as client:
        made = _make(client, scopes=["positions:read", "vehicles:read"])

        async def dialled() -> int:
            address = web.url.replace("http", "ws") + "/ws/positions"
            async with connect(address, additional_headers={"Authorization": f"Bearer {made['key']}"}) as socket:
                await socket.send(json.dumps({"type": "subscribe", "topic": "region:520102"}))
                assert json.loads(await asyncio.wait_for(socket.recv(), 5))["type"] == "subscribed"
                revoked = await asyncio.to_thread(client.delete, f"/api/v1/keys/{made['key_id']}")
                assert revoked.status_code == 204
                with pytest.raises(ConnectionClosed) as caught:
                    while True:
                        await asyncio.wait_for(socket.recv(), 12)
            assert caught.value.rcvd is not None
            return caught.value.rcvd.code

        assert asyncio.run(dialled()) == 4401


def test_accounts_are_made_listed_changed_and_disabled_within_the_region(web: RunningWeb) -> None:
    with web.client(web.account("admin", "520100")) as admin:
        wide = [
            {"name": "too.wide", "role": "admin", "region_code": "520000"}, {"name": "too.wide", "role": "admin"},
            {"name": "too.wide", "role": "regulator", "region_code": "430102"},
        ]  # fmt: skip
        assert [admin.post("/api/v1/users", json=body).status_code for body in wide] == [403, 403, 403]
        bad = [
            {"name": "x.y", "role": "king", "region_code": "520102"}, {"name": "x.y", "role": "operator", "region_code": "520102"},
            {"name": "x.y", "role": "operator", "region_code": "520102", "operator_id": 2_147_483_647}, {"name": "\x00", "role": "tester"},
            {"name": "x.y", "role": "tester", "operator_id": 2**70}, {"name": "x.y", "role": "tester", "region_code": "520102", "password": "plain"},
        ]  # fmt: skip
        assert {admin.post("/api/v1/users", json=body).status_code for body in bad} == {422}
        made = admin.post("/api/v1/users", json={"name": "li.na", "role": "operator", "region_code": "520102", "operator_id": 1})
        assert made.status_code == 201
        assert admin.post("/api/v1/users", json={"name": "LI.NA", "role": "tester", "region_code": "520102"}).status_code == 409
        told = made.json()
        listed = admin.get("/api/v1/users", params={"limit": 1000}).json()["users"]
        assert {row["region_code"][:4] for row in listed} == {"5201"}
        assert "password" not in json.dumps(listed)
        first = admin.get("/api/v1/users", params={"limit": 1})
        assert admin.get(first.links["next"]["url"]).json()["users"][0]["user_id"] > first.json()["users"][0]["user_id"]
        _changed_and_disabled(web, admin, told)


def _changed_and_disabled(web: RunningWeb, admin: httpx.Client, told: dict[str, Any]) -> None:
    path = f"/api/v1/users/{told['user_id']}"
    login = httpx.post(f"{web.url}/api/v1/session/tokens", json={"name": "li.na", "password": told["password"]}).json()
    assert _asked(web, login["access_token"], "/api/v1/vehicles/1/card") == 200
    etag = admin.get(path).headers["etag"]
    assert admin.patch(path, json={"operator_id": 2}).status_code == 428
    assert admin.patch(path, json={"region_code": "520000"}, headers={"If-Match": etag}).status_code == 403
    assert admin.patch(path, json={"operator_id": None}, headers={"If-Match": etag}).status_code == 422
    changed = admin.patch(path, json={"operator_id": 2, "role": None}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["operator_id"]) == (200, 2)
    assert admin.patch(path, json={"operator_id": 1}, headers={"If-Match": etag}).status_code == 412
    assert _asked(web, login["access_token"], "/api/v1/vehicles/1/card") == 404  # the grant counts at once
    disabled = admin.patch(path, json={"disabled": True}, headers={"If-Match": changed.headers["etag"]})
    assert disabled.json()["disabled"] is True
    assert _asked(web, login["access_token"]) == 401
    again = httpx.post(f"{web.url}/api/v1/session/tokens", json={"name": "li.na", "password": told["password"]})
    assert (again.status_code, again.json()["detail"]) == (401, "name or password is wrong")
    own = admin.get("/api/v1/session/me").json()["user_id"]
    assert admin.patch(f"/api/v1/users/{own}", json={"unmask": True}, headers={"If-Match": "*"}).status_code == 403
    outside = _sql(web, "select user_id from account where name = 'admin'")[0][0]
    for number in (outside, 2_147_483_647):
        assert admin.patch(f"/api/v1/users/{number}", json={"disabled": True}, headers={"If-Match": "*"}).status_code == 404
    with web.client("county") as other:  # an administrator of 520102 has the right, and sees her region alone
        assert {row["region_code"] for row in other.get("/api/v1/users").json()["users"]} == {"520102"}
    acts = _sql(
        web, "select action, actor from audit where object = %s and action like 'account.%%' order by seq", f"account:{told['user_id']}"
    )
    assert acts == [("account.insert", "admin-520100"), ("account.update", "admin-520100"), ("account.update", "admin-520100")]


def test_only_administrators_manage_accounts(web: RunningWeb) -> None:
    for role in ("regulator", "platform", "operator", "finance", "tester", "passenger"):
        with web.client(web.account(role, "520000", 1)) as client:
            assert client.get("/api/v1/users").status_code == 403
            assert client.post("/api/v1/users", json={"name": "mine", "role": "admin", "password": PASSWORD}).status_code == 403
