"""Our values under the names of the reference decoder's vectors: a new message adds its row to `BODIES`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.units import SHANGHAI, instant
from protocols.jt808.extras import Extra
from protocols.jt808.messages.control import LocationQuery, TrackingControl
from protocols.jt808.messages.location import Location, LocationBatch, LocationReply
from protocols.jt808.messages.registration import Authentication, Registration, RegistrationReply
from protocols.jt808.messages.session import PacketRequest, PlatformReply, ServerTime, TerminalPacketRequest, TerminalReply
from protocols.jt808.messages.terminal_control import VehicleControlReply
from protocols.jt808.messages.text import TextDown
from protocols.reference_commands import BODIES as COMMAND_BODIES
from protocols.reference_video import BODIES as VIDEO_BODIES


def location_values(message: Location) -> dict[str, Any]:
    """A position under the names of the reference."""
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
    locations = [{} if fix is None else location_values(fix) for fix in message.locations]
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


BODIES: dict[type, Callable[[Any], dict[str, Any]]] = {
    TerminalReply: _reply,
    PlatformReply: _reply,
    PacketRequest: _packets,
    TerminalPacketRequest: _packets,
    ServerTime: _server_time,
    Registration: _registration,
    RegistrationReply: _named(("reply_serial", "reply_serial"), ("result", "result"), ("auth_code", "auth_code")),
    Authentication: _named(("auth_code", "auth_code"), ("imei", "imei"), ("software_version", "software_version")),
    Location: location_values,
    LocationReply: lambda message: {"reply_serial": message.reply_serial, "location": location_values(message.location)},
    LocationBatch: _batch,
    LocationQuery: _named(),
    TrackingControl: _named(("interval_s", "interval_s"), ("valid_s", "valid_s")),
    TextDown: _named(("flag_bits", "flag_bits"), ("text_type", "text_type"), ("text", "text")),
    VehicleControlReply: lambda message: {"reply_serial": message.reply_serial, "location": location_values(message.location)},
    **COMMAND_BODIES,
    **VIDEO_BODIES,
}
"""By class of message: its values under the names of the reference."""
