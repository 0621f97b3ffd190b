"""Traffic that mostly passes through."""

from __future__ import annotations

from simulators.scenarios import SCENARIOS, Scenario

SCENARIOS.add("highway", Scenario("coaches and trucks only", {"coach": 0.5, "truck": 0.5}, (10, 30)))
