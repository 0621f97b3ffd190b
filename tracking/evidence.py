"""Hashes of a vehicle-day: of what it was computed from, and of what was found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.matched import Match
from tracking.network.model import RoadNetwork
from tracking.vehicle_day import DayContext, DayLines, DayParameters

DAY_CODE = 1
"""Number of the code of a day: raised when equal input may give another day."""


def input_hash(rows: NDArray[Any], day: date, map_version: str, lines: DayLines, context: DayContext, parameters: DayParameters) -> str:
    """Hexadecimal sha256 of everything that a day depends on.

    Args:
        rows: `POSITION` rows of the day and its margins, in their final order.
    """
    said = hashlib.sha256(
        repr((DAY_CODE, parameters.match.version, day.isoformat(), map_version, asdict(context), asdict(parameters))).encode()
    )
    for line in lines.lines:
        said.update(repr((line.line_id, line.variant, line.map_version)).encode())
        said.update(np.ascontiguousarray(line.parts).tobytes() + np.ascontiguousarray(line.stops).tobytes())
    if lines.stations is not None:
        for column in (lines.stations.station_id, lines.stations.lon_deg, lines.stations.lat_deg):
            said.update(np.ascontiguousarray(column).tobytes())
    said.update(rows.tobytes())
    return said.hexdigest()


def evidence_hash(rows: NDArray[Any], match: Match | None, network: RoadNetwork | None, parts: Iterable[NDArray[Any]], figures: str) -> str:
    """Hexadecimal sha256 of fixes and what became of them, edges driven, and what was found.

    Args:
        parts: structured arrays of the result (segments, trips, stops, passages, speeds); figures: the day's columns as text.
    """
    said = hashlib.sha256(rows.tobytes())
    if match is not None and network is not None:
        said.update(match.cleaned.keep.tobytes())
        said.update(network.edge_key[match.path["edge"]].astype("<u8").tobytes())
        for name in ("from_m", "to_m"):
            said.update(np.floor(match.path[name] * 1000.0 + 0.5).astype("<i8").tobytes())
    for part in parts:
        said.update(np.ascontiguousarray(part).tobytes())
    said.update(figures.encode())
    return said.hexdigest()
