"""`cuntong lines`: scheduled lines on the road network."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.installation import Data, connected

if TYPE_CHECKING:
    from tracking.line_path import LinePath

_HELP = """Scheduled lines, their timetables, and their ways on the road network.

Example:
    cuntong lines import lines.geojson
    cuntong lines timetable timetable.csv --from 2026-11-01
    cuntong lines snap lines.geojson --network guizhou.npz -o snapped.geojson
"""
_From = Annotated[
    datetime | None, typer.Option("--from", metavar="DAY", formats=["%Y-%m-%d"], help="First day it holds; without it today.")
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help=_HELP, no_args_is_help=True, rich_markup_mode=None)
    group.callback()(lines)
    group.command("snap")(snap)
    group.command("import")(import_file)
    group.command("timetable")(timetable)
    group.command("list")(list_lines)
    app.add_typer(group, name="lines")


def lines() -> None:
    """Scheduled lines on the road network."""


def snap(
    drawings: Annotated[Path, typer.Argument(metavar="LINES", help="GeoJSON: LineStrings with line_id and variant, Points with stop_seq.")],
    network: Annotated[Path, typer.Option(metavar="FILE", help="Road network, .npz of `cuntong network build`.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Lines on the network, GeoJSON.")],
    before: Annotated[Path | None, typer.Option(metavar="FILE", help="Lines as snapped before; those that differ are listed.")] = None,
    profile: Annotated[str, typer.Option(help="bus, coach, truck or dangerous_goods.")] = "bus",
    accuracy_m: Annotated[float, typer.Option(min=1.0, max=100.0, help="How exactly the lines are drawn.")] = 10.0,
) -> None:
    """Lay drawn lines, or lines of stops alone, onto the network; exit code 1 when one is refused.

    Example:
        cuntong lines snap lines.geojson --network guizhou.npz -o snapped.geojson --before snapped-old.geojson
    """
    from runtime.caches import separate_kernel_cache

    separate_kernel_cache()
    from rich.console import Console
    from rich.progress import track

    from domain.errors import RefusedError
    from tracking.network import load
    from tracking.network.line_files import read_drawings, read_lines, write_lines
    from tracking.network.lines import SnapParameters, snap_line

    parameters = SnapParameters(accuracy_m=accuracy_m)
    drawn, roads = read_drawings(drawings), load(network)
    old = {(line.line_id, line.variant): line for line in (read_lines(before) if before else [])}
    laid: list[LinePath] = []
    refused: list[str] = []
    for one in track(drawn, "lines", console=Console(stderr=True)):
        try:
            laid.append(snap_line(one, roads, profile, parameters))
        except RefusedError as error:
            refused.append(str(error))
    write_lines(output, laid, roads)
    _show(laid, old, parameters.moved_m)
    for why in refused:
        Console(stderr=True).print(f"[red]refused:[/red] {why}", highlight=False)
    if refused:
        raise typer.Exit(1)


def _show(laid: list[LinePath], old: dict[tuple[str, str], LinePath], moved_m: float) -> None:
    """A row a line; of those snapped before, how far they moved, marked when a person must look."""
    from rich.console import Console
    from rich.table import Table

    from tracking.network.stop_places import moved

    table = Table(title="Lines", title_justify="left")
    for name in ("line", "variant", "km", "stops", "worst offset m", "moved m"):
        table.add_column(name, justify="left" if name in ("line", "variant") else "right")
    for line in laid:
        said = ""
        if (line.line_id, line.variant) in old:
            metres, lon, lat = moved(old[line.line_id, line.variant], line)
            said = f"{metres:.1f}" + (f" LOOK at {lon:.6f}, {lat:.6f}" if metres > moved_m else "")
        table.add_row(line.line_id, line.variant, f"{line.length_m / 1000:.3f}", str(len(line.stops)), f"{line.worst_offset_m:.1f}", said)
    Console().print(table)


def import_file(
    file: Annotated[Path, typer.Argument(metavar="LINES", help="GeoJSON as for `cuntong lines snap`; name, name_en, kind may be told.")],
    from_day: _From = None,
    data: Data = None,
) -> None:
    """Register lines; the worker lays them on the network of their region, and computes days from the day on again where a way changed.

    Example:
        cuntong lines import lines.geojson
    """
    from operations.lines import import_lines

    with connected(data) as conn:
        done = import_lines(conn, file, _day(from_day))
    typer.echo(f"{done.held} lines, {done.changed} ways new or changed")


def timetable(
    file: Annotated[Path, typer.Argument(metavar="CSV", help="line_id,variant,departs,arrives,plate,plate_colour,weekdays")],
    from_day: _From = None,
    data: Data = None,
) -> None:
    """Replace the timetables of the lines in a file from a day on; days before it keep theirs. A vehicle named serves the line.

    Example:
        cuntong lines timetable timetable.csv --from 2026-11-01
    """
    from operations.lines import import_timetable

    with connected(data) as conn:
        done = import_timetable(conn, file, _day(from_day))
    typer.echo(f"{done.held:,} trips; the timetables of {done.changed} lines changed")


def _day(given: datetime | None) -> date:
    import time

    from domain.units import day_of

    return given.date() if given is not None else day_of(time.time_ns() // 1_000_000)


def list_lines(data: Data = None) -> None:
    """List registered lines with their stops, trips and vehicles, and those that no road carries.

    Example:
        cuntong lines list
    """
    from rich.console import Console
    from rich.table import Table

    from storage.lines import lines as registered

    with connected(data) as conn:
        found = registered(conn)
    table = Table("line", "name", "kind", "variant", "stops", "trips", "vehicles", "on the roads", title=f"{len(found)} ways")
    for row in found:
        state = f"refused: {row.refused}" if row.refused else "yes" if row.laid else "not yet"
        table.add_row(row.code, row.name, row.kind, row.variant, *map(str, (row.stops, row.trips, row.vehicles)), state)
    Console().print(table)
