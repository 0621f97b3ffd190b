"""Maps as they are: OpenStreetMap extracts and a foreign network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from domain.errors import RefusedError
from tests.tracking.network.shapefile import read_links
from tracking.network import EdgeFlag, RoadNetwork, from_edges, load, save
from tracking.network.check import check
from tracking.network.importing import import_osm
from tracking.network.plane import unproject


@pytest.fixture(scope="module")
def liechtenstein(shared: Path) -> RoadNetwork:
    return import_osm(shared / "data" / "roads" / "liechtenstein" / "liechtenstein-latest.osm.pbf")


def test_liechtenstein_is_imported_whole(liechtenstein: RoadNetwork) -> None:
    counts = liechtenstein.origin.counts
    assert counts["ways read"] == 3484 and counts["ways kept"] == 3465
    assert counts["way: footway without vehicles"] == 419 and counts["way: on an island under 500 m"] == 19
    assert liechtenstein.edge_count < counts["pieces before contraction"]
    assert liechtenstein.origin.source_date == "2015-07-27" and "OpenStreetMap" in liechtenstein.licence
    report = check(liechtenstein)
    assert report.sound
    strong = [share.km for share in report.shares if share.what == "strong component"]
    assert strong[0] > 0.94 * sum(strong)
    assert np.unique(liechtenstein.edge_key).size == liechtenstein.edge_count


def test_lengths_of_a_country_are_those_of_the_ellipsoid(liechtenstein: RoadNetwork) -> None:
    geod = Geod(ellps="WGS84")
    for edge in range(0, liechtenstein.edge_count, 97):
        lon, lat = liechtenstein.shape(edge)
        assert liechtenstein.length_m[edge] == pytest.approx(geod.line_length(lon, lat), rel=1e-8, abs=1e-6)


def test_the_plane_is_true_and_turns_back(liechtenstein: RoadNetwork) -> None:
    lon, lat = liechtenstein.lon_e7 / 1e7, liechtenstein.lat_e7 / 1e7
    x, y = liechtenstein.project(lon, lat)
    assert np.abs(x - liechtenstein.x_m).max() < 0.01 and np.abs(y - liechtenstein.y_m).max() < 0.01
    again = unproject(liechtenstein.plane, x, y)
    assert np.abs(again[0] - lon).max() < 1e-9 and np.abs(again[1] - lat).max() < 1e-9
    assert not np.isfinite(liechtenstein.project(np.array([np.nan]), np.array([47.0]))[0]).any()


def test_the_same_file_gives_the_same_version_and_it_is_loaded_equal(liechtenstein: RoadNetwork, shared: Path, tmp_path: Path) -> None:
    again = import_osm(shared / "data" / "roads" / "liechtenstein" / "liechtenstein-latest.osm.pbf")
    assert again.version == liechtenstein.version
    save(again, tmp_path / "li.npz")
    loaded = load(tmp_path / "li.npz")
    assert loaded.version == again.version and loaded.origin == again.origin
    assert np.array_equal(loaded.cell_shape, again.cell_shape)


def test_every_road_segment_is_found_in_the_grid(liechtenstein: RoadNetwork) -> None:
    net = liechtenstein
    random = np.random.default_rng(3)
    for edge in random.integers(0, net.edge_count, 400).tolist():
        if net.flags[edge] & EdgeFlag.CONNECTOR:
            continue
        shown = min(edge, int(net.twin[edge])) if net.twin[edge] >= 0 else edge
        j = int(random.integers(net.shape_start[shown], net.shape_start[shown + 1] - 1))
        share = random.random()
        x = float(net.x_m[j]) * (1 - share) + float(net.x_m[j + 1]) * share
        y = float(net.y_m[j]) * (1 - share) + float(net.y_m[j + 1]) * share
        cell = int((y - net.grid[1]) // net.grid[2]) * int(net.grid[3]) + int((x - net.grid[0]) // net.grid[2])
        held = slice(int(net.cell_start[cell]), int(net.cell_start[cell + 1]))
        assert (shown, j) in set(zip(net.cell_edge[held].tolist(), net.cell_shape[held].tolist(), strict=True))


@pytest.mark.parametrize(("name", "kept"), [("map-issue13", 21), ("issue-70", 29), ("krems", 677), ("north-bayreuth", 1772)])
def test_extracts_beside_tracks_are_imported(shared: Path, name: str, kept: int) -> None:
    network = import_osm(shared / "data" / "roads" / "graphhopper_gpx" / f"{name}.osm.gz")
    assert network.origin.counts["ways kept"] == kept
    assert check(network).sound


def test_a_truncated_extract_is_refused_by_name(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "roads"
    for source in (folder / "liechtenstein" / "liechtenstein-latest.osm.pbf", folder / "graphhopper_gpx" / "krems.osm.gz"):
        whole = source.read_bytes()
        for share in (0.1, 0.5, 0.97):
            part = tmp_path / f"part-{source.name}"
            part.write_bytes(whole[: int(len(whole) * share)])
            with pytest.raises(RefusedError, match=f"part-{source.name}"):
                import_osm(part)


def test_a_foreign_network_comes_in_as_plain_columns(shared: Path) -> None:
    table = read_links(shared / "data" / "roads" / "xian_trackit" / "modifiedConn_link")
    assert table.tail.size == 9842
    network = from_edges(table, source="xian", licence="MIT")
    assert network.edge_count < int(np.where(table.oneway, 1, 2).sum())
    assert check(network).sound and "神舟大道" in network.names
