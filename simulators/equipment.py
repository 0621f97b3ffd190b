"""What is behind a simulated terminal: its settings, zones, camera, recorder, driver, doors; and the road around it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from protocols.jt808.header import Header
from protocols.jt808.messages.active_safety import AttachmentOrder
from protocols.jt808.messages.location import Location
from protocols.jt808.messages.terminal_control import Control
from simulators.camera import Camera
from simulators.crew import Crew
from simulators.drive import TRACK
from simulators.identity import Identity
from simulators.parameters import Settings
from simulators.recorder import Recorder
from simulators.safety import Safety
from simulators.zones import Zones


class Surroundings(Protocol):
    """Where the vehicle truly is at any time."""

    def at(self, t_s: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """(n,) `TRACK` rows and (n,) odometers in metres at (n,) epoch seconds."""


class Parked:
    """A vehicle that stands still; for terminals without a fleet."""

    def at(self, t_s: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """The same place at any time."""
        rows = np.zeros(t_s.size, TRACK)
        rows["lon_e6"], rows["lat_e6"] = 106_700_000, 26_500_000
        return rows, np.full(t_s.size, 1_000_000, np.int64)


@dataclass(frozen=True, slots=True)
class Ordered:
    """Files that the platform has asked for, not yet sent."""

    header: Header
    order: AttachmentOrder


class Equipment:
    """One terminal's.

    Args:
        identity: whose; seed: of its pictures and alarms.
        around: where the vehicle is.

    Attributes:
        locked: the doors, by 0x8500.
        ordered: uploads of alarm files that wait for a socket.
        resetting: True after 0x8105 with command 4; the door ends the link.
    """

    def __init__(self, identity: Identity, around: Surroundings | None = None, seed: int = 0) -> None:
        self.identity = identity
        self.around = around or Parked()
        self.settings = Settings(identity)
        self.zones = Zones()
        self.camera = Camera(identity, seed)
        self.crew = Crew(identity)
        self.recorder = Recorder(identity, self.around, self.crew)
        self.safety = Safety(identity, seed)
        self.locked = False
        self.ordered: deque[Ordered] = deque(maxlen=64)
        self.resetting = False

    def control(self, flags: int | None, controls: tuple[Control, ...] | None) -> None:
        """0x8500: lock or open the doors."""
        for one in controls or ():
            self.locked = self.locked if not one.parameter else bool(one.parameter[0] & 1)
        if flags is not None:
            self.locked = bool(flags & 1)

    def location(self, now_ms: int) -> Location:
        """Where the vehicle is, without items, as multimedia carry it."""
        t_s = now_ms // 1000
        rows, _ = self.around.at(np.array([t_s], np.int64))
        row = rows[0]
        status = 3 | (1 << 12 if self.locked else 0)
        return Location(
            0, status, int(row["lat_e6"]), int(row["lon_e6"]), int(row["altitude_m"]), int(row["speed_kmh10"]), int(row["heading_deg"]),
            t_s * 1000, (),
        )  # fmt: skip
