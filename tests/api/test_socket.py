"""The live socket over real uvicorn and a real database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.live.frames import Frame, Kind, Vehicles, unpack
from tests.api.server import NAME, RunningWeb, put_fix, put_vehicle, running


@pytest.fixture
def web(dsn: str, tmp_path: Path) -> Iterator[RunningWeb]:
    with psycopg.connect(dsn) as conn:
        for vehicle_id in range(1, 6):
            put_vehicle(conn, vehicle_id, f"贵A1000{vehicle_id}")
            put_fix(conn, vehicle_id, 106.6 + vehicle_id / 100, 26.6)
        put_vehicle(conn, 9, "贵B90000", region="520203")
        put_fix(conn, 9, 105.0, 26.0)
    with running(dsn, tmp_path, subscribe_timeout_s=2.0) as one:
        yield one


def dial(web: RunningWeb, name: str | None = NAME, **headers: str) -> Any:
    cookies = {"Cookie": web.cookie_header(name)} if name else {}
    return connect(web.url.replace("http", "ws") + "/ws/positions", additional_headers=cookies | headers, compression="deflate")


async def frame(socket: ClientConnection) -> Frame:
    while True:
        item = await asyncio.wait_for(socket.recv(), 5)
        if isinstance(item, bytes):
            return unpack(item)


async def subscribe(socket: ClientConnection, topic: str = "region:520102", detail: str = "points") -> dict[str, Any]:
    await socket.send(json.dumps({"type": "subscribe", "topic": topic, "detail": detail}))
    answer: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 5))
    return answer


def ids(one: Frame) -> list[int]:
    assert isinstance(one.body, Vehicles)
    return one.body.vehicle_id.tolist()


async def close_code(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            await asyncio.wait_for(socket.recv(), 8)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


async def test_moving_vehicle_reaches_the_browser(web: RunningWeb) -> None:
    async with dial(web) as socket:
        assert "permessage-deflate" not in socket.response.headers.get("Sec-WebSocket-Extensions", "")
        answer = await subscribe(socket)
        assert (answer["type"], answer["topic"], answer["vehicles"], answer["tick_ms"]) == ("subscribed", "region:520102", 5, 200)
        first = await frame(socket)
        assert (first.kind, ids(first)) == (Kind.KEYFRAME, [1, 2, 3, 4, 5])
        with psycopg.connect(web.dsn) as conn:
            put_fix(conn, 3, 106.7, 26.7, speed_kmh10=456)
        seq = first.seq
        while True:
            delta = await frame(socket)
            assert (delta.kind, delta.seq) == (Kind.DELTA, seq + 1)
            seq = delta.seq
            if ids(delta):
                break
        assert isinstance(delta.body, Vehicles)
        assert (ids(delta), delta.body.speed.tolist(), delta.body.lon_e7.tolist()) == ([3], [46], [1_067_000_000])


async def test_asked_keyframe_counts_and_new_topic(web: RunningWeb) -> None:
    async with dial(web) as socket:
        await subscribe(socket)
        await frame(socket)
        await socket.send('{"type":"keyframe"}')
        while (await frame(socket)).kind != Kind.KEYFRAME:
            pass
        await subscribe_late(socket, "region:520000", "counts")
        counts = await frame_of(socket, Kind.COUNTS)
        assert counts.body.region_code.tolist() == [520102, 520203]  # type: ignore[union-attr]
        await subscribe_late(socket, "region:520203", "points")
        assert ids(await frame_of(socket, Kind.KEYFRAME)) == [9]


async def subscribe_late(socket: ClientConnection, topic: str, detail: str) -> None:
    await socket.send(json.dumps({"type": "subscribe", "topic": topic, "detail": detail}))


async def frame_of(socket: ClientConnection, kind: Kind) -> Frame:
    while True:
        one = await frame(socket)
        if one.kind == kind:
            return one


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        '{"type":"fly"}',
        '{"type":"subscribe","topic":"moon"}',
        '{"type":"subscribe","topic":"region:520102","detail":"x"}',
    ],
)
async def test_bad_message_is_answered_and_the_socket_lives(web: RunningWeb, text: str) -> None:
    async with dial(web) as socket:
        await socket.send(text)
        assert json.loads(await asyncio.wait_for(socket.recv(), 5))["type"] == "error"
        assert (await subscribe(socket))["type"] == "subscribed"
        await frame(socket)


async def test_close_codes(web: RunningWeb) -> None:
    async with dial(web, None) as socket:
        assert await close_code(socket) == 4401
    async with dial(web, Origin="http://elsewhere.example") as socket:
        assert await close_code(socket) == 4401
    async with dial(web) as socket:
        assert await close_code(socket) == 4408
    async with dial(web) as socket:
        await socket.send("x" * 5000)
        assert await close_code(socket) == 1009
    async with dial(web, "county") as socket:
        await subscribe_late(socket, "region:520203", "points")
        assert await close_code(socket) == 4403
    async with dial(web, "county") as socket:
        await subscribe(socket)
        assert 9 not in ids(await frame(socket))


async def test_ninth_socket_of_a_user_is_refused(web: RunningWeb) -> None:
    sockets: list[ClientConnection] = []
    try:
        while len(sockets) < 8:
            sockets.append(await dial(web))
            await subscribe(sockets[-1])
        async with dial(web) as ninth:
            assert await close_code(ninth) == 4429
        async with dial(web, "county") as other:
            assert (await subscribe(other))["type"] == "subscribed"
    finally:
        for socket in sockets:
            await socket.close()


async def test_logout_closes_the_socket(web: RunningWeb) -> None:
    async with dial(web) as socket:
        await subscribe(socket)
        await frame(socket)
        async with httpx.AsyncClient(base_url=web.url, headers={"Cookie": web.cookie_header()}) as client:
            token = next(part.split("=")[1] for part in web.cookie_header().split("; ") if part.startswith("_csrf_token"))
            assert (await client.delete("/api/v1/session", headers={"X-CSRFToken": token})).status_code == 204
        assert await close_code(socket) == 4401


async def test_bearer_token_of_a_client_without_cookies(web: RunningWeb) -> None:
    with web.client() as client:
        token = client.cookies["cuntong_access"]
    address = web.url.replace("http", "ws") + "/ws/positions"
    async with connect(address, subprotocols=["cuntong.v1", f"bearer.{token}"]) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == "cuntong.v1"
        assert (await subscribe(socket))["type"] == "subscribed"
    async with connect(address, additional_headers={"Authorization": f"Bearer {token}"}) as socket:
        assert (await subscribe(socket))["type"] == "subscribed"


async def test_new_vehicle_announces_a_new_dictionary(web: RunningWeb) -> None:
    async with dial(web) as socket:
        etag = (await subscribe(socket))["dictionary"]
        with psycopg.connect(web.dsn) as conn:
            put_vehicle(conn, 6, "贵A10006")
        while True:
            item = await asyncio.wait_for(socket.recv(), 5)
            if isinstance(item, str):
                break
        assert json.loads(item)["type"] == "dictionary"
        assert json.loads(item)["etag"] != etag
