"""`cuntong basemap`: the offline map under the vehicles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

basemap = typer.Typer(
    no_args_is_help=True, help="The offline base map.\n\nExample: cuntong basemap build --network county.npz --geojson county/"
)


def register(app: typer.Typer) -> None:
    """File the commands."""
    app.add_typer(basemap, name="basemap")


@basemap.callback()
def group() -> None:
    """The offline base map."""


@basemap.command("build")
def build(
    network: Annotated[Path, typer.Option(help="Road network, .npz.")],
    geojson: Annotated[Path | None, typer.Option(help="Folder with places.geojson and regions.geojson.")] = None,
    source_date: Annotated[str, typer.Option(help="Day of the data, such as 2026-11-01; shown on the map.")] = "",
    data: Annotated[Path | None, typer.Option(help="Data folder.")] = None,
) -> None:
    """Make the base map of a road network; running screens show it at the next loading of the page.

    Example:

        cuntong basemap build --network county.npz --geojson county/
    """
    from runtime.settings import load
    from supervision_ui.basemap import Sources
    from supervision_ui.basemap import build as make
    from tracking.network import load as load_network

    sources = Sources(load_network(network), _features(geojson, "places"), _features(geojson, "regions"), source_date)
    archive = make(sources, load(data).web.tiles_path)
    typer.echo(f"{archive}: {archive.stat().st_size / 1e6:.1f} MB, {sources.network.edge_count:,} edges")


def _features(folder: Path | None, name: str) -> dict[str, Any]:
    import json

    from domain.errors import RefusedError

    if folder is None:
        return {"type": "FeatureCollection", "features": []}
    path = folder / f"{name}.geojson"
    try:
        collection: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RefusedError(f"{path} cannot be read: {error}", field="geojson") from error
    return collection
