"""`cuntong trace`: from the socket to the row."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from domain.errors import RefusedError

_MOST_S = 24 * 3600.0


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("trace")(trace)


def trace(
    terminal: Annotated[str, typer.Argument(help="Terminal number, with or without leading zeros.")],
    at: Annotated[str, typer.Option(metavar="TIME", help="Time of arrival, ISO 8601; +08:00 without a zone.")],
    seconds: Annotated[float, typer.Option(min=0.001, max=_MOST_S, help="So far before and after.")] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    data: Annotated[Path | None, typer.Option(help="Data folder.")] = None,
) -> None:
    """Follow the frames of a terminal from the connection that brought them, over their place in the log, to the rows that they became.

    A frame without a row under it says nothing that is stored, repeats what is stored, or waits in the log.

    Example:

        cuntong trace 13800138000 --at 2026-05-01T08:00:10 --seconds 5
    """
    from domain.units import SHANGHAI
    from ingest.log.inspect import Selection, inspect
    from ingest.tracing_store import rows_of
    from runtime.settings import load
    from storage.database import serving
    from storage.pool import connect

    try:
        middle = datetime.fromisoformat(at)
        middle = middle if middle.tzinfo is not None else middle.replace(tzinfo=SHANGHAI)
        begin, end = middle - timedelta(seconds=seconds), middle + timedelta(seconds=seconds)
    except (ValueError, OverflowError) as error:
        raise RefusedError(f"--at {at}: {error}; write it as 2026-05-01T08:00:10", field="at") from error
    settings = load(data)
    number = terminal.lstrip("0") or "0"
    selection = Selection(_us(begin), _us(end), number)
    seen = list(inspect(settings.log.path, selection)) if settings.log.path.is_dir() else []
    with serving(settings.database, settings.data) as dsn, connect(dsn, "owner") as conn:
        rows = rows_of(conn, number, begin, end)
    told = []
    for one in seen:
        mine = [
            row
            for row in rows
            if row.position == one.position or (row.position is None and _us(row.received) // 1000 == one.received_us // 1000)
        ]
        rows = [row for row in rows if row not in mine]
        told.append({
            "log": f"{one.worker}:{one.position}", "received_us": one.received_us, "kind": one.kind, "door": one.door,
            "link": ".".join(map(str, one.link)), "message": f"{one.message_id:04x}" if one.message_id is not None else "",
            "rows": [{"table": row.table, "what": row.what} for row in mine],
        })  # fmt: skip
    told += [{"log": "", "received_us": _us(row.received), "rows": [{"table": row.table, "what": row.what}]} for row in rows]
    typer.echo(
        json.dumps(told, ensure_ascii=False, indent=1) if as_json else "\n".join(map(_line, told)) or "nothing of that terminal then"
    )


def _us(when: datetime) -> int:
    from domain.units import instant

    return (when - instant(0)) // timedelta(microseconds=1)


def _line(one: dict[str, Any]) -> str:
    from domain.units import SHANGHAI, instant

    when = instant(one["received_us"] // 1000).astimezone(SHANGHAI).isoformat(timespec="milliseconds")
    head = (
        f"log {one['log']} {one['kind']} by {one['door']}, link {one['link']}, message {one['message'] or '-'}"
        if one["log"]
        else "not in the log any more"
    )
    return "\n".join([f"{when}  {head}", *(f"{'':31}-> {row['table']}: {row['what']}" for row in one["rows"])])
