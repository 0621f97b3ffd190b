"""Who drives: the driver's card put in or taken out."""

from __future__ import annotations

from protocols.definition import DOWN, UP, structure
from protocols.fields import V2011, V2013, V2019, code, digits, nested, of_kind, since, sized, text, u8, until, when
from protocols.jt808.registry import message
from protocols.kinds.numbers import epoch_ms_of_bcd
from protocols.kinds.optional import SoftTime

IN, OUT, READ = 1, 2, 0
STATUSES = {IN: ("card in, driver on duty", "从业资格证IC卡插入"), OUT: ("card out, driver off duty", "从业资格证IC卡拔出")}
READINGS = {
    0: ("read", "IC卡读卡成功"), 1: ("card not authentic", "卡片密钥认证未通过"), 2: ("card locked", "卡片已被锁定"),
    3: ("card pulled out", "卡片被拔出"), 4: ("card data wrong", "数据校验错误"),
}  # fmt: skip
"""JT/T 808-2013 8.48."""

_FIXED_2011 = 1 + 20 + 40
_LEAST_2013 = 7


def driver_version(body: bytes, version: str) -> str:
    """Edition of a driver's identity: 2011 and 2013 share a header.

    The first byte is a status, 1 or 2, and a time follows: 2013. Else it may be the length of a name: 2011 when name, numbers and
    issuer end at the end of the body. Where neither holds, 2013.
    """
    if version >= V2019:
        return version
    status = body[:1] in (b"\x01", b"\x02")
    if status and len(body) >= _LEAST_2013 and epoch_ms_of_bcd(body[1:_LEAST_2013], 0) is not None:
        return V2013
    issuer = _FIXED_2011 + body[0] if body else 0
    fits = len(body) > issuer > 0 and issuer + 1 + body[issuer] == len(body)
    return V2011 if fits else V2013


@structure(en="driver's card", zh="从业资格证")
class DriverCard:
    """What a driver's card says; `identity_number` is None before 2019."""

    name: str = text(sized(1), en="name", zh="驾驶员姓名")
    qualification: str = code(20, zh="从业资格证编码")
    issuer: str = text(sized(1), zh="发证机构名称")
    valid_until: str = digits(4, en="valid until, yyyyMMdd", zh="证件有效期")
    identity_number: str | None = since(V2019, code(20, zh="驾驶员身份证号"), default=None)


@structure(en="driver", zh="驾驶员")
class DriverNumbers:
    """A driver as the 2011 edition names one."""

    name: str = text(sized(1), en="name", zh="驾驶员姓名")
    identity_number: str = code(20, zh="驾驶员身份证编码")
    qualification: str = code(40, zh="从业资格证编码")
    issuer: str = text(sized(1), zh="发证机构名称")


@message(0x0702, en="driver identity", zh="驾驶员身份信息采集上报", way=UP, clause="JT/T 808-2013 8.48", choose=driver_version)
class DriverIdentity:
    """The driver's card, put in or taken out.

    In 2011 there is `driver_2011` and nothing else. From 2013 on `status` and `time_ms` come first (None for digits that are no
    time, which does not drop the message), `reading` only when the card is put in, and `card` only when it was read.
    """

    status: int | None = since(V2013, u8(zh="状态", names=STATUSES), default=None)
    time_ms: int | None = since(V2013, of_kind(SoftTime(), en="time", zh="时间"), default=None)
    reading: int | None = since(V2013, when("status", u8(zh="IC卡读取结果", names=READINGS), equals=IN), default=None)
    card: DriverCard | None = since(V2013, when("reading", nested(DriverCard, zh="从业资格证"), equals=READ), default=None)
    driver_2011: DriverNumbers | None = until(V2011, nested(DriverNumbers, zh="驾驶员"), default=None)


@message(
    0x8702,
    en="ask driver identity",
    zh="上报驾驶员身份信息请求",
    way=DOWN,
    clause="JT/T 808-2013 8.47",
    answer=0x0702,
    versions=(V2013, V2019),
)
class DriverQuery:
    """Ask who drives; no body."""
