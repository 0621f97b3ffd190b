"""What a link does with each message that comes: login, link tests, receipts, counts, repeats; the rest goes to the door."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from domain.errors import RefusedError
from protocols.anomaly import Code, anomaly
from protocols.fields import V2019
from protocols.jt809.answers import answer_keys, positions_in, receipt, sub_of
from protocols.jt809.codec import Examined
from protocols.jt809.events import (
    MAIN,
    SUB,
    SUBORDINATE,
    AnomalyEvent,
    Channel,
    Counted,
    Event,
    Gap,
    LineDown,
    LoginAsked,
    MessageIn,
    Repeated,
)
from protocols.jt809.line import Line, State
from protocols.jt809.messages.exchange import EndExchange, StartExchange
from protocols.jt809.messages.links import (
    CloseBySubordinate,
    CloseBySuperior,
    KindSerial,
    LinkTest,
    LinkTestAnswer,
    Login,
    LoginAnswer,
    Logout,
    LogoutAnswer,
    PositionCount,
    SerialsDown,
    SerialsUp,
    SubLinkTest,
    SubLinkTestAnswer,
    SubLogin,
    SubLoginAnswer,
    SubLogout,
    SubLogoutAnswer,
)
from protocols.jt809.messages.platform import RepeatRequestDown, RepeatRequestUp

if TYPE_CHECKING:
    from protocols.jt809.link import Link

_ANSWERED = {
    LinkTest: LinkTestAnswer, SubLinkTest: SubLinkTestAnswer, Logout: LogoutAnswer, SubLogout: SubLogoutAnswer,
}  # fmt: skip


class Dispatch:
    """The messages that a link handles itself."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._asked_ms = 0
        self._special: dict[type, Callable[[Channel, Line, Examined, int], list[Event]]] = {
            Login: self._login, LoginAnswer: self._admitted, SubLogin: self._sub_login, SubLoginAnswer: self._admitted,
            CloseBySubordinate: self._close, CloseBySuperior: self._close, Logout: self._logout, SubLogout: self._logout,
            LinkTestAnswer: self._alive, SubLinkTestAnswer: self._alive, PositionCount: self._count,
            SerialsUp: self._serials, SerialsDown: self._serials, RepeatRequestUp: self._repeat, RepeatRequestDown: self._repeat,
        }  # fmt: skip

    def take(self, channel: Channel, line: Line, examined: Examined, now_ms: int) -> list[Event]:
        """Events of a message that is whole and, but for logins, on an open line."""
        message, header = examined.message, examined.header
        assert header is not None
        events = self._gap(channel, line, header.serial, now_ms) if line.state is State.OPEN else []
        line.last_in = header.serial if line.last_in is None else max(line.last_in, header.serial)
        if sub_of(message) & 0xFF00 not in (0x1000, 0x9000):
            line.seen[sub_of(message)] = (header.serial, now_ms)
        if type(message) in _ANSWERED:
            self._link.say(channel, _ANSWERED[type(message)](), now_ms)
        special = self._special.get(type(message))
        if special is not None:
            return [*events, *special(channel, line, examined, now_ms)]
        return [*events, *self._business(channel, examined, now_ms)]

    def _business(self, channel: Channel, examined: Examined, now_ms: int) -> list[Event]:
        link, message, header = self._link, examined.message, examined.header
        assert header is not None
        if isinstance(message, (LinkTest, SubLinkTest)):
            return []
        subject = examined.subject
        if subject is not None and isinstance(message, StartExchange):
            link.exchanged.add(subject)
        if subject is not None and isinstance(message, EndExchange):
            link.exchanged.discard(subject)
        answer = receipt(message, header, link.peer.version)
        if answer is not None:
            try:
                link.send(answer, now_ms, subject)
            except RefusedError as error:  # a vehicle that cannot be written as it was read
                found = anomaly(Code.BAD_VALUE, 8, field=error.field or "", detail=str(error))
                return [AnomalyEvent(channel, header, (*examined.anomalies, found), examined.raw)]
        if link.role is not SUBORDINATE:
            link.tally.add(positions_in(message), now_ms)
            if link.peer.version != V2019:
                link.tell_count(now_ms)
        answers = next((link.orders[key] for key in answer_keys(message) if key in link.orders), None)
        return [MessageIn(channel, header, message, subject, examined.raw, examined.anomalies, answers)]

    def _wrong(self, channel: Channel, examined: Examined, detail: str) -> list[Event]:
        found = anomaly(Code.AUTH_REFUSED, 8, field="message_id", detail=detail)
        return [AnomalyEvent(channel, examined.header, (*examined.anomalies, found), examined.raw)]

    def _login(self, channel: Channel, line: Line, examined: Examined, now_ms: int) -> list[Event]:
        link, login = self._link, examined.message
        if link.role is SUBORDINATE or channel is not MAIN or examined.header is None or line.state is State.OPEN:
            return self._wrong(channel, examined, "no login is awaited here")
        link.sub_address = (login.sub_link_ip, login.sub_link_port) if login.sub_link_port else None
        return [LoginAsked(login, examined.header)]

    def _admitted(self, channel: Channel, line: Line, examined: Examined, now_ms: int) -> list[Event]:
        link, answer = self._link, examined.message
        if channel is not link.dials or isinstance(answer, LoginAnswer) != (channel is MAIN) or line.state is State.OPEN:
            return self._wrong(channel, examined, "no login is open here")
        if answer.result:
            return link.disconnected(channel, now_ms, f"login refused: {answer.result}")
        if isinstance(answer, LoginAnswer):
            link.verify_code = answer.verify_code
        return link.opened(channel, now_ms)

    def _sub_login(self, channel: Channel, line: Line, examined: Examined, now_ms: int) -> list[Event]:
        link = self._link
        if link.role is not SUBORDINATE or channel is not SUB or line.state is State.OPEN:
            return self._wrong(channel, examined, "no login is awaited here")
        right = link.verify_code is not None and examined.message.verify_code == link.verify_code
        link.say(channel, SubLoginAnswer(0 if right else 1), now_ms)
        return (
            link.opened(channel, now_ms) if right else [*self._wrong(channel, examined, "wrong verify code"), LineDown(SUB, "verify code")]
        )

    def _close(self, channel: Channel, line: Line, examined: Examined, now_ms: int) -> list[Event]:
        """The other side ends both links: the subordinate platform dials again, soon where the gateway restarts, else after the longest wait."""
        link, events = self._link, self._business(channel, examined, now_ms)
        wait_ms = link.limits.most_wait_ms if examined.message.code else link.limits.first_wait_ms
        for which in (MAIN, SUB):
            link.lines[which].wait_ms = wait_ms
            was = link.lines[which].state
            link.lines[which].fall()
            if was is not State.DOWN:
                events.append(LineDown(which, "closed by the other side", link.lines[which].sure_ms))
        if not link.stopped and link.role is SUBORDINATE:
            link.lines[MAIN].redial(now_ms)
        return events

    def _logout(self, channel: Channel, line: Line, examined: Examined, now_ms: int) -> list[Event]:
        return [LineDown(channel, "logged out", line.sure_ms)]

    def _alive(self, channel: Channel, line: Line, examined: Examined, now_ms: int) -> list[Event]:
        line.answered()
        return []

    def _count(self, channel: Channel, line: Line, examined: Examined, now_ms: int) -> list[Event]:
        count = examined.message
        start_ms, end_ms = count.start_ms or 0, count.end_ms or 0
        return [Counted(count.total, self._link.tally.total(start_ms, end_ms), start_ms, end_ms)]

    def tell_serials(self, channel: Channel, now_ms: int) -> None:
        """After a login tell the serials that came before the break (2019)."""
        link, seen = self._link, self._link.lines[channel].seen
        if link.peer.version != V2019 or not seen:
            return
        serials = tuple(KindSerial(sub_id, serial, t_ms // 1000 * 1000) for sub_id, (serial, t_ms) in list(seen.items())[-255:])
        link.say(channel, SerialsUp(serials) if link.role is SUBORDINATE else SerialsDown(serials), now_ms)

    def _serials(self, channel: Channel, line: Line, examined: Examined, now_ms: int) -> list[Event]:
        """The other side tells what it has: number on from there, and send again what it lacks."""
        serials = {one.sub_id: one.serial for one in examined.message.serials}
        frames = line.kept.behind(serials)
        line.out += frames
        line.serial = max([line.serial, *(serial + 1 & 0xFFFFFFFF for serial in serials.values())])
        return [Repeated(len(frames), 0)]

    def _repeat(self, channel: Channel, line: Line, examined: Examined, now_ms: int) -> list[Event]:
        """Send again by serial, or by time; the request may come on the other channel than the messages went on."""
        asked, link = examined.message, self._link
        own = link.dials
        wanted = asked.last - asked.first + 1 if asked.last >= asked.first and asked.last else 0
        kept = link.lines[own].kept
        frames: list[Any] = kept.between(asked.first, asked.last) if wanted else kept.since(asked.since_ms or 0)
        target = own if link.lines[own].state is State.OPEN else channel
        link.lines[target].out += frames
        return [Repeated(len(frames), max(0, wanted - len(frames)))]

    def _gap(self, channel: Channel, line: Line, serial: int, now_ms: int) -> list[Event]:
        link = self._link
        if link.peer.version != V2019 or line.last_in is None or serial <= line.last_in + 1 or channel is link.dials:
            return []
        first, last = line.last_in + 1, serial - 1
        if last - first >= link.limits.most_repeats or now_ms - self._asked_ms < link.limits.repeat_wait_ms:
            return []
        self._asked_ms = now_ms
        asked = RepeatRequestUp(first, last) if link.role is SUBORDINATE else RepeatRequestDown(first, last)
        link.send(asked, now_ms)
        return [Gap(channel, first, last)]
