"""What a link's rules need of the process that holds it: a gateway worker, or the MQTT door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ingest.flow import Flow
    from ingest.gateway.desk import Desk
    from ingest.gateway.dispatch import Dispatcher
    from ingest.gateway.keys import KeyExchange
    from ingest.gateway.links import Link, Links
    from ingest.gateway.metrics import GatewayMetrics
    from ingest.gateway.registration import Registrar
    from ingest.gateway.roster import Roster
    from ingest.log.spool import SpoolWriter
    from ingest.settings import GatewaySettings, LogSettings
    from protocols.jt808.limits import Limits


class Replies(Protocol):
    """Where frames to terminals go. paused: links are not read, because the log is behind."""

    paused: bool

    def send(self, link: Link, data: memoryview | bytes) -> None:
        """Send now."""

    def hold(self, link: Link, reply: bytes, received_us: int) -> None:
        """Send when what has been appended by now is durable."""

    @property
    def oldest_held_us(self) -> int:
        """Arrival of what the oldest held reply answers, epoch µs; 0 when none is held."""


class Host(Protocol):
    """A process with links, a log and a roster."""

    settings: GatewaySettings
    log_settings: LogSettings
    limits: Limits
    metrics: GatewayMetrics
    links: Links
    log: SpoolWriter
    registrar: Registrar
    roster: Roster
    flow: Flow
    desk: Desk
    commands: Dispatcher
    keys: KeyExchange

    @property
    def arena(self) -> Replies:
        """Where frames to terminals go."""

    def now_ms(self) -> int:
        """Monotonic ms."""

    def now_us(self) -> int:
        """Epoch µs UTC."""

    def wall_ms(self) -> int:
        """Epoch ms UTC."""

    def close(self, link: Link, reason: str) -> None:
        """Close a link."""

    def note(self, link: Link, event: str, reason: str) -> None:
        """Append a link event of an authenticated terminal to the log."""

    def check_junk(self, link: Link) -> None:
        """Close a link that sent more junk than it may."""
