"""`cuntong replay`: recorded frames again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("replay")(replay)


def replay(
    file: Annotated[Path, typer.Argument(help="Spool folder, segment, hex lines, packet dump as text, or JSON with `hex`.")],
    data: Annotated[Path | None, typer.Option(help="Data folder whose log is written.")] = None,
    speed: Annotated[float | None, typer.Option(help="Times faster than recorded: 1, 10, 0.5.")] = None,
    now: Annotated[bool, typer.Option("--now", help="As fast as possible (the default).")] = False,
    into: Annotated[str | None, typer.Option(help="log (the default): the pipeline stores it; again adds no row.")] = None,
    to: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="A gateway: one link a terminal, registered and authenticated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what the frames say; change nothing.")] = False,
    correct: Annotated[bool, typer.Option("--correct", help="Into the log: what is read otherwise now replaces what is stored.")] = False,
) -> None:
    """Replay recorded frames into the log, or over sockets to a gateway.

    Example:

        cuntong replay data/spool --to 127.0.0.1:7611 --speed 10
        cuntong replay frames.json --dry-run
        cuntong replay backup/spool --correct
    """
    from domain.errors import RefusedError
    from runtime.logs import configure

    if speed is not None and now:
        raise RefusedError("--speed and --now exclude each other", field="speed")
    if to is not None and (into is not None or correct):
        raise RefusedError("--to sends over sockets; --into and --correct concern the log", field="to")
    if into not in (None, "log"):
        raise RefusedError(f"--into {into}: only log is possible", field="into")
    configure()
    if dry_run:
        _print(file)
    elif to is not None:
        _send(file, to, speed)
    else:
        _append(file, data, speed, correct)


def _print(file: Path) -> None:
    from rich.console import Console

    from ingest.replay import decoded

    console = Console(soft_wrap=True, highlight=False)
    stored = refused = 0
    for fix in decoded(file):
        if fix.reason:
            refused += 1
            console.print(f"{fix.terminal_id or '-'} refused: {fix.reason}")
        else:
            stored += 1
            console.print(
                f"{fix.terminal_id} {fix.time} {fix.latitude:.6f} {fix.longitude:.6f} {fix.speed_kmh:.1f} km/h {fix.heading_deg}°"
            )
    console.print(f"{stored} fixes, {refused} frames or items refused; nothing was changed")


def _send(file: Path, to: str, speed: float | None) -> None:
    import asyncio

    from rich.console import Console

    from domain.errors import RefusedError, StoreError
    from ingest.replay_links import to_gateway

    host, _, port = to.rpartition(":")
    if not host or not port.isdecimal():
        raise RefusedError(f"--to {to}: expected HOST:PORT", field="to")
    sent = asyncio.run(to_gateway(file, (host, int(port)), speed=speed))
    Console().print(
        f"{sent.terminals} terminals, {sent.frames} frames sent, {sent.acknowledged} acknowledged, {sent.refused} refused, "
        f"{sent.unreadable} without a readable header",
        highlight=False,
    )
    if sent.failed:
        raise StoreError(f"{len(sent.failed)} links failed, first of terminal {sent.failed[0]}: is the gateway running at {to}?")


def _append(file: Path, data: Path | None, speed: float | None, correct: bool) -> None:
    import asyncio
    import time

    from rich.console import Console

    from ingest.replay import into_log
    from runtime.settings import load

    settings = load(data)
    count = asyncio.run(into_log(file, settings.log, speed=speed, correct=correct, now_us=lambda: time.time_ns() // 1000))
    Console().print(f"{count} frames are durable in the log; the pipeline stores them, once each", highlight=False)
