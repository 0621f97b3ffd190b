"""The alert stream as a browser reads it: scope, replay, heartbeat, the end of a login, slow readers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest

from api.live import alert_stream
from api.metrics import Metrics
from api.routes import alert_stream as routes
from operations.identity import Principal
from tests.fixtures.world import World


class Ears:
    """What one open stream has told."""

    def __init__(self) -> None:
        self.events: list[dict[str, str]] = []
        self.comments, self.status, self.kind, self.ended = 0, 0, "", False

    async def listen(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        async with client.stream("GET", "/stream/alerts", headers=headers) as answer:
            self.status, self.kind = answer.status_code, answer.headers["content-type"]
            event: dict[str, str] = {}
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                self.comments += line.startswith(":")
                if not line and "event" in event:
                    self.events.append(event)
                event = event | {name: value} if line else {}
        self.ended = True

    def of(self, alert_id: int) -> list[str]:
        return [event["event"] for event in self.events if json.loads(event["data"]).get("alert_id") == alert_id]


async def until(met: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 15
    while not met():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(world: World, name: str, last: str | None = None) -> AsyncIterator[Ears]:
    ears = Ears()
    headers = {} if last is None else {"Last-Event-ID": last}
    cookies = {"Cookie": world.web.cookie_header(name)}
    async with httpx.AsyncClient(base_url=world.web.url, timeout=None, headers=cookies) as client:
        task = asyncio.ensure_future(ears.listen(client, headers))
        await until(lambda: ears.status)
        yield ears
        task.cancel()
        with suppress(asyncio.CancelledError, httpx.TransportError):
            await task


async def test_each_scope_hears_its_own_and_steps_follow_openings(world: World) -> None:
    async with listening(world, "li") as li, listening(world, "yunnan") as yunnan, listening(world, "blue") as blue:
        assert (li.status, li.kind.partition(";")[0]) == (200, "text/event-stream")
        here, there, blues = world.alert(1), world.alert(4), world.alert(3)
        with world.web.client("li") as client:
            client.post(f"/api/v1/alerts/{here}/ack", json={}, headers={"Idempotency-Key": "s"})
        await until(lambda: li.of(here) == ["opened", "acknowledged"] and li.of(blues))
        await until(lambda: yunnan.of(there) and blue.of(blues))
        assert li.of(there) == yunnan.of(here) == blue.of(here) == []
        ids = [int(event["id"]) for event in li.events]
        assert ids == sorted(set(ids))
        data = json.loads(next(event["data"] for event in li.events if event["event"] == "acknowledged"))
        assert (data["plate"], data["state"], data["rule"]) == ("贵A00001", "acknowledged", "SPD-LIMIT")


async def test_after_a_break_nothing_is_missing(world: World) -> None:
    async with listening(world, "zhao") as before:
        first = world.alert()
        await until(lambda: before.of(first))
        last = before.events[-1]["id"]
    missed = [world.alert() for _ in range(3)]
    elsewhere = world.alert(4)
    old = world.alert()
    world.sql("update alert_event set at = now() - interval '61 minutes' where alert_id = %s", old)
    async with listening(world, "zhao", last) as after:
        await until(lambda: all(after.of(one) for one in missed))
        later = world.alert()
        await until(lambda: after.of(later))
        assert [after.of(one) for one in (*missed, later)] == [["opened"]] * 4
        assert after.of(old) == after.of(elsewhere) == []


async def test_who_comes_new_hears_nothing_of_the_past(world: World) -> None:
    past = world.alert()
    async with listening(world, "red", "nonsense") as red:
        now = world.alert()
        await until(lambda: red.of(now))
        assert red.of(past) == []


async def test_a_silent_stream_beats(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_stream, "HEARTBEAT_S", 0.1)
    async with listening(world, "li") as li:
        await until(lambda: li.comments >= 2)


async def test_a_stream_ends_with_its_login(world: World) -> None:
    async with listening(world, "blue") as blue:
        world.sql("update login_session set revoked_at = now() where user_id = (select user_id from account where name = 'blue')")
        await until(lambda: blue.ended)
    world.web._logins.pop("blue")


async def test_who_may_not_see_alerts_hears_none(world: World) -> None:
    for name, status in (("passer", 403), (None, 401)):
        with world.web.client(name) as client:
            assert client.get("/stream/alerts").status_code == status


async def test_a_reader_that_takes_nothing_is_dropped_and_holds_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "SLOW_S", 0.1)
    metrics = Metrics()
    stream = alert_stream.AlertStream(None, None, metrics, 1.0, 60.0, 2)  # type: ignore[arg-type]
    person = Principal(1, "li", "regulator", 520000, "s", 0)
    stream._groups[alert_stream.key_of(person)] = alert_stream._Group()
    listener = await stream.join(person)
    sent: list[str] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])
        if len(sent) > 2:
            await asyncio.Event().wait()

    answering = asyncio.ensure_future(routes.Streaming(stream, listener, [])({"type": "http"}, asyncio.Event().wait, send))  # type: ignore[arg-type]
    await until(lambda: len(sent) == 2)
    assert listener.give([(1, b"x")])
    await answering
    assert (listener.ended, metrics.dropped_streams._value.get(), metrics.streams._value.get()) == ("slow", 1.0, 0.0)
    full = alert_stream.Listener(person)
    assert full.give([(number, b"x") for number in range(alert_stream.QUEUE)])
    assert not full.give([(0, b"x")])
    assert (full.ended, len(full._waiting)) == ("slow", 0)
