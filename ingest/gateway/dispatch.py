"""Commands on their way to the terminals of one worker: put on a link, awaited, reported. Lives in the worker's loop."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain.errors import RefusedError
from ingest.command_store import BUSY, DONE, EXPIRED, FAILED, LOST, Claimed, Outcome
from protocols.jt808.events import ReplyIn, TimedOut
from protocols.jt808.forms import as_json, command_of
from protocols.jt808.messages.session import TerminalReply
from protocols.jt808.pending import OPEN, Pending

if TYPE_CHECKING:
    from ingest.gateway.host import Host
    from ingest.gateway.links import Link
    from ingest.gateway.sessions import Session

_REFUSALS = {1: "the terminal failed to do it", 2: "the terminal found the message faulty", 3: "the terminal does not support it"}
"""Results of 0x0001 (JT/T 808-2019 table 4)."""
_MOST_NEWCOMERS = 100_000


class Dispatcher:
    """What a worker sends down, and what came of it.

    Attributes:
        newcomers: terminals that came on line, for who looks for commands that wait; filled here, emptied there.
        outcomes: ends of commands, likewise.
    """

    def __init__(self, worker: Host) -> None:
        self._worker = worker
        self._open: dict[Pending, Claimed] = {}
        self.newcomers: deque[str] = deque(maxlen=_MOST_NEWCOMERS)
        self.outcomes: deque[Outcome] = deque()

    def deliver(self, claims: list[Claimed]) -> None:
        """Put commands on the links of their terminals."""
        for claim in claims:
            found = self._session(claim.terminal_id)
            if found is None:
                self._end(claim, LOST)
                continue
            link, session = found
            connection = session.connection
            claim = replace(claim, edition=connection.version)
            try:
                message = command_of(claim.message_id, claim.fields, connection.profile.name, connection.version)
                pending = connection.send(message, self._worker.now_ms())
            except RefusedError as refused:
                self._end(claim, BUSY if refused.kind == "conflict" else FAILED, reason=str(refused))
                continue
            self._worker.metrics.count("commands", "sent")
            self._worker.desk.flush(link, session)
            if pending.state == OPEN:
                self._open[pending] = claim
            else:
                self._end(claim, DONE)

    def heard(self, event: ReplyIn | TimedOut) -> None:
        """A command has ended."""
        claim = self._open.pop(event.pending, None)
        if claim is None:
            return
        result = event.pending.result
        if isinstance(event, TimedOut):
            self._end(claim, EXPIRED, reason="the terminal did not answer, after all repeats")
        elif isinstance(event.message, TerminalReply):
            self._end(claim, FAILED if result else DONE, result, reason=_REFUSALS.get(result or 0, f"result {result}") if result else "")
        else:
            self._end(claim, DONE, result, answer=as_json(event.message))

    def unclaimed(self, message: Any) -> None:
        """A message that ended no command: counted where it says that it answers one, which came too late for it."""
        if hasattr(message, "reply_serial"):
            self._worker.metrics.count("commands", "late")

    def lost(self, link: Link) -> None:
        """The link is gone, and with it the answers to what was sent on it."""
        for session in (link.sessions or {}).values():
            for pending in session.connection.open_commands():
                claim = self._open.pop(pending, None)
                if claim is not None:
                    self._end(claim, LOST)

    def _session(self, terminal: str) -> tuple[Link, Session] | None:
        link = self._worker.roster.link_of(terminal)
        for session in (link.sessions or {}).values() if link is not None and not link.closing else ():
            if link is not None and session.terminal == terminal:
                return link, session
        return None

    def _end(
        self, claim: Claimed, end: str, result: int | None = None, *, answer: dict[str, object] | None = None, reason: str = ""
    ) -> None:
        self._worker.metrics.count("commands", end)
        self.outcomes.append(Outcome(claim.command_id, claim.terminal_id, end, result, answer, reason, claim.edition))
