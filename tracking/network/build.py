"""From plain columns to a `RoadNetwork`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.network.archive import version_of
from tracking.network.geodesy import leg_lengths
from tracking.network.model import ALL_PROFILES, FREE_KMH, LINK_FREE_KMH, EdgeFlag, LimitOrigin, RoadNetwork


@dataclass(frozen=True, slots=True)
class EdgeTable:
    """Road pieces between nodes, W rows; a row that is not one-way becomes two directed edges, twins of each other.

    tail, head: (W,) node numbers, any int64; shape_start: (W + 1,) into lon_deg, lat_deg: (S,) degrees WGS-84, the
    first and last point of a piece being its nodes; road_class: (W,) `RoadClass`; oneway: (W,) bool. The rest may be None:
    way_id (row number), flags (0), lanes (1), limit_kmh (0 none; posted for buses and trucks alike),
    free_kmh (by class), name, ref, region: (W,) rows of the tables (-1 none).
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
    names: tuple[str, ...] = ()
    names_en: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


def from_edges(table: EdgeTable, *, source: str = "", licence: str = "") -> RoadNetwork:
    """A network of the pieces; directed edges in row order, forward before backward.

    Raises:
        RefusedError: a piece of fewer than two points, a table row out of range, columns of unequal length, a coordinate
            that is not on the globe.
    """
    _check(table)
    rows, backward = _directions(np.asarray(table.oneway, bool))
    node_id, ends = np.unique(np.concatenate([table.tail, table.head]), return_inverse=True)
    tail, head = ends[: table.tail.size].astype(np.int32), ends[table.tail.size :].astype(np.int32)
    columns = _columns(table, rows, backward)
    columns["tail"] = np.where(backward, head[rows], tail[rows]).astype(np.int32)
    columns["head"] = np.where(backward, tail[rows], head[rows]).astype(np.int32)
    columns["twin"] = _twins(rows, backward)
    columns["node_id"] = node_id.astype(np.int64)
    columns |= _shapes(table, rows, backward)
    columns["edge_key"] = _keys(columns)
    columns["out_edge"] = np.argsort(columns["tail"], kind="stable").astype(np.int32)
    columns["out_start"] = np.concatenate([[0], np.cumsum(np.bincount(columns["tail"], minlength=node_id.size))]).astype(np.int32)
    columns |= _node_places(columns)
    names_en = table.names_en or ("",) * len(table.names)
    tables = {"names": table.names, "names_en": names_en, "refs": table.refs, "regions": table.regions}
    for array in columns.values():
        array.setflags(write=False)
    members: dict[str, Any] = {**columns, **tables}
    return RoadNetwork(**members, source=source, licence=licence, version=version_of(columns, tables))


def _check(table: EdgeTable) -> None:
    count = table.tail.size
    for name in ("head", "road_class", "oneway", "way_id", "flags", "lanes", "limit_kmh", "free_kmh", "name", "ref", "region"):
        column = getattr(table, name)
        if column is not None and column.size != count:
            raise RefusedError(f"{name} has {column.size} rows, tail has {count}", field=name)
    starts = np.asarray(table.shape_start)
    if starts.size != count + 1 or starts[0] != 0 or starts[-1] != table.lon_deg.size or table.lon_deg.size != table.lat_deg.size:
        raise RefusedError("shape_start does not cover the shape points", field="shape_start")
    if (np.diff(starts) < 2).any():
        row = int(np.flatnonzero(np.diff(starts) < 2)[0])
        raise RefusedError(f"piece {row} has fewer than two points", field="shape_start")
    if not ((np.abs(table.lon_deg) <= 180) & (np.abs(table.lat_deg) <= 90)).all():
        raise RefusedError("a shape point lies outside 180/90 degrees or is not a number", field="lon_deg")
    for name, strings in (("name", table.names), ("ref", table.refs), ("region", table.regions)):
        column = getattr(table, name)
        if column is not None and count and (int(column.min()) < -1 or int(column.max()) >= len(strings)):
            raise RefusedError(f"{name} points outside its table of {len(strings)}", field=name)
    if table.names_en and len(table.names_en) != len(table.names):
        raise RefusedError("names_en and names are of unequal length", field="names_en")


def _directions(oneway: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(row, backward) of every directed edge."""
    copies = np.where(oneway, 1, 2)
    rows = np.repeat(np.arange(oneway.size), copies)
    backward = np.zeros(rows.size, bool)
    backward[1:] = rows[1:] == rows[:-1]
    return rows, backward


def _twins(rows: NDArray[np.int64], backward: NDArray[np.bool_]) -> NDArray[np.int32]:
    twin = np.full(rows.size, -1, np.int32)
    second = np.flatnonzero(backward)
    twin[second] = second - 1
    twin[second - 1] = second
    return twin


def _columns(table: EdgeTable, rows: NDArray[np.int64], backward: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    count = table.tail.size

    def column(given: NDArray[Any] | None, default: int, dtype: Any) -> NDArray[Any]:
        return (np.full(count, default, dtype) if given is None else np.asarray(given).astype(dtype))[rows]

    road_class = column(table.road_class, 0, np.uint8)
    flags = column(table.flags, 0, np.uint16)
    by_class = np.zeros(256, np.uint8)
    for member, speed_kmh in FREE_KMH.items():
        by_class[member] = speed_kmh
    free = np.where(flags & EdgeFlag.LINK, np.uint8(LINK_FREE_KMH), by_class[road_class]).astype(np.uint8)
    if table.free_kmh is not None:
        free = column(table.free_kmh, 0, np.uint8)
    limit = column(table.limit_kmh, 0, np.uint8)
    return {
        "way_id": np.arange(count, dtype=np.int64)[rows] if table.way_id is None else column(table.way_id, 0, np.int64),
        "road_class": road_class,
        "access": np.full(rows.size, ALL_PROFILES, np.uint8),
        "lanes": column(table.lanes, 1, np.uint8),
        "free_kmh": free,
        "limit_bus_kmh": limit,
        "limit_truck_kmh": limit.copy(),
        "limit_origin": np.where(limit > 0, LimitOrigin.POSTED, LimitOrigin.NONE).astype(np.uint8),
        "flags": flags,
        "name": column(table.name, -1, np.int32),
        "ref": column(table.ref, -1, np.int32),
        "region": column(table.region, -1, np.int32),
    }


def _shapes(table: EdgeTable, rows: NDArray[np.int64], backward: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    start = np.asarray(table.shape_start, np.int64)
    sizes = np.diff(start)[rows]
    shape_start = np.concatenate([[0], np.cumsum(sizes)])
    within = np.arange(shape_start[-1]) - np.repeat(shape_start[:-1], sizes)
    turned = np.repeat(backward, sizes)
    source = np.repeat(start[rows], sizes) + np.where(turned, np.repeat(sizes, sizes) - 1 - within, within)
    lon_e7 = np.round(np.asarray(table.lon_deg, np.float64) * 1e7).astype(np.int32)[source]
    lat_e7 = np.round(np.asarray(table.lat_deg, np.float64) * 1e7).astype(np.int32)[source]
    legs = np.concatenate([[0.0], leg_lengths(lon_e7 / 1e7, lat_e7 / 1e7)])
    legs[shape_start[:-1]] = 0.0
    total = np.cumsum(legs)
    along = total - np.repeat(total[shape_start[:-1]], sizes)
    return {
        "shape_start": shape_start.astype(np.int32),
        "lon_e7": lon_e7,
        "lat_e7": lat_e7,
        "along_m": along.astype(np.float32),
        "length_m": along[shape_start[1:] - 1],
    }


def _keys(columns: dict[str, NDArray[Any]]) -> NDArray[np.uint64]:
    """64-bit key of (way id, first node id, last node id, direction): the same in every build of the same roads."""
    node_id = columns["node_id"]
    twin = columns["twin"]
    backward = (twin >= 0) & (twin < np.arange(twin.size))
    first, last = node_id[columns["tail"]], node_id[columns["head"]]
    parts = np.stack([columns["way_id"], first, last, backward.astype(np.int64)], axis=1).astype("<i8")
    digests = (hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in parts)
    return np.frombuffer(b"".join(digests), "<u8").copy()


def _node_places(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    lon = np.zeros(columns["node_id"].size, np.int32)
    lat = np.zeros_like(lon)
    for node, points in (("tail", columns["shape_start"][:-1]), ("head", columns["shape_start"][1:] - 1)):
        lon[columns[node]] = columns["lon_e7"][points]
        lat[columns[node]] = columns["lat_e7"][points]
    return {"node_lon_e7": lon, "node_lat_e7": lat}
