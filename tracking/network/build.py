"""From plain columns to a `RoadNetwork`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.cells import fill_cells
from tracking.network.archive import version_of
from tracking.network.junctions import Bans, EdgeBan, split
from tracking.network.keys import edge_keys
from tracking.network.model import EdgeFlag, Origin, RoadNetwork
from tracking.network.pieces import Chains, Pieces, join, piece_lengths, pieces_of
from tracking.network.plane import plane_for, project
from tracking.network.table import Column, EdgeTable, check

CELL_M = 200.0
_MOST_CELLS = 50_000_000
"""A larger grid gets larger cells."""


def from_edges(
    table: EdgeTable, *, source: str = "", licence: str = "", origin: Origin | None = None, bans: Bans | None = None
) -> RoadNetwork:
    """A network of the pieces; chains of equal pieces are one edge. Directed edges in row order, along before against.

    Args:
        table: the pieces.
        source, licence: what they were made of; not read when `origin` is given.
        origin: all that is known about the source.
        bans: turns and barriers, by table row and node number; None: no such.

    Raises:
        RefusedError: a piece of fewer than two points, a table row out of range, columns of unequal length, a coordinate
            that is not on the globe.
    """
    check(table)
    bans = bans or Bans()
    pieces, node_id = pieces_of(table)
    pieces, places = join(pieces, np.isin(node_id, _kept(table, bans)))
    columns = _directed(pieces, node_id)
    if bans.turns or bans.barriers:
        columns = split(columns, *_by_edge(bans, pieces, places, columns))
    names_en = table.names_en or ("",) * len(table.names)
    tables = {"names": table.names, "names_en": names_en, "refs": table.refs, "regions": table.regions}
    return finish(columns, tables, origin or Origin(source, licence))


def finish(columns: dict[str, Column], tables: dict[str, tuple[str, ...]], origin: Origin) -> RoadNetwork:
    """The network of its columns, with plane, grid and version put to them."""
    plane = plane_for(columns["lon_e7"], columns["lat_e7"])
    columns = columns | _grid(columns, plane)
    for array in columns.values():
        array.setflags(write=False)
    members: dict[str, Any] = {**columns, **tables}
    return RoadNetwork(**members, plane=plane, origin=origin, version=version_of(columns, tables, plane))


def _kept(table: EdgeTable, bans: Bans) -> NDArray[np.int64]:
    """Numbers of the nodes that stay: those asked for, and those at which bans begin and end."""
    named = [node for node, _ in bans.barriers]
    for ban in bans.turns:
        (first, against), (last, back) = ban.way[0], ban.way[-1]
        named += [int((table.tail if against else table.head)[first]), int((table.head if back else table.tail)[last])]
    asked = np.empty(0, np.int64) if table.keep_nodes is None else table.keep_nodes
    return np.concatenate([np.asarray(asked, np.int64), np.array(named, np.int64)])


def _by_edge(bans: Bans, pieces: Pieces, places: Chains, columns: dict[str, Column]) -> tuple[list[EdgeBan], dict[int, int]]:
    """The bans in terms of directed edges and node rows; those over a drive that is not there are none."""
    first = np.concatenate([[0], np.cumsum(np.where(pieces.oneway, 1, 2))])
    found = []
    for ban in bans.turns:
        rows = [(int(places.chain[row]), bool(against ^ places.turned[row])) for row, against in ban.way]
        if any(back and pieces.oneway[chain] for chain, back in rows):
            continue
        edges = [int(first[chain]) + back for chain, back in rows]
        run = tuple(edge for n, edge in enumerate(edges) if n == 0 or edges[n - 1] != edge)
        if len(run) > 1:
            found.append(EdgeBan(run, ban.only, ban.bits))
    row_of = dict(bans.barriers)
    shut = np.flatnonzero(np.isin(columns["node_id"], list(row_of)))
    return found, {int(row): row_of[int(columns["node_id"][row])] for row in shut}


def _directed(pieces: Pieces, node_id: NDArray[np.int64]) -> dict[str, Column]:
    """Columns of the directed edges, but for the plane and the grid."""
    rows, backward = _directions(pieces.oneway)
    used, ends = np.unique(np.concatenate([pieces.tail, pieces.head]), return_inverse=True)
    tail, head = ends[: pieces.tail.size], ends[pieces.tail.size :]
    side = backward.astype(np.int64)
    columns: dict[str, Column] = {name: np.ascontiguousarray(column[side, rows]) for name, column in pieces.attributes.items()}
    columns["tail"] = np.where(backward, head[rows], tail[rows]).astype(np.int32)
    columns["head"] = np.where(backward, tail[rows], head[rows]).astype(np.int32)
    columns["twin"] = _twins(rows, backward)
    columns["base_edge"] = np.arange(rows.size, dtype=np.int32)
    columns["way_id"] = pieces.way_id[rows]
    columns["node_id"] = node_id[used]
    columns["base_node"] = np.arange(used.size, dtype=np.int32)
    columns |= _shapes(pieces, rows, backward)
    against = backward ^ pieces.turned[rows]
    ids = columns["node_id"]
    columns["edge_key"] = edge_keys(columns["way_id"], ids[columns["tail"]], ids[columns["head"]], against, columns["length_m"])
    columns["out_edge"] = np.argsort(columns["tail"], kind="stable").astype(np.int32)
    columns["out_start"] = np.concatenate([[0], np.cumsum(np.bincount(columns["tail"], minlength=used.size))]).astype(np.int32)
    return columns | _node_places(columns)


def _directions(oneway: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(row, backward) of every directed edge."""
    copies = np.where(oneway, 1, 2)
    rows = np.repeat(np.arange(oneway.size), copies)
    backward = np.zeros(rows.size, bool)
    backward[1:] = rows[1:] == rows[:-1]
    return rows, backward


def _twins(rows: NDArray[np.int64], backward: NDArray[np.bool_]) -> NDArray[np.int32]:
    twin = np.full(rows.size, -1, np.int32)
    second = np.flatnonzero(backward)
    twin[second] = second - 1
    twin[second - 1] = second
    return twin


def _shapes(pieces: Pieces, rows: NDArray[np.int64], backward: NDArray[np.bool_]) -> dict[str, Column]:
    along, length = piece_lengths(pieces)
    sizes = np.diff(pieces.start)[rows]
    shape_start = np.concatenate([[0], np.cumsum(sizes)])
    within = np.arange(shape_start[-1]) - np.repeat(shape_start[:-1], sizes)
    turned = np.repeat(backward, sizes)
    source = np.repeat(pieces.start[rows], sizes) + np.where(turned, np.repeat(sizes, sizes) - 1 - within, within)
    there = along[source]
    return {
        "shape_start": shape_start.astype(np.int32),
        "lon_e7": pieces.lon_e7[source],
        "lat_e7": pieces.lat_e7[source],
        "along_m": np.where(turned, np.repeat(length[rows], sizes) - there, there).astype(np.float32),
        "length_m": length[rows],
    }


def _node_places(columns: dict[str, Column]) -> dict[str, Column]:
    lon = np.zeros(columns["node_id"].size, np.int32)
    lat = np.zeros_like(lon)
    for node, points in (("tail", columns["shape_start"][:-1]), ("head", columns["shape_start"][1:] - 1)):
        lon[columns[node]] = columns["lon_e7"][points]
        lat[columns[node]] = columns["lat_e7"][points]
    return {"node_lon_e7": lon, "node_lat_e7": lat}


def _grid(columns: dict[str, Column], plane: str) -> dict[str, Column]:
    """The plane's columns and the index of segments by cell."""
    x, y = (a.astype(np.float32) for a in project(plane, columns["lon_e7"] / 1e7, columns["lat_e7"] / 1e7))
    if x.size:
        west, south, east, north = (float(v) for v in (x.min(), y.min(), x.max(), y.max()))
    else:
        west = south = east = north = 0.0
    size = CELL_M
    while ((east - west) // size + 2) * ((north - south) // size + 2) > _MOST_CELLS:
        size *= 2
    x0, y0 = (np.floor(low / size) * size for low in (west, south))
    grid = np.array([x0, y0, size, (east - x0) // size + 1, (north - y0) // size + 1])
    twin = columns["twin"]
    shown = ((twin < 0) | (np.arange(twin.size) < twin)) & (columns["flags"] & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) == 0)
    cell_start, cell_shape, cell_edge = fill_cells(x.astype(np.float64), y.astype(np.float64), columns["shape_start"], shown, grid)
    return {"x_m": x, "y_m": y, "grid": grid, "cell_start": cell_start, "cell_shape": cell_shape, "cell_edge": cell_edge}
