"""One decoder, two entrances: `examine` never raises, `decode` is strict; and `encode`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.errors import RefusedError, WireError
from protocols.anomaly import Anomaly, Code, Layer, anomaly
from protocols.definition import definition_of
from protocols.jt808.codec import decode_body
from protocols.jt809.cipher import cipher
from protocols.jt809.envelope import Envelope, Subject, read_envelope, write_envelope
from protocols.jt809.framing import MAX_FRAME, SIZE_CRC, crc16, strip_flags, unescape, wrap
from protocols.jt809.header import Address, Header, clear_header, read_header, write_header
from protocols.jt809.peer import ANYBODY, Peer
from protocols.jt809.registry import find_definition
from protocols.wire import Context, Writer


@dataclass(frozen=True, slots=True)
class Examined:
    """What a frame holds.

    Attributes:
        header: None when the frame is too short for one.
        envelope: vehicle and sub-id; None when the body cannot be opened or is too short.
        message: None when the id is unknown or the body cannot be read.
        frame: unescaped bytes between the flags, the body opened where the key is known.
        raw: the run as it came, without flags.
        anomalies: everything odd, in the order of its layers.
        version: edition of the body's layout.
    """

    header: Header | None
    envelope: Envelope | None
    message: Any
    frame: bytes
    raw: bytes
    anomalies: tuple[Anomaly, ...]
    version: str

    @property
    def dropped(self) -> Anomaly | None:
        """The first anomaly that drops the frame or its fix; None when there is none."""
        return next((found for found in self.anomalies if found.drop), None)

    @property
    def unreadable(self) -> Anomaly | None:
        """The first anomaly that drops the whole frame; None when there is none, though a position in it may be unusable."""
        return next((found for found in self.anomalies if found.drop and found.layer is not Layer.POSITION), None)

    @property
    def subject(self) -> Subject | None:
        """The vehicle outside the fields; None where there is none."""
        return None if self.envelope is None else self.envelope.subject

    @property
    def sub_id(self) -> int:
        """Id of the sub-message, 0 for none."""
        return 0 if self.envelope is None else self.envelope.sub_id


def examine(frame: bytes, peer: Peer = ANYBODY) -> Examined:
    """Everything that can be read of a frame, with or without its flags. Never raises."""
    run = strip_flags(bytes(frame))
    anomalies: list[Anomaly] = []
    if len(run) > MAX_FRAME:
        anomalies.append(anomaly(Code.OVERSIZE_FRAME, 0, detail=f"over {MAX_FRAME} bytes"))
        return Examined(None, None, None, b"", run, tuple(anomalies), "")
    unescaped, lone, noncanonical = unescape(run)
    for offset in lone:
        anomalies.append(anomaly(Code.LONE_ESCAPE, offset, detail=f"{unescaped[offset]:02x} before neither 01 nor 02"))
    if noncanonical:
        anomalies.append(anomaly(Code.NONCANONICAL_ESCAPE, -1, detail="our escaping gives other bytes"))
    said, found = int.from_bytes(unescaped[-SIZE_CRC:], "big"), crc16(unescaped[:-SIZE_CRC])
    if said != found:
        detail = f"is {said:04x}, computed {found:04x}"
        anomalies.append(anomaly(Code.BAD_CRC, max(len(unescaped) - SIZE_CRC, 0), field="crc", detail=detail))
    header = read_header(unescaped, anomalies, peer.version)
    if header is None:
        return Examined(None, None, None, unescaped, run, tuple(anomalies), "")
    return _body(header, unescaped, run, peer, anomalies)


def _body(header: Header, frame: bytes, run: bytes, peer: Peer, anomalies: list[Anomaly]) -> Examined:
    end = len(frame) - SIZE_CRC
    if header.encryption and end > header.body_start:
        if peer.keys is None:
            anomalies.append(anomaly(Code.ENCRYPTED_NO_KEY, 17, field="encryption", detail=f"encryption {header.encryption}"))
            return Examined(header, None, None, frame, run, tuple(anomalies), header.version)
        clear = cipher(frame[header.body_start : end], header.key, peer.keys)
        frame = frame[: header.body_start] + clear + frame[end:]
    context = Context(peer.profile, header.version, anomalies)
    envelope = read_envelope(frame, header.body_start, end, header.message_id, context)
    if envelope is None:
        return Examined(header, None, None, frame, run, tuple(anomalies), header.version)
    definition = find_definition(header.message_id, envelope.sub_id)
    if definition is None:
        detail = f"0x{header.message_id:04X} 0x{envelope.sub_id:04X}"
        anomalies.append(anomaly(Code.UNKNOWN_MESSAGE, 8, field="message_id", detail=detail))
        return Examined(header, envelope, None, frame, run, tuple(anomalies), header.version)
    message, version = decode_body(definition, frame, envelope.start, envelope.end, context)
    rest = envelope.behind[-1].end if envelope.behind else envelope.end
    if rest < end:
        context.note(Code.TRAILING_BODY_BYTES, rest, detail=frame[rest:end].hex())
    return Examined(header, envelope, message, frame, run, tuple(anomalies), version)


def opened(frame: bytes, peer: Peer) -> bytes:
    """The frame in clear, with flags and its CRC anew; as it is, but for missing flags, where it is not ciphered or there are no keys."""
    run = strip_flags(bytes(frame))
    whole = unescape(run)[0]
    header = read_header(whole, [], peer.version)
    if header is None or not header.encryption or peer.keys is None:
        return b"\x5b" + run + b"\x5d"
    body = cipher(whole[header.body_start : -SIZE_CRC], header.key, peer.keys)
    return wrap(clear_header(whole[: header.body_start]) + body)


def decode(frame: bytes, peer: Peer = ANYBODY) -> Any:
    """The message of a frame; WireError for the first thing that drops it, and where the message is unknown."""
    examined = examine(frame, peer)
    fault = examined.dropped
    if fault is None and examined.message is None:
        fault = next(found for found in examined.anomalies if found.code is Code.UNKNOWN_MESSAGE)
    if fault is not None:
        raise WireError(f"{fault.code}: {fault.detail}", code=fault.code, field=fault.field, offset=fault.offset)
    return examined.message


def encode_body(message: Any, version: str, subject: Subject | None = None, peer: Peer = ANYBODY) -> tuple[int, bytes]:
    """(message id, clear body with its envelope) of a message; RefusedError when a value does not fit."""
    definition = definition_of(message)
    if definition.message_id is None:
        raise RefusedError(f"{type(message).__name__} is no message of its own", field="message")
    if version not in definition.versions:
        raise RefusedError(f"0x{definition.sub_id or definition.message_id:04X} is not in {version}", field="version")
    context = Context(peer.profile, version)
    writer = Writer(context)
    definition.layout(version).write(writer, message)
    body = write_envelope(definition.message_id, definition.sub_id, bytes(writer.out), version, subject, context)
    return definition.message_id, body


def encode(message: Any, address: Address, *, subject: Subject | None = None, peer: Peer = ANYBODY) -> bytes:
    """A whole frame of a message, escaped and between flags.

    Args:
        message: what to say.
        address: serial, access code, edition; with `encryption` set the body is ciphered with its `key`.
        subject: the vehicle, where the message is about one outside its fields.
        peer: key constants and charset.
    Raises:
        RefusedError: a value does not fit its field, a vehicle is missing, or there are no key constants.
    """
    message_id, body = encode_body(message, address.version, subject, peer)
    if address.encryption:
        if peer.keys is None:
            raise RefusedError("no key constants are agreed with this platform", field="encryption")
        body = cipher(body, address.key, peer.keys)
    return wrap(write_header(message_id, len(body), address) + body)
