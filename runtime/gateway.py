"""The gateway as a process: one worker in this process, or several behind one port with this process as their parent."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import threading
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from domain.errors import StoreError
from ingest.gateway.exposition import GatewayCollector
from ingest.gateway.refresh import RegistryRefresher
from ingest.gateway.sockets import listening_socket
from ingest.gateway.worker import Place, Worker
from runtime.internal_http import serve
from runtime.logs import configure
from runtime.settings import Settings

log = structlog.get_logger()

_REPORT_S = 1.0
_STOP_S = 30.0


def run_gateway(settings: Settings, dsn: str | None) -> None:
    """Serve until SIGINT or SIGTERM, then end in order.

    Args:
        settings: everything.
        dsn: database whose registry is followed; None: the copy of the last run is all there is.
    Raises:
        StoreError: the log failed.
    """
    (settings.data / "run").mkdir(parents=True, exist_ok=True)
    if settings.gateway.workers > 1:
        _parent(settings, dsn)
        return
    place = Place(0, 1, settings.data / "run")
    worker = Worker(settings.gateway, settings.log, place)
    listening = threading.Event()
    registry = CollectorRegistry()
    registry.register(GatewayCollector(lambda: [worker.metrics.snapshot()]))
    http = serve(settings.gateway.metrics_listen, registry, listening.is_set)
    try:
        _run(worker, settings, dsn, listening.set)
    finally:
        http.shutdown()


def _run(worker: Worker, settings: Settings, dsn: str | None, listening: Any) -> None:
    refresher = RegistryRefresher(dsn, worker.registry, settings.gateway.roster_refresh_s) if dsn else None
    if refresher is not None:
        refresher.start()
    with asyncio.Runner(loop_factory=_loop_factory(settings.gateway.loop)) as runner:
        runner.run(_serve(worker, listening))
    if refresher is not None:
        refresher.stop()
    if worker.failure is not None:
        raise StoreError(f"the log failed: {worker.failure}; check the disk, then start again")


async def _serve(worker: Worker, listening: Any) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.stop)
    ready: asyncio.Future[tuple[str, int]] = loop.create_future()
    ready.add_done_callback(lambda _: listening())
    await worker.run(ready)


def _loop_factory(kind: str) -> Any:
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


def _child(settings: Settings, dsn: str | None, number: int, pipe: Connection) -> None:
    configure()
    worker = Worker(settings.gateway, settings.log, Place(number, settings.gateway.workers, settings.data / "run"))
    listening = threading.Event()

    def report() -> None:
        while True:
            try:
                pipe.send((listening.is_set(), worker.metrics.snapshot()))
            except OSError:
                return
            stopped.wait(_REPORT_S if listening.is_set() else 0.1)

    stopped = threading.Event()
    threading.Thread(target=report, name="counters", daemon=True).start()
    _run(worker, settings, dsn, listening.set)


def _parent(settings: Settings, dsn: str | None) -> None:
    """Start the workers, serve their counters, end them in order; one that dies is started again."""
    probe = listening_socket(*settings.gateway.address, shared=True)  # holds the port, also when it was asked for as 0
    host, port = probe.getsockname()[:2]
    settings = replace(settings, gateway=replace(settings.gateway, listen=f"{host}:{port}"))
    context = multiprocessing.get_context("spawn")
    children: dict[int, BaseProcess] = {}
    newest: dict[int, tuple[bool, dict[str, Any]]] = {}
    pipes: dict[int, Connection] = {}
    stopping = threading.Event()
    for which in (signal.SIGINT, signal.SIGTERM):
        signal.signal(which, lambda *_: stopping.set())
    registry = CollectorRegistry()
    registry.register(GatewayCollector(lambda: [snapshot for _, snapshot in newest.values()]))
    workers = settings.gateway.workers
    http = serve(settings.gateway.metrics_listen, registry, lambda: sum(up for up, _ in newest.values()) == workers)
    while not stopping.is_set():
        for number in range(workers):
            if number not in children or not children[number].is_alive():
                if number in children:
                    log.error("gateway_worker_died", worker=number, code=children[number].exitcode)
                pipes[number], theirs = context.Pipe(duplex=False)
                children[number] = context.Process(target=_child, args=(settings, dsn, number, theirs), name=f"gateway-{number}")
                children[number].start()
                theirs.close()
        _gather(pipes, newest)
        stopping.wait(0.2)
    for child in children.values():
        child.terminate()
    for child in children.values():
        child.join(_STOP_S)
    probe.close()
    http.shutdown()


def _gather(pipes: dict[int, Connection], newest: dict[int, tuple[bool, dict[str, Any]]]) -> None:
    for number, pipe in pipes.items():
        try:
            while pipe.poll():
                newest[number] = pipe.recv()
        except (EOFError, OSError):
            newest.pop(number, None)
