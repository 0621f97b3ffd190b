"""`cuntong rules`: the rules of the road that are judged, their thresholds and sources."""

from __future__ import annotations

import re
import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.installation import Data, connected

if TYPE_CHECKING:
    from ingest.judged_day import Episode
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


@rules.command()
def judge(
    vehicle: Annotated[int, typer.Argument(help="Number of the vehicle.")],
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="DAY", help="Asia/Shanghai day.")],
    save: Annotated[
        Path | None, typer.Option(file_okay=False, metavar="FOLDER", help="Write the evidence of each closed episode there.")
    ] = None,
    data: Data = None,
) -> None:
    """What a vehicle broke on a stored day, by all rules that follow a vehicle. Nothing is stored.

    Its fixes are read and matched as the worker does, with the day before and the day after for what lasts over midnight.

    Example:

        cuntong rules judge 17 2026-03-24 --save evidence
    """
    from rich.console import Console
    from rich.table import Table

    from ingest.judged_day import NOT_READ, judge_day
    from runtime.caches import separate_kernel_cache
    from runtime.settings import load

    separate_kernel_cache()
    with connected(data) as conn:
        judged = judge_day(conn, vehicle, day.date(), load(data=data).database.archive_path or Path(), time.time_ns() // 1_000_000)
    table = Table(
        "rule",
        "opened",
        "closed",
        "severity",
        "worst",
        "amount",
        "quality",
        "evidence",
        title=f"vehicle {vehicle}, {day:%Y-%m-%d}, Asia/Shanghai",
    )
    for episode in judged.episodes:
        table.add_row(*_told(episode, _saved(episode, save)))
    console = Console()
    console.print(table if judged.episodes else f"vehicle {vehicle}, {day:%Y-%m-%d}: no breach was found")
    console.print(
        f"{judged.fixes} qualified fixes, {'matched to roads' if judged.roads else 'not matched to roads'}; not read: {', '.join(NOT_READ)}"
    )
    for reason in sorted(set(judged.not_judged.values())):
        console.print(f"not judged ({reason}): {', '.join(rule for rule, why in judged.not_judged.items() if why == reason)}")


SEVERITIES = ("", "notice", "minor", "general", "severe")
QUALITIES = ("good", "partial", "doubtful")


def _saved(episode: Episode, folder: Path | None) -> str:
    """Hash of the evidence, written to the folder when there is one."""
    from tracking.violations.evidence import evidence_hash

    if episode.bundle is None:
        return ""
    name = evidence_hash(episode.bundle)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{episode.rule.rule_id.lower()}-{name[:16]}.evidence").write_bytes(episode.bundle)
    return name


def _clock(t_ms: Any) -> str:
    from domain.units import SHANGHAI, instant

    return instant(int(t_ms)).astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")


def _told(episode: Episode, evidence: str) -> tuple[str, ...]:
    edge, rule = episode.edge, episode.rule
    return (
        rule.rule_id, _clock(edge["opened_ms"]), _clock(edge["t_ms"]) if episode.bundle is not None else "lasts",
        SEVERITIES[int(edge["severity"])], f"{float(edge['peak']):g} {rule.peak}", f"{float(edge['amount']):g} {rule.amount}",
        QUALITIES[int(edge["quality"])], evidence[:16],
    )  # fmt: skip


@rules.command()
def explain(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE.evidence", help="Written by rules judge --save.")],
    sha256: Annotated[str, typer.Option(metavar="HEX", help="Hash that was noted; without it the one in the file's name.")] = "",
) -> None:
    """What an evidence bundle says, whether its bytes are those that its name or --sha256 names, and whether the rule finds the same episode in
    them again; if not the command ends with code 1.

    Example:

        cuntong rules explain evidence/spd-limit-0123456789abcdef.evidence
    """
    from rich.console import Console

    from tracking.violations.evidence import evidence_hash, read, rejudge

    content = file.read_bytes()
    bundle = read(content)
    head, edge, console = bundle.header, bundle.edge[0], Console()
    same = rejudge(bundle)
    console.print(f"{head['rule']} version {head['rule_version']}, {SEVERITIES[int(edge['severity'])]}, {QUALITIES[int(edge['quality'])]}")
    console.print(f"opened {_clock(edge['opened_ms'])}, closed {_clock(edge['t_ms'])} (Asia/Shanghai)")
    console.print(f"{float(edge['peak']):g} {head['peak']}; {float(edge['amount']):g} {head['amount']}")
    console.print(
        f"thresholds {head['threshold_id'][:16]}, {head['source']}: "
        + ", ".join(f"{name} = {value}" for name, value in head["threshold"].items())
    )
    console.print(
        f"{len(bundle.positions)} fixes, margin {head['margin']}; {', '.join(f'{name} {value}' for name, value in head['facts'].items())}"
    )
    named = sha256 or "".join(re.findall(r"-([0-9a-f]{16})\.evidence$", file.name))
    genuine = evidence_hash(content).startswith(named)
    console.print(
        f"sha256 {evidence_hash(content)}" + ("" if genuine else f": [red]NOT {named}, the bytes were changed[/red]"), highlight=False
    )
    console.print("judged again: the same episode" if same else "[red]judged again: NOT the same episode[/red]", highlight=False)
    if not (same and genuine):
        raise typer.Exit(1)
