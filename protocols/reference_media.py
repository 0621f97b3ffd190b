"""Our zones, drivers and multimedia under the names of the reference decoder's vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.units import SHANGHAI, instant
from protocols.jt808.messages.driver import DriverIdentity, DriverQuery
from protocols.jt808.messages.media_orders import RecordSound, SearchMedia, TakePicture, UploadMedia, UploadOne
from protocols.jt808.messages.multimedia import MediaData, MediaEvent, MediaReply, ShotReply, StoredMediaList
from protocols.jt808.messages.zone_queries import DeleteCircles, DeletePolygons, DeleteRectangles, DeleteRoutes
from protocols.jt808.messages.zones import CircleZones, PolygonZone, RectangleZones, RouteZone
from protocols.reference_names import location_values

_HEAD_BYTES = 32


def _time(t_ms: int | None) -> str | None:
    return None if t_ms is None else instant(t_ms).astimezone(SHANGHAI).isoformat()


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _limits(zone: Any) -> dict[str, Any]:
    named = {"attr_bits": zone.attributes, "start_time_bcd": zone.start, "end_time_bcd": zone.end, "name": zone.name}
    if not isinstance(zone, RouteZone):
        named |= {"max_speed_kmh": zone.max_speed_kmh, "overspeed_s": zone.overspeed_s, "night_max_speed_kmh": zone.night_speed_kmh}
    return _present(named)


def _degrees(latitude_e6: int, longitude_e6: int) -> list[float]:
    return [latitude_e6 / 1e6, longitude_e6 / 1e6]


def _circles(message: CircleZones) -> dict[str, Any]:
    areas = [
        {"area_id": zone.zone_id, "center": _degrees(zone.latitude_e6, zone.longitude_e6), "radius_m": zone.radius_m, **_limits(zone)}
        for zone in message.zones
    ]
    return {"setting": message.setting, "areas": areas}


def _rectangles(message: RectangleZones) -> dict[str, Any]:
    areas = [
        {
            "area_id": zone.zone_id, "top_left": _degrees(zone.top_e6, zone.left_e6),
            "bottom_right": _degrees(zone.bottom_e6, zone.right_e6), **_limits(zone),
        }
        for zone in message.zones
    ]  # fmt: skip
    return {"setting": message.setting, "areas": areas}


def _polygon(message: PolygonZone) -> dict[str, Any]:
    points = [_degrees(corner.latitude_e6, corner.longitude_e6) for corner in message.corners]
    return {"areas": [{"area_id": message.zone_id, "points": points, **_limits(message)}]}


def _route(message: RouteZone) -> dict[str, Any]:
    points = [
        _present({
            "point_id": point.point_id, "segment_id": point.segment_id, "point": _degrees(point.latitude_e6, point.longitude_e6),
            "width_m": point.width_m, "attr_bits": point.attributes, "max_drive_s": point.longest_s, "min_drive_s": point.shortest_s,
            "max_speed_kmh": point.max_speed_kmh, "overspeed_s": point.overspeed_s, "night_max_speed_kmh": point.night_speed_kmh,
        })
        for point in message.points
    ]  # fmt: skip
    return {"routes": [{"area_id": message.route_id, "points": points, **_limits(message)}]}


def _driver(message: DriverIdentity) -> dict[str, Any]:
    named: dict[str, Any] = {"status": message.status, "time": _time(message.time_ms), "ic_result": message.reading}
    if message.card is not None:
        named |= {
            "driver_name": message.card.name, "certificate_no": message.card.qualification, "issuer": message.card.issuer,
            "valid_until": message.card.valid_until, "id_card_no": message.card.identity_number,
        }  # fmt: skip
    return _present(named)


def _media(message: Any) -> dict[str, Any]:
    return {
        "media_id": message.media_id, "media_type": message.media_type, "format": message.media_format, "event": message.event,
        "channel": message.channel,
    }  # fmt: skip


def _data(message: MediaData) -> dict[str, Any]:
    named = {"location": location_values(message.location), "data_len": len(message.data)}
    return {**_media(message), **named, "data_head_hex": message.data[:_HEAD_BYTES].hex()}


def _stored(message: StoredMediaList) -> dict[str, Any]:
    items = [
        {
            "media_id": item.media_id, "media_type": item.media_type, "channel": item.channel, "event": item.event,
            "location": location_values(item.location),
        }
        for item in message.items
    ]  # fmt: skip
    return {"reply_serial": message.reply_serial, "items": items}


def _search(message: SearchMedia | UploadMedia) -> dict[str, Any]:
    named = {"media_type": message.media_type, "channel": message.channel, "event": message.event}
    named |= {"start_time": _time(message.start_ms), "end_time": _time(message.end_ms)}  # type: ignore[dict-item]
    return {**named, "delete": message.deleting} if isinstance(message, UploadMedia) else named


def _picture(message: TakePicture) -> dict[str, Any]:
    names = ("channel", "command", "interval_s", "resolution", "quality", "brightness", "contrast", "saturation", "chroma")
    return {**{name: getattr(message, name) for name in names}, "save_flag": message.saving}


def _sound(message: RecordSound) -> dict[str, Any]:
    return {
        "command": message.command, "duration_s": message.duration_s, "save_flag": message.saving, "sample_rate": message.sample_rate,
    }  # fmt: skip


def _ids(message: Any) -> dict[str, Any]:
    return {"ids": list(message.ids)}


def _shot(message: ShotReply) -> dict[str, Any]:
    return {"reply_serial": message.reply_serial, "result": message.result, "media_ids": list(message.media_ids)}


def _upload_reply(message: MediaReply) -> dict[str, Any]:
    return {"media_id": message.media_id, **({"resend_packet_ids": list(message.missing)} if message.missing else {})}


MEDIA_BODIES: dict[type, Callable[[Any], dict[str, Any]]] = {
    CircleZones: _circles,
    RectangleZones: _rectangles,
    PolygonZone: _polygon,
    RouteZone: _route,
    DeleteCircles: _ids,
    DeleteRectangles: _ids,
    DeletePolygons: _ids,
    DeleteRoutes: _ids,
    DriverIdentity: _driver,
    DriverQuery: lambda message: {},
    MediaEvent: _media,
    MediaData: _data,
    StoredMediaList: _stored,
    ShotReply: _shot,
    MediaReply: _upload_reply,
    SearchMedia: _search,
    UploadMedia: _search,
    TakePicture: _picture,
    RecordSound: _sound,
    UploadOne: lambda message: {"media_id": message.media_id, "delete": message.deleting},
}
"""By class of message: its values under the names of the reference."""
