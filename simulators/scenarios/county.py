"""An ordinary day in the county."""

from __future__ import annotations

from simulators.scenarios import SCENARIOS, Scenario

SCENARIOS.add(
    "county",
    Scenario(
        "rural and town buses, coaches, trucks, as a county has them",
        {"rural_bus": 0.45, "town_bus": 0.12, "coach": 0.2, "truck": 0.23},
        (1, 5, 5, 10, 15, 30),
    ),
)
