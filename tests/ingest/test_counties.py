"""The county of a position where no road tells it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from shapely.geometry import box

from ingest.pipeline import Pipeline
from operations.regions import Region
from operations.regions_store import put_regions
from tests.ingest.spooled import NOON_MS, Logged, drain, pipeline, report, rows, write

A, B, C = "13800000001", "13800000002", "13800000003"


def _regions(dsn: str, *found: Region, **how: Any) -> None:
    with psycopg.connect(dsn) as conn:
        put_regions(conn, found, today=date(2026, 1, 1), **how)


def _county(dsn: str) -> list[tuple[Any, ...]]:
    return rows(dsn, "select county_code from vehicle_last order by vehicle_id")


def _ready(worker: Pipeline) -> None:
    """Connected, and the counties read."""
    worker.step_once()
    worker._counties.wait(60)


def test_a_place_is_told_its_county_and_hears_of_new_borders(dsn: str, tmp_path: Path) -> None:
    _regions(
        dsn,
        Region("520121", "county", "西县", outline=box(106, 26, 106.6, 27)),
        Region("529001", "prefecture", "东市", outline=box(106.6, 26, 107, 27), also_levels=("county",)),
        Region("520300", "prefecture", "北市", outline=box(106, 27, 107, 28)),
    )
    write(tmp_path, [Logged(report(A))])
    worker = pipeline(dsn, tmp_path)
    _ready(worker)
    at = NOON_MS + 10_000
    places = ((A, 26_500_000, 106_500_000), (B, 26_500_000, 106_700_000), (C, 27_500_000, 106_500_000))
    write(tmp_path, [Logged(report(terminal, at, lat_e6=lat, lon_e6=lon), at) for terminal, lat, lon in places])
    drain(worker)
    assert _county(dsn) == [("520121",), ("529001",), (None,)]

    at += 10_000
    write(tmp_path, [Logged(report(A, at, status=1, lat_e6=1, lon_e6=1), at)])
    drain(worker)
    assert _county(dsn)[0] == ("520121",), "the place that is shown keeps its county"

    _regions(dsn, Region("520121", "county", "西县", outline=box(106, 26, 106.4, 27)), Region("520300", "county", "北县"), correct=True)
    at += 10_000
    write(tmp_path, [Logged(report(B, at), at)])
    drain(worker)  # hears the notice
    worker._counties.wait(60)
    at += 10_000
    write(tmp_path, [Logged(report(terminal, at, lat_e6=lat, lon_e6=lon), at) for terminal, lat, lon in places])
    drain(worker)
    assert _county(dsn) == [(None,), ("529001",), ("520300",)]
    worker.close()
