"""Lines and stations that a vehicle-day is judged by: each way of a line is laid on a network once, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from domain.errors import RefusedError
from domain.position import located
from ingest import day_line_store
from ingest.day_line_store import Laid, WayKey
from tracking.line_path import LinePath, line_path
from tracking.network.lines import DrawnLine, snap_line
from tracking.network.model import RoadNetwork
from tracking.trips import Stations
from tracking.vehicle_day import DayLines

Connection = psycopg.Connection[Any]

_CELL_E6 = (2_500, 2_000)
"""Cells of longitude and latitude, each wider than a vehicle may stand from a stop."""
_PROFILES = {"coach": "coach", "line_coach": "coach", "charter_coach": "coach", "truck": "truck", "freight": "truck"}


def paths(conn: Connection, network: RoadNetwork, line_ids: Sequence[int]) -> dict[int, tuple[LinePath, ...]]:
    """Every way of the lines on the network, by line; commits. Ways that the network refuses are left out (`cuntong lines list`)."""
    ways = day_line_store.ways_of(conn, line_ids)
    known = day_line_store.laid(conn, network.version, line_ids)
    fresh = [way for way in ways if (way.line_id, way.variant, way.revision) not in known]
    for way in fresh:
        _lay(conn, way, network)
    if fresh:
        known = day_line_store.laid(conn, network.version, line_ids)
    conn.commit()
    out: dict[int, tuple[LinePath, ...]] = {}
    for way in ways:
        found = known.get((way.line_id, way.variant, way.revision))
        if found is not None and not found.refused:
            out[way.line_id] = (*out.get(way.line_id, ()), _path(way, found, network))
    return out


def _lay(conn: Connection, way: WayKey, network: RoadNetwork) -> None:
    """Lay one way and keep it; no transaction stays open meanwhile."""
    places, stops = day_line_store.drawing(conn, way)
    conn.rollback()
    drawn, at = np.array(places, np.float64).reshape(-1, 2), np.array([stop[1:] for stop in stops], np.float64).reshape(-1, 2) / 1e6
    line = DrawnLine(way.code, way.variant, drawn[:, 0], drawn[:, 1], at[:, 0], at[:, 1], tuple(stop[0] for stop in stops))
    path, refused = None, ""
    try:
        path = snap_line(line, network, _PROFILES.get(way.kind, "bus"))
    except RefusedError as error:
        refused = str(error)
    day_line_store.keep(conn, way, network.version, path, refused)
    conn.commit()


def _path(way: WayKey, found: Laid, network: RoadNetwork) -> LinePath:
    return line_path(
        network, found.parts, found.stops_m, line_id=way.code, variant=way.variant, worst_offset_m=found.worst_offset_m
    )  # fmt: skip


def lines_for(conn: Connection, rows: NDArray[Any], lines: tuple[LinePath, ...]) -> DayLines:
    """What `compute_day` is given: the lines, and the stations beside the day's fixes.

    Only these, so that a new stop changes no day that did not pass it.
    """
    return DayLines(lines, stations_beside(conn, rows))


def stations_beside(conn: Connection, rows: NDArray[Any]) -> Stations | None:
    """Stations within a cell (about 200 m) of a fix; None where there are none."""
    fixes = rows[located(rows)]
    if not len(fixes):
        return None
    lon, lat = fixes["lon_e6"].astype(np.int64), fixes["lat_e6"].astype(np.int64)
    width, height = _CELL_E6
    box = (int(lon.min()) - width, int(lat.min()) - height, int(lon.max()) + width, int(lat.max()) + height)
    found = day_line_store.stations(conn, box)
    passed = set(zip((lon // width).tolist(), (lat // height).tolist(), strict=True))
    west = (np.rint(found.lon_deg * 1e6).astype(np.int64) // width).tolist()
    south = (np.rint(found.lat_deg * 1e6).astype(np.int64) // height).tolist()
    near = np.array(
        [any((x + dx, y + dy) in passed for dx in (-1, 0, 1) for dy in (-1, 0, 1)) for x, y in zip(west, south, strict=True)], np.bool_
    )
    if not near.any():
        return None
    return Stations(found.station_id[near], found.lon_deg[near], found.lat_deg[near])
