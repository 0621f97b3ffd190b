"""Messages of the link itself: general replies, heartbeat, logout, time, missing sub-packets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.errors import WireError
from protocols.anomaly import Code
from protocols.definition import DOWN, NO_ANSWER, UP
from protocols.fields import V2013, V2019, bcd_time, of_kind, u8, u16
from protocols.jt808.registry import message
from protocols.jt808.tables import RESULTS
from protocols.kinds import COUNT, Kind, Part, Spec, leaf, refuse
from protocols.wire import Reader, Writer


@message(0x0001, en="terminal general reply", zh="终端通用应答", way=UP, clause="8.1", answer=NO_ANSWER)
class TerminalReply:
    """What a terminal says to a command without a reply of its own."""

    reply_serial: int = u16(zh="应答流水号")
    reply_id: int = u16(zh="应答ID")
    result: int = u8(zh="结果", names=RESULTS)


@message(0x8001, en="platform general reply", zh="平台通用应答", way=DOWN, clause="8.2", answer=NO_ANSWER)
class PlatformReply:
    """What a platform says to a message without a reply of its own."""

    reply_serial: int = u16(zh="应答流水号")
    reply_id: int = u16(zh="应答ID")
    result: int = u8(zh="结果", names=RESULTS)


@message(0x0002, en="heartbeat", zh="终端心跳", way=UP, clause="8.3")
class Heartbeat:
    """Sign of life; no body."""


@message(0x0003, en="terminal logout", zh="终端注销", way=UP, clause="8.9")
class Logout:
    """The terminal leaves its vehicle; no body."""


@message(0x0004, en="ask server time", zh="查询服务器时间", way=UP, clause="8.4", answer=0x8004, versions=(V2019,))
class TimeRequest:
    """The terminal asks for the time; no body."""


@message(0x8004, en="server time", zh="查询服务器时间应答", way=DOWN, clause="8.5", answer=NO_ANSWER, versions=(V2019,))
class ServerTime:
    """The platform's clock. UTC on the wire, unlike every other time (2019 text)."""

    time_ms: int | None = bcd_time(utc=True, en="time", zh="服务器时间")


@dataclass(frozen=True)
class PacketIndices(Kind):
    """Indices of missing packets with their count before them: u8 to 2013, u16 in 2019.

    On reading parity decides: the count has 1 byte when an odd number of bytes is left, else 2.
    """

    wide: bool = False

    def resolve(self, version: str) -> Kind:
        """This kind in one version."""
        return PacketIndices(version >= V2019)

    def read(self, reader: Reader, field: str) -> tuple[int, ...]:
        """The indices, each u16."""
        wide = reader.left % 2 == 0
        if wide != self.wide:
            reader.context.note(Code.LAYOUT_GUESS, reader.at, field=field, detail=f"count of {1 + wide} bytes by the length of the body")
        count = reader.unsigned(1 + wide, field)
        if 2 * count > reader.left:
            message = f"{count} indices, {reader.left} bytes are left"
            raise WireError(message, code=Code.SHORT_BODY, field=field, offset=reader.at)
        return tuple(reader.unsigned(2, field) for _ in range(count))

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[int, ...]:
        """As `read`, index by index."""
        start = reader.at
        value = self.read(reader, leaf(path))
        first = reader.at - 2 * len(value)
        out.append(Part(start, first, f"{path}.count", len(value), None, COUNT))
        out += [Part(first + 2 * n, first + 2 * n + 2, f"{path}[{n}]", index, spec) for n, index in enumerate(value)]
        return value

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append count and indices."""
        most = 509 if self.wide else 255
        if len(value) > most:
            refuse(field, f"{len(value)} indices where at most {most} fit")
        writer.unsigned(len(value), 1 + self.wide)
        for index in value:
            if not isinstance(index, int) or not 0 <= index <= 0xFFFF:
                refuse(field, f"{index!r} is no packet index")
            writer.unsigned(index, 2)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the list."""
        return {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 0xFFFF}}

    def label(self) -> str:
        """Type as documents print it."""
        return ("WORD" if self.wide else "BYTE") + " × WORD"


@message(
    0x8003,
    en="platform asks for missing sub-packets",
    zh="服务器补传分包请求",
    way=DOWN,
    clause="8.6",
    answer=NO_ANSWER,
    versions=(V2013, V2019),
)
class PacketRequest:
    """Packets of a message that the platform lacks; `first_serial` is the serial of its first packet."""

    first_serial: int = u16(zh="原始消息流水号")
    indices: tuple[int, ...] = of_kind(PacketIndices(), zh="重传包ID列表")


@message(
    0x0005, en="terminal asks for missing sub-packets", zh="终端补传分包请求", way=UP, clause="8.7", answer=NO_ANSWER, versions=(V2019,)
)
class TerminalPacketRequest:
    """Packets of a message that the terminal lacks; `first_serial` is the serial of its first packet."""

    first_serial: int = u16(zh="原始消息流水号")
    indices: tuple[int, ...] = of_kind(PacketIndices(), zh="重传包ID列表")
