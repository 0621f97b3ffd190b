"""A scheduled line on the road network: its edges, its measure, its stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.kernels.corridor import measured_outline
from tracking.matched import PATH_PART
from tracking.network.geodesy import curvature_radii
from tracking.network.model import RoadNetwork

Floats = NDArray[np.float64]

LINE_STOP = np.dtype([("measure_m", "<f8"), ("edge", "<i4"), ("along_m", "<f8")])
"""A stop of a line: metres along the line, its edge, metres from the edge's start."""


@dataclass(frozen=True, slots=True)
class LocalPlane:
    """Metres about a place, true there: for offsets and directions within some hundred metres, not for lengths.

    Args:
        lon_deg, lat_deg: the place.
    """

    lon_deg: float
    lat_deg: float

    def project(self, lon_deg: Floats, lat_deg: Floats) -> tuple[Floats, Floats]:
        """(x, y) metres east and north of the place."""
        meridian, prime = curvature_radii(np.array([self.lat_deg]))
        east = np.radians(1.0) * prime[0] * np.cos(np.radians(self.lat_deg))
        return (lon_deg - self.lon_deg) * east, (lat_deg - self.lat_deg) * np.radians(1.0) * meridian[0]


@dataclass(frozen=True, slots=True, eq=False)
class LinePath:
    """One direction or variant of a line.

    parts: (k,) `PATH_PART` in driving order; stops: (m,) `LINE_STOP` in the order of service, the terminals first and last;
    lon_deg, lat_deg, measure_m: (v,) the polyline with its measure, metres on the ellipsoid; worst_offset_m: the farthest
    that the drawing lay from the roads, NaN unknown. A loop or a line out and back is one path that passes places twice.
    """

    line_id: str
    variant: str
    parts: NDArray[Any]
    stops: NDArray[Any]
    stop_names: tuple[str, ...]
    lon_deg: Floats
    lat_deg: Floats
    measure_m: Floats
    worst_offset_m: float = float("nan")
    map_version: str = ""

    @property
    def length_m(self) -> float:
        """Metres from end to end."""
        return float(self.measure_m[-1]) if self.measure_m.size else 0.0

    @property
    def edges(self) -> NDArray[np.int32]:
        """Edge of each part."""
        return np.asarray(self.parts["edge"], np.int32)

    def plane(self) -> LocalPlane:
        """Metres about the middle of the line."""
        return LocalPlane((self.lon_deg.min() + self.lon_deg.max()) / 2, (self.lat_deg.min() + self.lat_deg.max()) / 2)

    def place(self, measure_m: Any) -> tuple[Floats, Floats]:
        """(lon, lat) degrees at metres along the line."""
        return np.interp(measure_m, self.measure_m, self.lon_deg), np.interp(measure_m, self.measure_m, self.lat_deg)


def outline_of(parts: NDArray[Any], network: RoadNetwork) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """(lon, lat, measure, row of the part) of the vertices of parts of edges, end to end."""
    edge = parts["edge"].astype(np.int64)
    room = int((network.shape_start[edge + 1] - network.shape_start[edge] + 2).sum())
    lon, lat, measure, part = np.empty(room), np.empty(room), np.empty(room), np.empty(room, np.int64)
    from_m, to_m = np.ascontiguousarray(parts["from_m"]), np.ascontiguousarray(parts["to_m"])
    used = measured_outline(
        edge, from_m, to_m, network.shape_start, network.lon_e7, network.lat_e7, network.along_m, lon, lat, measure, part
    )
    return lon[:used], lat[:used], measure[:used], part[:used]


def line_path(
    network: RoadNetwork,
    parts: NDArray[Any],
    stops_m: Any,
    *,
    line_id: str = "",
    variant: str = "",
    stop_names: tuple[str, ...] = (),
    worst_offset_m: float = float("nan"),
) -> LinePath:
    """The line that runs over parts of edges and stops at measures.

    Args:
        parts: (k,) `PATH_PART`, each beginning where the one before ends; stops_m: (m,) metres along, rising.
    Raises:
        RefusedError: no part, stops outside the line or not in order, names of another number than stops.
    """
    if not len(parts):
        raise RefusedError(f"line {line_id} {variant} has no road", field="parts")
    lon, lat, measure, _ = outline_of(parts, network)
    wanted = np.asarray(stops_m, np.float64)
    if wanted.size and (wanted[0] < -1.0 or wanted[-1] > measure[-1] + 1.0 or (np.diff(wanted) < 0).any()):
        raise RefusedError(f"line {line_id} {variant}: stops are not in order along its {measure[-1]:.0f} m", field="stops")
    if stop_names and len(stop_names) != wanted.size:
        raise RefusedError(f"line {line_id} {variant}: {len(stop_names)} names for {wanted.size} stops", field="stop_names")
    stops = np.zeros(wanted.size, LINE_STOP)
    stops["measure_m"] = np.clip(wanted, 0.0, measure[-1])
    starts = np.concatenate([[0.0], np.cumsum(parts["to_m"] - parts["from_m"])])
    row = np.clip(np.searchsorted(starts, stops["measure_m"], side="right") - 1, 0, len(parts) - 1)
    stops["edge"] = parts["edge"][row]
    stops["along_m"] = parts["from_m"][row] + stops["measure_m"] - starts[row]
    return LinePath(line_id, variant, parts, stops, stop_names, lon, lat, measure, worst_offset_m, network.version)


def whole_edges(network: RoadNetwork, edges: Any) -> NDArray[Any]:
    """`PATH_PART` rows of edges driven from end to end."""
    parts = np.zeros(len(edges), PATH_PART)
    parts["edge"] = edges
    parts["to_m"] = network.length_m[parts["edge"]]
    return parts
