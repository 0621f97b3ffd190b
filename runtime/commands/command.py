"""`cuntong command`: ask something of terminals, and what became of it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.installation import Data, connected

if TYPE_CHECKING:
    import psycopg

    from storage.terminal_commands import Command

command = typer.Typer(no_args_is_help=True, help="Commands to terminals.\n\nExample: cuntong command send 13800000001 0x8201 --wait 30")

Message = Annotated[str, typer.Argument(help="Message id, such as 0x8300; `cuntong command form` shows its fields.")]
Terminal = Annotated[str, typer.Argument(help="Terminal id, with or without leading zeros.")]


def register(app: typer.Typer) -> None:
    """File the commands."""
    app.add_typer(command, name="command")


@command.command("send")
def send(
    terminal: Terminal,
    message: Message,
    field: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A field; numbers, text, or JSON. Repeat it.")] = None,
    expires_s: Annotated[int, typer.Option(min=10, help="An off-line terminal gets it until then, seconds.")] = 86_400,
    wait: Annotated[float, typer.Option(min=0.0, help="Wait so many seconds for the end, then print it.")] = 0.0,
    data: Data = None,
) -> None:
    """Ask a terminal to do something. Exit code 1 when it failed or expired while waited for.

    Example:

        cuntong command send 13800000001 0x8300 --field flag_bits=4 --field text_type=1 --field text=前方拥堵 --wait 30
    """
    from protocols.jt808.forms import command_of
    from storage import terminal_commands as stored

    message_id, fields = _number(message), dict(_field(one) for one in field or [])
    command_of(message_id, fields)
    key, expires_at = terminal.lstrip("0") or "0", datetime.now(UTC) + timedelta(seconds=expires_s)
    with connected(data) as conn:
        number = stored.ask(conn, key, message_id, fields, expires_at=expires_at, asked_by="command line")
        conn.commit()
        typer.echo(f"command {number} queued")
        found = settled(conn, number, time.monotonic() + wait)
    if wait and found is not None:
        typer.echo(told(found))
        raise typer.Exit(0 if found.state not in ("failed", "expired") else 1)


def settled(conn: psycopg.Connection[Any], number: int, deadline: float) -> Command | None:
    """A command once it has ended, or as it is at the deadline (monotonic seconds); None when there is none."""
    from storage import terminal_commands as stored

    found = stored.one(conn, number)
    while found is not None and found.done_at is None and time.monotonic() < deadline:
        conn.commit()
        time.sleep(0.1)
        found = stored.one(conn, number)
    return found


@command.command("list")
def list_(
    terminal: Terminal, limit: Annotated[int, typer.Option(min=1, max=500, help="The newest so many.")] = 20, data: Data = None
) -> None:
    """Show the commands of a terminal.

    Example:

        cuntong command list 13800000001
    """
    from storage import terminal_commands as stored

    with connected(data) as conn:
        rows = stored.of_terminal(conn, terminal.lstrip("0") or "0", limit)
    for one in rows:
        typer.echo(told(one))
    if not rows:
        typer.echo("no commands")


@command.command("form")
def form(message: Message, version: Annotated[str, typer.Option(help="Edition of JT/T 808: 2011, 2013 or 2019.")] = "2019") -> None:
    """Print the JSON schema of a message's fields.

    Example:

        cuntong command form 0x8300
    """
    from protocols.schemas import json_schema

    typer.echo(json.dumps(json_schema(_number(message), version), ensure_ascii=False, indent=1))


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no message id; write it like 0x8300") from None


def _field(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def told(one: Command) -> str:
    """A command as one line."""
    parts = [f"{one.command_id}", f"0x{one.message_id:04X}", one.state, f"{one.created_at:%Y-%m-%d %H:%M:%S}Z", one.reason]
    if one.answer is not None:
        parts.append(json.dumps(one.answer, ensure_ascii=False))
    return "  ".join(part for part in parts if part)
