"""Data of vehicles that the other side lacks."""

from __future__ import annotations

from protocols.definition import DOWN, UP
from protocols.fields import V2019, raw, rest, since, text, u16, u32
from protocols.jt809.registry import message

UP_ID, DOWN_ID = 0x1600, 0x9600


@message(DOWN_ID, 0x9601, en="ask vehicle data", zh="补报车辆静态信息请求", way=DOWN, name="DOWN_BASE_MSG_VEHICLE_ADDED", answer=0x1601)
class VehicleDataRequest:
    """The vehicle's data, please; no fields."""


@message(UP_ID, 0x1601, en="vehicle data answer", zh="补报车辆静态信息应答", way=UP, name="UP_BASE_MSG_VEHICLE_ADDED_ACK")
class VehicleDataAnswer:
    """Fields as KEY:=value; pairs."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    content: str = text(rest(), zh="车辆信息", default="")


@message(UP_ID, 0x1602, en="route answer", zh="补报车辆行驶路线信息应答", way=UP, name="UP_BASE_MSG_DRVLINE_ADDED_ACK", versions=(V2019,))
class RouteDataAnswer:
    """A route in the form of JT/T 808-2019 0x8606, kept as bytes."""

    route: bytes = raw(rest(), zh="路线信息")
