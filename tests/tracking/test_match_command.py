"""`cuntong match` as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.tracking.small_roads import fixes, roads
from tracking import formats
from tracking.formats.recording import Recording
from tracking.network import save

ROOT = Path(__file__).resolve().parents[2]


def _match(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from runtime.cli import main; main()", "match", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network and two drives over it: one with a hole of ten minutes and a stretch over a field."""
    folder = tmp_path_factory.mktemp("match")
    network, _ = roads({"A": (0, 0), "M": (3000, 0), "B": (6000, 0), "V": (3000, 2000)}, ["AMB", "MV"])
    save(network, folder / "roads.npz")
    track = fixes([(0, 0, 0), (6000, 0, 120), (4500, 0, 0), (4000, 600, 0), (3500, 600, 0), (3000, 300, 0), (3000, 2000, 0)], noise_m=3.0)
    since = (track.t_ms - track.t_ms[0]) / 1000
    holed = track.rows((since < 150) | (since > 550))
    formats.write(folder / "drives.csv", [Recording("贵A1 holed", holed), Recording("short", fixes([(0, 0, 0), (2000, 0, 0)]))])
    return folder


def test_a_match_is_told_written_and_drawn(folder: Path) -> None:
    done = _match(
        folder / "drives.csv", "--network", folder / "roads.npz", "-o", folder / "out.geojson", "--plot", folder / "out.png", "--explain"
    )
    assert done.returncode == 0, done.stderr
    assert "refused 0" in done.stdout and "short: 21 fixes" in done.stdout and "gaps    1, the longest 4" in done.stdout
    for name in ("u_turn_cost", "still_s", "gap_s", "sigma_prior_m", "odometer.", "match version", "profile bus"):
        assert name in done.stdout, name
    collection = json.loads((folder / "out.geojson").read_text("utf-8"))
    assert collection["map_version"] and collection["licence"] == "CC0" and collection["match_version"]
    roles = [one["properties"]["role"] for one in collection["features"]]
    assert roles.count("raw") == 2 and {"matched", "gap", "off_road"} <= set(roles)
    gap = next(one["properties"] for one in collection["features"] if one["properties"]["role"] == "gap")
    assert (
        gap["low_m"] <= gap["length_m"] <= gap["high_m"] and gap["source"] in ("route", "geodesic", "odometer") and gap["from"] < gap["to"]
    )
    picture = (folder / "out.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n" and len(picture) > 30_000


@pytest.mark.parametrize("ending", ["gpx", "csv", "mfjson"])
def test_every_format_can_be_written(folder: Path, ending: str) -> None:
    done = _match(folder / "drives.csv", "--network", folder / "roads.npz", "-o", folder / f"out.{ending}")
    assert done.returncode == 0, done.stderr
    again = formats.read(folder / f"out.{ending}")
    assert [one.name for one in again] == ["贵A1 holed", "short"] and again[0].licence == "CC0"
    first = formats.read(folder / "drives.csv")[0].track
    np.testing.assert_allclose(again[0].track.lon_deg, first.lon_deg, atol=1e-7)
    np.testing.assert_array_equal(again[0].track.t_ms, first.t_ms)


def test_what_cannot_be_read_ends_in_one_line(folder: Path) -> None:
    (folder / "bad.csv").write_text("time,lon,lat\nnoon,1,2\n", "utf-8")
    for words, why in (
        ((folder / "bad.csv", "--network", folder / "roads.npz"), "line 2"),
        ((folder / "drives.csv", "--network", folder / "drives.csv"), "not a road network"),
        ((folder / "drives.csv", "--network", folder / "roads.npz", "--profile", "tram"), "no profile 'tram'"),
    ):
        done = _match(*words)
        assert done.returncode == 1 and why in done.stderr.replace("\n", " ") and "Traceback" not in done.stderr
