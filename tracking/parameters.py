"""Parameters of the matcher. One set for every region and vehicle: what adapts, adapts to the fixes."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.graph import RULE_NAMES, RULES

MATCHER = 4
"""Number of the matcher's code: raised when equal input may give another match."""

SATELLITE_FACTORS = ((10, 0.8), (7, 1.0), (5, 1.5), (4, 2.5), (0, 4.0))
"""Factors of the receiver's noise by satellites in use, from so many on (ours)."""


def quality_table() -> NDArray[np.float64]:
    """(11,) factor of the receiver's noise by satellites in use, the last for more."""
    table = np.ones(max(least for least, _ in SATELLITE_FACTORS) + 1)
    for least, factor in reversed(SATELLITE_FACTORS):
        table[least:] = factor
    return table


@dataclass(frozen=True, slots=True)
class MatchParameters:
    """Metres, seconds, km/h, nats (negative log-likelihood). Meanings: docs/matching.md."""

    k: int = 8
    k_noisy: int = 12
    noisy_m: float = 15.0
    radius_m: float = 40.0
    radius_sigmas: float = 4.0
    radius_limit_m: float = 200.0
    sigma_prior_m: float = 6.0
    sigma_low_m: float = 3.0
    sigma_high_m: float = 50.0
    map_m: float = 3.0
    lane_m: float = 1.75
    memory_fixes: int = 30
    learn_confidence: float = 0.9
    second_pass: float = 1.5
    heading_kmh: float = 10.0
    heading_low_deg: float = 12.0
    heading_noise_m_s: float = 1.5
    heading_limit: float = 6.0
    beta_low_m: float = 5.0
    beta_sigma: float = 0.6
    beta_share: float = 0.05
    speed_limit_kmh: float = 160.0
    excess_share: float = 1.3
    speed_term_s: float = 30.0
    speed_term_limit: float = 4.0
    u_turn_cost: float = 8.0
    u_turn_still_cost: float = 2.0
    u_turn_still_s: float = 120.0
    u_turn_end_cost: float = 1.0
    u_turn_m: float = 200.0
    u_turn_end_m: float = 20.0
    time_share: float = 0.3
    service_factor: float = 1.2
    private_factor: float = 2.0
    barred_factor: float = 3.0
    ban_cost_m: float = 300.0
    off_sigmas: float = 3.5
    off_enter: float = 6.0
    off_leave: float = 2.0
    off_fixes: int = 2
    off_run_m: float = 50.0
    end_m: float = 25.0
    off_share: float = 1.0
    jump_cost: float = 14.0
    break_s: float = 1_800.0
    break_m: float = 50_000.0
    gap_s: float = 120.0
    gap_intervals: float = 3.0
    gap_candidates: int = 3
    detour: float = 3.0
    detour_m: float = 600.0
    detour_nats: float = 14.0
    first_detour: float = 1.3
    first_detour_m: float = 20.0
    keep_nats: float = 3.0
    beam_nats: float = 6.0
    over_nats: float = 8.0
    lag_s: float = 90.0
    window: int = 16

    def rules(self) -> NDArray[Any]:
        """(1,) `RULES`: the parameters as the kernels read them."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if f.name in RULE_NAMES}
        said |= {
            "gnss_low_m": self.sigma_low_m, "gnss_high_m": self.sigma_high_m, "memory": 1.0 / self.memory_fixes,
            "heading_speed": self.heading_kmh / 3.6, "heading_low": math.radians(self.heading_low_deg),
            "heading_noise": self.heading_noise_m_s, "speed_limit": self.speed_limit_kmh / 3.6, "turn_cost": self.u_turn_cost,
            "turn_still_cost": self.u_turn_still_cost, "turn_still_s": self.u_turn_still_s, "turn_end_cost": self.u_turn_end_cost,
            "turn_m": self.u_turn_m, "turn_end_m": self.u_turn_end_m,
        }  # fmt: skip
        return np.array([tuple(said[name] for name in RULE_NAMES)], RULES)

    @property
    def version(self) -> str:
        """Hash of the code's number and every parameter; stored with each result."""
        said = repr((MATCHER, sorted(asdict(self).items())))
        return hashlib.sha256(said.encode()).hexdigest()[:16]
