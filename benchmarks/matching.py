"""The matcher on the shared suites: speed, RMF, length, refusals, case by case, beside the figures of Meili 3.9.1.

    python -m benchmarks.matching [--suite liechtenstein hof_fcd] [--cases 10s_5m,30s_5m] [--repeat 10] > matching.json

Reads the suites beside the checkout (CUNTONG_SHARED, or ../shared) and scores with the bench's own geometry: RMF is wrong and missed
length over true length (Newson & Krumm 2009) at 8 m tolerance. CPU seconds of the whole answer, conversions from and to degrees
included; best of the repeats per track. Meili's figures were measured on a machine where the loop of `machine_factor` takes 1.04 CPU-s.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from runtime.caches import separate_kernel_cache

SHARED = Path(os.environ.get("CUNTONG_SHARED") or Path(__file__).resolve().parents[2] / "shared")
NETWORKS = {"liechtenstein": "li.npz", "hof_fcd": "hof.npz"}
SPEED_BAR = 6.0


def meili() -> dict[str, dict[str, dict[str, float]]]:
    """Meili's printed figures: by suite and case, speed of its faster setting, RMF total and median of its better one."""
    return json.loads((Path(__file__).parent / "meili.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def machine_factor() -> float:
    """How much faster this machine runs a plain Python loop than the one Meili was measured on."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        s = 0
        for i in range(10**7):
            s += i * i % 7
        taken.append(time.process_time() - began)
    return 1.04 / min(taken)


def cases(suite: Any) -> dict[str, list[str]]:
    """Tracks of each case."""
    found: dict[str, list[str]] = {}
    for key in suite.files:
        case, track, what = key.rsplit("/", 2)
        if what == "p":
            found.setdefault(case, []).append(track)
    return found


def run_case(matcher: Any, suite: Any, net: Any, score: Any, key: tuple[str, list[str]], repeat: int) -> dict[str, Any]:
    """All tracks of a case."""
    case, tracks = key
    cpu, points, refused, scores = 0.0, 0, 0, []
    for track in tracks:
        fixes = suite[f"{case}/{track}/p"]
        taken = []
        for _ in range(repeat):
            began = time.process_time()
            answer = matcher.match(fixes)
            taken.append(time.process_time() - began)
        cpu += min(taken)
        points += len(fixes)
        refused += not answer["pieces"]
        truth = [suite[f"{case}/{track}/t{n}"] for n in range(len(suite.files)) if f"{case}/{track}/t{n}" in suite.files]
        pieces = [net.to_xy(*np.asarray(piece, float).T) for piece in answer["pieces"]]
        scores.append(score(truth, pieces))
    length = sum(s["d0"] for s in scores)
    return {
        "fixes": points,
        "points_per_cpu_s": round(points / cpu),
        "rmf_pct": round(100 * sum(s["d_plus"] + s["d_minus"] for s in scores) / length, 2),
        "rmf_median_pct": round(100 * statistics.median(s["rmf"] for s in scores), 2),
        "length_error_pct": round(100 * sum(s["len_m"] - s["d0"] for s in scores) / length, 2),
        "within_half_pct": round(100 * statistics.mean(abs(s["len_err"]) <= 0.005 for s in scores)),
        "refused": refused,
    }


def compared(row: dict[str, Any], peer: dict[str, float], factor: float) -> dict[str, Any]:
    """A row with what it is held against."""
    tolerance = 0.1
    return row | {
        "meili": peer,
        "speed_ratio": round(row["points_per_cpu_s"] / peer["points_per_cpu_s"], 1),
        "speed_ratio_scaled": round(row["points_per_cpu_s"] / peer["points_per_cpu_s"] / factor, 1),
        "rmf_no_worse": row["rmf_pct"] <= peer["rmf_pct"] + tolerance,
        "rmf_median_no_worse": row["rmf_median_pct"] <= peer["rmf_median_pct"] + tolerance,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--cases", default="", help="names, with commas between")
    parser.add_argument("--repeat", type=int, default=10)
    asked = parser.parse_args()
    separate_kernel_cache()
    sys.path.insert(0, str(SHARED / "tools" / "matchbench"))
    bench_network, metrics = importlib.import_module("network"), importlib.import_module("metrics")
    adapter = importlib.import_module("benchmarks.matchbench_adapter")
    peers, factor = meili(), machine_factor()
    result: dict[str, Any] = {"machine_factor": round(factor, 2), "suites": {}}
    for name in asked.suite:
        folder = SHARED / "data" / "roads" / name
        net, suite = bench_network.load(folder / NETWORKS[name]), np.load(folder / "suite.npz")
        matcher = adapter.Matcher()
        matcher.prepare(net, "")
        rows = result["suites"][name] = {}
        for key in cases(suite).items():
            if asked.cases and key[0] not in asked.cases.split(","):
                continue
            row = compared(run_case(matcher, suite, net, metrics.score, key, asked.repeat), peers[name][key[0]], factor)
            rows[key[0]] = row
            print(f"{name} {key[0]}: {row['points_per_cpu_s']} fixes/CPU-s x{row['speed_ratio']}, RMF {row['rmf_pct']} %", file=sys.stderr)
    every = [row for rows in result["suites"].values() for row in rows.values()]
    result["summary"] = {
        "cases": len(every),
        "speed_bar_met": sum(row["speed_ratio"] >= SPEED_BAR for row in every),
        "rmf_totals_no_worse": sum(row["rmf_no_worse"] for row in every),
        "rmf_medians_no_worse": sum(row["rmf_median_no_worse"] for row in every),
        "refused": sum(row["refused"] for row in every),
    }
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
