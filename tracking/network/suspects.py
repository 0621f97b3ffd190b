"""Where the map errs: places at which many vehicles ran off the road, against a one-way, or against a banned turn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from domain.track import Track
from tracking.kernels import travel
from tracking.legs import geodesics
from tracking.matched import Match, State
from tracking.network.model import EdgeFlag, RoadNetwork
from tracking.network.plane import unproject
from tracking.roads import access_bit

Floats = NDArray[np.float64]


class Kind(Enum):
    """What vehicles did that the map does not allow."""

    OFF_ROAD = "off the road"
    AGAINST_ONE_WAY = "against a one-way"
    BANNED_TURN = "banned turn"


@dataclass(frozen=True, slots=True)
class Suspect:
    """One place. edge: of the network, -1 where there is none; km: driven there in all; vehicle_days: days of vehicles; lon_deg,
    lat_deg: its middle."""

    kind: Kind
    edge: int
    lon_deg: float
    lat_deg: float
    km: float
    passes: int
    vehicles: int
    vehicle_days: int


@dataclass(slots=True)
class _Tally:
    metres: float = 0.0
    passes: int = 0
    x_m: float = 0.0
    y_m: float = 0.0
    days: set[tuple[int, int]] = field(default_factory=set)

    def add(self, metres: float, x: float, y: float, day: tuple[int, int]) -> None:
        """Count one leg or pass."""
        self.metres += metres
        self.passes += 1
        self.x_m += x
        self.y_m += y
        self.days.add(day)


class SuspectCounter:
    """Counts matched tracks of many vehicles.

    Args:
        network: the roads.
        profile: of the vehicles: bans that do not bind it are none.
        near_m: so near a one-way a leg off the road may run along it (ours).
    """

    def __init__(self, network: RoadNetwork, profile: str = "bus", near_m: float = 15.0) -> None:
        self._network, self._near_m = network, near_m
        self._bit = access_bit(profile)
        self._cells: dict[tuple[int, int], _Tally] = defaultdict(_Tally)
        self._edges: dict[tuple[Kind, int], _Tally] = defaultdict(_Tally)
        self._points = tuple(a.astype(np.float64) for a in (network.x_m, network.y_m, network.along_m))
        self._oneway = (network.twin < 0) & (network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) == 0)

    def add(self, vehicle_id: int, day: int, track: Track, found: Match) -> None:
        """Count one track. day: any number that names the day."""
        self._add_off_road((vehicle_id, day), track, found)
        network, path = self._network, found.path
        ends = network.head[path["edge"]]
        split = np.flatnonzero(network.base_node[ends] != ends)
        for row in split[split < path.size - 1].tolist():
            connector = self._paid(int(ends[row]), int(path["edge"][row]), int(path["edge"][row + 1]))
            if connector >= 0 and path["to_m"][row] == network.length_m[path["edge"][row]] and path["from_m"][row + 1] == 0.0:
                j = int(network.shape_start[connector])
                self._edges[Kind.BANNED_TURN, connector].add(0.0, float(network.x_m[j]), float(network.y_m[j]), (vehicle_id, day))

    def _paid(self, node: int, edge: int, following: int) -> int:
        """The connector that a drive from an edge into the next goes by, -1 when the turn is free."""
        network = self._network
        outs = network.out_edges(node).tolist()
        if following in outs or network.base_edge[following] == network.twin[edge]:
            return -1
        for out in outs:
            closed = network.flags[out] & EdgeFlag.CONNECTOR and not network.access[out] & self._bit
            if closed and following in network.out_edges(int(network.head[out])):
                return int(out)
        return -1

    def _add_off_road(self, day: tuple[int, int], track: Track, found: Match) -> None:
        rows = np.argsort(track.t_ms, kind="stable")
        rows = rows[(found.state[rows] == State.OFF_ROAD) | (found.state[rows] == State.ON_ROAD)]
        off = found.state[rows] == State.OFF_ROAD
        leg = np.flatnonzero(off[1:] & off[:-1])
        if not leg.size:
            return
        lon, lat = track.lon_deg[rows], track.lat_deg[rows]
        x, y = self._network.project(lon, lat)
        metres = geodesics(lon, lat)[leg]
        dx, dy = np.diff(x)[leg], np.diff(y)[leg]
        mx, my = x[leg] + dx / 2, y[leg] + dy / 2
        edge = self._against(mx, my, dx, dy)
        cell_m = float(self._network.grid[2])
        for row in np.flatnonzero(metres > 0).tolist():
            at = float(mx[row]), float(my[row])
            if edge[row] >= 0:
                tally = self._edges[Kind.AGAINST_ONE_WAY, int(edge[row])]
            else:
                tally = self._cells[int(at[0] // cell_m), int(at[1] // cell_m)]
            tally.add(float(metres[row]), *at, day)

    def _against(self, x: Floats, y: Floats, dx: Floats, dy: Floats) -> NDArray[np.int32]:
        """The one-way near each place that a step (dx, dy) there runs against, -1 none."""
        net = self._network
        px, py, along = self._points
        edge, share, off = np.empty(x.size, np.int32), np.empty(x.size), np.empty(x.size)
        grid = net.cell_start, net.cell_shape, net.cell_edge, net.grid
        travel.nearest_edges(x, y, px, py, *grid, self._oneway, along, net.length_m, self._near_m, edge, share, off)
        found = np.flatnonzero(edge >= 0)
        for row in found.tolist():
            start, end = int(net.shape_start[edge[row]]), int(net.shape_start[edge[row] + 1])
            j = start + int(np.clip(np.searchsorted(along[start:end], share[row] * net.length_m[edge[row]]) - 1, 0, end - start - 2))
            ex, ey = px[j + 1] - px[j], py[j + 1] - py[j]
            if ex * dx[row] + ey * dy[row] > -0.866 * np.hypot(ex, ey) * np.hypot(dx[row], dy[row]):
                edge[row] = -1
        return edge

    def suspects(self, least_vehicles: int = 3) -> list[Suspect]:
        """Places where at least so many vehicles did so, the most vehicle-days first; cells that touch are one place."""
        places = [*self._fields(), *((kind, edge, tally) for (kind, edge), tally in self._edges.items())]
        found = []
        for kind, edge, tally in places:
            vehicles = len({vehicle for vehicle, _ in tally.days})
            if vehicles >= least_vehicles:
                middle = np.array([tally.x_m]) / tally.passes, np.array([tally.y_m]) / tally.passes
                lon, lat = (float(axis[0]) for axis in unproject(self._network.plane, *middle))
                found.append(Suspect(kind, edge, lon, lat, tally.metres / 1000, tally.passes, vehicles, len(tally.days)))
        return sorted(found, key=lambda one: (-one.vehicle_days, -one.km, one.kind.value, one.edge, one.lon_deg, one.lat_deg))

    def _fields(self) -> list[tuple[Kind, int, _Tally]]:
        """Cells off the road, those that touch each other put together."""
        cells = sorted(self._cells)
        if not cells:
            return []
        row_of = {cell: row for row, cell in enumerate(cells)}
        near = [
            (row, row_of[column + right, line + up])
            for (column, line), row in row_of.items()
            for right, up in ((1, 0), (0, 1), (1, 1), (1, -1))
            if (column + right, line + up) in row_of
        ]
        ends = np.array(near, np.int64).reshape(-1, 2)
        links = coo_array((np.ones(len(near)), (ends[:, 0], ends[:, 1])), shape=(len(cells), len(cells)))
        part = connected_components(links, directed=False)[1]
        joined: dict[int, _Tally] = defaultdict(_Tally)
        for cell, row in row_of.items():
            one, whole = self._cells[cell], joined[int(part[row])]
            whole.metres += one.metres
            whole.passes += one.passes
            whole.x_m += one.x_m
            whole.y_m += one.y_m
            whole.days |= one.days
        return [(Kind.OFF_ROAD, -1, tally) for tally in joined.values()]
