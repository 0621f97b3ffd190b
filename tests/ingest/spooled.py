"""Real logs for pipeline tests: frames of real terminals' messages in a spool on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry

from ingest.log.appending import appending
from ingest.log.record import FRAME
from ingest.log.spool import SpoolReader
from ingest.pipeline import Pipeline
from ingest.pipeline_metrics import PipelineMetrics
from ingest.settings import LogSettings, PipelineSettings
from protocols.jt808.codec import encode
from protocols.jt808.extras import Extra
from protocols.jt808.messages.location import Location, LocationBatch
from protocols.jt808.messages.registration import Registration

NOON_MS = 1_772_337_600_000
"""2026-03-01 04:00 UTC, noon in Shanghai."""
LOCATED_AND_ON = 3


@dataclass(frozen=True, slots=True)
class Logged:
    """One record to write."""

    payload: bytes
    received_ms: int = NOON_MS
    kind: int = FRAME
    reason: int = 0
    profile: int = 0
    door: int = 1


def log_settings(folder: Path) -> LogSettings:
    """A spool without waiting and without a claim on free space."""
    return LogSettings(path=folder, commit_interval_ms=0, min_free_gib=0)


def write(folder: Path, records: Iterable[Logged], worker: int = 0) -> None:
    """Append records to a worker's log; durable on return."""

    async def run() -> None:
        async with appending(log_settings(folder), worker) as log:
            for one in records:
                await log.append(
                    one.kind,
                    one.door,
                    one.payload,
                    received_us=one.received_ms * 1000,
                    link=1 << 48,
                    reason=one.reason,
                    profile=one.profile,
                )

    asyncio.run(run())


def fix(
    t_ms: int = NOON_MS,
    lat_e6: int = 26_500_000,
    lon_e6: int = 106_700_000,
    speed_kmh10: int = 305,
    extras: tuple[Extra, ...] = (),
    status: int = LOCATED_AND_ON,
) -> Location:
    """A fix that any terminal could send."""
    return Location(0, status, lat_e6, lon_e6, 1_100, speed_kmh10, 90, t_ms, extras)


def report(terminal: str, t_ms: int = NOON_MS, serial: int = 1, **said: Any) -> bytes:
    """Frame of a 0x0200."""
    return encode(fix(t_ms, **said), terminal_id=terminal, serial=serial, version="2013")


def backfill(terminal: str, fixes: tuple[Location, ...], serial: int = 1) -> bytes:
    """Frame of a 0x0704 of blind-area fixes."""
    return encode(LocationBatch.of(1, fixes), terminal_id=terminal, serial=serial, version="2013")


def registration(terminal: str, plate: str, serial: int = 1) -> bytes:
    """Frame of a 0x0100 with a yellow plate."""
    return encode(Registration(52, 100, "MAKER", "MODEL", "T000001", 2, plate), terminal_id=terminal, serial=serial, version="2013")


def pipeline(dsn: str, folder: Path, name: str = "pipeline", partition: int = 0, **changes: Any) -> Pipeline:
    """A pipeline over a spool, with metrics of its own (`counts`)."""
    settings = PipelineSettings(**{"batch_ms": 20, "accept_days": 365, **changes})
    reader = SpoolReader(folder, name, log_settings(folder))
    return Pipeline(dsn, reader, settings, PipelineMetrics(CollectorRegistry()), partition=partition, now_ms=lambda: NOON_MS)


def drain(worker: Pipeline) -> int:
    """Batches until the database holds all that the spool holds, logs that are new included; fixes stored."""
    stored = worker.step_once()
    while not worker.ready or SpoolReader(worker._reader._root, "look").backlog(offsets(worker)):
        stored += worker.step_once()
    return stored


def offsets(worker: Pipeline) -> dict[str, int]:
    """Where the pipeline stands."""
    return dict(worker._context.offsets) if worker._context is not None else {}


def counts(worker: Pipeline) -> dict[str, int]:
    """Fixes by outcome, those that are not zero."""
    found: dict[str, int] = {}
    for metric in worker._metrics.rows.collect():
        for sample in metric.samples:
            if sample.name.endswith("_total") and sample.value:
                found[sample.labels["outcome"]] = int(sample.value)
    return found


def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query, as owner, in UTC."""
    with psycopg.connect(dsn, options="-c timezone=UTC") as conn:
        return conn.execute(query.encode()).fetchall()


def contents(dsn: str) -> list[tuple[Any, ...]]:
    """Everything in `positions` but how and when it reached us, by plate-free key order."""
    return rows(
        dsn,
        """
        select t.terminal_id, p.time, p.lon_e6, p.lat_e6, p.speed_kmh10, p.heading_deg, p.altitude_m, p.status_bits, p.alarm_bits,
               p.odometer_m, p.fuel_l10, p.recorder_kmh10, p.satellites, p.flags
          from positions p
          join terminal t on t.vehicle_id = p.vehicle_id
         order by t.terminal_id, p.time
        """,
    )
