"""Commands that wait for their answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.errors import RefusedError
from protocols.definition import NO_ANSWER, Definition
from protocols.jt808.expected import PLATFORM_REPLY, TERMINAL_REPLY, expected
from protocols.jt808.limits import Limits

OPEN, DONE, FAILED, EXPIRED = "open", "done", "failed", "expired"


def expected_reply(definition: Definition) -> int:
    """Id of the answer that a message earns; `NO_ANSWER` when it earns none."""
    return NO_ANSWER if definition.message_id is None else expected(definition.message_id).reply


class Pending:
    """One command on its way.

    Attributes:
        message: what was sent.
        message_id: its id.
        expects: id of the answer; `NO_ANSWER` when none comes, then the state is "done" at once.
        serials: serials of its packets, consecutive.
        frames: its packets as sent.
        state: "open", "done", "failed" (refused by the other side) or "expired".
        result: result of a general reply; None while there is none.
        accepted: True when a general reply came first and the specific one is still due.
        deadline_ms: when it is repeated or given up.
        repeats: repeats so far.
        moved: True when it was taken over from another link.
    """

    __slots__ = (
        "accepted", "deadline_ms", "expects", "frames", "grace", "message", "message_id", "moved", "repeats", "result", "serials",
        "state", "wait_ms",
    )  # fmt: skip

    def __init__(self, message: Any, message_id: int, expects: int, serials: tuple[int, ...], frames: tuple[bytes, ...]) -> None:
        self.message = message
        self.message_id = message_id
        self.expects = expects
        self.serials = serials
        self.frames = frames
        self.state = DONE if expects == NO_ANSWER else OPEN
        self.result: int | None = None
        self.accepted = False
        self.grace: Any = None
        self.repeats = 0
        self.wait_ms = 0
        self.deadline_ms = 0
        self.moved = False


class Commands:
    """Open commands of one link, oldest first."""

    __slots__ = ("_limits", "_one_of_a_kind", "_open")

    def __init__(self, limits: Limits, *, one_of_a_kind: bool) -> None:
        self._limits = limits
        self._one_of_a_kind = one_of_a_kind
        self._open: list[Pending] = []

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Pending]:
        return iter(self._open)

    def check(self, message_id: int) -> None:
        """RefusedError when the link may not have another open command of this id."""
        if len(self._open) >= self._limits.open_commands:
            raise RefusedError(f"{len(self._open)} commands are open on this link", field="message", kind="conflict")
        if self._one_of_a_kind and any(pending.message_id == message_id for pending in self._open):
            raise RefusedError(f"0x{message_id:04X} is open on this link", field="message", kind="conflict")

    def add(self, pending: Pending, now_ms: int) -> None:
        """Wait for the answer of a command just sent."""
        pending.wait_ms = self._limits.wait_ms
        pending.deadline_ms = now_ms + pending.wait_ms
        self._open.append(pending)

    def general(self, reply: Any, now_ms: int) -> Pending | None:
        """Match a general reply by serial, then id. The command that it ends; None when it ends none, see `knows`."""
        pending = self.knows(reply)
        if pending is None:
            return None
        pending.result = reply.result
        if reply.result:
            return self._end(pending, FAILED)
        if pending.expects not in (TERMINAL_REPLY, PLATFORM_REPLY) and not expected(pending.message_id).general_ends:
            pending.accepted = True
            return None
        if reply.reply_serial == pending.serials[-1]:
            return self._end(pending, DONE)
        if pending.grace is None:
            pending.grace = reply
            pending.deadline_ms = now_ms + self._limits.grace_ms
        return None

    def knows(self, reply: Any) -> Pending | None:
        """The open command that a general reply is about; None when there is none."""
        return next(
            (pending for pending in self._open if reply.reply_serial in pending.serials and reply.reply_id == pending.message_id), None
        )

    def specific(self, message_id: int, reply: Any) -> Pending | None:
        """Match a reply of its own by serial where it has one, 0x8800 by its media id, else the oldest command that waits for it."""
        serial, media_id = getattr(reply, "reply_serial", None), getattr(reply, "media_id", None)
        for pending in self._open:
            same = media_id is None or media_id == getattr(pending.message, "media_id", media_id)
            if pending.expects == message_id and same and (serial is None or serial in pending.serials):
                if pending.result is None:
                    pending.result = 0
                return self._end(pending, DONE)
        return None

    def due(self, now_ms: int) -> Iterator[Pending]:
        """Commands whose time has come: "open" ones to be sent again, "done" after their grace, "expired" at last."""
        for pending in [found for found in self._open if found.deadline_ms <= now_ms]:
            if pending.grace is not None:
                yield self._end(pending, DONE)
            elif pending.repeats >= self._limits.repeats:
                yield self._end(pending, EXPIRED)
            else:
                pending.repeats += 1
                pending.wait_ms *= pending.repeats + 1
                pending.deadline_ms = now_ms + pending.wait_ms
                yield pending

    def take(self) -> list[Pending]:
        """Open commands, which no longer wait here."""
        taken, self._open = self._open, []
        return taken

    def replace(self, sent: Pending, waiting: Pending) -> None:
        """Let a command that others hold wait in place of the one that was just sent for it."""
        waiting.serials, waiting.frames = sent.serials, sent.frames
        waiting.wait_ms, waiting.deadline_ms = sent.wait_ms, sent.deadline_ms
        waiting.grace, waiting.repeats, waiting.accepted, waiting.moved = None, 0, False, True
        self._open[self._open.index(sent)] = waiting

    def _end(self, pending: Pending, state: str) -> Pending:
        pending.state = state
        self._open.remove(pending)
        return pending
