"""Who a simulated platform is, how it behaves, and what its vehicles report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from protocols.jt808.messages.location import Location
from protocols.jt809.events import SUBORDINATE, SUPERIOR, Role
from protocols.jt809.line import LinkLimits
from protocols.jt809.peer import Peer
from protocols.jt809.positions import Position, Position2011, Position2019


@dataclass(frozen=True, slots=True)
class Manners:
    """How a platform behaves; times in seconds, 0 for never.

    drop_s: breaks all connections so often; garbage_s: sends bytes that are no frame, and a frame with a wrong CRC, so often;
    mute_s: stops reading and writing that long after its start.
    """

    drop_s: float = 0.0
    garbage_s: float = 0.0
    mute_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Actor:
    """Who a simulated platform is. host, port: of the main link, to be dialled or listened on; sub_host, sub_port: where a subordinate one
    listens, port 0 takes a free one; password: that it shows, or wants to be shown; vehicles: that a subordinate one reports, one position a
    second each."""

    role: Role
    peer: Peer
    host: str = "127.0.0.1"
    port: int = 0
    user_id: int = 1
    password: str = ""
    sub_host: str = "127.0.0.1"
    sub_port: int = 0
    vehicles: int = 0
    limits: LinkLimits = field(default_factory=LinkLimits)
    manners: Manners = field(default_factory=Manners)


def position(version: str, number: int, t_ms: int) -> Position:
    """A position of a simulated vehicle."""
    lat_e6, lon_e6 = 26_500_000 + 100 * number, 106_700_000 + t_ms // 1000 % 600
    if version == "2011":
        return Position2011(0, t_ms, lon_e6, lat_e6, 30, 30, 1_000, 90, 1_100, 3, 0)
    return Position2019(0, Location(0, 3, lat_e6, lon_e6, 1_100, 300, 90, t_ms))


def superior(peer: Peer, password: str, user_id: int, **more: Any) -> Actor:
    """A superior platform."""
    return Actor(SUPERIOR, peer, password=password, user_id=user_id, **more)


def subordinate(peer: Peer, password: str, user_id: int, **more: Any) -> Actor:
    """A subordinate platform."""
    return Actor(SUBORDINATE, peer, password=password, user_id=user_id, **more)
