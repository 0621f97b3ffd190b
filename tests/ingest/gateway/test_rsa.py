"""Encrypted sessions over real sockets: keys exchanged and changed under way, both scopes and paddings, both doors."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from domain.errors import StoreError
from ingest import cipher
from ingest.cipher import load_key_pair
from protocols.jt808.codec import encode_body, examine
from protocols.jt808.header import Address
from protocols.jt808.messages.location import Location
from protocols.jt808.messages.passthrough import PassthroughUp, PlatformKey, TerminalKey
from protocols.jt808.messages.session import PlatformReply, TerminalReply
from protocols.jt808.splitting import packets
from simulators.secrecy import TerminalSecrecy
from tests.ingest.gateway.conftest import RunningGateway, TerminalClient, location

Start = Callable[..., RunningGateway]


class SecretTerminal(TerminalClient):
    """A terminal that encrypts once it has the platform's key; it counts the frames that came encrypted."""

    def __init__(self, address: tuple[str, int], secrecy: TerminalSecrecy | None = None) -> None:
        super().__init__(address)
        self.secrecy = secrecy or TerminalSecrecy()
        self.sealed = self.key_serial = 0

    def frames(self, message: Any) -> list[bytes]:
        """A message as frames, sealed once the platform's key is known."""
        message_id, body = encode_body(message, "2013")
        serials = count(self.serial + 1)
        used, made = packets(
            message_id, body, Address(self.terminal_id, 0, "2013"), lambda: next(serials), self.secrecy if self.secrecy.seals else None
        )
        self.serial = used[-1]
        return list(made)

    def say(self, message: Any) -> None:
        self.send(b"".join(self.frames(message)))

    def hear_opened(self) -> Any:
        """The next message, opened."""
        frame = self.hear_frame()
        if frame is None:
            return None
        self.sealed += bool(frame[3] & 0x04)
        found = self.secrecy.read(frame)
        assert found.dropped is None and found.header is not None, found
        if isinstance(found.message, PlatformKey):
            self.key_serial = found.header.serial
        return found.message

    def agree(self, key: PlatformKey) -> None:
        """Take the platform's key."""
        self.say(TerminalReply(self.key_serial, 0x8A00, 0))
        self.secrecy.learn(key)

    def exchange(self) -> PlatformReply:
        """Send the key, take the platform's; the answer to it."""
        self.send(self.frame(self.secrecy.public()))
        heard = [self.hear_opened(), self.hear_opened()]
        key = next(one for one in heard if isinstance(one, PlatformKey))
        self.agree(key)
        return next(one for one in heard if isinstance(one, PlatformReply))


def secret(gateway: RunningGateway, **how: Any) -> SecretTerminal:
    one = SecretTerminal(gateway.address, TerminalSecrecy(**how))
    one.log_in()
    return one


def stored_seconds(gateway: RunningGateway, at_least: int) -> list[int]:
    """Seconds of the positions in the log, which is in clear."""
    deadline = time.monotonic() + 10
    while True:
        seen = [examine(frame) for frame in gateway.frames()]
        assert not any(one.header is None or one.header.encrypted for one in seen)
        found = [one.message.latitude_e6 - 26_500_000 for one in seen if isinstance(one.message, Location) and one.message.fault is None]
        if len(found) >= at_least or time.monotonic() > deadline:
            return found


def test_a_whole_session_is_encrypted_and_keys_change_under_way(start_gateway: Start, tmp_path: Path) -> None:
    gateway = start_gateway(rsa="answer", rsa_key_file=tmp_path / "rsa.pem")
    one = secret(gateway)
    try:
        assert one.exchange().result == 0
        for second in range(3):
            one.say(location(second))
            assert one.hear_opened().result == 0
        one.send(b"".join(one.frames(one.secrecy.renew())))  # the terminal changes its key, and goes on at once
        one.say(location(3))
        answers = [one.hear_opened() for _ in range(3)]
        one.agree(next(answer for answer in answers if isinstance(answer, PlatformKey)))
        (tmp_path / "rsa.pem.pub").unlink()
        os.rename(tmp_path / "rsa.pem", tmp_path / "old.pem")
        load_key_pair(tmp_path / "rsa.pem")
        gateway.loop.call_soon_threadsafe(gateway.worker.keys.look, gateway.worker.now_ms() + 10_000)
        one.say(location(4))  # still under the platform's old key
        heard = [one.hear_opened(), one.hear_opened()]
        key = next(answer for answer in heard if isinstance(answer, PlatformKey))
        one.say(location(5))
        assert one.hear_opened().result == 0
        one.say(one.secrecy.public())  # the answer that the platform waits for: from here on the new key counts
        one.secrecy.learn(key)
        one.say(location(6))
        assert one.hear_opened().result == 0
        assert stored_seconds(gateway, 7) == list(range(7))
        assert one.sealed >= 6 and gateway.counted("rsa", "exchanged") == 5
    finally:
        one.close()


@pytest.mark.parametrize(("scope", "padded"), [("packet", True), ("message", True), ("packet", False), ("message", False)])
def test_long_messages_in_both_scopes_and_paddings(start_gateway: Start, tmp_path: Path, scope: str, padded: bool) -> None:
    gateway = start_gateway(rsa="answer", rsa_key_file=tmp_path / "rsa.pem")
    one = secret(gateway, scope=scope, padded=padded)
    try:
        session = next(iter((gateway.worker.links.live()[0].sessions or {}).values()))
        session.connection.profile = replace(session.connection.profile, rsa_scope=scope, rsa_padding="pkcs1v15" if padded else "none")
        assert one.exchange().result == 0
        content = bytes(range(1, 256)) * 12
        sent = one.frames(PassthroughUp(0xF0, content))
        assert len(sent) > 3
        one.send(b"".join(sent))
        assert [one.hear_opened().result for _ in sent] == [0] * len(sent)
        one.say(location(1))
        assert one.hear_opened().result == 0
        bodies = [found.body for frame in gateway.frames() if (found := examine(frame)).header and found.header.message_id == 0x0900]
        joined = b"".join(bodies)[1:]
        assert joined.rstrip(b"\x00") == content if not padded and scope == "message" else joined.replace(b"\x00", b"") == content
        assert stored_seconds(gateway, 1) == [1]
    finally:
        one.close()


def test_no_key_bad_padding_and_a_key_that_is_none_are_refused_and_the_link_lives(start_gateway: Start, tmp_path: Path) -> None:
    gateway = start_gateway(rsa="answer", rsa_key_file=tmp_path / "rsa.pem")
    one = secret(gateway)
    try:
        stranger = load_key_pair(tmp_path / "other.pem")
        one.secrecy.learn(PlatformKey(*cipher.public_parts(stranger)))
        one.say(location(1))
        assert one.hear().result == 2 and gateway.counted("anomalies", "encrypted_no_key") == 1
        one.send(one.frame(TerminalKey(65_537, bytes(128))))
        assert one.hear().result == 2
        one.exchange()
        right = one.secrecy.encrypt
        one.secrecy.encrypt = lambda body: os.urandom(127).rjust(128, b"\x00")  # type: ignore[method-assign]
        for _ in range(5):
            one.say(location(2))
            assert one.hear_opened().result == 2
        one.secrecy.encrypt = lambda body: right(body)[:-1]  # type: ignore[method-assign]
        one.say(location(3))
        assert one.hear_opened().result == 2 and gateway.counted("anomalies", "bad_value") >= 2
        one.secrecy.encrypt = right  # type: ignore[method-assign]
        one.say(location(4))
        assert one.hear_opened().result == 0
        assert stored_seconds(gateway, 1) == [4]
    finally:
        one.close()


def test_every_terminal_is_offered_the_key_and_may_decline(start_gateway: Start, tmp_path: Path) -> None:
    gateway = start_gateway(rsa="offer", rsa_key_file=tmp_path / "rsa.pem")
    one = secret(gateway)
    try:
        assert isinstance(one.hear(), PlatformKey)
        one.send(one.frame(TerminalReply(0, 0x8A00, 3)))
        one.send(one.frame(location(1)))
        assert one.hear().result == 0 and gateway.counted("rsa", "exchanged") == 0
    finally:
        one.close()


def test_the_key_file_is_private_and_never_made_anew_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "rsa.pem"
    made = load_key_pair(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert cipher.public_parts(load_key_pair(path)) == cipher.public_parts(made)
    path.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        load_key_pair(path)
    path.unlink()
    with pytest.raises(StoreError, match="restore the key"):
        load_key_pair(path)
    path.write_text("nonsense")
    path.chmod(0o600)
    with pytest.raises(StoreError, match="no private key"):
        load_key_pair(path)
