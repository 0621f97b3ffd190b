"""From an OpenStreetMap file to a network."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import RefusedError
from tracking.network.bans import bans_of
from tracking.network.build import from_edges
from tracking.network.columns import table_of
from tracking.network.cutting import cut_ways, without_islands
from tracking.network.gaps import mended
from tracking.network.model import Origin, RoadNetwork
from tracking.network.osm import LICENCE, Progress, read_osm
from tracking.network.overlay import add_overlay


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """How a network is made. min_component_m: shorter islands are dropped; regions: GeoJSON of region polygons with
    `region_code`; overlay: GeoJSON of roads that the map lacks, with OSM tags and a `source`."""

    min_component_m: float = 500.0
    region_code: str = ""
    regions: Path | None = None
    overlay: Path | None = None


def import_osm(path: Path, settings: ImportSettings | None = None, progress: Progress | None = None) -> RoadNetwork:
    """The network of an `.osm.pbf`, `.osm.gz` or `.osm` file; what was dropped stands in its origin's counts.

    Raises:
        RefusedError: the file, the overlay or the regions cannot be read; no drivable way is left.
    """
    settings = settings or ImportSettings()
    tell = progress or (lambda stage, done: None)
    roads = read_osm(path, tell)
    read = len(roads.ways)
    added = add_overlay(roads, settings.overlay) if settings.overlay else 0
    tell("cutting", len(roads.ways))
    cut = without_islands(cut_ways(roads), settings.min_component_m, roads)
    if not cut.way.size:
        raise RefusedError(f"{path}: no drivable way of {settings.min_component_m:.0f} m hangs together", field="path")
    bans = bans_of(roads, cut)
    tell("edges", cut.way.size)
    drawn = table_of(roads, cut, settings.regions)
    table = mended(drawn)
    counts = dict(sorted(roads.tally.items())) | {
        "ways kept": int(np.unique(cut.way).size),
        "ways read": read,
        "ways of the overlay": added,
        "pieces before contraction": int(np.where(table.oneway, 1, 2).sum()),
        "gaps mended": int(table.tail.size - drawn.tail.size),
        "turns banned": len(bans.turns),
        "barriers": len(bans.barriers),
    }
    origin = Origin(
        source=path.name,
        licence=LICENCE,
        source_sha256=_sha256(path),
        source_date=roads.source_date,
        region_code=settings.region_code,
        built_with=f"cuntong {version('cuntong')} {json.dumps(_told(settings), sort_keys=True)}",
        counts=counts,
    )
    return from_edges(table, origin=origin, bans=bans)


def _told(settings: ImportSettings) -> dict[str, Any]:
    return {name: value.name if isinstance(value, Path) else value for name, value in asdict(settings).items()}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
