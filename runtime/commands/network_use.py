"""`cuntong network use` and `list`: which road network serves which region from which day on."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.installation import Data, connected

if TYPE_CHECKING:
    import psycopg


def register(app: typer.Typer) -> None:
    """The commands are filed by the group `network`."""


def use(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Network, .npz of `cuntong network build`; it stays where it is.")],
    region: Annotated[str, typer.Option(metavar="CODE", help="Region it serves, such as 520100; without it every region.")] = "",
    from_day: Annotated[
        datetime | None, typer.Option("--from", metavar="DAY", formats=["%Y-%m-%d"], help="First day it serves; without it every day.")
    ] = None,
    data: Data = None,
) -> None:
    """Let vehicle-days and live matching of a region use a network; days computed by other roads are computed again by the worker.

    Example:
        cuntong network use guizhou-2026-11.npz --region 520000 --from 2026-11-01
    """
    from ingest import due_store
    from ingest.days import use_network

    with connected(data) as conn:
        roads = use_network(conn, file, region, from_day.date() if from_day else date.min)
        waiting, _ = due_store.waiting(conn)
    since = f"from {roads.from_day} on" if roads.from_day != date.min else "on all days"
    where = f"regions {roads.region_code}*" if roads.region_code else "every region"
    typer.echo(f"{roads.path}, version {roads.map_version[:12]}, serves {where} {since}; {waiting:,} vehicle-days are due")


def list_networks(data: Data = None) -> None:
    """List the networks in use, and the regions that have none.

    Example:
        cuntong network list
    """
    from rich.console import Console
    from rich.table import Table

    from storage.road_networks import registered_networks

    with connected(data) as conn:
        found, warning = registered_networks(conn), no_roads(conn)
    table = Table("regions", "from", "version", "edges", "file", title=f"{len(found)} networks", title_justify="left")
    for row in found:
        since = "-" if row.from_day == date.min else str(row.from_day)
        table.add_row(f"{row.region_code}*", since, row.map_version[:12], f"{row.edges:,}", row.path)
    console = Console()
    console.print(table)
    if warning:
        console.print(warning)


def no_roads(conn: psycopg.Connection[Any]) -> str:
    """What to say of regions of vehicles that no network serves; "" when all have one."""
    from storage.road_networks import regions_without_network, registered_networks

    if not registered_networks(conn):
        what = "no road network is registered"
    elif lacking := regions_without_network(conn):
        what = f"no road network serves {', '.join(code or 'vehicles without a region' for code in lacking[:8])}"
        what += " ..." if len(lacking) > 8 else ""
    else:
        return ""
    return f"{what}: days are measured without roads (NO_NETWORK). cuntong network use FILE --region CODE"
