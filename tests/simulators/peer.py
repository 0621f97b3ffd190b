"""A small platform on a real socket, with moods: it may drop, delay, repeat, refuse or lose its answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, Self

from protocols.jt808.codec import Examined, encode, examine
from protocols.jt808.framing import Splitter
from protocols.jt808.messages.location import Location, LocationBatch, LocationReply
from protocols.jt808.messages.registration import Authentication, Registration, RegistrationReply
from protocols.jt808.messages.session import PlatformReply, ServerTime, TerminalReply, TimeRequest


@dataclass
class Mood:
    """Shares of answers dropped and repeated; seconds an answer is held; results that positions get; parts to forget."""

    drop: float = 0.0
    repeat: float = 0.0
    delay_s: float = 0.0
    result: int = 0
    mute_positions: bool = False
    refuse_auth: int = 0
    forget_first_part: bool = False


@dataclass
class Peer:
    """Keeps every readable position under (terminal id without zeros, time) and answers by its mood."""

    mood: Mood = field(default_factory=Mood)
    seed: int = 1

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.kept: dict[tuple[str, int], Location] = {}
        self.counts: Counter[str] = Counter()
        self.conflicts = 0
        self.replies: list[Any] = []
        self.links: dict[str, asyncio.StreamWriter] = {}
        self.frames: list[bytes] = []
        self.parts: dict[tuple[str, int], dict[int, bytes]] = {}
        self._serial = 0
        self._changed = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shut()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Stop listening and cut every link."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    async def until(self, message_id: str, count: int) -> None:
        """Wait for so many frames of a message, given as four hexadecimal digits."""
        while self.counts[message_id] < count:
            self._changed.clear()
            await self._changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.counts["accepted"] += 1
        splitter = Splitter()
        try:
            while data := await reader.read(65_536):
                for run in splitter.feed(data):
                    self._take(run, writer)
        except ConnectionError:
            self.counts["reset"] += 1
        finally:
            self._writers.discard(writer)
            self._serving.discard(task)
            writer.close()

    def _take(self, run: bytes, writer: asyncio.StreamWriter) -> None:
        seen = examine(run)
        header = seen.header
        if header is None or any(found.drop and found.code != "unknown_message" for found in seen.anomalies):
            self.counts["broken"] += 1
            return
        self.frames.append(run)
        self.counts[f"{header.message_id:04x}"] += 1
        self._changed.set()
        if header.package_total is not None:
            self._part(seen, writer)
            return
        match seen.message:
            case Registration():
                self.say(writer, seen, RegistrationReply(header.serial, 0, f"code-{header.terminal_id.lstrip('0')}"))
            case Authentication(code):
                result = 0 if code == f"code-{header.terminal_id.lstrip('0')}" else 1
                if self.mood.refuse_auth:
                    self.mood.refuse_auth -= 1
                    result = 1
                self.links[header.terminal_id.lstrip("0")] = writer
                self.say(writer, seen, PlatformReply(header.serial, header.message_id, result))
            case Location() | LocationBatch():
                self._positions(seen, seen.message, writer)
            case TimeRequest():
                self.say(writer, seen, ServerTime(1_700_000_000_000))
            case TerminalReply() | LocationReply():
                self.replies.append(seen.message)
            case _:
                self.say(writer, seen, PlatformReply(header.serial, header.message_id, 0))

    def _positions(self, seen: Examined, message: Any, writer: asyncio.StreamWriter) -> None:
        header = seen.header
        assert header is not None
        if self.mood.result == 0:
            self.keep(header.terminal_id.lstrip("0"), message)
        if self.mood.mute_positions or self.random.random() < self.mood.drop:
            self.counts["dropped_answers"] += 1
            return
        answer = PlatformReply(header.serial, header.message_id, self.mood.result)
        for _ in range(2 if self.random.random() < self.mood.repeat else 1):
            if self.mood.delay_s:
                asyncio.get_running_loop().call_later(self.random.uniform(0, self.mood.delay_s), self.say, writer, seen, answer)
            else:
                self.say(writer, seen, answer)

    def keep(self, terminal: str, message: Location | LocationBatch) -> None:
        items = [message] if isinstance(message, Location) else [item for item in message.locations if item is not None]
        for item in items:
            assert item.time_ms is not None
            old = self.kept.setdefault((terminal, item.time_ms), item)
            self.conflicts += old != item

    def _part(self, seen: Examined, writer: asyncio.StreamWriter) -> None:
        """Packets of a 0x0704: acknowledge each, put the whole together."""
        header = seen.header
        assert header is not None and header.package_total is not None and header.package_index is not None
        first = (header.serial - header.package_index + 1) & 0xFFFF
        if self.mood.forget_first_part and header.package_index == 1:
            self.mood.forget_first_part = False
            self.counts["forgotten_parts"] += 1
            return
        parts = self.parts.setdefault((header.terminal_id, first), {})
        parts[header.package_index] = seen.body
        self.say(writer, seen, PlatformReply(header.serial, header.message_id, 0))
        if len(parts) == header.package_total:
            body = b"".join(parts[index] for index in sorted(parts))
            at = 3
            while at < len(body):
                size = int.from_bytes(body[at : at + 2], "big")
                frame = b"\x02\x00" + size.to_bytes(2, "big") + bytes(8) + body[at + 2 : at + 2 + size]
                xor = 0
                for value in frame:
                    xor ^= value
                escaped = (frame + bytes((xor,))).replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")
                item = examine(escaped).message
                assert isinstance(item, Location)
                self.keep(header.terminal_id.lstrip("0"), item)
                at += 2 + size

    def say(self, writer: asyncio.StreamWriter, seen: Examined, message: Any) -> None:
        header = seen.header
        assert header is not None
        self.command(header.terminal_id, header.version, writer, message)

    def command(self, terminal_id: str, version: str, writer: asyncio.StreamWriter, message: Any) -> None:
        """Send a message to a terminal."""
        self._serial = (self._serial + 1) & 0xFFFF
        if not writer.is_closing():
            writer.write(encode(message, terminal_id=terminal_id, serial=self._serial, version=version))
