"""Rows of a day's segments, trips and standstills, as they are written and read: the fields behind (vehicle_id, day, seq)."""

from __future__ import annotations

from storage.copy import Column, dtype_of

_SPAN = (Column("from_ms", "timestamptz"), Column("to_ms", "timestamptz"))

SEGMENT_COLUMNS = (
    *_SPAN, Column("length_mm", "int8"), Column("low_mm", "int8"), Column("high_mm", "int8"), Column("ferry_mm", "int8"),
    Column("part_start", "int4"), Column("part_end", "int4"), Column("kind", "int2"), Column("source", "int2"), Column("reason", "int2"),
    Column("confidence_e4", "int2"),
)  # fmt: skip
SEGMENT = dtype_of(SEGMENT_COLUMNS)
"""A segment: epoch ms, millimetres with their 95 per cent interval, rows of the path's edges, numbers as in `tracking.segments`,
confidence in 1/10,000."""

TRIP_COLUMNS = (
    *_SPAN, Column("length_mm", "int8"),
    Column("from_lon_e6", "int4"), Column("from_lat_e6", "int4"), Column("to_lon_e6", "int4"), Column("to_lat_e6", "int4"),
)  # fmt: skip
TRIP = dtype_of(TRIP_COLUMNS)
"""A trip: epoch ms, millimetres, its ends in 1e-6 degree WGS-84."""

STAY_COLUMNS = (*_SPAN, Column("lon_e6", "int4"), Column("lat_e6", "int4"), Column("station_id", "int4", -1))
STAY = dtype_of(STAY_COLUMNS)
"""A standstill: epoch ms, place in 1e-6 degree WGS-84, station -1 when none is near."""

SPAN = frozenset(column.name for column in _SPAN)
"""Fields of each that are instants."""
