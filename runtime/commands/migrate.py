"""`cuntong migrate`: bring the schema of the database up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("migrate")(migrate)


def migrate(
    data: Annotated[Path | None, typer.Option(help="Data folder with the embedded database.")] = None,
) -> None:
    """Bring the schema up to date: the embedded database, or the one that CUNTONG_DATABASE_URL names.

    Safe to repeat, and while another process does the same.

    Example:

        cuntong migrate

        CUNTONG_DATABASE_URL=postgresql://postgres@127.0.0.1:25432/postgres cuntong migrate
    """
    from rich.console import Console

    from runtime.settings import load
    from storage.database import serving
    from storage.migrate import migrate as bring_up
    from storage.pool import connect
    from storage.probe import probe

    settings = load(data=data)
    console = Console()
    with serving(settings.database, settings.data) as dsn:
        applied = bring_up(dsn, settings.database)
        with connect(dsn) as conn:
            found = probe(conn)
    server = f"PostgreSQL {found.server // 10_000}.{found.server % 10_000}"
    extension = f"TimescaleDB {found.timescaledb} ({found.licence})" if found.timescaledb else "without TimescaleDB"
    console.print(f"{server}, {extension}")
    for name in applied:
        console.print(f"applied {name}")
    console.print(f"schema is up to date ({len(applied)} applied now)")
