"""What an attachment session tells its door, and its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from protocols.anomaly import Anomaly
from protocols.jt808.header import Header
from protocols.jt808.messages.active_safety import AttachmentList, FileEnd, FileStart


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """Parameters: files of an alarm, bytes of a file, bytes of junk and silence before the link is closed."""

    files: int = 32
    file_bytes: int = 64 << 20
    junk_bytes: int = 64 << 10
    idle_ms: int = 300_000


DEFAULT_LIMITS = AttachmentLimits()


@dataclass(frozen=True, slots=True)
class ListIn:
    """0x1210: the files of an alarm are announced."""

    header: Header
    message: AttachmentList


@dataclass(frozen=True, slots=True)
class FileIn:
    """0x1211: a file comes next; `stored_name` is safe as a name of a file, and no other file of the link has it."""

    header: Header
    message: FileStart
    stored_name: str


@dataclass(frozen=True, slots=True)
class DataIn:
    """Bytes of a file from `offset` on; some of them may have come before."""

    stored_name: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class EndIn:
    """0x1212: `missing` are the (offset, length) that did not come; empty when the file is whole."""

    header: Header
    message: FileEnd
    stored_name: str
    missing: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class OtherIn:
    """Another message of JT/T 808."""

    header: Header
    message: Any


@dataclass(frozen=True, slots=True)
class Odd:
    """What is not taken; `header` is None where no answer is earned."""

    anomalies: tuple[Anomaly, ...]
    header: Header | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The link must be closed, or is; said exactly once."""

    reason: str


Event: TypeAlias = ListIn | FileIn | DataIn | EndIn | OtherIn | Odd | Ended
