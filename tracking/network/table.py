"""Plain columns from which a network is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.network.model import ALL_PROFILES, FREE_KMH, LINK_FREE_KMH, EdgeFlag, LimitOrigin, RoadClass

Column = NDArray[Any]


@dataclass(frozen=True, slots=True)
class EdgeTable:
    """Road pieces between nodes, W rows; a row that is not one-way becomes two directed edges, twins of each other.

    tail, head: (W,) node numbers, any int64; shape_start: (W + 1,) into lon_deg, lat_deg: (S,) degrees WGS-84, the
    first and last point of a piece being its nodes; road_class: (W,) `RoadClass`; oneway: (W,) bool. The rest may be None:
    way_id (row number), flags (0), lanes (1), limit_kmh (0 none; posted for buses and trucks alike; or, apart,
    limit_bus_kmh, limit_truck_kmh with limit_origin, truck_limit_origin), free_kmh (by class), access (all profiles),
    weight_limit_t10, height_limit_cm, length_limit_cm (0), name, ref, region: rows of the tables (-1 none). Each of these
    but way_id is (W,), or (2, W): along and against the piece. keep_nodes: node numbers that stay nodes though
    only two equal pieces meet there (None: no such).
    """

    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    shape_start: NDArray[np.int64]
    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    road_class: NDArray[np.uint8]
    oneway: NDArray[np.bool_]
    way_id: NDArray[np.int64] | None = None
    flags: NDArray[np.uint16] | None = None
    lanes: NDArray[np.uint8] | None = None
    limit_kmh: NDArray[np.uint8] | None = None
    free_kmh: NDArray[np.uint8] | None = None
    name: NDArray[np.int32] | None = None
    ref: NDArray[np.int32] | None = None
    region: NDArray[np.int32] | None = None
    access: NDArray[np.uint8] | None = None
    limit_bus_kmh: NDArray[np.uint8] | None = None
    limit_truck_kmh: NDArray[np.uint8] | None = None
    limit_origin: NDArray[np.uint8] | None = None
    truck_limit_origin: NDArray[np.uint8] | None = None
    weight_limit_t10: NDArray[np.uint16] | None = None
    height_limit_cm: NDArray[np.uint16] | None = None
    length_limit_cm: NDArray[np.uint16] | None = None
    keep_nodes: NDArray[np.int64] | None = None
    names: tuple[str, ...] = ()
    names_en: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


_PER_PIECE = (
    "head", "road_class", "oneway", "way_id", "flags", "lanes", "limit_kmh", "free_kmh", "name", "ref", "region", "access",
    "limit_bus_kmh", "limit_truck_kmh", "limit_origin", "truck_limit_origin", "weight_limit_t10", "height_limit_cm",
    "length_limit_cm",
)  # fmt: skip


def check(table: EdgeTable) -> None:
    """RefusedError when the columns do not fit each other."""
    count = table.tail.size
    for name in _PER_PIECE:
        column = getattr(table, name)
        if column is not None and column.shape not in ((count,), (2, count)):
            raise RefusedError(f"{name} has {column.shape} rows, tail has {count}", field=name)
    starts = np.asarray(table.shape_start)
    if starts.size != count + 1 or starts[0] != 0 or starts[-1] != table.lon_deg.size or table.lon_deg.size != table.lat_deg.size:
        raise RefusedError("shape_start does not cover the shape points", field="shape_start")
    if (np.diff(starts) < 2).any():
        row = int(np.flatnonzero(np.diff(starts) < 2)[0])
        raise RefusedError(f"piece {row} has fewer than two points", field="shape_start")
    if not ((np.abs(table.lon_deg) <= 180) & (np.abs(table.lat_deg) <= 90)).all():
        raise RefusedError("a shape point lies outside 180/90 degrees or is not a number", field="lon_deg")
    if count and (table.road_class.min() < 1 or table.road_class.max() > max(RoadClass)):
        raise RefusedError("a road class is unknown", field="road_class")
    for name, strings in (("name", table.names), ("ref", table.refs), ("region", table.regions)):
        column = getattr(table, name)
        if column is not None and count and (int(column.min()) < -1 or int(column.max()) >= len(strings)):
            raise RefusedError(f"{name} points outside its table of {len(strings)}", field=name)
    if table.names_en and len(table.names_en) != len(table.names):
        raise RefusedError("names_en and names are of unequal length", field="names_en")


def attributes(table: EdgeTable) -> dict[str, Column]:
    """Attribute columns of `RoadNetwork`, each (2, W): along and against the piece."""
    count = table.tail.size

    def column(name: str, default: int, dtype: Any) -> Column:
        given = getattr(table, name)
        whole = np.full(count, default, dtype) if given is None else np.asarray(given).astype(dtype)
        return np.array(np.broadcast_to(whole, (2, count)))

    road_class, flags = column("road_class", 0, np.uint8), column("flags", 0, np.uint16)
    by_class = np.zeros(256, np.uint8)
    for member, speed_kmh in FREE_KMH.items():
        by_class[member] = speed_kmh
    free = np.where(flags & EdgeFlag.LINK, np.uint8(LINK_FREE_KMH), by_class[road_class]).astype(np.uint8)
    limits: dict[str, Column] = {}
    for side, origin in (("bus", "limit_origin"), ("truck", "truck_limit_origin")):
        name = f"limit_{side}_kmh"
        limit = column("limit_kmh" if getattr(table, name) is None else name, 0, np.uint8)
        posted = np.where(limit > 0, LimitOrigin.POSTED, LimitOrigin.NONE).astype(np.uint8)
        limits |= {name: limit, origin: posted if getattr(table, origin) is None else column(origin, 0, np.uint8)}
    return {
        "road_class": road_class,
        "access": column("access", ALL_PROFILES, np.uint8),
        "lanes": column("lanes", 1, np.uint8),
        "free_kmh": free if table.free_kmh is None else column("free_kmh", 0, np.uint8),
        **limits,
        "weight_limit_t10": column("weight_limit_t10", 0, np.uint16),
        "height_limit_cm": column("height_limit_cm", 0, np.uint16),
        "length_limit_cm": column("length_limit_cm", 0, np.uint16),
        "flags": flags,
        "name": column("name", -1, np.int32),
        "ref": column("ref", -1, np.int32),
        "region": column("region", -1, np.int32),
    }
