"""`cuntong rules`: the rules of the road that are judged, their thresholds and sources."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tracking.violations.threshold import Threshold

rules = typer.Typer(no_args_is_help=True, help="Rules of the road, their thresholds and sources.\n\nExample: cuntong rules list")

Day = Annotated[
    datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="Service day; today when left out.", metavar="YYYY-MM-DD")
]
Region = Annotated[str, typer.Option(help="GB/T 2260 code of the vehicle's region.")]


def register(app: typer.Typer) -> None:
    """File the group."""
    app.add_typer(rules, name="rules")


@rules.command("list")
def list_(
    vehicle_class: Annotated[str, typer.Option("--class", help="Vehicle class.")] = "rural_bus", region: Region = "", day: Day = None
) -> None:
    """The rules, and the thresholds in force for a class of vehicles on a day, with their source.

    Values marked ? are not confirmed by a text that was seen; those marked * are our own choice.

    Example:

        cuntong rules list --class line_coach --region 520100 --day 2026-03-01
    """
    from rich.console import Console
    from rich.table import Table

    from tracking.violations import thresholds
    from tracking.violations.model import definition, rule_ids
    from tracking.violations.threshold import Subject

    on = day.date() if day else date.today()
    table = Table(
        "rule", "says", "thresholds", "source", title=f"{vehicle_class}, region {region or 'any'}, {on.isoformat()}", show_lines=True
    )
    for rule_id in rule_ids():
        found = thresholds.pick(thresholds.table(rule_id), on, Subject(region, vehicle_class))
        said = (definition(rule_id).judge.__doc__ or "").split("\n")[0]
        table.add_row(rule_id, said, values(found) if found else "not judged for this class", found.source if found else "")
    Console().print(table)


def values(row: Threshold) -> str:
    """The values of a row as written, one a line, with their marks."""
    marks = {name: "?" for name in row.unconfirmed} | {name: "*" for name in row.ours}
    return "\n".join(f"{name}{marks.get(name, '')} = {value}" for name, value in row.written.items())


@rules.command()
def check() -> None:
    """Read every threshold table; the first fault is told with its rule, row and value, and ends the command with code 1.

    Example:

        cuntong rules check
    """
    from rich.console import Console

    from tracking.violations import thresholds
    from tracking.violations.model import rule_ids

    rows = {rule_id: thresholds.table(rule_id) for rule_id in rule_ids()}
    Console().print(f"{len(rows)} rules, {sum(map(len, rows.values()))} rows of thresholds: nothing to mend")
