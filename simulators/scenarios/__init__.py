"""Scenarios: what drives in the county. One module, one scenario, filed in `SCENARIOS`."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.plugins import Registry


@dataclass(frozen=True, slots=True)
class Scenario:
    """A mix of vehicles. shares: kind of line -> weight; intervals_s: reporting intervals that vehicles draw from where the run
    does not set one for all, each 1 to 30; alarms_per_hour: alarms of active safety that a vehicle raises (0x64 to 0x67)."""

    text: str
    shares: dict[str, float] = field(default_factory=dict)
    intervals_s: tuple[int, ...] = (5, 10, 15, 30)
    alarms_per_hour: float = 0.0


SCENARIOS: Registry[str, Scenario] = Registry("scenario", "simulators.scenarios")
