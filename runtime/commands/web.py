"""`cuntong web`: API and screens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("web")(web)


def web(
    data: Annotated[Path | None, typer.Option(help="Data folder.")] = None,
    listen: Annotated[str | None, typer.Option(help="host:port to serve on.")] = None,
) -> None:
    """Serve the supervision map and the API; Ctrl-C ends it.

    Example:

        cuntong web --listen 127.0.0.1:8050
    """
    import asyncio

    from runtime.logs import configure
    from runtime.settings import load
    from runtime.web_process import run_web

    configure()
    asyncio.run(run_web(load(data, {"web.listen": listen})))
