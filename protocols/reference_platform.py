"""Our reading of JT/T 809 frames under the names of the reference decoder's vectors."""

from __future__ import annotations

from typing import Any

from domain.units import SHANGHAI, instant
from protocols.anomaly import Code
from protocols.jt809.codec import Examined, encode, examine
from protocols.jt809.framing import SIZE_CRC
from protocols.jt809.header import Address
from protocols.jt809.messages.exchange import LivePosition
from protocols.jt809.messages.links import Login, Logout, SubLoginAnswer
from protocols.jt809.positions import Position2011

_LABELS = {"bad_crc": Code.BAD_CRC, "encrypted": Code.ENCRYPTED_NO_KEY}


def expected(vector: dict[str, Any]) -> dict[str, Any]:
    """What a vector expects, its labels as codes; a clean frame must be written again as it came."""
    wanted = {**vector["expect"], "anomalies": sorted(str(_LABELS[label]) for label in vector["anomalies"])}
    return {**wanted, "hex": vector["hex"].lower()} if vector["expect_level"] == "body" and not vector["anomalies"] else wanted


def read(frame: bytes) -> dict[str, Any]:
    """Header and body of a frame under the reference's names."""
    examined = examine(frame)
    header, envelope = examined.header, examined.envelope
    if header is None:
        return {}
    codes = {odd.code for odd in examined.anomalies}
    ours: dict[str, Any] = {
        "length": header.length, "serial": header.serial, "message_id": f"0x{header.message_id:04X}",
        "gnss_center_id": header.access_code, "version": ".".join(map(str, header.version_flag)), "encryption": header.encryption,
        "encrypt_key": header.key, "crc": int.from_bytes(examined.frame[-SIZE_CRC:], "big"), "crc_valid": Code.BAD_CRC not in codes,
        "anomalies": sorted(str(code) for code in codes & set(_LABELS.values())),
    }  # fmt: skip
    if header.time_s is not None:
        ours["send_time_utc"] = f"{instant(1000 * header.time_s):%Y-%m-%dT%H:%M:%SZ}"
    if envelope is not None and envelope.sub_id:
        body = examined.frame[envelope.start : envelope.end]
        ours |= {"sub_message_id": f"0x{envelope.sub_id:04X}", "sub_length": len(body), "sub_body_hex": body.hex()}
    if examined.subject is not None:
        ours |= {"plate_no": examined.subject.plate, "plate_color": examined.subject.plate_colour}
    return ours | _fields(examined.message) | {"hex": _again(examined)}


def _fields(message: Any) -> dict[str, Any]:
    if isinstance(message, (Login, Logout)):
        known = {"user_id": message.user_id, "password": message.password}
        link = {"down_link_ip": message.sub_link_ip, "down_link_port": message.sub_link_port} if isinstance(message, Login) else {}
        return known | link
    if isinstance(message, SubLoginAnswer):
        return {"result": message.result}
    if isinstance(message, LivePosition) and isinstance(message.position, Position2011):
        fix = message.position
        return {"position": {
            "encrypted": fix.encrypted, "device_time": None if fix.time_ms is None else instant(fix.time_ms).astimezone(SHANGHAI).isoformat(),
            "longitude_deg": fix.longitude_e6 / 1e6, "latitude_deg": fix.latitude_e6 / 1e6, "speed_kmh": fix.speed_kmh,
            "recorder_speed_kmh": fix.recorder_speed_kmh, "mileage_km": fix.mileage_km, "direction_deg": fix.heading_deg,
            "altitude_m": fix.altitude_m, "status_bits": fix.status_bits, "alarm_bits": fix.alarm_bits,
        }}  # fmt: skip
    return {}


def _again(examined: Examined) -> str:
    """The frame made anew from what was read of it; as it came where it was odd."""
    header = examined.header
    assert header is not None
    if examined.anomalies or examined.message is None:
        return "5b" + examined.raw.hex() + "5d"
    address = Address(
        header.serial, header.access_code, examined.version, header.version_flag, header.encryption, header.key, header.time_s or 0
    )
    return encode(examined.message, address, subject=examined.subject).hex()
