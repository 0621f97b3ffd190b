"""`cuntong demo`: the whole product with a simulated fleet."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from runtime.demo import DemoSupervisor, Played
    from runtime.demo_history import History
    from runtime.settings import Settings

_SETTLE_S = 60.0
_LINE_EVERY_S = 10.0
"""Where no terminal shows a running line: seconds between printed ones."""
_ON_LINE = 'ingest_links{state="authenticated"}'


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("demo")(demo)


def demo(
    vehicles: Annotated[int, typer.Option(min=1, max=20_000, help="Simulated vehicles.")] = 300,
    seconds: Annotated[float | None, typer.Option(min=1.0, help="End by itself after so long; without it Ctrl-C ends it.")] = None,
    faults: Annotated[str, typer.Option(help="none, default or heavy.")] = "default",
    seed: Annotated[int, typer.Option(help="Same seed, same vehicles and drives.")] = 1,
    history: Annotated[
        int | None, typer.Option(min=0, max=30, help="Past days of some vehicles, loaded in the background; 3, or 0 with --seconds.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Data folder; data/demo unless named.")] = None,
) -> None:
    """Run everything on embedded defaults with a simulated fleet that speaks JT/T 808 over TCP, and show it on the map.

    At the end every position that a terminal saw acknowledged is looked up in the database; one that is missing is an error.

    Example:

        cuntong demo --vehicles 300 --seconds 60
    """
    from runtime.caches import separate_kernel_cache

    separate_kernel_cache()
    from rich.console import Console

    from runtime import demo as parts
    from runtime.logs import configure
    from runtime.settings import load

    configure("error")
    console = Console(soft_wrap=True, highlight=False)
    played = parts.Played(vehicles, seconds, faults, seed, (3 if seconds is None else 0) if history is None else history)
    folder = data or parts.default_folder()
    with parts.only_one(folder):
        settings, moved = parts.on_free_ports(load(folder, {"gateway.listen": "127.0.0.1:7611"}))
        for line in moved:
            console.print(f"[yellow]{line}[/yellow]")
        supervisor = parts.DemoSupervisor(settings)
        try:
            _play(console, supervisor, settings, played)
        except parts.StoppedEarly:
            console.print("asked to stop before everything was ready")
        finally:
            with _telling(console, "stopping"):
                supervisor.end("fleet")
                supervisor.stop()
    console.print("stopped")


@contextmanager
def _telling(console: Console, text: str) -> Iterator[Callable[[str], None]]:
    """Tell what is being done: on a terminal one line that changes, elsewhere a line each."""
    if console.is_terminal:
        with console.status(text) as status:
            yield status.update
    else:
        console.print(text)
        yield console.print


def _play(console: Console, supervisor: DemoSupervisor, settings: Settings, played: Played) -> None:
    """Start everything, show the figures until the end, then look up every position."""
    from runtime.demo import prepare
    from runtime.demo_history import history
    from runtime.processes import Part
    from storage.migrate import migrate

    truth = settings.data / "truth" / time.strftime("%Y%m%d-%H%M%S")
    with _telling(console, "starting the database") as tell:
        dsn = supervisor.open_database()
        migrate(dsn, settings.database)
        supervisor.start()
        tell(f"drawing the county and its base map, registering {played.vehicles:,} vehicles")
        password = prepare(dsn, settings, played.fleet)
        supervisor.wait_ready(300, lambda name: tell(f"waiting for the {name} (the first start compiles kernels, about a minute)"))
    supervisor.add(Part("fleet", (*played.words(settings.gateway.listen), "--truth", str(truth), "--json")))
    _greet(console, settings, password, played.seconds)
    with history(dsn, settings.data, played, time.time_ns() // 1_000_000) as past:
        _watch(console, supervisor, settings, played.seconds, past)
    with _telling(console, "ending the fleet, looking up every acknowledged position"):
        supervisor.end("fleet")
        _settle(console, supervisor, settings, truth)


def _greet(console: Console, settings: Settings, password: str, seconds: float | None) -> None:
    from runtime.demo import ADMIN
    from runtime.processes import attachment_server

    lines = (
        ("open", f"http://{settings.web.listen}/app/monitor"),
        ("name", ADMIN),
        ("password", password),
        ("terminals", f"{settings.gateway.listen} (JT/T 808 over TCP)"),
        ("alarms", attachment_server(settings)),
        ("data", str(settings.data)),
        ("end", "Ctrl-C" if seconds is None else f"by itself after {seconds:.0f} s, or Ctrl-C"),
    )
    console.print()
    for label, text in lines:
        console.print(f"  [bold]{label:<10}[/bold] {text}")
    console.print()


def _watch(console: Console, supervisor: DemoSupervisor, settings: Settings, seconds: float | None, past: History) -> None:
    """One line of figures until the end: on a terminal every second in place, elsewhere now and then."""
    from rich.live import Live

    began = printed = time.monotonic()
    with Live("", console=console, refresh_per_second=2, transient=True) as live:
        while not supervisor.stop_asked.is_set() and (seconds is None or time.monotonic() - began < seconds):
            supervisor.watch()
            line = f"{_line(settings, time.monotonic() - began)}   {past.state}".rstrip()
            if console.is_terminal:
                live.update(line)
            elif time.monotonic() - printed >= _LINE_EVERY_S:
                printed = time.monotonic()
                console.print(line)
            supervisor.stop_asked.wait(1.0)


def _line(settings: Settings, elapsed_s: float) -> str:
    from runtime.demo import figures

    now = figures(settings.gateway.metrics_listen)
    return (
        f"{elapsed_s:6.0f} s   on line {now.get(_ON_LINE, 0):,.0f} vehicles   "
        f"acknowledged {now.get('ingest_fixes_total', 0):,.0f} positions   "
        f"odd frames {sum(v for k, v in now.items() if k.startswith('ingest_anomalies_total')):,.0f}"
    )


def _settle(console: Console, supervisor: DemoSupervisor, settings: Settings, truth: Path) -> None:
    """Wait until the pipeline has caught up, then look up every acknowledged position."""
    from runtime.demo import balance

    if not (truth / "run.json").exists():
        console.print("the fleet had not begun to drive: there is nothing to look up")
        return
    deadline = time.monotonic() + _SETTLE_S
    while True:
        found = balance(supervisor.dsn, truth)
        if not found.missing or time.monotonic() > deadline:
            break
        supervisor.watch()
        time.sleep(1.0)
    console.print(f"positions: driven {found.driven:,}   acknowledged {found.acknowledged:,}   stored {found.stored:,}")
    console.print(f"acknowledged but not stored {found.missing:,}   stored twice {found.doubles:,}")
    if found.missing or found.doubles:
        from domain.errors import StoreError

        raise StoreError(f"positions are lost or doubled; the truth is in {truth}, the logs in {settings.data / 'logs'}")
