"""A unit of work: some vehicle-days of one day and one network, read, computed, replaced. Runs in any process that reaches the database."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg

from domain.errors import RefusedError
from domain.units import day_bounds
from ingest import archive_store, day_context_store, day_lines
from ingest.day_context_store import Known, Roads
from ingest.day_result_store import Replaced, replace_days
from ingest.day_rows import StoredDay, stored_day
from ingest.due_store import MARGIN_MS, Ticket
from storage.pool import connect
from storage.positions import read_track
from tracking.daily import compute_day
from tracking.line_path import LinePath
from tracking.network import load
from tracking.network.model import RoadNetwork
from tracking.vehicle_day import DayContext, DayParameters

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit finds what it needs: database, folder of the archive. Both must be reachable from where it runs."""

    dsn: str
    archive: Path


@dataclass(frozen=True, slots=True)
class Unit:
    """Tickets of one day whose vehicles one network serves; roads None: no network."""

    place: Place
    day: date
    tickets: tuple[Ticket, ...]
    roads: Roads | None
    parameters: DayParameters = field(default_factory=DayParameters)


@dataclass(frozen=True, slots=True)
class UnitDone:
    """What became of a unit; fixes read; CPU seconds of its thread."""

    replaced: Replaced
    fixes: int
    cpu_s: float


def compute_unit(unit: Unit) -> UnitDone:
    """Read, compute, replace.

    Raises:
        StoreError: the database does not answer, or an archived day cannot be read.
        RefusedError: the network's file is missing, or another than the registered one.
    """
    began = time.thread_time()
    network = registered_network(str(unit.roads.path), unit.roads.map_version) if unit.roads is not None else None
    vehicles = [ticket.vehicle_id for ticket in unit.tickets]
    fixes = 0
    found: list[tuple[Ticket, StoredDay]] = []
    with connect(unit.place.dsn, "ingest") as conn:
        known = day_context_store.known(conn, unit.day, vehicles)
        conn.rollback()
        ways = (
            day_lines.paths(conn, network, sorted({line for one in known.values() for line in one.line_ids})) if network is not None else {}
        )
        archive = _archive(conn, unit)
        for ticket in unit.tickets:
            one = known.get(ticket.vehicle_id, Known(DayContext(ticket.vehicle_id)))
            lines = tuple(path for line_id in one.line_ids for path in ways.get(line_id, ()))
            day, count = _compute(conn, ticket, (one.context, lines), network, (unit.parameters, archive))
            fixes += count
            found.append((ticket, day))
        replaced = replace_days(conn, found)
    return UnitDone(replaced, fixes, time.thread_time() - began)


def _compute(
    conn: Connection,
    ticket: Ticket,
    about: tuple[DayContext, tuple[LinePath, ...]],
    network: RoadNetwork | None,
    by: tuple[DayParameters, Path | None],
) -> tuple[StoredDay, int]:
    """The day's rows, and how many fixes they rest on. No transaction stays open while it is computed."""
    (context, paths), (parameters, archive) = about, by
    begin, end = day_bounds(ticket.day)
    rows = read_track(conn, ticket.vehicle_id, begin - MARGIN_MS, end + MARGIN_MS, archive)
    lines = day_lines.lines_for(conn, rows, paths)
    conn.rollback()
    result = compute_day(rows, ticket.day, network, lines, context, parameters)
    return stored_day(result, ticket.vehicle_id, network), len(result.fixes)


def _archive(conn: Connection, unit: Unit) -> Path | None:
    """Folder of the archive when it holds something of the day or its neighbours."""
    held = any(archive_store.files(conn, unit.day + timedelta(shift)) for shift in (-1, 0, 1))
    return unit.place.archive if held else None


@lru_cache(maxsize=4)
def registered_network(path: str, map_version: str) -> RoadNetwork:
    """The registered network; loaded once a process."""
    network = load(Path(path))
    if network.version != map_version:
        raise RefusedError(
            f"{path}: network {network.version[:12]} is not the registered {map_version[:12]}; register it again", field="path"
        )
    return network
