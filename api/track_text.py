"""Text of tracks: JSON, GeoJSON, MF-JSON Trajectory (OGC 19-045r3, clause 6) and GPX 1.1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.driven_track import Run
from api.text_columns import Column, decimal, instants, rows_of, whole
from domain.units import instant


@dataclass(frozen=True, slots=True)
class Heading:
    """What is told of a track as a whole; span in epoch ms, half open; simplify_m None: every place."""

    vehicle_id: int
    span: tuple[int, int]
    matched: bool
    simplify_m: float | None
    crs: str

    def text(self) -> str:
        """Members of the JSON object."""
        begin, end = (instant(one).isoformat() for one in self.span)
        simplify = "null" if self.simplify_m is None else repr(self.simplify_m)
        what = f'"matched":{str(self.matched).lower()},"simplify_m":{simplify},"crs":"{self.crs}"'
        return f'"vehicle_id":{self.vehicle_id},"from":"{begin}","to":"{end}",{what}'


def json_text(heading: Heading, runs: Sequence[Run]) -> Iterator[bytes]:
    """`api.schemas.tracks.Track`."""
    yield f'{{{heading.text()},"runs":['.encode()
    for number, run in enumerate(runs):
        yield f'{"," if number else ""}{{"kind":"{run.kind}","points":['.encode()
        beside: list[bytes | Column] = []
        if len(run.speed_kmh10):
            beside = [b',"speed_kmh":', decimal(run.speed_kmh10, 1, run.speed_kmh10 < 0), b',"heading_deg":', _unless(run.heading_deg)]
        yield from rows_of([b',\n{"time":', instants(run.t_ms), b',"lon":', _lon(run), b',"lat":', _lat(run), *beside, b"}"], len(run))
        yield b"]}"
    yield b"]}"


def geojson_text(heading: Heading, runs: Sequence[Run]) -> Iterator[bytes]:
    """`api.schemas.tracks.TrackFeatures`: one feature a run."""
    yield f'{{"type":"FeatureCollection",{heading.text()},"features":['.encode()
    for number, run in enumerate(runs):
        yield f'{"," if number else ""}{{"type":"Feature","id":{number},"geometry":'.encode()
        yield from _geometry(run)
        yield f',"properties":{{"kind":"{run.kind}","times":['.encode()
        yield from rows_of([b",", instants(run.t_ms)], len(run))
        yield b"]}}"
    yield b"]}"


def mfjson_text(heading: Heading, runs: Sequence[Run]) -> Iterator[bytes]:
    """A FeatureCollection of trajectories: `datetimes` of a feature belong to its coordinates one by one; a lone place is said twice."""
    yield f'{{"type":"FeatureCollection","properties":{{{heading.text()}}},"features":['.encode()
    for number, run in enumerate(runs):
        line = run if len(run) > 1 else run.at(np.array([0, 0]))
        yield f'{"," if number else ""}{{"type":"Feature","geometry":'.encode()
        yield from _geometry(line)
        yield f',"properties":{{"name":"{run.kind}","datetimes":['.encode()
        yield from rows_of([b",", instants(line.t_ms)], len(line))
        yield b"]}}"
    yield b"]}"


def gpx_text(heading: Heading, runs: Sequence[Run]) -> Iterator[bytes]:
    """GPX 1.1, one track segment a run."""
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Cuntong" xmlns="http://www.topografix.com/GPX/1/1">'
    yield f"<trk><name>vehicle {heading.vehicle_id}</name>".encode()
    for run in runs:
        yield b"<trkseg>"
        quoted = instants(run.t_ms)[1:-1]
        yield from rows_of(
            [b'\n<trkpt lat="', _degrees(run.lat), b'" lon="', _degrees(run.lon), b'"><time>', quoted, b"</time></trkpt>"], len(run)
        )
        yield b"</trkseg>"
    yield b"</trk></gpx>\n"


def _geometry(run: Run) -> Iterator[bytes]:
    if len(run) == 1:
        yield f'{{"type":"Point","coordinates":[{run.lon[0]:.6f},{run.lat[0]:.6f}]}}'.encode()
        return
    yield b'{"type":"LineString","coordinates":['
    yield from rows_of([b",[", _lon(run), b",", _lat(run), b"]"], len(run))
    yield b"]}"


def _lon(run: Run) -> Column:
    return _degrees(run.lon)


def _lat(run: Run) -> Column:
    return _degrees(run.lat)


def _degrees(values: NDArray[np.float64]) -> Column:
    return decimal(np.round(values * 1e6).astype(np.int64), 6)


def _unless(values: NDArray[np.int64]) -> Column:
    return whole(values, values < 0)
