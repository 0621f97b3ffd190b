"""What a run is started with, where it stands, and its time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from domain.errors import RefusedError
from simulators.county import CountySettings
from simulators.faults import NO_FAULTS, FaultRates
from simulators.link_state import SessionSettings


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """One run.

    seconds None runs until stopped; interval_s None lets vehicles draw theirs from the scenario. speed_factor: seconds of the
    fleet's clock for one of the wall; the fleet's clock starts at start_time_ms and never passes the wall's, so device times are
    never in the future. drain_s: how long to wait at the end for acknowledgements. mqtt: "mqtt://[user:password@]host:port" of a broker:
    the vehicles are devices that report JSON through it, without faults of frames; "" for JT/T 808 over TCP.
    alarms_per_hour: alarms of active safety of a vehicle; None: the scenario's. rsa: terminals exchange keys after login, and encrypt.
    """

    host: str = "127.0.0.1"
    port: int = 7611
    vehicles: int = 300
    seed: int = 1
    seconds: float | None = None
    interval_s: int | None = 5
    faults: FaultRates = NO_FAULTS
    speed_factor: float = 1.0
    start_time_ms: int | None = None
    truth: Path | None = None
    scenario: str = "county"
    county: CountySettings = field(default_factory=CountySettings)
    session: SessionSettings = field(default_factory=SessionSettings)
    share_2019: float = 0.5
    connects_per_s: float = 200.0
    first_wait_s: float = 0.5
    most_wait_s: float = 15.0
    drain_s: float = 15.0
    mqtt: str = ""
    alarms_per_hour: float | None = None
    rsa: bool = False


@dataclass(frozen=True, slots=True)
class FleetFigures:
    """Where a run stands: fixes generated, acknowledged, waiting in terminals, lost to full stores, refused; links; what happened."""

    elapsed_s: float
    vehicles: int
    online: int
    generated: int
    acknowledged: int
    waiting: int
    overflowed: int
    refused: int
    events: dict[str, int]
    faults: dict[str, int]


class FleetClock:
    """The fleet's time.

    Args:
        settings: start and speed.
    """

    def __init__(self, settings: FleetSettings) -> None:
        self._wall_ms = time.time_ns() // 1_000_000
        self._started = time.monotonic()
        self._factor = settings.speed_factor
        start = settings.start_time_ms
        if start is None:
            if settings.speed_factor > 1 and settings.seconds is None:
                raise RefusedError("a fleet faster than the clock needs --seconds or a start in the past", field="speed_factor")
            ahead_s = (settings.seconds or 0.0) * max(0.0, settings.speed_factor - 1)
            start = self._wall_ms - round(ahead_s * 1000)
        self._start_ms = min(start, self._wall_ms)

    def elapsed_s(self) -> float:
        """Wall seconds since the start."""
        return time.monotonic() - self._started

    def now_ms(self) -> int:
        """Epoch ms of the fleet, never past the wall's."""
        elapsed_ms = self.elapsed_s() * 1000
        return min(self._start_ms + int(elapsed_ms * self._factor), self._wall_ms + int(elapsed_ms))
