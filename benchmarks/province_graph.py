"""A synthetic province of 1,000,000 directed edges: how fast it is built, saved, loaded, and matched on beside a small one.

    python -m benchmarks.province_graph [--edges 1000000] [--drives 40] [--json]

Bars: loaded in 5 s; matched at half of the small network's fixes a CPU-second, or faster.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from domain.track import Track
from simulators.province import ProvinceSettings, build_province
from tracking.matching import Matcher
from tracking.network import RoadNetwork, load, save
from tracking.network.matrix import Search

SMALL = 10_000
INTERVAL_S, NOISE_M = 10.0, 6.0


def drives(network: RoadNetwork, count: int, seed: int) -> list[Track]:
    """Drives of 15 to 60 km by the quickest way, one fix every 10 s with white noise."""
    random = np.random.default_rng(seed)
    search = Search(network, "bus", None, 3 * 3600.0)
    found: list[Track] = []
    while len(found) < count:
        start, end = (int(edge) for edge in random.integers(0, network.edge_count, 2))
        away = np.hypot(*(float(a[network.shape_start[start]]) - float(a[network.shape_start[end]]) for a in (network.x_m, network.y_m)))
        if not 10_000 < away < 40_000:
            continue
        search.spread(start, 0.0, {end})
        if not np.isfinite(search.way(start, 0.0, end, 1.0)[0]):
            continue
        found.append(_track(network, [start, *search.path(end), end], random))
    return found


def _track(network: RoadNetwork, edges: list[int], random: np.random.Generator) -> Track:
    lon, lat, t_s, at = [], [], [], 0.0
    for edge in edges:
        rows = slice(int(network.shape_start[edge]), int(network.shape_start[edge + 1]))
        seconds = network.along_m[rows].astype(np.float64) * 3.6 / (0.8 * float(network.free_kmh[edge]))
        lon.append(network.lon_e7[rows] / 1e7)
        lat.append(network.lat_e7[rows] / 1e7)
        t_s.append(at + seconds)
        at += float(seconds[-1])
    when = np.arange(0.0, at, INTERVAL_S)
    where = [np.interp(when, np.concatenate(t_s), np.concatenate(axis)) for axis in (lon, lat)]
    east, north = random.normal(0, NOISE_M, (2, when.size))
    return Track.plain(where[0] + east / (111_320 * np.cos(np.radians(where[1]))), where[1] + north / 111_000, when)


def matched(network: RoadNetwork, tracks: list[Track]) -> dict[str, float]:
    """Fixes a CPU-second with a new matcher, its kernels compiled; share of tracks in one piece on the road."""
    Matcher(network).match(tracks[0].rows(slice(0, 20)))
    matcher = Matcher(network)
    began = time.process_time()
    whole = sum(len(matcher.match(track).pieces) == 1 for track in tracks)
    spent = time.process_time() - began
    fixes = sum(len(track) for track in tracks)
    return {"fixes": fixes, "fixes_per_cpu_s": round(fixes / spent, 1), "whole": round(whole / len(tracks), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--drives", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "province.npz"
        began = time.perf_counter()
        network = build_province(ProvinceSettings(edges=given.edges))
        figures["build_s"] = round(time.perf_counter() - began, 2)
        began = time.perf_counter()
        save(network, path)
        figures["save_s"] = round(time.perf_counter() - began, 2)
        figures["file_mb"] = round(path.stat().st_size / 1e6, 1)
        del network
        began = time.perf_counter()
        network = load(path)
        figures["load_s"] = round(time.perf_counter() - began, 2)
    figures |= {"edges": network.edge_count, "kilometres": round(float(network.length_m.sum()) / 1000)}
    large = matched(network, drives(network, given.drives, 5))
    small_network = build_province(ProvinceSettings(edges=SMALL))
    small = matched(small_network, drives(small_network, given.drives, 5))
    figures |= {"large": large, "small": small | {"edges": small_network.edge_count}}
    figures["share_of_small_speed"] = round(large["fixes_per_cpu_s"] / small["fixes_per_cpu_s"], 3)
    figures["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    if given.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:22} {value}")


if __name__ == "__main__":
    main()
