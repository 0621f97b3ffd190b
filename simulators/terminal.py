"""A terminal on a real TCP socket: dials, loses, dials again; its protocol is `simulators.session`."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from dataclasses import dataclass
from random import Random

from simulators.attachment_socket import Courier
from simulators.faults import FrameFaults, Piece
from simulators.link_state import State
from simulators.outbox import Fix
from simulators.session import Session
from simulators.truth import TruthWriter

_CONNECT_S = 10.0
_ABANDONED_S = 45.0
"""A socket left half open by a reconnect is closed after this."""
_RESET_S = 0.2
"""A terminal that is told to reset is away for so long."""


@dataclass(frozen=True, slots=True)
class Dialling:
    """Where to, and how long to wait between attempts: from first_s, doubled up to most_s, each times 0.5 to 1.5."""

    host: str
    port: int
    first_s: float = 0.5
    most_s: float = 15.0


def monotonic_ms() -> int:
    """Milliseconds of a clock that never goes back."""
    return time.monotonic_ns() // 1_000_000


class _Link(asyncio.Protocol):
    """One socket. `terminal` is None once the terminal has left it."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal: Terminal | None = terminal
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self.terminal is not None:
            self.terminal.opened(self)

    def data_received(self, data: bytes) -> None:
        if self.terminal is not None:
            self.terminal.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.terminal is not None:
            self.terminal.lost()

    def pause_writing(self) -> None:
        if self.terminal is not None:
            self.terminal.session.writable = False

    def resume_writing(self) -> None:
        if self.terminal is not None:
            self.terminal.session.writable = True


class Terminal:
    """One terminal and its present socket.

    Args:
        session: its protocol.
        dialling: where to.
        faults: spoils its frames.
        truth: where acknowledgements are written; None for nowhere.
        random: waits of this terminal.

    Attributes:
        acknowledged: fixes acknowledged so far.
        counts: what happened on its sockets, by word.
    """

    def __init__(self, session: Session, dialling: Dialling, faults: FrameFaults, truth: TruthWriter | None, random: Random) -> None:
        self.session = session
        session.wall_offset_ms = time.time_ns() // 1_000_000 - monotonic_ms()
        self.acknowledged = 0
        self.counts: Counter[str] = Counter()
        self._courier = Courier(session, self.counts, random)
        self._dialling = dialling
        self._faults = faults
        self._truth = truth
        self._random = random
        self._link: _Link | None = None
        self._gone: asyncio.Future[None] | None = None
        self._pieces: deque[Piece] = deque()
        self._pump: asyncio.TimerHandle | None = None
        self._abandoned: deque[tuple[asyncio.TimerHandle, asyncio.Transport]] = deque(maxlen=8)
        self._outage_s = 0.0
        self._stopping = False

    @property
    def online(self) -> bool:
        """True while authenticated."""
        return self.session.state is State.ONLINE

    async def run(self, delay_s: float = 0.0) -> None:
        """Keep a link until cancelled: dial after `delay_s`, again after every loss."""
        await asyncio.sleep(delay_s)
        attempt = 0
        loop = asyncio.get_running_loop()
        while not self._stopping:
            self._gone = loop.create_future()
            self._outage_s = 0.0
            try:
                async with asyncio.timeout(_CONNECT_S):
                    await loop.create_connection(lambda: _Link(self), self._dialling.host, self._dialling.port)
                logins = self.session.counts["logins"]
                await self._gone
                attempt = 0 if self.session.counts["logins"] > logins else attempt + 1
            except OSError:
                self._leave()
                self.counts["unreachable"] += 1
                attempt += 1
            if not self._stopping:
                await asyncio.sleep(self._outage_s or self._wait_s(attempt))

    def _wait_s(self, attempt: int) -> float:
        if attempt == 0:
            return self._random.uniform(0.02, 0.3)
        wait = min(self._dialling.most_s, self._dialling.first_s * 2.0 ** min(attempt - 1, 20))
        return wait * self._random.uniform(0.5, 1.5)

    def opened(self, link: _Link) -> None:
        """A socket is open: log in over it."""
        if self._stopping and link.transport is not None:
            link.terminal = None
            link.transport.abort()
            return
        self._link = link
        self.session.connected(monotonic_ms())
        self.flush()

    def received(self, data: bytes) -> None:
        """Bytes from the platform: what they acknowledge is written down before anything else happens."""
        acks = self.session.receive_data(data, monotonic_ms())
        if acks:
            self.acknowledged += sum(len(ack.rows) for ack in acks)
            if self._truth is not None:
                self._truth.acknowledged([(ack.rows, ack.message_id, ack.serial) for ack in acks], time.time_ns() // 1_000_000)
        self.flush()

    def lost(self) -> None:
        """The socket is closed by the peer or the network."""
        self._leave()

    def report(self, fix: Fix, body_xor: int) -> None:
        """Say one fix, or keep it for later."""
        self.session.report(fix, body_xor, monotonic_ms())
        self.flush()

    def tick(self) -> None:
        """Once a second: repeats, heartbeat, uploads, frames that were held back."""
        self.session.tick(monotonic_ms())
        late = self._faults.flush()
        if late:
            self._write(0.0, late)
        self.flush()

    def lose(self, outage_s: float) -> None:
        """Fault: the link drops without a goodbye and stays away for a while."""
        if self._link is not None and self._link.transport is not None:
            self._outage_s = outage_s
            self._link.transport.abort()
            self._leave()

    def leave_half_open(self) -> None:
        """Fault: dial anew and leave the old socket open, deaf to what comes over it."""
        if self._link is None or self._link.transport is None:
            return
        transport = self._link.transport
        self._abandoned.append((asyncio.get_running_loop().call_later(_ABANDONED_S, transport.abort), transport))
        self._leave()

    def stop(self) -> None:
        """Close every socket; call it after `run` was cancelled."""
        self._stopping = True
        self._courier.stop()
        for timer, transport in self._abandoned:
            timer.cancel()
            transport.abort()
        if self._link is not None and self._link.transport is not None:
            self._link.transport.close()
        self._leave()

    def _leave(self) -> None:
        """Forget the present socket; whatever it still holds is no longer ours."""
        if self._link is not None:
            self._link.terminal = None
            self._link = None
        self._pieces.clear()
        self._faults.forget()
        if self._pump is not None:
            self._pump.cancel()
            self._pump = None
        self.session.disconnected()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    def flush(self) -> None:
        """Write what the session has queued; close the link when it asks for it."""
        frames = self.session.data_to_send()
        if frames and not self._faults.active:
            self._write(0.0, b"".join(frames))
        elif frames:
            for wait_s, part in self._faults.pieces(frames):
                self._write(wait_s, part)
        if self.session.closing is not None and self._link is not None:
            self.counts[f"closed_{self.session.closing}"] += 1
            if self._link.transport is not None:
                self._link.transport.close()
            self._leave()
        self._courier.look()
        if self.session.equipment.resetting and self._link is not None:
            self.session.equipment.resetting = False
            self.counts["resets"] += 1
            self.lose(_RESET_S)

    def _write(self, wait_s: float, part: bytes) -> None:
        """Write a piece, behind those that still wait for their moment."""
        if self._pieces or wait_s > 0:
            self._pieces.append((wait_s, part))
            if self._pump is None:
                self._pump = asyncio.get_running_loop().call_later(self._pieces[0][0], self._next_piece)
        elif self._link is not None and self._link.transport is not None:
            self._link.transport.write(part)

    def _next_piece(self) -> None:
        self._pump = None
        while self._pieces:
            _, part = self._pieces.popleft()
            if self._link is not None and self._link.transport is not None:
                self._link.transport.write(part)
            if self._pieces and self._pieces[0][0] > 0:
                self._pump = asyncio.get_running_loop().call_later(self._pieces[0][0], self._next_piece)
                return
