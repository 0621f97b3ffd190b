"""`cuntong pipeline`: from the log to the database."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime.settings import Settings

_STOP_S = 30.0
_WATCH_S = 0.5


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("pipeline")(pipeline)


def pipeline(
    data: Annotated[Path | None, typer.Option(help="Data folder: log, and the database unless CUNTONG_DATABASE_URL names one.")] = None,
    partitions: Annotated[int | None, typer.Option(min=1, help="Readers that share the terminals.")] = None,
    only: Annotated[int | None, typer.Option(min=0, help="Run this reader alone; the others run elsewhere.")] = None,
    metrics: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Internal listener; reader K listens on the port plus K.")
    ] = None,
    tied: Annotated[bool, typer.Option("--tied", hidden=True, help="End when the standard input ends, that is with the parent.")] = False,
) -> None:
    """Store what the log holds, each batch in one transaction; a crash anywhere costs a second reading, never a position.

    Example:

        cuntong pipeline --partitions 2
    """
    from domain.errors import RefusedError
    from runtime.logs import configure
    from runtime.processes import stop_on_signals
    from runtime.settings import load
    from storage.database import serving

    configure()
    settings = load(data, {"pipeline.partitions": partitions, "pipeline.metrics_listen": metrics})
    count = settings.pipeline.partitions
    if only is not None and only >= count:
        raise RefusedError(f"reader {only} of {count}: they are counted from 0", field="only")
    stop = stop_on_signals()
    if tied:
        threading.Thread(target=_end_with_input, args=(stop,), name="parent", daemon=True).start()
    with serving(settings.database, settings.data) as dsn:
        if only is None and count > 1:
            _run_all(settings, dsn, stop)
        else:
            _run_one(settings, dsn, only or 0, stop)


def _run_one(settings: Settings, dsn: str, partition: int, stop: threading.Event) -> None:
    """One reader in this process."""
    from runtime.caches import separate_kernel_cache

    separate_kernel_cache()
    from prometheus_client import CollectorRegistry

    from ingest.log.reader import SpoolReader
    from ingest.pipeline import Pipeline
    from ingest.pipeline_metrics import PipelineMetrics
    from ingest.pipeline_readers import reader_file
    from protocols.jt808 import profile_folder
    from runtime.internal_http import serve

    profile_folder.add(settings.gateway.profiles_path)
    count = settings.pipeline.partitions
    registry = CollectorRegistry()
    reader = SpoolReader(settings.log.path, reader_file(partition, count), settings.log)
    worker = Pipeline(dsn, reader, settings.pipeline, PipelineMetrics(registry), partition=partition)
    host, _, port = settings.pipeline.metrics_listen.rpartition(":")
    http = serve(f"{host}:{int(port) + partition if int(port) else 0}", registry, lambda: worker.ready, lambda: worker.reason)
    try:
        _announce(settings, dsn, stop, worker.without_database)
        worker.run(stop)
    finally:
        http.shutdown()
        reader.close()


def _announce(settings: Settings, dsn: str, stop: threading.Event, away: Callable[[Exception], None]) -> None:
    """Readers' names beside the log, as soon as the database answers."""
    import psycopg
    import structlog

    from domain.errors import StoreError
    from ingest.pipeline_readers import announce

    while not stop.is_set():
        try:
            announce(dsn, settings.log.path, settings.pipeline.partitions)
            return
        except (StoreError, psycopg.OperationalError) as error:
            if isinstance(error, StoreError) and not error.retriable:
                raise
            away(error)
            structlog.get_logger().warning("database_awaited", error=str(error).splitlines()[0])
            stop.wait(_WATCH_S)


def _run_all(settings: Settings, dsn: str, stop: threading.Event) -> None:
    """All readers, each a process; one that dies ends them all, so that whoever watches this process starts them again."""
    environment = {
        **os.environ,
        "CUNTONG_DATABASE_URL": dsn,
        "CUNTONG_DATA": str(settings.data),
        "CUNTONG_PIPELINE_METRICS_LISTEN": settings.pipeline.metrics_listen,
    }
    count = settings.pipeline.partitions
    command = [sys.executable, "-m", "runtime.cli", "pipeline", "--tied", "--partitions", str(count), "--only"]
    children = [
        subprocess.Popen([*command, str(number)], env=environment, start_new_session=True, stdin=subprocess.PIPE) for number in range(count)
    ]
    while not stop.wait(_WATCH_S) and all(child.poll() is None for child in children):
        pass
    for child in children:
        if child.poll() is None:
            child.terminate()
    codes = [_ended(child) for child in children]
    if any(codes):
        raise typer.Exit(1)


def _end_with_input(stop: threading.Event) -> None:
    """Whoever started this reader is gone: it ends, so that the readers of the next start are not fenced off by it."""
    while os.read(0, 1024):
        pass
    stop.set()


def _ended(child: subprocess.Popen[bytes]) -> int:
    try:
        return child.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
