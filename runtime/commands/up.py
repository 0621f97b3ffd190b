"""`cuntong up`: everything of one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("up")(up)


def up(data: Annotated[Path | None, typer.Option(help="Data folder; everything that is written lies in it.")] = None) -> None:
    """Run database (embedded unless CUNTONG_DATABASE_URL is set), gateway, pipeline, worker and web; Ctrl-C ends all in order.

    Example:

        cuntong up --data /srv/cuntong
    """
    from rich.console import Console

    from runtime.commands.network_use import no_roads
    from runtime.logs import configure
    from runtime.processes import Supervisor, attachment_server, standard_parts, stop_on_signals
    from runtime.settings import load
    from storage.migrate import migrate
    from storage.pool import connect

    configure()
    settings = load(data)
    console = Console()
    settings.data.mkdir(parents=True, exist_ok=True)
    stop = stop_on_signals()
    supervisor = Supervisor(settings, standard_parts(settings))
    try:
        with console.status("starting the database"):
            migrate(supervisor.open_database(), settings.database)
        with console.status("starting the gateway (the first start compiles its kernels)") as status:
            supervisor.start()
            supervisor.wait_ready(180, lambda name: status.update(f"waiting for {name}"), stop)
        if not stop.is_set():
            console.print(f"terminals: {settings.gateway.listen}   map: http://{settings.web.listen}/app/   data: {settings.data}")
            console.print(attachment_server(settings))
            with connect(supervisor.dsn) as conn:
                warning = no_roads(conn)
            if warning:
                console.print(f"[yellow]{warning}[/yellow]")
            console.print("no account yet? cuntong users add NAME   ·   stop: Ctrl-C")
        supervisor.run(stop)
    finally:
        with console.status("stopping: last batch, last acknowledgements"):
            supervisor.stop()
    console.print("stopped; nothing is lost")
