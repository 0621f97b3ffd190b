"""Pictures over breaks, on real sockets: a lost answer, packets over a new link and a new gateway, repeats under other serials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from protocols.jt808.messages.multimedia import MediaReply
from protocols.jt808.messages.session import PacketRequest, PlatformReply
from tests.ingest.gateway.conftest import RunningGateway, TerminalClient
from tests.ingest.spooled import rows
from tests.ingest.test_media import PICTURE, SHA, packets, stored, upload

WHOLE = "select sha256, size from multimedia order by received"
PARTS = packets(upload())
ALL = tuple(range(1, len(PARTS) + 1))


@pytest.fixture
def quick(gateway: RunningGateway) -> RunningGateway:
    """It asks for missing packets at its next look, not after five seconds."""
    gateway.worker.limits = replace(gateway.worker.limits, gap_ms=100)
    return gateway


def deliver(terminal: TerminalClient, *parts: bytes) -> list[Any]:
    """Send packets one by one; the answer to each."""
    answers = []
    for part in parts:
        terminal.send(part)
        answers.append(terminal.hear())
    return answers


def acknowledged(answers: list[Any]) -> bool:
    return bool(answers) and all(isinstance(one, PlatformReply) and (one.reply_id, one.result) == (0x0801, 0) for one in answers)


def test_who_missed_the_answer_repeats_a_packet_and_hears_it_again(
    gateway: RunningGateway, dial: Callable[..., TerminalClient], dsn: str
) -> None:
    one = dial()
    one.log_in()
    answers = deliver(one, *PARTS)
    assert acknowledged(answers[:-1]) and answers[-1] == MediaReply(7)
    assert deliver(one, PARTS[-1], PARTS[1]) == [MediaReply(7), MediaReply(7)]
    stored(dsn, gateway.folder)
    assert rows(dsn, WHOLE) == [(SHA, len(PICTURE))]
    one.close()
    again = dial()  # restarted: its serials come round again, and with them packets that were left over
    again.authenticate(gateway.worker.registrar.code_for("13800000001"))
    answers = deliver(again, *packets(upload(PICTURE[::-1], 8)))
    assert acknowledged(answers[:-1]) and answers[-1] == MediaReply(8)
    stored(dsn, gateway.folder)
    assert [size for _, size in rows(dsn, WHOLE)] == [len(PICTURE)] * 2


def test_an_answer_that_was_lost_with_its_link_is_asked_for_by_the_last_packet(
    quick: RunningGateway, dial: Callable[..., TerminalClient], dsn: str
) -> None:
    one = dial()
    code = one.log_in()
    for part in PARTS:
        one.send(part)
    assert len([one.hear() for _ in PARTS]) == len(PARTS)
    one.close()
    stored(dsn, quick.folder)
    again = dial()
    assert again.authenticate(code).result == 0
    assert acknowledged(deliver(again, PARTS[-1]))
    assert again.hear() == PacketRequest(10, ALL[:-1])
    answers = deliver(again, *PARTS[:-1])
    assert acknowledged(answers[:-1]) and answers[-1] == MediaReply(7)
    stored(dsn, quick.folder)
    assert rows(dsn, WHOLE) == [(SHA, len(PICTURE))]


@pytest.mark.parametrize("restarted", [False, True])
def test_packets_go_on_over_a_new_link_and_a_new_gateway(
    quick: RunningGateway, start_gateway: Callable[..., RunningGateway], dial: Callable[..., TerminalClient], dsn: str, restarted: bool
) -> None:
    one = dial()
    code = one.log_in()
    assert acknowledged(deliver(one, *PARTS[:3]))
    one.close()
    gateway = quick
    if restarted:
        stored(dsn, quick.folder)
        quick.stop()
        gateway = start_gateway(folder=quick.folder)
        gateway.worker.limits = replace(gateway.worker.limits, gap_ms=100)
    two = dial(to=gateway)
    assert two.authenticate(code).result == 0
    assert acknowledged(deliver(two, *PARTS[3:]))
    stored(dsn, gateway.folder)
    assert rows(dsn, WHOLE) == [(SHA, len(PICTURE))]  # all that was acknowledged is there, whether or not the terminal answers:
    assert two.hear() == PacketRequest(10, ALL[:3])
    answers = deliver(two, *PARTS[:3])
    assert acknowledged(answers[:-1]) and answers[-1] == MediaReply(7)
    stored(dsn, gateway.folder)
    assert rows(dsn, WHOLE) == [(SHA, len(PICTURE))]


def test_a_repeat_under_another_serial_is_stored_where_it_belongs(
    quick: RunningGateway, dial: Callable[..., TerminalClient], dsn: str, tmp_path: Path
) -> None:
    one = dial()
    one.log_in()
    assert acknowledged(deliver(one, PARTS[0], *PARTS[2:]))
    assert one.hear() == MediaReply(7, (2,))
    assert deliver(one, packets(upload(), first_serial=500)[1]) == [MediaReply(7)]
    stored(dsn, quick.folder)
    assert rows(dsn, WHOLE) == [(SHA, len(PICTURE))]
    assert next((quick.folder / "media").rglob("*.jpg")).read_bytes() == PICTURE
