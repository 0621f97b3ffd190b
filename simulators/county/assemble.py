"""The order of works: ground, sites, country roads, highway, streets, regions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from simulators.county.chains import draw_chains
from simulators.county.curves import Points
from simulators.county.model import County, CountySettings, Place
from simulators.county.motorway import Alignment, Interchange, draw_motorway
from simulators.county.names import NameDealer
from simulators.county.outline import Outline
from simulators.county.plane import LocalPlane
from simulators.county.regions import regions_of, town_rows
from simulators.county.siting import Ground, Site, choose_sites
from simulators.county.sketch import Road, Sketch
from simulators.county.streets import TownPlan, draw_lanes, draw_streets
from simulators.county.survey import Survey
from simulators.county.terrain import Terrain
from tracking.network.build import from_edges
from tracking.network.model import EdgeFlag, RoadClass

LICENCE = "synthetic, CC0"


@dataclass(slots=True)
class _Works:
    """What the steps hand on. cells of a site: where its roads may end (gates of a town, the one cell of a village)."""

    settings: CountySettings
    ground: Ground
    sites: list[Site]
    random: np.random.Generator
    dealer: NameDealer
    survey: Survey
    sketch: Sketch = field(default_factory=Sketch)
    plans: dict[int, TownPlan] = field(default_factory=dict)
    cells: list[list[int]] = field(default_factory=list)
    borders: list[tuple[int, str, str]] = field(default_factory=list)
    plazas: list[tuple[Interchange, int]] = field(default_factory=list)
    site_node: dict[int, int] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)

    def road(self, road_class: RoadClass, letter: str, first: Site, second: Site | None) -> Road:
        """The next numbered road of a class, named after the places it joins."""
        self.used[letter] += 1
        base = {"G": 320, "S": 210, "X": 100, "Y": 1, "C": 1}[letter]
        ref = f"{letter}{base + self.used[letter]:03d}"
        a, b = first.stem, second.stem if second else ("界", "Border")
        lanes = 2 if road_class == RoadClass.TRUNK else 1
        flags = EdgeFlag.NO_CENTRE_LINE if road_class >= RoadClass.UNCLASSIFIED else 0
        return Road(road_class, f"{a[0][0]}{b[0][0]}线", f"{a[1]}-{b[1]} Road", ref, lanes, flags)


def build_county(settings: CountySettings | None = None) -> County:
    """The county of the settings; same settings, same bytes."""
    settings = settings or CountySettings()
    works = _begin(settings)
    _country_roads(works)
    anchors = {cell for cells in works.cells for cell in cells} | {cell for cell, _, _ in works.borders} | {c for _, c in works.plazas}
    nodes = draw_chains(works.survey, works.sketch, anchors)
    ends = draw_motorway(works.sketch, works.ground.motorway, [(junction, nodes[cell]) for junction, cell in works.plazas])
    _settle(works, nodes)
    return _finish(works, nodes, ends)


def _begin(settings: CountySettings) -> _Works:
    random = np.random.default_rng([settings.seed, 10])
    terrain = Terrain.grow(settings.seed)
    width, height = settings.width_km * 1000, settings.height_km * 1000
    outline = Outline.grow(width, height, random)
    centre_y = -min(2_900.0, height / 8)
    line = Alignment.across(min(outline.radius_m(0.0), outline.radius_m(np.pi)), centre_y, random)
    ground = Ground(settings, terrain, outline, line)
    dealer = NameDealer(settings.seed)
    sites = choose_sites(ground, dealer, random)
    survey = Survey.over(terrain, width, height, settings.cell_m, settings.seed)
    works = _Works(settings, ground, sites, random, dealer, survey)
    for row, site in enumerate(sites):
        if site.kind in ("county_town", "town"):
            half = (
                (random.uniform(850, 1000), random.uniform(600, 720)) if row == 0 else (random.uniform(330, 430), random.uniform(220, 310))
            )
            works.plans[row] = TownPlan(site.spot, half, float(random.uniform(-0.4, 0.4)))
            survey.close(site.spot, (half[0] + 150, half[1] + 150), works.plans[row].angle)
    for row, site in enumerate(sites):
        spots: Points = works.plans[row].gates() if row in works.plans else site.spot[None, :]
        works.cells.append([survey.cell_at(*spot) for spot in spots])
    return works


def _country_roads(works: _Works) -> None:
    survey, sites, cells = works.survey, works.sites, works.cells
    towns = [row for row, site in enumerate(sites) if site.kind == "town"]
    by_reach = sorted(towns, key=lambda row: -float(np.hypot(*sites[row].spot)))
    for letter, road_class, angle in (
        ("G", RoadClass.TRUNK, 1.35),
        ("G", RoadClass.TRUNK, 4.4),
        ("S", RoadClass.PRIMARY, 2.7),
        ("S", RoadClass.PRIMARY, 5.9),
    ):
        spot = works.ground.outline.at(angle + works.random.uniform(-0.2, 0.2), 0.985)
        cell = survey.cell_at(*spot)
        works.borders.append((cell, f"{letter}线县界", f"{letter} road border"))
        survey.build(cells[0], [cell], works.road(road_class, letter, sites[0], None))
    served = [0, *by_reach[:1]]
    for row in served:
        junction = Interchange.towards(works.ground.motorway, sites[row].spot)
        if any(abs(junction.along_m - other.along_m) < 2_500 for other, _ in works.plazas):
            continue
        cell = survey.cell_at(*junction.plaza)
        survey.place[cell] = junction.plaza
        works.plazas.append((junction, cell))
        survey.build(cells[row], [cell], works.road(RoadClass.PRIMARY, "S", sites[row], None))
    for row in towns:
        survey.build(cells[row], cells[0], works.road(RoadClass.SECONDARY, "X", sites[0], sites[row]))
    for row in towns[1:]:
        other = min((r for r in towns if r < row), key=lambda r: float(np.hypot(*(sites[r].spot - sites[row].spot))))
        survey.build(cells[row], cells[other], works.road(RoadClass.SECONDARY, "X", sites[row], sites[other]))
    _village_roads(works)


def _village_roads(works: _Works) -> None:
    survey, sites, cells = works.survey, works.sites, works.cells
    joined = [row for row, site in enumerate(sites) if site.kind in ("county_town", "town")]
    for row, site in enumerate(sites):
        if site.kind not in ("village", "hamlet"):
            continue
        hubs = joined if site.kind == "village" else [r for r in range(row) if sites[r].kind == "village"] or joined
        near = sorted(hubs, key=lambda r: float(np.hypot(*(sites[r].spot - site.spot))))
        road_class, letter = (RoadClass.TERTIARY, "Y") if site.kind == "village" else (RoadClass.UNCLASSIFIED, "C")
        survey.build(cells[row], cells[near[0]], works.road(road_class, letter, sites[near[0]], site))
        if site.kind == "village" and works.random.random() < 0.4:
            others = sorted(
                (r for r in range(row) if sites[r].kind == "village"), key=lambda r: float(np.hypot(*(sites[r].spot - site.spot)))
            )
            for other in others[:1]:
                survey.build(cells[row], cells[other], works.road(RoadClass.UNCLASSIFIED, "C", sites[other], site))


def _settle(works: _Works, nodes: dict[int, int]) -> None:
    """Streets and lanes, joined to the country roads that were built."""
    for row, site in enumerate(works.sites):
        if row in works.plans:
            gates, centre = draw_streets(works.sketch, works.plans[row], works.dealer, works.random)
            works.site_node[row] = centre
            avenue = Road(RoadClass.SECONDARY, f"{site.stem[0]}大道", f"{site.stem[1]} Avenue", lanes=2, flags=EdgeFlag.TOWN)
            for gate, cell in zip(gates, works.cells[row], strict=True):
                if cell in nodes:
                    works.sketch.line(nodes[cell], gate, avenue)
        else:
            works.site_node[row] = nodes[works.cells[row][0]]
            count = int(works.random.integers(3, 6)) if site.kind == "village" else int(works.random.integers(1, 3))
            draw_lanes(works.sketch, works.site_node[row], count, works.random)


_SUFFIX = {"county_town": ("县城", " county town"), "town": ("镇", " Town"), "village": ("村", " Village"), "hamlet": ("组", " Hamlet")}


def _finish(works: _Works, nodes: dict[int, int], ends: tuple[int, int]) -> County:
    settings, sketch = works.settings, works.sketch
    plane = LocalPlane(settings.centre_lon, settings.centre_lat)
    town_sites = [site for site in works.sites if site.kind in ("county_town", "town")]
    regions = regions_of(settings, plane, works.ground.outline, town_sites)
    town_codes = [region.region_code for region in regions if region.level == "town"]
    centres = np.array([site.spot for site in town_sites])
    middles = np.array([points[len(points) // 2] for _, _, points, _ in sketch.pieces])
    rows = town_rows(centres, middles)
    source = f"synthetic county, seed {settings.seed}"
    network = from_edges(sketch.table(plane, rows.tolist(), tuple(town_codes)), source=source, licence=LICENCE)
    row_of = {int(node): row for row, node in enumerate(network.node_id)}

    def place(name: tuple[str, str], kind: str, node: int) -> Place:
        lon, lat = plane.to_degrees(*sketch.at(node))
        code = town_codes[int(town_rows(centres, sketch.at(node)[None, :])[0])]
        return Place(name[0], name[1], kind, round(float(lon), 7), round(float(lat), 7), row_of[node], code)

    places = []
    for row, site in enumerate(works.sites):
        suffix = _SUFFIX[site.kind]
        places.append(place((site.stem[0] + suffix[0], site.stem[1] + suffix[1]), site.kind, works.site_node[row]))
        if row in works.plans:
            name = (f"{site.stem[0]}客运站", f"{site.stem[1]} Bus Station")
            station = next(nodes[cell] for cell in works.cells[row] if cell in nodes)
            places.append(place(name, "station", station))
    for cell, chinese, english in works.borders:
        places.append(place((chinese, english), "border", nodes[cell]))
    places.append(place(("高速西界", "Expressway, western border"), "border", ends[0]))
    places.append(place(("高速东界", "Expressway, eastern border"), "border", ends[1]))
    return County(settings, network, tuple(places), regions, plane, works.ground.terrain)
