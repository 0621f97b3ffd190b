"""Roads read from OpenStreetMap as columns of an `EdgeTable`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tracking.network.areas import containing, middles, regions_at
from tracking.network.cutting import Cut
from tracking.network.limits import Limit
from tracking.network.model import FREE_KMH, LINK_FREE_KMH, EdgeFlag, RoadClass
from tracking.network.osm import OsmRoads
from tracking.network.table import EdgeTable
from tracking.network.tags import Road, Side


class _Strings:
    """A table of strings in the order they come."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], int] = {}

    def row(self, text: str, beside: str = "") -> int:
        """Its row; -1 for no text."""
        return self.rows.setdefault((text, beside), len(self.rows)) if text else -1


def table_of(roads: OsmRoads, cut: Cut, regions_file: Path | None) -> EdgeTable:
    """The columns of the pieces of a file's roads.

    Raises:
        RefusedError: the regions cannot be read.
    """
    names, refs = _Strings(), _Strings()
    used = np.unique(cut.way)
    sides = np.array([[_side_row(side) for side in (road.ahead, road.back or road.ahead)] for _, road in _of(roads, used)], np.int64)
    ways = np.array([_way_row(road, names, refs) for _, road in _of(roads, used)], np.int64)
    way = np.searchsorted(used, cut.way)
    lon, lat = middles(cut)
    said = ways[way, 2]
    town = np.where(said < 0, containing(roads.towns, lon, lat) >= 0, said > 0)
    region, regions = regions_at(regions_file, lon, lat)
    column = {name: sides[way, :, number].T for number, name in enumerate(_SIDE)}
    shared = {name: ways[way, number] for number, name in enumerate(_WAY)}
    flags = shared["flags"] | np.where(town, EdgeFlag.TOWN, 0) | np.where(column["private"] > 0, EdgeFlag.PRIVATE, 0)
    limit = {name: np.where(town, column["town_" + name], column["rural_" + name]) for name in _LIMIT}
    return EdgeTable(
        tail=cut.tail, head=cut.head, shape_start=cut.start, lon_deg=cut.lon_deg, lat_deg=cut.lat_deg,
        road_class=shared["road_class"].astype(np.uint8), oneway=shared["oneway"].astype(bool),
        way_id=np.array([way_id for way_id, _ in _of(roads, used)], np.int64)[way],
        flags=flags.astype(np.uint16), lanes=column["lanes"].astype(np.uint8), access=column["access"].astype(np.uint8),
        free_kmh=_free(shared, cut, way), name=shared["name"].astype(np.int32), ref=shared["ref"].astype(np.int32), region=region,
        limit_bus_kmh=limit["bus_kmh"].astype(np.uint8), limit_truck_kmh=limit["truck_kmh"].astype(np.uint8),
        limit_origin=limit["bus_origin"].astype(np.uint8), truck_limit_origin=limit["truck_origin"].astype(np.uint8),
        weight_limit_t10=shared["weight_t10"].astype(np.uint16), height_limit_cm=shared["height_cm"].astype(np.uint16),
        length_limit_cm=shared["length_cm"].astype(np.uint16),
        names=tuple(name for name, _ in names.rows), names_en=tuple(name_en for _, name_en in names.rows),
        refs=tuple(ref for ref, _ in refs.rows), regions=regions,
    )  # fmt: skip


_LIMIT = ("bus_kmh", "bus_origin", "truck_kmh", "truck_origin")
_SIDE = ("access", "private", "lanes", *("rural_" + name for name in _LIMIT), *("town_" + name for name in _LIMIT))
_WAY = ("road_class", "flags", "town", "oneway", "weight_t10", "height_cm", "length_cm", "duration_s", "name", "ref")


def _of(roads: OsmRoads, used: NDArray[np.int64]) -> list[tuple[int, Road]]:
    return [roads.ways[row] for row in used.tolist()]


def _side_row(side: Side) -> tuple[int, ...]:
    def both(limits: tuple[Limit, Limit]) -> tuple[int, ...]:
        return tuple(number for limit in limits for number in (limit.kmh, limit.origin))

    return (side.access, int(side.private), min(side.lanes, 255), *both(side.rural), *both(side.town))


def _way_row(road: Road, names: _Strings, refs: _Strings) -> tuple[int, ...]:
    town = -1 if road.town is None else int(road.town)
    name, ref = names.row(road.name, road.name_en), refs.row(road.ref)
    return (
        road.road_class, road.flags, town, int(road.back is None), road.weight_t10, road.height_cm, road.length_cm, road.duration_s, name, ref,
    )  # fmt: skip


def _free(shared: dict[str, NDArray[np.int64]], cut: Cut, way: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Free speed of each piece, km/h: by class; of ferries by their duration."""
    by_class = np.zeros(256, np.int64)
    for member, speed_kmh in FREE_KMH.items():
        by_class[member] = speed_kmh
    free = np.where(shared["flags"] & EdgeFlag.LINK, LINK_FREE_KMH, by_class[shared["road_class"]])
    timed = (shared["road_class"] == RoadClass.FERRY) & (shared["duration_s"] > 0)
    length = np.bincount(way, weights=cut.length_m)[way]
    kmh = np.clip(np.rint(length * 3.6 / np.maximum(shared["duration_s"], 1)), 1, 60)
    return np.where(timed, kmh, free).astype(np.uint8)
