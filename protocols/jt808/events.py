"""What a connection tells its door. Events are frozen and carry what an answer needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from protocols.anomaly import Anomaly
from protocols.jt808.header import Header
from protocols.jt808.messages.location import Location, LocationBatch, LocationReply
from protocols.jt808.pending import Pending
from protocols.jt808.reassembly import Assembly


@dataclass(frozen=True, slots=True)
class MessageIn:
    """A message, or one packet of a longer message that is not whole yet: then `message` is None.

    The packet that completes a message carries it. `result` is what the general reply must say once the append is durable.
    """

    header: Header
    message: Any
    raw: bytes
    anomalies: tuple[Anomaly, ...]
    result: int = 0


@dataclass(frozen=True, slots=True)
class MediaIn(MessageIn):
    """A picture, sound or film, whole: `message` is its `MediaData`. The general way to answer it gives 0x8800."""


@dataclass(frozen=True, slots=True)
class RepeatedIn(MessageIn):
    """A packet of multimedia data that are whole already: the terminal missed 0x8800. The general way to answer it gives that again."""

    media_id: int = 0


@dataclass(frozen=True, slots=True)
class Fixes:
    """Positions. `result` is what the general reply must say: 0, or 2 when no fix of it could be read."""

    header: Header
    message: Location | LocationBatch | LocationReply
    raw: bytes
    anomalies: tuple[Anomaly, ...]
    result: int


@dataclass(frozen=True, slots=True)
class AnomalyEvent:
    """A frame that is not taken, or one that nobody understands (`unknown_message`, which does not drop).

    `header` is None when the frame is too short for one; `result` is None when the frame earns no answer.
    """

    header: Header | None
    anomalies: tuple[Anomaly, ...]
    result: int | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class SentenceIn:
    """An ASCII sentence of a maker, without its parentheses: it carries no serial and earns no general reply."""

    text: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A message that is given up: its packets in `missing` never came. `reason` is a code, or why the link closed."""

    message_id: int
    total: int
    first_serial: int
    missing: tuple[int, ...]
    reason: str

    @classmethod
    def of(cls, held: Assembly, reason: str) -> Incomplete:
        """The end of an assembly."""
        message_id, total, first_serial = held.key
        return cls(message_id, total, first_serial, held.missing, str(reason))


@dataclass(frozen=True, slots=True)
class ReplyIn:
    """The answer to a command; `pending.result` is 0 when it was done."""

    pending: Pending
    message: Any


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A command that stayed without an answer through all its repeats."""

    pending: Pending


@dataclass(frozen=True, slots=True)
class Closed:
    """The link must be closed, or is; said exactly once."""

    reason: str


Event: TypeAlias = MessageIn | MediaIn | SentenceIn | Fixes | AnomalyEvent | Incomplete | ReplyIn | TimedOut | Closed


def packet_in(header: Header, raw: bytes, anomalies: tuple[Anomaly, ...], media_id: int | None) -> MessageIn:
    """Event of a packet that completes nothing; media_id: of the whole multimedia data that it repeats a part of, else None."""
    if media_id is None:
        return MessageIn(header, None, raw, anomalies)
    return RepeatedIn(header, None, raw, anomalies, media_id=media_id)
