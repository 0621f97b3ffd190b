"""The doors against simulated platforms that behave badly: nothing stops them, and what they cannot take is set aside with its reason."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from protocols.jt809.codec import encode
from protocols.jt809.envelope import Subject
from protocols.jt809.events import MAIN
from protocols.jt809.framing import strip_flags, unescape, wrap
from protocols.jt809.header import Address
from protocols.jt809.line import LinkLimits
from protocols.jt809.messages.alarms import AlarmReport
from protocols.jt809.messages.exchange import Backfill, LivePosition
from protocols.jt809.peer import Peer
from protocols.jt809.positions import Position2011
from simulators.platform_actor import Actor, Manners, position, subordinate, superior
from simulators.platforms import SimulatedPlatform
from storage import platforms as stored
from tests.api.server import free_port, running
from tests.ingest.peers.conftest import CODE, PASSWORD, USER, Instance, until
from tests.ingest.peers.test_two_platforms import FLEET, now_ms, registrations, reports

QUICK = LinkLimits(keep_alive_ms=500, dead_ms=3_000, login_ms=2_000, first_wait_ms=100, most_wait_ms=400)
PEER = Peer(version="2011", access_code=CODE)
LOOPS: dict[SimulatedPlatform, asyncio.AbstractEventLoop] = {}
_MONTH_OF_SECOND = 22 + 22 + 6 + 1 + 36 + 2
"""Behind header, vehicle, sub-id with length, count, and the first position."""


@contextmanager
def acting(actor: Actor) -> Iterator[SimulatedPlatform]:
    """A simulated platform in a thread."""
    platform, stop, loop = SimulatedPlatform(replace(actor, limits=QUICK)), asyncio.Event(), asyncio.new_event_loop()

    def live() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(platform.run(stop))
        loop.close()

    LOOPS[platform] = loop
    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    until(lambda: platform.port, "listener")
    try:
        yield platform
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


@pytest.fixture
def high(instance: Callable[..., Instance]) -> Instance:
    """An installation with one subordinate platform entered."""
    one = instance("high")
    one.add("county", "subordinate", version="2011", region_code="520100")
    one.start_links()
    one.start_pipeline()
    until(lambda: one.platforms is not None and one.platforms.links, "account")
    return one


def address(one: Instance) -> dict[str, Any]:
    assert one.platforms is not None
    return {"host": "127.0.0.1", "port": one.platforms.address[1]}


def test_garbage_drops_and_strangers_do_not_stop_the_superior_door(high: Instance) -> None:
    to = address(high)
    with socket.create_connection((to["host"], to["port"])) as noisy, acting(subordinate(PEER, "wrong", USER, **to)) as stranger:
        noisy.sendall(b"\x00\x5b" * 5_000)
        with acting(subordinate(PEER, PASSWORD, USER, vehicles=3, manners=Manners(drop_s=1.5, garbage_s=0.3), **to)) as county:
            until(lambda: len(county.positions) >= 12 and county.counts["connections_main"] >= 2, "positions over several connections")
            until(lambda: county.counts["connections_sub"] >= 1, "sub link dialled back")
            fields = {"kind": 1, "time_ms": now_ms(), "supervisor": "王芳"}
            order = high.call(lambda conn: stored.ask(conn, 1, "order", fields, asked_by="test", vehicle=("贵P00001", 2)))
            until(lambda: high.call(lambda conn: stored.message(conn, order)).result == 1, "order answered over a bad link")
        until(lambda: stranger.counts["down: login refused: 4"] >= 2, "wrong password refused and tried again")
        noisy.settimeout(5)
        assert noisy.recv(1) == b""
    found = {(plate, colour, at.timestamp() * 1000) for plate, colour, at, *_ in high.fixes()}
    assert found and found <= county.positions
    reasons = dict(high.rows("select reason, count(*) from quarantine group by 1"))
    assert reasons["bad_crc"] >= 1 and set(reasons) <= {"bad_crc", "junk", "short_frame", "length_mismatch"}
    assert high.platforms is not None and high.platforms.site.counts["refused", "password"] >= 2


def test_bad_positions_are_set_aside_and_the_good_beside_them_stored(high: Instance) -> None:
    good = position("2011", 1, now_ms() // 1000 * 1000)
    assert isinstance(good, Position2011)
    bad = (
        good,
        replace(good, latitude_e6=95_000_000),
        replace(good, encrypted=1),
        replace(good, time_ms=(good.time_ms or 0) + 10**7),
    )
    car, later = Subject("贵P00001", 2), replace(good, time_ms=(good.time_ms or 0) + 1000)
    with acting(subordinate(PEER, PASSWORD, USER, **address(high))) as county:
        until(lambda: county.link.verify_code, "login")
        whole = bytearray(unescape(strip_flags(encode(Backfill((good, *bad)), Address(0, CODE, "2011"), subject=car)))[0][:-2])
        whole[_MONTH_OF_SECOND] = 13

        def say() -> None:
            county.link.lines[MAIN].out.append(wrap(bytes(whole)))
            county.say(LivePosition(good), car)
            county.say(LivePosition(later), Subject("", 2))
            county.say(LivePosition(later), car)
            for _ in range(2):
                county.say(AlarmReport(1, None, 1, good.time_ms, 77, content="超速"), car)

        LOOPS[county].call_soon_threadsafe(say)
        until(lambda: high.count() == 2 and high.count("quarantine") == 5 and high.count("platform_message") == 1, "stored")
    rows = high.rows("select reason, item, terminal_id, message_id from quarantine order by position, item")
    assert [row[0] for row in rows] == ["bad_time", "out_of_range", "encrypted_position", "clock_ahead", "no_plate"]
    assert [row[1] for row in rows] == [1, 2, 3, 4, 0]
    assert {row[2:] for row in rows[:4]} == {("贵P00001/2", 0x1203)}
    alarm = high.call(stored.messages)[0]
    assert (alarm.kind, alarm.state, alarm.plate, alarm.fields["content"]) == ("alarm", "received", "贵P00001", "超速")


def test_a_superior_platform_that_stops_answering_is_left_and_what_it_may_lack_is_sent_again(instance: Callable[..., Instance]) -> None:
    low = instance("low", confirm_s=0.2)
    low.start_pipeline()
    low.start_links()
    with acting(superior(PEER, PASSWORD, USER, manners=Manners(garbage_s=0.2))) as mute:
        low.add("province", "superior", version="2011", host="127.0.0.1", port=mute.port, sub_host="127.0.0.1", sub_port=1)
        low.write(*registrations(), *(one for second in range(5) for one in reports(second)))
        until(lambda: len(mute.positions) == 5 * FLEET, "live positions")
        mute.hushed = True
        low.write(*(one for second in range(5, 10) for one in reports(second)))
        until(lambda: mute.counts["connections_main"] >= 2, "left and dialled again")
        assert len(mute.positions) == 5 * FLEET
        port = mute.port
    with acting(superior(PEER, PASSWORD, USER, port=port)) as again:
        until(lambda: len(again.positions | mute.positions) == 10 * FLEET, "the rest")
        assert len(again.positions) >= 5 * FLEET
        until(lambda: low.one("select confirmed from platform_link") >= 5 * FLEET, "confirmed")


def test_kill_9_of_the_process_loses_nothing_and_stores_nothing_twice(
    high: Instance, instance: Callable[..., Instance], tmp_path: Path
) -> None:
    low = instance("low")
    low.start_pipeline()
    low.add("province", "superior", version="2011", **address(high), sub_host="127.0.0.1", sub_port=1)
    variables = {
        **os.environ, "CUNTONG_DATABASE_URL": low.dsn, "CUNTONG_DATA": str(low.folder), "CUNTONG_PLATFORMS_SUB_LISTEN": "127.0.0.1:0",
        "CUNTONG_PLATFORMS_METRICS_LISTEN": "127.0.0.1:0", "CUNTONG_PLATFORMS_CONFIRM_S": "0.3", "CUNTONG_PLATFORMS_WINDOW": "30",
        "CUNTONG_PLATFORMS_FIRST_WAIT_S": "0.2", "CUNTONG_LOG_MIN_FREE_GIB": "0",
    }  # fmt: skip

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "runtime.cli", "platforms"], env=variables, stderr=subprocess.DEVNULL)

    low.write(*registrations())
    process, second = start(), 0
    try:
        for killed in range(2):
            before = high.count()
            for _ in range(20):
                low.write(*reports(second))
                second += 1
            until(lambda before=before: high.count() > before, f"positions before kill {killed}", 60)
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            process = start()
        until(lambda: high.count() == second * FLEET, "all there", 60)
        last = low.one("select max(number) from position_batch")
        until(lambda: low.one("select max(number) from platform_cursor where partition = 0") == last, "confirmed", 60)
    finally:
        process.terminate()
        process.wait(20)
    assert [row[:5] for row in high.fixes()] == [row[:5] for row in low.fixes()]
    assert process.returncode in (0, -signal.SIGTERM)


def test_people_ask_over_http_and_on_the_command_line(high: Instance, tmp_path: Path) -> None:
    def cuntong(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        told = {**os.environ, "CUNTONG_DATABASE_URL": high.dsn, "CUNTONG_DATA": str(tmp_path), **more}
        return subprocess.run(
            [sys.executable, "-m", "runtime.cli", "platform", *words], env=told, capture_output=True, text=True, timeout=60
        )

    with acting(subordinate(PEER, PASSWORD, USER, **address(high))) as county, running(high.dsn, tmp_path) as web:
        until(lambda: county.link.verify_code, "login")
        asked = cuntong("check", "county", "在岗吗", "--wait", "20")
        assert asked.returncode == 0 and "answered" in asked.stdout and "在岗" in asked.stdout, asked
        assert "main up" in until(lambda: "main up" in (told := cuntong("list").stdout) and told, "status")
        with web.client() as client:
            (seen,) = client.get("/api/v1/platforms").json()["platforms"]
            assert (seen["name"], seen["main_up"]) == ("county", True) and not re.search("password|m1", str(seen))
            order = {"kind": "order", "fields": {"kind": 1}, "plate": "贵P00001", "plate_colour": 2}
            queued = client.post("/api/v1/platforms/1/messages", json=order)
            assert queued.status_code == 202, queued.text
            place = f"/api/v1/platforms/1/messages/{queued.json()['message_id']}"
            until(lambda: client.get(place).json()["result"] == 1, "answer")
            assert client.get(place).json()["asked_by"] == "admin"
            for wrong, field in (({**order, "plate": None}, "plate"), ({**order, "fields": {"colour": 1}}, "colour")):
                refused = client.post("/api/v1/platforms/1/messages", json=wrong)
                assert 400 <= refused.status_code < 500 and refused.json()["errors"][0]["field"] == field, refused.text
            assert client.post(f"{place}/answer", json={"result": 1}).status_code == 409
        with web.client("county") as client:
            assert client.get("/api/v1/platforms").json() == {"platforms": []}
            assert client.get(place).status_code == 404
    wrong = cuntong("add", "x", "--role", "superior", "--access-code", "1", "--user", "1", CUNTONG_PLATFORM_PASSWORD="toolongword")
    assert wrong.returncode == 1 and "1 to 8 bytes" in wrong.stderr
    entered = cuntong(
        "add", "province", "--role", "superior", "--access-code", "1", "--user", "1", "--dial", f"127.0.0.1:{free_port()}",
        CUNTONG_PLATFORM_PASSWORD="secret",
    )  # fmt: skip
    assert entered.returncode == 0, entered
    assert "province  superior" in cuntong("list").stdout
    assert cuntong("remove", "province").returncode == 0
