"""GPX cases of a router's issue list on their own maps, and the shapes of its tours driven on drawn roads."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from domain.track import Track
from tests.tracking.small_roads import degrees, fixes, roads
from tracking import formats
from tracking.kernels.geodesy import leg_lengths
from tracking.line_path import LocalPlane
from tracking.matched import Match, PieceKind
from tracking.matching import match
from tracking.mileage import measure
from tracking.network.importing import import_osm
from tracking.network.model import RoadNetwork

FOLDER = Path("data") / "roads" / "graphhopper_gpx"


def _track(shared: Path, name: str) -> Track:
    return formats.read(shared / FOLDER / f"{name}.gpx")[0].track


def _streets(found: Match, network: RoadNetwork) -> list[str]:
    """Names of the streets driven, in order, each once in a row."""
    driven = [network.name_of(int(part["edge"])) for part in found.path if part["to_m"] - part["from_m"] > 1.0]
    return [name for name, _ in itertools.groupby(driven)]


def test_issue_13_is_as_long_as_its_gpx(shared: Path) -> None:
    network = import_osm(shared / FOLDER / "map-issue13.osm.gz")
    track = _track(shared, "issue-13")
    found = match(track, network)
    gpx_m = leg_lengths(track.lon_deg, track.lat_deg).sum()
    assert gpx_m == pytest.approx(237.9, abs=0.1)
    assert found.length_m == pytest.approx(gpx_m, abs=2.5)
    assert len(found.pieces) == 1


def test_issue_70_follows_its_three_streets(shared: Path) -> None:
    network = import_osm(shared / FOLDER / "issue-70.osm.gz")
    found = match(_track(shared, "issue-70"), network)
    assert _streets(found, network) == ["Милана Видака", "Бранка Радичевића", "Здравка Челара"]
    assert len(found.pieces) == 1 and found.pieces["kind"][0] == PieceKind.ON_ROAD


def test_issue_127_of_two_equal_fixes_has_length_0(shared: Path) -> None:
    network = import_osm(shared / FOLDER / "map-issue13.osm.gz")
    track = _track(shared, "issue-127")
    found = match(track, network)
    assert found.length_m == 0.0
    assert measure(track, found.cleaned, found, network).metres() == 0


@pytest.mark.parametrize(
    "name", ["issue-13", "issue-70", "issue-127", "test1", "tour-with-loop", "tour2-with-loop", "tour3-with-long-edge", "tour4-with-uturn"]
)
def test_no_gpx_is_refused_on_a_map_it_does_not_lie_on(shared: Path, name: str) -> None:
    network = import_osm(shared / FOLDER / "issue-70.osm.gz")
    track = _track(shared, name)
    found = match(track, network)
    segments = measure(track, found.cleaned, found, network)
    assert len(found.state) == len(track) and np.isfinite(found.length_m) and segments.metres() >= 0


def _shape(track: Track) -> list[tuple[float, float]]:
    """Corners in metres; places within 8 m are one."""
    x, y = LocalPlane(float(track.lon_deg[0]), float(track.lat_deg[0])).project(track.lon_deg, track.lat_deg)
    corners: list[tuple[float, float]] = []
    for here in zip(x.tolist(), y.tolist(), strict=True):
        corners.append(next((c for c in corners if np.hypot(c[0] - here[0], c[1] - here[1]) < 8.0), here))
    return [c for c, _ in itertools.groupby(corners)]


def _streets_through(corners: list[tuple[float, float]]) -> RoadNetwork:
    """Roads along the corners, and at each a side street of 70 m."""
    letter = {corner: chr(0x4E00 + row) for row, corner in enumerate(dict.fromkeys(corners))}
    places = {name: corner for corner, name in letter.items()}
    ways = {"".join(sorted((letter[a], letter[b]))) for a, b in itertools.pairwise(corners)}
    for row, (corner, name) in enumerate(letter.items()):
        side = chr(0x5E00 + row)
        places[side] = (corner[0] + 50.0, corner[1] - 50.0)
        ways.add(name + side)
    return roads(places, sorted(ways))[0]


@pytest.mark.parametrize("name", ["tour-with-loop", "tour2-with-loop", "tour3-with-long-edge", "tour4-with-uturn"])
@pytest.mark.parametrize("interval_s", [1, 5, 10])
def test_tours_there_and_back_keep_their_loops_and_u_turns(shared: Path, name: str, interval_s: int) -> None:
    corners = _shape(_track(shared, name))
    network = _streets_through(corners)
    there_and_back = [(x, y, 0.0) for x, y in corners]
    there_and_back[-1] = (*corners[-1], 90.0)
    there_and_back += [(x, y, 0.0) for x, y in corners[-2::-1]]
    there_and_back[-1] = (*corners[0], 60.0)
    for seed in (1, 2, 3):
        track = fixes(there_and_back, speed_mps=8.0, interval_s=interval_s, noise_m=4.0, seed=seed)
        found = match(track, network)
        lon, lat = degrees(*np.array([c[:2] for c in there_and_back]).T)
        true_m = float(leg_lengths(lon, lat).sum())
        driven = measure(track, found.cleaned, found, network).metres()
        assert driven == pytest.approx(true_m, abs=0.02 * true_m + 15.0), (name, interval_s, seed)
