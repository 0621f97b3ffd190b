"""Positions between platforms: 36 bytes in 2011; in 2019 a JT/T 808-2019 position and what three platforms say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from domain.errors import WireError
from protocols.definition import definition_of, structure
from protocols.fields import V2011, V2019, calendar_time, code, coordinate, i16, of_kind, u8, u16, u32
from protocols.jt808.messages.location import Location
from protocols.jt808.tables import ALARM_BITS, STATUS_BITS
from protocols.kinds import LENGTH, UNREADABLE, Kind, Nested, Part, Spec, leaf, refuse, walk
from protocols.wire import Reader, Writer

ENCRYPTED = {0: ("clear", "未加密"), 1: ("coordinates encrypted", "已加密")}
SIZE_2011 = 36


@structure(en="position (2011)", zh="车辆定位信息数据体")
class Position2011:
    """One fix in wire units (JT/T 809-2011 4.5.8.1); speed and mileage are whole km/h and km.

    Latitude and longitude are unsigned; status bit 2 means south, bit 3 west. `time_ms` is None when the clock is no time.
    """

    encrypted: int = u8(zh="加密标识", names=ENCRYPTED)
    time_ms: int | None = calendar_time(en="time", zh="时间")
    longitude_e6: int = coordinate(180, en="longitude", zh="经度")
    latitude_e6: int = coordinate(90, en="latitude", zh="纬度")
    speed_kmh: int = u16(en="speed", zh="速度", unit="km/h")
    recorder_speed_kmh: int = u16(en="recorder speed", zh="行驶记录速度", unit="km/h")
    mileage_km: int = u32(en="mileage", zh="车辆当前总里程数", unit="km")
    heading_deg: int = u16(en="heading", zh="方向", unit="°")
    altitude_m: int = i16(en="altitude", zh="海拔高度", unit="m")
    status_bits: int = u32(en="status", zh="车辆状态", bits=STATUS_BITS)
    alarm_bits: int = u32(en="alarms", zh="报警状态", bits=ALARM_BITS)


@dataclass(frozen=True)
class SizedLocation(Kind):
    """A JT/T 808-2019 position with its length u32 before it."""

    @property
    def classes(self) -> tuple[type, ...]:
        """The structures inside."""
        return (Location,)

    def _bounded(self, reader: Reader, field: str) -> Reader:
        return reader.bounded(reader.unsigned(4, field), field)

    def read(self, reader: Reader, field: str) -> Any:
        """The position at the reader's place."""
        return definition_of(Location).layout(V2019).read(self._bounded(reader, field))

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> Any:
        """As `read`, field by field."""
        start = reader.at
        inner = self._bounded(reader, leaf(path))
        out.append(Part(start, start + 4, f"{path}.length", inner.left, None, LENGTH))
        try:
            return walk(definition_of(Location).layout(V2019), inner, out, f"{path}.")
        except WireError:
            last = out[-1].end
            out.append(Part(last, inner.end, f"{path}.unreadable", inner.frame[last : inner.end], None, UNREADABLE))
            raise

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append length and position."""
        if not isinstance(value, Location):
            refuse(field, f"needs a Location, not {value!r}")
        part = Writer(writer.context)
        definition_of(Location).layout(V2019).write(part, value)
        writer.unsigned(len(part.out), 4)
        writer.raw(part.out)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"$ref": "#/$defs/Location"}

    def label(self) -> str:
        """Type as documents print it."""
        return "(DWORD, JT/T 808 position)"


@structure(en="position (2019)", zh="车辆定位信息数据体")
class Position2019:
    """A JT/T 808-2019 position, and the alarms that company, municipal and provincial platform judged (2019 6.5.3)."""

    encrypted: int = u8(zh="加密标识", names=ENCRYPTED)
    location: Location = of_kind(SizedLocation(), zh="车辆定位信息内容")
    platform_1: str = code(11, en="company platform", zh="企业视频监控平台唯一编码", default="")
    alarm_bits_1: int = u32(en="alarms of the company platform", zh="企业平台报警状态", default=0)
    platform_2: str = code(11, en="municipal platform", zh="市级视频监控平台唯一编码", default="")
    alarm_bits_2: int = u32(en="alarms of the municipal platform", zh="市级平台报警状态", default=0)
    platform_3: str = code(11, en="provincial platform", zh="省级视频监控平台唯一编码", default="")
    alarm_bits_3: int = u32(en="alarms of the provincial platform", zh="省级平台报警状态", default=0)


Position: TypeAlias = Position2011 | Position2019


@dataclass(frozen=True)
class ByEdition(Kind):
    """One kind in 2011, another in 2019."""

    v2011: Kind
    v2019: Kind

    def resolve(self, version: str) -> Kind:
        """The kind of one edition."""
        return (self.v2011 if version == V2011 else self.v2019).resolve(version)


POSITION = ByEdition(Nested(Position2011), Nested(Position2019))


@dataclass(frozen=True)
class LastPosition(Kind):
    """A position at the end of a body in the form that its length shows: 36 bytes are the 2011 form in either edition.

    JT/T 1078-2016 printed the 2011 form before the 2019 edition existed.
    """

    @property
    def classes(self) -> tuple[type, ...]:
        """The structures inside."""
        return Position2011, Position2019

    def _layout(self, reader: Reader) -> Any:
        return definition_of(Position2011 if reader.left == SIZE_2011 else Position2019).layout(V2019)

    def read(self, reader: Reader, field: str) -> Any:
        """The position at the reader's place."""
        return self._layout(reader).read(reader)

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> Any:
        """As `read`, field by field."""
        return walk(self._layout(reader), reader, out, f"{path}.")

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append the position in the form of its class."""
        if not isinstance(value, (Position2011, Position2019)):
            refuse(field, f"needs a position, not {value!r}")
        definition_of(value).layout(V2019).write(writer, value)

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        return {"anyOf": [{"$ref": "#/$defs/Position2011"}, {"$ref": "#/$defs/Position2019"}]}

    def label(self) -> str:
        """Type as documents print it."""
        return "position"
