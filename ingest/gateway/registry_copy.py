"""The gateway's copy of the registry: in memory, refreshed from the database, kept in a file for starts without it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from domain.plate import Plate


@dataclass(frozen=True, slots=True)
class KnownTerminal:
    """One registered terminal.

    vehicle_id: None when bound to no vehicle; given_code: None unless brought from another platform;
    maker, model: as it registered, "" when it never did; state: "registered", "unregistered" or "revoked"; generation: raised to revoke every code handed out.
    """

    vehicle_id: int | None
    state: str
    generation: int
    given_code: str | None
    profile: str
    maker: str = ""
    model: str = ""


class RegistryCopy:
    """Terminals by number and vehicles by plate, as of the last refresh.

    Args:
        path: the file that survives a restart.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.terminals: dict[str, KnownTerminal] = {}
        self.vehicles: dict[Plate, int] = {}
        self.refreshed_ms = 0
        self._holders: dict[int, str] = {}

    def age_s(self, now_ms: int) -> float:
        """Seconds since the last refresh by the wall clock."""
        return (now_ms - self.refreshed_ms) / 1000

    def holder_of(self, vehicle_id: int) -> str | None:
        """Number of the terminal bound to a vehicle; None when there is none."""
        return self._holders.get(vehicle_id)

    def replace(self, terminals: Iterable[tuple[str, KnownTerminal]], vehicles: Iterable[tuple[Plate, int]], now_ms: int) -> None:
        """Take over a fresh reading."""
        self.terminals = dict(terminals)
        self.vehicles = dict(vehicles)
        self._holders = {t.vehicle_id: key for key, t in self.terminals.items() if t.vehicle_id is not None}
        self.refreshed_ms = now_ms

    def save(self) -> None:
        """Write the file by rename."""
        rows = [[k, t.vehicle_id, t.state, t.generation, t.given_code, t.profile, t.maker, t.model] for k, t in self.terminals.items()]
        plates = [[p.number, p.colour, v] for p, v in self.vehicles.items()]
        fresh = self._path.with_suffix(f".{os.getpid()}")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({"refreshed_ms": self.refreshed_ms, "terminals": rows, "vehicles": plates}), encoding="utf-8")
        fresh.chmod(0o600)
        fresh.replace(self._path)

    def load(self) -> bool:
        """Read the file of an earlier run; False when there is none or it cannot be read."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            terminals = [(row[0], KnownTerminal(*row[1:])) for row in kept["terminals"]]
            vehicles = [(Plate(row[0], row[1]), row[2]) for row in kept["vehicles"]]
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return False
        self.replace(terminals, vehicles, int(kept["refreshed_ms"]))
        return True
