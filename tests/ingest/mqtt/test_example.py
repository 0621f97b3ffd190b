"""The example of docs/, run as it is: a batch survives a broker and a door that die before its answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.broker import DEVICES, running
from tests.ingest.mqtt.conftest import RunningDoor, fix, until
from tests.ingest.spooled import drain, pipeline, rows

pytestmark = pytest.mark.broker
EXAMPLE = Path(__file__).resolve().parents[3] / "docs/examples/mqtt_device.py"


def test_a_batch_survives_a_broker_that_is_killed_before_its_answer(dsn: str, tmp_path: Path) -> None:
    store = tmp_path / "batches.jsonl"
    with running(DEVICES) as broker:
        words = ["--broker", f"127.0.0.1:{broker.port}", "--device", DEVICES[0], "--store", str(store)]
        words += ["--password-file", str(broker.folder / f"{DEVICES[0]}.password")]
        said = "\n".join(json.dumps(fix(second)) for second in range(250)).encode()
        with subprocess.Popen([sys.executable, str(EXAMPLE), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as device:
            assert device.stdin is not None and device.stdout is not None
            device.stdin.write(said)
            device.stdin.close()
            log = broker.folder / "mosquitto.log"
            until(lambda: f"device-{DEVICES[0]}" in log.read_text(), "the device is there; nobody answers it")
            until(lambda: store.exists() and len(store.read_text().splitlines()) == 3, "three batches are kept")
            broker.kill()
            broker.start()
            door = RunningDoor(tmp_path / "door", broker)
            assert device.stdout.read().decode().strip() == "everything is answered"
            assert device.wait(30) == 0
        assert store.read_text() == ""
        door.stop()
    worker = pipeline(dsn, tmp_path / "door/spool")
    drain(worker)
    worker.close()
    assert rows(dsn, "select count(*), count(distinct time) from positions") == [(250, 250)]
