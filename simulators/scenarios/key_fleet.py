"""Vehicles that must carry active safety (两客一危): coaches and trucks, with alarms of their cameras and sensors."""

from __future__ import annotations

from simulators.scenarios import SCENARIOS, Scenario

SCENARIOS.add(
    "key_fleet", Scenario("coaches and trucks with active-safety alarms", {"coach": 0.6, "truck": 0.4}, (10, 30), alarms_per_hour=4.0)
)
