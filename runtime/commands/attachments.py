"""`cuntong attachments`: the server that takes the files of active-safety alarms."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from ingest.attachments import AttachmentServer


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("attachments")(attachments)


def attachments(
    data: Annotated[Path | None, typer.Option(help="Data folder: files, and the database unless CUNTONG_DATABASE_URL names one.")] = None,
    listen: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Where terminals bring the files.")] = None,
    server: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="The same place as terminals see it; without it none is ordered.")
    ] = None,
    metrics: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Internal listener: /metrics, /healthz, /readyz.")] = None,
) -> None:
    """Take the files of alarms (T/JSATL 12 0x1210 to 0x1212), and order again what did not come.

    The pipeline orders the files of an alarm (0x9208) when `[attachments] server` in cuntong.toml, or CUNTONG_ATTACHMENTS_SERVER, is set.

    Example:

        cuntong attachments --listen 0.0.0.0:7614 --server 203.0.113.5:7614
    """
    from domain.errors import RefusedError
    from ingest.attachments import AttachmentServer
    from runtime.internal_http import serve
    from runtime.logs import configure
    from runtime.settings import load
    from storage.database import serving

    configure()
    said = {"attachments.listen": listen, "attachments.server": server, "attachments.metrics_listen": metrics}
    settings = load(data, said)
    if not settings.attachments.listen:
        raise RefusedError("nothing to listen on: give --listen, or listen in [attachments] of cuntong.toml", field="attachments.listen")
    with serving(settings.database, settings.data) as dsn:
        from prometheus_client import CollectorRegistry

        one = AttachmentServer(settings.attachments, dsn)
        registry = CollectorRegistry()
        registry.register(_Counts(one))
        http = serve(settings.attachments.metrics_listen, registry, lambda: bool(one.address[0]))
        try:
            asyncio.run(_serve(one))
        finally:
            http.shutdown()


async def _serve(one: AttachmentServer) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, one.stop)
    await one.run()


class _Counts:
    """The server's counters as one Prometheus family."""

    def __init__(self, server: AttachmentServer) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        """The family."""
        from prometheus_client.core import CounterMetricFamily

        family = CounterMetricFamily("attachments", "what happened on the attachment server", labels=["event"])
        for event, count in sorted(self._server.counts.items()):
            family.add_metric([event], count)
        yield family
