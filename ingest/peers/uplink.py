"""Our positions to one superior platform, from a durable cursor: it moves when the platform has answered a link test sent behind them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from domain.errors import RefusedError, StoreError
from ingest import uplink_store
from ingest.peers import sights
from ingest.peers.peer_link import PeerLink
from ingest.peers.site import Database
from ingest.uplink_store import Chunk, Sight
from protocols.jt809.events import MAIN
from protocols.jt809.messages.exchange import Backfill, LivePosition

log = structlog.get_logger()

_AT_ONCE = 1_000
_SLICE = 100
_LONGEST_WAIT_S = 5.0


class Uplink:
    """Positions travel on the main link only, whose link tests make them sure; while it is down they wait in the database.

    At least once: what was under way when the link broke, or this process died, is read and sent again behind the cursor.
    """

    def __init__(self, link: PeerLink) -> None:
        self._link, self._site = link, link.site
        self._database = Database(link.site.dsn)
        self._read: dict[int, int] = {}
        self._under_way: deque[tuple[int, dict[int, int], int]] = deque()
        self._described: set[int] = set()
        self._epoch = -1
        self._tested_s = 0.0

    async def run(self) -> None:
        """Send until cancelled."""
        wait_s = self._site.settings.poll_s
        try:
            while True:
                try:
                    found = await self._step()
                    wait_s = self._site.settings.poll_s
                except StoreError as error:
                    log.warning("uplink_waits", platform=self._link.account.name, reason=str(error).splitlines()[0])
                    self._epoch = -1
                    found, wait_s = 0, min(2 * wait_s, _LONGEST_WAIT_S)
                if not found:
                    self._link.progress.clear()
                    await _either(self._link.progress, wait_s)
        finally:
            self._database.close()

    async def _step(self) -> int:
        """One round; batches that were found, 0 to wait."""
        link = self._link
        if not link.up(MAIN):
            return 0
        if self._epoch != link.epoch:
            self._epoch = link.epoch
            self._under_way.clear()
            self._described.clear()
            self._read = await self._call(partial(uplink_store.cursor_of, peer_id=link.account.peer_id))
        await self._confirm()
        if sum(rows for _, _, rows in self._under_way) >= self._site.settings.window:
            self._test()
            return 0
        account = link.account
        chunk: Chunk = await self._call(
            partial(uplink_store.behind, cursor=self._read, region=account.region_code, operator_id=account.operator_id, most=_AT_ONCE)
        )
        if chunk.batches:
            await self._send(chunk)
        elif self._under_way:
            self._test(due_s=self._site.settings.confirm_s)
        return chunk.batches

    async def _call(self, work: Callable[[Any], Any]) -> Any:
        return await self._database.call(work)

    async def _confirm(self) -> None:
        """Move the cursor to where the platform has everything."""
        sure, done, rows = self._link.link.lines[MAIN].sure_serial, dict[int, int](), 0
        while self._under_way and self._under_way[0][0] < sure:
            _, cursor, count = self._under_way.popleft()
            done, rows = cursor, rows + count
        if done:
            await self._call(partial(uplink_store.advance, peer_id=self._link.account.peer_id, cursor=done))
            self._link.confirmed += rows

    def _test(self, due_s: float = 0.0) -> None:
        """Ask for a sign that all has arrived: one at a time."""
        link, now_s = self._link, asyncio.get_running_loop().time()
        if link.up(MAIN) and not link.link.lines[MAIN].tests and now_s - self._tested_s >= due_s:
            self._tested_s = now_s
            link.link.test(MAIN, self._site.now_ms())
            link.pump()

    async def _send(self, chunk: Chunk) -> None:
        """Send a chunk in slices, so that the loop stays free; given up where the link broke in between."""
        version = self._link.link.peer.version
        fresh = sorted({sight.vehicle_id for sight in chunk.sights} - self._described)
        known = await self._call(partial(uplink_store.terminals, vehicles=fresh)) if fresh else {}
        live_after_ms = self._site.now_ms() - int(self._site.settings.live_s * 1000)
        serial = -1
        for number, (carried, said) in enumerate(sights.messages(chunk.sights, version, live_after_ms)):
            if number % _SLICE == 0:
                self._link.pump()
                await asyncio.sleep(0)
            if self._epoch != self._link.epoch or not self._link.up(MAIN):
                return
            serial = max(serial, self._say(carried, said, known, version))
        self._read = chunk.cursor
        self._under_way.append((serial, chunk.cursor, len(chunk.sights)))
        self._link.pump()
        self._test(due_s=self._site.settings.confirm_s)

    def _say(self, carried: list[Sight], said: list[sights.Said], known: dict[int, uplink_store.Terminal], version: str) -> int:
        """Send the messages of some sights; the last serial. What cannot be written in this edition is counted and left out."""
        vehicle_id, serial = carried[0].vehicle_id, -1
        if vehicle_id not in self._described:
            self._described.add(vehicle_id)
            if vehicle_id in known:
                told = sights.registration(known[vehicle_id], self._link.account.platform_code, version)
                said = [(told, sights.subject_of(carried[0])), *said]
        for message, subject in said:
            try:
                serial = self._link.link.send(message, self._site.now_ms(), subject)
            except RefusedError as error:
                self._site.count("unsendable", error.field or "value")
                if isinstance(message, LivePosition | Backfill) and error.kind != "conflict":
                    self._link.history.lose(self._site.now_ms())
        self._link.sent += len(carried)
        return serial


async def _either(event: asyncio.Event, timeout_s: float) -> None:
    """Wait for the event, or so long."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
