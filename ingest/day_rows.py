"""A day's result as rows of its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.units import day_bounds
from storage.copy import Column, dtype_of
from storage.day_columns import SEGMENT_COLUMNS, STAY_COLUMNS, TRIP_COLUMNS
from storage.delta_bytes import pack, unpack
from tracking.edge_speeds import BINS, EDGE_SPEED
from tracking.matched import Match, PieceKind, State
from tracking.network.model import RoadNetwork
from tracking.odometer import OdometerParameters
from tracking.passages import NO_TIME
from tracking.vehicle_day import DayResult

Array = NDArray[Any]

_KEY = (Column("vehicle_id", "int4"), Column("day", "int4"), Column("seq", "int4"))
"""A date travels as days since 2000-01-01 (PostgreSQL's binary form)."""

SEGMENT_ROW = (*_KEY, *SEGMENT_COLUMNS)
TRIP_ROW = (*_KEY, *TRIP_COLUMNS)
STAY_ROW = (*_KEY, *STAY_COLUMNS)


@dataclass(frozen=True, slots=True, eq=False)
class StoredDay:
    """One vehicle-day as it is stored.

    figures: columns of `vehicle_day` by name; segments, trips, stays: rows of this module's columns; path: columns of
    `matched_path` by name; passages: rows of `stop_passage`; speeds: `EDGE_SPEED`; has_fixes: the day itself has one.
    """

    vehicle_id: int
    day: date
    figures: dict[str, Any]
    segments: Array
    trips: Array
    stays: Array
    path: dict[str, Any]
    passages: list[dict[str, Any]]
    speeds: Array
    has_fixes: bool


def stored_day(result: DayResult, vehicle_id: int, network: RoadNetwork | None) -> StoredDay:
    """Rows of a result."""
    return StoredDay(
        vehicle_id, result.day, _figures(result, vehicle_id), _segments(result, vehicle_id), _trips(result, vehicle_id),
        _stays(result, vehicle_id), _path(result, vehicle_id, network), _passages(result, vehicle_id), result.edge_speeds, _has_fixes(result),
    )  # fmt: skip


def _has_fixes(result: DayResult) -> bool:
    begin, end = day_bounds(result.day)
    return bool(((result.fixes["t_ms"] >= begin) & (result.fixes["t_ms"] < end)).any())


def _figures(result: DayResult, vehicle_id: int) -> dict[str, Any]:
    ratio, compared = result.segments.ratio, result.segments.comparison
    sure_matched, sure_counted = sure_metres(result)
    return asdict(result.figures) | {
        "flags": list(result.figures.flags),
        "vehicle_id": vehicle_id,
        "day": result.day,
        "context": asdict(result.context),
        "ratio": ratio.value,
        "ratio_sd": ratio.sd,
        "ratio_m": ratio.metres,
        "compared_matched_m": _known(compared.matched_m),
        "compared_odometer_m": _known(compared.odometer_m),
        "compared_raw_m": _known(compared.raw_m),
        "sure_matched_m": sure_matched,
        "sure_counted_m": sure_counted,
        "map_version": result.map_version,
        "match_version": result.match_version,
        "input_hash": result.input_hash,
        "evidence_hash": result.evidence_hash,
    }


def sure_metres(result: DayResult) -> tuple[float, float]:
    """(matched metres, metres that the odometer counted, unscaled) where the match is sure; zeros where nothing is."""
    ratio, compared, known = result.segments.ratio, result.segments.comparison, result.context.ratio
    if compared.odometer_m == compared.odometer_m:
        return compared.matched_m, compared.odometer_m / ratio.value
    if (known is None or known.metres < OdometerParameters().history_m) and ratio.metres > 0.0:
        return ratio.metres, ratio.metres / ratio.value
    return 0.0, 0.0


def _known(value: float) -> float | None:
    return value if value == value else None


def _keyed(columns: Sequence[Column], count: int, result: DayResult, vehicle_id: int) -> Array:
    rows = np.zeros(count, dtype_of(columns))
    rows["vehicle_id"], rows["day"], rows["seq"] = vehicle_id, (result.day - date(2000, 1, 1)).days, np.arange(count)
    return rows


def _segments(result: DayResult, vehicle_id: int) -> Array:
    found = result.segments.rows
    rows = _keyed(SEGMENT_ROW, len(found), result, vehicle_id)
    rows["from_ms"], rows["to_ms"] = found["from_ms"], found["to_ms"]
    rows["part_start"], rows["part_end"] = found["path_start"], found["path_end"]
    rows["confidence_e4"] = np.round(found["confidence"].astype(np.float64) * 1e4)
    for name in ("length_mm", "low_mm", "high_mm", "ferry_mm", "kind", "source", "reason"):
        rows[name] = found[name]
    return rows


def _trips(result: DayResult, vehicle_id: int) -> Array:
    found, fixes = result.trips, result.fixes
    rows = _keyed(TRIP_ROW, len(found), result, vehicle_id)
    rows["from_ms"], rows["to_ms"], rows["length_mm"] = found["from_ms"], found["to_ms"], found["length_mm"]
    for end, row in (("from", found["first_fix"]), ("to", found["last_fix"])):
        rows[f"{end}_lon_e6"], rows[f"{end}_lat_e6"] = fixes["lon_e6"][row], fixes["lat_e6"][row]
    return rows


def _stays(result: DayResult, vehicle_id: int) -> Array:
    found = result.stays
    rows = _keyed(STAY_ROW, len(found), result, vehicle_id)
    rows["from_ms"], rows["to_ms"], rows["station_id"] = found["from_ms"], found["to_ms"], found["station"]
    rows["lon_e6"], rows["lat_e6"] = np.round(found["lon_deg"] * 1e6), np.round(found["lat_deg"] * 1e6)
    return rows


def _passages(result: DayResult, vehicle_id: int) -> list[dict[str, Any]]:
    return [
        {
            "vehicle_id": vehicle_id, "day": result.day, "run": number, "line_id": run.line.line_id, "variant": run.line.variant,
            "complete": run.complete, "stop_seq": int(row["stop_seq"]), "dwell_s": int(row["dwell_s"]), "quality": int(row["quality"]),
            "arrive_ms": None if row["arrive_ms"] == NO_TIME else int(row["arrive_ms"]),
            "depart_ms": None if row["depart_ms"] == NO_TIME else int(row["depart_ms"]),
        }
        for number, run in enumerate(result.runs)
        for row in run.passages
    ]  # fmt: skip


def _path(result: DayResult, vehicle_id: int, network: RoadNetwork | None) -> dict[str, Any]:
    """Columns of `matched_path`, packed; pieces name the rows of the edges and of the geometry that are theirs."""
    found = result.match
    pieces, edges, lines = [np.zeros(0, np.int64)] * 9, [np.zeros(0, np.int64)] * 3, [np.zeros((0, 2))]
    if found is not None and network is not None:
        edges = [found.path["edge"], _whole(found.path["from_m"] * 1e3), _whole(found.path["to_m"] * 1e3)]
        lines = _outlines(found, result, network)
        ends = np.cumsum([len(line) for line in lines], dtype=np.int64)
        names = ("kind", "reason", "from_ms", "to_ms", "path_start", "path_end")
        pieces = [*(found.pieces[name] for name in names), _whole(found.pieces["length_m"] * 1e3)]
        pieces += [ends - np.array([len(line) for line in lines], np.int64), ends]
    points = np.concatenate([np.zeros((0, 2)), *lines])
    return {
        "vehicle_id": vehicle_id,
        "day": result.day,
        "map_version": result.map_version,
        "pieces": pack(pieces),
        "edges": pack(edges),
        "geometry": pack([_whole(points[:, 0] * 1e6), _whole(points[:, 1] * 1e6)]),
        "speeds": pack_speeds(result.edge_speeds),
    }


def _whole(values: Array) -> NDArray[np.int64]:
    return np.asarray(np.floor(values + 0.5).astype(np.int64))


def _outlines(found: Match, result: DayResult, network: RoadNetwork) -> list[Array]:
    """(n, 2) lon, lat degrees of every piece: roads on the road, fixes as cleaned off it."""
    lines: list[Array] = []
    order = found.cleaned.order
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    for row, piece in enumerate(found.pieces):
        if piece["kind"] == PieceKind.ON_ROAD:
            lines.append(found.line(network, row))
            continue
        rows = order[rank[piece["first_fix"]] : rank[piece["last_fix"]] + 1]
        rows = rows[found.state[rows] <= State.OFF_ROAD]
        lines.append(np.column_stack([result.fixes["lon_e6"][rows] / 1e6, result.fixes["lat_e6"][rows] / 1e6]))
    return lines


def pack_speeds(rows: Array) -> bytes:
    """`EDGE_SPEED` rows as bytes."""
    names = ("edge_key", "hour_ms", "count", "travel_mm", "travel_ms")
    return pack([*(rows[name].astype(np.int64) for name in names), *(rows["histogram"][:, k].astype(np.int64) for k in range(BINS))])


def unpack_speeds(body: bytes) -> Array:
    """(n,) `EDGE_SPEED` of `pack_speeds`."""
    columns = unpack(body)
    rows = np.zeros(columns[0].size, EDGE_SPEED)
    rows["edge_key"] = columns[0].astype(np.uint64)
    for name, column in zip(("hour_ms", "count", "travel_mm", "travel_ms"), columns[1:5], strict=True):
        rows[name] = column
    for k in range(BINS):
        rows["histogram"][:, k] = columns[5 + k]
    return rows
