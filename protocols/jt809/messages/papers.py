"""What belongs to a trip: driver, waybill, route."""

from __future__ import annotations

from protocols.definition import DOWN, UP
from protocols.fields import V2019, raw, rest, since, sized, text, u8, u16, u32, utc_time
from protocols.jt809.registry import message
from protocols.jt809.tables import ROUTE_RESULTS

UP_ID, DOWN_ID = 0x1200, 0x9200


@message(
    DOWN_ID,
    0x920A,
    en="ask driver identity",
    zh="上报车辆驾驶员身份识别信息请求",
    way=DOWN,
    name="DOWN_EXG_MSG_REPORT_DRIVER_INFO",
    answer=0x120A,
)
class DriverRequest:
    """Who drives the vehicle; no fields."""


@message(UP_ID, 0x120A, en="driver identity answer", zh="上报驾驶员身份识别信息应答", way=UP, name="UP_EXG_MSG_REPORT_DRIVER_INFO_ACK")
class DriverAnswer:
    """Who drives the vehicle."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    name: str = text(16, zh="驾驶员姓名", default="")
    identity: str = text(20, zh="身份证编号", default="")
    licence: str = text(40, en="driver qualification", zh="从业资格证号", default="")
    authority: str = text(200, zh="发证机构名称", default="")
    valid_until_ms: int | None = since(V2019, utc_time(en="valid until", zh="证件有效期"), default=None)


@message(UP_ID, 0x120C, en="driver identity", zh="主动上报驾驶员身份信息", way=UP, name="UP_EXG_MSG_REPORT_DRIVER_INFO")
class DriverReport:
    """Who drives the vehicle, unasked."""

    name: str = text(16, zh="驾驶员姓名")
    identity: str = text(20, zh="身份证编号")
    licence: str = text(40, en="driver qualification", zh="从业资格证号", default="")
    authority: str = text(200, zh="发证机构名称", default="")
    valid_until_ms: int | None = since(V2019, utc_time(en="valid until", zh="证件有效期"), default=None)


@message(DOWN_ID, 0x920B, en="ask waybill", zh="上报车辆电子运单请求", way=DOWN, name="DOWN_EXG_MSG_TAKE_EWAYBILL_REQ", answer=0x120B)
class WaybillRequest:
    """The vehicle's waybill, please; no fields."""


@message(UP_ID, 0x120B, en="waybill answer", zh="上报车辆电子运单应答", way=UP, name="UP_EXG_MSG_TAKE_EWAYBILL_ACK")
class WaybillAnswer:
    """The vehicle's waybill."""

    source_type: int | None = since(V2019, u16(zh="源子业务类型标识"), default=None)
    source_serial: int | None = since(V2019, u32(zh="源报文序列号"), default=None)
    content: str = text(sized(4), zh="电子运单数据内容", default="")


@message(UP_ID, 0x120D, en="waybill", zh="主动上报车辆电子运单信息", way=UP, name="UP_EXG_MSG_REPORT_EWAYBILL_INFO")
class WaybillReport:
    """The vehicle's waybill, unasked."""

    content: str = text(sized(4), zh="电子运单数据内容")


@message(
    UP_ID, 0x120E, en="route", zh="主动上报车辆行驶路线信息", way=UP, name="UP_BASE_MSG_DRVLINE_INFO", answer=0x920D, versions=(V2019,)
)
class RouteReport:
    """A route in the form of JT/T 808-2019 0x8606, kept as bytes."""

    route: bytes = raw(rest(), zh="路线信息")


@message(
    DOWN_ID, 0x920C, en="ask route", zh="上报车辆行驶路线请求", way=DOWN, name="DOWN_BASE_MSG_DRVLINE_REQ", answer=0x120E, versions=(V2019,)
)
class RouteRequest:
    """The vehicle's route, please; no fields."""


@message(DOWN_ID, 0x920D, en="route answer", zh="车辆行驶路线请求应答", way=DOWN, name="DOWN_BASE_MSG_DRVLINE_ACK", versions=(V2019,))
class RouteAnswer:
    """Whether the route is recorded."""

    route_id: int = u32(zh="线路ID")
    result: int = u8(zh="处理结果", names=ROUTE_RESULTS)
    reason: str = text(sized(2), zh="未通过原因", default="")
