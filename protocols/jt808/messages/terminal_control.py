"""Commands to the terminal itself, to its vehicle, and the alarms that a person confirms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.errors import WireError
from protocols.anomaly import Code
from protocols.definition import DOWN, UP
from protocols.fields import V2013, V2019, Words, nested, of_kind, since, text, u8, u16, u32, until
from protocols.jt808.messages.location import Location
from protocols.jt808.registry import message
from protocols.kinds import COUNT, Kind, Part, Raw, Spec, leaf, refuse
from protocols.kinds.lists import ExactText
from protocols.wire import Reader, Writer

COMMANDS: dict[int, Words] = {
    1: ("upgrade by radio", "无线升级"), 2: ("connect to a server", "控制终端连接指定服务器"), 3: ("switch off", "终端关机"),
    4: ("reset", "终端复位"), 5: ("factory reset", "终端恢复出厂设置"), 6: ("cut data traffic", "关闭数据通信"),
    7: ("cut all radio", "关闭所有无线通信"),
}  # fmt: skip
"""JT/T 808-2019 table 16."""

CONFIRMABLE: dict[int, Words] = {
    0: ("emergency", "确认紧急报警"), 3: ("dangerous driving warning", "确认危险预警"), 20: ("zone in or out", "确认进出区域报警"),
    21: ("route in or out", "确认进出路线报警"), 22: ("segment time short or long", "确认路段行驶时间不足/过长报警"),
    27: ("illegal ignition", "确认车辆非法点火报警"), 28: ("illegal displacement", "确认车辆非法位移报警"),
}  # fmt: skip
"""JT/T 808-2019 table 38."""

DOORS = 0x0001
"""The only control that the standard lays out: one byte, 0 locks and 1 opens the doors."""


@message(0x8105, en="terminal control", zh="终端控制", way=DOWN, clause="8.16")
class TerminalCommand:
    """A command; only 1 and 2 have parameters: texts with semicolons between.

    Some platforms write ports and times between the semicolons as binary numbers. Bytes that would not come back the same as
    text are kept as `hex:...`.
    """

    command: int = u8(zh="命令字", names=COMMANDS)
    parameters: str = of_kind(ExactText(), zh="命令参数", default="")


@message(0x8203, en="confirm an alarm by hand", zh="人工确认报警消息", way=DOWN, clause="8.25", versions=(V2013, V2019))
class ConfirmAlarm:
    """A person has seen these alarms; serial 0 confirms all of these kinds."""

    alarm_serial: int = u16(en="serial of the alarm message", zh="报警消息流水号")
    alarm_bits: int = u32(en="kinds of alarm", zh="人工确认报警类型", bits=CONFIRMABLE)


@message(0x8204, en="link check", zh="服务器向终端发起链路检测请求", way=DOWN, clause="8.26", versions=(V2019,))
class LinkCheck:
    """The terminal shall answer at once; no body."""


@message(0x8400, en="call back", zh="电话回拨", way=DOWN, clause="8.28")
class CallBack:
    """The terminal rings this number, of at most 20 bytes."""

    kind: int = u8(en="kind of call", zh="标志", names={0: ("call", "普通通话"), 1: ("listen in", "监听")})
    phone: str = text(zh="电话号码")


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a vehicle and the bytes of its parameter; `DOORS` has one byte."""

    id: int
    parameter: bytes


@dataclass(frozen=True)
class Controls(Kind):
    """Controls with their count u16 before them. The length of an unknown one is not told: it takes the rest of the body."""

    def read(self, reader: Reader, field: str) -> tuple[Control, ...]:
        """The controls at the reader's place."""
        count = reader.unsigned(2, field)
        return tuple(self._control(reader, f"{field}[{number}]") for number in range(count))

    def _control(self, reader: Reader, name: str) -> Control:
        control_id = reader.unsigned(2, name)
        if control_id != DOORS and not reader.left:
            raise WireError(f"{name} has no parameter", code=Code.SHORT_BODY, field=name, offset=reader.at)
        return Control(control_id, reader.take(1, name) if control_id == DOORS else reader.rest())

    def parts(self, reader: Reader, path: str, spec: Spec | None, out: list[Part]) -> tuple[Control, ...]:
        """As `read`, control by control."""
        start = reader.at
        count = reader.unsigned(2, leaf(path))
        out.append(Part(start, reader.at, f"{path}.count", count, None, COUNT))
        controls = []
        for number in range(count):
            at, name = reader.at, f"{leaf(path)}[{number}]"
            control = self._control(reader, name)
            out.append(Part(at, at + 2, f"{path}[{number}].id", f"0x{control.id:04X}", None, ("control", "控制类型")))
            out.append(Part(at + 2, reader.at, f"{path}[{number}].parameter", control.parameter, None, ("parameter", "控制参数")))
            controls.append(control)
        return tuple(controls)

    def write(self, writer: Writer, value: Any, field: str) -> None:
        """Append count and controls."""
        if not isinstance(value, (tuple, list)) or len(value) > 0xFFFF:
            refuse(field, f"needs a list of controls, not {value!r}")
        writer.unsigned(len(value), 2)
        for number, control in enumerate(value):
            name = f"{field}[{number}]"
            if (
                not isinstance(control, Control)
                or not isinstance(control.id, int)
                or not 0 <= control.id <= 0xFFFF
                or not control.parameter
            ):
                refuse(name, f"needs a Control with a parameter, not {control!r}")
            if control.id == DOORS and len(control.parameter) != 1:
                refuse(name, f"doors need one byte, not {len(control.parameter)}")
            if control.id != DOORS and number + 1 < len(value):
                refuse(name, "a control of unknown length can only stand last")
            writer.raw(control.id.to_bytes(2, "big") + control.parameter)

    def given(self, value: Any, field: str) -> Any:
        """The controls of an array of {"id", "parameter"}, the parameter in hexadecimal digits."""
        if not isinstance(value, list):
            refuse(field, f"needs an array, not {value!r}")
        for number, item in enumerate(value):
            if not isinstance(item, dict) or set(item) != {"id", "parameter"}:
                refuse(f"{field}[{number}]", f"needs an id and a parameter, not {item!r}")
        return tuple(Control(item["id"], Raw().given(item["parameter"], f"{field}[{n}].parameter")) for n, item in enumerate(value))

    def schema(self) -> dict[str, Any]:
        """JSON schema of the list."""
        properties = {
            "id": {"type": "integer", "minimum": 0, "maximum": 0xFFFF},
            "parameter": {"type": "string", "contentEncoding": "base16"},
        }
        return {"type": "array", "items": {"type": "object", "properties": properties, "required": ["id", "parameter"]}}

    def label(self) -> str:
        """Type as documents print it."""
        return "WORD × (WORD, parameter)"


@message(0x8500, en="vehicle control", zh="车辆控制", way=DOWN, clause="8.30", answer=0x0500)
class VehicleControl:
    """Control the vehicle: flags to 2013, a list since 2019; the one that a version lacks is None."""

    flags: int | None = until(V2013, u8(zh="控制标志", bits={0: ("lock the doors", "车门加锁")}), default=None)
    controls: tuple[Control, ...] | None = since(V2019, of_kind(Controls(), zh="控制类型列表"), default=None)


@message(0x0500, en="vehicle control reply", zh="车辆控制应答", way=UP, clause="8.31")
class VehicleControlReply:
    """The position after a control; its status bits tell whether it was done."""

    reply_serial: int = u16(zh="应答流水号")
    location: Location = nested(Location, zh="位置信息汇报")
