"""The database stopped for a while; `python -m tests.crash --outage 60` does it for a minute under 5,000 positions a second."""

from __future__ import annotations

import os

import pytest

from tests.crash.outage import Load, run

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("CUNTONG_TEST_DATABASE_URL")), reason="a server that others own is not stopped: runs on the embedded one"
)


def test_acknowledgements_go_on_without_the_database_and_all_of_them_are_stored_afterwards() -> None:
    outage = run(5.0, Load(vehicles=200, speed=5), around_s=1.0)
    assert outage.good, outage.record()
    assert outage.phases["during"]["acknowledged"] > outage.load.vehicles
    assert outage.same_processes
    (first, ready), (refused, reason), (last, _) = outage.not_ready
    assert (first, refused, last) == (200, 503, 200)
    assert ready == "ready"
    assert "the database does not store for" in reason
