"""What people know better than the map: limits and closures by edge, from a CSV."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from domain.errors import RefusedError
from tracking.network.archive import version_of
from tracking.network.model import ALL_PROFILES, ARRAY_NAMES, TABLE_NAMES, LimitOrigin, RoadNetwork

FIELDS = {"limit_bus_kmh": 140, "limit_truck_kmh": 140, "free_kmh": 140, "access": ALL_PROFILES, "lanes": 20}
"""Fields that may be overridden, and the largest value of each."""
_ORIGINS = {"limit_bus_kmh": "limit_origin", "limit_truck_kmh": "truck_limit_origin"}
_HEADER = ["edge_key", "field", "value", "source", "from"]


@dataclass(frozen=True, slots=True)
class Override:
    """One value of one directed edge. edge_key: 16 hexadecimal digits; from_day: ISO, first day it holds."""

    edge_key: str
    field: str
    value: int
    source: str
    from_day: str


def read_overrides(path: Path) -> list[Override]:
    """The rows of a CSV with the columns edge_key, field, value, source, from.

    Raises:
        RefusedError: another header, or a row that does not fit; names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if list(reader.fieldnames or []) != _HEADER:
                raise RefusedError(f"{path}: the header is not {','.join(_HEADER)}", field="overrides")
            return [_row(path, number, row) for number, row in enumerate(reader, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RefusedError(f"{path}: cannot be read: {error}", field="overrides") from error


def _row(path: Path, number: int, row: dict[str, str]) -> Override:
    try:
        key, value, day = int(row["edge_key"], 16), int(row["value"]), date.fromisoformat(row["from"])
        fits = 0 <= key < 1 << 64 and 0 <= value <= FIELDS[row["field"]] and bool(row["source"])
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"{path} line {number}: {error!r}", field="overrides") from error
    if not fits:
        raise RefusedError(f"{path} line {number}: key, value or source does not fit", field="overrides")
    return Override(f"{key:016x}", row["field"], value, row["source"], day.isoformat())


def apply(network: RoadNetwork, overrides: Sequence[Override], day: date) -> tuple[RoadNetwork, list[Override]]:
    """(network with the overrides that hold on the day, overrides whose edge is not in it). Of several the latest counts.

    All are kept in the network's origin, for the next update.
    """
    columns = {name: np.array(getattr(network, name)) for name in ARRAY_NAMES}
    rows_of: dict[int, list[int]] = {}
    wanted = np.array(sorted({int(one.edge_key, 16) for one in overrides}), np.uint64)
    for edge in np.flatnonzero(np.isin(network.edge_key, wanted)).tolist():
        rows_of.setdefault(int(network.edge_key[edge]), []).append(edge)
    ordered = sorted(overrides, key=lambda one: one.from_day)
    lost = [one for one in ordered if int(one.edge_key, 16) not in rows_of]
    for one in ordered:
        edges = rows_of.get(int(one.edge_key, 16), [])
        if not edges or date.fromisoformat(one.from_day) > day:
            continue
        columns[one.field][edges] = one.value
        if one.field in _ORIGINS:
            columns[_ORIGINS[one.field]][edges] = LimitOrigin.OVERRIDE
    for array in columns.values():
        array.setflags(write=False)
    tables = {name: getattr(network, name) for name in TABLE_NAMES}
    kept = tuple((one.edge_key, one.field, one.value, one.source, one.from_day) for one in ordered)
    origin = dataclasses.replace(network.origin, overrides=kept)
    version = version_of(columns, tables, network.plane)
    return dataclasses.replace(network, **columns, origin=origin, version=version), lost  # type: ignore[arg-type]


def overrides_of(network: RoadNetwork) -> list[Override]:
    """The overrides that a network was made with."""
    return [Override(*row) for row in network.origin.overrides]
