"""A forwarder: many terminals behind one socket, and what stays of them."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Callable

from ingest.gateway.sessions import Session
from protocols.jt808.codec import encode, examine
from protocols.jt808.messages.registration import Authentication
from tests.ingest.gateway.conftest import RunningGateway, location

TERMINALS, ROUNDS = 150, 8


def _answers(link: socket.socket, count: int) -> int:
    """Wait for so many frames; how many of them say no."""
    data, refused = b"", 0
    link.settimeout(10.0)
    while count:
        while data.count(b"\x7e") < 2:
            data += link.recv(65_536)
        start = data.index(b"\x7e")
        end = data.index(b"\x7e", start + 1)
        refused += examine(data[start : end + 1]).message.result != 0
        data, count = data[end + 1 :], count - 1
    return refused


def test_reconnecting_forwarder_leaves_no_sessions(start_gateway: Callable[..., RunningGateway]) -> None:
    """SmallChi/JT808Gateway#30: sessions of a forwarder's terminals outlived its links, 1,500 terminals had over 100,000."""
    gateway = start_gateway(forwarders=("127.0.0.1/32",))
    numbers = [f"0137{n:08}" for n in range(TERMINALS)]
    codes = [gateway.worker.registrar.code_for(number.lstrip("0")) for number in numbers]
    older: list[socket.socket] = []
    for number_of_round in range(ROUNDS):
        link = socket.create_connection(gateway.address, timeout=10)
        login = [
            encode(Authentication(code, None, None), terminal_id=number, serial=1, version="2013")
            for number, code in zip(numbers, codes, strict=True)
        ]
        link.sendall(b"".join(login))
        assert _answers(link, TERMINALS) == 0
        link.sendall(b"".join(encode(location(number_of_round), terminal_id=number, serial=2, version="2013") for number in numbers))
        assert _answers(link, TERMINALS) == 0
        older.append(link)  # left half open: the new link takes its terminals over
    worker = gateway.worker
    assert sorted(worker.roster.online()) == sorted(number.lstrip("0") for number in numbers)
    deadline = time.monotonic() + 10
    while len(worker.links) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(worker.links) == 1
    assert len(gateway.frames()) == TERMINALS * ROUNDS
    for link in older:
        link.close()
    while (len(worker.links) or len(worker.roster)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(worker.links) == len(worker.roster) == 0
    gc.collect()
    assert sum(isinstance(thing, Session) for thing in gc.get_objects()) < TERMINALS
