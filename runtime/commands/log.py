"""`cuntong log`: look into the durable log, check it, mend it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import HouseError, RefusedError
from domain.units import SHANGHAI, epoch_ms

if TYPE_CHECKING:
    from ingest.log.inspect import Seen
    from ingest.log.verify import Verdict

_STATES = ("sound", "torn tail", "damaged")
_FAILED = 3

PathArgument = Annotated[Path | None, typer.Argument(help="A spool, a worker's folder or a segment; without it the configured log.")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Data folder whose log is meant when no path is given.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help=_HELP, no_args_is_help=True, rich_markup_mode=None)
    group.command("inspect")(inspect_log)
    group.command("verify")(verify_log)
    app.add_typer(group, name="log")


_HELP = """The durable log of raw frames.

Example:
    cuntong log inspect --terminal 13800138000 --explain
    cuntong log verify
"""


def inspect_log(
    path: PathArgument = None,
    data: DataOption = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First time of arrival, ISO 8601; +08:00 without a zone.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Time of arrival before which records are shown.")] = None,
    terminal: Annotated[str | None, typer.Option(help="Frames of this terminal only.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say under each frame what its bytes mean.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print records, one a line: worker:offset, arrival, kind, door, link, terminal, message id, payload.

    Example:
        cuntong log inspect data/spool --from 2026-05-01T08:00 --to 2026-05-01T09:00
        cuntong log inspect data/spool/0 --terminal 13800138000 --explain
    """
    from ingest.log.inspect import Selection, inspect

    try:
        selection = Selection(_instant_us(since), _instant_us(until), terminal)
        for seen in inspect(_place(path, data), selection):
            typer.echo(json.dumps(seen.as_json(), ensure_ascii=False) if as_json else seen.line())
            if explain and not as_json:
                _explain(seen)
    except (HouseError, OSError) as error:
        _fail(error)


def verify_log(
    path: PathArgument = None,
    data: DataOption = None,
    mend: Annotated[
        bool, typer.Option("--repair", help="Cut torn tails; copy the good records of damaged segments and list what is lost.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check CRCs, offsets and tails. Ends with 0 when sound, 1 for a torn tail, 2 for damage to acknowledged records, 3 when it cannot tell.

    With --repair the result is the state that was found; check again to see the state after it.

    Example:
        cuntong log verify data/spool
        cuntong log verify data/spool --repair
    """
    from ingest.log.files import OS_FILES
    from ingest.log.repair import repair
    from ingest.log.verify import verify

    try:
        place = _place(path, data)
        verdict = verify(place)
        mended = bool(mend and verdict.state and repair(place, OS_FILES))
    except (HouseError, OSError) as error:
        _fail(error)
    if as_json:
        typer.echo(json.dumps(_verdict_json(verdict, mended), ensure_ascii=False))
    else:
        _print(verdict, mended)
    raise typer.Exit(verdict.state)


def _place(path: Path | None, data: Path | None) -> Path:
    if path is not None:
        return path
    from runtime.settings import load

    return load(data=data).log.path


def _fail(error: Exception) -> None:
    typer.echo(f"error: {error}", err=True)
    raise typer.Exit(_FAILED) from error


def _instant_us(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise RefusedError(f"{text!r} is no time: write 2026-05-01T08:00:00 or with +08:00 behind it", field="time") from error
    return epoch_ms(when if when.tzinfo is not None else when.replace(tzinfo=SHANGHAI)) * 1_000


def _explain(seen: Seen) -> None:
    if seen.terminal is None:
        return
    from protocols.explain import explain

    for frame in explain(seen.payload.hex()).frames:
        typer.echo(f"    {frame.title}")
        for row in frame.rows:
            odd = f"  ! {', '.join(row.anomalies)}" if row.anomalies else ""
            typer.echo(f"    {row.offset:>5}  {row.raw.hex():<24}  {row.name}: {row.value}{odd}")


def _verdict_json(verdict: Verdict, mended: bool) -> dict[str, object]:
    faults = [
        {"segment": str(fault.segment.path), "state": _STATES[fault.state], "start": fault.start, "end": fault.end, "what": fault.what}
        for fault in verdict.faults
    ]
    return {
        "state": _STATES[verdict.state],
        "segments": verdict.segments,
        "records": verdict.records,
        "bytes": verdict.bytes,
        "filled": verdict.lost,
        "faults": faults,
        "repaired": mended,
    }


def _print(verdict: Verdict, mended: bool) -> None:
    for fault in verdict.faults:
        size = fault.end - fault.start
        typer.echo(f"{_STATES[fault.state]}: {fault.segment.path} offsets {fault.start}..{fault.end} ({size} bytes): {fault.what}")
    filled = f", {verdict.lost} fillers of an earlier repair" if verdict.lost else ""
    typer.echo(
        f"{_STATES[verdict.state]}: {verdict.segments} segments, {verdict.records} records, {verdict.bytes} bytes{filled}"
        + ("; repaired" if mended else "")
    )
