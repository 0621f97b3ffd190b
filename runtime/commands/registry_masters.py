"""`cuntong registry`: files of every kind, steps of the life cycle, what ends soon, the data dictionary."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from runtime.installation import Data, connected

KindName = Annotated[str, typer.Argument(help="operators, vehicles, drivers, terminals, lines, stations, stops, permits, schools ...")]


def register(registry: typer.Typer) -> None:
    """File the commands in the group."""
    registry.command("load")(load)
    registry.command("template")(template)
    registry.command("act")(act)
    registry.command("expiring")(expiring)
    registry.command("dictionary")(dictionary)


def load(
    kind: KindName,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    report: Annotated[Path | None, typer.Option(help="Write the faults to this file, .csv or .xlsx.")] = None,
    data: Data = None,
) -> None:
    """Import a CSV or xlsx file of one kind: all rows or, when one is bad, none. What is imported so is in force at once.

    Example:

        cuntong registry load drivers drivers.xlsx --report faults.xlsx
    """
    from rich.console import Console
    from rich.table import Table

    from operations.registry import templates
    from operations.registry.entities import kind_of
    from operations.registry.importing import import_file
    from runtime.settings import load as settings_of
    from storage.sealing import load_sealer

    chosen, console = kind_of(kind), Console()
    sealer = load_sealer(settings_of(data=data).web.personal_key_file)
    with connected(data) as conn, console.status("reading") as status:

        def progress(what: str, done: int) -> None:
            status.update(f"{what}: {done} rows")

        told = import_file(conn, chosen, file.read_bytes(), file.name, sealer, datetime.now(UTC), progress)
    if not told.bad:
        console.print(f"{told.rows} rows: {told.made} {kind} made, {told.changed} changed, {told.bound} terminals bound")
        return
    table = Table("line", "column", "reason", title=f"{file.name}: nothing imported, {len(told.bad)} faults")
    for row in told.bad[:200]:
        table.add_row(str(row.line), row.column, row.reason)
    console.print(table)
    if report is not None:
        report.write_bytes(templates.report(told.bad, xlsx=report.suffix.lower() == ".xlsx"))
        console.print(f"all faults: {report}")
    raise typer.Exit(1)


def template(
    kind: KindName, xlsx: Annotated[bool, typer.Option("--xlsx", help="xlsx instead of CSV.")] = False, out: Path | None = None
) -> None:
    """Write an empty file of a kind to fill in, with its headings.

    Example:

        cuntong registry template vehicles --xlsx
    """
    from operations.registry import templates
    from operations.registry.entities import kind_of

    path = out or Path(f"{kind}.{'xlsx' if xlsx else 'csv'}")
    path.write_bytes(templates.template(kind_of(kind), xlsx=xlsx))
    typer.echo(f"wrote {path}")


def act(
    kind: KindName,
    key: str,
    step: Annotated[str, typer.Argument(help="submit, withdraw, review, return, approve, suspend, resume, revoke, restore")],
    as_: Annotated[str, typer.Option("--as", help="Login name of who takes the step.")],
    reason: str | None = None,
    data: Data = None,
) -> None:
    """Take a step of the life cycle of an entity as an account: its scope and the four eyes hold as on the screens.

    Example:

        cuntong registry act vehicles 17 approve --as li.na
    """
    from domain.errors import RefusedError
    from operations.registry import acting, masters
    from operations.registry.entities import kind_of
    from operations.registry.standing import act_of
    from operations.rights import rights_of

    chosen, right = kind_of(kind), act_of(step).right
    number: Any = key if chosen.word == "terminals" else int(key) if key.isdecimal() and len(key) < 10 else 0
    with connected(data) as conn:
        who = acting.scope_of(conn, as_)
        if (chosen.write if right == "write" else right) not in rights_of(who.role):
            raise RefusedError(f"{as_} ({who.role}) may not {step}", field="as", kind="forbidden")
        acting.act_as(conn, who)
        row = masters.act(conn, chosen, number, step, reason)
    typer.echo(f"{chosen.table} {key} is {row['standing']}")


def expiring(days: Annotated[int, typer.Option(help="So many days ahead.")] = 30, data: Data = None) -> None:
    """List permits, licences, qualifications and inspections that end soon or have ended.

    Example:

        cuntong registry expiring --days 60
    """
    from rich.console import Console
    from rich.table import Table

    from domain.units import day_of, epoch_ms
    from operations.registry.watching import ending

    with connected(data) as conn:
        found = ending(conn, day_of(epoch_ms(datetime.now(UTC))), days)
    table = Table("ends on", "kind", "key", "name", "what", "standing", title=f"{len(found)} end within {days} days or have ended")
    for one in found:
        table.add_row(one.ends_on.isoformat(), one.kind, one.key, one.name, one.field, one.standing)
    Console().print(table)


def dictionary(data: Data = None) -> None:
    """Print the data dictionary of the schema (Markdown).

    Example:

        cuntong registry dictionary > docs/warehouse.md
    """
    from operations.registry.dictionary import dictionary as told

    with connected(data) as conn:
        typer.echo(told(conn), nl=False)
