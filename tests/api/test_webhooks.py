"""Webhooks from making to receiving: signed, in order, once by id, tried again, parked, and kept from private addresses."""

from __future__ import annotations

import hashlib
import hmac
import http.server
import ipaddress
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from domain.errors import RefusedError
from operations import webhook_guard
from operations.settings import WebhookSettings
from operations.webhook_events import hand_out, wants
from operations.webhook_guard import allowed, checked_url, networks, resolve
from operations.webhook_sender import Sender
from runtime import errands
from storage.pool import open_pool
from storage.scope import scoped, service
from storage.sealing import load_sealer
from tests.fixtures.world import World


@dataclass
class Receiver:
    """Takes what is sent, and answers as it is told."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def topics(self) -> list[str]:
        return [headers["cuntong-topic"] for headers, _ in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    mine = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            mine.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
            status = mine.answers.pop(0) if mine.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", mine.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        mine.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield mine
        server.shutdown()
        thread.join()


@contextmanager
def sender(world: World, **settings: object) -> Iterator[Sender]:
    chosen = WebhookSettings(**({"allow_networks": ("127.0.0.0/8",), "timeout_s": 3.0} | settings))  # type: ignore[arg-type]
    with open_pool(world.dsn, "app", 5) as pool:
        one = Sender(pool, load_sealer(world.folder / "secrets" / "personal.key"), chosen)

        def hand_on() -> int:
            while hand_out(pool, chosen.retry_h):
                pass
            return Sender.once(one)

        one.once = hand_on  # type: ignore[method-assign]
        try:
            yield one
        finally:
            one.close()


@pytest.fixture
def hook(world: World, receiver: Receiver) -> Iterator[tuple[int, str]]:
    """A webhook of li's; its number and secret."""
    with world.web.client("li") as li:
        made = li.post("/api/v1/webhooks", json={"url": receiver.url, "topics": ["alert.*", "job.done", "registry.vehicle"]})
        assert made.status_code == 201, made.text
        yield made.json()["webhook_id"], made.json()["secret"]
        li.delete(made.headers["location"])


def due_now(world: World) -> None:
    world.sql("update webhook_delivery set next_at = now() where state = 'waiting'")


def test_events_arrive_signed_and_in_order(world: World, receiver: Receiver, hook: tuple[int, str]) -> None:
    alert_id = world.alert()
    world.alert(vehicle_id=4)  # in Yunnan: not for li
    with world.web.client("zhao") as zhao:
        zhao.post(f"/api/v1/alerts/{alert_id}/ack", json={}, headers={"Idempotency-Key": "w"})
    world.sql("update vehicle set line_id = 9 where vehicle_id in (1, 4)")
    with sender(world) as send:
        assert send.once() == 3
        assert send.once() == 0
    assert receiver.topics == ["alert.opened", "alert.acknowledged", "registry.vehicle"]
    for headers, body in receiver.got:
        stamped = headers["cuntong-timestamp"].encode() + b"." + body
        assert headers["cuntong-signature"] == "v1=" + hmac.new(hook[1].encode(), stamped, hashlib.sha256).hexdigest()
    said = json.loads(receiver.got[0][1])
    assert (said["topic"], said["object"], said["data"]["alert_id"], said["data"]["plate"]) == (
        "alert.opened",
        str(alert_id),
        alert_id,
        "贵A00001",
    )


def test_what_fails_is_sent_again_under_its_id_and_holds_back_what_follows(world: World, receiver: Receiver, hook: tuple[int, str]) -> None:
    receiver.answers = [500, 302, 200]
    first, second = world.alert(), world.alert()
    with sender(world) as send:
        send.once()
        assert len(receiver.got) == 1  # the second waits behind the first
        for _ in range(2):
            due_now(world)
            send.once()
    ids = [headers["cuntong-delivery"] for headers, _ in receiver.got]
    assert len(ids) == 4 and ids[0] == ids[1] == ids[2] != ids[3]  # a redirect is a failure and is not followed
    assert [headers["cuntong-attempt"] for headers, _ in receiver.got] == ["1", "2", "3", "1"]
    assert [json.loads(body)["object"] for _, body in receiver.got[2:]] == [str(first), str(second)]


def test_after_a_day_it_is_parked_and_can_be_sent_again(world: World, receiver: Receiver, hook: tuple[int, str]) -> None:
    receiver.answers = [503]
    world.alert()
    with sender(world, retry_h=0.0) as send, world.web.client("li") as li:
        send.once()
        (dead,) = li.get(f"/api/v1/webhooks/{hook[0]}/deliveries?state=parked").json()["deliveries"]
        assert (dead["attempts"], dead["status"], dead["error"]) == (1, 503, "it answered 503")
        assert li.get(f"/api/v1/webhooks/{hook[0]}").json()["parked"] == 1
        again = li.post(f"/api/v1/webhooks/{hook[0]}/deliveries/{dead['delivery_id']}/resend")
        assert (again.status_code, again.json()["state"]) == (202, "waiting")
        send.once()
        assert receiver.got[0][0]["cuntong-delivery"] == receiver.got[1][0]["cuntong-delivery"] == dead["delivery_id"]
        assert li.get(f"/api/v1/webhooks/{hook[0]}/deliveries?state=delivered").json()["deliveries"][0]["status"] == 204


def test_private_addresses_are_refused_at_the_connection(world: World, receiver: Receiver, hook: tuple[int, str]) -> None:
    world.alert()
    with sender(world, allow_networks=()) as send, world.web.client("li") as li:
        send.once()
        (left,) = li.get(f"/api/v1/webhooks/{hook[0]}/deliveries").json()["deliveries"]
        assert "not a public address" in left["error"]
    assert receiver.got == []


def test_the_owner_alone_manages_a_webhook_and_its_secret_is_sealed(world: World, receiver: Receiver, hook: tuple[int, str]) -> None:
    path = f"/api/v1/webhooks/{hook[0]}"
    for name, status in (("zhao", 404), ("red", 404), ("chief", 200), ("passer", 403)):
        with world.web.client(name) as other:
            assert other.get(path).status_code == status, name
    with world.web.client("li") as li:
        got = li.get(path)
        assert "secret" not in got.json() and hook[1] not in got.text
        assert li.patch(path, json={"active": False}).status_code == 428
        assert li.patch(path, json={"active": False}, headers={"If-Match": '"old"'}).status_code == 412
        changed = li.patch(path, json={"active": False}, headers={"If-Match": got.headers["etag"]})
        assert (changed.status_code, changed.json()["active"]) == (200, False)
        assert li.post(f"{path}/rotate").json()["secret"] != hook[1]
        assert li.post(f"{path}/test").json()["topic"] == "webhook.test"
    sealed = world.sql("select secret_sealed from webhook where webhook_id = %s", hook[0])[0][0]
    assert hook[1].encode() not in bytes(sealed)
    told = world.sql("select payload from audit where stream = 'webhook'")
    assert told and not any("secret" in row[0] and bytes(sealed).hex() in row[0] for row in told)


def test_a_disabled_account_is_told_nothing(world: World, receiver: Receiver, hook: tuple[int, str]) -> None:
    world.sql("update account set disabled = true where name = 'li'")
    try:
        world.alert()
        with sender(world) as send:
            send.once()
    finally:
        world.sql("update account set disabled = false where name = 'li'")
    assert receiver.got == []


def test_a_slow_receiver_is_cut_off(world: World, receiver: Receiver, hook: tuple[int, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        world.sql("update webhook set url = %s where webhook_id = %s", f"http://127.0.0.1:{deaf.getsockname()[1]}/", hook[0])
        world.alert()
        with sender(world, timeout_s=0.3) as send:
            assert send.once() == 1
    left = world.sql("select state, attempts from webhook_delivery where webhook_id = %s", hook[0])
    assert left == [("waiting", 1)]


def test_vehicles_that_come_and_go_are_told(world: World, receiver: Receiver) -> None:
    from operations.webhook_events_store import tell_online

    with world.web.client("li") as li, open_pool(world.dsn, "app", 2) as pool:
        made = li.post("/api/v1/webhooks", json={"url": receiver.url, "topics": ["vehicle.*"]})
        for seconds in (0, 3_600, 0):
            world.sql(
                "update vehicle_last set received = now() - make_interval(secs => case vehicle_id when 3 then %s else 7200 end)", seconds
            )
            with scoped(pool, service("webhooks")) as conn:
                tell_online(conn, 300)
        with sender(world) as send:
            send.once()
        li.delete(made.headers["location"])
    world.sql("update vehicle_last set received = now()")
    # also when the last vehicle on line goes, and one comes back
    assert receiver.topics == ["vehicle.offline", "vehicle.online"]


def test_the_worker_does_jobs_and_sends_webhooks(world: World, receiver: Receiver, hook: tuple[int, str]) -> None:
    with world.web.client("li") as li, errands.running(world.web.settings, world.dsn):
        path = li.post("/api/v1/exports", json={"of": "lines"}).headers["location"]
        deadline = time.monotonic() + 15
        while "job.done" not in receiver.topics:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert li.get(path).json()["state"] == "done"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1",
     "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "192.0.2.1"],
)  # fmt: skip
def test_addresses_that_are_not_public_are_not_reached(address: str) -> None:
    assert not allowed(ipaddress.ip_address(address), ())


def test_public_and_named_addresses_are_reached() -> None:
    assert allowed(ipaddress.ip_address("114.114.114.114"), ())
    assert allowed(ipaddress.ip_address("2400:3200::1"), ())
    named = networks(("10.2.0.0/16",))
    assert allowed(ipaddress.ip_address("10.2.3.4"), named) and allowed(ipaddress.ip_address("::ffff:10.2.3.4"), named)
    assert not allowed(ipaddress.ip_address("10.3.3.4"), named)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "https://[::1]/", "http://localhost/", "http://user:p@example.org/", "ftp://example.org/", "http://2130706433/",
     "http://0x7f.1/", "http:///x", "http://example.org/#a", "http://169.254.169.254/latest"],
)  # fmt: skip
def test_urls_that_cannot_be_are_refused(url: str) -> None:
    if url in ("http://2130706433/", "http://0x7f.1/"):
        with pytest.raises((RefusedError, OSError)):  # the resolver reads them as 127.0.0.1, or not at all
            resolve(url.split("/")[2], 80, ())
        return
    with pytest.raises(RefusedError):
        checked_url(url, ())


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80)) for one in ("114.114.114.114", "127.0.0.1")]
    monkeypatch.setattr(webhook_guard.socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(RefusedError, match=r"127\.0\.0\.1"):
        resolve("two.example.org", 80, ())


def test_patterns() -> None:
    assert wants(["alert.*"], "alert.opened") and wants(["*"], "job.done") and wants(["job.done"], "job.done")
    assert not wants(["alert.*", "job.done"], "job.failed") and not wants(["alert"], "alert.opened")
