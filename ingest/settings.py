"""Settings of the ingest doors: frozen, read once in `runtime`, passed as arguments."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

from domain.errors import RefusedError

DOORS = ("auto", "drain", "protocol")
REGISTRATIONS = ("open", "registry")
RSA = ("off", "answer", "offer")


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """One gateway on one machine; times in the unit of the name.

    rsa: off; answer exchanges keys with terminals that send theirs; offer sends the platform's key to every terminal.

    Raises:
        RefusedError: an unknown door, registration policy or way of RSA, or a door that this system does not have.
    """

    listen: str = "0.0.0.0:7611"
    metrics_listen: str = "127.0.0.1:7612"
    workers: int = 1
    door: str = "auto"
    loop: str = "auto"
    registration: str = "open"
    secret_file: Path = Path("data/secrets/auth_code.key")
    roster_file: Path = Path("data/roster.json")
    auth_timeout_s: int = 30
    idle_timeout_s: int = 300
    roster_refresh_s: int = 30
    stale_roster_s: int = 3600
    forwarders: tuple[str, ...] = ()
    max_links: int = 20_000
    max_unauthenticated: int = 2_000
    accepts_per_s: int = 2_000
    max_frame: int = 2_304
    junk_before_auth: int = 8_192
    junk_per_minute: int = 65_536
    reply_pause: int = 16_384
    reply_limit: int = 65_536
    reply_stall_s: int = 30
    wrong_codes: int = 5
    dropped_per_minute: int = 60
    turn_gap_ms: float = 0.0
    gateway_id: int = 1
    rsa: str = "off"
    rsa_key_file: Path = Path("data/secrets/rsa.pem")

    def __post_init__(self) -> None:
        if self.door not in DOORS:
            raise RefusedError(f"gateway.door: {self.door!r} is none of {', '.join(DOORS)}", field="gateway.door")
        if self.door == "drain" and sys.platform != "linux":
            raise RefusedError(f"gateway.door: drain needs Linux, this is {sys.platform}; leave it at auto", field="gateway.door")
        if self.rsa not in RSA:
            raise RefusedError(f"gateway.rsa: {self.rsa!r} is none of {', '.join(RSA)}", field="gateway.rsa")
        if self.registration not in REGISTRATIONS:
            wanted = ", ".join(REGISTRATIONS)
            raise RefusedError(f"gateway.registration: {self.registration!r} is none of {wanted}", field="gateway.registration")

    @property
    def drains(self) -> bool:
        """True when the door is `drain`: on Linux, unless told otherwise."""
        return self.door == "drain" or (self.door == "auto" and sys.platform == "linux")

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) of `listen`."""
        host, _, port = self.listen.rpartition(":")
        return host or "0.0.0.0", int(port)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The durable log."""

    kind: str = "spool"
    path: Path = Path("data/spool")
    commit_interval_ms: float = 5.0
    segment_mib: int = 64
    quota_gib: float = 20.0
    min_free_gib: float = 2.0
    keep_h: float = 24.0
    high_water_mib: float = 8.0
    low_water_mib: float = 2.0
    hold_warn_s: float = 2.0


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Log to database. match: onto the registered road networks, live; match_vehicles: records in memory at most; checkpoint_s: how often
    the record of a vehicle that reports is saved; media_path: folder of pictures, sounds and films."""

    partitions: int = 1
    batch_rows: int = 5_000
    batch_ms: int = 200
    accept_days: int = 180
    clock_ahead_s: int = 600
    settle_min: int = 10
    quarantine_per_day: int = 100
    keep_extras: bool = True
    registration: str = "open"
    metrics_listen: str = "127.0.0.1:7613"
    match: bool = True
    match_vehicles: int = 100_000
    checkpoint_s: int = 60
    media_path: Path = Path("data/media")
    readers: tuple[str, ...] = field(default=("pipeline",))
