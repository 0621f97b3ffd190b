"""Commands from the database to terminals over real sockets, and what becomes of them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingest import command_store
from ingest.gateway.worker import Place
from protocols.jt808.codec import examine
from protocols.jt808.messages.control import LocationQuery, TrackingControl
from protocols.jt808.messages.location import LocationReply
from protocols.jt808.messages.parameters import ParametersReply
from protocols.jt808.messages.session import PlatformReply, TerminalReply
from protocols.jt808.messages.text import TextDown
from runtime.gateway import follower
from storage import terminal_commands
from storage.pool import connect
from storage.terminal_commands import Command
from tests.fixtures.office import open_office
from tests.ingest.gateway.conftest import RunningGateway, TerminalClient, location

Connection = psycopg.Connection[Any]
TEXT = {"flag_bits": 4, "text_type": 1, "text": "前方拥堵"}
NUMBER = "13800000001"


class Office:
    """Who asks for commands, as the API's role does."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    def ask(self, message_id: int, fields: dict[str, Any], terminal: str = NUMBER, hours: float = 24.0) -> int:
        expires = datetime.now(UTC) + timedelta(hours=hours)
        with self.conn.transaction():
            return terminal_commands.ask(self.conn, terminal, message_id, fields, expires_at=expires, asked_by="office")

    def seen(self, command_id: int) -> Command:
        found = terminal_commands.one(self.conn, command_id)
        assert found is not None
        return found

    def until(self, command_id: int, state: str) -> Command:
        deadline = time.monotonic() + 20
        while (found := self.seen(command_id)).state != state:
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        return found


@pytest.fixture
def office(dsn: str) -> Iterator[Office]:
    with open_office(dsn) as conn:
        yield Office(conn)


@pytest.fixture
def followed(dsn: str) -> Iterator[Callable[[RunningGateway], None]]:
    threads = []

    def follow(gateway: RunningGateway) -> None:
        threads.append(follower(gateway.worker, dsn))
        threads[-1].start()

    yield follow
    for thread in threads:
        thread.stop()


@pytest.fixture
def terminal(gateway: RunningGateway, followed: Callable[[RunningGateway], None], dial: Callable[..., TerminalClient]) -> TerminalClient:
    followed(gateway)
    one: TerminalClient = dial()
    one.log_in()
    return one


def sent_serial(gateway: RunningGateway) -> int:
    """Serial of the frame that a terminal was sent last."""
    return int(gateway.worker.links.serials[gateway.worker.links.live()[0].slot]) - 1


def heard_serials(terminal: TerminalClient) -> list[int]:
    """Serials of a text and of a question for parameters, heard in either order."""
    headers = [header for frame in (terminal.hear_frame(), terminal.hear_frame()) if frame and (header := examine(frame).header)]
    return [header.serial for header in sorted(headers, key=lambda header: -header.message_id)]


def test_a_text_is_sent_and_done_when_the_terminal_says_so(gateway: RunningGateway, terminal: TerminalClient, office: Office) -> None:
    number = office.ask(0x8300, TEXT)
    assert terminal.hear() == TextDown(4, None, "前方拥堵")  # a terminal of 2013 has no type of text
    office.until(number, "sent")
    terminal.say(TerminalReply(sent_serial(gateway), 0x8300, 0))
    done = office.until(number, "done")
    assert (done.result, done.attempts, done.asked_by, done.reason) == (0, 1, "office", "")
    assert gateway.counted("commands", "done") == 1


def test_an_answer_of_its_own_is_kept(gateway: RunningGateway, terminal: TerminalClient, office: Office) -> None:
    number = office.ask(0x8201, {})
    assert terminal.hear() == LocationQuery()
    terminal.say(LocationReply(sent_serial(gateway), location(7)))
    done = office.until(number, "done")
    assert done.answer is not None and done.answer["location"]["latitude_e6"] == location(7).latitude_e6
    assert terminal.hear() is not None  # the position in it is stored and acknowledged like any other
    assert len(gateway.frames()) >= 2


def test_a_refusal_and_a_message_that_fits_no_form_have_their_reasons(
    gateway: RunningGateway, terminal: TerminalClient, office: Office
) -> None:
    number = office.ask(0x8202, {"interval_s": 5, "valid_s": 60})
    assert terminal.hear() == TrackingControl(5, 60)
    terminal.say(TerminalReply(sent_serial(gateway), 0x8202, 3))
    failed = office.until(number, "failed")
    assert failed.result == 3 and "does not support" in failed.reason
    assert "colour" in office.until(office.ask(0x8300, {**TEXT, "colour": 1}), "failed").reason
    assert "text" in office.until(office.ask(0x8300, {"flag_bits": 4, "text": "💥"}), "failed").reason
    assert terminal.hear(0.3) is None


def test_one_of_a_kind_is_open_and_the_next_waits_its_turn(gateway: RunningGateway, terminal: TerminalClient, office: Office) -> None:
    first, second = office.ask(0x8300, TEXT), office.ask(0x8300, {**TEXT, "text": "后续"})
    assert terminal.hear().text == "前方拥堵"
    office.until(first, "sent")
    assert terminal.hear(0.8) is None
    terminal.say(TerminalReply(sent_serial(gateway), 0x8300, 0))
    office.until(first, "done")
    assert terminal.hear().text == "后续"
    terminal.say(TerminalReply(sent_serial(gateway), 0x8300, 0))
    assert office.until(second, "done").attempts == 1


def test_who_is_off_line_hears_it_after_the_next_login(
    gateway: RunningGateway, followed: Callable[[RunningGateway], None], dial: Callable[..., TerminalClient], office: Office
) -> None:
    followed(gateway)
    number = office.ask(0x8300, TEXT)
    late = office.ask(0x8300, {**TEXT, "text": "过期"}, hours=-1.0)
    time.sleep(0.6)
    assert office.seen(number).state == "queued" and office.seen(number).attempts == 0
    one = dial()
    one.log_in()
    assert one.hear().text == "前方拥堵"
    one.say(TerminalReply(sent_serial(gateway), 0x8300, 0))
    office.until(number, "done")
    assert one.hear(0.5) is None and office.seen(late).state in ("queued", "expired")


def test_a_command_moves_to_the_next_link_once_and_then_is_given_up(
    gateway: RunningGateway, terminal: TerminalClient, dial: Callable[..., TerminalClient], office: Office
) -> None:
    number = office.ask(0x8300, TEXT)
    assert terminal.hear() is not None
    code = gateway.worker.registrar.code_for(NUMBER)
    second = dial()
    assert second.authenticate(code).result == 0  # takes the terminal over: the older link is closed
    assert second.hear().text == "前方拥堵"
    assert office.until(number, "sent").attempts == 2
    second.close()
    given_up = office.until(number, "expired")
    assert given_up.attempts == 2


def test_the_worker_that_has_the_terminal_sends_it(
    start_gateway: Callable[..., RunningGateway], followed: Callable[[RunningGateway], None], dial: Callable[..., TerminalClient],
    office: Office, tmp_path: Path,
) -> None:  # fmt: skip
    shared = tmp_path / "shared"
    workers = [start_gateway(folder=shared, place=Place(number, 2, shared)) for number in range(2)]
    for worker in workers:
        followed(worker)
    terminals = [dial("013800000001", to=workers[0]), dial("013800000002", to=workers[1])]
    numbers = []
    for terminal in terminals:
        terminal.log_in()
        numbers.append(office.ask(0x8300, TEXT, terminal.terminal_id.lstrip("0")))
    for terminal, worker, number in zip(terminals, workers, numbers, strict=True):
        assert terminal.hear().text == "前方拥堵"
        terminal.say(TerminalReply(sent_serial(worker), 0x8300, 0))
        assert office.until(number, "done").attempts == 1


def test_what_a_dead_gateway_left_is_sent_again_once(dsn: str, office: Office) -> None:
    number = office.ask(0x8300, TEXT)
    with connect(dsn, "ingest") as conn:
        assert command_store.admit(conn) == [NUMBER]
        for attempt in (1, 2):
            assert [one.command_id for one in command_store.claim(conn, [NUMBER], "1/0")] == [number]
            assert command_store.claim(conn, [NUMBER], "1/1") == []
            assert command_store.sweep(conn) == []
            conn.execute("update terminal_command set sent_at = now() - interval '11 minutes'")
            assert command_store.sweep(conn) == [NUMBER]
            assert terminal_commands.one(conn, number).state == ("queued" if attempt == 1 else "expired")  # type: ignore[union-attr]
        told = conn.execute("select payload from outbox where topic = 'terminal.answer'").fetchall()
        assert [row[0]["state"] for row in told] == ["expired"]


def test_an_answer_that_comes_too_late_is_counted_and_ends_no_other_command(
    gateway: RunningGateway, followed: Callable[[RunningGateway], None], dial: Callable[..., TerminalClient], office: Office
) -> None:
    gateway.worker.limits = replace(gateway.worker.limits, wait_ms=2_000, repeats=0)
    followed(gateway)
    terminal = dial()
    terminal.log_in()
    given_up = [office.ask(0x8300, TEXT), office.ask(0x8104, {})]
    late = heard_serials(terminal)
    for number in given_up:
        assert "did not answer" in office.until(number, "expired").reason
    again = [office.ask(0x8300, TEXT), office.ask(0x8104, {})]
    serials = heard_serials(terminal)
    terminal.say(TerminalReply(late[0], 0x8300, 1))
    terminal.say(ParametersReply(late[1], ()))
    assert isinstance(terminal.hear(), PlatformReply)  # a list of parameters is stored and acknowledged though nobody waits for it
    assert gateway.counted("commands", "late") == 2 and gateway.counted("commands", "done") == 0
    terminal.say(TerminalReply(serials[0], 0x8300, 0))
    terminal.say(ParametersReply(serials[1], ()))
    assert [office.until(number, "done").result for number in again] == [0, 0]
    assert [office.seen(number).state for number in given_up] == ["expired", "expired"]


def test_the_command_line_asks_waits_and_lists(gateway: RunningGateway, terminal: TerminalClient, dsn: str, tmp_path: Path) -> None:
    def cuntong(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "runtime.cli", "command", *words]
        told = {**os.environ, "CUNTONG_DATABASE_URL": dsn, "CUNTONG_DATA": str(tmp_path)}
        return subprocess.run(command, env=told, capture_output=True, text=True, timeout=60, check=False)

    answering = threading.Thread(target=lambda: _agree(gateway, terminal))
    answering.start()
    asked = cuntong("send", f"0{NUMBER}", "0x8300", "--field", "flag_bits=4", "--field", "text=前方拥堵", "--wait", "30")
    answering.join()
    assert asked.returncode == 0 and "done" in asked.stdout, asked
    assert "0x8300  done" in cuntong("list", NUMBER).stdout
    wrong = cuntong("send", NUMBER, "0x8300", "--field", "flag_bits=4")
    assert wrong.returncode == 1 and "text: missing" in wrong.stderr and "Traceback" not in wrong.stderr
    assert '"flag_bits"' in cuntong("form", "0x8300").stdout


def _agree(gateway: RunningGateway, terminal: TerminalClient) -> None:
    assert terminal.hear(40.0) is not None
    terminal.say(TerminalReply(sent_serial(gateway), 0x8300, 0))
