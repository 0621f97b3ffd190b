"""CPU of the API's big answers: all vehicles, pages and boxes of them, a day's track. JSON out.

`python -m benchmarks.api [--vehicles 100000] [--runs 5]`: the real web door over the embedded database (or `--url`), in this process;
its CPU seconds, the database's share apart, and the floors of json.dumps and gzip over the same values.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from runtime import logs
from storage import embedded
from storage.migrate import migrate
from storage.settings import DatabaseSettings
from tests.api.server import RunningWeb, put_vehicle, running

GEOJSON = {"Accept": "application/geo+json"}
TRACK_FIXES = 8_640
DAY = "2026-09-10T00:00:00%2B08:00", "2026-09-11T00:00:00%2B08:00"


def fill(dsn: str, vehicles: int) -> None:
    """A fleet with its newest positions, and a day of one vehicle, a fix every 10 s."""
    with psycopg.connect(dsn) as conn:
        conn.execute("set local session_replication_role = replica")  # a made-up fleet needs no audit log
        put_vehicle(conn, 1, "贵A00001")
        conn.execute(
            """
            insert into vehicle (vehicle_id, plate, plate_colour, vehicle_class, state, region_code)
            select n, '贵' || chr(65 + n %% 26) || lpad(n::text, 6, '0'), 2, 'rural_bus', 'registered', (520102 + n %% 80)::text
              from generate_series(2, %(count)s) n
            """,
            {"count": vehicles},
        )
        conn.execute(
            """
            insert into vehicle_last (vehicle_id, time, received, located_at, lon_e6, lat_e6, speed_kmh10, heading_deg, status_bits,
                                      alarm_bits, odometer_m, county_code)
            select n, now(), now(), now(), 103000000 + (n::bigint * 7919) %% 6000000, 24600000 + (n::bigint * 104729) %% 4600000,
                   n %% 900, n %% 360, 3, case when n %% 50 = 0 then 1 else 0 end, n * 11, (520102 + n %% 80)::text
              from generate_series(1, %(count)s) n
            """,
            {"count": vehicles},
        )
        conn.execute(
            """
            insert into positions (time, received, vehicle_id, lon_e6, lat_e6, alarm_bits, status_bits, speed_kmh10, heading_deg,
                                   altitude_m, source, flags)
            select timestamptz '2026-09-10 00:00+08' + n * interval '10 s', timestamptz '2026-09-10 00:00+08' + n * interval '10 s', 1,
                   106700000 + (8000 * sin(n / 50.0))::int + n * 20, 26500000 + (9000 * cos(n / 70.0))::int, 0, 3, n %% 800, n %% 360,
                   1100, 1, 0
              from generate_series(0, %(last)s) n
            """,
            {"last": TRACK_FIXES - 1},
        )
        conn.commit()
        conn.autocommit = True
        conn.execute("analyze")


def server_cpu_s(folder: Path) -> float:
    """CPU seconds of the database's processes so far, those that ended included."""
    postmaster = (folder / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0]
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == postmaster:
            ticks += int(fields[11]) + int(fields[12])
        elif stat.parent.name == postmaster:
            ticks += sum(int(fields[place]) for place in (11, 12, 13, 14))
    return ticks / 100


def measured(act: Callable[[], int], runs: int, folder: Path) -> dict[str, float]:
    """Medians of CPU and wall seconds of this process, the database's CPU, and bytes on the wire."""
    act()
    rows = []
    for _ in range(runs):
        before, base, wall = resource.getrusage(resource.RUSAGE_SELF), server_cpu_s(folder), time.perf_counter()
        size = act()
        wall, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        rows.append((cpu, wall, server_cpu_s(folder) - base, size))
    names = ("cpu_s", "wall_s", "database_cpu_s", "bytes")
    return {name: round(statistics.median(row[place] for row in rows), 4) for place, name in enumerate(names)}


def floors(text: bytes, runs: int) -> dict[str, float]:
    """CPU seconds of the standard library's json.dumps over the same values, and of gzip at level 1 over the same bytes."""
    values = json.loads(text)
    found: dict[str, list[float]] = {"json_dumps_cpu_s": [], "gzip_1_cpu_s": []}
    for _ in range(runs):
        for name, act in (("json_dumps_cpu_s", lambda: json.dumps(values)), ("gzip_1_cpu_s", lambda: gzip.compress(text, 1))):
            begun = time.process_time()
            act()
            found[name].append(time.process_time() - begun)
    return {name: round(statistics.median(ones), 4) for name, ones in found.items()}


def run(web: RunningWeb, runs: int, folder: Path) -> dict[str, Any]:
    """All figures. The client runs in this process too: what it reads is neither unpacked nor parsed while it is measured."""
    with web.client() as client:

        def size(url: str, headers: dict[str, str]) -> int:
            with client.stream("GET", url, headers=headers | {"Accept-Encoding": "gzip"}) as answer:
                assert answer.status_code == 200, answer.read()
                return sum(len(part) for part in answer.iter_raw())

        asked = {
            "latest_whole_geojson": ("/api/v1/positions/latest", GEOJSON),
            "latest_whole_json": ("/api/v1/positions/latest", {}),
            "latest_page_1000": ("/api/v1/positions/latest?limit=1000", GEOJSON),
            "latest_bbox": ("/api/v1/positions/latest?bbox=106.5,26.4,106.9,26.8", GEOJSON),
            "track_day_raw_json": (f"/api/v1/vehicles/1/track?from={DAY[0]}&to={DAY[1]}", {}),
            "track_day_simplified": (f"/api/v1/vehicles/1/track?from={DAY[0]}&to={DAY[1]}&simplify_m=10", GEOJSON),
        }
        out: dict[str, Any] = {
            name: measured(lambda url=url, headers=headers: size(url, headers), runs, folder) for name, (url, headers) in asked.items()
        }
        whole = client.get("/api/v1/positions/latest", headers=GEOJSON).content
        out["floors"] = floors(whole, runs) | {"bytes": len(whole)}
    return out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    logs.configure("warning")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        dsn = embedded.start(folder / "postgres")
        try:
            migrate(dsn, DatabaseSettings())
            fill(dsn, chosen.vehicles)
            with running(dsn, folder, tick_s=60.0, registry_s=600.0) as web:
                print(json.dumps({"vehicles": chosen.vehicles, "runs": chosen.runs} | run(web, chosen.runs, folder), indent=2))
        finally:
            embedded.stop(folder / "postgres")


if __name__ == "__main__":
    main()
