"""The links to other platforms as a process."""

from __future__ import annotations

import asyncio
import signal
import threading

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.errors import RefusedError, StoreError
from ingest.peers.hub import Platforms
from runtime.internal_http import STARTING, serve
from runtime.settings import Settings

_HELP = {
    "frames": "Frames of other platforms by result", "anomalies": "Frames of other platforms that are not taken, by reason",
    "refused": "Connections of other platforms that were refused, by reason", "counts": "Counts of positions (0x9101) against ours",
    "repeats": "Repeats asked for and sent", "lines_down": "Links that went down, by channel", "orders": "Questions and answers sent, by kind",
    "unsendable": "Messages that do not fit the edition, by field", "given_up": "Batches of positions that waited too long",
    "unwritten": "Notes that the database refused",
}  # fmt: skip


class PlatformCollector(Collector):
    """Counters of the process as Prometheus families; labels are small closed sets."""

    def __init__(self, platforms: Platforms) -> None:
        self._platforms = platforms

    def collect(self) -> list[CounterMetricFamily | GaugeMetricFamily]:
        """Families by name."""
        counts = dict(self._platforms.site.counts)
        families: list[CounterMetricFamily | GaugeMetricFamily] = []
        for name, text in _HELP.items():
            family = CounterMetricFamily(f"platforms_{name}", text, labels=["label"])
            for (found, label), value in counts.items():
                if found == name:
                    family.add_metric([label], value)
            families.append(family)
        links = list(self._platforms.links.values())
        up = GaugeMetricFamily(
            "platforms_links", "Platforms by what they are to us and whether anything can be sent", labels=["role", "state"]
        )
        for role in ("superior", "subordinate"):
            for state in (True, False):
                number = sum(link.account.role == role and link.linked is state for link in links)
                up.add_metric([role, "up" if state else "down"], number)
        positions = CounterMetricFamily(
            "platforms_positions", "Positions received, sent, and confirmed by superior platforms", labels=["what"]
        )
        for what in ("received", "sent", "confirmed"):
            positions.add_metric([what], sum(getattr(link, what) for link in links))
        return [*families, up, positions]


def run_platforms(settings: Settings, dsn: str) -> None:
    """Hold the links until SIGINT or SIGTERM, then end in order.

    Raises:
        RefusedError: nothing is configured. StoreError: the log failed.
    """
    if not settings.platforms.used:
        raise RefusedError(
            "no link to another platform is configured: set listen (subordinate platforms dial in) or sub_listen (superior platforms dial"
            " back) in [platforms] of cuntong.toml",
            field="platforms.listen",
        )
    platforms = Platforms(settings.platforms, settings.log, dsn)
    listening = threading.Event()
    registry = CollectorRegistry()
    registry.register(PlatformCollector(platforms))

    def reason() -> str:
        return platforms.reason if listening.is_set() else STARTING

    http = serve(settings.platforms.metrics_listen, registry, listening.is_set, reason)
    try:
        asyncio.run(_serve(platforms, listening))
    finally:
        http.shutdown()
    if platforms.failure is not None:
        raise StoreError(f"the links ended: {platforms.failure}; see to it, then start again") from platforms.failure


async def _serve(platforms: Platforms, listening: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, platforms.stop)
    ready: asyncio.Future[None] = loop.create_future()
    ready.add_done_callback(lambda _: listening.set())
    await platforms.run(ready)
