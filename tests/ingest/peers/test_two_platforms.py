"""Two installations over JT/T 809: a fleet's positions go up, orders come down and are answered, breaks and kills lose nothing."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ingest.peers.agreed import receipts
from ingest.peers.history import LineHistory
from protocols.jt808.codec import encode
from protocols.jt808.extras import Extra
from protocols.jt809.events import MAIN, SUB, LineDown, LineUp, MessageIn
from protocols.jt809.header import Header
from protocols.jt809.messages.links import LinkReport, LinkReportRequest
from storage import platforms as stored
from tests.ingest.peers.conftest import CODE, KEYS, Instance, Road, until
from tests.ingest.spooled import Logged, fix, registration, report

BREAK_S = float(os.environ.get("CUNTONG_TEST_BREAK_S", "3"))
"""Length of the break of the link: 60 for the true one."""
NOW_MS = time.time_ns() // 1_000_000_000 * 1000
START_MS = NOW_MS - 3_600_000
FLEET = 6


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def terminal(number: int) -> str:
    return f"1380000{number:04d}"


def plate(number: int) -> str:
    return f"贵A{number:05d}"


def reports(second: int, received_ms: int | None = None) -> list[Logged]:
    """A report of every vehicle of the fleet, one a second."""
    t_ms = START_MS + 1000 * second
    odometer = Extra(0x01, (10_000 + second).to_bytes(4, "big"))
    return [
        Logged(
            report(terminal(n), t_ms, second % 65_536, lat_e6=26_500_000 + 10 * second, lon_e6=106_700_000 + n, extras=(odometer,)),
            received_ms or now_ms(),
        )
        for n in range(FLEET)
    ]


def registrations() -> list[Logged]:
    return [Logged(registration(terminal(n), plate(n)), now_ms()) for n in range(FLEET)]


@dataclass
class Pair:
    """The lower installation, the higher one, and the road of the main link between them."""

    low: Instance
    high: Instance
    road: Road
    at_low: int
    at_high: int

    def equal(self) -> bool:
        return self.low.count() == self.high.count() > 0

    def arrived(self, limit_s: float = 60.0) -> None:
        until(self.equal, f"{self.high.count()} of {self.low.count()} arrived", limit_s)


def joined(instance: Callable[..., Instance], road: Callable[..., Road], version: str, **account: Any) -> Pair:
    high, low = instance("high"), instance("low")
    at_high = high.add("county", "subordinate", version=version, region_code="520100", addresses=["127.0.0.0/8"], **account)
    main = road(high.start_links().address)
    sub = low.start_links().sub_address
    at_low = low.add(
        "province", "superior", version=version, host="127.0.0.1", port=main.port, sub_host="127.0.0.1", sub_port=sub[1],
        platform_code="52010000001", **account,
    )  # fmt: skip
    for one in (high, low):
        one.start_pipeline()
    return Pair(low, high, main, at_low, at_high)


def linked(one: Instance) -> bool:
    assert one.platforms is not None
    return all(link.linked and len(link.wires) == 2 for link in one.platforms.links.values()) and bool(one.platforms.links)


@pytest.mark.parametrize(("version", "account"), [("2011", {}), ("2019", KEYS)], ids=["2011-clear", "2019-ciphered"])
def test_positions_go_up_and_an_order_comes_down_and_is_answered(
    instance: Callable[..., Instance], road: Callable[..., Road], version: str, account: dict[str, Any]
) -> None:
    pair = joined(instance, road, version, **account)
    low, high = pair.low, pair.high
    low.write(*registrations(), *(one for second in range(30) for one in reports(second)))
    pair.arrived()
    assert high.count() == 30 * FLEET
    if version == "2019":
        assert high.fixes() == low.fixes()
    else:  # whole km/h and km
        assert [row[:5] for row in high.fixes()] == [row[:5] for row in low.fixes()]
        assert {row[5] for row in high.fixes()} == {310}
        assert {row[10] for row in high.fixes()} == {1_000_000, 1_001_000, 1_002_000}
    assert high.rows("select distinct region_code, state from vehicle") == [("520100", "unregistered")]
    assert high.rows("select distinct source from positions") == [(5,)]
    assert until(lambda: high.count("platform_vehicle") == FLEET, "0x1201") and high.count("quarantine") == 0
    until(lambda: linked(low) and linked(high), "both links on both sides")

    fields = {"kind": 1, "time_ms": START_MS, "deadline_ms": NOW_MS + 86_400_000, "supervisor": "王芳"}
    order = high.call(lambda conn: stored.ask(conn, pair.at_high, "order", fields, asked_by="test", vehicle=(plate(1), 2)))
    call = high.call(lambda conn: stored.ask(conn, pair.at_high, "roll_call", {"object_id": "52", "content": "在岗吗"}, asked_by="test"))
    text = high.call(lambda conn: stored.ask(conn, pair.at_high, "text", {"object_id": "52", "content": "注意路滑"}, asked_by="test"))
    came = until(lambda: len(rows := low.call(stored.messages)) >= 3 and {one.kind: one for one in rows}, "questions")
    assert came["order"].fields | {"supervisor": "王芳", "kind": 1, "time_ms": START_MS} == came["order"].fields
    if version == "2011":
        assert (came["order"].plate, came["order"].plate_colour, came["order"].vehicle_id is not None) == (plate(1), 2, True)
    assert (came["order"].state, came["roll_call"].state, came["text"].state) == ("open", "open", "received")
    low.call(lambda conn: stored.answer(conn, came["roll_call"].message_id, result=None, content="在岗", responder="李雷", telephone="1"))
    low.call(lambda conn: stored.answer(conn, came["order"].message_id, result=0, content="", responder="李雷"))

    def answers() -> Any:
        found = {one.message_id: one for one in high.call(stored.messages)}
        return all(found[each].state == "answered" for each in (order, call, text)) and found

    told = until(answers, "answers")
    assert (told[order].result, told[call].content, told[call].responder) == (0, "在岗", "李雷" if version == "2019" else "")
    low.call(lambda conn: stored.answer(conn, came["order"].message_id, result=1, content="", responder="李雷"))
    until(lambda: high.call(lambda conn: stored.message(conn, order)).result == 1, "dealt with")
    assert low.call(lambda conn: stored.message(conn, came["order"].message_id)).state == "answered"


@pytest.mark.parametrize("version", ["2011", "2019"])
def test_alarms_of_stored_positions_go_up_once_each(instance: Callable[..., Instance], road: Callable[..., Road], version: str) -> None:
    pair = joined(instance, road, version)
    speeding, tired = 1 << 1, 1 << 2
    bits = [0, speeding, speeding, speeding | tired, 0, speeding]
    frames = [
        encode(replace(fix(START_MS + 10_000 * number), alarm_bits=alarm_bits), terminal_id=terminal(1), serial=number, version="2013")
        for number, alarm_bits in enumerate(bits)
    ]
    pair.low.write(Logged(registration(terminal(1), plate(1)), now_ms()), *(Logged(frame, now_ms()) for frame in frames))
    pair.arrived()

    def told() -> list[Any]:
        found = [one for one in pair.high.call(stored.messages) if one.kind == "alarm"]
        return sorted(((one.fields["time_ms"] - START_MS) // 10_000, one.fields["kind"]) for one in found)

    until(lambda: len(told()) >= 3, "alarms")
    assert told() == [(1, 1), (3, 2), (5, 1)]
    assert {(one.plate, one.plate_colour) for one in pair.high.call(stored.messages)} == {(plate(1), 2)}
    assert [row[9] for row in pair.high.fixes()] == bits


def test_each_platform_is_told_of_its_own_link() -> None:
    asked = LinkReportRequest("52010000001", START_MS, START_MS + 100_000)
    event = MessageIn(SUB, Header(0, 7, 0x9100, CODE, (1, 0, 0), 0, 0, "2019", None), asked, None, b"", (), None)
    broken, sound = LineHistory(), LineHistory()
    for history in (broken, sound):
        history.note(LineUp(MAIN), START_MS - 1)
    for t_ms, said in enumerate([LineDown(SUB, ""), LineDown(MAIN, ""), LineDown(MAIN, "login refused"), LineUp(MAIN), LineDown(MAIN, "")]):
        broken.note(said, START_MS + 10_000 * t_ms)
    broken.lose(START_MS + 5)
    now = START_MS + 52_000
    assert receipts(event, "2019", broken, now) == [LinkReport("52010000001", asked.start_ms, asked.end_ms, 1, 2, 32)]
    assert receipts(event, "2019", sound, now) == [LinkReport("52010000001", asked.start_ms, asked.end_ms, 0, 0, 0)]


def test_a_break_of_the_link_loses_nothing(instance: Callable[..., Instance], road: Callable[..., Road]) -> None:
    pair = joined(instance, road, "2019")
    pair.low.write(*registrations())
    stop, second = threading.Event(), [0]

    def drive() -> None:
        while not stop.is_set():
            pair.low.write(*reports(second[0]))
            second[0] += 1
            time.sleep(0.05)

    driving = threading.Thread(target=drive)
    driving.start()
    until(lambda: pair.high.count() > 5 * FLEET, "positions before the break")
    pair.road.block()
    time.sleep(BREAK_S)
    before = pair.high.count()
    pair.road.unblock()
    began = time.monotonic()
    until(lambda: pair.high.count() > before, "positions after the break")
    time.sleep(0.5)
    stop.set()
    driving.join()
    pair.arrived()
    caught_up_s = time.monotonic() - began
    assert pair.low.count() == second[0] * FLEET
    assert pair.high.fixes() == pair.low.fixes()
    print(f"break {BREAK_S:.0f} s: {pair.low.count()} positions, {pair.low.count() - before} after it, all there {caught_up_s:.1f} s later")
    status = until(
        lambda: (row := pair.low.call(stored.platforms)[0]).confirmed and row.main_up and row, "status of the link that is up again"
    )
    assert status.access_code == CODE
    assert pair.low.platforms is not None
    lost, breaks, broken_s = pair.low.platforms.links[pair.at_low].history.between(0, now_ms(), now_ms())
    assert (lost, breaks) == (0, 1) and BREAK_S - 1 <= broken_s <= BREAK_S + 10
