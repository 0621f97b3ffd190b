"""Other people's test vectors compared with what this package reads: the adapter from their names to ours.

A vector has `id`, `protocol`, `hex`, `expect`, `expect_level` and `anomalies`; only keys present in `expect` are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.units import SHANGHAI, instant
from protocols.anomaly import Code
from protocols.jt808.codec import Examined, encode, examine, find_definition
from protocols.jt808.extras import Extra
from protocols.jt808.framing import Splitter, unescape
from protocols.jt808.header import terminal_key
from protocols.jt808.messages.control import LocationQuery, TrackingControl
from protocols.jt808.messages.location import Location, LocationBatch, LocationReply
from protocols.jt808.messages.registration import Authentication, Registration, RegistrationReply
from protocols.jt808.messages.session import PacketRequest, PlatformReply, ServerTime, TerminalPacketRequest, TerminalReply
from protocols.jt808.messages.text import TextDown
from protocols.jt808.profile import STANDARD

MATCHED, DIFFERS, NOT_COVERED = "matched", "differs", "not covered yet"

_LABELS = {
    "bad_checksum": Code.BAD_CHECKSUM, "lone_7d": Code.LONE_ESCAPE, "noncanonical_escaping": Code.NONCANONICAL_ESCAPE,
    "non_bcd_phone": Code.NON_BCD_ID, "body_length_mismatch": Code.LENGTH_MISMATCH, "body_decode_failed": Code.SHORT_BODY,
    "trailing_body_bytes": Code.TRAILING_BODY_BYTES, "nonstandard_tlv_tail": Code.TAIL_AFTER_ZERO_ID,
    "truncated_additional_item": Code.TRUNCATED_ITEM, "nonstandard_length": Code.ITEM_LENGTH, "trailing_bytes": Code.TRAILING_BYTES,
}  # fmt: skip
_LABELLED = frozenset(_LABELS.values())


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs: ours and theirs as they print."""

    vector: str
    field: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a comparison gave: `MATCHED`, `DIFFERS` or `NOT_COVERED` (then only the header was compared)."""

    vector: str
    status: str
    differences: tuple[Difference, ...] = ()


def compare(vector: dict[str, Any]) -> Outcome:
    """Compare one vector; ValueError for hex that is none, KeyError for a vector without its keys."""
    frame = bytes.fromhex(vector["hex"].replace(" ", ""))
    identity, expect = vector["id"], vector["expect"]
    if vector["protocol"] != "jt808":
        examine(frame)
        return Outcome(identity, NOT_COVERED)
    if vector["expect_level"] == "stream":
        return _outcome(identity, expect, _stream(frame), covered=True)
    examined = examine(frame)
    ours = _header(examined)
    header = examined.header
    covered = header is not None and find_definition(header.message_id, STANDARD) is not None
    if examined.message is not None:
        ours |= _BODIES.get(type(examined.message), lambda _: {})(examined.message)
        ours["trailing_hex"] = next((odd.detail for odd in examined.anomalies if odd.code is Code.TRAILING_BODY_BYTES), "")
    if covered:
        ours |= {"body_hex": examined.body.hex(), "body_hex_len": len(examined.body), "layout": examined.version}
        ours["anomalies"], theirs = _anomalies(examined), sorted(_code(label) for label in vector["anomalies"])
        expect = {**expect, "anomalies": theirs}  # those of positions stand in the vector's own list too
        if not vector["anomalies"] and examined.message is not None:
            expect, ours["hex"] = {**expect, "hex": frame.hex()}, _again(examined)
    else:
        expect = {key: value for key, value in expect.items() if key in ours}
    return _outcome(identity, expect, ours, covered=covered)


def _outcome(identity: str, expect: dict[str, Any], ours: dict[str, Any], *, covered: bool) -> Outcome:
    found = tuple(Difference(identity, field, _print(mine), _print(other)) for field, mine, other in _unequal("", ours, expect))
    return Outcome(identity, DIFFERS if found else MATCHED if covered else NOT_COVERED, found)


def _unequal(prefix: str, ours: Any, theirs: Any) -> list[tuple[str, Any, Any]]:
    """(path, ours, theirs) of every leaf that differs."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        rows = [(key, value) for key, value in theirs.items() if not (prefix and key == "anomalies")]
        return [odd for key, value in rows for odd in _unequal(f"{prefix}.{key}".lstrip("."), ours.get(key, "absent"), value)]
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [odd for number, (mine, value) in pairs for odd in _unequal(f"{prefix}[{number}]", mine, value)]
    if isinstance(theirs, str) and theirs.endswith("...") and isinstance(ours, str):
        return [] if ours.startswith(theirs[:-3]) else [(prefix, ours, theirs)]
    if isinstance(theirs, float) and isinstance(ours, (int, float)):
        return [] if abs(theirs - ours) < 1e-9 else [(prefix, ours, theirs)]
    return [] if ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool) else [(prefix, ours, theirs)]


def _print(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _code(label: str) -> str:
    word = label.removeprefix("location:").partition("(")[0].partition(":")[0].partition("_0x")[0]
    return str(_LABELS[word])


def _anomalies(examined: Examined) -> list[str]:
    return sorted(str(odd.code) for odd in examined.anomalies if odd.code in _LABELLED)


def _again(examined: Examined) -> str:
    """The frame made anew from what was read of it."""
    header = examined.header
    assert header is not None
    package = None if header.package_total is None else (header.package_total, header.package_index or 0)
    return encode(
        examined.message, terminal_id=header.terminal_id, serial=header.serial, version=examined.version, package=package
    ).hex()


def _header(examined: Examined) -> dict[str, Any]:
    header = examined.header
    if header is None:
        return {}
    valid = all(odd.code is not Code.BAD_CHECKSUM for odd in examined.anomalies)
    ours: dict[str, Any] = {
        "message_id": f"0x{header.message_id:04X}", "terminal_phone_bcd": header.terminal_id,
        "terminal_phone": terminal_key(header.terminal_id), "serial": header.serial, "encryption": header.attributes >> 10 & 7,
        "subpackage": header.package_total is not None, "body_length": header.body_length, "checksum_valid": valid, "checksum": unescape(examined.raw)[0][-1],
    }  # fmt: skip
    if header.version_byte is not None:
        ours["protocol_version_byte"] = header.version_byte
    if header.package_total is not None:
        ours |= {"package_total": header.package_total, "package_index": header.package_index}
    return ours


def _stream(data: bytes) -> dict[str, Any]:
    found = [examine(run) for run in Splitter().feed(data)]
    headers = [examined.header for examined in found]
    return {
        "kind": "stream",
        "frame_count": len(found),
        "message_ids": ["" if header is None else f"0x{header.message_id:04X}" for header in headers],
        "checksums_valid": [all(odd.code is not Code.BAD_CHECKSUM for odd in examined.anomalies) for examined in found],
    }


def _location(message: Location) -> dict[str, Any]:
    latitude, longitude = message.signed_e6
    named: dict[str, Any] = {}
    for item in message.extras:
        named |= _item(item)
    return {
        "alarm_bits": message.alarm_bits, "status_bits": message.status_bits, "latitude_deg": latitude / 1e6,
        "longitude_deg": longitude / 1e6, "altitude_m": message.altitude_m, "speed_kmh": message.speed_kmh10 / 10,
        "direction_deg": message.heading_deg,
        "device_time": None if message.time_ms is None else instant(message.time_ms).astimezone(SHANGHAI).isoformat(),
        "additional": named, "additional_raw": [[f"0x{item.id:02X}", item.raw.hex()] for item in message.extras],
        "additional_tail_hex": message.tail.hex(),
    }  # fmt: skip


_SCALED = {0x01: ("mileage_km", 10), 0x02: ("fuel_l", 10), 0x03: ("recorder_speed_kmh", 10)}
_PLAIN = {
    0x04: "manual_alarm_event_id", 0x06: "carriage_temperature_c", 0x14: "video_alarm_bits", 0x15: "video_signal_loss_bits",
    0x16: "video_block_bits", 0x17: "storage_fault_bits", 0x25: "vehicle_signal_bits", 0x2A: "io_status_bits",
    0x30: "signal_strength", 0x31: "satellites",
}  # fmt: skip
_HEX = {0x05: "tyre_pressure_hex", 0x18: "abnormal_driving"}


def _item(item: Extra) -> dict[str, Any]:
    value = item.value()
    if value is None:
        return {}
    if item.id in _SCALED:
        name, divisor = _SCALED[item.id]
        return {name: value / divisor}
    if item.id in _PLAIN:
        return {_PLAIN[item.id]: value}
    if item.id in _HEX:
        return {_HEX[item.id]: item.raw.hex()}
    if item.id == 0x2B:
        return {"analog": {"ad0": value & 0xFFFF, "ad1": value >> 16}}
    if item.id == 0x11:
        place = {"location_type": value.place}
        return {"overspeed_alarm": place if value.area_id is None else {**place, "area_id": value.area_id}}
    if item.id == 0x12:
        return {"area_inout_alarm": {"location_type": value.place, "area_id": value.area_id, "direction": value.direction}}
    if item.id == 0x13:
        return {"route_time_alarm": {"route_id": value.segment_id, "drive_time_s": value.driving_s, "result": value.result}}
    return {}


def _batch(message: LocationBatch) -> dict[str, Any]:
    locations = [{} if fix is None else _location(fix) for fix in message.locations]
    return {"item_count": message.count, "batch_type": message.kind, "locations": locations}


def _reply(message: Any) -> dict[str, Any]:
    return {"reply_serial": message.reply_serial, "reply_message_id": f"0x{message.reply_id:04X}", "result": message.result}


def _packets(message: Any) -> dict[str, Any]:
    return {"original_serial": message.first_serial, "packet_ids": list(message.indices)}


def _registration(message: Registration) -> dict[str, Any]:
    return {
        "province_id": message.province, "city_id": message.city, "manufacturer_id": message.maker, "terminal_model": message.model,
        "terminal_id": message.terminal_code, "plate_color": message.plate_colour, "plate_no": message.plate,
    }  # fmt: skip


def _server_time(message: ServerTime) -> dict[str, Any]:
    return {"server_time": None if message.time_ms is None else instant(message.time_ms).isoformat().replace("+00:00", "Z")}


def _named(*names: tuple[str, str]) -> Callable[[Any], dict[str, Any]]:
    return lambda message: {theirs: getattr(message, ours) for theirs, ours in names}


_BODIES: dict[type, Callable[[Any], dict[str, Any]]] = {
    TerminalReply: _reply,
    PlatformReply: _reply,
    PacketRequest: _packets,
    TerminalPacketRequest: _packets,
    ServerTime: _server_time,
    Registration: _registration,
    RegistrationReply: _named(("reply_serial", "reply_serial"), ("result", "result"), ("auth_code", "auth_code")),
    Authentication: _named(("auth_code", "auth_code"), ("imei", "imei"), ("software_version", "software_version")),
    Location: _location,
    LocationReply: lambda message: {"reply_serial": message.reply_serial, "location": _location(message.location)},
    LocationBatch: _batch,
    LocationQuery: _named(),
    TrackingControl: _named(("interval_s", "interval_s"), ("valid_s", "valid_s")),
    TextDown: _named(("flag_bits", "flag_bits"), ("text_type", "text_type"), ("text", "text")),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a file of known differences."""

    vector: str
    field: str
    ours: str
    theirs: str
    reason: str


def against_list(outcomes: list[Outcome], listed: list[Listed]) -> tuple[list[Difference], list[Listed]]:
    """(differences that no row lists, rows whose vector was compared and no longer differs as they say)."""
    known = {Difference(row.vector, row.field, row.ours, row.theirs) for row in listed}
    found = {odd for outcome in outcomes for odd in outcome.differences}
    seen = {outcome.vector for outcome in outcomes}
    unlisted = [odd for outcome in outcomes for odd in outcome.differences if odd not in known]
    stale = [row for row in listed if row.vector in seen and Difference(row.vector, row.field, row.ours, row.theirs) not in found]
    return unlisted, stale


def tally(outcomes: list[Outcome]) -> dict[str, int]:
    """Number of outcomes by status."""
    return dict(Counter(outcome.status for outcome in outcomes))
