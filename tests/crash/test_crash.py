"""Three seeds in every run; `python -m tests.crash --seeds 20` runs all."""

from __future__ import annotations

import os

import pytest

from tests.crash import mqtt
from tests.crash.harness import run
from tests.fixtures.broker import ABSENT, mosquitto

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("CUNTONG_TEST_DATABASE_URL")), reason="a server that others own is not killed: runs on the embedded one"
)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_everything_acknowledged_is_stored_when_parts_are_killed(seed: int) -> None:
    outcome = run(seed)
    assert {victim for victim, _ in outcome.killed} == {"gateway", "pipeline", "postgres"}
    assert outcome.good, outcome.record()


@pytest.mark.broker
@pytest.mark.skipif(mosquitto() is None, reason=ABSENT)
def test_what_an_mqtt_device_saw_answered_is_stored_when_parts_are_killed() -> None:
    outcome = mqtt.run(1, 100)
    assert {victim for victim, _ in outcome.killed} == {"mqtt-door", "broker", "pipeline", "postgres"}
    assert outcome.good, outcome.record()
