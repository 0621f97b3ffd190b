"""The installation that a command means: its data folder, and its database."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import psycopg

Data = Annotated[Path | None, typer.Option(help="Data folder with the embedded database.")]


@contextmanager
def connected(data: Path | None) -> Iterator[psycopg.Connection[Any]]:
    """Owner's connection to the migrated database of the installation; committed at the end. Writes are told as the person's at the machine."""
    from runtime.settings import load
    from storage.database import serving
    from storage.migrate import migrate
    from storage.pool import connect
    from storage.scope import name_actor

    settings = load(data=data)
    with serving(settings.database, settings.data) as dsn:
        migrate(dsn, settings.database)
        with connect(dsn) as conn:
            name_actor(conn, f"command:{getpass.getuser()}")
            yield conn
