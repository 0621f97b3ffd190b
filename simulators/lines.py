"""Lines that run in the county: rural and town buses, coaches on the highway, trucks from the hills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.county.model import County, Place
from simulators.routes import RouteFinder


@dataclass(frozen=True, slots=True)
class Line:
    """One line there and back. kind: rural_bus, town_bus, coach or truck; out, back: edges in order;
    out_stops, back_stops: metres along, ends left out; ends: names of both ends, Chinese and English; stations: whether each is one."""

    name: str
    name_en: str
    kind: str
    out: NDArray[np.int32]
    back: NDArray[np.int32]
    out_stops: tuple[float, ...]
    back_stops: tuple[float, ...]
    ends: tuple[tuple[str, str], tuple[str, str]] = (("", ""), ("", ""))
    stations: tuple[bool, bool] = (False, False)


_STOP_GAP_M = {"rural_bus": 1_300.0, "town_bus": 550.0}


def plan_lines(county: County) -> tuple[Line, ...]:
    """All lines of a county, in a fixed order."""
    finder = RouteFinder(county.network)
    planner = _Planner(county, finder, np.random.default_rng([county.settings.seed, 20]))
    stations, borders = county.places_of("station"), county.places_of("border")
    county_station, town_stations = stations[0], stations[1:]
    lines = [planner.line("rural_bus", county_station, town) for town in town_stations]
    for village in county.places_of("village"):
        near = min(stations, key=lambda s: finder.seconds(s.node, village.node))
        lines.append(planner.line("rural_bus", near, village))
    lines += planner.town_lines()
    for border in borders:
        lines.append(planner.line("coach", county_station, border))
    for town in town_stations[:2]:
        lines.append(planner.line("coach", town, borders[-1]))
    loads = [*county.places_of("hamlet"), *town_stations]
    for row, place in enumerate(loads):
        lines.append(planner.line("truck", place, borders[row % len(borders)]))
    return tuple(line for line in lines if len(line.out) and len(line.back))


@dataclass(frozen=True, slots=True)
class _Planner:
    county: County
    finder: RouteFinder
    random: np.random.Generator

    def line(self, kind: str, first: Place, last: Place) -> Line:
        """A line between two places."""
        out, back = self.finder.path(first.node, last.node), self.finder.path(last.node, first.node)
        name = (f"{first.name}-{last.name}", f"{first.name_en} - {last.name_en}")
        stops = self._stops(kind, out), self._stops(kind, back)
        ends = ((first.name, first.name_en), (last.name, last.name_en))
        return Line(*name, kind, out, back, *stops, ends, (first.kind == "station", last.kind == "station"))

    def town_lines(self) -> list[Line]:
        """Bus lines inside the county town, from rim to rim through the centre."""
        centre = self.county.places_of("county_town")[0]
        network = self.county.network
        east = (network.node_lon_e7 - network.node_lon_e7[centre.node]) * 0.895
        north = (network.node_lat_e7 - network.node_lat_e7[centre.node]).astype(np.float64)
        away = np.hypot(east, north) / 90.0
        lines = []
        for number, angle in enumerate((0.3, 1.1, 2.0, 2.7), start=1):
            ends = [int(np.argmax(np.where(away < 950, east * np.cos(a) + north * np.sin(a), -np.inf))) for a in (angle, angle + np.pi)]
            if ends[0] == ends[1] or np.inf in (self.finder.seconds(*ends), self.finder.seconds(*reversed(ends))):
                continue
            out, back = self.finder.path(*ends), self.finder.path(*reversed(ends))
            stops = self._stops("town_bus", out), self._stops("town_bus", back)
            name = (f"城区{number}路", f"Town line {number}")
            rims = ((f"{name[0]}东站", f"{name[1]} east end"), (f"{name[0]}西站", f"{name[1]} west end"))
            lines.append(Line(*name, "town_bus", out, back, *stops, rims))
        return lines

    def _stops(self, kind: str, path: NDArray[np.int32]) -> tuple[float, ...]:
        """Stops along a path: at every place on the way and in even gaps between."""
        gap = _STOP_GAP_M.get(kind)
        if gap is None or not len(path):
            return ()
        network = self.county.network
        ends = np.cumsum(network.length_m[path])
        spots = {place.node for place in self.county.places}
        stops = [float(at) for at, edge in zip(ends[:-1], path[:-1], strict=True) if int(network.head[edge]) in spots]
        at = float(self.random.uniform(0.4, 1.0)) * gap
        while at < ends[-1] - gap / 2:
            stops.append(at)
            at += float(self.random.uniform(0.7, 1.4)) * gap
        kept: list[float] = []
        for stop in sorted(stops):
            if stop > 150 and stop < ends[-1] - 150 and (not kept or stop - kept[-1] > 200):
                kept.append(stop)
        return tuple(kept)
