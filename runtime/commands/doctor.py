"""`cuntong doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("doctor")(doctor)


def doctor(
    data: Annotated[Path | None, typer.Option(help="Data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Check this deployment and say what to mend: settings, disk, keys, ports, TLS, backups, database, roles, log, days, roads, archive.

    Exit code 1 when something fails; warnings alone give 0.

    Example:

        cuntong doctor --json
    """
    from runtime.doctor.examining import examine

    found = examine(data)
    failed = sum(one.state == "fail" for one in found)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
    else:
        for one in found:
            typer.echo(one.line())
        typer.echo(f"{len(found)} checks: {failed} fail, {sum(one.state == 'warn' for one in found)} warn")
    if failed:
        raise typer.Exit(1)
