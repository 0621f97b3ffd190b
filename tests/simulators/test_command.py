"""`cuntong simulate` as a person runs it: another process, a real socket, Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

from simulators import truth
from simulators.scenarios import SCENARIOS
from tests.simulators.peer import Peer
from tracking.network import load

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, typer
from runtime.commands import simulate
app = typer.Typer()
simulate.register(app)
@app.command()
def other(): ...
app(sys.argv[1:])
"""


def _command(*words: str) -> list[str]:
    return [sys.executable, "-c", PROGRAM, "simulate", *words]


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(*words), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_county_is_written_as_a_network_with_places_and_regions(tmp_path: Path) -> None:
    done = _run("county", "-o", str(tmp_path / "c.npz"), "--width-km", "24", "--height-km", "22", "--geojson", str(tmp_path))
    assert done.returncode == 0, done.stderr
    network = load(tmp_path / "c.npz")
    assert network.version[:12] in done.stdout
    for name in ("places", "regions"):
        assert json.loads((tmp_path / f"{name}.geojson").read_text())["features"]


def test_a_wrong_address_or_fault_set_is_told_in_one_line() -> None:
    for words, said in ((["--to", "nowhere"], "HOST:PORT"), (["--faults", "many"], "none, default, heavy")):
        done = _run(*words)
        assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


async def test_ctrl_c_ends_a_run_with_its_figures(tmp_path: Path) -> None:
    async with Peer() as peer:
        words = ["--vehicles", "10", "--to", f"127.0.0.1:{peer.port}", "--interval", "1", "--truth", str(tmp_path / "t"), "--json"]
        process = await asyncio.create_subprocess_exec(*_command(*words), cwd=ROOT, stdout=subprocess.PIPE)
        await peer.until("0200", 20)
        process.send_signal(signal.SIGINT)
        out, _ = await asyncio.wait_for(process.communicate(), 30)
    figures = json.loads(out)
    assert process.returncode == 0
    assert figures["fixes_driven"] == figures["fixes_acknowledged"] >= 20
    assert truth.load(tmp_path / "t").keys() <= set(peer.kept)


async def test_a_killed_run_leaves_its_truth(tmp_path: Path) -> None:
    async with Peer() as peer:
        words = ["--vehicles", "10", "--to", f"127.0.0.1:{peer.port}", "--interval", "1", "--truth", str(tmp_path / "t"), "--json"]
        process = await asyncio.create_subprocess_exec(*_command(*words), cwd=ROOT, stdout=subprocess.PIPE)
        await peer.until("0200", 30)
        process.kill()
        await process.communicate()
    seen = truth.load(tmp_path / "t")
    assert seen.keys() <= set(peer.kept) <= seen.keys(acknowledged_only=False)
    assert seen.acknowledged.sum() >= 15


def test_the_scenarios_are_all_there() -> None:
    assert list(SCENARIOS) == ["county", "highway", "key_fleet", "villages"]
