"""What the live matcher found, as rows of tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.live_roads import Ready
from ingest.match_state_store import Sealed
from ingest.provisional_path_store import OFF_ROAD, PART
from tracking.live_matching import Live

Array = NDArray[Any]

ON_ROAD = np.dtype(
    [
        ("edge_id", "<i4"), ("along_m", "<i4"), ("road_id", "<i4"), ("today_m", "<i4"), ("county", "<i4"), ("road_class", "<i2"),
        ("road_state", "<i2"), ("limit_kmh", "<i2"), ("confidence", "<i2"),
    ]
)  # fmt: skip
"""Where a fix is on the roads, as `vehicle_last` shows it: whole metres, per cent; -1 where unknown, county 0."""

UNKNOWN = np.array([(-1, -1, -1, -1, 0, -1, -1, -1, -1)], ON_ROAD)


@dataclass(slots=True)
class Matched:
    """What matching made of a batch. where: (n,) `ON_ROAD` of the batch's fixes; ways: `PART`s, arrays; begun: vehicles that nothing was known of,
    and the instant behind which their fixes are fed; saves: records to be saved; reseeded: records that
    began anew, by reason; fed: fixes of the batch that were matched, again: fixes that were matched a second time."""

    where: Array
    ways: list[Array] = field(default_factory=list)
    begun: dict[int, int] = field(default_factory=dict)
    saves: list[Sealed] = field(default_factory=list)
    reseeded: dict[str, int] = field(default_factory=dict)
    fed: int = 0
    again: int = 0

    @property
    def parts(self) -> Array:
        """(m,) `PART` of all ways."""
        return np.concatenate(self.ways) if self.ways else np.empty(0, PART)

    @property
    def sealed(self) -> list[Sealed]:
        """Everything to be saved, each vehicle once."""
        saved = set().union(*(one.vehicle_id.tolist() for one in self.saves))
        begun = {vehicle: at for vehicle, at in self.begun.items() if vehicle not in saved}
        if not begun:
            return self.saves
        ids, after = np.array(list(begun), np.int32), np.array(list(begun.values()), np.int64)
        return [*self.saves, Sealed("", "", ids, after, np.zeros(len(ids)), [b""] * len(ids))]

    def reseed(self, reason: str, count: int = 1) -> None:
        """Count records that began anew."""
        if count:
            self.reseeded[reason] = self.reseeded.get(reason, 0) + count


def path_parts(found: Live, ready: Ready, vehicles: NDArray[np.int32]) -> Array:
    """(m,) `PART` of what a call committed, at least one a fix.

    Args:
        vehicles: by slot.
    """
    fixes, legs = found.committed, found.parts
    count = (fixes["part_end"] - fixes["part_start"]).astype(np.int64)
    lines = np.maximum(count, 1)
    owner = np.repeat(np.arange(len(fixes)), lines)
    part = np.arange(len(owner)) - np.repeat(np.cumsum(lines) - lines, lines)
    rows = np.empty(len(owner), PART)
    for name in ("t_ms", "number", "reason"):
        rows[name] = fixes[name][owner]
    rows["vehicle_id"], rows["part"] = vehicles[fixes["slot"]][owner], part
    rows["leg_mm"] = np.where(part == 0, np.rint(fixes["leg_m"][owner] * 1000.0), 0)
    edge = fixes["edge"][owner]
    along = np.nan_to_num(fixes["along_m"][owner])
    start, end = along, along.copy()
    legged = np.flatnonzero(count[owner] > 0)
    at = fixes["part_start"][owner[legged]] + part[legged]
    edge[legged], start[legged], end[legged] = legs["edge"][at], legs["from_m"][at], legs["to_m"][at]
    on = edge >= 0
    rows["edge_key"] = np.where(on, ready.edge_key[edge], OFF_ROAD)
    rows["from_mm"] = np.where(on, np.rint(start * 1000.0), -1)
    rows["to_mm"] = np.where(on, np.rint(end * 1000.0), -1)
    return rows


def places(estimates: Array, day_start_m: NDArray[np.float64], ready: Ready) -> Array:
    """(n,) `ON_ROAD` of estimates.

    Args:
        day_start_m: (n,) what each vehicle's record had counted at midnight.
    """
    rows = np.repeat(UNKNOWN, len(estimates))
    edge, on = estimates["edge"], estimates["edge"] >= 0
    rows["road_state"] = estimates["state"]
    rows["today_m"] = np.maximum(np.rint(estimates["driven_m"] - day_start_m), 0)
    rows["edge_id"] = edge
    rows["along_m"][on] = np.rint(estimates["along_m"][on])
    rows["road_id"][on], rows["county"][on] = ready.road_id[edge[on]], ready.county[edge[on]]
    rows["road_class"][on] = ready.live.network.road_class[edge[on]]
    limit = estimates["limit_high_kmh"].astype(np.int16)
    rows["limit_kmh"] = np.where(limit > 0, limit, -1)
    rows["confidence"] = np.rint(estimates["confidence"] * 100.0)
    return rows
