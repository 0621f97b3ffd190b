"""`cuntong audit`: what people did, and whether anybody rewrote it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import RefusedError
from runtime.installation import Data, connected

if TYPE_CHECKING:
    from storage.audit import Head

_BROKEN = 3

Stream = Annotated[str | None, typer.Option(help="One chain only: identity, registry, personal, region, command, export …")]
Known = Annotated[
    list[str] | None,
    typer.Option("--head", metavar="STREAM:NUMBER:HASH", help="An end printed earlier by `heads` or on a document; may be given often."),
]


def register(app: typer.Typer) -> None:
    """File the group of commands."""
    group = typer.Typer(help="What people did.\n\nExample: cuntong audit verify", no_args_is_help=True)
    group.command("verify")(verify)
    group.command("heads")(heads)
    group.command("list")(list_)
    app.add_typer(group, name="audit")


def verify(head: Known = None, data: Data = None) -> None:
    """Check every row of every chain; names the first broken row of each and ends with code 3.

    Example:

        cuntong audit verify --head registry:1204:9f2c…
    """
    from storage import audit

    known = dict(_known(text) for text in head or ())
    with connected(data) as conn:
        conn.execute("set transaction isolation level repeatable read")
        broken, held = audit.verify(conn, known)
    faults = {fault.stream: fault for fault in broken}
    for stream, count in held.items():
        fault = faults.get(stream)
        typer.echo(f"{stream}: {count} rows hold" + (f", row {fault.seq} {fault.reason}" if fault else ""))
    if broken:
        typer.echo("the log was changed: keep the database as it is, compare with a backup, and tell who is in charge", err=True)
        raise typer.Exit(_BROKEN)
    if not held:
        typer.echo("the log is empty")


def heads(data: Data = None) -> None:
    """Print the end of each chain: print it, keep it elsewhere, and give it to `verify` later.

    Example:

        cuntong audit heads
    """
    from storage import audit

    with connected(data) as conn:
        for one in audit.heads(conn):
            typer.echo(f"{one.stream}:{one.seq}:{one.hash.hex()}")


def list_(
    stream: Stream = None,
    actor: Annotated[str | None, typer.Option(help="Login name.")] = None,
    object_: Annotated[str | None, typer.Option("--object", help="Such as vehicle:12.")] = None,
    since: Annotated[datetime | None, typer.Option(help="First time, UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    data: Data = None,
) -> None:
    """Show the newest acts first.

    Example:

        cuntong audit list --stream registry --actor wang.fang
    """
    from rich.console import Console
    from rich.table import Table

    from storage import audit

    table = Table("time (UTC)", "stream", "number", "who", "role", "act", "object", "told")
    with connected(data) as conn:
        for row in audit.newest(conn, audit.Wanted(stream, actor, object_, None, since.replace(tzinfo=UTC) if since else None), limit):
            table.add_row(row.at, row.stream, str(row.seq), row.actor, row.role, row.action, row.object, row.payload)
    Console().print(table)


def _known(text: str) -> tuple[str, Head]:
    from storage.audit import Head

    stream, _, rest = text.partition(":")
    number, _, digest = rest.partition(":")
    try:
        return stream, Head(stream, int(number), bytes.fromhex(digest))
    except ValueError as error:
        raise RefusedError(f"head {text!r} is not of the form STREAM:NUMBER:HASH, as `cuntong audit heads` prints it") from error
