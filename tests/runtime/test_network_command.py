"""`cuntong network`, as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.tracking.network.drawing import osm_text

PICTURE = "a--------b--------c--------d\n         |\n\n         x"
WAYS = "ab highway=primary\nbcd highway=secondary\nbx highway=residential\nbc highway=steps"


def _run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "cuntong"), "network", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network")
    (folder / "map.osm").write_text(osm_text(PICTURE, WAYS), "utf-8")
    done = _run("build", folder / "map.osm", "-o", folder / "map.npz", "--region-code", "520000", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["counts"]["way: highway=steps"] == 1 and told["counts"]["ways kept"] == 3 and told["edges"] == 6
    return folder / "map.npz"


def test_a_built_network_is_sound_and_tells_where_it_comes_from(made: Path) -> None:
    done = _run("check", made)
    assert done.returncode == 0 and "strong component" in done.stdout and "default" in done.stdout
    told = json.loads(_run("info", made, "--json").stdout)
    assert told["region_code"] == "520000" and told["source"] == "map.osm" and len(told["source_sha256"]) == 64
    assert "OpenStreetMap" in told["licence"]


def test_a_network_with_an_error_ends_with_1(made: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from tracking.network import load, save
    from tracking.network.archive import version_of
    from tracking.network.model import ARRAY_NAMES, TABLE_NAMES

    network = load(made)
    columns = {name: np.array(getattr(network, name)) for name in ARRAY_NAMES} | {"cell_shape": network.cell_shape[:0]}
    columns |= {"cell_edge": network.cell_edge[:0], "cell_start": np.zeros_like(network.cell_start)}
    version = version_of(columns, {name: getattr(network, name) for name in TABLE_NAMES}, network.plane)
    save(replace(network, **columns, version=version), tmp_path / "bad.npz")
    done = _run("check", tmp_path / "bad.npz")
    assert done.returncode == 1 and "segment not in its cell" in done.stdout
    (tmp_path / "old.npz").write_bytes(made.read_bytes()[:500])
    done = _run("check", tmp_path / "old.npz")
    assert done.returncode == 1 and "cuntong network build" in " ".join(done.stderr.split())


def test_a_foreign_file_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "x.osm.pbf").write_bytes(b"no map")
    done = _run("build", tmp_path / "x.osm.pbf", "-o", tmp_path / "x.npz")
    assert done.returncode == 1 and "x.osm.pbf" in done.stderr and not (tmp_path / "x.npz").exists()


def test_an_update_carries_overrides_over_and_tells_the_difference(made: Path, tmp_path: Path) -> None:
    from tracking.network import load

    key = int(load(made).edge_key[0])
    (tmp_path / "o.csv").write_text(f"edge_key,field,value,source,from\n{key:016x},limit_bus_kmh,33,sign,2020-01-01\n", "utf-8")
    source = made.with_name("map.osm")
    assert _run("build", source, "-o", tmp_path / "a.npz", "--overrides", tmp_path / "o.csv").returncode == 0
    (tmp_path / "new.osm").write_text(osm_text(PICTURE, WAYS.replace("residential", "tertiary")), "utf-8")
    done = _run("update", tmp_path / "a.npz", tmp_path / "new.osm", "-o", tmp_path / "b.npz")
    assert done.returncode == 0 and "Difference" in done.stdout and "tertiary" in done.stdout, done.stderr
    network = load(tmp_path / "b.npz")
    assert network.limit_bus_kmh[network.edge_key == key].tolist() == [33]
    assert _run("update", tmp_path / "a.npz", tmp_path / "c.osc.gz", "-o", tmp_path / "c.npz").returncode == 1
