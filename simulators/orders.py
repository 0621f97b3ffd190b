"""Commands that a terminal answers with a message of its own, or does something for: one function a message.

A function gives the messages to say, or the result of the general reply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from protocols.jt808.header import Header
from protocols.jt808.messages.active_safety import AttachmentOrder
from protocols.jt808.messages.control import TrackingControl
from protocols.jt808.messages.dialogue import Information, Question, QuestionReply, SetEvents, SetMenu, SetPhoneBook
from protocols.jt808.messages.driver import DriverQuery
from protocols.jt808.messages.media_orders import RecordSound, SearchMedia, TakePicture, UploadMedia, UploadOne
from protocols.jt808.messages.multimedia import ShotReply
from protocols.jt808.messages.parameters import AskAttributes, AskNamedParameters, AskParameters, Attributes, SetParameters
from protocols.jt808.messages.passthrough import PassthroughDown
from protocols.jt808.messages.playback import PlaybackControl, PlaybackRequest, Recording, RecordingList, RecordingQuery, UploadOrder
from protocols.jt808.messages.ptz import Aperture, Focus, InfraRed, Turn, Wiper, Zoom
from protocols.jt808.messages.recorder import CollectRecorder, RecorderData, SetRecorder
from protocols.jt808.messages.session import TerminalReply
from protocols.jt808.messages.terminal_control import (
    CallBack,
    ConfirmAlarm,
    LinkCheck,
    TerminalCommand,
    VehicleControl,
    VehicleControlReply,
)
from protocols.jt808.messages.text import TextDown
from protocols.jt808.messages.upgrade import UpgradePackage, UpgradeResult
from protocols.jt808.messages.video import LiveControl, LiveRequest, VideoAttributes, VideoAttributesQuery
from protocols.jt808.messages.zone_queries import DeleteCircles, DeletePolygons, DeleteRectangles, DeleteRoutes, ZoneQuery
from protocols.jt808.messages.zones import CircleZones, PolygonZone, RectangleZones, RouteZone
from simulators.equipment import Ordered

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.session import Session

DONE, FAILED, BAD = 0, 1, 2
_RESET, _FACTORY = 4, 5
_FILM_S, _FILM_BYTES = 600, 48_000_000

Said = tuple[Any, ...]


def _parameters(session: Session, header: Header, message: SetParameters, now_ms: int) -> int:
    return session.equipment.settings.take(message)


def _all_parameters(session: Session, header: Header, message: AskParameters, now_ms: int) -> Said:
    return (session.equipment.settings.all(header.serial),)


def _named_parameters(session: Session, header: Header, message: AskNamedParameters, now_ms: int) -> Said:
    return (session.equipment.settings.named(header.serial, message),)


def _attributes(session: Session, header: Header, message: AskAttributes, now_ms: int) -> Said:
    who = session.identity
    return (
        Attributes(1 | 1 << 2 | 1 << 4, who.maker, who.model, who.terminal_code, f"8986{who.imei:0>16}"[:20], "H1.0", "V1.0", 3, 1 << 5),
    )


def _control(session: Session, header: Header, message: TerminalCommand, now_ms: int) -> int:
    if message.command in (_RESET, _FACTORY):
        session.equipment.resetting = True
    return DONE


def _vehicle(session: Session, header: Header, message: VehicleControl, now_ms: int) -> Said:
    session.equipment.control(message.flags, message.controls)
    return (VehicleControlReply(header.serial, session.equipment.location(now_ms)),)


def _zones(session: Session, header: Header, message: Any, now_ms: int) -> int:
    return DONE if session.equipment.zones.take(message) else FAILED


def _zone_query(session: Session, header: Header, message: ZoneQuery, now_ms: int) -> Said | int:
    found = session.equipment.zones.answer(message)
    return BAD if found is None else (found,)


def _collect(session: Session, header: Header, message: CollectRecorder, now_ms: int) -> Said:
    block = session.equipment.recorder.collect(message.word, message.block, now_ms)
    return (RecorderData(header.serial, message.word, block),)


def _set_recorder(session: Session, header: Header, message: SetRecorder, now_ms: int) -> int:
    return DONE if session.equipment.recorder.set(message.word, message.block)[0] else BAD


def _driver(session: Session, header: Header, message: DriverQuery, now_ms: int) -> Said:
    return (session.equipment.crew.identity(now_ms),)


def _shoot(session: Session, header: Header, message: TakePicture, now_ms: int) -> Said:
    result, photos = session.equipment.camera.take(message, session.equipment.location(now_ms))
    session.upload(() if message.saving else photos, announced=True)
    return (ShotReply(header.serial, result, tuple(photo.media_id for photo in photos)),)


def _search(session: Session, header: Header, message: SearchMedia, now_ms: int) -> Said:
    return (session.equipment.camera.listed(header.serial, message),)


def _upload(session: Session, header: Header, message: UploadMedia, now_ms: int) -> int:
    session.upload(session.equipment.camera.found(message), delete=bool(message.deleting))
    return DONE


def _upload_one(session: Session, header: Header, message: UploadOne, now_ms: int) -> int:
    photo = session.equipment.camera.photos.get(message.media_id)
    session.upload((photo,) if photo is not None else (), delete=bool(message.deleting))
    return DONE if photo is not None else FAILED


def _question(session: Session, header: Header, message: Question, now_ms: int) -> Said:
    chosen = (QuestionReply(header.serial, message.answers[0].answer_id),) if message.answers else ()
    return (TerminalReply(header.serial, header.message_id, DONE), *chosen)


def _upgrade(session: Session, header: Header, message: UpgradePackage, now_ms: int) -> Said:
    return TerminalReply(header.serial, header.message_id, DONE), UpgradeResult(message.kind, DONE)


def _video(session: Session, header: Header, message: VideoAttributesQuery, now_ms: int) -> Said:
    return (VideoAttributes(8, 1, 0, 1, 320, 1, 98, 1, 4),)


def _recordings(session: Session, header: Header, message: RecordingQuery | PlaybackRequest, now_ms: int) -> Said:
    """Films of ten minutes, as if the terminal had filmed without a break."""
    end = min(message.end_ms or now_ms, now_ms)
    start = max(message.start_ms or 0, end - 6 * _FILM_S * 1000)
    channels = (message.channel,) if message.channel else (1, 2)
    begins = range(start // (_FILM_S * 1000) * _FILM_S * 1000, end, _FILM_S * 1000)
    rows = tuple(Recording(channel, at, at + _FILM_S * 1000, 0, 0, 1, 1, _FILM_BYTES) for channel in channels for at in begins)
    return (RecordingList(header.serial, rows[:24]),)


def _attachments(session: Session, header: Header, message: AttachmentOrder, now_ms: int) -> int:
    session.equipment.ordered.append(Ordered(header, message))
    return DONE


ANSWERS: dict[type, Callable[..., Any]] = {
    SetParameters: _parameters, AskParameters: _all_parameters, AskNamedParameters: _named_parameters, AskAttributes: _attributes,
    TerminalCommand: _control, VehicleControl: _vehicle, ZoneQuery: _zone_query, CollectRecorder: _collect, SetRecorder: _set_recorder,
    DriverQuery: _driver, TakePicture: _shoot, SearchMedia: _search, UploadMedia: _upload, UploadOne: _upload_one, Question: _question,
    UpgradePackage: _upgrade, VideoAttributesQuery: _video, RecordingQuery: _recordings, PlaybackRequest: _recordings,
    AttachmentOrder: _attachments,
    **dict.fromkeys((CircleZones, RectangleZones, PolygonZone, RouteZone, DeleteCircles, DeleteRectangles, DeletePolygons, DeleteRoutes), _zones),
}  # fmt: skip
"""What is done for a message, by its class."""

ACKNOWLEDGED = (
    TextDown, TrackingControl, ConfirmAlarm, LinkCheck, CallBack, SetEvents, SetMenu, Information, SetPhoneBook, RecordSound,
    PassthroughDown, LiveRequest, LiveControl, PlaybackControl, UploadOrder, Turn, Focus, Aperture, Wiper, InfraRed, Zoom,
)  # fmt: skip
"""Messages that a terminal takes, and says no more than that."""
