"""A road network as one profile sees it: what its ways cost, where they end, which limits hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.kernels.graph import ARC, EDGE, NODE, POINT, SEGMENT, Graph
from tracking.network.model import Access, EdgeFlag, RoadClass, RoadNetwork
from tracking.parameters import MatchParameters

PROFILES = {"bus": Access.BUS, "coach": Access.COACH, "truck": Access.TRUCK, "dangerous_goods": Access.DANGEROUS_GOODS}


def access_bit(profile: str) -> Access:
    """The access bit of a profile; RefusedError for an unknown one."""
    if profile not in PROFILES:
        raise RefusedError(f"no profile {profile!r}; there are {', '.join(PROFILES)}", field="profile")
    return PROFILES[profile]


def search_cost(network: RoadNetwork, profile: str, parameters: MatchParameters) -> NDArray[np.float64]:
    """(E,) float64 metres of an ordinary road: what a way costs in the search, bans included."""
    barred = (network.access & access_bit(profile)) == 0
    factor = (1.0 - parameters.time_share) + parameters.time_share * 60.0 / np.maximum(network.free_kmh, 1)
    slow = (network.road_class == RoadClass.SERVICE) | (network.road_class == RoadClass.TRACK)
    factor = factor * np.where(slow, parameters.service_factor, 1.0)
    factor *= np.where((network.flags & EdgeFlag.PRIVATE) != 0, parameters.private_factor, 1.0)
    connector = (network.flags & EdgeFlag.CONNECTOR) != 0
    factor *= np.where(barred & ~connector, parameters.barred_factor, 1.0)
    return network.length_m * factor + np.where(connector & barred, parameters.ban_cost_m, 0.0)


def _dead_ends(network: RoadNetwork) -> NDArray[np.bool_]:
    """(N,) bool: nodes where the only way on is back; ends of one-ways too, from which there is none."""
    out = np.diff(network.out_start)
    into = np.bincount(network.head, minlength=network.node_count)
    back = np.zeros(network.node_count, bool)
    single = np.flatnonzero(out == 1)
    back[single] = network.twin[network.out_edge[network.out_start[single]]] >= 0
    ends: NDArray[np.bool_] = (out == 0) | (back & (into == 1))
    return ends


def graph_of(network: RoadNetwork, profile: str, parameters: MatchParameters) -> Graph:
    """What the kernels read of a network."""
    cost = search_cost(network, profile, parameters)
    long = network.length_m > 1.0
    cheapest = float((cost[long] / network.length_m[long]).min()) if long.any() else 0.0
    edges = np.zeros(network.edge_count, EDGE)
    edges["cost"], edges["length"] = cost, network.length_m
    edges["pace"] = 3.6 / np.maximum(network.free_kmh, 1)
    edges["free_s"] = network.length_m * edges["pace"]
    edges["head"], edges["tail"], edges["twin"] = network.head, network.tail, network.twin
    edges["shape_start"], edges["shape_end"] = network.shape_start[:-1], network.shape_start[1:]
    nodes = np.zeros(network.node_count, NODE)
    nodes["x"], nodes["y"] = network.project(network.node_lon_e7 / 1e7, network.node_lat_e7 / 1e7)
    nodes["out_start"], nodes["out_end"] = network.out_start[:-1], network.out_start[1:]
    nodes["dead_end"] = _dead_ends(network)
    arcs = np.zeros(network.out_edge.size, ARC)
    for name in ("cost", "length", "free_s", "head", "twin"):
        arcs[name] = edges[name][network.out_edge]
    arcs["edge"], arcs["base"] = network.out_edge, network.base_edge[network.out_edge]
    points = np.zeros(network.x_m.size, POINT)
    points["x"], points["y"], points["along"] = network.x_m, network.y_m, network.along_m
    at = network.cell_shape
    segments = np.zeros(at.size, SEGMENT)
    segments["ax"], segments["ay"], segments["bx"], segments["by"] = (
        points["x"][at],
        points["y"][at],
        points["x"][at + 1],
        points["y"][at + 1],
    )
    segments["edge"], segments["shape"] = network.cell_edge, at
    return Graph(nodes, arcs, edges, points, network.grid, network.cell_start, segments, np.array([cheapest]))


def limits_of(network: RoadNetwork, profile: str) -> NDArray[np.uint8]:
    """(E,) uint8 speed limits of the profile, km/h, 0 none."""
    return network.limit_bus_kmh if access_bit(profile) & (Access.BUS | Access.COACH) else network.limit_truck_kmh
