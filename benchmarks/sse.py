"""Listeners of the alert stream: 200 at once, in ten scopes, while alerts open; does everybody hear everything, and how soon.

Example:
    python -m benchmarks.sse
    python -m benchmarks.sse --clients 50 --seconds 5 --rate 10

Prints JSON. The web door runs as a process of its own over an embedded database; its CPU is measured from outside. Latency is from the
insertion of the alert (the database's clock) to the last byte of its event at the client, on one machine. The bar is about drops: a client that
misses an event of its scope, or whose stream ends, is one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import psutil
import psycopg

from operations.accounts import add_user
from operations.accounts_store import Grant
from runtime import logs
from storage import embedded
from storage.migrate import migrate
from storage.settings import DatabaseSettings
from tests.api.server import PASSWORD, free_port

REGIONS = tuple(f"5201{county:02d}" for county in range(1, 10))
"""Nine counties; the tenth scope is their province."""
BARS = {"dropped": 0, "latency_p99_ms": 2_000.0}


@dataclass
class Client:
    """One stream: numbers of the alerts that it heard, with the milliseconds they took."""

    region: str
    heard: dict[int, float] = field(default_factory=dict)
    ended: bool = False

    async def listen(self, port: int, cookie: str, ready: asyncio.Semaphore) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /stream/alerts HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.partition(b"\r\n")[0], head
        ready.release()
        try:
            while line := await reader.readline():
                if line.startswith(b"data: "):
                    said, now = json.loads(line[6:]), time.time()
                    self.heard[said["alert_id"]] = (now - datetime.fromisoformat(said["at"]).timestamp()) * 1000
        finally:
            self.ended = True
            writer.close()


def prepare(dsn: str) -> None:
    """Accounts, and a vehicle in every county."""
    migrate(dsn, DatabaseSettings())
    with psycopg.connect(dsn) as conn:
        for number, region in enumerate((*REGIONS, "520000")):
            add_user(conn, f"bench{number}", PASSWORD, Grant("regulator", region))
        for vehicle_id, region in enumerate(REGIONS, 1):
            conn.execute(
                "insert into vehicle (vehicle_id, plate, plate_colour, region_code) values (%s, %s, 2, %s)",
                (vehicle_id, f"贵A{vehicle_id:05d}", region),
            )


def login(url: str, name: str) -> str:
    """Cookie header of an account."""
    answer = httpx.post(f"{url}/api/v1/session", json={"name": name, "password": PASSWORD}, timeout=30)
    answer.raise_for_status()
    return "; ".join(f"{key}={value}" for key, value in answer.cookies.items())


async def open_alerts(dsn: str, seconds: float, rate: float) -> list[tuple[int, str]]:
    """Open alerts at a steady rate; number and region of each."""
    made: list[tuple[int, str]] = []
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        began = time.monotonic()
        for number in range(round(seconds * rate)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            at = number % len(REGIONS)
            row = await (
                await conn.execute(
                    "insert into violation (rule_id, subject_kind, subject, vehicle_id, region_code, opened, last, severity) "
                    "values ('SPD-LIMIT', 'vehicle', %s, %s, %s, now(), now(), 'general') returning violation_id",
                    (str(number), at + 1, REGIONS[at]),
                )
            ).fetchone()
            assert row is not None
            made.append((row[0], REGIONS[at]))
    return made


async def measure(dsn: str, port: int, server: psutil.Process, chosen: argparse.Namespace) -> dict[str, float]:
    """Everybody listens, alerts open, all is counted."""
    scopes = (*REGIONS, "520000")
    cookies = [await asyncio.to_thread(login, f"http://127.0.0.1:{port}", f"bench{number}") for number in range(len(scopes))]
    clients = [Client(scopes[number % len(scopes)]) for number in range(chosen.clients)]
    ready = asyncio.Semaphore(0)
    tasks = [asyncio.ensure_future(one.listen(port, cookies[number % len(scopes)], ready)) for number, one in enumerate(clients)]
    for _ in clients:
        await asyncio.wait_for(ready.acquire(), 60)
    before, began = sum(server.cpu_times()[:2]), time.monotonic()
    made = await open_alerts(dsn, chosen.seconds, chosen.rate)
    wanted = {one.region: {number for number, region in made if one.region in (region, "520000")} for one in clients}
    for _ in range(200):
        if not any(wanted[one.region] - one.heard.keys() for one in clients):
            break
        await asyncio.sleep(0.05)
    cpu, wall = sum(server.cpu_times()[:2]) - before, time.monotonic() - began
    dropped = sum(one.ended or bool(wanted[one.region] - one.heard.keys()) for one in clients)
    late = np.array([ms for one in clients for ms in one.heard.values()])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "clients": len(clients), "scopes": len(scopes), "alerts": len(made), "events": late.size, "dropped": dropped,
        "latency_p50_ms": round(float(np.percentile(late, 50)), 1), "latency_p99_ms": round(float(np.percentile(late, 99)), 1),
        "latency_max_ms": round(float(late.max()), 1), "server_cpu_s": round(cpu, 2), "wall_s": round(wall, 2),
        "server_cores": round(cpu / wall, 3),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=20.0, help="alerts a second")
    chosen = parser.parse_args()
    logs.configure("warning")
    home = Path(tempfile.mkdtemp(prefix="cuntong-sse-"))
    home.chmod(0o755)
    dsn, port = embedded.start(home / "postgres"), free_port()
    environment = os.environ | {
        "CUNTONG_DATABASE_URL": dsn, "CUNTONG_DATA": str(home / "data"), "CUNTONG_WEB_LISTEN": f"127.0.0.1:{port}",
        "CUNTONG_WEB_METRICS_LISTEN": "", "CUNTONG_WEB_SOCKETS_PER_USER": str(chosen.clients),
    }  # fmt: skip
    try:
        prepare(dsn)
        with subprocess.Popen([sys.executable, "-m", "runtime.cli", "web"], env=environment, stderr=subprocess.DEVNULL) as web:
            try:
                _wait(f"http://127.0.0.1:{port}/readyz")
                figures = asyncio.run(measure(dsn, port, psutil.Process(web.pid), chosen))
            finally:
                web.terminate()
    finally:
        embedded.stop(home / "postgres")
    passed = {name: figures[name] <= bar for name, bar in BARS.items()}
    told = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count(), **figures, "bars": BARS, "passed": passed}
    print(json.dumps(told, indent=2))
    return 0 if all(passed.values()) else 1


def _wait(url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):  # nobody listens yet
            if httpx.get(url, timeout=2).status_code == 200:
                return
        time.sleep(0.2)
    raise SystemExit("the web door does not serve")


if __name__ == "__main__":
    raise SystemExit(main())
