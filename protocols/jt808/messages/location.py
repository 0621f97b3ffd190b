"""Positions: one, in reply to a query, and in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from domain.errors import WireError
from protocols.anomaly import Code
from protocols.definition import UP, definition_of
from protocols.fields import bcd_time, coordinate, i16, nested, of_kind, raw, rest, u8, u16, u32
from protocols.jt808.extras import Extra, Extras
from protocols.jt808.registry import message
from protocols.jt808.tables import ALARM_BITS, STATUS_BITS
from protocols.kinds import LENGTH, UNREADABLE, Kind, Part, Spec, leaf, refuse, walk
from protocols.wire import Context, Reader, Writer

LATITUDE_LIMIT_E6 = 90_000_000
LONGITUDE_LIMIT_E6 = 180_000_000
SOUTH = 1 << 2
WEST = 1 << 3


@message(0x0200, en="position report", zh="位置信息汇报", way=UP, clause="8.12")
class Location:
    """One fix in wire units.

    Latitude and longitude are unsigned; status bit 2 means south, bit 3 west. `time_ms` is epoch ms UTC, None when the clock's
    digits are no time. `tail` holds what follows the last readable item: from an id 0x00, a truncated item or a single byte on.
    """

    alarm_bits: int = u32(en="alarms", zh="报警标志", bits=ALARM_BITS)
    status_bits: int = u32(en="status", zh="状态", bits=STATUS_BITS)
    latitude_e6: int = coordinate(90, en="latitude", zh="纬度")
    longitude_e6: int = coordinate(180, en="longitude", zh="经度")
    altitude_m: int = i16(en="altitude", zh="高程", unit="m")
    speed_kmh10: int = u16(en="speed", zh="速度", unit="km/h", scale=0.1)
    heading_deg: int = u16(en="heading", zh="方向", unit="°")
    time_ms: int | None = bcd_time(en="time", zh="时间")
    extras: tuple[Extra, ...] = of_kind(Extras(), en="additional items", zh="位置附加信息项列表", default=())
    tail: bytes = raw(rest(), zh="附加信息之后的字节", default=b"")

    @property
    def fault(self) -> Code | None:
        """Why the fix cannot be used: `bad_time` or `out_of_range`; None when it can."""
        if self.time_ms is None:
            return Code.BAD_TIME
        if self.latitude_e6 > LATITUDE_LIMIT_E6 or self.longitude_e6 > LONGITUDE_LIMIT_E6:
            return Code.OUT_OF_RANGE
        return None

    @property
    def signed_e6(self) -> tuple[int, int]:
        """(latitude, longitude) in 1e-6 degree, north and east positive."""
        latitude = -self.latitude_e6 if self.status_bits & SOUTH else self.latitude_e6
        return latitude, -self.longitude_e6 if self.status_bits & WEST else self.longitude_e6


@message(0x0201, en="position (reply to 0x8201)", zh="位置信息查询应答", way=UP, clause="8.24")
class LocationReply:
    """One fix in reply to a query."""

    reply_serial: int = u16(zh="应答流水号")
    location: Location = nested(Location, zh="位置信息汇报")


@dataclass(frozen=True)
class BatchItems(Kind):
    """Positions with a length before each, up to the end. An item that cannot be read is None and noted; the others stand.

    `width` is the size of a length: 2 bytes in 0x0704, 1 in the variant 0x0210.
    """

    width: int = 2

    @property
    def classes(self) -> tuple[Any, ...]:
        """The class of a position."""
        return (Location,)

    def read(self, reader: Reader, field: str) -> tuple[Location | None, ...]:
        """The items in wire order."""
        layout = definition_of(Location).layout(reader.context.version)
        return self._items(reader, field, lambda part, name: layout.read(part))

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Location | None, ...]:
        """As `read`, field by field of every item; bytes that cannot be read are one part."""
        layout = definition_of(Location).layout(reader.context.version)

        def walked(part: Reader, name: str) -> Location:
            out.append(Part(part.at - self.width, part.at, f"{name}.length", part.left, None, LENGTH))
            try:
                found: Location = walk(layout, part, out, f"{name}.")
            except WireError:
                out.append(Part(out[-1].end, part.end, f"{name}.unreadable", part.frame[out[-1].end : part.end], None, UNREADABLE))
                raise
            return found

        items = self._items(reader, leaf(path), walked)
        last = out[-1].end if out else reader.at
        if last < reader.end:
            out.append(Part(last, reader.end, f"{path}.unreadable", reader.frame[last : reader.end], None, UNREADABLE))
        return items

    def _items(self, reader: Reader, field: str, read: Callable[[Reader, str], Location]) -> tuple[Location | None, ...]:
        items: list[Location | None] = []
        while reader.left:
            name, at = f"{field}[{len(items)}]", reader.at
            size = int.from_bytes(reader.frame[at : min(at + self.width, reader.end)], "big")
            if reader.left < self.width + size:
                reader.context.note(Code.TRUNCATED_ITEM, at, field=name, detail=f"{reader.left} bytes do not hold the item")
                reader.at = reader.end
                break
            part = reader.bounded(reader.unsigned(self.width))
            found = reader.context.anomalies
            before = len(found)
            try:
                items.append(read(part, name))
            except WireError as error:
                del found[before:]  # the values of an item that is given up are not judged
                reader.context.note(Code.SHORT_BODY, error.offset, field=error.field, detail=str(error))
                items.append(None)
            found[before:] = [replace(odd, field=f"{name}.{odd.field}") for odd in found[before:]]
        return tuple(items)

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the items, each with its length."""
        layout = definition_of(Location).layout(writer.context.version)
        for number, item in enumerate(value):
            if not isinstance(item, Location):
                refuse(f"{field}[{number}]", f"needs a Location, not {item!r}")
            part = Writer(writer.context)
            layout.write(part, item)
            if len(part.out) >= 1 << 8 * self.width:
                refuse(f"{field}[{number}]", f"{len(part.out)} bytes do not fit a length of {self.width} bytes")
            writer.unsigned(len(part.out), self.width)
            writer.raw(part.out)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the list."""
        return {"type": "array", "items": {"$ref": "#/$defs/Location"}}

    def label(self) -> str:
        """Type as documents print it."""
        return f"({'WORD' if self.width == 2 else 'BYTE'}, position) × n"


@message(0x0704, en="position batch, backfill", zh="定位数据批量上传", way=UP, clause="8.49")
class LocationBatch:
    """Several fixes; `count` is what the terminal says, `locations` what came: None for an item that cannot be read."""

    count: int = u16(zh="数据项个数")
    kind: int = u8(en="kind of batch", zh="位置数据类型", names={0: ("normal batch", "正常位置批量汇报"), 1: ("blind area", "盲区补报")})
    locations: tuple[Location | None, ...] = of_kind(BatchItems(), zh="位置汇报数据项")

    @classmethod
    def of(cls, kind: int, locations: tuple[Location, ...]) -> LocationBatch:
        """A batch whose count is right."""
        return cls(len(locations), kind, locations)

    def judge(self, start: int, context: Context) -> None:
        """Note a count that is not the number of items."""
        if self.count != len(self.locations):
            detail = f"says {self.count}, {len(self.locations)} came"
            context.note(Code.ITEM_COUNT, start, field="count", detail=detail)


def usable_fixes(message: Location | LocationReply | LocationBatch) -> list[tuple[int, Location]]:
    """(place in the message, fix) of the fixes that can be stored; place is 0 outside a batch."""
    if isinstance(message, LocationBatch):
        found = [(place, item) for place, item in enumerate(message.locations) if item is not None]
    else:
        found = [(0, message.location if isinstance(message, LocationReply) else message)]
    return [(place, item) for place, item in found if item.fault is None]
