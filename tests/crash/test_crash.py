"""Three seeds in every run; `python -m tests.crash --seeds 20` runs all."""

from __future__ import annotations

import os

import pytest

from tests.crash.harness import run

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("CUNTONG_TEST_DATABASE_URL")), reason="a server that others own is not killed: runs on the embedded one"
)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_everything_acknowledged_is_stored_when_parts_are_killed(seed: int) -> None:
    outcome = run(seed)
    assert {victim for victim, _ in outcome.killed} == {"gateway", "pipeline", "postgres"}
    assert outcome.good, outcome.record()
