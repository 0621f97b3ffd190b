"""Zones and routes that a simulated terminal was given (0x8600 to 0x8607), and says when it is asked (0x8608)."""

from __future__ import annotations

from typing import Any

from protocols.jt808.messages.zone_queries import DeleteCircles, DeletePolygons, DeleteRectangles, DeleteRoutes, ZoneData, ZoneQuery
from protocols.jt808.messages.zones import CircleZones, PolygonZone, RectangleZones, RouteZone

REPLACE_ALL = 0
_SHAPES = ("circles", "rectangles", "polygons", "routes")
_DELETERS: dict[type, int] = {DeleteCircles: 1, DeleteRectangles: 2, DeletePolygons: 3, DeleteRoutes: 4}


class Zones:
    """By shape (1 circle, 2 rectangle, 3 polygon, 4 route), then id."""

    def __init__(self) -> None:
        self.by_shape: dict[int, dict[int, Any]] = {shape: {} for shape in range(1, len(_SHAPES) + 1)}

    def take(self, message: Any) -> bool:
        """Act on a message about zones; False when it is none."""
        match message:
            case CircleZones() | RectangleZones():
                held = self.by_shape[1 if isinstance(message, CircleZones) else 2]
                if message.setting == REPLACE_ALL:
                    held.clear()
                held.update({zone.zone_id: zone for zone in message.zones})
            case PolygonZone():
                self.by_shape[3][message.zone_id] = message
            case RouteZone():
                self.by_shape[4][message.route_id] = message
            case DeleteCircles() | DeleteRectangles() | DeletePolygons() | DeleteRoutes():
                held = self.by_shape[_DELETERS[type(message)]]
                for zone_id in message.ids or tuple(held):
                    held.pop(zone_id, None)
            case _:
                return False
        return True

    def answer(self, query: ZoneQuery) -> ZoneData | None:
        """0x0608; None for a shape that does not exist."""
        held = self.by_shape.get(query.shape)
        if held is None:
            return None
        found = tuple(held[key] for key in (query.ids or sorted(held)) if key in held)
        return ZoneData(query.shape, **{_SHAPES[query.shape - 1]: found})
