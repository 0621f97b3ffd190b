"""`python -m benchmarks.mqtt`: the MQTT door and the fan-out through a real mosquitto, as JSON.

Messages and fixes per CPU-second of the process under test, median of interleaved runs, beside a floor in the same run: for the door a bare
paho client that acknowledges and answers at once, without reading or keeping anything; for the fan-out a bare aiomqtt client that publishes
one prepared message as often. Ratios are ours over the floor.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.mqtt_ground import Fleet, floor_door, floor_fanout
from storage import embedded
from storage.migrate import migrate
from storage.pool import connect
from storage.settings import DatabaseSettings
from tests.fixtures.broker import Broker, free_port, running

NOON_MS = 1_772_337_600_000
VEHICLES = 20_000
ROUNDS = 5


def payload(seq: int, fixes: int) -> bytes:
    """A full fix, so many times."""
    said = [
        {"t_ms": NOON_MS + 1000 * (seq * fixes + n), "lon": 106.700123, "lat": 26.500456, "speed_kmh": 41.5, "heading_deg": n % 360,
         "altitude_m": 1_100, "status_bits": 3, "alarm_bits": 0, "odometer_m": 120_500 + n}
        for n in range(fixes)
    ]  # fmt: skip
    return json.dumps({"seq": seq, "fixes": said}).encode()


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def child(*words: str, env: dict[str, str] | None = None) -> Iterator[psutil.Popen]:
    """A process under test."""
    process = psutil.Popen(
        [sys.executable, "-m", *words], env={**os.environ, **(env or {})}, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def door_run(broker: Broker, folder: Path, fixes: int, messages: int, *, ours: bool) -> dict[str, float]:
    """Messages and fixes per CPU-second of one door."""
    fleet = Fleet(broker, "fleet", "cuntong/v1/down/+/ack")
    words = [
        "runtime.cli",
        "mqtt",
        "door",
        "--data",
        str(folder),
        "--url",
        broker.url,
        "--user",
        "door",
        "--listen",
        f"127.0.0.1:{free_port()}",
    ]
    words += ["--password-file", str(broker.folder / "door.password")]
    with child(*(words if ours else ["benchmarks.mqtt", "--floor-door", str(broker.port)])) as process:
        bodies = [payload(seq, fixes) for seq in range(messages)]
        while not fleet.heard:  # until it is there
            fleet.client.publish("cuntong/v1/up/13900000001", bodies[0], 1)
            time.sleep(0.2)
        time.sleep(1.0)
        warm = fleet.heard
        before, began = cpu_s(process), time.monotonic()
        for seq, body in enumerate(bodies):
            fleet.client.publish(f"cuntong/v1/up/{13_900_000_001 + seq % 50}", body, 1)
        fleet.wait(warm + messages, "answers")
        spent, elapsed = cpu_s(process) - before, time.monotonic() - began
    fleet.client.disconnect()
    fleet.client.loop_stop()
    return {"messages_per_cpu_s": messages / spent, "fixes_per_cpu_s": messages * fixes / spent, "messages_per_s": messages / elapsed}


def fanout_runs(broker: Broker, dsn: str, interval_s: float) -> list[dict[str, float]]:
    """Positions per CPU-second of the fan-out, and of the floor with messages of the same number and size."""
    reader = Fleet(broker, "reader", "cuntong/v1/positions/#")
    words = [
        "--url",
        broker.url,
        "--user",
        "fanout",
        "--password-file",
        str(broker.folder / "fanout.password"),
        "--interval",
        str(interval_s),
    ]
    found = []
    with (
        child(
            "runtime.cli", "mqtt", "fanout", *words, "--listen", f"127.0.0.1:{free_port()}", env={"CUNTONG_DATABASE_URL": dsn}
        ) as process,
        connect(dsn) as conn,
    ):
        time.sleep(5)
        for _ in range(ROUNDS):
            before, heard, size = cpu_s(process), reader.heard, reader.bytes
            conn.execute("update vehicle_last set time = time + interval '1 s', changed_at = now()")
            conn.commit()
            reader.wait(heard + VEHICLES // 500, "positions")
            time.sleep(0.3)
            spent = cpu_s(process) - before
            count, bytes_each = reader.heard - heard, (reader.bytes - size) // (reader.heard - heard)
            with child("benchmarks.mqtt", "--floor-fanout", f"{broker.port},{20 * count},{bytes_each}") as floor:
                time.sleep(1.5)
                floor_before, base = cpu_s(floor), reader.heard
                assert floor.stdin is not None
                floor.stdin.write(b"\n")
                floor.stdin.flush()
                reader.wait(base + 20 * count, "floor")
                floor_spent = (cpu_s(floor) - floor_before) / 20
            found.append({"positions_per_cpu_s": VEHICLES / spent, "floor": VEHICLES / max(floor_spent, 1e-4), "bytes": float(bytes_each)})
    reader.client.disconnect()
    reader.client.loop_stop()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--floor-door", type=int)
    parser.add_argument("--floor-fanout")
    parser.add_argument("--messages", type=int, default=3_000)
    asked = parser.parse_args()
    if asked.floor_door:
        floor_door(asked.floor_door)
    elif asked.floor_fanout:
        floor_fanout(*(int(word) for word in asked.floor_fanout.split(",")))
    else:
        print(json.dumps(measure(asked.messages), indent=1))


def measure(messages: int) -> dict[str, Any]:
    out: dict[str, Any] = {}
    with running() as broker, tempfile.TemporaryDirectory(prefix="cuntong-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for fixes in (1, 100):
            runs: dict[bool, list[dict[str, float]]] = {True: [], False: []}
            for number in range(3):
                for ours in (True, False):
                    runs[ours].append(
                        door_run(broker, folder / f"door-{fixes}-{number}", fixes, messages // (1 if fixes == 1 else 10), ours=ours)
                    )
            ours_, floor = ({key: statistics.median(run[key] for run in some) for key in some[0]} for some in (runs[True], runs[False]))
            out[f"door, {fixes} fixes a message"] = {
                **{key: round(value) for key, value in ours_.items()},
                "floor_messages_per_cpu_s": round(floor["messages_per_cpu_s"]),
                "ratio": round(ours_["messages_per_cpu_s"] / floor["messages_per_cpu_s"], 2),
            }
        out["fan-out"] = fanout(broker, folder)
    return out


def fanout(broker: Broker, folder: Path) -> dict[str, Any]:
    dsn = embedded.start(folder / "postgres")
    try:
        migrate(dsn, DatabaseSettings())
        with connect(dsn) as conn:
            conn.execute("insert into vehicle (region_code) select '520103' from generate_series(1, %s)", (VEHICLES,))
            conn.execute(
                """
                insert into vehicle_last (vehicle_id, time, received, located_at, lon_e6, lat_e6, speed_kmh10, heading_deg, status_bits, alarm_bits)
                select vehicle_id, now(), now(), now(), 106700000 + vehicle_id, 26500000, 415, 90, 3, 0 from vehicle
                """
            )
            conn.commit()
        runs = fanout_runs(broker, dsn, 0.2)
    finally:
        embedded.stop(folder / "postgres")
    ours, floor = (statistics.median(run[key] for run in runs) for key in ("positions_per_cpu_s", "floor"))
    return {
        "positions_per_cpu_s": round(ours),
        "floor_positions_per_cpu_s": round(floor),
        "ratio": round(ours / floor, 3),
        "bytes": runs[0]["bytes"],
    }


if __name__ == "__main__":
    main()
