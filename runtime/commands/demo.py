"""`cuntong demo`: the whole product with a simulated fleet."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from runtime.processes import Supervisor
    from runtime.settings import Settings

_SETTLE_S = 60.0
_ON_LINE = 'ingest_links{state="authenticated"}'


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("demo")(demo)


def demo(
    vehicles: Annotated[int, typer.Option(min=1, max=20_000, help="Simulated vehicles.")] = 300,
    seconds: Annotated[float | None, typer.Option(min=1.0, help="End by itself after so long; without it Ctrl-C ends it.")] = None,
    faults: Annotated[str, typer.Option(help="none, default or heavy.")] = "default",
    seed: Annotated[int, typer.Option(help="Same seed, same county and drives.")] = 1,
    data: Annotated[Path | None, typer.Option(help="Data folder; data/demo unless named.")] = None,
) -> None:
    """Run everything on embedded defaults with a simulated fleet that speaks JT/T 808 over TCP, and show it on the map.

    At the end every position that a terminal saw acknowledged is looked up in the database; one that is missing is an error.

    Example:

        cuntong demo --vehicles 300 --seconds 60
    """
    from rich.console import Console

    from runtime import demo as parts
    from runtime.caches import separate_kernel_cache
    from runtime.logs import configure
    from runtime.processes import Part, Supervisor, standard_parts, stop_on_signals
    from runtime.settings import load
    from storage.migrate import migrate

    configure("error")
    separate_kernel_cache()
    console = Console()
    settings = parts.on_free_ports(load(data or parts.default_folder(), {"gateway.listen": "127.0.0.1:7611"}))
    settings.data.mkdir(parents=True, exist_ok=True)
    truth = settings.data / "truth" / time.strftime("%Y%m%d-%H%M%S")
    stop = stop_on_signals()
    supervisor = Supervisor(settings, standard_parts(settings), parts.environment(settings))
    fleet = ("simulate", "--vehicles", str(vehicles), "--to", settings.gateway.listen, "--faults", faults, "--seed", str(seed))
    try:
        with console.status("starting the database") as status:
            dsn = supervisor.open_database()
            migrate(dsn, settings.database)
            supervisor.start()
            status.update("drawing the county and its base map")
            password = parts.prepare(dsn, settings, seed)
            status.update("starting the gateway (the first start compiles its kernels)")
            supervisor.wait_ready(300, lambda name: status.update(f"waiting for {name} (the first start compiles kernels)"))
            supervisor.add(Part("fleet", (*fleet, "--truth", str(truth), "--json")))
        _greet(console, settings, password, seconds)
        _show(console, supervisor, settings, stop, seconds)
        supervisor.end("fleet")
        _settle(console, supervisor, settings, truth)
    finally:
        with console.status("stopping"):
            supervisor.end("fleet")
            supervisor.stop()
    console.print("stopped")


def _greet(console: Console, settings: Settings, password: str, seconds: float | None) -> None:
    from runtime.demo import ADMIN

    console.print(f"[bold]map[/bold]        http://{settings.web.listen}/app/monitor", highlight=False)
    console.print(f"[bold]login[/bold]      {ADMIN}  password  {password}", highlight=False)
    console.print(f"[bold]terminals[/bold]  {settings.gateway.listen} (JT/T 808 over TCP)   data {settings.data}", highlight=False)
    console.print("Ctrl-C ends it" if seconds is None else f"ends by itself after {seconds:.0f} s")


def _show(console: Console, supervisor: Supervisor, settings: Settings, stop: threading.Event, seconds: float | None) -> None:
    """One line of figures, every second, until the end."""
    from rich.live import Live

    from runtime.demo import figures

    began = time.monotonic()
    with Live("", console=console, refresh_per_second=2, transient=True) as live:
        while not stop.is_set() and (seconds is None or time.monotonic() - began < seconds):
            supervisor.watch()
            now = figures(settings.gateway.metrics_listen)
            live.update(
                f"{time.monotonic() - began:6.0f} s   on line {now.get(_ON_LINE, 0):,.0f} vehicles   "
                f"acknowledged {now.get('ingest_fixes_total', 0):,.0f} positions   "
                f"odd frames {sum(v for k, v in now.items() if k.startswith('ingest_anomalies_total')):,.0f}"
            )
            stop.wait(1.0)


def _settle(console: Console, supervisor: Supervisor, settings: Settings, truth: Path) -> None:
    """Wait until the pipeline has caught up, then look up every acknowledged position."""
    from runtime.demo import balance

    deadline = time.monotonic() + _SETTLE_S
    with console.status("looking up every acknowledged position"):
        while True:
            found = balance(supervisor.dsn, truth)
            if not found.missing or time.monotonic() > deadline:
                break
            supervisor.watch()
            time.sleep(1.0)
    console.print(
        f"driven {found.driven:,}   acknowledged {found.acknowledged:,}   stored {found.stored:,}   "
        f"acknowledged but not stored {found.missing:,}   stored twice {found.doubles:,}"
    )
    if found.missing or found.doubles:
        from domain.errors import StoreError

        raise StoreError(f"positions are lost or doubled; the truth is in {truth}, the logs in {settings.data / 'logs'}")
