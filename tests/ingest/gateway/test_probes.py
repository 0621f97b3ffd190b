"""The fifteen probes of dirty input, over loopback."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import reduce
from operator import xor

import psutil
import pytest

from ingest.log.record import DROPPED, FRAME
from protocols.jt808.codec import examine
from protocols.jt808.framing import escape, unescape
from protocols.jt808.messages.session import Heartbeat, PacketRequest, PlatformReply
from tests.ingest.gateway.conftest import RunningGateway, TerminalClient, location

Dial = Callable[..., TerminalClient]


def body_of(frame: bytes) -> bytes:
    """Unescaped header and body, without delimiters and XOR."""
    return unescape(frame[1:-1])[0][:-1]


def framed(content: bytes) -> bytes:
    """Content with its XOR, escaped, between delimiters."""
    return b"\x7e" + escape(content + bytes([reduce(xor, content)])) + b"\x7e"


def fixes(gateway: RunningGateway) -> int:
    return sum(1 for frame in gateway.frames(FRAME) if examine(frame).header.message_id == 0x0200)  # type: ignore[union-attr]


def assert_alive(terminal: TerminalClient, second: int = 500) -> None:
    terminal.say(location(second))
    reply = terminal.hear()
    assert isinstance(reply, PlatformReply) and (reply.reply_serial, reply.reply_id, reply.result) == (terminal.serial, 0x0200, 0)


@pytest.mark.parametrize("version", ["2013", "2019"])
def test_01_login_byte_by_byte_and_two_frames_in_a_segment(gateway: RunningGateway, dial: Dial, version: str) -> None:
    terminal = dial("013800000001" if version == "2013" else "00000000013800000001", version=version)
    terminal.log_in()
    for byte in terminal.frame(location(1)):
        terminal.send(bytes([byte]))
    assert terminal.hear().result == 0
    terminal.send(terminal.frame(location(2)) + terminal.frame(location(3)))
    assert [terminal.hear().reply_serial for _ in range(2)] == [terminal.serial - 1, terminal.serial]
    terminal.say(Heartbeat())
    assert terminal.hear().reply_id == 0x0002
    assert fixes(gateway) == 3


def test_02_wrong_xor_is_dropped_without_answer(gateway: RunningGateway, dial: Dial) -> None:
    terminal = dial()
    terminal.log_in()
    frame = bytearray(terminal.frame(location(1)))
    frame[30] ^= 1
    terminal.send(bytes(frame))
    assert terminal.hear(0.3) is None
    assert_alive(terminal)
    assert gateway.counted("anomalies", "bad_checksum") == 1


def test_03_junk_before_a_frame_is_skipped(gateway: RunningGateway, dial: Dial) -> None:
    terminal = dial()
    terminal.send(b"GET / HTTP/1.1\r\n\r\n" + bytes(range(32, 100)))
    terminal.log_in()
    terminal.send(b"\x00\x01noise")
    terminal.send(terminal.frame(location(1)))
    assert terminal.hear().result == 0
    assert_alive(terminal)


def test_04_endless_junk_before_authentication_closes_and_holds_no_memory(gateway: RunningGateway, dial: Dial) -> None:
    process = psutil.Process()
    terminal = dial()
    time.sleep(0.1)
    before = process.memory_info().rss
    block = b"\x55" * 65_536
    sent = 0
    with pytest.raises(OSError):
        for _ in range(1_024):
            terminal.send(block)
            sent += len(block)
    assert sent < 64 << 20
    assert terminal.closed()
    assert process.memory_info().rss - before < 8 << 20
    assert gateway.counted("links_closed", "junk") == 1


def test_05_reconnect_wins_over_the_half_open_link(gateway: RunningGateway, dial: Dial) -> None:
    older = dial()
    code = older.log_in()
    for _ in range(3):
        newer = dial()
        assert newer.authenticate(code).result == 0
        assert older.closed()
        assert_alive(newer)
        older = newer
    assert gateway.counted("takeovers", "worker") == 3


def test_06_position_before_authentication_is_refused_and_not_stored(gateway: RunningGateway, dial: Dial) -> None:
    terminal = dial()
    terminal.say(location(1))
    assert terminal.hear().result == 1
    assert gateway.counted("anomalies", "not_authenticated") == 1
    assert gateway.frames(FRAME) == []
    terminal.log_in()
    assert_alive(terminal)


def test_07_wrong_code_and_code_of_another_terminal(gateway: RunningGateway, dial: Dial) -> None:
    code = dial("013800000009").log_in()
    terminal = dial("013800000010")
    for wrong in ("nonsense", code, "", "A" * 16):
        assert terminal.authenticate(wrong).result == 1
    assert terminal.authenticate(code).result == 1
    assert terminal.closed()
    assert gateway.counted("anomalies", "auth_refused") == 5
    assert gateway.counted("links_closed", "wrong_codes") == 1


def test_08_unknown_message_gets_result_3_and_is_kept(gateway: RunningGateway, dial: Dial) -> None:
    terminal = dial()
    terminal.log_in()
    content = bytearray(body_of(terminal.frame(Heartbeat())))
    content[0:2] = b"\x0f\xff"
    terminal.send(framed(bytes(content)))
    reply = terminal.hear()
    assert (reply.reply_id, reply.result) == (0x0FFF, 3)
    assert examine(gateway.frames(FRAME)[-1]).header.message_id == 0x0FFF  # type: ignore[union-attr]
    assert gateway.counted("anomalies", "unknown_message") == 1
    assert_alive(terminal)


def test_09_short_position_gets_result_2(gateway: RunningGateway, dial: Dial) -> None:
    terminal = dial()
    terminal.log_in()
    content = bytearray(body_of(terminal.frame(location(1))))[:-8]
    content[2:4] = (len(content) - 12).to_bytes(2, "big")
    terminal.send(framed(bytes(content)))
    assert terminal.hear().result == 2
    assert gateway.counted("anomalies", "short_body") == 1
    assert len(gateway.frames(DROPPED)) == 1
    assert_alive(terminal)


def test_10_month_13_gets_result_2(gateway: RunningGateway, dial: Dial) -> None:
    terminal = dial()
    terminal.log_in()
    content = bytearray(body_of(terminal.frame(location(1))))
    content[12 + 23] = 0x13
    terminal.send(framed(bytes(content)))
    assert terminal.hear().result == 2
    assert gateway.counted("anomalies", "bad_time") == 1
    assert fixes(gateway) == 1  # kept raw for the pipeline, which sets it aside
    assert_alive(terminal)


def test_11_broken_extra_length_keeps_the_position(gateway: RunningGateway, dial: Dial) -> None:
    terminal = dial()
    terminal.log_in()
    content = bytearray(body_of(terminal.frame(location(1)))) + b"\x01\x09\x00\x00"
    content[2:4] = (len(content) - 12).to_bytes(2, "big")
    terminal.send(framed(bytes(content)))
    assert terminal.hear().result == 0
    assert gateway.counted("anomalies", "truncated_item") == 1
    assert fixes(gateway) == 1


def test_12_wrong_length_field_gets_result_2(gateway: RunningGateway, dial: Dial) -> None:
    terminal = dial()
    terminal.log_in()
    content = bytearray(body_of(terminal.frame(location(1))))
    content[3] += 1
    terminal.send(framed(bytes(content)))
    assert terminal.hear().result == 2
    assert gateway.counted("anomalies", "length_mismatch") == 1
    assert_alive(terminal)


def test_13_lone_escape_is_judged_by_the_xor(gateway: RunningGateway, dial: Dial) -> None:
    terminal = dial()
    terminal.log_in()
    frame = terminal.frame(location(1))
    terminal.send(frame[:20] + b"\x7d\x05" + frame[22:])
    assert terminal.hear(0.3) is None
    assert_alive(terminal)
    assert gateway.counted("anomalies", "lone_escape") == 1
    assert gateway.counted("anomalies", "bad_checksum") == 1


def test_14_two_frames_may_share_a_delimiter(gateway: RunningGateway, dial: Dial) -> None:
    terminal = dial()
    terminal.log_in()
    terminal.send(terminal.frame(location(1))[:-1] + terminal.frame(location(2)))
    assert [terminal.hear().result for _ in range(2)] == [0, 0]
    assert fixes(gateway) == 2


def packet(terminal: TerminalClient, total: int, index: int, serial: int) -> bytes:
    content = bytearray(body_of(terminal.frame(Heartbeat()))[:12])
    part = bytes(40)
    content[0:2] = (0x0704).to_bytes(2, "big")
    content[2:4] = (0x2000 | len(part)).to_bytes(2, "big")
    content[10:12] = serial.to_bytes(2, "big")
    return framed(bytes(content) + total.to_bytes(2, "big") + index.to_bytes(2, "big") + part)


def test_15_missing_packet_is_asked_for(gateway: RunningGateway, dial: Dial) -> None:
    terminal = dial()
    terminal.log_in()
    for index in (1, 3):
        terminal.send(packet(terminal, 3, index, 100 + index))
        reply = terminal.hear()
        assert (reply.reply_serial, reply.reply_id, reply.result) == (100 + index, 0x0704, 0)
    asked = terminal.hear(9.0)
    assert isinstance(asked, PacketRequest) and asked.indices == (2,)
    assert_alive(terminal)
    assert len([f for f in gateway.frames(FRAME) if examine(f).header.message_id == 0x0704]) == 2  # type: ignore[union-attr]
