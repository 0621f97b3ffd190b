"""`cuntong simulate --parted`: uploads in packets, by way of the real gateway and pipeline."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from runtime.demo import balance
from simulators import truth
from tests.crash.harness import free_port
from tests.ingest.gateway.conftest import RunningGateway
from tests.ingest.spooled import drain, pipeline, rows

PLAIN_UPLOAD = 16
"""Fixes of an upload that is not sent in packets."""


def test_uploads_in_packets_are_put_together_and_stored(dsn: str, tmp_path: Path) -> None:
    RunningGateway(tmp_path / "compiling", "protocol").stop()  # or the terminals would be done before a gateway without kernels listens
    port = free_port()
    command = [sys.executable, "-m", "runtime.cli", "simulate", "--vehicles", "10", "--to", f"127.0.0.1:{port}", "--interval", "1"]
    command += ["--speed", "20", "--seconds", "9", "--parted", "80", "--truth", str(tmp_path / "truth"), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as fleet:
        while not (tmp_path / "truth" / "acks.bin").exists():
            time.sleep(0.1)
        time.sleep(4)  # nobody listens: the terminals keep 20 fixes a second each
        gateway = RunningGateway(tmp_path / "gateway", "protocol", listen=f"127.0.0.1:{port}")
        try:
            told, _ = fleet.communicate(timeout=60)
        finally:
            gateway.stop()
    figures = json.loads(told)
    assert figures["event_parted_uploads"] >= 10
    worker = pipeline(dsn, gateway.log_settings.path)
    drain(worker)
    worker.close()
    found = balance(dsn, tmp_path / "truth")
    assert (found.missing, found.doubles) == (0, 0)
    assert found.acknowledged == found.driven == figures["fixes_driven"]
    seen = truth.load(tmp_path / "truth")
    uploads = np.stack((seen.fixes["terminal"][seen.acks["fix"]], seen.acks["serial"]), axis=1)[seen.acks["message_id"] == 0x0704]
    assert np.unique(uploads, axis=0, return_counts=True)[1].max() > PLAIN_UPLOAD
    assert rows(dsn, "select count(*) > 160 from positions where source = 3") == [(True,)]
    assert rows(dsn, "select count(*) from message_part") == [(0,)]
