"""What the operators of the county publish: lines as a GeoJSON, a timetable that the simulated fleet keeps to the second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.county.model import County
from simulators.drive import Drivers
from simulators.lines import Line
from tracking.network.model import RoadNetwork

SCHEDULED = {"rural_bus": "R", "town_bus": "T", "coach": "C"}
"""Kinds of lines that have a timetable, and the letter of their codes."""
VARIANTS = ("out", "back")
LATEST_S = 86_400 + 600
"""Runs that end later are driven and not published: a day's figures end a quarter of an hour after midnight."""

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a line that recurs every day: row of the vehicle, row of the line, 0 out or 1 back, row of its cycle, and when the
    cycle begins, seconds from midnight (before it where negative)."""

    vehicle: int
    line: int
    back: int
    cycle: int
    begins_s: int


def codes(county: County, lines: tuple[Line, ...]) -> list[str]:
    """Code of each line, "" for one without a timetable."""
    return [
        f"{county.settings.county_code}-{SCHEDULED[line.kind]}{row:02d}" if line.kind in SCHEDULED else "" for row, line in enumerate(lines)
    ]


def runs_of_a_day(drivers: Drivers, vehicles: NDArray[np.int64] | None = None) -> Iterator[Run]:
    """Every run of a scheduled line that begins on a day, whatever the day (`EPOCH_S` is a midnight), by vehicle and time."""
    cycles = drivers.cycles
    for vehicle in range(drivers.cycle.size) if vehicles is None else vehicles.tolist():
        cycle = int(drivers.cycle[vehicle])
        line = int(cycles.line[cycle])
        length = int(cycles.length_s[cycle])
        if cycles.lines[line].kind not in SCHEDULED or _DAY_S % length:
            continue
        first = -int(drivers.phase_s[vehicle]) % length - length
        starts = [float(calls_of(drivers, cycle, back)["depart_s"][0]) for back in (0, 1)]
        found = [(begins + starts[back], back, begins) for begins in range(first, _DAY_S, length) for back in (0, 1)]
        yield from (Run(vehicle, line, back, cycle, begins) for at, back, begins in sorted(found) if 0 <= at < _DAY_S)


def calls_of(drivers: Drivers, cycle: int, back: int) -> NDArray[Any]:
    """`CALL` rows of one way of a cycle."""
    calls = drivers.cycles.calls
    return np.asarray(calls[(calls["cycle"] == cycle) & (calls["back"] == back)])


def timetable(county: County, drivers: Drivers, plates: list[tuple[str, int]]) -> list[dict[str, str]]:
    """Rows of the CSV that `cuntong lines timetable` takes; plates: number and colour of each vehicle."""
    names = codes(county, drivers.cycles.lines)
    rows = []
    spans: dict[tuple[int, int], tuple[float, float]] = {}
    for run in runs_of_a_day(drivers):
        if (run.cycle, run.back) not in spans:
            calls = calls_of(drivers, run.cycle, run.back)
            spans[run.cycle, run.back] = float(calls["depart_s"][0]), float(calls["arrive_s"][-1])
        departs, arrives = (round(run.begins_s + at) for at in spans[run.cycle, run.back])
        if arrives <= LATEST_S:
            number, colour = plates[run.vehicle]
            rows.append(
                {
                    "line_id": names[run.line], "variant": VARIANTS[run.back], "departs": _clock(departs), "arrives": _clock(arrives),
                    "plate": number, "plate_colour": str(colour), "weekdays": "",
                }
            )  # fmt: skip
    return rows


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def lines_geojson(county: County, lines: tuple[Line, ...]) -> dict[str, Any]:
    """Ways and stops of the scheduled lines, as `cuntong lines import` and `cuntong lines snap` take them."""
    features: list[dict[str, Any]] = []
    for code, line in zip(codes(county, lines), lines, strict=True):
        if code:
            for back in (0, 1):
                features += _way(county, code, line, back)
    return {"type": "FeatureCollection", "features": features}


def _way(county: County, code: str, line: Line, back: int) -> list[dict[str, Any]]:
    edges, inner = ((line.out, line.out_stops), (line.back, line.back_stops))[back]
    lon, lat, along = outline(county.network, edges)
    key = {"line_id": code, "variant": VARIANTS[back]}
    told = key | {"name": line.name, "name_en": line.name_en, "kind": line.kind, "region_code": f"{county.settings.county_code:06d}"}
    places = np.round(np.column_stack([lon, lat]), 7).tolist()
    features: list[dict[str, Any]] = [{"type": "Feature", "properties": told, "geometry": {"type": "LineString", "coordinates": places}}]
    at = [0.0, *inner, float(along[-1])]
    spots = np.round(np.column_stack([np.interp(at, along, lon), np.interp(at, along, lat)]), 6).tolist()
    for seq, (name, spot) in enumerate(zip(_names(line, back, len(at)), spots, strict=True)):
        terminal = seq in (0, len(at) - 1)
        station = terminal and line.stations[back if seq == 0 else 1 - back]
        words = key | {"stop_seq": seq, "name": name[0], "name_en": name[1], "station": station}
        features.append({"type": "Feature", "properties": words, "geometry": {"type": "Point", "coordinates": spot}})
    return features


def _names(line: Line, back: int, count: int) -> list[tuple[str, str]]:
    """(Chinese, English) of the stops of a way."""
    towards = ("去", "回")[back]
    inner = [(f"{line.name}{towards}{seq}站", f"{line.name_en}, stop {seq} {VARIANTS[back]}") for seq in range(1, count - 1)]
    return [line.ends[back], *inner, line.ends[1 - back]]


def outline(network: RoadNetwork, edges: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(lon, lat, metres along) of edges driven end to end."""
    lon: list[NDArray[np.float64]] = []
    lat: list[NDArray[np.float64]] = []
    along: list[NDArray[np.float64]] = []
    done = 0.0
    for edge in edges.tolist():
        x, y = network.shape(edge)
        skip = 1 if lon else 0
        lon.append(x[skip:])
        lat.append(y[skip:])
        start, end = int(network.shape_start[edge]), int(network.shape_start[edge + 1])
        along.append(done + network.along_m[start:end][skip:].astype(np.float64))
        done += float(network.length_m[edge])
    return np.concatenate(lon), np.concatenate(lat), np.concatenate(along)
