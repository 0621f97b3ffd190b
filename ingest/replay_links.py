"""Recorded frames over sockets: one link a terminal, registered and authenticated by the replayer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import structlog

from ingest.log.record import MQTT
from ingest.replay import Pace
from ingest.replay_sources import Recorded, recorded
from protocols.jt808.codec import encode, examine
from protocols.jt808.framing import MAX_FRAME, Splitter, strip_delimiters, unescape
from protocols.jt808.header import read_header, terminal_key
from protocols.jt808.messages.registration import Authentication, Registration, RegistrationReply
from protocols.jt808.messages.session import PlatformReply

log = structlog.get_logger()

M = TypeVar("M")

_CHUNK = 65_536
_REGISTRATION, _AUTHENTICATION = 0x0100, 0x0102
_SESSION = (_REGISTRATION, _AUTHENTICATION, 0x0003)
"""Messages that the replayer says itself: the recorded codes belong to another platform."""


@dataclass(slots=True)
class Sent:
    """What a replay over sockets came to."""

    terminals: int = 0
    frames: int = 0
    acknowledged: int = 0
    refused: int = 0
    unreadable: int = 0
    failed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Terminal:
    """Frames of one terminal, and how it introduces itself."""

    terminal_id: str
    version: str
    registration: Registration
    frames: list[Recorded] = field(default_factory=list)


def by_terminal(frames: Iterable[Recorded], sent: Sent) -> list[Terminal]:
    """Frames by terminal in order of first appearance; JSON and those without a readable header are counted and left out."""
    terminals: dict[str, Terminal] = {}
    for frame in frames:
        header = None if frame.kind == MQTT else read_header(unescape(strip_delimiters(frame.payload))[0], [])
        if header is None:
            sent.unreadable += 1
            continue
        key = terminal_key(header.terminal_id)
        anonymous = Registration(0, 0, "", "", "", 0, "")
        terminal = terminals.setdefault(key, Terminal(key, header.version, anonymous))
        if header.message_id == _REGISTRATION and isinstance(said := examine(frame.payload).message, Registration):
            terminal.registration = said
        if header.message_id not in _SESSION:
            terminal.frames.append(frame)
    return list(terminals.values())


async def to_gateway(path: Path, address: tuple[str, int], *, speed: float | None, links: int = 500, answer_s: float = 10.0) -> Sent:
    """Send the frames of a source to a gateway, each terminal on a link of its own; returns when all are answered or given up.

    Args:
        speed: see `Pace`; each terminal keeps its own pace.
        links: most links open at a time.
        answer_s: longest wait for an answer.
    """
    sent = Sent()
    gate = asyncio.Semaphore(links)
    terminals = by_terminal(recorded(path), sent)

    async def one(terminal: Terminal) -> None:
        async with gate:
            try:
                await _Link(terminal, sent, answer_s).run(address, Pace(speed))
            except (OSError, TimeoutError, EOFError) as error:
                sent.failed.append(terminal.terminal_id)
                log.warning("replay_link_failed", terminal=terminal.terminal_id, error=repr(error))

    async with asyncio.TaskGroup() as tasks:
        for terminal in terminals:
            tasks.create_task(one(terminal))
    sent.terminals = len(terminals)
    return sent


class _Link:
    """One terminal's socket."""

    def __init__(self, terminal: Terminal, sent: Sent, answer_s: float) -> None:
        self._terminal, self._sent, self._answer_s = terminal, sent, answer_s
        self._splitter = Splitter(MAX_FRAME)
        self._answered = 0
        self._progress = asyncio.Event()

    async def run(self, address: tuple[str, int], pace: Pace) -> None:
        """Introduce the terminal, send its frames, wait for the answers."""
        reader, writer = await asyncio.open_connection(*address)
        try:
            await self._introduce(reader, writer)
            listening = asyncio.create_task(self._listen(reader))
            try:
                await self._send(writer, pace)
                await self._wait_for_answers(listening)
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
        finally:
            writer.close()

    async def _introduce(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        terminal = self._terminal
        writer.write(encode(terminal.registration, terminal_id=terminal.terminal_id, serial=0, version=terminal.version))
        reply = await self._reply(reader, RegistrationReply)
        if reply.result != 0 or reply.auth_code is None:
            raise ConnectionRefusedError(f"registration refused with result {reply.result}")
        imei = ("", "") if terminal.version == "2019" else (None, None)
        writer.write(encode(Authentication(reply.auth_code, *imei), terminal_id=terminal.terminal_id, serial=1, version=terminal.version))
        while (answer := await self._reply(reader, PlatformReply)).reply_id != _AUTHENTICATION:
            pass
        if answer.result != 0:
            raise ConnectionRefusedError(f"authentication refused with result {answer.result}")

    async def _reply(self, reader: asyncio.StreamReader, kind: type[M]) -> M:
        """The next message of a kind; EOFError when the gateway closes, TimeoutError after `answer_s`."""
        async with asyncio.timeout(self._answer_s):
            while True:
                chunk = await reader.read(_CHUNK)
                if not chunk:
                    raise EOFError("the gateway closed the link")
                for run in self._splitter.feed(chunk):
                    message = examine(run).message
                    if isinstance(message, kind):
                        return message

    async def _send(self, writer: asyncio.StreamWriter, pace: Pace) -> None:
        for frame in self._terminal.frames:
            wait_s = pace.due_s(frame)
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            writer.write(frame.payload)
            await writer.drain()
            self._sent.frames += 1

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while chunk := await reader.read(_CHUNK):
            for run in self._splitter.feed(chunk):
                message = examine(run).message
                if isinstance(message, PlatformReply):
                    self._answered += 1
                    if message.result == 0:
                        self._sent.acknowledged += 1
                    else:
                        self._sent.refused += 1
                    self._progress.set()

    async def _wait_for_answers(self, listening: asyncio.Task[None]) -> None:
        """Until every frame is answered; frames that earn no answer end it after `answer_s` without progress."""
        while self._answered < len(self._terminal.frames) and not listening.done():
            self._progress.clear()
            try:
                await asyncio.wait_for(self._progress.wait(), self._answer_s)
            except TimeoutError:
                return
