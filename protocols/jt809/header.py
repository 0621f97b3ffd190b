"""The header: 22 bytes in 2011, 30 with a UTC time in 2019 (JT/T 809-2011 4.3.2, 2019 5.3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from domain.errors import RefusedError
from protocols.anomaly import Anomaly, Code, anomaly
from protocols.fields import V2011, V2019
from protocols.jt809.framing import SIZE_CRC

_COMMON = Struct(">IIHI3sBI")
_TIME = Struct(">Q")
SIZE_2011 = _COMMON.size
SIZE_2019 = SIZE_2011 + _TIME.size
SIZE_FLAGS = 2
_ENCRYPTION = 17
"""Place of the encryption flag; the key follows."""
_PLAUSIBLE_S = range(1_230_768_000, 4_102_444_800)
"""2009 to 2099: where 2019's header has its time, a 2011 body has something else."""


@dataclass(frozen=True, slots=True)
class Header:
    """Header of one frame.

    `length` is the declared one of the whole unescaped frame with both flags; `version_flag` is what the sender writes there and
    says nothing about the edition; `time_s` is UTC seconds, None in 2011.
    """

    length: int
    serial: int
    message_id: int
    access_code: int
    version_flag: tuple[int, int, int]
    encryption: int
    key: int
    version: str
    body_start: int
    time_s: int | None = None


def guess_version(frame: bytes) -> str:
    """ "2019" where bytes 22 to 29 are a time from 2009 to 2099, else "2011"."""
    if len(frame) < SIZE_2019 + SIZE_CRC:
        return V2011
    return V2019 if _TIME.unpack_from(frame, SIZE_2011)[0] in _PLAUSIBLE_S else V2011


def read_header(frame: bytes, anomalies: list[Anomaly], version: str = "auto") -> Header | None:
    """Header of an unescaped frame, its CRC still at the end; None, with `short_frame`, when the frame is too short.

    Args:
        frame: unescaped bytes between the flags.
        anomalies: what is odd is appended here.
        version: "auto", or the peer's edition.
    """
    version = guess_version(frame) if version == "auto" else version
    size = SIZE_2019 if version == V2019 else SIZE_2011
    if len(frame) < size + SIZE_CRC:
        detail = f"{len(frame)} bytes, header and CRC of {version} need {size + SIZE_CRC}"
        anomalies.append(anomaly(Code.SHORT_FRAME, 0, detail=detail))
        return None
    length, serial, message_id, access_code, flag, encryption, key = _COMMON.unpack_from(frame)
    if length != len(frame) + SIZE_FLAGS:
        detail = f"declared {length}, actual {len(frame) + SIZE_FLAGS}"
        anomalies.append(anomaly(Code.LENGTH_MISMATCH, 0, field="length", detail=detail))
    time_s = _TIME.unpack_from(frame, SIZE_2011)[0] if version == V2019 else None
    return Header(length, serial, message_id, access_code, (flag[0], flag[1], flag[2]), encryption, key, version, size, time_s)


def clear_header(head: bytes) -> bytes:
    """The header with encryption flag and key 0."""
    return head[:_ENCRYPTION] + bytes(5) + head[_ENCRYPTION + 5 :]


@dataclass(frozen=True, slots=True)
class Address:
    """What the header of a frame to send needs; `key` 0 sends in clear, `time_s` is UTC seconds (2019)."""

    serial: int
    access_code: int
    version: str
    version_flag: tuple[int, int, int] = (1, 0, 0)
    encryption: int = 0
    key: int = 0
    time_s: int = 0


def write_header(message_id: int, body_length: int, address: Address) -> bytes:
    """Header bytes; RefusedError when a value does not fit."""
    is_2019 = address.version == V2019
    size = SIZE_2019 if is_2019 else SIZE_2011
    for name in ("serial", "access_code", "key"):
        if not 0 <= getattr(address, name) <= 0xFFFFFFFF:
            raise RefusedError(f"{name} {getattr(address, name)} does not fit 32 bits", field=name)
    if not 0 <= address.time_s < 1 << 64:
        raise RefusedError(f"time {address.time_s} does not fit 64 bits", field="time_s")
    if any(not 0 <= part <= 255 for part in address.version_flag):
        raise RefusedError(f"version {address.version_flag} is not three bytes", field="version_flag")
    length = size + body_length + SIZE_CRC + SIZE_FLAGS
    flag = bytes(address.version_flag)
    head = _COMMON.pack(length, address.serial, message_id, address.access_code, flag, address.encryption, address.key)
    return head + _TIME.pack(address.time_s) if is_2019 else head
