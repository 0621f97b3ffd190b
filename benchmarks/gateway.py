"""The gateway against its floors: acknowledged reports per CPU-second of the server, in one run, interleaved; and resident memory per idle link.

    python -m benchmarks.gateway [--runs 3] [--seconds 5] [--door auto] [--links 9500] > gateway.json

Ours counts full decoding, authentication and a durable append before the acknowledgement. Ratios are to the floors of the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LOADS = {
    "1000 links, window 1": ["--connections", "1000", "--window", "1"],
    "100 links, window 16": ["--connections", "100", "--window", "16"],
    "1000 links, 5 a second each": ["--connections", "1000", "--rate-per-connection", "5"],
}
BARS = {"1000 links, window 1": 1.5, "100 links, window 16": 5.0, "1000 links, 5 a second each": 0.5}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def floor(kind: str, loop: str) -> Iterator[tuple[int, int]]:
    """(port, pid) of a floor."""
    port = free_port()
    command = [sys.executable, str(HERE / "floors.py"), kind, "--port", str(port), "--loop", loop]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None and server.stdout.readline() == b"ready\n"
        yield port, server.pid
        server.kill()


@contextmanager
def ours(door: str) -> Iterator[tuple[int, int]]:
    """(port, pid) of our gateway on a fresh log."""
    port, metrics = free_port(), free_port()
    folder = tempfile.mkdtemp(prefix="cuntong-bench-")
    command = [sys.executable, "-m", "runtime.cli", "gateway", "--data", folder, "--door", door, "--listen", f"127.0.0.1:{port}"]
    command += ["--metrics", f"127.0.0.1:{metrics}"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CUNTONG_")}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(600):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/readyz", timeout=1):
                        break
                except OSError:
                    time.sleep(0.1)
            yield port, server.pid
        finally:
            server.terminate()
            server.wait(30)
            shutil.rmtree(folder, ignore_errors=True)


def load(jtload: Path, port: int, pid: int, options: list[str], seconds: float) -> dict[str, Any]:
    """One measurement of the load generator."""
    command = [str(jtload), "--port", str(port), "--pid", str(pid), "--duration", str(seconds), "--warmup", "2", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 180)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def fdatasync_ms() -> float:
    """99th percentile of one append and fdatasync on this disk."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=".") as file:
        for _ in range(300):
            began = time.perf_counter()
            os.write(file.fileno(), b"x" * 4096)
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.quantiles(taken, n=100)[98]


def rate_bench(jtload: Path, door: str, runs: int, seconds: float) -> dict[str, Any]:
    """All loads on all servers, interleaved."""
    servers = {
        "streams": lambda: floor("streams", "asyncio"),
        "protocol floor": lambda: floor("protocol", "uvloop"),
        "joined": lambda: floor("joined", "uvloop"),
        "ours": lambda: ours(door),
    }
    taken: dict[str, dict[str, list[dict[str, Any]]]] = {name: {load_name: [] for load_name in LOADS} for name in servers}
    for number in range(runs):
        for load_name, options in LOADS.items():
            for name, server in servers.items():
                with server() as (port, pid):
                    taken[name][load_name].append(load(jtload, port, pid, options, seconds))
                print(
                    f"run {number + 1}/{runs}: {load_name}: {name}: {taken[name][load_name][-1]['acked_per_server_cpu_s']:.0f}/CPU-s",
                    file=sys.stderr,
                )
    result: dict[str, Any] = {}
    for load_name in LOADS:
        rate = {name: statistics.median(r["acked_per_server_cpu_s"] for r in taken[name][load_name]) for name in servers}
        latency = taken["ours"][load_name][runs // 2]["latency_ms"]
        result[load_name] = {
            "acked_per_cpu_s": rate,
            "ratio_to_protocol_floor": round(rate["ours"] / rate["protocol floor"], 2),
            "ratio_to_joined_writes_without_xor": round(rate["ours"] / rate["joined"], 2),
            "ratio_to_streams": round(rate["ours"] / rate["streams"], 2),
            "bar": BARS[load_name],
            "latency_ms": latency,
            "bad": sum(r["bad"] for r in taken["ours"][load_name]),
        }
    return result


def idle_bench(jtload: Path, door: str, links: int) -> dict[str, Any]:
    """Resident memory per authenticated, silent link."""
    with ours(door) as (port, pid):
        report = load(jtload, port, pid, ["--connections", str(links), "--hold", "--connect-rate", "1500"], 5)
    return {"links": report["ready"], "kib_per_link": report["rss_per_connection_kb"], "bar": 4.0, "rss_kb": report["server_rss_kb"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--door", default="auto")
    parser.add_argument("--links", type=int, default=9_500)
    parser.add_argument("--only", choices=["rate", "idle"])
    asked = parser.parse_args()
    build = Path(tempfile.mkdtemp())
    jtload = build / "jtload"
    subprocess.run(["cc", "-O2", "-pthread", "-o", str(jtload), str(HERE / "jtload.c")], check=True)
    result: dict[str, Any] = {"door": asked.door, "fdatasync_p99_ms": round(fdatasync_ms(), 2)}
    if asked.only != "rate":
        result["idle"] = idle_bench(jtload, asked.door, asked.links)
    if asked.only != "idle":
        result["rates"] = rate_bench(jtload, asked.door, asked.runs, asked.seconds)
    shutil.rmtree(build)
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
