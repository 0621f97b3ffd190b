"""`cuntong gateway`: the terminals' door."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("gateway")(gateway)


def gateway(
    data: Annotated[Path | None, typer.Option(help="Data folder: log, secrets, copy of the registry.")] = None,
    listen: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Where terminals dial in.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes behind the one port.")] = None,
    door: Annotated[str | None, typer.Option(help="auto, drain (Linux; what auto means there) or protocol.")] = None,
    registration: Annotated[str | None, typer.Option(help="open, or registry: only what the registry knows.")] = None,
    metrics: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Internal listener: /metrics, /healthz, /readyz.")] = None,
) -> None:
    """Take JT/T 808 terminals over TCP; acknowledge a position only after it is durable in the log.

    Runs without the database: it needs one only to follow the registry, when CUNTONG_DATABASE_URL names it.

    Example:

        cuntong gateway --listen 0.0.0.0:7611 --workers 2
    """
    from runtime.caches import separate_kernel_cache
    from runtime.logs import configure
    from runtime.settings import load

    configure()
    said = {
        "gateway.listen": listen, "gateway.workers": workers, "gateway.door": door, "gateway.registration": registration,
        "gateway.metrics_listen": metrics,
    }  # fmt: skip
    settings = load(data, said)
    separate_kernel_cache()
    from runtime.gateway import run_gateway

    run_gateway(settings, settings.database.url)
