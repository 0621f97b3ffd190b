"""The gateway as a process: one worker in this process, or several behind one port with this process as their parent."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from prometheus_client import CollectorRegistry

from domain.errors import StoreError
from ingest.command_store import Claimed
from ingest.commands import CommandFollower
from ingest.gateway.exposition import GatewayCollector
from ingest.gateway.ports import held
from ingest.gateway.refresh import RegistryRefresher
from ingest.gateway.worker import Place, Worker
from protocols.jt808 import profile_folder
from runtime.crew import Crew
from runtime.internal_http import STARTING, serve
from runtime.logs import configure
from runtime.processes import stop_on_signals
from runtime.settings import Settings

_REPORT_S = 1.0
_WATCH_S = 0.2
_STOP_S = 30.0


def run_gateway(settings: Settings, dsn: str | None) -> None:
    """Serve until SIGINT or SIGTERM, then end in order.

    Args:
        settings: everything.
        dsn: database whose registry is followed; None: the copy of the last run is all there is.
    Raises:
        StoreError: the log failed. RefusedError: a profile of the installation, or an extra port that names none.
    """
    (settings.data / "run").mkdir(parents=True, exist_ok=True)
    profile_folder.add(settings.gateway.profiles_path)
    if settings.gateway.workers > 1:
        _parent(settings, dsn)
        return
    place = Place(0, 1, settings.data / "run")
    worker = Worker(settings.gateway, settings.log, place)
    listening = threading.Event()
    registry = CollectorRegistry()
    registry.register(GatewayCollector(lambda: [worker.metrics.snapshot()]))

    def reason() -> str:
        return _refusal(worker, listening)

    http = serve(settings.gateway.metrics_listen, registry, lambda: not reason(), reason)
    try:
        _run(worker, settings, dsn, listening.set)
    finally:
        http.shutdown()


def _run(worker: Worker, settings: Settings, dsn: str | None, listening: Any) -> None:
    refresher = RegistryRefresher(dsn, worker.registry, settings.gateway.roster_refresh_s) if dsn else None
    commands = follower(worker, dsn) if dsn else None
    for thread in (refresher, commands):
        if thread is not None:
            thread.start()
    with asyncio.Runner(loop_factory=loop_factory(settings.gateway.loop)) as runner:
        runner.run(_serve(worker, listening))
    for thread in (refresher, commands):
        if thread is not None:
            thread.stop()
    if worker.failure is not None:
        raise StoreError(f"the log failed: {worker.failure}; check the disk, then start again")


def follower(worker: Worker, dsn: str) -> CommandFollower:
    """What brings commands from the database to the worker's loop."""

    def deliver(claims: list[Claimed]) -> None:
        assert worker.arena.loop is not None  # terminals are on line, so it runs
        worker.arena.loop.call_soon_threadsafe(worker.commands.deliver, claims)

    return CommandFollower(dsn, worker.name, worker.commands, worker.roster.online, deliver)


async def _serve(worker: Worker, listening: Any) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    ready: asyncio.Future[tuple[str, int]] = loop.create_future()
    ready.add_done_callback(lambda _: listening())
    await worker.run(ready)


def loop_factory(kind: str) -> Any:
    """uvloop where it is installed and wanted ("auto", "uvloop"), else asyncio's own; None for the default."""
    if kind == "asyncio":
        return None
    try:
        import uvloop
    except ImportError:
        if kind == "uvloop":
            raise
        return None
    return uvloop.new_event_loop


def _refusal(worker: Worker, listening: threading.Event) -> str:
    """Why a worker does not serve; "" when it does."""
    if not listening.is_set():
        return STARTING
    if worker.log.read_only:
        return "the log is damaged, nothing is taken: stop, run cuntong log verify --repair, start again"
    if not worker.log.taking:
        return "the log is full or the disk is: positions are not taken, terminals keep them and send them again"
    return ""


def _child(settings: Settings, dsn: str | None, number: int, pipe: Connection) -> None:
    configure()
    profile_folder.add(settings.gateway.profiles_path)
    worker = Worker(settings.gateway, settings.log, Place(number, settings.gateway.workers, settings.data / "run"))
    listening = threading.Event()

    def report() -> None:
        while True:
            try:
                pipe.send((_refusal(worker, listening), worker.metrics.snapshot()))
            except OSError:  # the parent is gone: end in order, so that the next gateway finds log and port free
                os.kill(os.getpid(), signal.SIGTERM)
                return
            time.sleep(_REPORT_S if listening.is_set() else 0.1)

    threading.Thread(target=report, name="counters", daemon=True).start()
    _run(worker, settings, dsn, listening.set)


def _parent(settings: Settings, dsn: str | None) -> None:
    """Start the workers, serve their counters, end them in order; one that dies is started again."""
    probes, gateway = held(settings.gateway)
    settings = replace(settings, gateway=gateway)
    context = multiprocessing.get_context("spawn")

    def start(number: int) -> tuple[BaseProcess, Connection]:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_child, args=(settings, dsn, number, theirs), name=f"gateway-{number}")
        process.start()
        theirs.close()
        return process, ours

    stop = stop_on_signals()
    crew = Crew(settings.gateway.workers, start)
    registry = CollectorRegistry()
    registry.register(GatewayCollector(crew.snapshots))
    http = serve(settings.gateway.metrics_listen, registry, lambda: not crew.reason, lambda: crew.reason)
    while not stop.is_set():
        crew.watch()
        stop.wait(_WATCH_S)
    crew.stop(_STOP_S)
    for probe in probes:
        probe.close()
    http.shutdown()
