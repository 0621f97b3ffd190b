"""Requests a minute and bytes of a body, over the layers as they stand before the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.limits import AddressRates, Bodies, PersonRates, network_of
from api.settings import WebSettings
from operations.identity import Principal


class Known:
    """Puts the person named in a header where the login layer puts it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        number = int(dict(scope["headers"]).get(b"x-person", b"0"))
        if number:
            scope.setdefault("state", {})["principal"] = Principal(number, "wang", "admin", 100_000, "s", 0)
        await self._app(scope, receive, send)


def door(**settings: Any) -> httpx.AsyncClient:
    """A client of a small app behind the layers; the person is told by the header `X-Person`."""
    app = FastAPI()
    problems.install(app)

    @app.post("/api/v1/things")
    @app.post("/api/v1/things/imports")
    @app.post("/api/v1/session")
    async def things(request: Request) -> int:
        return len(await request.body())

    @app.get("/static/page.mjs")
    async def page() -> str:
        return ""

    web = WebSettings(**settings)
    layers = AddressRates(Known(PersonRates(Bodies(app, web), web)), web)
    return httpx.AsyncClient(transport=httpx.ASGITransport(layers), base_url="http://cuntong")


async def chunks(count: int, taken: list[int]) -> AsyncIterator[bytes]:
    for number in range(count):
        taken.append(number)
        yield b"x" * 1_000


def test_a_person_may_ask_so_often_from_wherever_and_is_told_how_long_to_wait() -> None:
    async def asked() -> None:
        async with door(requests_per_minute=5) as client:
            for left in (4, 3, 2, 1, 0):
                answer = await client.post("/api/v1/things", headers={"X-Person": "7"})
                assert (answer.status_code, answer.headers["ratelimit"].split(";")[1]) == (200, f"r={left}")
                assert answer.headers["ratelimit-policy"] == '"person";q=5;w=60'
            refused = await client.post("/api/v1/things", headers={"X-Person": "7"})
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
            assert refused.headers["content-type"] == "application/problem+json"
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            assert (await client.post("/api/v1/things", headers={"X-Person": "8"})).status_code == 200

    asyncio.run(asked())


def test_an_address_may_ask_and_log_in_so_often_but_files_of_the_screens_are_free() -> None:
    async def asked() -> None:
        async with door(address_requests_per_minute=4, logins_per_minute=2) as client:
            assert [(await client.post("/api/v1/session")).status_code for _ in range(3)] == [200, 200, 429]
            assert [(await client.post("/api/v1/things")).status_code for _ in range(2)] == [200, 429]
            assert [(await client.get("/static/page.mjs")).status_code for _ in range(9)] == [200] * 9

    asyncio.run(asked())


@pytest.mark.parametrize(("address", "counted"), [("192.0.2.7", "192.0.2.7"), ("2001:db8::7:1", "2001:db8::/64"), ("", "")])
def test_a_subscriber_is_counted_once_whatever_addresses_it_has(address: str, counted: str) -> None:
    assert network_of(address) == counted


def test_bodies_too_big_are_refused_by_their_length_or_at_the_byte_that_is_too_many() -> None:
    async def asked() -> None:
        async with door(body_most=10_000, import_most=20_000) as client:
            assert (await client.post("/api/v1/things", content=b"x" * 10_000)).json() == 10_000
            refused = await client.post("/api/v1/things", content=b"x" * 10_001)
            assert (refused.status_code, refused.json()["code"]) == (413, "too_big")
            taken: list[int] = []
            streamed = await client.post("/api/v1/things", content=chunks(10_000, taken))
            assert (streamed.status_code, streamed.json()["code"]) == (413, "too_big")
            assert len(taken) < 20
            assert (await client.post("/api/v1/things/imports", content=chunks(20, []))).json() == 20_000
            assert (await client.post("/api/v1/things/imports", content=chunks(21, []))).status_code == 413

    asyncio.run(asked())
