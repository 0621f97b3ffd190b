"""`cuntong vectors`: decode a file of frames and compare with what it expects."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from protocols.reference import Difference, Listed, Outcome

DIFFERENCES = Path("tests/vectors/differences.toml")


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("vectors")(vectors)


def vectors(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON array of vectors.")],
    differences: Annotated[Path, typer.Option(help="Known differences, each with its reason.")] = DIFFERENCES,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Decode every frame of a file, and compare field by field with the values beside it.

    Exit code 1 when a difference is not listed with its reason, when a listed one is gone, or when a frame fails.
    Messages that are not implemented yet count as "not covered yet": of these the header is compared.

    Example:

        cuntong vectors frames.json

        cuntong vectors frames.json --json > report.json
    """
    from protocols.reference import Listed, against_list, compare, tally

    outcomes, failed = [], []
    for vector in json.loads(file.read_text("utf-8")):
        try:
            outcomes.append(compare(vector))
        except (KeyError, TypeError, ValueError) as error:
            failed.append({"vector": str(vector.get("id", "?")) if isinstance(vector, dict) else "?", "error": repr(error)})
    listed = [Listed(**row) for row in tomllib.loads(differences.read_text("utf-8"))["difference"]] if differences.exists() else []
    unlisted, stale = against_list(outcomes, listed)
    counts = {"matched": 0, "differs": 0, "not covered yet": 0, **tally(outcomes), "failed": len(failed)}
    bad = bool(unlisted or stale or failed)
    if as_json:
        typer.echo(json.dumps(_report(counts, outcomes, unlisted, stale, failed), ensure_ascii=False, indent=1))
    else:
        _print(counts, outcomes, listed, unlisted, stale, failed)
    raise typer.Exit(1 if bad else 0)


def _report(
    counts: dict[str, int], outcomes: list[Outcome], unlisted: list[Difference], stale: list[Listed], failed: list[dict[str, str]]
) -> dict[str, Any]:
    def row(odd: Difference | Listed) -> dict[str, str]:
        return {"vector": odd.vector, "field": odd.field, "ours": odd.ours, "theirs": odd.theirs}

    return {
        "counts": counts,
        "differences": [row(odd) for outcome in outcomes for odd in outcome.differences],
        "unlisted": [row(odd) for odd in unlisted],
        "stale": [row(odd) for odd in stale],
        "failed": failed,
        "outcomes": {outcome.vector: outcome.status for outcome in outcomes},
    }


def _print(
    counts: dict[str, int],
    outcomes: list[Outcome],
    listed: list[Listed],
    unlisted: list[Difference],
    stale: list[Listed],
    failed: list[dict[str, str]],
) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(soft_wrap=True, highlight=False)
    reasons = {(row.vector, row.field): row.reason for row in listed}
    for outcome in outcomes:
        for odd in outcome.differences:
            console.print(f"[bold]{odd.vector}[/] {odd.field}: ours {escape(_short(odd.ours))}, theirs {escape(_short(odd.theirs))}")
            reason = "[bold red]not listed[/]" if odd in unlisted else escape(reasons[odd.vector, odd.field])
            console.print(f"    {reason}")
    for row in stale:
        console.print(f"[bold red]listed, but no longer so:[/] {row.vector} {row.field}")
    for row_failed in failed:
        console.print(f"[bold red]failed:[/] {row_failed['vector']} {row_failed['error']}")
    total = sum(counts.values())
    words = ", ".join(f"{count} {name}" for name, count in counts.items())
    console.print(f"{total} vectors: {words}; {len(unlisted)} differences not listed")


def _short(value: str) -> str:
    """A value on one line, control characters shown, cut at 60 characters."""
    shown = value if value.isprintable() else repr(value)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
