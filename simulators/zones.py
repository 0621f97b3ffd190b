"""Zones and routes that a simulated terminal was given (0x8600 to 0x8607), and says when it is asked (0x8608)."""

from __future__ import annotations

from typing import Any

from protocols.jt808.messages.zone_queries import DeleteCircles, DeletePolygons, DeleteRectangles, DeleteRoutes, ZoneData, ZoneQuery
from protocols.jt808.messages.zones import CircleZones, PolygonZone, RectangleZones, RouteZone

REPLACE_ALL = 0
_SHAPES = ("circles", "rectangles", "polygons", "routes")
_DELETERS: dict[type, int] = {DeleteCircles: 1, DeleteRectangles: 2, DeletePolygons: 3, DeleteRoutes: 4}


class Zones:
    """By shape (1 circle, 2 rectangle, 3 polygon, 4 route), then id.

    Attributes:
        most: zones of a shape that fit; a message that would make them more is refused as a whole.
    """

    def __init__(self, most: int = 1_000) -> None:
        self.most = most
        self.by_shape: dict[int, dict[int, Any]] = {shape: {} for shape in range(1, len(_SHAPES) + 1)}

    def take(self, message: Any) -> bool:
        """Act on a message about zones; False when it is none, or the memory is full."""
        match message:
            case CircleZones() | RectangleZones():
                shape = 1 if isinstance(message, CircleZones) else 2
                kept = {} if message.setting == REPLACE_ALL else self.by_shape[shape]
                return self._keep(shape, kept | {zone.zone_id: zone for zone in message.zones})
            case PolygonZone():
                return self._keep(3, self.by_shape[3] | {message.zone_id: message})
            case RouteZone():
                return self._keep(4, self.by_shape[4] | {message.route_id: message})
            case DeleteCircles() | DeleteRectangles() | DeletePolygons() | DeleteRoutes():
                held = self.by_shape[_DELETERS[type(message)]]
                for zone_id in message.ids or tuple(held):
                    held.pop(zone_id, None)
            case _:
                return False
        return True

    def _keep(self, shape: int, zones: dict[int, Any]) -> bool:
        if len(zones) > self.most:
            return False
        self.by_shape[shape] = zones
        return True

    def answer(self, query: ZoneQuery) -> ZoneData | None:
        """0x0608; None for a shape that does not exist."""
        held = self.by_shape.get(query.shape)
        if held is None:
            return None
        found = tuple(held[key] for key in (query.ids or sorted(held)) if key in held)
        return ZoneData(query.shape, **{_SHAPES[query.shape - 1]: found})
