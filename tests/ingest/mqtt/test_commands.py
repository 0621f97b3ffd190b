"""Commands reach a device that speaks JT/T 808 over MQTT, and its answer comes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from protocols.jt808.codec import encode, examine
from protocols.jt808.messages.registration import Authentication, RegistrationReply
from protocols.jt808.messages.session import TerminalReply
from protocols.jt808.messages.text import TextDown
from runtime.mqtt import follower
from storage import terminal_commands
from tests.fixtures.broker import DEVICES
from tests.fixtures.office import open_office
from tests.ingest.mqtt.conftest import Device, RunningDoor, until
from tests.ingest.spooled import registration

pytestmark = pytest.mark.broker
ONE = DEVICES[0]


def test_a_command_waits_for_the_device_reaches_it_and_is_done_with_its_answer(
    door: RunningDoor, device: Callable[..., Device], dsn: str
) -> None:
    following = follower(door.door, dsn)
    following.start()
    one = device(ONE)

    def say(message: Any, serial: int) -> None:
        one.publish(encode(message, terminal_id=ONE, serial=serial, version="2013"), f"cuntong/v1/up/{ONE}/jt808")

    def hear() -> Any:
        return examine(one.heard.get(timeout=10)[1])

    with open_office(dsn) as conn, conn.transaction():
        expires = datetime.now(UTC) + timedelta(hours=1)
        command = terminal_commands.ask(conn, ONE, 0x8300, {"flag_bits": 4, "text": "前方拥堵"}, expires_at=expires, asked_by="office")
    one.publish(registration(ONE, "贵A12345"), f"cuntong/v1/up/{ONE}/jt808")
    registered = hear().message
    assert isinstance(registered, RegistrationReply) and registered.auth_code
    say(Authentication(registered.auth_code), 2)
    assert hear().message.result == 0
    asked = hear()
    assert isinstance(asked.message, TextDown) and asked.message.text == "前方拥堵"
    say(TerminalReply(asked.header.serial, 0x8300, 0), 3)

    def state() -> str:
        with open_office(dsn) as conn:
            found = terminal_commands.one(conn, command)
            return found.state if found is not None else ""

    until(lambda: state() == "done", "the answer is written down")
    following.stop()
