"""What the registry says of the vehicles on the map: the dictionary that browsers fetch, kept in memory and refreshed."""

from __future__ import annotations

import gzip
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from api.live.topics import Topic
from storage import registry
from storage.registry import OperatorRow, RegionRow, VehicleRow

COLUMNS = ("vehicle_id", "plate", "plate_colour", "vehicle_class", "operator_id", "region_code", "line_id", "dangerous_goods")


@dataclass(frozen=True, slots=True)
class Members:
    """Columns of equal length: vehicles with their region code and operator, 0 where the registry names none."""

    vehicle_id: NDArray[np.int32]
    region: NDArray[np.int32]
    operator: NDArray[np.int32]


class Fleet:
    """Vehicles, operators and regions of the registry, in memory."""

    def __init__(self) -> None:
        self.vehicles: dict[int, VehicleRow] = {}
        self.operators: dict[int, OperatorRow] = {}
        self.regions: dict[str, RegionRow] = {}
        self._epoch = secrets.token_hex(4)
        self._version = 0
        self._newest: datetime | None = None
        self._packed: dict[Topic, tuple[str, bytes]] = {}

    @property
    def etag(self) -> str:
        """Changes when a vehicle of the registry does."""
        return f'"{self._epoch}.{self._version}"'

    def read(self, conn: psycopg.Connection[Any]) -> tuple[list[VehicleRow], list[OperatorRow], list[RegionRow]]:
        """What changed since the last `take`, from the database; changes nothing here, so any thread may call it."""
        return registry.vehicles(conn, self._newest), registry.operators(conn), registry.regions(conn)

    def take(self, rows: tuple[list[VehicleRow], list[OperatorRow], list[RegionRow]]) -> Members:
        """Take what `read` found; the vehicles that are new or changed."""
        vehicles, operators, regions = rows
        self.operators = {row.operator_id: row for row in operators}
        self.regions = {row.region_code: row for row in regions}
        changed = [row for row in vehicles if self.vehicles.get(row.vehicle_id) != row]
        for row in changed:
            self.vehicles[row.vehicle_id] = row
        if changed:
            self._newest = (
                max(row.changed_at for row in changed) if self._newest is None else max(self._newest, *(r.changed_at for r in changed))
            )
            self._version += 1
        return Members(
            np.array([row.vehicle_id for row in changed], np.int32),
            np.array([_code(row.region_code) for row in changed], np.int32),
            np.array([row.operator_id or 0 for row in changed], np.int32),
        )

    def members(self, topic: Topic) -> list[VehicleRow]:
        """Vehicles of a topic, by id."""
        return [row for row in self.vehicles.values() if topic.holds(_code(row.region_code), row.operator_id or 0)]

    def dictionary(self, topic: Topic) -> tuple[str, bytes]:
        """ETag and gzipped columnar JSON of a topic's vehicles; built once a version."""
        etag = self.etag
        held = self._packed.get(topic)
        if held is None or held[0] != etag:
            rows = self.members(topic)
            columns = {name: [getattr(row, name) for row in rows] for name in COLUMNS}
            text = json.dumps(columns, ensure_ascii=False, separators=(",", ":"))
            if len(self._packed) > 64:
                self._packed.clear()
            held = self._packed[topic] = (etag, gzip.compress(text.encode(), 5, mtime=0))
        return held


def _code(region_code: str | None) -> int:
    return int(region_code) if region_code is not None and len(region_code) == 6 and region_code.isdecimal() else 0
