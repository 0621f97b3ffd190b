"""Messages in packets: acknowledged one by one, asked for when they stall, bounded in time and memory."""

from __future__ import annotations

from typing import Any

from protocols.jt808.codec import decode, encode_body, examine
from protocols.jt808.connection import TERMINAL, Connection
from protocols.jt808.events import AnomalyEvent, Fixes, Incomplete, MessageIn, ReplyIn
from protocols.jt808.framing import wrap
from protocols.jt808.header import Address, write_header
from protocols.jt808.limits import Limits
from protocols.jt808.messages.location import Location, LocationBatch
from protocols.jt808.messages.session import PacketRequest, PlatformReply, TerminalPacketRequest, TerminalReply
from protocols.jt808.messages.text import TextDown
from protocols.jt808.reassembly import Budget
from protocols.jt808.splitting import packets
from tests.protocols.test_connection import NOW, bound, codes, said

BATCH = LocationBatch.of(1, tuple(Location(0, 2, 28_000_000 + n, 112_000_000, 0, 0, 0, NOW + n * 1000) for n in range(90)))


def cut(message: Any, first_serial: int = 100, version: str = "2019") -> list[bytes]:
    """Packets of a message."""
    message_id, body = encode_body(message, version)
    serials = iter(range(first_serial, first_serial + 100))
    return list(packets(message_id, body, Address("13912344329", 0, version), lambda: next(serials) % 65_536)[1])


def packet(total: int, index: int, serial: int, body: bytes = b"x") -> bytes:
    """One packet of an 0x0704."""
    from protocols.jt808.framing import checksum

    frame = write_header(0x0704, len(body), Address("13912344329", serial, "2019", (total, index))) + body
    return wrap(frame + bytes((checksum(frame),)))


def test_packets_in_any_order_become_the_message() -> None:
    parts = cut(BATCH)
    assert len(parts) == 3
    link = bound()
    first, second, third = (link.receive_data(parts[n], NOW)[0] for n in (2, 0, 1))
    assert isinstance(first, MessageIn) and first.message is None
    assert isinstance(second, MessageIn) and second.message is None
    assert isinstance(third, Fixes)
    assert third.message == BATCH
    assert third.header.package_index == 2
    for event in (first, second, third):
        link.reply(event, event.result, NOW)
    assert [decode(frame).reply_serial for frame in link.data_to_send()] == [102, 100, 101]
    assert link.next_timer() is None


def test_missing_packets_are_asked_for_three_times_then_given_up() -> None:
    parts = cut(BATCH, 65_535)
    link = bound()
    for part in (parts[0], parts[2]):
        link.receive_data(part, NOW)
    asked = []
    while True:
        due = link.next_timer()
        assert due is not None
        events = link.tick(due)
        if events:
            break
        asked.append((due - NOW, [decode(frame) for frame in link.data_to_send()]))
    question = PacketRequest(65_535, (2,))
    assert asked == [(5_000, [question]), (15_000, [question]), (35_000, [question])]
    assert due == NOW + 60_000
    assert events == [Incomplete(0x0704, 3, 65_535, (2,), "assembly_timeout")]
    assert link.next_timer() is None


def test_progress_starts_the_wait_anew() -> None:
    parts = cut(BATCH)
    link = bound()
    link.receive_data(parts[0], NOW)
    link.tick(NOW + 5_000)
    link.receive_data(parts[2], NOW + 6_000)
    assert link.next_timer() == NOW + 11_000


def test_a_repeated_packet_changes_nothing_before_and_after_the_end() -> None:
    parts = cut(BATCH)
    link = bound()
    link.receive_data(parts[0], NOW)
    (again,) = link.receive_data(parts[0], NOW)
    assert (type(again), codes(again)) == (MessageIn, ["duplicate_packet"])
    link.receive_data(parts[1] + parts[2], NOW)
    (late,) = link.receive_data(parts[1], NOW)
    assert (type(late), codes(late)) == (MessageIn, ["duplicate_packet"])
    assert link.next_timer() is None


def test_another_body_under_the_same_index_is_a_conflict() -> None:
    link = bound()
    link.receive_data(packet(3, 1, 10, b"a"), NOW)
    (event,) = link.receive_data(packet(3, 1, 10, b"b"), NOW)
    assert (type(event), codes(event), event.result) == (AnomalyEvent, ["index_conflict"], 2)


def test_a_renumbered_repeat_goes_where_its_index_lacks() -> None:
    parts, renumbered = cut(BATCH), cut(BATCH, 500)
    link = bound()
    link.receive_data(parts[0] + parts[2], NOW)
    (event,) = link.receive_data(renumbered[1], NOW)
    assert codes(event) == ["resent_serial"]
    assert isinstance(event, Fixes) and event.message == BATCH


def test_two_uploads_of_equal_size_do_not_mix() -> None:
    other = LocationBatch.of(0, BATCH.locations)
    a, b = cut(BATCH, 100), cut(other, 300)
    link = bound()
    events = [event for part in (a[0], b[0], a[1], b[1], b[2], a[2]) for event in link.receive_data(part, NOW)]
    assert [event.message for event in events if isinstance(event, Fixes)] == [other, BATCH]


def test_an_index_outside_the_total_is_refused() -> None:
    for index in (0, 4):
        (event,) = bound().receive_data(packet(3, index, 10), NOW)
        assert (codes(event), event.result) == (["bad_index"], 2)


def test_too_many_packets_are_refused() -> None:
    (event,) = bound().receive_data(packet(4_097, 1, 10), NOW)
    assert (codes(event), event.result) == (["assembly_overflow"], 1)


def test_the_oldest_assembly_goes_first() -> None:
    link = bound()
    for n in range(4):
        assert len(link.receive_data(packet(3, 1, 1000 * n), NOW)) == 1
    gone, kept = link.receive_data(packet(3, 1, 9000), NOW)
    assert gone == Incomplete(0x0704, 3, 0, (2, 3), "assembly_overflow")
    assert isinstance(kept, MessageIn)


def test_bytes_of_a_link_and_of_the_process_are_bounded() -> None:
    budget = Budget(2_500)
    links = [bound(limits=Limits(assembly_bytes=2_000), budget=budget) for _ in range(2)]
    assert not codes(links[0].receive_data(packet(9, 1, 10, b"x" * 1000), NOW)[0])
    assert not codes(links[0].receive_data(packet(9, 2, 11, b"x" * 1000), NOW)[0])
    assert codes(links[0].receive_data(packet(9, 3, 12, b"x" * 1000), NOW)[0]) == ["assembly_overflow"]
    assert codes(links[1].receive_data(packet(9, 1, 10, b"x" * 1000), NOW)[0]) == ["assembly_overflow"]
    links[0].close("lost")
    assert budget.used == 0
    assert not codes(links[1].receive_data(packet(9, 1, 10, b"x" * 1000), NOW)[0])


def test_a_2013_link_is_asked_with_a_count_of_one_byte() -> None:
    link = bound()
    link.receive_data(cut(BATCH, version="2013")[0], NOW)
    link.tick(NOW + 5_000)
    (frame,) = link.data_to_send()
    assert examine(frame).body == bytes.fromhex("0064 02 0002 0003")


def test_a_long_message_down_is_cut_and_its_packets_are_sent_again_on_request() -> None:
    link = bound()
    link.receive_data(said(TerminalReply(9, 0x8300, 0)), NOW)
    pending = link.send(TextDown(1, 1, "长" * 1200), NOW)
    frames = link.data_to_send()
    assert len(frames) == len(pending.serials) == 3
    link.receive_data(said(TerminalPacketRequest(pending.serials[0], (2, 3, 7))), NOW + 60_000)
    assert link.data_to_send() == frames[1:]
    link.receive_data(said(TerminalPacketRequest(pending.serials[0], (1,))), NOW + 120_001)
    assert frames[0] not in link.data_to_send()


def test_a_terminal_puts_a_long_text_together() -> None:
    platform, terminal = bound(), Connection(TERMINAL)
    text = TextDown(1, None, "长" * 1200)
    platform.send(text, NOW)
    events = terminal.receive_data(b"".join(platform.data_to_send()), NOW)
    assert [event.message for event in events] == [None, None, text]


def test_an_earlier_packet_acknowledged_ends_after_its_grace() -> None:
    link = bound()
    link.receive_data(said(TerminalReply(9, 0x8300, 0)), NOW)
    pending = link.send(TextDown(1, 1, "长" * 1200), NOW)
    reply = TerminalReply(pending.serials[0], 0x8300, 0)
    assert link.receive_data(said(reply), NOW) == []
    assert link.next_timer() == NOW + 3_000
    assert link.tick(NOW + 3_000) == [ReplyIn(pending, reply)]
    assert pending.state == "done"
    assert isinstance(decode(said(PlatformReply(1, 2, 0))), PlatformReply)
