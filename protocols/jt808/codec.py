"""One decoder, two entrances: `examine` never raises, `decode` is strict; and `encode`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from domain.errors import RefusedError, WireError
from protocols.anomaly import Anomaly, Code, Layer, anomaly
from protocols.definition import Definition, definition_of
from protocols.jt808.body_cipher import BodyCipher, in_clear, opens, waits_for_whole
from protocols.jt808.delimiters import DELIMITINGS
from protocols.jt808.framing import MAX_FRAME, checksum
from protocols.jt808.header import SIZE_PACKET_ITEM, Address, Header, imei_of, read_header, read_header_e7, write_header
from protocols.jt808.profile import STANDARD, Profile
from protocols.jt808.registry import messages
from protocols.wire import Context, Reader, Writer

_IMEI_BYTES = 6


@dataclass(frozen=True, slots=True)
class Examined:
    """What a frame holds.

    Attributes:
        header: None when the frame is too short for one.
        message: None when the id is unknown, the body cannot be read, or the frame is one packet of a longer message.
        body: bytes between header and checksum, unescaped.
        raw: the run as it came, escaped, without delimiters.
        anomalies: everything odd, in the order of its layers.
        version: edition of the body's layout; "2011" differs from the header's version only where the body tells.
    """

    header: Header | None
    message: Any
    body: bytes
    raw: bytes
    anomalies: tuple[Anomaly, ...]
    version: str

    @property
    def dropped(self) -> Anomaly | None:
        """The first anomaly that drops the frame or its fix; None when there is none."""
        return next((found for found in self.anomalies if found.drop), None)


def find_definition(message_id: int, profile: Profile) -> Definition | None:
    """Definition of an id: of the profile, its parents, the standard; None when nobody knows it."""
    for owner in (profile.name, *profile.parents, "standard"):
        found = messages.get((message_id, owner))
        if found is not None:
            return definition_of(found)
    return None


def examine(frame: bytes, profile: Profile = STANDARD, cipher: BodyCipher | None = None) -> Examined:
    """Everything that can be read of a frame, with or without its delimiters. Never raises.

    An encrypted frame that the cipher opens is as if it had come in clear, `raw` too. What is wrong inside it is told without detail.
    """
    form = DELIMITINGS[profile.delimiter]
    run = form.strip(bytes(frame))
    anomalies: list[Anomaly] = []
    if len(run) > MAX_FRAME:
        anomalies.append(anomaly(Code.OVERSIZE_FRAME, 0, detail=f"over {MAX_FRAME} bytes"))
        return Examined(None, None, b"", run, tuple(anomalies), "")
    unescaped, lone, noncanonical = form.unescape(run)
    for offset in lone:
        anomalies.append(anomaly(Code.LONE_ESCAPE, offset, detail="an escape before neither 01 nor 02"))
    if noncanonical:
        anomalies.append(anomaly(Code.NONCANONICAL_ESCAPE, -1, detail="our escaping gives other bytes"))
    if checksum(unescaped):
        found = checksum(unescaped[:-1])
        anomalies.append(anomaly(Code.BAD_CHECKSUM, len(unescaped) - 1, detail=f"is {unescaped[-1]:02x}, XOR gives {found:02x}"))
    header = _header(unescaped, anomalies, profile)
    if header is None:
        return Examined(None, None, b"", run, tuple(anomalies), "")
    if not profile.trust_length:
        anomalies = [kept(found) if found.code is Code.LENGTH_MISMATCH else found for found in anomalies]
    if opens(header, cipher):
        return _opened(header, unescaped, run, (profile, cipher), anomalies)
    end = len(unescaped) - 1
    body = unescaped[header.body_start : end]
    if waits_for_whole(header, cipher):
        return Examined(header, None, body, run, tuple(anomalies), header.version)
    message, version = _body(header, unescaped, end, profile, anomalies)
    return Examined(header, message, body, run, tuple(anomalies), version)


def _opened(header: Header, frame: bytes, run: bytes, how: tuple[Profile, Any], anomalies: list[Anomaly]) -> Examined:
    """An encrypted frame, opened and read."""
    profile, cipher = how
    start, body = header.body_start, cipher.decrypt(frame[header.body_start : -1])
    if body is None:
        anomalies.append(unopened(start))
        return Examined(header, None, b"", run, tuple(anomalies), header.version)
    clear, plain = in_clear(header, frame[:start], body)
    found: list[Anomaly] = []
    message, version = _body(clear, plain, len(plain) - 1, profile, found)
    return Examined(clear, message, body, DELIMITINGS[profile.delimiter].escape(plain), (*anomalies, *unexplained(found, start)), version)


def unopened(offset: int) -> Anomaly:
    """The anomaly of a body that no key opens: it says nothing of why."""
    return anomaly(Code.BAD_VALUE, offset, field="body")


def unexplained(found: list[Anomaly], offset: int) -> list[Anomaly]:
    """Anomalies of an opened body: what drops the message is one without detail, for wrong padding opens to random bytes."""
    dropped = any(one.drop and one.layer is Layer.BODY for one in found)
    return [unopened(offset)] if dropped else found


def _header(frame: bytes, anomalies: list[Anomaly], profile: Profile) -> Header | None:
    """The header in the profile's form; an id that is an IMEI in 48 bits is said in digits."""
    if profile.delimiter == "e7":
        return read_header_e7(frame, anomalies)
    header = read_header(frame, anomalies, profile.version)
    if header is None or profile.id_form != "imei48" or header.id_size != _IMEI_BYTES:
        return header
    anomalies[:] = [found for found in anomalies if found.code is not Code.NON_BCD_ID]
    return replace(header, terminal_id=imei_of(header.terminal_id))


def kept(found: Anomaly) -> Anomaly:
    """The anomaly, no longer dropping its frame."""
    return anomaly(found.code, found.offset, field=found.field, detail=found.detail, drop=False)


def _body(header: Header, frame: bytes, end: int, profile: Profile, anomalies: list[Anomaly]) -> tuple[Any, str]:
    if header.encrypted:
        anomalies.append(anomaly(Code.ENCRYPTED_NO_KEY, 2, field="attributes", detail=f"encryption {header.attributes >> 10 & 7}"))
        return None, header.version
    definition = find_definition(header.message_id, profile)
    if definition is None:
        anomalies.append(anomaly(Code.UNKNOWN_MESSAGE, 0, field="message_id", detail=f"0x{header.message_id:04X}"))
        return None, header.version
    if header.package_total is not None and header.package_index is not None:
        if not 1 <= header.package_index <= header.package_total:
            detail = f"packet {header.package_index} of {header.package_total}"
            anomalies.append(anomaly(Code.BAD_INDEX, header.body_start - SIZE_PACKET_ITEM, field="package_index", detail=detail))
        if header.package_total != 1 or header.package_index != 1:
            return None, header.version
    return decode_body(definition, frame, header.body_start, end, Context(profile, header.version, anomalies))


def decode_body(definition: Definition, frame: bytes, start: int, end: int, context: Context) -> tuple[Any, str]:
    """(message or None, version of its layout) of the body `frame[start:end]`; anomalies go to the context."""
    if definition.choose is not None:
        context.version = definition.choose(frame[start:end], context.version)
    reader = Reader(frame, start, end, context)
    try:
        message = definition.layout(context.version).read(reader)
    except WireError as error:
        context.note(Code(error.code), error.offset, field=error.field, detail=str(error))
        return None, context.version
    if reader.at < end:
        context.note(Code.TRAILING_BODY_BYTES, reader.at, detail=frame[reader.at : end].hex())
    verdict(message, start, context)
    return message, context.version


def verdict(message: Any, start: int, context: Context) -> None:
    """Let a message judge its values: one with a `judge(start, context)` notes what is out of range or does not add up."""
    judge = getattr(message, "judge", None)
    if judge is not None:
        judge(start, context)


def assembled(header: Header, body: bytes, last: Examined, profile: Profile = STANDARD) -> Examined:
    """A message whose packets are all there; offsets of its anomalies count in the joined body.

    Args:
        header: of the packet that came last; `last`: that packet.
        body: all packets joined, without their packet items.
        profile: how the terminal speaks.
    """
    context = Context(profile, header.version)
    definition = find_definition(header.message_id, profile)
    if definition is None:
        return Examined(header, None, body, last.raw, (anomaly(Code.UNKNOWN_MESSAGE, 0, field="message_id"),), header.version)
    message, version = decode_body(definition, body, 0, len(body), context)
    return Examined(header, message, body, last.raw, tuple(context.anomalies), version)


def decode(frame: bytes, profile: Profile = STANDARD) -> Any:
    """The message of a frame; WireError for the first thing that drops it, and where there is no whole known message."""
    examined = examine(frame, profile)
    fault = examined.dropped
    if fault is None and examined.message is None:
        fault = next((found for found in examined.anomalies if found.code is Code.UNKNOWN_MESSAGE), None)
        if fault is None:
            raise WireError("one packet of a longer message", code=Code.SHORT_BODY, field="package_index", offset=0)
    if fault is not None:
        raise WireError(f"{fault.code}: {fault.detail}", code=fault.code, field=fault.field, offset=fault.offset)
    return examined.message


def encode_body(message: Any, version: str, profile: Profile = STANDARD) -> tuple[int, bytes]:
    """(message id, body) of a message; RefusedError when a value does not fit."""
    definition = definition_of(message)
    if definition.message_id is None:
        raise RefusedError(f"{type(message).__name__} is no message of its own", field="message")
    writer = Writer(Context(profile, version))
    definition.layout(version).write(writer, message)
    return definition.message_id, bytes(writer.out)


def address_of(terminal_id: str, version: str, profile: Profile) -> Address:
    """Where a terminal of this profile is spoken to, with serial 0."""
    return Address(terminal_id, 0, version, delimiter=profile.delimiter, id_form=profile.id_form)


def build_frame(message_id: int, body: bytes, address: Address) -> bytes:
    """A whole frame, escaped and between delimiters; RefusedError when the body is longer than one frame holds."""
    frame = write_header(message_id, len(body), address) + body
    return DELIMITINGS[address.delimiter].wrap(frame + bytes((checksum(frame),)))


def encode(
    message: Any,
    *,
    terminal_id: str,
    serial: int,
    version: str,
    profile: Profile = STANDARD,
    package: tuple[int, int] | None = None,
) -> bytes:
    """A whole frame of a message.

    Args:
        message: what to say.
        terminal_id: digits, with or without leading zeros.
        serial: serial of the frame.
        version: "2011", "2013" or "2019".
        profile: how the terminal speaks.
        package: (total, index) for a header with a packet item.
    Raises:
        RefusedError: a value does not fit its field, or the body one frame.
    """
    message_id, body = encode_body(message, version, profile)
    return build_frame(message_id, body, replace(address_of(terminal_id, version, profile), serial=serial, package=package))
