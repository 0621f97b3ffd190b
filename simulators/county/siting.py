"""Where people live: places spread over the county, towns in the open, hamlets up the slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.county.curves import Points
from simulators.county.model import CountySettings
from simulators.county.motorway import Alignment
from simulators.county.names import NameDealer
from simulators.county.outline import Outline
from simulators.county.terrain import Terrain


@dataclass(frozen=True, slots=True)
class Site:
    """A place before it has a road. kind as in `Place`; spot (2,) plane metres."""

    kind: str
    spot: Points
    stem: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Ground:
    """What siting looks at."""

    settings: CountySettings
    terrain: Terrain
    outline: Outline
    motorway: Alignment


def choose_sites(ground: Ground, dealer: NameDealer, random: np.random.Generator) -> list[Site]:
    """County town first (near the origin), then towns, villages, hamlets."""
    settings = ground.settings
    sites = [Site("county_town", random.uniform(-400, 400, 2), dealer.stem())]
    area = np.pi * settings.width_km * settings.height_km / 4 * 1e6 * 0.7
    for kind, count, clear in (
        ("town", settings.towns, 2_000.0),
        ("village", settings.villages, 750.0),
        ("hamlet", settings.hamlets, 600.0),
    ):
        spacing = 0.8 * np.sqrt(area / max(1, count + len(sites)))
        for _ in range(count):
            sites.append(_place(ground, sites, (kind, spacing, clear), (dealer, random)))
    return sites


def _place(ground: Ground, sites: list[Site], want: tuple[str, float, float], draw: tuple[NameDealer, np.random.Generator]) -> Site:
    """The best of some free spots; the wanted spacing gives way slowly, so that any number of places fits."""
    kind, spacing, clear = want
    dealer, random = draw
    taken = np.array([site.spot for site in sites])
    found: list[Points] = []
    while len(found) < 5:
        for _ in range(60):
            half = (ground.settings.width_km * 500, ground.settings.height_km * 500)
            spot = random.uniform(-1, 1, 2) * half
            free = np.hypot(*(taken - spot).T)
            town_room = 2_600.0 if kind != "hamlet" else 2_000.0
            if (
                free.min() > spacing
                and free[0] > town_room
                and ground.outline.holds(spot, 0.9)
                and ground.motorway.distance_m(spot) > clear
            ):
                found.append(spot)
        spacing *= 0.9
        clear *= 0.97
        if spacing < 50:
            found.append(random.uniform(-0.5, 0.5, 2) * ground.settings.width_km * 500)
    sign = -1.0 if kind == "hamlet" else 1.0
    return Site(kind, min(found[:8], key=lambda spot: sign * _roughness(ground.terrain, spot)), dealer.stem())


def _roughness(terrain: Terrain, spot: Points) -> float:
    """Altitude plus steepness round a place: low for a good building ground."""
    ring = spot + 350.0 * np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]])
    heights = terrain.altitude_m(ring[:, 0], ring[:, 1])
    return float(heights[0] + 4.0 * np.ptp(heights))
