"""`cuntong explain`: every byte of a frame with its name and value."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from protocols.explain import ExplainedFrame


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("explain")(explain)


def explain(
    hexadecimal: Annotated[str, typer.Argument(metavar="HEX", help="Frames as hexadecimal, or - for standard input.")] = "-",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    language: Annotated[str, typer.Option(help="Language of the names: en or zh.")] = "en",
    profile: Annotated[str, typer.Option(help="How the terminal speaks.")] = "standard",
    keys: Annotated[str, typer.Option(help="Key constants of a JT/T 809 platform: M1,IA1,IC1.")] = "",
    docs: Annotated[Path | None, typer.Option(help="Write the documents of all messages into this folder instead.")] = None,
) -> None:
    """Explain frames of JT/T 808 and 809, packets of JT/T 1078 streams and alarm attachments, or bytes of a recorder (AA 75, 55 7A).

    One row a field, with offset, bytes, name, value, unit, names of bits, and what is wrong. The profiles that fit are named.

    Exit code 1 when a frame, or a fix in it, would be dropped.

    Example:

        cuntong explain 7E0002000001391234432900007A7E

        cuntong explain 557A0000020012003F

        cuntong explain --language zh --json - < frames.hex
    """
    from domain.errors import RefusedError
    from protocols import explain as explaining
    from protocols.documents import documents
    from protocols.jt808 import profile_folder
    from protocols.jt808.profile import PROFILES
    from protocols.jt809.cipher import CipherKeys
    from protocols.jt809.peer import Peer
    from runtime.settings import load

    if docs is not None:
        docs.mkdir(parents=True, exist_ok=True)
        for name, text in documents().items():
            (docs / name).write_text(text, "utf-8")
        return
    profile_folder.add(load().gateway.profiles_path)
    if profile not in PROFILES:
        raise typer.BadParameter(f"no profile {profile!r}, one of {', '.join(PROFILES)}")
    try:
        m1, ia1, ic1 = (int(part) for part in keys.split(",")) if keys else (0, 0, 0)
    except ValueError as error:
        raise typer.BadParameter("keys are three numbers: M1,IA1,IC1") from error
    peer = Peer(keys=CipherKeys(m1, ia1, ic1) if keys else None, profile=PROFILES[profile])
    try:
        text = sys.stdin.read() if hexadecimal == "-" else hexadecimal
        explained = explaining.explain(text, PROFILES[profile], language, peer=peer)
    except RefusedError as error:
        raise typer.BadParameter(str(error)) from error
    if as_json:
        typer.echo(json.dumps(explained.as_json(language), ensure_ascii=False, indent=1))
    else:
        for frame in explained.frames:
            _print(frame, language)
    raise typer.Exit(1 if explained.dropped else 0)


def _print(frame: ExplainedFrame, language: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from protocols.anomaly_words import detail_in

    table = Table("offset", "bytes", "field", "name", "value", "", title=frame.title, title_justify="left")
    for row in frame.rows:
        shown = row.raw.hex(" ") if len(row.raw) <= 16 else f"{row.raw[:16].hex(' ')} … {len(row.raw)}"
        odd = f"[bold red]{', '.join(row.anomalies)}[/]" if row.anomalies else ""
        table.add_row("" if row.offset < 0 else str(row.offset), shown, row.path, row.name, row.value[:120], odd)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for found in frame.examined.anomalies:
        verdict = "[bold red]drops it[/]" if found.drop else "kept"
        console.print(f"{found.code} ({verdict}) {found.field} {detail_in(found.detail, language)}")
    console.print(f"reads cleanly as: {', '.join(frame.versions) or 'none'}; profiles: {', '.join(frame.profiles) or 'none'}")
