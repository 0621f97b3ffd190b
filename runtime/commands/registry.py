"""`cuntong registry`: operators, vehicles, terminals."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.commands import registry_masters
from runtime.installation import Data, connected

if TYPE_CHECKING:
    pass


def register(app: typer.Typer) -> None:
    """File the group of commands."""
    registry = typer.Typer(help="Operators, vehicles and terminals.", no_args_is_help=True)
    registry.command("import")(import_registry)
    registry.command("list")(list_registry)
    registry.command("revoke")(revoke)
    registry.command("restore")(restore)
    registry_masters.register(registry)
    app.add_typer(registry, name="registry")


def import_registry(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], data: Data = None) -> None:
    """Import vehicles, operators and terminals from a CSV file: all rows or, when one is bad, none.

    Columns: plate, plate_colour (code or blue, yellow, green ...), and optionally terminal_id, operator, vehicle_class, region_code,
    dangerous_goods, profile, given_code.

    Example:

        cuntong registry import fleet.csv
    """
    from rich.console import Console
    from rich.table import Table

    from operations.registry.fleet import import_csv

    with connected(data) as conn:
        done = import_csv(conn, file, datetime.now(UTC))
    console = Console()
    if done.bad:
        table = Table("line", "column", "reason", title=f"{file.name}: nothing imported, {len(done.bad)} faults")
        for row in done.bad:
            table.add_row(str(row.line), row.column, row.reason)
        console.print(table)
        raise typer.Exit(1)
    console.print(f"imported {done.vehicles} vehicles, {done.terminals} terminals, {done.operators} operators")


def list_registry(data: Data = None) -> None:
    """List vehicles with their terminals.

    Example:

        cuntong registry list
    """
    from rich.console import Console
    from rich.table import Table

    from domain.plate import PLATE_COLOURS
    from storage.registry import operators, roster, vehicles

    with connected(data) as conn:
        names = {operator.operator_id: operator.name for operator in operators(conn)}
        found, terminals = vehicles(conn), roster(conn)
    table = Table("vehicle", "plate", "colour", "class", "state", "operator", "region", "terminal", title=f"{len(found)} vehicles")
    for row in found:
        colour = PLATE_COLOURS.get(row.plate_colour, str(row.plate_colour)) if row.plate_colour is not None else "-"
        table.add_row(
            str(row.vehicle_id), row.plate or "-", colour, row.vehicle_class, row.state, names.get(row.operator_id or 0, "-"),
            row.region_code or "-", row.terminal_id or "-",
        )  # fmt: skip
    console = Console()
    console.print(table)
    loose = [row.terminal_id for row in terminals if row.vehicle_id is None]
    gone = [row.terminal_id for row in terminals if row.state == "revoked"]
    console.print(f"{len(terminals)} terminals; without a vehicle: {', '.join(loose) or 'none'}; revoked: {', '.join(gone) or 'none'}")


def revoke(terminal_id: str, data: Data = None) -> None:
    """Revoke a terminal: its auth code is refused from now on.

    Example:

        cuntong registry revoke 13900000001
    """
    from operations.registry.fleet import bare
    from operations.registry.fleet import revoke as withdraw

    with connected(data) as conn:
        withdraw(conn, terminal_id)
    typer.echo(f"terminal {bare(terminal_id)} is revoked")


def restore(terminal_id: str, data: Data = None) -> None:
    """Let a revoked terminal register again; it gets a new auth code.

    Example:

        cuntong registry restore 13900000001
    """
    from operations.registry.fleet import bare
    from operations.registry.fleet import restore as let_in

    with connected(data) as conn:
        let_in(conn, terminal_id)
    typer.echo(f"terminal {bare(terminal_id)} may register again")
