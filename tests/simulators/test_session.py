"""The terminal's side of the protocol, without sockets: time is ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from domain.plate import Plate
from protocols.jt808.codec import encode, examine
from protocols.jt808.framing import Splitter
from protocols.jt808.messages.control import LocationQuery, TrackingControl
from protocols.jt808.messages.location import Location, LocationBatch, LocationReply
from protocols.jt808.messages.registration import Authentication, Registration, RegistrationReply
from protocols.jt808.messages.session import Heartbeat, PacketRequest, PlatformReply, ServerTime, TerminalReply, TimeRequest
from protocols.jt808.messages.text import TextDown
from simulators.frames import BODY_BYTES, pack_bodies
from simulators.identity import Identity
from simulators.link_state import SessionSettings, State
from simulators.outbox import OutboxLimits
from simulators.session import Session
from tests.simulators.test_frames import _fixes

OLD = Identity("014001000007", "2013", Plate("贵A12345", 2), "coach", "70111", "AL300", "0000007", "861400100000700", 52, 9921)
NEW = Identity("00000000014001000008", "2019", Plate("贵A12346", 2), "truck", "70111", "AL300", "0000008", "861400100000800", 52, 9921)


class Line:
    """A session and the platform's end of its link."""

    def __init__(self, identity: Identity = OLD, settings: SessionSettings | None = None) -> None:
        self.session = Session(identity, settings or SessionSettings())
        self.now = 1_000
        self.rows = 0
        self.serial = 500

    def sent(self) -> list[tuple[int, Any]]:
        """(serial, message) of everything the terminal has sent since the last call."""
        out = []
        for frame in self.session.data_to_send():
            (run,) = Splitter().feed(frame)
            seen = examine(run)
            assert seen.header is not None and not seen.anomalies
            out.append((seen.header.serial, seen.message if seen.message is not None else seen.header))
        return out

    def say(self, message: Any) -> list[int]:
        """Send a message of the platform; rows that it acknowledges."""
        self.serial += 1
        who = self.session.identity
        frame = encode(message, terminal_id=who.terminal_id, serial=self.serial, version=who.version)
        return [row for ack in self.session.receive_data(frame, self.now) for row in ack.rows]

    def report(self, count: int = 1) -> None:
        """Report fixes of one second each."""
        fixes = _fixes(count, 1)
        fixes["t_ms"] = (1_790_000_000 + self.rows + np.arange(count)) * 1000
        bodies, xors = pack_bodies(fixes, np.zeros(count, int), np.full(count, 9))
        for place in range(count):
            self.session.report((self.rows + place, bodies[place * BODY_BYTES : (place + 1) * BODY_BYTES]), xors[place], self.now)
        self.rows += count

    def login(self) -> None:
        """Register and authenticate."""
        self.session.connected(self.now)
        ((serial, message),) = self.sent()
        assert isinstance(message, Registration)
        self.say(RegistrationReply(serial, 0, "the-code"))
        ((serial, message),) = self.sent()
        assert isinstance(message, Authentication) and message.auth_code == "the-code"
        self.say(PlatformReply(serial, 0x0102, 0))
        assert self.session.state is State.ONLINE


@pytest.mark.parametrize("identity", [OLD, NEW])
def test_a_terminal_registers_once_and_keeps_its_code(identity: Identity) -> None:
    line = Line(identity)
    line.login()
    asked = [type(message) for _, message in line.sent()]
    assert asked == ([TimeRequest] if identity is NEW else [])
    line.session.disconnected()
    line.session.connected(line.now)
    ((_, message),) = line.sent()
    assert isinstance(message, Authentication) and message.auth_code == "the-code"
    assert message.imei == (NEW.imei if identity is NEW else None)


def test_a_refused_code_is_forgotten_and_a_refused_registration_closes() -> None:
    line = Line()
    line.login()
    line.session.disconnected()
    line.session.connected(line.now)
    ((serial, _),) = line.sent()
    line.say(PlatformReply(serial, 0x0102, 1))
    assert line.session.closing == "authentication_refused" and line.session.auth_code is None
    line.session.disconnected()
    line.session.connected(line.now)
    ((serial, message),) = line.sent()
    assert isinstance(message, Registration) and message.plate == "贵A12345"
    line.say(RegistrationReply(serial, 4))
    assert line.session.closing == "registration_refused"


def test_an_acknowledgement_counts_once_and_only_for_its_own_serial_and_id() -> None:
    line = Line()
    line.login()
    line.report(2)
    (first, _), (second, _) = line.sent()
    assert line.say(PlatformReply(first, 0x0704, 0)) == []
    assert line.say(PlatformReply(9_999, 0x0200, 0)) == []
    assert line.say(PlatformReply(second, 0x0200, 0)) == [1]
    assert line.say(PlatformReply(second, 0x0200, 0)) == []
    assert line.say(PlatformReply(first, 0x0200, 0)) == [0]
    assert len(line.session.outbox) == 0


def test_an_unanswered_report_is_repeated_unchanged_with_growing_waits() -> None:
    line = Line(settings=SessionSettings(outbox=OutboxLimits(ack_timeout_ms=1_000), heartbeat_ms=10**9, dead_ms=10**9))
    line.login()
    line.report()
    ((serial, message),) = line.sent()
    times = []
    for _ in range(40):
        line.now += 500
        line.session.tick(line.now)
        for again in line.sent():
            if isinstance(again[1], Location):
                assert again == (serial, message)
                times.append(line.now)
            else:
                assert isinstance(again[1], LocationBatch)
                assert again[1].kind == 1 and again[1].locations == (message,)
                times.append(-line.now)
    assert [b - a for a, b in zip([1_000, *times], times, strict=False)][:3] == [1_000, 2_000, 6_000]
    assert len([at for at in times if at < 0]) == 0
    line.now += 30_000
    line.session.tick(line.now)
    ((again_serial, batch),) = line.sent()
    assert isinstance(batch, LocationBatch) and batch.locations == (message,) and batch.kind == 1
    assert line.say(PlatformReply(again_serial, 0x0704, 0)) == [0]


def test_what_was_driven_without_a_link_is_uploaded_as_blind_batches_in_order() -> None:
    line = Line(settings=SessionSettings(outbox=OutboxLimits(batch_fixes=10, batches=2)))
    line.login()
    line.report(3)
    line.sent()
    line.session.disconnected()
    line.report(30)
    line.session.connected(line.now)
    ((serial, _),) = line.sent()
    line.say(PlatformReply(serial, 0x0102, 0))
    acknowledged: list[int] = []
    times: list[int] = []
    while batches := line.sent():
        assert len(batches) <= 2
        for serial, batch in batches:
            assert isinstance(batch, LocationBatch) and batch.kind == 1 and batch.count == len(batch.locations) <= 10
            times += [item.time_ms for item in batch.locations if item is not None and item.time_ms is not None]
            acknowledged += line.say(PlatformReply(serial, 0x0704, 0))
    assert acknowledged == list(range(33))
    assert times == sorted(times) and len(times) == 33


def test_the_store_is_bounded_and_keeps_the_oldest() -> None:
    line = Line(settings=SessionSettings(outbox=OutboxLimits(capacity=20)))
    line.report(50)
    assert len(line.session.outbox) == 20 and line.session.outbox.overflowed == 30
    assert [row for row, _ in line.session.outbox.waiting] == list(range(20))


def test_refused_fixes_are_given_up_and_failed_ones_sent_again() -> None:
    line = Line()
    line.login()
    line.report(2)
    (first, _), (second, _) = line.sent()
    assert line.say(PlatformReply(first, 0x0200, 2)) == []
    assert line.session.outbox.refused == 1 and line.session.closing is None
    assert line.say(PlatformReply(second, 0x0200, 1)) == []
    assert line.session.closing == "failed"
    assert [row for row, _ in line.session.outbox.waiting] == [1]


def test_a_platform_that_says_nothing_is_left() -> None:
    line = Line(settings=SessionSettings(dead_ms=60_000, heartbeat_ms=20_000))
    line.login()
    beats = 0
    while line.session.closing is None:
        line.now += 1_000
        line.session.tick(line.now)
        beats += sum(isinstance(message, Heartbeat) for _, message in line.sent())
    assert line.session.closing == "silent_platform" and beats == 3


def test_an_unanswered_registration_is_repeated_then_given_up() -> None:
    line = Line(settings=SessionSettings(answer_timeout_ms=1_000, answer_retries=2))
    line.session.connected(line.now)
    frames = line.sent()
    while line.session.closing is None:
        line.now += 500
        line.session.tick(line.now)
        frames += line.sent()
    assert len(frames) == 3 and len({serial for serial, _ in frames}) == 1
    assert line.session.closing == "unanswered"


def test_commands_are_answered() -> None:
    line = Line(NEW)
    line.login()
    line.sent()
    line.say(LocationQuery())
    assert line.sent()[0][1] == TerminalReply(line.serial, 0x8201, 1)
    line.report()
    ((_, location),) = line.sent()
    line.say(LocationQuery())
    ((_, reply),) = line.sent()
    assert reply == LocationReply(line.serial, location)
    line.say(TrackingControl(3, 60))
    assert line.sent()[0][1] == TerminalReply(line.serial, 0x8202, 0)
    assert (line.session.follow_interval_s, line.session.follow_until_ms) == (3, line.now + 60_000)
    line.say(TextDown(1, 2, "前方减速"))
    assert line.sent()[0][1] == TerminalReply(line.serial, 0x8300, 0)
    line.say(ServerTime(1_790_000_000_000))
    assert line.sent() == [] and line.session.clock_offset_ms == 1_790_000_000_000 - line.now


def test_an_unknown_command_is_not_supported_and_broken_bytes_are_ignored() -> None:
    line = Line()
    line.login()
    unknown = bytes.fromhex("8fff0000") + bytes.fromhex(OLD.terminal_id) + b"\x00\x05"
    xor = 0
    for value in unknown:
        xor ^= value
    line.session.receive_data(b"\x7e" + unknown + bytes((xor,)) + b"\x7e\x7e\x80\x01garbage\x7e", line.now)
    assert line.sent() == [(line.session._serial - 1, TerminalReply(5, 0x8FFF, 3))]
    assert line.session.counts["broken_answers"] == 1


def test_an_upload_in_packets_is_acknowledged_with_its_last_packet_and_repeats_on_8003() -> None:
    line = Line(settings=SessionSettings(parted_fixes=100))
    line.report(60)
    line.login()
    packets = line.sent()
    assert len(packets) == 4 and [header.package_index for _, header in packets] == [1, 2, 3, 4]
    first = packets[0][0]
    assert [serial for serial, _ in packets] == [first, first + 1, first + 2, first + 3]
    for serial, _ in packets[:2] + packets[3:]:
        assert line.say(PlatformReply(serial, 0x0704, 0)) == []
    line.say(PacketRequest(first, (3,)))
    assert line.sent() == [packets[2]]
    assert line.say(PlatformReply(packets[2][0], 0x0704, 0)) == list(range(60))
    assert len(line.session.outbox) == 0


def test_a_cut_upload_in_packets_waits_again() -> None:
    line = Line(settings=SessionSettings(parted_fixes=100))
    line.report(60)
    line.login()
    packets = line.sent()
    line.say(PlatformReply(packets[0][0], 0x0704, 0))
    line.session.disconnected()
    assert [row for row, _ in line.session.outbox.waiting] == list(range(60))


def test_answers_cut_at_any_byte_are_understood() -> None:
    line = Line()
    line.login()
    line.report()
    ((serial, _),) = line.sent()
    frame = encode(PlatformReply(serial, 0x0200, 0), terminal_id=OLD.terminal_id, serial=1, version="2013")
    rows = [row for at in range(len(frame)) for ack in line.session.receive_data(frame[at : at + 1], line.now) for row in ack.rows]
    assert rows == [0]
