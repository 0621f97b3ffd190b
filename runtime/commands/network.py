"""`cuntong network`: road networks made, checked, told about and updated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.commands.network_suspects import suspects
from runtime.commands.network_use import list_networks, use

if TYPE_CHECKING:
    from tracking.network import RoadNetwork
    from tracking.network.importing import ImportSettings

_HELP = """Road networks for matching, from OpenStreetMap.

Example:
    cuntong network build guizhou.osm.pbf -o guizhou.npz
    cuntong network use guizhou.npz --region 520000
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help=_HELP, no_args_is_help=True, rich_markup_mode=None)
    for command in (build, check, info, update, suspects, use, list_networks):
        group.command(command.__name__.removesuffix("_networks"))(command)
    app.add_typer(group, name="network")


_Out = Annotated[Path, typer.Option("-o", "--out", help="Network to write, .npz.")]
_Regions = Annotated[Path | None, typer.Option(help="GeoJSON of region polygons with region_code.")]
_Overlay = Annotated[Path | None, typer.Option(help="GeoJSON of roads that the map lacks, with OSM tags and a source.")]
_Overrides = Annotated[Path | None, typer.Option(help="CSV of limits and closures: edge_key,field,value,source,from.")]
_AsOf = Annotated[str, typer.Option(help="Day for which overrides hold, such as 2026-11-01; without it today.")]


def build(  # noqa: PLR0913 - one argument an option
    file: Annotated[Path, typer.Argument(help="OpenStreetMap file: .osm.pbf, .osm.gz or .osm.")],
    out: _Out,
    region_code: Annotated[str, typer.Option(help="Code of the region that the file covers.")] = "",
    regions: _Regions = None,
    overlay: _Overlay = None,
    overrides: _Overrides = None,
    as_of: _AsOf = "",
    min_component_m: Annotated[float, typer.Option(min=0.0, help="Islands of roads shorter than this are dropped.")] = 500.0,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Make a network of an OpenStreetMap file; every dropped way and relation is counted by reason.

    Example:
        cuntong network build guizhou.osm.pbf -o guizhou.npz --regions regions.geojson
    """
    from runtime.caches import separate_kernel_cache

    separate_kernel_cache()
    from tracking.network.importing import ImportSettings
    from tracking.network.overrides import read_overrides

    rows = read_overrides(overrides) if overrides else []
    network = _made(file, ImportSettings(min_component_m, region_code, regions, overlay), rows, as_of)
    _save(network, out, as_json=as_json)


def check(
    file: Annotated[Path, typer.Argument(help="Network, .npz.")],
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Look for what is wrong with a network, and show its make-up; exit code 1 on an error.

    Example:
        cuntong network check guizhou.npz
    """
    from dataclasses import asdict

    from tracking.network import load
    from tracking.network.check import check as examine

    report = examine(load(file))
    if as_json:
        _print_json(asdict(report) | {"sound": report.sound})
    else:
        _table("Findings", ("", "what", "count", "example"), [
            ("error" if one.error else "look", one.what, f"{one.count:,}", one.example if one.example >= 0 else "") for one in report.findings
        ] or [("", "none", "0", "")])  # fmt: skip
        total = sum(one.km for one in report.shares if one.what == "class") or 1.0
        _table("Make-up, directed edges", ("of", "kind", "edges", "km", "share"), [
            (one.what, one.kind, f"{one.edges:,}", f"{one.km:,.1f}", f"{one.km / total:.1%}") for one in report.shares
        ])  # fmt: skip
    if not report.sound:
        raise typer.Exit(1)


def info(
    file: Annotated[Path, typer.Argument(help="Network, .npz.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Tell what a network was made of.

    Example:
        cuntong network info guizhou.npz
    """
    from tracking.network import load

    told = _told(load(file))
    if as_json:
        _print_json(told)
        return
    counts, overrides = told.pop("counts"), told.pop("overrides")
    _table(str(file), ("", ""), [(name.replace("_", " "), str(value)) for name, value in told.items()] + [("overrides", len(overrides))])
    _table("Import", ("what", "count"), [(name, f"{count:,}") for name, count in counts.items()])


def update(  # noqa: PLR0913 - one argument an option
    old: Annotated[Path, typer.Argument(help="Network in use, .npz.")],
    new: Annotated[Path, typer.Argument(help="New OpenStreetMap file, or changes, .osc.gz, to be put to --source.")],
    out: _Out,
    source: Annotated[Path | None, typer.Option(help="With changes: the OpenStreetMap file that the old network was made of.")] = None,
    regions: _Regions = None,
    overlay: _Overlay = None,
    overrides: _Overrides = None,
    as_of: _AsOf = "",
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON.")] = False,
) -> None:
    """Make the network anew, carry its overrides over, and tell added, removed and changed kilometres by class.

    With changes, the changed OpenStreetMap file is kept beside the new network, for the next update.

    Example:
        cuntong network update guizhou.npz guizhou-new.osm.pbf -o guizhou-2026-11.npz
    """
    from runtime.caches import separate_kernel_cache

    separate_kernel_cache()
    from domain.errors import RefusedError
    from tracking.network import load
    from tracking.network.importing import ImportSettings
    from tracking.network.overrides import overrides_of, read_overrides
    from tracking.network.update import apply_changes, compare

    before = load(old)
    if ".osc" in new.name:
        if source is None:
            raise RefusedError("changes need --source, the OpenStreetMap file of the old network", field="source")
        made = out.with_name(out.name.removesuffix(".npz") + ".osm.pbf")
        apply_changes(source, new, made)
        new = made
    rows = read_overrides(overrides) if overrides else overrides_of(before)
    network = _made(new, ImportSettings(region_code=before.origin.region_code, regions=regions, overlay=overlay), rows, as_of)
    _save(network, out, as_json=as_json)
    differences = compare(before, network)
    if as_json:
        _print_json([[one.road_class.name.lower(), one.added_km, one.removed_km, one.changed_km] for one in differences])
        return
    _table("Difference, km of directed edges", ("class", "added", "removed", "changed"), [
        (one.road_class.name.lower(), f"{one.added_km:,.2f}", f"{one.removed_km:,.2f}", f"{one.changed_km:,.2f}") for one in differences
    ])  # fmt: skip


def _made(file: Path, settings: ImportSettings, rows: list[Any], as_of: str) -> RoadNetwork:
    """The network of a file with overrides, progress shown."""
    from datetime import date

    from rich.console import Console

    from domain.errors import RefusedError
    from tracking.network.importing import import_osm
    from tracking.network.overrides import apply

    try:
        day = date.fromisoformat(as_of) if as_of else date.today()
    except ValueError as error:
        raise RefusedError(f"--as-of {as_of} is no day", field="as_of") from error
    with _progress() as tell:
        network = import_osm(file, settings, tell)
    if not rows:
        return network
    network, lost = apply(network, rows, day)
    for one in lost:
        Console(stderr=True).print(f"override without an edge: {one.edge_key} {one.field}={one.value} ({one.source})")
    return network


def _save(network: RoadNetwork, out: Path, *, as_json: bool) -> None:
    from tracking.network import save

    save(network, out)
    told = _told(network)
    if as_json:
        _print_json(told)
        return
    _table("Import", ("what", "count"), [(name, f"{count:,}") for name, count in told["counts"].items()])
    typer.echo(
        f"{out}: {told['edges']:,} edges, {told['nodes']:,} nodes, {told['kilometres']:,.1f} km, {out.stat().st_size / 1e6:.1f} MB, version {told['version'][:12]}"
    )


def _told(network: RoadNetwork) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        **asdict(network.origin),
        "version": network.version,
        "plane": network.plane,
        "edges": network.edge_count,
        "nodes": network.node_count,
        "kilometres": round(float(network.length_m.sum()) / 1000, 3),
        "bounds": [round(edge, 4) for edge in network.bounds()] if network.edge_count else [],
    }


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """A line that tells the stage and what was read in it."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=False) as shown:
        tasks: dict[str, Any] = {}

        def tell(stage: str, done: int) -> None:
            if stage not in tasks:
                for task in tasks.values():
                    shown.stop_task(task)
                tasks[stage] = shown.add_task(stage, total=None)
            shown.update(tasks[stage], completed=done)

        yield tell


def _table(title: str, columns: tuple[str, ...], rows: list[Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_header=any(columns))
    for name in columns:
        table.add_column(name, justify="right" if name in ("count", "edges", "km", "share", "added", "removed", "changed") else "left")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console().print(table)


def _print_json(told: Any) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
