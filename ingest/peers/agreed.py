"""What is agreed with a platform, and what is to be said to it, in the terms of `protocols.jt809`."""

from __future__ import annotations

from ingest.peer_store import Account, Outgoing
from ingest.peers.history import LineHistory
from ingest.settings import PlatformSettings
from protocols.fields import V2019
from protocols.jt809 import orders
from protocols.jt809.cipher import CipherKeys
from protocols.jt809.envelope import Subject
from protocols.jt809.events import MessageIn
from protocols.jt809.line import LinkLimits
from protocols.jt809.messages.exchange import VehicleRegistration, VehicleRegistrationAnswer
from protocols.jt809.messages.links import LinkReport, LinkReportRequest
from protocols.jt809.peer import Peer

_MOST_BREAKS = 255
"""What the field of 0x1102 holds."""


def peer_of(account: Account) -> Peer:
    """Edition and keys that are agreed with a platform."""
    keys = None
    if account.m1 is not None and account.ia1 is not None and account.ic1 is not None:
        keys = CipherKeys(account.m1, account.ia1, account.ic1)
    return Peer(version=account.version, access_code=account.access_code, keys=keys, encrypt=account.encrypt)


def limits_of(settings: PlatformSettings) -> LinkLimits:
    """Parameters of a link."""
    return LinkLimits(
        keep_alive_ms=int(settings.keep_alive_s * 1000), dead_ms=int(settings.dead_s * 1000), login_ms=int(settings.login_s * 1000),
        first_wait_ms=int(settings.first_wait_s * 1000), most_wait_ms=int(settings.most_wait_s * 1000), count_every=settings.count_every,
    )  # fmt: skip


def outgoing(one: Outgoing, version: str) -> tuple[object, Subject | None]:
    """Message and vehicle of a question or an answer; RefusedError when it cannot be said in this edition."""
    vehicle = Subject(one.plate, one.plate_colour) if one.plate is not None and one.plate_colour is not None else None
    subject = orders.subject_of(one.kind, version, vehicle)
    if one.table == "message":
        return orders.question(one.kind, one.number, one.fields, version), subject
    asked = orders.Asked(one.kind, one.number, one.fields, one.plate, one.plate_colour)
    said = orders.Answered(one.kind, one.number, one.serial, one.result, one.content, one.responder, one.telephone)
    return orders.answer(asked, one.serial, said, version), subject


def receipts(event: MessageIn, version: str, history: LineHistory, now_ms: int) -> list[object]:
    """What is answered at once to a message of another platform, beside what the link itself answers."""
    message = event.message
    if isinstance(message, VehicleRegistration) and version == V2019:
        return [VehicleRegistrationAnswer(0x1201, event.header.serial, 0)]
    if isinstance(message, LinkReportRequest):
        lost, breaks, broken_s = history.between(message.start_ms or 0, message.end_ms or now_ms, now_ms)
        return [LinkReport(message.platform, message.start_ms, message.end_ms, lost, min(breaks, _MOST_BREAKS), broken_s)]
    return []
