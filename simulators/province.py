"""A synthetic province of any size: roads of every class between towns and villages, for tests of size and speed.

Villages stand on a jittered lattice; every tenth is a town, every hundredth a city. Roads are bent, some are one-way, some
villages hang on one road alone. The same settings give the same network, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracking.network import EdgeTable, RoadClass, RoadNetwork, from_edges

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LICENCE = "synthetic, CC0"
_M_PER_DEG = 111_320.0
_POSTED_KMH = np.zeros(16, np.uint8)
_POSTED_KMH[[RoadClass.MOTORWAY, RoadClass.TRUNK, RoadClass.PRIMARY, RoadClass.SECONDARY, RoadClass.TERTIARY]] = (100, 80, 70, 60, 40)
_POSTED_KMH[[RoadClass.UNCLASSIFIED, RoadClass.RESIDENTIAL]] = (40, 30)


@dataclass(frozen=True, slots=True)
class ProvinceSettings:
    """edges: directed edges wanted, met within some per cent; spacing_m: between villages; inner_points: of a road's shape."""

    edges: int = 1_000_000
    seed: int = 1
    centre_lon: float = 106.7
    centre_lat: float = 26.6
    spacing_m: float = 900.0
    inner_points: int = 4
    missing_share: float = 0.12
    oneway_share: float = 0.05


def build_province(settings: ProvinceSettings | None = None) -> RoadNetwork:
    """The network of the settings; nodes between two equal roads are joined as in any network."""
    settings = settings or ProvinceSettings()
    random = np.random.default_rng([settings.seed, 77])
    per_node = 2 * 2 * (1 - settings.missing_share) * (1 - settings.oneway_share / 2)
    side = max(3, round((settings.edges / per_node) ** 0.5))
    x, y = _places(side, settings, random)
    tail, head, road_class = _roads(side, settings, random)
    lon, lat = _shapes(x, y, tail, head, settings, random)
    table = EdgeTable(
        tail=tail,
        head=head,
        shape_start=np.arange(tail.size + 1, dtype=np.int64) * (settings.inner_points + 2),
        lon_deg=lon,
        lat_deg=lat,
        road_class=road_class,
        oneway=(random.random(tail.size) < settings.oneway_share) & (road_class >= RoadClass.UNCLASSIFIED),
        way_id=np.arange(tail.size, dtype=np.int64) + 1,
        lanes=np.where(road_class <= RoadClass.TRUNK, 2, 1).astype(np.uint8),
        limit_kmh=_POSTED_KMH[road_class],
    )
    return from_edges(table, source=f"synthetic province, {settings.edges:,} edges, seed {settings.seed}", licence=LICENCE)


def _places(side: int, settings: ProvinceSettings, random: np.random.Generator) -> tuple[Floats, Floats]:
    """(x, y) metres of the villages about the centre."""
    row, column = np.divmod(np.arange(side * side), side)
    jitter = random.uniform(-0.3, 0.3, (2, side * side))
    middle = (side - 1) / 2
    return (column - middle + jitter[0]) * settings.spacing_m, (row - middle + jitter[1]) * settings.spacing_m


def _roads(side: int, settings: ProvinceSettings, random: np.random.Generator) -> tuple[Ints, Ints, NDArray[np.uint8]]:
    """(tail, head, class) of the roads between neighbours: through roads on some rows and columns, small ones elsewhere."""
    nodes = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([nodes[:, :-1].ravel(), nodes[:-1].ravel()])
    head = np.concatenate([nodes[:, 1:].ravel(), nodes[1:].ravel()])
    line = np.concatenate([np.repeat(np.arange(side), side - 1), np.tile(np.arange(side), side - 1)])
    small = random.choice([RoadClass.TERTIARY, RoadClass.UNCLASSIFIED, RoadClass.RESIDENTIAL], tail.size, p=[0.3, 0.5, 0.2])
    ranks = [(60, RoadClass.TRUNK), (30, RoadClass.PRIMARY), (10, RoadClass.SECONDARY)]
    road_class = np.select([line % step == step // 2 for step, _ in ranks], [int(member) for _, member in ranks], small)
    kept = (random.random(tail.size) >= settings.missing_share) | (road_class <= RoadClass.SECONDARY)
    return tail[kept], head[kept], road_class[kept].astype(np.uint8)


def _shapes(x: Floats, y: Floats, tail: Ints, head: Ints, settings: ProvinceSettings, random: np.random.Generator) -> tuple[Floats, Floats]:
    """(lon, lat) degrees of all shapes, flat: bends of up to a tenth of the road's length."""
    share = np.linspace(0.0, 1.0, settings.inner_points + 2)
    dx, dy = (x[head] - x[tail])[:, None], (y[head] - y[tail])[:, None]
    bend = random.uniform(-0.1, 0.1, (tail.size, 2))
    aside = bend[:, :1] * np.sin(np.pi * share) + bend[:, 1:] * np.sin(2 * np.pi * share)
    px = x[tail][:, None] + dx * share - dy * aside
    py = y[tail][:, None] + dy * share + dx * aside
    lat = settings.centre_lat + py / _M_PER_DEG
    lon = settings.centre_lon + px / (_M_PER_DEG * np.cos(np.radians(settings.centre_lat)))
    return lon.ravel(), lat.ravel()
