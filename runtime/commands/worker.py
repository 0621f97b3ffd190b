"""`cuntong worker`: roll-ups, archive, retention, vehicle-days."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("worker")(worker)


def worker(
    data: Annotated[Path | None, typer.Option(help="Data folder.")] = None,
    every: Annotated[float, typer.Option(min=1.0, help="Seconds between two rounds.")] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="One round, then end.")] = False,
    metrics: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Internal listener: /metrics, /healthz, /readyz; none without it.")
    ] = "",
) -> None:
    """Roll closed hours up, write final days to the archive, drop what is archived, trim the log, compute vehicle-days that are due.

    Example:

        cuntong worker --once
    """
    from runtime.caches import separate_kernel_cache

    separate_kernel_cache()
    from runtime.logs import configure
    from runtime.settings import load
    from runtime.worker import run_worker

    configure()
    run_worker(load(data), every_s=every, once=once, listen=metrics)
