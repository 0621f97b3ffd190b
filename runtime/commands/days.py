"""`cuntong days`: vehicle-days computed again, and shown."""

from __future__ import annotations

import os
import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import psycopg
    from rich.console import Console

    from ingest.days import Outcome, Run
    from ingest.due_store import Span, Ticket
    from runtime.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Data folder.")]
_FORMATS = ["%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    """File the group of commands."""
    days = typer.Typer(help="Vehicle-days: mileage, trips and stops of a vehicle on a day.", no_args_is_help=True)
    days.command("recompute")(recompute)
    days.command("show")(show)
    app.add_typer(days, name="days")


def recompute(
    from_day: Annotated[datetime | None, typer.Option("--from", formats=_FORMATS, help="First day, Asia/Shanghai.")] = None,
    to_day: Annotated[datetime | None, typer.Option("--to", formats=_FORMATS, help="Last day; without it the first.")] = None,
    vehicles: Annotated[str, typer.Option(metavar="ID,ID", help="Only these vehicles, by number.")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Compute what is still due, and nothing else.")] = False,
    network: Annotated[Path | None, typer.Option(metavar="FILE", help="Road network of every region from these days on.")] = None,
    dask: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Scheduler of a Dask cluster instead of local processes.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Local processes.")] = os.cpu_count() or 1,
    data: Data = None,
) -> None:
    """Compute vehicle-days again: cleaned, matched, measured, and replaced where anything changed.

    A run that was broken off goes on with --resume; the worker does the rest of it by itself, too. Dask's workers need this program,
    the database and the network's file within reach.

    Example:

        cuntong days recompute --from 2026-03-01 --to 2026-03-31 --network county.npz

        cuntong days recompute --from 2026-03-24 --vehicles 17,18

        cuntong days recompute --resume --dask tcp://scheduler:8786
    """
    from runtime.caches import separate_kernel_cache

    separate_kernel_cache()
    from rich.console import Console

    from ingest import days as vehicle_days
    from runtime.commands.network_use import no_roads
    from runtime.settings import load
    from storage.database import serving
    from storage.migrate import migrate
    from storage.pool import connect

    if resume == (from_day is not None):
        raise typer.BadParameter("name days by --from and --to, or give --resume")
    settings, console = load(data), Console()
    span = _span(from_day, to_day, vehicles)
    with serving(settings.database, settings.data) as dsn:
        migrate(dsn, settings.database)
        with connect(dsn) as conn:
            if network is not None:
                vehicle_days.use_network(conn, network, "", span.first)
            vehicle_days.hold_off_worker(conn)
            tickets = _tickets(conn, span, settings, resume=resume)
            began = time.monotonic()
            done = _compute(conn, tickets, (dsn, settings), (dask, workers), console)
            warning = no_roads(conn)
        _print_outcome(done, len(tickets), time.monotonic() - began, console)
        if warning:
            console.print(warning)
    if done.failed:
        raise typer.Exit(1)


def _span(from_day: datetime | None, to_day: datetime | None, vehicles: str) -> Span:
    from ingest.due_store import Span

    try:
        ids = tuple(int(word) for word in vehicles.split(",") if word.strip())
    except ValueError:
        raise typer.BadParameter(f"{vehicles}: not numbers of vehicles, such as 17,18", param_hint="--vehicles") from None
    if from_day is None:
        return Span(date.min, date.max, ids or None)
    first = from_day.date()
    last = (to_day or from_day).date()
    if last < first:
        raise typer.BadParameter(f"{last} lies before {first}", param_hint="--to")
    return Span(first, last, ids or None)


def _tickets(conn: psycopg.Connection[Any], span: Span, settings: Settings, *, resume: bool) -> list[Ticket]:
    """Marks of the days asked for, or of all that are due."""
    from ingest import days as vehicle_days
    from ingest import due_store

    if not resume:
        vehicle_days.ask(conn, span, _now_ms(), settings.pipeline.settle_min)
    # the database's clock marks and this machine's reads: a minute between them does no harm
    found = due_store.tickets(conn, _now_ms() + 60_000, 0, span)
    conn.commit()
    return found


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _compute(
    conn: psycopg.Connection[Any], tickets: list[Ticket], at: tuple[str, Settings], by: tuple[str | None, int], console: Console
) -> Outcome:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from ingest import days as vehicle_days
    from ingest.day_unit import Place
    from runtime.day_workers import day_workers
    from runtime.processes import stop_on_signals
    from storage.database import archive_folder

    dsn, settings = at
    dask, workers = by
    columns = (TextColumn("vehicle-days"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    stop = stop_on_signals()
    with Progress(*columns, console=console) as bar, day_workers(dask, min(workers, max(len(tickets), 1))) as executor:
        task = bar.add_task("days", total=len(tickets))
        place = Place(dsn, archive_folder(settings.database, settings.data))
        run: Run = vehicle_days.Run(place, progress=lambda done: bar.advance(task, done), stop=stop)
        return vehicle_days.compute_due(conn, tickets, executor, run, _now_ms())


def _print_outcome(done: Outcome, asked: int, seconds: float, console: Console) -> None:
    from rich.table import Table

    replaced = done.replaced
    console.print(
        f"{asked:,} vehicle-days: {replaced.written:,} written, {replaced.unchanged:,} unchanged, {replaced.empty:,} without a fix, "
        f"{len(done.failed):,} failed; {done.fixes:,} fixes, {seconds:,.1f} s, {done.cpu_s:,.1f} CPU-s"
    )
    if done.left or replaced.lost:
        console.print(f"{done.left + replaced.lost:,} are still due: cuntong days recompute --resume")
    if done.failed:
        table = Table("vehicle", "day", "reason", title="not computed, tried again by the worker")
        for one in done.failed:
            table.add_row(", ".join(map(str, one.vehicle_ids)), one.day.isoformat(), one.reason)
        console.print(table)


def show(
    vehicle: Annotated[str, typer.Argument(metavar="VEHICLE", help="Number of the vehicle, or its plate.")],
    day: Annotated[datetime, typer.Argument(metavar="DAY", formats=_FORMATS)],
    data: Data = None,
) -> None:
    """Show a vehicle-day: mileage with its interval and sources, segments, trips.

    Example:

        cuntong days show 17 2026-03-24
    """
    from runtime.day_tables import print_day
    from runtime.settings import load
    from storage.database import serving
    from storage.pool import connect

    settings = load(data)
    with serving(settings.database, settings.data) as dsn, connect(dsn) as conn:
        print_day(conn, vehicle, day.date())
