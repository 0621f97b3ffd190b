"""`cuntong geofence`: geofences from files, and what terminals hold; `cuntong command geofence`: ask terminals to hold them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.commands.command import command, settled, told
from runtime.geofence_tables import print_drawings, print_held, print_history
from runtime.installation import Data, connected

if TYPE_CHECKING:
    import psycopg

    from operations.geofences import Action

geofence = typer.Typer(
    no_args_is_help=True, help="Geofences, and what terminals hold of them.\n\nExample: cuntong geofence import zones.geojson"
)

Name = Annotated[str, typer.Argument(help="Name of the geofence.")]
Terminal = Annotated[str, typer.Argument(help="Terminal id, with or without leading zeros, or the plate of its vehicle.")]
_WHO = "command line"


def register(app: typer.Typer) -> None:
    """File the group, and its command among those to terminals."""
    app.add_typer(geofence, name="geofence")
    if all(one.name != "geofence" for one in command.registered_commands):
        command.command("geofence")(ask)


@geofence.command("import")
def import_(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE.geojson")], data: Data = None) -> None:
    """Store the geofences of a GeoJSON FeatureCollection (WGS-84): all or, when one is bad, none. What changed becomes a new version.

    Point with radius_m: circle; Polygon: polygon, with shape=rectangle a rectangle; LineString with width_m: route. docs/geofences.md has
    all properties. Terminals hear of it by `cuntong command geofence`.

    Example:

        cuntong geofence import zones.geojson
    """
    from rich.console import Console
    from rich.table import Table

    from operations.geofences import import_geofences

    with connected(data) as conn:
        done = import_geofences(conn, file, _WHO)
    if done.bad:
        table = Table("feature", "name", "reason", title=f"{file.name}: nothing imported, {len(done.bad)} bad features")
        for row in done.bad:
            table.add_row(str(row.number), row.name, row.reason)
        Console().print(table)
        raise typer.Exit(1)
    typer.echo(f"{done.held} geofences, {done.changed} new or changed")


@geofence.command("list")
def list_(data: Data = None) -> None:
    """List geofences in use, their newest version, and how many terminals hold them.

    Example:

        cuntong geofence list
    """
    from storage.geofences import listed

    with connected(data) as conn:
        print_drawings(listed(conn))


@geofence.command("show")
def show(
    name: Name,
    as_json: Annotated[bool, typer.Option("--json", help="The newest version as a GeoJSON feature, fit for import.")] = False,
    data: Data = None,
) -> None:
    """Show every version of a geofence and the terminals that hold it; removed ones of that name too.

    Example:

        cuntong geofence show 车站
    """
    from domain.errors import RefusedError
    from operations.geofence_files import feature_of
    from storage.geofences import history, holders

    with connected(data) as conn:
        found = history(conn, name)
        if not found:
            raise RefusedError(f"no geofence {name}; cuntong geofence list shows them", field="name", kind="missing")
        if as_json:
            typer.echo(json.dumps({"type": "FeatureCollection", "features": [feature_of(found[0])]}, ensure_ascii=False, indent=1))
            return
        print_history(found, holders(conn, found[0].geofence_id))


@geofence.command("remove")
def remove(
    name: Name, anyway: Annotated[bool, typer.Option("--anyway", help="Also while terminals hold it.")] = False, data: Data = None
) -> None:
    """Take a geofence out of use; its history stays. Refused while terminals hold it: delete it there first.

    Example:

        cuntong geofence remove 车站
    """
    from operations.geofences import remove as take_out

    with connected(data) as conn:
        one = take_out(conn, name, _WHO, anyway=anyway)
    typer.echo(f"{name}: {one.shape}, {one.version} versions, removed")


@geofence.command("on")
def on(terminal: Terminal, past: Annotated[bool, typer.Option(help="Also what it held once.")] = False, data: Data = None) -> None:
    """Show what a terminal holds, by the commands that it acknowledged and its last answer to 0x8608, and what is under way to it.

    Example:

        cuntong geofence on 13800000001
    """
    from storage.geofences import held, unsettled

    with connected(data) as conn:
        key = _terminal(conn, terminal)
        print_held(held(conn, key, past=past), unsettled(conn, key))


def ask(  # noqa: PLR0913  one option a parameter
    terminal: Terminal,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Geofences; none with --delete or --verify: all.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="In place of the others of the same shape.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Forget them.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Ask what it holds (0x8608, from 2019 on).")] = False,
    most_points: Annotated[int, typer.Option(min=3, max=65_535, help="Drawings with more points are simplified.")] = 2_000,
    tolerance_m: Annotated[float, typer.Option(min=0.0, help="At most so far off; else refused.")] = 10.0,
    expires_s: Annotated[int, typer.Option(min=10, help="An off-line terminal gets it until then, seconds.")] = 86_400,
    wait: Annotated[float, typer.Option(min=0.0, help="Wait so many seconds for the end, then print it; exit code 1 for a failure.")] = 0.0,
    data: Data = None,
) -> None:
    """Have a terminal hold geofences, beside what it holds, or forget them; `cuntong geofence on` shows what came of it.

    Example:

        cuntong command geofence 13800000001 车站 学校 --replace --wait 30
    """
    from operations.geofences import Asking, named, order

    if replace + delete + verify > 1:
        raise typer.BadParameter("one of --replace, --delete and --verify")
    action: Action = "replace" if replace else "delete" if delete else "verify" if verify else "set"
    how = Asking(datetime.now(UTC) + timedelta(seconds=expires_s), _WHO, most_points, tolerance_m)
    with connected(data) as conn:
        key = _terminal(conn, terminal)
        numbers = order(conn, key, action, named(conn, names or []), how)
        conn.commit()
        typer.echo(f"commands {', '.join(map(str, numbers))} queued; cuntong geofence on {key} shows what came of them")
        deadline = time.monotonic() + wait
        found = [one for number in numbers if wait and (one := settled(conn, number, deadline)) is not None]
    for one in found:
        typer.echo(told(one))
    if any(one.state in ("failed", "expired") for one in found):
        raise typer.Exit(1)


def _terminal(conn: psycopg.Connection[Any], said: str) -> str:
    """Terminal id of what a person wrote; RefusedError when a plate names none, or several."""
    from domain.errors import RefusedError
    from storage.registry import terminals_of_plate

    if said.isascii() and all(digit in "0123456789abcdef" for digit in said.lower()):
        return said.lower().lstrip("0") or "0"
    found = terminals_of_plate(conn, said)
    if len(found) != 1:
        why = (
            f"terminals {', '.join(found)} have it: name one of them"
            if found
            else "cuntong registry list shows vehicles with their terminals"
        )
        raise RefusedError(f"plate {said} names no one terminal; {why}", field="terminal", kind="missing")
    return found[0]
