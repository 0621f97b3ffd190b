"""What a terminal does on a frame of the platform that is not a plain acknowledgement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocols.jt808.codec import Examined, assembled, build_frame, examine
from protocols.jt808.header import Address, Header
from protocols.jt808.limits import DEFAULT_LIMITS
from protocols.jt808.messages.control import LocationQuery, TrackingControl
from protocols.jt808.messages.multimedia import MediaReply
from protocols.jt808.messages.passthrough import PlatformKey
from protocols.jt808.messages.registration import RegistrationReply
from protocols.jt808.messages.session import PacketRequest, PlatformReply, ServerTime, TerminalReply
from protocols.jt808.messages.text import TextDown
from protocols.jt808.reassembly import Budget, Reassembly
from simulators.orders import ACKNOWLEDGED, ANSWERS

if TYPE_CHECKING:
    from simulators.link_state import Acknowledged
    from simulators.session import Session

DONE, FAILED, NOT_SUPPORTED = 0, 1, 3
_LOCATION_REPLY = 0x0201


def obey(session: Session, run: bytes, now_ms: int, out: list[Acknowledged]) -> None:
    """Act on one run of the platform; broken frames are counted and ignored.

    Args:
        session: the terminal.
        run: escaped bytes between two delimiters.
        now_ms: the time.
        out: acknowledgements are appended here.
    """
    examined = examine(run) if session.secrecy is None else session.secrecy.read(run)
    header = examined.header
    if header is None or any(found.drop and found.code != "unknown_message" for found in examined.anomalies):
        session.counts["broken_answers"] += 1
        return
    session.heard(now_ms)
    if header.package_total:
        whole = _whole(session, header, examined, now_ms)
        if whole is None:
            return
        examined = whole
    if not _of_the_link(session, header, examined.message, now_ms, out):
        _command(session, header, examined.message, now_ms)


def _whole(session: Session, header: Header, packet: Examined, now_ms: int) -> Examined | None:
    """A long message with its last packet; None before. What is lost comes again, with the whole message, when nobody answers."""
    if session.assemblies is None:
        session.assemblies = Reassembly(DEFAULT_LIMITS, Budget(DEFAULT_LIMITS.assembly_bytes))
    whole = session.assemblies.add(header, packet.body, now_ms).whole
    return None if whole is None else assembled(header, whole.body(), packet)


def _of_the_link(session: Session, header: Header, message: Any, now_ms: int, out: list[Acknowledged]) -> bool:
    """Answers, keys and requests for packets; whether the message is one of these."""
    match message:
        case PlatformReply(serial, message_id, result):
            session.take_answer((serial, message_id, result), now_ms, out)
        case RegistrationReply(serial, result, code):
            session.registered(result, code, serial, now_ms)
        case ServerTime(time_ms):
            if time_ms is not None:
                session.clock_offset_ms = time_ms - now_ms
        case PacketRequest(first_serial, indices):
            if not session.media.asked(first_serial, indices):
                _send_again(session, first_serial, indices)
            session.pump(now_ms)
        case MediaReply(media_id, missing):
            finished = session.media.told(media_id, missing)
            if finished is not None:
                session.equipment.camera.delete([finished])
            session.pump(now_ms)
        case PlatformKey():
            session.say(TerminalReply(header.serial, header.message_id, DONE if session.secrecy is not None else NOT_SUPPORTED))
            if session.secrecy is not None:
                session.secrecy.learn(message)
        case _:
            return False
    return True


def _command(session: Session, header: Header, message: Any, now_ms: int) -> None:
    """Do what is asked, and say so."""
    session.counts["commands"] += 1
    match message:
        case LocationQuery():
            _answer_query(session, header.serial)
            return
        case TrackingControl(interval_s, valid_s):
            session.follow_interval_s = interval_s
            session.follow_until_ms = now_ms + 1000 * (valid_s or 0)
        case TextDown():
            session.counts["texts"] += 1
    answer: Callable[..., Any] | None = ANSWERS.get(type(message))
    if answer is None:
        known = isinstance(message, ACKNOWLEDGED)
        session.counts["not_supported"] += not known
        session.say(TerminalReply(header.serial, header.message_id, DONE if known else NOT_SUPPORTED))
        return
    result = answer(session, header, message, session.wall_ms(now_ms))
    for one in result if isinstance(result, tuple) else (TerminalReply(header.serial, header.message_id, result),):
        session.say(one)
    session.pump(now_ms)


def _send_again(session: Session, first_serial: int, indices: tuple[int, ...]) -> None:
    parts = session.outbox.parted.get(first_serial)
    if parts is None:
        session.counts["unknown_packets"] += 1
        return
    frames = [parts.frames[index - 1] for index in indices if 1 <= index <= len(parts.frames)]
    session.counts["packets_repeated"] += len(frames)
    session.repeat(frames)


def _answer_query(session: Session, serial: int) -> None:
    """0x0201 with the newest report; 0x0001 with result 1 while there is none."""
    if not session.last_body:
        session.say(TerminalReply(serial, 0x8201, FAILED))
        return
    body = serial.to_bytes(2, "big") + session.last_body
    if session.sealing is not None:
        session.repeat(list(session.frames_of(_LOCATION_REPLY, body)[1]))
        return
    address = Address(session.identity.terminal_id, session.next_serial(), session.identity.version)
    session.repeat([build_frame(_LOCATION_REPLY, body, address)])
