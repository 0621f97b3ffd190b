"""`RoadNetwork`: directed edges in flat arrays, read-only once built."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import IntEnum, IntFlag

import numpy as np
from numpy.typing import NDArray

from tracking.network.plane import project


class RoadClass(IntEnum):
    """Rank of a road; OSM words, with the Chinese administrative level they stand for."""

    MOTORWAY = 1
    TRUNK = 2
    PRIMARY = 3
    SECONDARY = 4
    TERTIARY = 5
    UNCLASSIFIED = 6
    RESIDENTIAL = 7
    LIVING_STREET = 8
    SERVICE = 9
    TRACK = 10
    FERRY = 11


class LimitOrigin(IntEnum):
    """Where a speed limit comes from."""

    NONE = 0
    POSTED = 1
    IMPLIED = 2
    DEFAULT = 3
    OVERRIDE = 4


class EdgeFlag(IntFlag):
    """What is special about an edge. CONNECTOR: no road, the price of a banned turn; COPY: a way's double behind a banned turn."""

    PRIVATE = 1
    TUNNEL = 2
    BRIDGE = 4
    FERRY = 8
    LINK = 16
    ROUNDABOUT = 32
    TOWN = 64
    NO_CENTRE_LINE = 128
    CONDITIONAL = 256
    CONNECTOR = 512
    TOLL = 1024
    UNPAVED = 2048
    COPY = 4096


class Access(IntFlag):
    """Bits of `RoadNetwork.access`: who may drive there."""

    BUS = 1
    COACH = 2
    TRUCK = 4
    DANGEROUS_GOODS = 8


FREE_KMH = {
    RoadClass.MOTORWAY: 90,
    RoadClass.TRUNK: 70,
    RoadClass.PRIMARY: 60,
    RoadClass.SECONDARY: 50,
    RoadClass.TERTIARY: 40,
    RoadClass.UNCLASSIFIED: 35,
    RoadClass.RESIDENTIAL: 25,
    RoadClass.LIVING_STREET: 15,
    RoadClass.SERVICE: 15,
    RoadClass.TRACK: 15,
    RoadClass.FERRY: 10,
}
"""Free speed of a loaded bus or truck, km/h: for search and plausibility only."""

LINK_FREE_KMH = 40
ALL_PROFILES = int(Access.BUS | Access.COACH | Access.TRUCK | Access.DANGEROUS_GOODS)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a network comes from. source_sha256, source_date (ISO), region_code: "" unknown; counts: the import's tally;
    overrides: rows (edge_key, field, value, source, from day) put over the map, see `overrides.Override`."""

    source: str = ""
    licence: str = ""
    source_sha256: str = ""
    source_date: str = ""
    region_code: str = ""
    built_with: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    overrides: tuple[tuple[str, str, int, str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RoadNetwork:
    """A directed road graph with its shapes. All arrays are read-only.

    E edges, N nodes, S shape points. Per edge: tail, head node rows; twin the opposite edge, -1 none; the shape of edge e
    is rows shape_start[e]:shape_start[e + 1]; length_m on the ellipsoid; limits in km/h, 0 none, with their origins (of the
    bus's and of the truck's); weight_limit_t10 0.1 t, height_limit_cm, length_limit_cm 0 none; name, ref, region rows of
    the string tables, -1 none. Per shape point: WGS-84 in 1e-7 degree, x_m, y_m in the plane, along_m metres from the
    edge's start. names_en runs beside names, "" where there is none.

    Out-edges of node n: out_edge[out_start[n]:out_start[n + 1]]. base_node[n] is n, but for copies of a junction, which make
    turns dear: an edge with a banned turn ends in a copy, whose out-list holds the allowed edges themselves (their tail
    is the junction) and a CONNECTOR, length 0, to the junction. A connector costs `ban_cost_m` to profiles whose access bit
    is off there, nothing to others. COPY edges double a way inside a ban over several ways; base_edge[e] is e but for them.

    Grid over the plane: grid = (x0, y0, cell_m, columns, rows); cell = row * columns + column, rows along y. Its segments:
    cell_shape[cell_start[c]:cell_start[c + 1]] are shape rows j of segments j to j + 1 that touch the cell, cell_edge their
    edges; of twins the smaller edge alone; no connectors, no copies.
    """

    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    twin: NDArray[np.int32]
    base_edge: NDArray[np.int32]
    shape_start: NDArray[np.int32]
    length_m: NDArray[np.float64]
    edge_key: NDArray[np.uint64]
    way_id: NDArray[np.int64]
    road_class: NDArray[np.uint8]
    access: NDArray[np.uint8]
    lanes: NDArray[np.uint8]
    free_kmh: NDArray[np.uint8]
    limit_bus_kmh: NDArray[np.uint8]
    limit_truck_kmh: NDArray[np.uint8]
    limit_origin: NDArray[np.uint8]
    truck_limit_origin: NDArray[np.uint8]
    weight_limit_t10: NDArray[np.uint16]
    height_limit_cm: NDArray[np.uint16]
    length_limit_cm: NDArray[np.uint16]
    flags: NDArray[np.uint16]
    name: NDArray[np.int32]
    ref: NDArray[np.int32]
    region: NDArray[np.int32]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]
    x_m: NDArray[np.float32]
    y_m: NDArray[np.float32]
    along_m: NDArray[np.float32]
    out_start: NDArray[np.int32]
    out_edge: NDArray[np.int32]
    node_id: NDArray[np.int64]
    base_node: NDArray[np.int32]
    node_lon_e7: NDArray[np.int32]
    node_lat_e7: NDArray[np.int32]
    grid: NDArray[np.float64]
    cell_start: NDArray[np.int32]
    cell_shape: NDArray[np.int32]
    cell_edge: NDArray[np.int32]
    names: tuple[str, ...]
    names_en: tuple[str, ...]
    refs: tuple[str, ...]
    regions: tuple[str, ...]
    plane: str
    origin: Origin
    version: str

    @property
    def edge_count(self) -> int:
        """Directed edges."""
        return int(self.tail.size)

    @property
    def node_count(self) -> int:
        """Nodes."""
        return int(self.node_id.size)

    @property
    def source(self) -> str:
        """What the network was made of."""
        return self.origin.source

    @property
    def licence(self) -> str:
        """Licence and attribution of the source."""
        return self.origin.licence

    def project(self, lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(x, y) metres in the network's plane, float64, of places in degrees WGS-84; not finite where the place is not."""
        return project(self.plane, lon_deg, lat_deg)

    def shape(self, edge: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(lon, lat) of an edge's shape, degrees WGS-84, from tail to head."""
        start, end = int(self.shape_start[edge]), int(self.shape_start[edge + 1])
        return self.lon_e7[start:end] / 1e7, self.lat_e7[start:end] / 1e7

    def out_edges(self, node: int) -> NDArray[np.int32]:
        """Edges that leave the node."""
        return self.out_edge[self.out_start[node] : self.out_start[node + 1]]

    def name_of(self, edge: int, *, english: bool = False) -> str:
        """Name of the edge's road, "" when it has none."""
        row = int(self.name[edge])
        if row < 0:
            return ""
        return self.names_en[row] if english and self.names_en[row] else self.names[row]

    def bounds(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) of all shapes, degrees; ValueError for a network without edges."""
        if not self.lon_e7.size:
            raise ValueError("a network without edges has no bounds")
        return (
            float(self.lon_e7.min()) / 1e7,
            float(self.lat_e7.min()) / 1e7,
            float(self.lon_e7.max()) / 1e7,
            float(self.lat_e7.max()) / 1e7,
        )


TABLE_NAMES = ("names", "names_en", "refs", "regions")
"""String tables of `RoadNetwork`."""
ARRAY_NAMES = tuple(f.name for f in fields(RoadNetwork) if f.name not in {*TABLE_NAMES, "plane", "origin", "version"})
"""Array members of `RoadNetwork`, in declaration order; the version hash covers them in this order."""
EDGE_NAMES = ARRAY_NAMES[: ARRAY_NAMES.index("lon_e7")]
"""Array members with one row an edge (shape_start has one more)."""
