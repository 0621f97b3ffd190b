"""Registration and authentication."""

from __future__ import annotations

from domain.plate import PLATE_COLOURS as COLOUR_CODES
from protocols.definition import DOWN, NO_ANSWER, UP
from protocols.fields import V2011, V2013, V2019, by_version, code, rest, since, sized, text, u8, u16, when
from protocols.jt808.registry import message
from protocols.jt808.tables import PLATE_COLOURS, REGISTRATION_RESULTS

_LEAST_2013 = 37
_COLOUR_2013 = 36


def registration_version(body: bytes, version: str) -> str:
    """Edition of a registration: 2011 and 2013 share a header.

    Under 37 bytes: 2011 (25 and the plate). Else 2013 when byte 36 is a plate colour and the rest is GBK, otherwise 2011.
    """
    if version >= V2019:
        return version
    if len(body) < _LEAST_2013 or body[_COLOUR_2013] not in COLOUR_CODES:
        return V2011
    try:
        body[_LEAST_2013:].decode("gb18030")
    except UnicodeDecodeError:
        return V2011
    return V2013


@message(0x0100, en="registration", zh="终端注册", way=UP, clause="8.8", answer=0x8100, choose=registration_version)
class Registration:
    """A terminal asks to serve a vehicle. `plate` is the VIN where the plate colour is 0."""

    province: int = u16(zh="省域ID")
    city: int = u16(zh="市县域ID")
    maker: str = code(by_version(5, 5, 11), zh="制造商ID")
    model: str = code(by_version(8, 20, 30), zh="终端型号")
    terminal_code: str = code(by_version(7, 7, 30), zh="终端ID")
    plate_colour: int = u8(zh="车牌颜色", names=PLATE_COLOURS)
    plate: str = text(rest(), zh="车辆标识")


@message(0x8100, en="registration reply", zh="终端注册应答", way=DOWN, clause="8.10", answer=NO_ANSWER)
class RegistrationReply:
    """Verdict on a registration; the authentication code only with result 0."""

    reply_serial: int = u16(zh="应答流水号")
    result: int = u8(zh="结果", names=REGISTRATION_RESULTS)
    auth_code: str | None = when("result", text(rest(), en="authentication code", zh="鉴权码"), equals=0, default=None)


@message(0x0102, en="authentication", zh="终端鉴权", way=UP, clause="8.11")
class Authentication:
    """A terminal shows the code it was given; `imei` and `software_version` are None before 2019."""

    auth_code: str = text(by_version(rest(), rest(), sized(1)), en="authentication code", zh="鉴权码")
    imei: str | None = since(V2019, code(15, zh="终端IMEI"), default=None)
    software_version: str | None = since(V2019, code(20, zh="软件版本号"), default=None)
