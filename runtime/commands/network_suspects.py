"""`cuntong network suspects`: where the map errs, by what vehicles drove."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from domain.track import Track

_DAY_MS = 86_400_000


def register(app: typer.Typer) -> None:
    """The command is filed by the group `network`."""


def suspects(
    network: Annotated[Path, typer.Argument(help="Network, .npz.")],
    tracks: Annotated[
        list[Path] | None, typer.Argument(help="Fixes, one vehicle a track: .csv, .gpx, .geojson; none: the database.")
    ] = None,
    since: Annotated[str, typer.Option("--from", help="With the database: first day, such as 2026-11-01.")] = "",
    until: Annotated[str, typer.Option("--to", help="With the database: last day.")] = "",
    profile: Annotated[str, typer.Option(help="bus, coach, truck or dangerous_goods.")] = "bus",
    vehicles: Annotated[int, typer.Option(min=1, help="Places of fewer vehicles are left out.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    data: Annotated[Path | None, typer.Option(help="Data folder with the embedded database.")] = None,
) -> None:
    """List where many vehicles ran off the road, against a one-way, or against a banned turn: errors of the map.

    Example:
        cuntong network suspects guizhou.npz --from 2026-11-01 --to 2026-11-07
    """
    from runtime.caches import separate_kernel_cache

    separate_kernel_cache()
    from rich.console import Console
    from rich.progress import track as shown

    from tracking.matching import Matcher
    from tracking.network import load
    from tracking.network.suspects import SuspectCounter

    roads = load(network)
    matcher, counter = Matcher(roads, profile), SuspectCounter(roads, profile)
    drives = _from_files(tracks) if tracks else _from_database(since, until, data)
    for vehicle, day, one in shown(drives, "tracks", console=Console(stderr=True)):
        counter.add(vehicle, day, one, matcher.match(one))
    _show([_row(one, roads) for one in counter.suspects(vehicles)], as_json=as_json)


def _row(one: Any, roads: Any) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "lon_deg": round(one.lon_deg, 6),
        "lat_deg": round(one.lat_deg, 6),
        "km": round(one.km, 3),
        "passes": one.passes,
        "vehicles": one.vehicles,
        "vehicle_days": one.vehicle_days,
        "edge_key": f"{int(roads.edge_key[one.edge]):016x}" if one.edge >= 0 else "",
        "way_id": int(roads.way_id[one.edge]) if one.edge >= 0 else 0,
        "name": roads.name_of(one.edge) if one.edge >= 0 else "",
    }


def _show(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    import json

    from rich.console import Console
    from rich.table import Table

    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table(title="Suspects", title_justify="left")
    for name in ("kind", "lon_deg", "lat_deg", "km", "passes", "vehicles", "vehicle_days", "way_id", "name"):
        table.add_column(name.replace("_", " "), justify="left" if name in ("kind", "name") else "right")
    for row in rows:
        table.add_row(
            *(str(row[name]) for name in ("kind", "lon_deg", "lat_deg", "km", "passes", "vehicles", "vehicle_days", "way_id", "name"))
        )
    Console().print(table)


def _from_files(paths: list[Path]) -> Iterator[tuple[int, int, Track]]:
    """(number of the track's name, day, track) of every track of the files."""
    from tracking import formats

    names: dict[str, int] = {}
    for path in paths:
        for one in formats.read(path):
            vehicle = names.setdefault(one.name or path.stem, len(names))
            yield vehicle, int(one.track.t_ms[0] // _DAY_MS) if one.track.timed and len(one.track) else 0, one.track


def _from_database(since: str, until: str, data: Path | None) -> Iterator[tuple[int, int, Track]]:
    """(vehicle, day, track) of every day of every vehicle with fixes."""
    from datetime import date, timedelta

    from domain.errors import RefusedError
    from domain.track import Track
    from domain.units import day_bounds
    from runtime.settings import load as load_settings
    from storage import positions, registry
    from storage.database import archive_folder, serving
    from storage.pool import connect

    try:
        first, last = date.fromisoformat(since), date.fromisoformat(until or since)
    except ValueError as error:
        raise RefusedError("give tracks, or --from and --to as days", field="from") from error
    settings = load_settings(data)
    archive = archive_folder(settings.database, settings.data)
    with serving(settings.database, settings.data) as dsn, connect(dsn) as conn:
        for vehicle in [row.vehicle_id for row in registry.vehicles(conn)]:
            for number in range((last - first).days + 1):
                day = first + timedelta(days=number)
                start, end = day_bounds(day)
                rows = positions.read_track(conn, vehicle, start, end, archive)
                if len(rows) > 1:
                    yield vehicle, day.toordinal(), Track.of(rows)
