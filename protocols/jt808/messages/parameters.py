"""Parameters of a terminal: set, asked for, and sent; its attributes."""

from __future__ import annotations

from protocols.definition import DOWN, UP
from protocols.fields import V2013, V2019, Words, by_version, code, digits, of_kind, repeat, sized, text, u8, u16, u32
from protocols.jt808.parameters import Parameter, Parameters
from protocols.jt808.registry import message
from protocols.jt808.tables import GNSS_SYSTEMS
from protocols.kinds.maker import MakerId

TERMINAL_KINDS: dict[int, Words] = {
    0: ("for passenger vehicles", "适用客运车辆"), 1: ("for dangerous goods", "适用危险品车辆"), 2: ("for freight vehicles", "适用普通货运车辆"),
    3: ("for taxis", "适用出租车辆"), 6: ("records on disk", "支持硬盘录像"), 7: ("in several parts", "分体机"), 8: ("for trailers", "适用挂车"),
}  # fmt: skip
"""JT/T 808-2019 table 20 (bit 8 is new in 2019)."""

NETWORKS: dict[int, Words] = {
    0: ("GPRS", "GPRS"), 1: ("CDMA", "CDMA"), 2: ("TD-SCDMA", "TD-SCDMA"), 3: ("WCDMA", "WCDMA"), 4: ("CDMA2000", "CDMA2000"),
    5: ("TD-LTE", "TD-LTE"), 7: ("other", "其他通信方式"),
}  # fmt: skip
"""JT/T 808-2019 table 20."""

_FIXED_BEHIND_MAKER = 30 + 30 + 10


def ends_attributes(frame: bytes, at: int, end: int) -> bool:
    """True when attributes whose model lies at `at` end exactly at `end`."""
    at += _FIXED_BEHIND_MAKER
    for _ in ("hardware version", "firmware version"):
        if at >= end:
            return False
        at += 1 + frame[at]
    return at + 2 == end


@message(0x8103, en="set parameters", zh="设置终端参数", way=DOWN, clause="8.12")
class SetParameters:
    """Parameters to be set."""

    parameters: tuple[Parameter, ...] = of_kind(Parameters(), zh="参数项列表")


@message(0x8104, en="ask all parameters", zh="查询终端参数", way=DOWN, clause="8.13", answer=0x0104)
class AskParameters:
    """Ask for every parameter; no body."""


@message(0x8106, en="ask named parameters", zh="查询指定终端参数", way=DOWN, clause="8.14", answer=0x0104, versions=(V2013, V2019))
class AskNamedParameters:
    """Ask for some parameters."""

    ids: tuple[int, ...] = repeat(count=u8(), of=u32(), en="parameter ids", zh="参数ID列表")


@message(0x0104, en="parameters (reply to 0x8104, 0x8106)", zh="查询终端参数应答", way=UP, clause="8.15")
class ParametersReply:
    """Parameters as they are set; one id may stand several times."""

    reply_serial: int = u16(zh="应答流水号")
    parameters: tuple[Parameter, ...] = of_kind(Parameters(), zh="参数项列表")


@message(0x8107, en="ask attributes", zh="查询终端属性", way=DOWN, clause="8.17", answer=0x0107, versions=(V2013, V2019))
class AskAttributes:
    """Ask what the terminal is; no body."""


@message(0x0107, en="attributes (reply to 0x8107)", zh="查询终端属性应答", way=UP, clause="8.18", versions=(V2013, V2019))
class Attributes:
    """What the terminal is. The maker id has 5 bytes to 2013; in 2019 5 or 11, whichever ends at the end of the body."""

    kind_bits: int = u16(en="terminal kind", zh="终端类型", bits=TERMINAL_KINDS)
    maker: str = of_kind(MakerId(ends_attributes, "maker_id_0107"), zh="制造商ID")
    model: str = code(by_version(20, 20, 30), zh="终端型号")
    terminal_code: str = code(by_version(7, 7, 30), zh="终端ID")
    iccid: str = digits(10, en="SIM card ICCID", zh="终端SIM卡ICCID")
    hardware_version: str = text(sized(1), zh="终端硬件版本号")
    firmware_version: str = text(sized(1), zh="终端固件版本号")
    gnss_bits: int = u8(en="GNSS module", zh="GNSS模块属性", bits=GNSS_SYSTEMS)
    network_bits: int = u8(en="network module", zh="通信模块属性", bits=NETWORKS)
