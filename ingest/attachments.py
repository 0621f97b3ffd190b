"""The attachment server: sockets for `protocols.attachment`. Terminals that were sent a 0x9208 dial in and bring the files of an alarm."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections import Counter

import structlog

from domain.errors import StoreError
from ingest import attachment_store
from ingest.attachment_ledger import Ledger
from ingest.attachment_link import AttachmentLink
from ingest.attachment_settings import AttachmentSettings
from ingest.attachment_store import Ordering
from protocols.attachment_events import AttachmentLimits

log = structlog.get_logger()

_READ = 65_536
_GIB = 1 << 30
_LOOK_S = 5.0


def now_ms() -> int:
    """Monotonic ms."""
    return time.monotonic_ns() // 1_000_000


class AttachmentServer:
    """Takes files, and orders again what did not come.

    Args:
        settings: of the server.
        dsn: the database; while it does not answer nothing is taken, and terminals try again.

    Attributes:
        counts: what happened, by word.
        address: where it listens, once it does.
    """

    def __init__(self, settings: AttachmentSettings, dsn: str) -> None:
        self.settings = settings
        self.counts: Counter[str] = Counter()
        self.address: tuple[str, int] = ("", 0)
        self.ledger = Ledger(dsn)
        self.limits = AttachmentLimits(settings.files, settings.file_mib << 20, idle_ms=settings.idle_s * 1000)
        self._stop = asyncio.Event()
        self._links: set[asyncio.Task[None]] = set()

    async def run(self, ready: asyncio.Future[tuple[str, int]] | None = None) -> None:
        """Serve until `stop`; what came by then is durable at the end."""
        host, _, port = self.settings.listen.rpartition(":")
        self.settings.folder.mkdir(parents=True, exist_ok=True)
        server = await asyncio.start_server(self._dialled, host.strip("[]"), int(port), limit=_READ)
        self.address = server.sockets[0].getsockname()[:2]
        log.info("attachments_listening", address=f"{self.address[0]}:{self.address[1]}", folder=str(self.settings.folder))
        if ready is not None:
            ready.set_result(self.address)
        orders = asyncio.ensure_future(self._order_again())
        try:
            await self._stop.wait()
        finally:
            server.close()
            orders.cancel()
            for task in self._links:
                task.cancel()
            await asyncio.gather(orders, *self._links, return_exceptions=True)
            self.ledger.close()

    def stop(self) -> None:
        """Ask for an orderly end."""
        self._stop.set()

    @property
    def roomy(self) -> bool:
        """Whether the disk has room for files."""
        return shutil.disk_usage(self.settings.folder).free > self.settings.min_free_gib * _GIB

    async def _dialled(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._links) >= self.settings.links:
            self.counts["refused_links"] += 1
            writer.transport.abort()
            return
        self._links.add(task)
        self.counts["links"] += 1
        link = AttachmentLink(self, now_ms())
        try:
            reason = await self._serve(link, reader, writer)
            self.counts[f"closed_{reason}"] += 1
        except OSError as error:
            self.counts["closed_broken"] += 1
            log.info("attachment_link_broken", reason=str(error) or type(error).__name__)
        finally:
            self._links.discard(task)
            writer.transport.abort()
            with contextlib.suppress(StoreError, OSError):
                await asyncio.shield(link.end())

    async def _serve(self, link: AttachmentLink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        """Serve one link to its end; why it ended."""
        while True:
            left_ms = (link.session.next_timer() or 0) - now_ms()
            try:
                async with asyncio.timeout(max(left_ms, 0) / 1000):
                    data = await reader.read(_READ)
            except TimeoutError:
                return "idle"
            if not data:
                return "peer"
            ended = await link.take(data, now_ms())
            frames = link.session.data_to_send()
            if frames:
                writer.write(b"".join(frames))
                async with asyncio.timeout(self.settings.idle_s):
                    await writer.drain()
            if ended:
                return ended

    async def _order_again(self) -> None:
        settings = self.settings
        ordering = Ordering(settings.server, settings.expires_h)
        while settings.server:
            try:
                again = await self.ledger.ask(
                    lambda conn: attachment_store.order_again(conn, ordering, settings.again_after_s, settings.orders)
                )
                self.counts["ordered_again"] += again
            except StoreError as error:
                log.warning("attachment_orders_wait", reason=str(error).splitlines()[0])
            await asyncio.sleep(min(_LOOK_S, settings.again_after_s / 4))
