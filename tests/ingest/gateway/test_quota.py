"""A log that may grow no more: nothing is acknowledged, /readyz says why, and when there is room again it goes on. Both doors, real process."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.log.reader import SpoolReader
from ingest.settings import LogSettings
from protocols.jt808.codec import examine
from protocols.jt808.framing import Splitter
from protocols.jt808.messages.registration import Registration
from protocols.jt808.messages.session import Heartbeat
from tests.ingest.gateway.conftest import TerminalClient, location
from tests.ingest.gateway.test_workers import Gateway, until

QUOTA = {"CUNTONG_LOG_SEGMENT_MIB": "1", "CUNTONG_LOG_QUOTA_GIB": str(1.5 / 1024), "CUNTONG_LOG_MIN_FREE_GIB": "0.001"}


@pytest.fixture
def small(tmp_path: Path, door: str) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path / "data", 1, door, QUOTA)
    until(gateway.ready, 120)
    yield gateway
    assert gateway.end() == 0


def fill(gateway: Gateway, terminal: TerminalClient) -> int:
    """Report until the log takes no more; fixes acknowledged."""
    acknowledged, deadline_s = 0, time.monotonic() + 30
    while gateway.get("readyz")[0] == 200:
        assert time.monotonic() < deadline_s
        terminal.send(b"".join(terminal.frame(location(terminal.serial)) for _ in range(3_000)))
        acknowledged += heard(terminal)
    return acknowledged


def heard(terminal: TerminalClient, silence_s: float = 0.5) -> int:
    """Acknowledgements of 0x0200 until there is silence."""
    data = b""
    terminal.socket.settimeout(silence_s)
    with contextlib.suppress(TimeoutError):
        while more := terminal.socket.recv(1 << 20):
            data += more
    messages = [examine(run).message for run in Splitter().feed(data)]
    return sum(message.reply_id == 0x0200 and message.result == 0 for message in messages)


def test_a_full_log_acknowledges_nothing_and_goes_on_when_there_is_room(small: Gateway) -> None:
    terminal, stranger = TerminalClient(small.address), TerminalClient(small.address, "013800000002")
    terminal.log_in()
    acknowledged = fill(small, terminal)
    status, said = small.get("readyz")
    assert status == 503 and said.startswith("not ready\nthe log is full"), said
    assert len(small.fixes()) <= acknowledged == small.records().kind.tolist().count(0) - 1  # one record is the registration
    terminal.say(location(1))
    assert terminal.hear(0.5) is None
    stranger.say(Registration(52, 100, "70111", "TEST", "0000001", 2, "贵A54321"))
    assert stranger.hear(0.5) is None
    terminal.say(Heartbeat())
    assert terminal.hear().result == 0, "heartbeats promise no storage"
    assert acknowledged == small.records().kind.tolist().count(0) - 1
    until(lambda: small.sample("ingest_refused_total", reason="log") > 0 and small.sample("ingest_log_taking") == 0, 5)

    settings = LogSettings(path=small.folder / "spool", segment_mib=1, keep_h=0)
    reader = SpoolReader(settings.path, "pipeline", settings)
    reader.commit(reader.read({}, 1_000_000, 50).next)
    assert reader.trim() > 0
    reader.close()
    until(small.ready, 10)
    terminal.say(location(2))
    assert terminal.hear().result == 0
    stranger.log_in()
    for one in (terminal, stranger):
        one.close()
