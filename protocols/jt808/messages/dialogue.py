"""What driver and platform tell each other: events, questions, information on demand, the phone book."""

from __future__ import annotations

from protocols.definition import DOWN, UP, structure
from protocols.fields import V2011, V2013, Words, nested, of_kind, repeat, sized, text, u8, u16, when
from protocols.jt808.registry import message
from protocols.kinds import Nested, Number
from protocols.kinds.lists import Series, ShortItems

TO_2013 = (V2011, V2013)
"""Editions of what 2019 dropped."""

EVENT_SETTINGS: dict[int, Words] = {
    0: ("delete all", "删除终端现有所有事件"), 1: ("replace", "更新事件"), 2: ("append", "追加事件"), 3: ("change", "修改事件"),
    4: ("delete some", "删除特定几项事件"),
}  # fmt: skip
LIST_SETTINGS: dict[int, Words] = {0: ("delete all", "删除全部"), 1: ("replace", "更新"), 2: ("append", "追加"), 3: ("change", "修改")}
QUESTION_FLAGS: dict[int, Words] = {0: ("urgent", "紧急"), 3: ("spoken", "终端TTS播读"), 4: ("on the advertising screen", "广告屏显示")}
CALL_KINDS: dict[int, Words] = {1: ("incoming", "呼入"), 2: ("outgoing", "呼出"), 3: ("both ways", "呼入/呼出")}


@structure(en="event", zh="事件项")
class Event:
    """An event that the driver can choose; `text` is None where only the number is sent, as to delete it."""

    event_id: int = u8(zh="事件ID")
    text: str | None = text(sized(1), zh="事件内容", default=None)


@message(0x8301, en="set events", zh="事件设置", way=DOWN, clause="JT/T 808-2013 8.24", versions=TO_2013)
class SetEvents:
    """Events for the driver to choose; None where the setting deletes all of them."""

    setting: int = u8(zh="设置类型", names=EVENT_SETTINGS)
    events: tuple[Event, ...] | None = when(
        "setting", of_kind(ShortItems(Number("B"), Nested(Event), Number("B")), zh="事件项列表"), unlike=0, default=None
    )


@message(0x0301, en="event report", zh="事件报告", way=UP, clause="JT/T 808-2013 8.25", versions=TO_2013)
class EventReport:
    """The driver chose an event."""

    event_id: int = u8(zh="事件ID")


@structure(en="answer", zh="候选答案")
class Answer:
    """One answer to a question."""

    answer_id: int = u8(zh="答案ID")
    text: str = text(sized(2), zh="答案内容")


@message(0x8302, en="ask a question", zh="提问下发", way=DOWN, clause="JT/T 808-2013 8.26", versions=TO_2013)
class Question:
    """A question and the answers to choose from."""

    flag_bits: int = u8(en="flags", zh="标志", bits=QUESTION_FLAGS)
    question: str = text(sized(1), zh="问题")
    answers: tuple[Answer, ...] = of_kind(Series(Nested(Answer)), zh="候选答案列表")


@message(0x0302, en="answer to a question", zh="提问应答", way=UP, clause="JT/T 808-2013 8.27", versions=TO_2013)
class QuestionReply:
    """The driver chose an answer."""

    reply_serial: int = u16(zh="应答流水号")
    answer_id: int = u8(zh="答案ID")


@structure(en="information on demand", zh="信息项")
class MenuItem:
    """One kind of information that the driver can order."""

    kind: int = u8(en="kind of information", zh="信息类型")
    name: str = text(sized(2), zh="信息名称")


@message(0x8303, en="information menu", zh="信息点播菜单设置", way=DOWN, clause="JT/T 808-2013 8.28", versions=TO_2013)
class SetMenu:
    """Information that the driver can order; None where the setting deletes all of it."""

    setting: int = u8(zh="设置类型", names=LIST_SETTINGS)
    items: tuple[MenuItem, ...] | None = when("setting", repeat(count=u8(), of=nested(MenuItem), zh="信息项列表"), unlike=0, default=None)


@message(0x0303, en="information on demand, cancel", zh="信息点播/取消", way=UP, clause="JT/T 808-2013 8.29", versions=TO_2013)
class OrderInformation:
    """The driver orders or cancels information."""

    kind: int = u8(en="kind of information", zh="信息类型")
    action: int = u8(zh="点播/取消标志", names={0: ("cancel", "取消"), 1: ("order", "点播")})


@message(0x8304, en="information service", zh="信息服务", way=DOWN, clause="JT/T 808-2013 8.30", versions=TO_2013)
class Information:
    """Information that the driver ordered."""

    kind: int = u8(en="kind of information", zh="信息类型")
    text: str = text(sized(2), zh="信息内容")


@structure(en="contact", zh="联系人项")
class Contact:
    """One number of the phone book."""

    kind: int = u8(en="kind of call", zh="标志", names=CALL_KINDS)
    phone: str = text(sized(1), zh="电话号码")
    name: str = text(sized(1), zh="联系人")


@message(0x8401, en="set phone book", zh="设置电话本", way=DOWN, clause="8.29")
class SetPhoneBook:
    """Numbers that the driver may ring; None where the setting deletes all of them."""

    setting: int = u8(zh="设置类型", names=LIST_SETTINGS)
    contacts: tuple[Contact, ...] | None = when(
        "setting", repeat(count=u8(), of=nested(Contact), zh="联系人项列表"), unlike=0, default=None
    )
