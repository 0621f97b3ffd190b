"""`cuntong users`: who may log in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

users = typer.Typer(no_args_is_help=True, help="Who may log in.\n\nExample: cuntong users add wang.fang --region 520000")

Data = Annotated[Path | None, typer.Option(help="Data folder.")]
Password = Annotated[str | None, typer.Option(envvar="CUNTONG_PASSWORD", help="Asked for when missing.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password and print it once.")]


def register(app: typer.Typer) -> None:
    """File the commands."""
    app.add_typer(users, name="users")


@users.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Login name.")],
    region: Annotated[str, typer.Option(help="GB/T 2260 code whose vehicles the user sees; 100000: the whole country.")] = "100000",
    password: Password = None,
    generate: Generate = False,
    data: Data = None,
) -> None:
    """Make an account.

    Example:

        cuntong users add wang.fang --region 520000 --generate
    """
    from operations.accounts import add_user
    from operations.accounts_store import Grant
    from runtime.settings import load
    from storage.database import serving
    from storage.pool import connect
    from storage.scope import enter, service

    settings = load(data)
    chosen = _password(password, generate)
    with serving(settings.database, settings.data) as dsn, connect(dsn, "app") as conn:
        enter(conn, service("cuntong users"))
        add_user(conn, name, chosen, Grant(region_code=region))
    typer.echo(f"user {name} added" + (f", password {chosen}" if generate else ""))


@users.command("list")
def list_(data: Data = None) -> None:
    """Show all accounts.

    Example:

        cuntong users list
    """
    from rich.console import Console
    from rich.table import Table

    from operations.accounts import list_users
    from runtime.settings import load
    from storage.database import serving
    from storage.pool import connect
    from storage.scope import enter, service

    settings = load(data)
    table = Table("name", "role", "region", "state", "since (UTC)")
    with serving(settings.database, settings.data) as dsn, connect(dsn, "app") as conn:
        enter(conn, service("cuntong users"))
        for user in list_users(conn):
            state = "disabled" if user.disabled else "active"
            table.add_row(user.name, user.role, user.region_code, state, f"{user.created_at:%Y-%m-%d %H:%M}")
    Console().print(table)


@users.command("password")
def password_(
    name: Annotated[str, typer.Argument(help="Login name.")], password: Password = None, generate: Generate = False, data: Data = None
) -> None:
    """Set a new password; it ends all logins of the user and lifts a lock-out.

    Example:

        cuntong users password wang.fang --generate
    """
    import time

    from operations.accounts import set_password
    from runtime.settings import load
    from storage.database import serving
    from storage.pool import connect
    from storage.scope import enter, service

    settings = load(data)
    chosen = _password(password, generate)
    with serving(settings.database, settings.data) as dsn, connect(dsn, "app") as conn:
        enter(conn, service("cuntong users"))
        set_password(conn, name, chosen, time.time_ns() // 1_000_000)
    typer.echo(f"password of {name} changed" + (f" to {chosen}" if generate else ""))


def _password(given: str | None, generate: bool) -> str:
    from operations.accounts import new_password

    if generate:
        return new_password()
    return given if given is not None else str(typer.prompt("password", hide_input=True, confirmation_prompt=True))
