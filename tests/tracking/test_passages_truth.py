"""Passing times of simulated drives against the true ones."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.county import County, CountySettings, build_county
from simulators.lines import plan_lines
from tests.tracking.line_drives import drive, paths_of
from tracking.driven_way import driven_way
from tracking.line_path import LinePath
from tracking.matching import match
from tracking.passages import Quality, line_runs


@pytest.fixture(scope="module")
def county() -> County:
    return build_county(CountySettings(seed=5, towns=2, villages=4, hamlets=3, width_km=24, height_km=22))


def _dwells(line: LinePath, random: np.random.Generator) -> list[float]:
    """Halts of 8 to 40 s; every fifth stop is passed without one."""
    dwell = random.integers(8, 40, len(line.stops) - 2).astype(float)
    dwell[random.random(dwell.size) < 0.2] = 0.0
    return dwell.tolist()


@pytest.mark.parametrize(("noise_m", "told"), [(5.0, True), (5.0, False), (10.0, True)])
def test_times_at_10_s_reports_are_within_15_s_median_and_30_s(county: County, noise_m: float, told: bool) -> None:
    late: list[np.ndarray] = []
    whole = wanted = 0
    for seed, line in enumerate(line for line in plan_lines(county) if line.kind in ("rural_bus", "town_bus")):
        out, back = paths_of(county, line)
        random = np.random.default_rng(seed)
        driven = drive(county, [(line.out, out, _dwells(out, random)), (line.back, back, _dwells(back, random))] * 2, seed)
        track = driven.track(10, noise_m, seed, told=told)
        runs = line_runs(driven_way(track, match(track, county.network), county.network), [out, back])
        assert [run.line.variant for run in runs] == ["out", "back", "out", "back"], line.name_en
        whole, wanted = whole + sum(run.complete for run in runs), wanted + 4
        for run, truth in zip(runs, driven.runs, strict=True):
            assert run.off_route_m == 0.0
            sure = (run.passages["quality"] <= Quality.INTERPOLATED)[1:-1]
            for name, true_s in (("arrive_ms", truth.arrive_s), ("depart_ms", truth.depart_s)):
                late.append((run.passages[name] / 1000.0 - true_s)[1:-1][sure])
    wrong = np.abs(np.concatenate(late))
    print(
        f"{wrong.size} times: median {np.median(wrong):.1f} s, p95 {np.percentile(wrong, 95):.1f} s, max {wrong.max():.1f} s; {whole}/{wanted} runs"
    )
    assert wrong.size > 300 and np.median(wrong) <= 15.0 and np.percentile(wrong, 95) <= 30.0
    assert whole == wanted
