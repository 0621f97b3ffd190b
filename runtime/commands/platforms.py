"""`cuntong platforms`: the links to other platforms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("platforms")(platforms)


def platforms(
    data: Annotated[Path | None, typer.Option(help="Data folder: log, and the database unless CUNTONG_DATABASE_URL names one.")] = None,
    listen: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Where subordinate platforms dial in.")] = None,
    sub_listen: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Where superior platforms dial back.")] = None,
    metrics: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Internal listener: /metrics, /healthz, /readyz.")] = None,
) -> None:
    """Hold the links to other platforms by JT/T 809: take positions of subordinate ones, send ours to superior ones.

    Who they are is entered with `cuntong platform add`; `cuntong up` runs this too where [platforms] is configured.

    Example:

        cuntong platforms --listen 0.0.0.0:7809 --sub-listen 0.0.0.0:7810
    """
    from runtime.caches import separate_kernel_cache
    from runtime.logs import configure
    from runtime.settings import load
    from storage.database import serving

    configure()
    said = {"platforms.listen": listen, "platforms.sub_listen": sub_listen, "platforms.metrics_listen": metrics}
    settings = load(data, said)
    separate_kernel_cache()
    from runtime.platforms import run_platforms

    with serving(settings.database, settings.data) as dsn:
        run_platforms(settings, dsn)
