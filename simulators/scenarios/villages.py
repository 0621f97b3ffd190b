"""Buses to the villages and nothing else."""

from __future__ import annotations

from simulators.scenarios import SCENARIOS, Scenario

SCENARIOS.add("villages", Scenario("rural buses only", {"rural_bus": 1.0}, (5, 10, 30)))
