"""Links in makers' forms and profiles over real sockets, through both doors, and what the log and the pipeline's step make of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from ingest.gateway.registry_copy import KnownTerminal
from protocols.jt808.codec import encode, examine
from protocols.jt808.header import terminal_key
from protocols.jt808.messages.registration import Authentication, Registration, RegistrationReply
from protocols.jt808.messages.session import PlatformReply
from protocols.jt808.profile import PROFILES, STANDARD
from tests.ingest.gateway.conftest import RunningGateway, TerminalClient, location

E7 = replace(STANDARD, delimiter="e7")
ID_E7 = "13800000001700"


class E7Client(TerminalClient):
    """A terminal between 0xE7."""

    def frame(self, message: Any) -> bytes:
        self.serial += 1
        return encode(message, terminal_id=self.terminal_id, serial=self.serial, version="2013", profile=E7)

    def hear(self, timeout_s: float = 5.0) -> Any:
        frame = b""
        self.socket.settimeout(timeout_s)
        while not (frame[:1] == b"\xe7" and frame.count(b"\xe7") == 2):
            piece = self.socket.recv(1)
            if not piece:
                return None
            frame += piece
        seen = examine(frame, E7)
        assert not seen.anomalies and seen.header is not None and seen.header.terminal_id == self.terminal_id
        return seen.message


@pytest.fixture
def e7(gateway: RunningGateway) -> Iterator[E7Client]:
    terminal = E7Client(gateway.address, ID_E7)
    yield terminal
    terminal.close()


def durable(gateway: RunningGateway, wanted: int) -> list[tuple[int, bytes]]:
    """(profile, payload) of the frames in the log, once there are so many."""
    deadline = time.monotonic() + 10
    while True:
        records = gateway.records()
        found = [(int(records.profile[row]), records.payload(row)) for row in range(len(records)) if records.kind[row] == 0]
        if len(found) >= wanted or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_a_terminal_between_e7_logs_in_reports_and_is_answered_so(gateway: RunningGateway, e7: E7Client) -> None:
    code = e7.register().auth_code
    assert code is not None
    e7.socket.sendall(b"junk")  # between frames: dropped and counted, the link lives
    assert e7.authenticate(code) == PlatformReply(2, 0x0102, 0)
    fixes = [location(second, status_bits=0x7E7D) for second in range(3)]
    for second, fix in enumerate(fixes):
        frame = e7.frame(fix)
        for piece in (frame[:5], frame[5:9], frame[9:]):
            e7.send(piece)
        assert e7.hear() == PlatformReply(3 + second, 0x0200, 0)
    kept = durable(gateway, 4)
    assert [examine(payload, E7).message for _, payload in kept[1:]] == fixes
    assert [payload[:1] + payload[-1:] for _, payload in kept] == [b"\xe7\xe7"] * 4


def test_links_of_all_forms_live_side_by_side(gateway: RunningGateway, e7: E7Client, dial: Callable[..., TerminalClient]) -> None:
    plain, texts = dial(), dial()
    e7.log_in()
    plain.log_in()
    for second in range(5):
        e7.say(location(second))
        plain.say(location(second))
        texts.send(b"(860000000000017,BASE,2,TIME)")
        assert isinstance(e7.hear(), PlatformReply)
        assert isinstance(plain.hear(), PlatformReply)
        texts.socket.settimeout(5)
        assert texts.socket.recv(100).startswith(b"(860000000000017,BASE,2,2")
    assert gateway.counted("frames", "sentence") == 5


def test_junk_on_a_link_between_e7_closes_it(gateway: RunningGateway, e7: E7Client) -> None:
    e7.send(b"\xe7" + b"\x55" * 20_000)
    assert e7.closed()
    assert gateway.counted("links_closed", "junk") == 1


def known(gateway: RunningGateway, terminal: str, **changes: Any) -> None:
    entry = replace(KnownTerminal(None, "registered", 0, None, "standard"), **changes)
    gateway.worker.registry.terminals[terminal_key(terminal)] = entry


def test_the_registry_chooses_before_the_maker_and_the_log_is_told(
    gateway: RunningGateway, dial: Callable[..., TerminalClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    makers = replace(PROFILES["jimi"], match={"maker": ("70111",)})
    monkeypatch.setattr("ingest.gateway.profiles.PROFILES", {**PROFILES, "jimi": makers})
    matched, entered, remembered = dial("013800000001"), dial("013800000002"), dial("013800000003")
    known(gateway, entered.terminal_id, profile="gps51")
    known(gateway, remembered.terminal_id, maker="70111")
    for terminal in (matched, entered):
        terminal.log_in()
    assert remembered.authenticate(gateway.worker.registrar.code_for("13800000003")).result == 0
    for terminal in (matched, entered, remembered):
        terminal.say(location())
        assert isinstance(terminal.hear(), PlatformReply)
    numbers = {examine(payload).header.terminal_id: profile for profile, payload in durable(gateway, 5)}  # type: ignore[union-attr]
    assert numbers == {
        matched.terminal_id: makers.number, entered.terminal_id: PROFILES["gps51"].number, remembered.terminal_id: makers.number,
    }  # fmt: skip


def test_a_profile_without_authentication_reports_at_once_and_its_charset_is_read(
    gateway: RunningGateway, dial: Callable[..., TerminalClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = replace(STANDARD, name="own", before_auth="accept", charset="utf-8", answers={0x0200: 0})
    monkeypatch.setattr("ingest.gateway.profiles.PROFILES", {**PROFILES, "own": own})
    silent, stranger = dial("013800000001"), dial("013800000002")
    known(gateway, silent.terminal_id, profile="own")
    silent.say(location())
    assert len(durable(gateway, 1)) == 1
    assert silent.hear(0.3) is None, "its profile wants no answer to a position"
    stranger.say(location())
    assert stranger.hear() == PlatformReply(1, 0x0200, 1)
    frame = encode(
        Registration(52, 100, "70111", "TEST", "0000001", 2, "贵A12345"),
        terminal_id=silent.terminal_id,
        serial=9,
        version="2013",
        profile=own,
    )
    silent.send(frame)
    assert isinstance(silent.hear(), RegistrationReply)
    silent.send(encode(Authentication("wrong"), terminal_id=silent.terminal_id, serial=10, version="2013"))
    assert silent.hear() == PlatformReply(10, 0x0102, 1)
