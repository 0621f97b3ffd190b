"""The connection, deterministic: time is an argument."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from domain.errors import RefusedError
from protocols.anomaly import Code
from protocols.jt808.codec import decode, encode, examine
from protocols.jt808.connection import TERMINAL, Connection
from protocols.jt808.events import AnomalyEvent, Closed, Fixes, MessageIn, ReplyIn, TimedOut
from protocols.jt808.framing import strip_delimiters, unescape, wrap
from protocols.jt808.limits import Limits
from protocols.jt808.messages.control import LocationQuery, TrackingControl
from protocols.jt808.messages.location import Location, LocationBatch, LocationReply
from protocols.jt808.messages.registration import Authentication, Registration, RegistrationReply
from protocols.jt808.messages.session import Heartbeat, PlatformReply, ServerTime, TerminalReply, TimeRequest
from protocols.jt808.messages.text import TextDown

NOW = 1_732_759_141_000
FIX = Location(0, 2, 28_234_567, 112_938_765, 63, 605, 271, NOW)


def said(message: Any, serial: int = 1, *, terminal_id: str = "13912344329", version: str = "2019") -> bytes:
    """A frame of the terminal."""
    return encode(message, terminal_id=terminal_id, serial=serial, version=version)


def spoiled(frame: bytes, changes: dict[int, int], *, repair: bool = True) -> bytes:
    """The frame with unescaped bytes changed, its checksum made right again."""
    body = bytearray(unescape(strip_delimiters(frame))[0])
    for place, value in changes.items():
        if repair:
            body[-1] ^= body[place] ^ value
        body[place] = value
    return wrap(bytes(body))


def bound(**more: Any) -> Connection:
    """A platform's link after authentication."""
    link = Connection(**more)
    link.bind("13912344329")
    return link


def codes(event: Any) -> list[str]:
    """Anomaly codes of an event."""
    return [str(odd.code) for odd in event.anomalies]


def test_login_then_positions() -> None:
    link = Connection()
    (registered,) = link.receive_data(said(Registration(43, 100, "70111", "AL300", "A1", 2, "湘A12345")), NOW)
    assert isinstance(registered, MessageIn)
    link.send(RegistrationReply(1, 0, "code"), NOW)
    (shown,) = link.receive_data(said(Authentication("code", imei="1", software_version="1"), 2), NOW)
    link.reply(shown, 0, NOW)
    link.bind(shown.header.terminal_id)
    (fixes,) = link.receive_data(said(FIX, 3), NOW)
    assert isinstance(fixes, Fixes)
    assert (fixes.message, fixes.result, fixes.anomalies) == (FIX, 0, ())
    link.reply(fixes, fixes.result, NOW)
    sent = [decode(frame) for frame in link.data_to_send()]
    assert sent == [RegistrationReply(1, 0, "code"), PlatformReply(2, 0x0102, 0), PlatformReply(3, 0x0200, 0)]
    assert link.terminal_id == "13912344329"
    assert link.version == "2019"


def test_wrong_checksum_is_dropped_without_an_answer_and_the_link_lives() -> None:
    link = bound()
    dropped, taken = link.receive_data(spoiled(said(FIX), {20: 9}, repair=False) + said(FIX, 2), NOW)
    assert (codes(dropped), dropped.result) == (["bad_checksum"], None)
    assert isinstance(taken, Fixes)


def test_junk_before_the_first_delimiter_is_junk() -> None:
    junk, taken = bound().receive_data(b"GET / HTTP/1.1\r\n\r\n" + said(FIX), NOW)
    assert codes(junk) == [Code.JUNK]
    assert isinstance(taken, Fixes)


@pytest.mark.parametrize(("authenticated", "budget"), [(False, 8_192), (True, 65_536)])
def test_junk_closes_the_link_once(authenticated: bool, budget: int) -> None:
    link = bound() if authenticated else Connection()
    run = b"\x7e" + b"x" * 511
    events = [event for _ in range(2 * budget // 512) for event in link.receive_data(run, NOW)]
    closed = [n for n, event in enumerate(events) if isinstance(event, Closed)]
    assert len(closed) == 1
    assert closed[0] == len(events) - 1
    assert closed[0] - 1 == budget // 511
    assert link.receive_data(said(FIX), NOW) == []
    assert link.close("lost") == []


def test_junk_is_forgiven_after_a_minute() -> None:
    link = bound()
    for minute in range(4):
        for _ in range(100):
            assert not [e for e in link.receive_data(b"\x7e" + b"x" * 511, NOW + minute * 60_000) if isinstance(e, Closed)]


def test_position_before_authentication_earns_result_1() -> None:
    (event,) = Connection().receive_data(said(FIX), NOW)
    assert isinstance(event, AnomalyEvent)
    assert (codes(event), event.result) == (["not_authenticated"], 1)


def test_another_terminal_on_a_bound_link_earns_result_1() -> None:
    (event,) = bound().receive_data(said(FIX, terminal_id="13912344330"), NOW)
    assert (codes(event), event.result) == (["foreign_id"], 1)
    (same,) = bound().receive_data(said(FIX, version="2013"), NOW)
    assert isinstance(same, Fixes), "leading zeros do not make another terminal"


@pytest.mark.parametrize(
    ("changes", "code", "result", "kind"),
    [
        ({0: 0x0F}, "unknown_message", 3, AnomalyEvent),
        ({0: 0x83, 1: 0x00}, "unknown_message", 3, AnomalyEvent),
        ({3: 0x10}, "length_mismatch", 2, AnomalyEvent),
        ({2: 0x44}, "encrypted_no_key", 2, AnomalyEvent),
        ({17 + 23: 0x13}, "bad_time", 2, Fixes),
        ({17 + 8: 0x7F}, "out_of_range", 0, Fixes),
    ],
)
def test_what_is_wrong_decides_the_result(changes: dict[int, int], code: str, result: int, kind: type) -> None:
    (event,) = bound().receive_data(spoiled(said(FIX), changes), NOW)
    assert isinstance(event, kind)
    assert (codes(event), event.result) == ([code], result)


def test_short_body_earns_result_2() -> None:
    header = said(Heartbeat())
    (event,) = bound().receive_data(spoiled(header, {0: 0x02, 1: 0x00}), NOW)
    assert (codes(event), event.result) == (["short_body"], 2)


def test_a_broken_item_keeps_the_position() -> None:
    frame = said(Location(0, 2, 1, 1, 0, 0, 0, NOW, (), b"\x30\x09\x1f"))
    (event,) = bound().receive_data(frame, NOW)
    assert isinstance(event, Fixes)
    assert (codes(event), event.result, event.message.tail) == (["truncated_item"], 0, b"\x30\x09\x1f")


def test_a_batch_fails_only_when_no_item_can_be_read() -> None:
    mixed = said(LocationBatch.of(1, (FIX, FIX)))
    place = 17 + 3 + 2 + 23
    (event,) = bound().receive_data(spoiled(mixed, {place: 0x13}), NOW)
    assert (codes(event), event.result, event.anomalies[0].field) == (["bad_time"], 0, "locations[0].time_ms")
    (event,) = bound().receive_data(spoiled(mixed, {place: 0x13, place + 30: 0x13}), NOW)
    assert (codes(event), event.result) == (["bad_time", "bad_time"], 2)
    (event,) = bound().receive_data(spoiled(mixed, {17 + 1: 3}), NOW)
    assert (codes(event), event.result) == (["item_count"], 0)


def test_server_time_is_answered_at_once_in_utc() -> None:
    link = Connection(epoch_ms=NOW - 5_000)
    (event,) = link.receive_data(said(TimeRequest(), 9), 5_400)
    link.reply(event, 0, 5_400)
    assert [decode(frame) for frame in link.data_to_send()] == [ServerTime(NOW)]


def test_serials_are_shared_and_wrap() -> None:
    serials = np.array([0, 65_535], np.uint16)
    link = bound(serials=serials, slot=1)
    (event,) = link.receive_data(said(FIX), NOW)
    link.reply(event, 0, NOW)
    link.reply(event, 0, NOW)
    assert [examine(frame).header.serial for frame in link.data_to_send()] == [65_535, 0]
    assert serials.tolist() == [0, 1]


def test_five_wrong_codes_end_the_link() -> None:
    link = Connection()
    for serial in range(5):
        assert link.tick(NOW) == []
        (event,) = link.receive_data(said(Authentication("bad", imei="1", software_version="1"), serial), NOW)
        link.reply(event, 1, NOW)
    assert link.next_timer() == NOW
    assert link.tick(NOW) == [Closed("auth_refused")]
    assert link.tick(NOW) == []


def test_a_command_is_answered_repeated_and_given_up() -> None:
    link = bound()
    pending = link.send(TextDown(1, None, "减速"), NOW)
    with pytest.raises(RefusedError):
        link.send(TextDown(1, None, "again"), NOW)
    first = link.data_to_send()
    waits = []
    now = NOW
    while pending.state == "open":
        due = link.next_timer()
        assert due is not None
        waits.append(due - now)
        now = due
        events = link.tick(now)
        if pending.state == "open":
            assert link.data_to_send() == first
    assert waits == [10_000, 20_000, 60_000, 240_000]
    assert events == [TimedOut(pending)]
    assert link.next_timer() is None


@pytest.mark.parametrize(("result", "state"), [(0, "done"), (1, "failed"), (3, "failed")])
def test_a_general_reply_ends_a_command(result: int, state: str) -> None:
    link = bound()
    pending = link.send(TrackingControl(5, 60), NOW)
    (event,) = link.receive_data(said(TerminalReply(pending.serials[0], 0x8202, result)), NOW)
    assert event == ReplyIn(pending, TerminalReply(pending.serials[0], 0x8202, result))
    assert pending.state == state


def test_a_reply_of_its_own_may_be_announced_by_a_general_one() -> None:
    link = bound()
    pending = link.send(LocationQuery(), NOW)
    assert link.receive_data(said(TerminalReply(pending.serials[0], 0x8201, 0)), NOW) == []
    assert pending.accepted
    answer = LocationReply(pending.serials[0], FIX)
    replied, fixes = link.receive_data(said(answer), NOW)
    assert replied == ReplyIn(pending, answer)
    assert isinstance(fixes, Fixes)


def test_a_reply_nobody_waits_for_is_an_event() -> None:
    (event,) = bound().receive_data(said(TerminalReply(77, 0x8300, 0)), NOW)
    assert isinstance(event, MessageIn)


def test_open_commands_move_to_the_new_link_once() -> None:
    old, new, third = bound(), bound(), bound()
    pending = old.send(TrackingControl(5, 60), NOW)
    new.next_serial()
    assert new.adopt(old.open_commands(), NOW) == []
    assert [decode(frame) for frame in new.data_to_send()] == [TrackingControl(5, 60)]
    (event,) = new.receive_data(said(TerminalReply(1, 0x8202, 0)), NOW)
    assert event == ReplyIn(pending, TerminalReply(1, 0x8202, 0))
    again = new.send(TrackingControl(5, 60), NOW)
    assert third.adopt(new.open_commands(), NOW) == []
    assert bound().adopt(third.open_commands(), NOW) == [TimedOut(again)]


def test_a_terminal_registers_authenticates_and_reports() -> None:
    terminal, platform = Connection(TERMINAL), Connection()
    terminal.version = "2019"
    terminal.bind("13912344329")
    asked = terminal.send(Registration(43, 100, "70111", "AL300", "A1", 2, "湘A12345"), NOW)
    (event,) = platform.receive_data(b"".join(terminal.data_to_send()), NOW)
    platform.send(RegistrationReply(event.header.serial, 0, "code"), NOW)
    (answer,) = terminal.receive_data(b"".join(platform.data_to_send()), NOW)
    assert (answer.pending, answer.message.auth_code) == (asked, "code")
    platform.bind("13912344329")
    reports = [terminal.send(FIX, NOW), terminal.send(FIX, NOW)]
    for event in platform.receive_data(b"".join(terminal.data_to_send()), NOW):
        platform.reply(event, 0, NOW)
    answers = terminal.receive_data(b"".join(platform.data_to_send()), NOW)
    assert [answer.pending for answer in answers] == reports


def test_silence_closes_a_link_that_keeps_its_own_clock() -> None:
    link = bound(limits=Limits(idle_ms=300_000))
    link.receive_data(said(Heartbeat()), NOW)
    assert link.next_timer() == NOW + 300_000
    assert link.tick(NOW + 299_999) == []
    assert link.tick(NOW + 300_000) == [Closed("idle")]


def test_an_idle_link_is_small() -> None:
    link = bound(serials=np.zeros(1, np.uint16))
    (event,) = link.receive_frame(strip_delimiters(said(Heartbeat())), NOW)
    link.reply(event, 0, NOW)
    link.data_to_send()
    own = [getattr(link, name) for name in Connection.__slots__ if name not in ("profile", "limits", "_budget", "role")]
    outbox = link._outbox
    parts = [link, *own, *(getattr(outbox, name) for name in type(outbox).__slots__ if name not in ("_limits", "_serials"))]
    assert sum(sys.getsizeof(part) for part in parts) <= 1024
