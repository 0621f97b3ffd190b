"""Import of regions: CSV, GeoJSON, the simulated county; all rows or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.errors import RefusedError
from operations.regions_store import Region, put_regions, read_csv, read_geojson
from simulators.county import CountySettings, build_county
from storage.registry import regions

SQUARE = {"type": "Polygon", "coordinates": [[[106.0, 26.0], [107.0, 26.0], [107.0, 27.0], [106.0, 27.0], [106.0, 26.0]]]}


def test_a_csv_file_is_read_and_stored(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    path = tmp_path / "regions.csv"
    path.write_text(
        "region_code,level,name,name_en,parent_code,lon,lat\n520000,province,贵州省,Guizhou,,106.7,26.8\n520100,prefecture,贵阳市,,520000,,\n"
    )
    assert put_regions(conn, read_csv(path)) == 2
    assert [(row.region_code, row.level, row.name_en, row.parent_code, row.centre_lon) for row in regions(conn)] == [
        ("520000", "province", "Guizhou", None, 106.7), ("520100", "prefecture", None, "520000", None),
    ]  # fmt: skip


def test_a_geojson_file_keeps_its_outlines(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    said = {"region_code": "520103", "level": "county", "name": "云岩区"}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": said, "geometry": SQUARE}]}))
    put_regions(conn, read_geojson(path))
    assert conn.execute("select geometry, centre_lon, centre_lat, datum from region").fetchone() == (SQUARE, 106.5, 26.5, "wgs84")


def test_the_simulated_county_fits(conn: psycopg.Connection[Any]) -> None:
    rows = [
        Region(row.region_code, row.level, row.name, row.name_en, row.parent_code or None, row.geometry(), (row.centre_lon, row.centre_lat))
        for row in build_county(CountySettings()).regions
    ]
    assert put_regions(conn, rows) == len(rows)
    assert {row.level for row in regions(conn)} == {"province", "prefecture", "county", "town"}


def test_every_fault_is_listed_and_nothing_is_written(conn: psycopg.Connection[Any]) -> None:
    open_ring = {"type": "Polygon", "coordinates": [[[106.0, 26.0], [107.0, 26.0], [107.0, 27.0], [106.0, 27.0]]]}
    rows = [
        Region("520000", "province", "贵州省"),
        Region("5201", "prefecture", "贵阳市", parent_code="520000"),
        Region("520103", "county", "", parent_code="529900"),
        Region("520103", "county", "云岩区", geometry=open_ring),
        Region("520111", "district", "花溪区", geometry={"type": "Point", "coordinates": [1, 2]}),
        Region("520112", "county", "乌当区", centre=(10.0, 50.0)),
        Region("520113", "county", "白云区", datum="gcj02"),
    ]
    with pytest.raises(RefusedError) as caught:
        put_regions(conn, rows)
    text = str(caught.value)
    for part in (
        "row 2", "is not 6 digits", "row 3", "no name", "unknown parent 529900", "row 4", "comes twice", "not closed", "row 5", "level",
        "neither a Polygon", "row 6", "outside China", "row 7", "convert to WGS-84",
    ):  # fmt: skip
        assert part in text
    assert "row 1 " not in text
    assert regions(conn) == []


def test_importing_again_replaces(conn: psycopg.Connection[Any]) -> None:
    put_regions(conn, [Region("520000", "province", "贵州")])
    put_regions(conn, [Region("520000", "province", "贵州省")])
    assert [row.name for row in regions(conn)] == ["贵州省"]


@pytest.mark.parametrize("text", ["{", "[]", '{"features": [{}]}'])
def test_what_is_no_geojson_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.geojson"
    path.write_text(text)
    with pytest.raises(RefusedError, match="not a GeoJSON"):
        read_geojson(path)


def test_a_geojson_region_without_a_parent_is_of_the_top(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    said = {"region_code": "520000", "level": "province", "name": "贵州省", "parent_code": ""}
    path = tmp_path / "regions.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": said, "geometry": None}]}))
    assert put_regions(conn, read_geojson(path)) == 1
    assert [row.parent_code for row in regions(conn)] == [None]
