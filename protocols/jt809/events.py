"""What a link tells its door. Events are frozen and carry what an answer needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from protocols.anomaly import Anomaly
from protocols.jt809.envelope import Subject
from protocols.jt809.header import Header
from protocols.jt809.messages.links import Login


class Role(StrEnum):
    """Which platform we are."""

    SUPERIOR = "superior"
    SUBORDINATE = "subordinate"


class Channel(StrEnum):
    """The main link, dialled by the subordinate platform, and the sub link, dialled back."""

    MAIN = "main"
    SUB = "sub"


SUPERIOR, SUBORDINATE = Role.SUPERIOR, Role.SUBORDINATE
MAIN, SUB = Channel.MAIN, Channel.SUB


@dataclass(frozen=True, slots=True)
class Dial:
    """Open a connection now; `host` and `port` are those of 0x1001 for the sub link, empty for the main link."""

    channel: Channel
    host: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True)
class LoginAsked:
    """A subordinate platform wants in: the door answers with `Link.admit`."""

    login: Login
    header: Header


@dataclass(frozen=True, slots=True)
class LineUp:
    """A channel is logged in."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class LineDown:
    """A channel is gone, and must be closed where it is not.

    `sure_ms` is when the last link test left that was answered: all that went out before it has arrived. None for none.
    """

    channel: Channel
    reason: str
    sure_ms: int | None = None


@dataclass(frozen=True, slots=True)
class MessageIn:
    """A message; `answers` is the serial of our order that it answers, None where it answers none."""

    channel: Channel
    header: Header
    message: Any
    subject: Subject | None
    raw: bytes
    anomalies: tuple[Anomaly, ...]
    answers: int | None = None


@dataclass(frozen=True, slots=True)
class AnomalyEvent:
    """A frame that is not taken, or one that nobody understands; `header` is None when there is none."""

    channel: Channel
    header: Header | None
    anomalies: tuple[Anomaly, ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Counted:
    """The other side's number of positions between two times, and ours."""

    theirs: int
    ours: int
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Serials `first` to `last` of the other side did not come; they were asked for again."""

    channel: Channel
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Repeated:
    """The other side missed messages: `sent` of them went out again, `gone` are no longer kept."""

    sent: int
    gone: int


Event: TypeAlias = Dial | LoginAsked | LineUp | LineDown | MessageIn | AnomalyEvent | Counted | Gap | Repeated
