"""Vehicles in the streets of a small town, through a real log and a real database, for tests of live matching."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry

from domain.units import instant
from ingest.log.spool import SpoolReader
from ingest.pipeline import Pipeline
from ingest.pipeline_metrics import PipelineMetrics
from ingest.settings import PipelineSettings
from protocols.jt808.codec import encode
from protocols.jt808.extras import Extra
from protocols.jt808.messages.location import Location
from tests.ingest.spooled import Logged, log_settings, rows
from tests.tracking.live_rows import drive, town
from tests.tracking.small_roads import roads
from tracking.network.archive import save
from tracking.network.model import RoadNetwork

TERMINALS = tuple(str(13_800_000_001 + number) for number in range(4))
MIDNIGHT_MS = 1_772_294_400_000
"""2026-03-01 00:00 in Shanghai."""
HOUR_MS = 3_600_000
BEFORE = instant(MIDNIGHT_MS - 3 * 24 * HOUR_MS)


@cache
def networks() -> tuple[RoadNetwork, RoadNetwork]:
    """The town, and what somebody takes for it who knows only the streets around it."""
    edge = {"A": (0, 0), "B": (2_000, 0), "C": (2_000, 2_000), "D": (0, 2_000), "E": (800, 0), "F": (800, 2_000)}
    return town(), roads(edge, ["AEBCFDA", "EF"])[0]


def use(dsn: str, folder: Path, network: RoadNetwork, at: datetime = BEFORE, region_code: str = "") -> Path:
    """Register a network as of an instant."""
    path = folder / f"{network.version[:12]}.npz"
    save(network, path)
    with psycopg.connect(dsn) as conn:
        conn.execute(
            "insert into network_version (region_code, map_version, path, edges, registered_at) values (%s, %s, %s, %s, %s)",
            (region_code, network.version, str(path), network.edge_count, at),
        )
    return path


def drives(seed: int, middle_ms: int, count: int = 60) -> list[NDArray[Any]]:
    """`POSITION` rows of each terminal's vehicle, whole seconds, the middle one near an instant."""
    found = []
    for number in range(len(TERMINALS)):
        one = drive((seed + number) % 2**32, count, vehicle=number)
        one["t_ms"] += (middle_ms - int(one["t_ms"][count // 2])) // 1000 * 1000
        found.append(one)
    return found


def frame(terminal: str, row: Any, serial: int) -> bytes:
    """A 0x0200 that says what a row says."""
    satellites = (Extra(0x31, int(row["satellites"]).to_bytes(1, "big")),)
    said = [int(row[name]) for name in ("status_bits", "lat_e6", "lon_e6", "altitude_m", "speed_kmh10", "heading_deg", "t_ms")]
    return encode(Location(0, *said, satellites), terminal_id=terminal, serial=serial & 0xFFFF, version="2013")


def logged(found: list[NDArray[Any]], seed: int = 0, mess: float = 0.0) -> list[Logged]:
    """Frames in the order of their times; mess: so many of them come late, twice, or before their time."""
    random = np.random.default_rng(seed)
    all_rows = [(int(row["t_ms"]), terminal, row) for terminal, one in zip(TERMINALS, found, strict=True) for row in one]
    order = np.array([t_ms for t_ms, _, _ in all_rows], np.float64)
    moved = random.random(len(order)) < mess
    order[moved] += random.choice([-40_000.0, 25_000.0, 90_000.0, 700_000.0], int(moved.sum()))
    sequence = [int(at) for at in np.argsort(order, kind="stable") for _ in range(2 if moved[at] and random.random() < 0.3 else 1)]
    start, end = min(order), max(order)
    received = np.linspace(start + 60_000, end + 60_000, len(sequence))
    return [
        Logged(frame(all_rows[at][1], all_rows[at][2], serial), max(int(received[serial]), all_rows[at][0]))
        for serial, at in enumerate(sequence)
    ]


def clock() -> Iterator[int]:
    """Epoch ms that goes on by seven seconds a look."""
    now = MIDNIGHT_MS
    while True:
        now += 7_000
        yield now


def matching(dsn: str, spool: Path, **changes: Any) -> Pipeline:
    """A pipeline that loads its networks beside its work."""
    settings = PipelineSettings(**{"batch_ms": 20, "batch_rows": 20, "match_vehicles": 64, **changes})
    ticks = clock()
    return Pipeline(
        dsn, SpoolReader(spool, "pipeline", log_settings(spool)), settings, PipelineMetrics(CollectorRegistry()), now_ms=lambda: next(ticks)
    )


def ready(worker: Pipeline, dsn: str) -> Pipeline:
    """The same, once every network is ready that vehicles of all kinds may ask for."""
    live = worker._live
    assert live is not None
    with psycopg.connect(dsn) as conn:
        live.fleet.refresh(conn, MIDNIGHT_MS)
        for region in {row.region_code for row in live.fleet.plan.registered}:
            live.fleet._group(region, "bus")
        for row in live.fleet.plan.registered:
            live.fleet.matcher(live.fleet.number(0, row.registered_ms + 2 * 24 * HOUR_MS), MIDNIGHT_MS)
            live.fleet.matcher(live.fleet.number(0, row.registered_ms), MIDNIGHT_MS)
    live.roads.wait(120)
    assert live.roads.states == {"ready": len(live.roads._ready), "loading": 0, "failed": 0}
    return worker


def opened(dsn: str, spool: Path, **changes: Any) -> Pipeline:
    """A pipeline whose networks are ready."""
    return ready(matching(dsn, spool, **changes), dsn)


def behind(worker: Pipeline) -> int:
    """Bytes of the log that are not stored yet."""
    context = worker._context
    return 1 if context is None else SpoolReader(context.reader._root, "look").backlog(dict(context.offsets))  # type: ignore[attr-defined]


class Killed(BaseException):
    """The end of the process."""


class Mortal(psycopg.Connection[Any]):
    """A connection whose process ends just before, or just after, a commit."""

    before = after = False

    def commit(self) -> None:
        if Mortal.before:
            Mortal.before = False
            super().close()
            raise Killed
        super().commit()
        if Mortal.after:
            Mortal.after = False
            super().close()
            raise Killed


def ways(dsn: str) -> list[tuple[Any, ...]]:
    """All committed parts of all vehicles."""
    return rows(
        dsn,
        """
        select t.terminal_id, p.number, p.part, p.time, p.edge_key, p.from_mm, p.to_mm, p.leg_mm, p.reason
          from provisional_path p
          join terminal t on t.vehicle_id = p.vehicle_id
         order by 1, 2, 3
        """,
    )


def shown(dsn: str) -> list[tuple[Any, ...]]:
    """What the map shows of all vehicles."""
    return rows(
        dsn,
        """
        select t.terminal_id, l.time, l.edge_id, l.along_m, r.name, l.today_m, l.county_code, l.road_class, l.road_state, l.limit_kmh,
               l.confidence
          from vehicle_last l
          join terminal t on t.vehicle_id = l.vehicle_id
          left join road r on r.road_id = l.road_id
         order by 1
        """,
    )


def records(worker: Pipeline) -> dict[int, tuple[bytes, float]]:
    """Record as it would be saved, and beginning of the day, of every vehicle in memory."""
    live = worker._live
    assert live is not None and live._states is not None
    states = live._states
    slots = np.flatnonzero(states.vehicle >= 0)
    found = {}
    for at in slots:
        ready = live.fleet.matcher(int(states.matcher[at]), MIDNIGHT_MS)
        assert ready is not None
        found[int(states.vehicle[at])] = ready.live.saved(states.records[at : at + 1])[0], float(states.day_start_m[at])
    return found


def count(worker: Pipeline, name: str, **labels: str) -> float:
    """A counter of the pipeline."""
    value = worker._metrics.registry.get_sample_value(name, labels)
    return 0.0 if value is None else value
