"""What a worker does once a second: silent links, strangers, junk, stuck replies, timers of the protocol."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from ingest.gateway.links import AUTHENTICATED, CONNECTED, FREE, REGISTERED, Link
from ingest.gateway.sessions import FORWARDER

if TYPE_CHECKING:
    from ingest.gateway.host import Host

log = structlog.get_logger()

_EVERY_S = 1.0
_JUNK_WINDOW_MS = 60_000


class Upkeep:
    """The sweep over all links of one worker."""

    def __init__(self, worker: Host) -> None:
        self._worker = worker
        self._junk_since_ms = worker.now_ms()
        self._warned_ms = 0

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            self.sweep(self._worker.now_ms())

    def sweep(self, now_ms: int) -> None:
        """One round."""
        worker, rows = self._worker, self._worker.links.slots
        state = rows["state"]
        strangers = (state == CONNECTED) | (state == REGISTERED)
        self._close((state != FREE) & (now_ms - rows["heard_ms"] > worker.settings.idle_timeout_s * 1000), "idle")
        self._close(strangers & (now_ms - rows["opened_ms"] > worker.settings.auth_timeout_s * 1000), "auth_timeout")
        if now_ms - self._junk_since_ms > _JUNK_WINDOW_MS:
            rows["junk"][state == AUTHENTICATED] = 0
            self._junk_since_ms = now_ms
        for link in worker.links.live():
            if link.blocked and now_ms - link.blocked_ms > worker.settings.reply_stall_s * 1000:
                worker.close(link, "replies_unread")
        worker.desk.tick(now_ms)
        worker.keys.look(now_ms)
        self._gauge(now_ms)

    def _close(self, chosen: np.ndarray[Any, Any], reason: str) -> None:
        for slot in np.flatnonzero(chosen).tolist():
            link: Link | None = self._worker.links.by_slot[slot]
            if link is not None and (link.door != FORWARDER or reason == "idle"):
                self._worker.close(link, reason)

    def _gauge(self, now_ms: int) -> None:
        worker, gauges = self._worker, self._worker.metrics.gauges
        for name, state in (("connected", CONNECTED), ("registered", REGISTERED), ("authenticated", AUTHENTICATED)):
            gauges["links", name] = worker.links.count(state)
        gauges["paused_links", ""] = worker.flow.paused
        gauges["log_backlog_bytes", ""] = worker.log.backlog
        gauges["log_taking", ""] = float(worker.log.taking)
        gauges["log_quota_ratio", ""] = worker.log.quota_ratio
        gauges["log_disk_bytes", ""] = worker.log.disk_bytes
        held = worker.arena.oldest_held_us
        waited_s = (worker.now_us() - held) / 1e6 if held else 0.0
        if waited_s > worker.log_settings.hold_warn_s and now_ms - self._warned_ms > _JUNK_WINDOW_MS:
            self._warned_ms = now_ms
            log.warning("acknowledgements_wait", seconds=round(waited_s, 1), backlog=worker.log.backlog)
