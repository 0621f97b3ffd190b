"""Tables of geofences on the command line. Times at +08:00."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.geofences import Geofence, Held, Unsettled

_VERDICTS = {
    None: "acknowledged", "same": "confirmed", "differs": "DIFFERS on the terminal", "missing": "MISSING on the terminal",
    "found": "on the terminal, not by us",
}  # fmt: skip


def print_drawings(found: Sequence[Geofence]) -> None:
    """One line a geofence."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "no", "name", "shape", "version", "drawing", "region", "km/h", "in force", "alarms", "terminals", title=f"{len(found)} geofences"
    )
    for one in found:
        table.add_row(
            str(one.geofence_id), one.name, one.shape, str(one.version), _drawn(one), one.region_code or "", _limit(one), _in_force(one),
            _alarms(one), str(one.holders),
        )  # fmt: skip
    Console().print(table)


def print_history(found: Sequence[Geofence], holders: Sequence[tuple[str, int]]) -> None:
    """One line a version, then who holds it."""
    from rich.console import Console
    from rich.table import Table

    table = Table("no", "version", "since", "by", "from", "drawing", "km/h", "in force", "alarms", "removed", title=found[0].name)
    for one in found:
        table.add_row(
            str(one.geofence_id), str(one.version), _at(one.created_at), one.created_by, one.source, f"{one.shape}, {_drawn(one)}", _limit(one),
            _in_force(one), _alarms(one), _at(one.removed_at),
        )  # fmt: skip
    Console().print(table)
    for terminal, version in holders:
        typer.echo(f"held by {terminal} at version {version}")


def print_held(held: Sequence[Held], unsettled: Sequence[Unsettled]) -> None:
    """One line a zone, then the commands that are not done."""
    from rich.console import Console
    from rich.table import Table

    from storage.geofences import SHAPES

    table = Table("shape", "zone", "geofence", "version", "edition", "since", "until", "state", "asked", "simplified", title="Zones")
    for one in held:
        version = "" if one.version is None else f"{one.version}" if one.version == one.newest else f"{one.version}, newest {one.newest}"
        table.add_row(
            SHAPES[one.shape - 1], str(one.zone_id), (one.geofence or "") + (" (removed)" if one.removed else ""), version, one.edition,
            _at(one.held_from), _at(one.held_to), _VERDICTS[one.verdict], _at(one.checked_at),
            "" if one.tolerance_m is None else f"{one.points} points, {one.tolerance_m:g} m",
        )  # fmt: skip
    Console().print(table if held else "no zones known", highlight=False)
    for command in unsettled:
        hint = (
            " (it may hold this or not: cuntong command geofence ... --verify)" if command.state == "expired" and command.attempts else ""
        )
        names = ", ".join(command.names)
        typer.echo(f"command {command.command_id}  0x{command.message_id:04X}  {names}  {command.state}  {command.reason}{hint}".rstrip())


def _drawn(one: Geofence) -> str:
    outline = one.outline
    match one.shape:
        case "circle":
            return f"{outline['radius_m']} m round {outline['centre'][0]}, {outline['centre'][1]}"
        case "rectangle":
            return f"{outline['west']}, {outline['south']} to {outline['east']}, {outline['north']}"
        case "polygon":
            return f"{len(outline['corners'])} corners"
        case _:
            return f"{len(outline['points'])} points, {len(outline['sections'])} sections"


def _limit(one: Geofence) -> str:
    if one.max_speed_kmh is None:
        return "by section" if any("max_speed_kmh" in section for section in one.outline.get("sections", ())) else ""
    night = "" if one.night_speed_kmh is None else f", at night {one.night_speed_kmh}"
    return f"{one.max_speed_kmh} for {one.overspeed_s} s{night}"


def _in_force(one: Geofence) -> str:
    if one.valid_from is not None:
        return f"{_at(one.valid_from)} to {_at(one.valid_to)}"
    return f"{one.daily_from:%H:%M:%S} to {one.daily_to:%H:%M:%S} daily" if one.daily_from is not None else "always"


def _alarms(one: Geofence) -> str:
    from operations.geofence_files import ALARMS

    return ", ".join(word for word, bit in ALARMS.items() if one.alarms & bit)


def _at(when: datetime | None) -> str:
    from domain.units import SHANGHAI

    return "" if when is None else f"{when.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
