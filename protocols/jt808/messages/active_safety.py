"""Alarm attachments of active safety (主动安全), T/JSATL 12-2017 4.5 and 4.6; the alarm identifier differs by province."""

from __future__ import annotations

from protocols.definition import DOWN, NO_ANSWER, UP, structure
from protocols.fields import code, nested, of_kind, raw, repeat, sized, text, u8, u16, u32
from protocols.jt808.alarm_tables import FILE_KINDS, FINISHED, UPLOAD_KINDS
from protocols.jt808.messages.video import EDITIONS
from protocols.jt808.registry import message
from protocols.kinds.alarm_id import AlarmId, AlarmIdentifier, AlarmTerminalCode

ALARM_NUMBER_BYTES = 32
"""Size of the number that the platform gives to an alarm."""


@message(0x9208, en="alarm attachment upload order", zh="报警附件上传指令", way=DOWN, clause="T/JSATL 12-2017 4.5", versions=EDITIONS)
class AttachmentOrder:
    """Send the attachments of an alarm to a server; a port of 0 is not used."""

    server: str = text(sized(1), en="server address", zh="服务器IP地址")
    tcp_port: int = u16(en="TCP port", zh="TCP端口")
    udp_port: int = u16(en="UDP port", zh="UDP端口")
    identifier: AlarmIdentifier = of_kind(AlarmId(), en="alarm identifier", zh="报警标识号")
    alarm_number: str = code(ALARM_NUMBER_BYTES, en="alarm number of the platform", zh="报警编号")
    reserved: bytes = raw(16, zh="预留", default=bytes(16))


@structure(en="attachment", zh="附件信息")
class Attachment:
    """One file of an alarm."""

    name: str = text(sized(1), en="file name", zh="文件名称")
    size: int = u32(en="size", zh="文件大小", unit="B")


@message(0x1210, en="alarm attachment information", zh="报警附件信息消息", way=UP, clause="T/JSATL 12-2017 4.6.1", versions=EDITIONS)
class AttachmentList:
    """Which files of an alarm will come on this link; `terminal_code` is "" where the province has none before the identifier."""

    terminal_code: str = of_kind(AlarmTerminalCode(), zh="终端ID")
    identifier: AlarmIdentifier = of_kind(AlarmId(), en="alarm identifier", zh="报警标识号")
    alarm_number: str = code(ALARM_NUMBER_BYTES, en="alarm number of the platform", zh="报警编号")
    kind: int = u8(en="kind of list", zh="信息类型", names=UPLOAD_KINDS)
    attachments: tuple[Attachment, ...] = repeat(count=u8(), of=nested(Attachment), zh="附件信息列表")


@message(0x1211, en="attachment file information", zh="文件信息上传", way=UP, clause="T/JSATL 12-2017 4.6.2", versions=EDITIONS)
class FileStart:
    """A file comes next."""

    name: str = text(sized(1), en="file name", zh="文件名称")
    kind: int = u8(en="kind of file", zh="文件类型", names=FILE_KINDS)
    size: int = u32(en="size", zh="文件大小", unit="B")


@message(
    0x1212, en="attachment file finished", zh="文件上传完成消息", way=UP, clause="T/JSATL 12-2017 4.6.4", answer=0x9212, versions=EDITIONS
)
class FileEnd:
    """All of a file was sent."""

    name: str = text(sized(1), en="file name", zh="文件名称")
    kind: int = u8(en="kind of file", zh="文件类型", names=FILE_KINDS)
    size: int = u32(en="size", zh="文件大小", unit="B")


@structure(en="missing range", zh="补传数据包")
class MissingRange:
    """Bytes of a file that did not come."""

    offset: int = u32(zh="数据偏移量", unit="B")
    length: int = u32(zh="数据长度", unit="B")


@message(
    0x9212, en="attachment file finished reply", zh="文件上传完成消息应答", way=DOWN, clause="T/JSATL 12-2017 4.6.5", answer=NO_ANSWER,
    versions=EDITIONS,
)  # fmt: skip
class FileVerdict:
    """Done, or what is to be sent again."""

    name: str = text(sized(1), en="file name", zh="文件名称")
    kind: int = u8(en="kind of file", zh="文件类型", names=FILE_KINDS)
    result: int = u8(zh="上传结果", names=FINISHED)
    missing: tuple[MissingRange, ...] = repeat(count=u8(), of=nested(MissingRange), zh="补传数据包列表", default=())
