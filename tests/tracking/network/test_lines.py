"""Lines laid onto the network: those of a county against what they run on, loops, holes, refusals."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from domain.errors import RefusedError
from simulators.county import County, CountySettings, build_county
from simulators.lines import Line, plan_lines
from tests.tracking.line_drives import paths_of
from tests.tracking.network.drawing import EAST, SOUTH, draw
from tracking.line_path import LinePath
from tracking.network import save
from tracking.network.line_files import read_drawings, read_lines, write_lines
from tracking.network.lines import DrawnLine, snap_line
from tracking.network.stop_places import moved, stop_measures


@pytest.fixture(scope="module")
def county() -> County:
    return build_county(CountySettings())


@pytest.fixture(scope="module")
def lines(county: County) -> list[LinePath]:
    found: tuple[Line, ...] = plan_lines(county)
    return [path for line in found[:4] for path in paths_of(county, line)]


def _drawn(line: LinePath, noise_m: float = 0.0, *, stops: bool = True, drawing: bool = True) -> DrawnLine:
    random = np.random.default_rng(5)
    east, north = random.normal(0, max(noise_m, 1e-9), (2, line.lon_deg.size)) / 100_000
    stop_lon, stop_lat = line.place(line.stops["measure_m"])
    lon, lat = (line.lon_deg + east, line.lat_deg + north) if drawing else (np.empty(0), np.empty(0))
    if not stops:
        stop_lon = stop_lat = np.empty(0)
    return DrawnLine(line.line_id, line.variant, lon, lat, stop_lon, stop_lat, ("",) * stop_lon.size)


def _edges(line: LinePath, least_m: float) -> list[int]:
    """Edges of which the line runs over more than some metres."""
    return [int(edge) for edge, start, end in line.parts.tolist() if end - start > least_m]


@pytest.mark.parametrize("noise_m", [0.0, 8.0])
def test_a_drawn_line_comes_back_with_its_edges_length_and_stops(county: County, lines: list[LinePath], noise_m: float) -> None:
    for line in lines:
        snapped = snap_line(_drawn(line, noise_m), county.network)
        assert snapped.length_m == pytest.approx(line.length_m, rel=0.001, abs=2 * noise_m + 1)
        assert _edges(snapped, 6 * noise_m + 5) == _edges(line, 6 * noise_m + 5)
        assert snapped.stops["measure_m"] == pytest.approx(line.stops["measure_m"], abs=3 * noise_m + 2)
        assert snapped.worst_offset_m < 5 * noise_m + 1
        assert moved(line, snapped)[0] < 2 * noise_m + 1
        assert snapped.map_version == county.network.version


def test_stops_alone_make_the_line(county: County, lines: list[LinePath]) -> None:
    for line in lines:
        snapped = snap_line(_drawn(line, drawing=False), county.network)
        assert snapped.length_m == pytest.approx(line.length_m, rel=0.02)
        assert len(snapped.stops) == len(line.stops)


def test_a_line_without_stops_has_its_ends(county: County, lines: list[LinePath]) -> None:
    snapped = snap_line(_drawn(lines[0], stops=False), county.network)
    assert snapped.stops["measure_m"].tolist() == pytest.approx([0.0, snapped.length_m])


def test_what_is_off_the_roads_is_refused_with_its_place(county: County, lines: list[LinePath]) -> None:
    line = _drawn(lines[0], stops=False)
    half = line.lon_deg.size // 2
    away = dataclasses.replace(line, lat_deg=np.where(np.arange(line.lat_deg.size) > half, line.lat_deg + 0.01, line.lat_deg))
    with pytest.raises(RefusedError, match=r"off the roads, most from 106\."):
        snap_line(away, county.network)
    with pytest.raises(RefusedError, match="off the roads"):
        snap_line(dataclasses.replace(line, lon_deg=line.lon_deg + 5), county.network)
    with pytest.raises(RefusedError, match="neither"):
        snap_line(dataclasses.replace(line, lon_deg=line.lon_deg[:1], lat_deg=line.lat_deg[:1]), county.network)
    with pytest.raises(RefusedError, match="no number"):
        snap_line(dataclasses.replace(line, lat_deg=line.lat_deg * np.nan), county.network)
    far = _drawn(lines[0])
    with pytest.raises(RefusedError, match="stop 2"):
        snap_line(dataclasses.replace(far, stop_lat_deg=far.stop_lat_deg + np.eye(far.stop_lat_deg.size)[1] * 0.02), county.network)


def test_out_and_back_stops_are_told_apart_by_their_order() -> None:
    lon = 106.6 + np.array([0, 10, 20, 10, 0]) * EAST
    lat = np.full(5, 26.5)
    measure = np.array([0, 500, 1000, 1500, 2000.0])
    asked = 106.6 + np.array([0, 6, 20, 14, 6, 0]) * EAST
    at = stop_measures(asked, np.full(6, 26.5001), (lon, lat, measure), 50.0, "line 1")
    assert at == pytest.approx([0, 300, 1000, 1300, 1700, 2000], abs=3)
    with pytest.raises(RefusedError, match="stop 3"):
        stop_measures(asked[[2, 0, 2]], np.full(3, 26.5), (lon, lat, measure), 50.0, "line 1")


def test_a_small_hole_of_the_map_is_bridged(tmp_path: Path) -> None:
    picture = "a" + "-" * 59 + "b---c" + "-" * 59 + "d\n" + " " * 60 + "x---y"
    network = draw(tmp_path, picture, "ab highway=primary\ncd highway=primary\nbxyc highway=service")
    lon = np.array([106.6, 106.6 + 124 * EAST])
    snapped = snap_line(DrawnLine("1", "", lon, np.full(2, 26.5), np.empty(0), np.empty(0)), network)
    assert snapped.length_m == pytest.approx(2 * 60 * 49.85 + 2 * 100 + 4 * 49.85, rel=0.02)
    assert abs(snapped.lat_deg.min() - (26.5 - SOUTH)) < 1e-6


def test_lines_are_written_and_read_and_a_lost_edge_is_told(tmp_path: Path, county: County, lines: list[LinePath]) -> None:
    write_lines(tmp_path / "l.geojson", lines, county.network)
    for line, again in zip(lines, read_lines(tmp_path / "l.geojson", county.network), strict=True):
        assert again.edges.tolist() == line.edges.tolist()
        assert again.length_m == pytest.approx(line.length_m, abs=0.01)
        assert again.stops["measure_m"] == pytest.approx(line.stops["measure_m"], abs=0.001)
    bare = read_lines(tmp_path / "l.geojson")
    assert moved(lines[0], bare[0])[0] < 0.05 and (bare[0].edges == -1).all()
    other = build_county(CountySettings(seed=2)).network
    with pytest.raises(RefusedError, match="snap it again"):
        read_lines(tmp_path / "l.geojson", other)
    (tmp_path / "x.geojson").write_text('{"features": [{"properties": {}, "geometry": null}]}', "utf-8")
    for read in (read_lines, read_drawings):
        with pytest.raises(RefusedError, match=r"x\.geojson"):
            read(tmp_path / "x.geojson")


def test_the_command_lays_lines_and_lists_what_moved(tmp_path: Path, county: County, lines: list[LinePath]) -> None:
    save(county.network, tmp_path / "n.npz")
    features = []
    for line in lines[:2]:
        told = {"line_id": line.line_id, "variant": line.variant}
        places = np.stack([line.lon_deg, line.lat_deg], axis=1).tolist()
        features.append({"type": "Feature", "properties": told, "geometry": {"type": "LineString", "coordinates": places}})
        for seq, at in enumerate(line.stops["measure_m"]):
            place = [float(axis) for axis in line.place(at)]
            stop = told | {"stop_seq": seq, "name": f"站{seq}"}
            features.append({"type": "Feature", "properties": stop, "geometry": {"type": "Point", "coordinates": place}})
    (tmp_path / "d.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    old = [dataclasses.replace(lines[0], lat_deg=lines[0].lat_deg + 0.0005), lines[1]]
    write_lines(tmp_path / "old.geojson", old, county.network)
    command = [Path(sys.executable).parent / "cuntong", "lines", "snap", tmp_path / "d.geojson", "--network", tmp_path / "n.npz", "-o"]
    command += [tmp_path / "out.geojson", "--before", tmp_path / "old.geojson"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, env=None)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("LOOK") == 1
    snapped = read_lines(tmp_path / "out.geojson", county.network)
    assert [line.line_id for line in snapped] == [line.line_id for line in lines[:2]] and snapped[0].stop_names[1] == "站1"
