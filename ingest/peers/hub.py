"""The process that holds the links to other platforms: listeners, accounts, timers, what is to be sent, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

import psycopg
import structlog

from domain.errors import StoreError
from ingest import peer_store, uplink_store
from ingest.peers.knock import Knocking, enter_main, enter_sub
from ingest.peers.peer_link import PeerLink
from ingest.peers.site import Site
from ingest.peers.uplink import Uplink
from ingest.settings import LogSettings, PlatformSettings

log = structlog.get_logger()

_TICK_S = 0.2
_STATUS_S = 1.0
_SWEEP_S = 60.0
_LONGEST_WAIT_S = 5.0

Address = tuple[str, int]


def address_of(listen: str) -> Address:
    """(host, port) of a listener's setting."""
    host, _, port = listen.rpartition(":")
    return host or "0.0.0.0", int(port)


class Platforms:
    """All links of one installation; lives in one event loop.

    Attributes:
        address, sub_address: where it listens, ("", 0) where it does not.
        failure: why it ended by itself; None when it was asked to.
    """

    def __init__(self, settings: PlatformSettings, log_settings: LogSettings, dsn: str) -> None:
        self.settings = settings
        self.site = Site(settings, log_settings, dsn)
        self.links: dict[int, PeerLink] = {}
        self.address: Address = ("", 0)
        self.sub_address: Address = ("", 0)
        self.failure: BaseException | None = None
        self.reason = "starting"
        self._uplinks: dict[int, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()
        self._main = Knocking(self.site, lambda wire, run, seen: enter_main(self.site, self.links, wire, run, seen))
        self._sub = Knocking(self.site, lambda wire, run, seen: enter_sub(self.site, self.links, wire, run, seen))

    def stop(self) -> None:
        """Ask for an orderly end."""
        self._stop.set()

    async def run(self, ready: asyncio.Future[None] | None = None) -> None:
        """Serve until `stop`, or until the log fails."""
        loop = asyncio.get_running_loop()
        self.site.log.open()
        self.site.log.start(loop, self._durable, self._dead)
        servers = []
        try:
            for listen, door, name in ((self.settings.listen, self._main, "address"), (self.settings.sub_listen, self._sub, "sub_address")):
                if listen:
                    server = await loop.create_server(door.wire, *address_of(listen))
                    servers.append(server)
                    setattr(self, name, server.sockets[0].getsockname()[:2])
            log.info("platforms_listening", main=self.address, sub=self.sub_address)
            tasks = [asyncio.ensure_future(work()) for work in (self._tick, self._desk)]
            if ready is not None:
                ready.set_result(None)
            stopping = asyncio.ensure_future(self._stopped())
            done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                self.failure = task.exception()
                log.error("platforms_end", error=repr(self.failure))
            await _end([stopping, *tasks])
        finally:
            await self._close(servers)

    async def _stopped(self) -> None:
        await self._stop.wait()

    async def _close(self, servers: list[asyncio.Server]) -> None:
        for server in servers:
            server.close()
        self._main.close()
        self._sub.close()
        await _end(list(self._uplinks.values()))
        for link in self.links.values():
            await link.stop()
        with contextlib.suppress(StoreError):
            await self._write_notes()
            await self._write_status()
        self.site.database.close()
        try:
            await self.site.log.aclose()
        except StoreError as error:
            self.failure = self.failure or error
        await asyncio.sleep(0)

    def _durable(self, number: int) -> None:
        self.site.durable = number
        relieved = self.site.relieved()
        for link in self.links.values():
            link.released()
            if relieved:
                link.resume()

    def _dead(self, error: BaseException) -> None:
        log.error("log_dead", error=str(error), next="check the disk, then start again: the log is scanned first")
        self.failure = error
        self._stop.set()

    async def _tick(self) -> None:
        """Timers of all links."""
        while True:
            await asyncio.sleep(_TICK_S)
            self._main.tick()
            self._sub.tick()
            for link in list(self.links.values()):
                link.tick()
            if self.site.relieved():
                for link in self.links.values():
                    link.resume()

    async def _desk(self) -> None:
        """Accounts, what is to be sent, what became of it, how the links stand; with the database away it waits."""
        now_s, wait_s = asyncio.get_running_loop().time, self.settings.poll_s
        read_s = told_s = swept_s = float("-inf")
        while True:
            try:
                if now_s() - read_s >= self.settings.refresh_s or self.reason:
                    await self._accounts()
                    read_s = now_s()
                await self._write_notes()
                await self._send()
                if now_s() - told_s >= _STATUS_S:
                    await self._write_status()
                    told_s = now_s()
                if now_s() - swept_s >= _SWEEP_S:
                    await self._sweep()
                    swept_s = now_s()
                self.reason, wait_s = "", self.settings.poll_s
            except StoreError as error:
                self.reason = f"the database does not answer: {str(error).splitlines()[0]}; links stay, positions are taken into the log"
                log.warning("platforms_wait", reason=self.reason)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self.site.wake.wait()
            self.site.wake.clear()

    async def _accounts(self) -> None:
        """Follow the table of platforms: new ones are linked, changed ones linked anew, others closed."""
        accounts = {one.peer_id: one for one in await self.site.database.call(peer_store.accounts)}
        for peer_id, link in list(self.links.items()):
            if accounts.get(peer_id) != link.account:
                del self.links[peer_id]
                uplink = self._uplinks.pop(peer_id, None)
                await _end([uplink] if uplink is not None else [])
                await link.stop()
        for peer_id, account in accounts.items():
            if peer_id not in self.links:
                link = self.links[peer_id] = PeerLink(account, self.site)
                link.start()
                if account.role == "superior":
                    self._uplinks[peer_id] = asyncio.ensure_future(Uplink(link).run())
        for task in [task for task in self._uplinks.values() if task.done()]:
            task.result()  # a fault in an uplink ends the process, and whoever watches it starts it again

    async def _write_notes(self) -> None:
        notes = self.site.notes
        while notes:
            try:
                await self.site.database.call(notes[0])
            except psycopg.Error as error:  # never possible, whenever it is tried
                self.site.count("unwritten", "note")
                log.error("platform_note_refused", error=str(error).splitlines()[0])
            notes.popleft()

    async def _send(self) -> None:
        linked = [peer_id for peer_id, link in self.links.items() if link.linked]
        if not linked:
            return
        for one in await self.site.database.call(partial(peer_store.claim, peers=linked)):
            link = self.links.get(one.peer_id)
            if link is None:
                self.site.note(partial(peer_store.again, one=one))
            else:
                link.send(one)
        await self._write_notes()

    async def _write_status(self) -> None:
        await self.site.database.call(partial(peer_store.write_status, rows=[link.status() for link in self.links.values()]))

    async def _sweep(self) -> None:
        _, late = await self.site.database.call(partial(uplink_store.sweep, keep_days=self.settings.keep_days))
        if late:
            self.site.count("given_up", "batches", late)
            log.error("positions_given_up", batches=late, days=self.settings.keep_days, next="a superior platform was away for too long")


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel and wait."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
