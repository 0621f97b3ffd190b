"""Reading vehicle-days: what was written comes back, and a screen sees its own vehicles only."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import StoreError
from domain.units import day_bounds, epoch_ms
from ingest import days as computing
from ingest.day_result_store import Replaced, replace_day
from ingest.day_rows import pack_speeds, stored_day, unpack_speeds
from storage import days
from storage.delta_bytes import pack, unpack
from storage.driven_paths import path
from storage.edge_speeds import edge_hours
from storage.pool import connect
from storage.scope import enter, service
from tests.ingest.day_fleet import LATER_MS, ask_all, day_rows, put, run, vehicle
from tests.tracking.day_drives import DAY, drive, ring
from tracking.daily import compute_day
from tracking.line_path import line_path, whole_edges
from tracking.network import save
from tracking.vehicle_day import DayContext, DayLines, DayResult

Connection = psycopg.Connection[Any]
STOP = [(0.0, 0.0, 0.0), (6_000.0, 0.0, 600.0), (12_000.0, 0.0, 0.0), (12_000.0, 6_000.0, 60.0), (0.0, 6_000.0, 0.0)]


@pytest.fixture
def conn(dsn: str) -> Iterator[Connection]:
    with connect(dsn, "owner") as connection:
        yield connection


@pytest.fixture
def computed(dsn: str, conn: Connection, tmp_path: Path) -> DayResult:
    """A day with a long stop and a gap, stored for vehicle 1."""
    one = vehicle(conn)
    rows = drive(STOP)
    rows["vehicle_id"] = one
    rows = np.delete(rows, slice(20, 45))
    put(conn, rows)
    save(ring()[0], tmp_path / "ring.npz")
    computing.use_network(conn, tmp_path / "ring.npz")
    with ThreadPoolExecutor(1) as executor:
        done = computing.compute_due(conn, ask_all(conn, DAY), executor, run(dsn, tmp_path), LATER_MS)
    assert done.replaced == Replaced(written=1)
    return compute_day(rows, DAY, ring()[0], None, DayContext(one, vehicle_class="rural_bus"))


def test_segments_trips_and_stays_come_back(conn: Connection, computed: DayResult) -> None:
    found, wanted = days.segments(conn, 1, DAY), computed.segments.rows
    assert len(found) >= 4
    for name in ("kind", "source", "reason", "from_ms", "to_ms", "length_mm", "low_mm", "high_mm", "ferry_mm"):
        assert found[name].tolist() == wanted[name].tolist()
    assert found["part_start"].tolist() == wanted["path_start"].tolist()
    assert np.abs(found["confidence_e4"] / 1e4 - wanted["confidence"]).max() <= 0.5e-4
    trips = days.trips(conn, 1, DAY)
    assert len(trips) == len(computed.trips) == 2
    for name in ("from_ms", "to_ms", "length_mm"):
        assert trips[name].tolist() == computed.trips[name].tolist()
    stays = days.stays(conn, 1, DAY)
    assert stays["from_ms"].tolist() == computed.stays["from_ms"].tolist()
    assert np.abs(stays["lon_e6"] / 1e6 - computed.stays["lon_deg"]).max() <= 1e-6
    assert set(stays["station_id"].tolist()) == {-1}


def test_the_way_driven_comes_back_without_the_network(conn: Connection, computed: DayResult) -> None:
    found = path(conn, 1, DAY)
    match, network = computed.match, ring()[0]
    assert found is not None
    assert match is not None
    assert found.map_version == network.version
    assert found.edge.tolist() == match.path["edge"].tolist()
    assert np.abs(found.from_mm / 1e3 - match.path["from_m"]).max() <= 0.5e-3
    assert len(found.pieces) == len(match.pieces)
    for number, piece in enumerate(found.pieces):
        assert (piece.from_ms, piece.to_ms) == (match.pieces["from_ms"][number], match.pieces["to_ms"][number])
        if piece.kind == 0:
            assert np.abs(piece.line - match.line(network, number)).max() <= 1e-6
    assert path(conn, 2, DAY) is None


def test_speeds_of_edges_come_back(conn: Connection, computed: DayResult) -> None:
    begin, end = day_bounds(DAY)
    found = edge_hours(conn, begin, end)
    wanted = computed.edge_speeds
    assert len(found) == len(wanted) > 0
    order = np.argsort(found["edge_key"], kind="stable")
    assert np.array_equal(found[order], wanted)
    assert len(edge_hours(conn, end, end + 1)) == 0
    assert np.array_equal(unpack_speeds(pack_speeds(wanted)), wanted)


def test_a_screen_reads_days_only_through_the_views(dsn: str, conn: Connection, computed: DayResult) -> None:
    with connect(dsn, "app") as screen:
        enter(screen, service("test"))
        found = days.vehicle_day(screen, 1, DAY)
        assert found is not None
        assert (found.matched_m, found.evidence_hash) == (computed.figures.matched_m, computed.evidence_hash)
        assert found.context["vehicle_class"] == "rural_bus"
        assert len(days.segments(screen, 1, DAY)) == len(computed.segments.rows)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            screen.execute("select count(*) from vehicle_day")
        screen.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            screen.execute("update vehicle_day_seen set matched_m = 1")


def test_passages_of_a_line_come_back(conn: Connection) -> None:
    one = vehicle(conn)
    network, _ = ring()
    rows = day_rows(one, DAY, 3)
    plain = compute_day(rows, DAY, network, None, DayContext(one))
    assert plain.match is not None
    edges = plain.match.path["edge"][:3]
    parts = whole_edges(network, edges)
    length = float(parts["to_m"].sum())
    line = line_path(network, parts, [0.0, length / 2, length], line_id="7", variant="out")
    result = compute_day(rows, DAY, network, DayLines((line,)), DayContext(one))
    assert result.runs
    put(conn, rows)
    (ticket,) = ask_all(conn, DAY)
    assert replace_day(conn, ticket, stored_day(result, one, network)) == Replaced(written=1)
    found = days.passages(conn, one, DAY)
    wanted = [(n, row) for n, each in enumerate(result.runs) for row in each.passages]
    assert [(p.run, p.stop_seq, p.quality, p.dwell_s) for p in found] == [
        (n, int(row["stop_seq"]), int(row["quality"]), int(row["dwell_s"])) for n, row in wanted
    ]
    assert [-1 if p.arrive is None else epoch_ms(p.arrive) for p in found] == [int(row["arrive_ms"]) for _, row in wanted]
    assert {(p.line_id, p.variant) for p in found} == {("7", "out")}


@given(st.lists(st.lists(st.integers(-(2**61), 2**61), min_size=3, max_size=3), max_size=40))
def test_packed_columns_come_back(numbers: list[list[int]]) -> None:
    columns = list(np.array(numbers, np.int64).reshape(len(numbers), 3).T)
    found = unpack(pack(columns))
    assert len(found) == 3
    assert all(np.array_equal(a, b) for a, b in zip(columns, found, strict=True))


@given(st.binary(max_size=200))
def test_bytes_of_another_form_are_refused(body: bytes) -> None:
    """Or they are a form of it after all: then packing what was read gives the same columns again."""
    for given_bytes in (body, zlib.compress(body)):
        try:
            columns = unpack(given_bytes)
        except StoreError:
            continue
        again = unpack(pack(columns)) if columns else []
        assert len(again) == len(columns) and all(np.array_equal(a, b) for a, b in zip(again, columns, strict=True))


def test_bytes_that_are_nothing_are_refused() -> None:
    for body in (b"", b"no zlib", zlib.compress(b""), zlib.compress(b"\x05")):
        with pytest.raises(StoreError, match="packed columns"):
            unpack(body)
