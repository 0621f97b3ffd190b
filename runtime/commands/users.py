"""`cuntong users`: who may log in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import psycopg

users = typer.Typer(no_args_is_help=True, help="Who may log in.\n\nExample: cuntong users add wang.fang --role regulator --region 520000")

Data = Annotated[Path | None, typer.Option(help="Data folder.")]
Name = Annotated[str, typer.Argument(help="Login name.")]
Password = Annotated[str | None, typer.Option(envvar="CUNTONG_PASSWORD", help="Asked for when missing.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password and print it once.")]


def register(app: typer.Typer) -> None:
    """File the commands."""
    app.add_typer(users, name="users")


@contextmanager
def _database(data: Path | None) -> Iterator[psycopg.Connection[Any]]:
    """A transaction as the program itself; its acts stand in the audit log."""
    import getpass

    from runtime.settings import load
    from storage.database import serving
    from storage.pool import connect
    from storage.scope import enter, service

    settings = load(data)
    with serving(settings.database, settings.data) as dsn, connect(dsn, "app") as conn:
        enter(conn, service(f"cuntong users ({getpass.getuser()})"))
        yield conn


@users.command("add")
def add(  # noqa: PLR0913 - one argument an option
    name: Name,
    role: Annotated[str, typer.Option(help="regulator, platform, operator, driver, finance, station, tester, admin, …")] = "admin",
    region: Annotated[str, typer.Option(help="GB/T 2260 code whose subtree the user sees; 100000: the whole country.")] = "100000",
    operator: Annotated[int | None, typer.Option(help="Only this operator's vehicles; needed for role operator.")] = None,
    person: Annotated[int | None, typer.Option(help="The person's own record; needed for role driver.")] = None,
    unmask: Annotated[bool, typer.Option("--unmask", help="May see personal data in clear; every look is noted.")] = False,
    password: Password = None,
    generate: Generate = False,
    data: Data = None,
) -> None:
    """Make an account: one role, over one region's subtree.

    Example:

        cuntong users add wang.fang --role regulator --region 520000 --generate
    """
    from operations.accounts import add_user
    from operations.accounts_store import Grant

    chosen = _password(password, generate)
    with _database(data) as conn:
        add_user(conn, name, chosen, Grant(role, region, operator, person, unmask))
    typer.echo(f"user {name} added" + (f", password {chosen}" if generate else ""))


@users.command("list")
def list_(data: Data = None) -> None:
    """Show all accounts.

    Example:

        cuntong users list
    """
    from rich.console import Console
    from rich.table import Column, Table

    from operations.accounts import list_users

    table = Table("id", Column("name", no_wrap=True), "role", "region", "operator", "person", "unmask", "state", "since (UTC)")
    with _database(data) as conn:
        for user in list_users(conn):
            said = (user.operator_id, user.person_id, "yes" if user.unmask else None)
            state = "disabled" if user.disabled else "active"
            rest = ("" if one is None else str(one) for one in said)
            table.add_row(str(user.user_id), user.name, user.role, user.region_code, *rest, state, f"{user.created_at:%Y-%m-%d %H:%M}")
    Console().print(table)


@users.command("disable")
def disable(name: Name, data: Data = None) -> None:
    """No login, token or key of the account works from now on.

    Example:

        cuntong users disable wang.fang
    """
    _switch(name, True, data)
    typer.echo(f"user {name} disabled")


@users.command("enable")
def enable(name: Name, data: Data = None) -> None:
    """The account may log in again; logins that were ended stay so.

    Example:

        cuntong users enable wang.fang
    """
    _switch(name, False, data)
    typer.echo(f"user {name} enabled")


@users.command("password")
def password_(name: Name, password: Password = None, generate: Generate = False, data: Data = None) -> None:
    """Set a new password; it ends all logins of the user and lifts a lock-out.

    Example:

        cuntong users password wang.fang --generate
    """
    from operations.accounts import set_password

    chosen = _password(password, generate)
    with _database(data) as conn:
        set_password(conn, name, chosen, _now_ms())
    typer.echo(f"password of {name} changed" + (f" to {chosen}" if generate else ""))


@users.command("sessions")
def sessions(name: Name, data: Data = None) -> None:
    """Show the logins of a user that stand, and the API keys.

    Example:

        cuntong users sessions wang.fang
    """
    from rich.console import Console
    from rich.table import Column, Table

    from domain.units import instant
    from operations import accounts, identity_keys_store, identity_store

    table = Table(Column("id", no_wrap=True), "kind", "from", "since (UTC)", "used (UTC)", "until (UTC)")
    with _database(data) as conn:
        found = accounts.named(conn, name)
        for one in identity_store.sessions(conn, found.user_id, instant(_now_ms()), None, 1000):
            times = (f"{at:%Y-%m-%d %H:%M}" for at in (one.created_at, one.used_at, one.expires_at))
            table.add_row(str(one.session_id), one.kind, one.address, *times)
        for key in identity_keys_store.keys(conn, found.user_id, "", 1000):
            used = f"{key.used_at:%Y-%m-%d %H:%M}" if key.used_at else "never"
            until = f"{key.expires_at:%Y-%m-%d %H:%M}"
            table.add_row(key.key_id, "key", key.used_from or "", f"{key.created_at:%Y-%m-%d %H:%M}", used, until)
    Console().print(table)


@users.command("revoke")
def revoke(
    name: Name,
    session: Annotated[
        str | None, typer.Option(help="One login or key, by the id that `cuntong users sessions` shows; all without it.")
    ] = None,
    data: Data = None,
) -> None:
    """End logins and API keys of a user, in every process at once.

    Example:

        cuntong users revoke wang.fang
    """
    from operations import accounts

    with _database(data) as conn:
        ended = accounts.end_everything(conn, accounts.named(conn, name).user_id, _now_ms(), only=session)
    typer.echo(f"{ended} logins and keys of {name} ended")


@users.command("totp")
def totp(
    name: Name,
    reset: Annotated[bool, typer.Option("--reset", help="End the second factor of somebody who lost the authenticator.")] = False,
    data: Data = None,
) -> None:
    """Show whether a second factor is in force, or end it. The user enrols a new one after logging in.

    Example:

        cuntong users totp wang.fang --reset
    """
    from operations import accounts, accounts_store, identity_totp

    with _database(data) as conn:
        found = accounts.named(conn, name)
        if reset:
            identity_totp.reset(conn, found.user_id)
        kept = accounts_store.secret(conn, found.user_id)
        since = kept.totp_confirmed_at if kept else None
    typer.echo(f"second factor of {name}: " + (f"in force since {since:%Y-%m-%d %H:%M} UTC" if since else "none"))


def _switch(name: str, disabled: bool, data: Path | None) -> None:
    from operations import accounts

    with _database(data) as conn:
        found = accounts.named(conn, name)
        accounts.change(conn, found.user_id, found.grant, disabled, _now_ms())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _password(given: str | None, generate: bool) -> str:
    from operations.accounts import new_password

    if generate:
        return new_password()
    return given if given is not None else str(typer.prompt("password", hide_input=True, confirmation_prompt=True))
