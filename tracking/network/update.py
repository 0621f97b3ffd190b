"""A new map for an old network: changes applied, overrides carried over, differences told."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from domain.errors import RefusedError
from tracking.network.model import EdgeFlag, RoadClass, RoadNetwork

_COMPARED = (
    "road_class", "access", "lanes", "limit_bus_kmh", "limit_truck_kmh", "weight_limit_t10", "height_limit_cm", "length_limit_cm", "flags",
)  # fmt: skip
_MOVED_M = 1.0
"""An edge whose length differs by more has changed."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Kilometres of directed edges of one class: only in the new network, only in the old, in both but not alike."""

    road_class: RoadClass
    added_km: float
    removed_km: float
    changed_km: float


def compare(old: RoadNetwork, new: RoadNetwork) -> list[Difference]:
    """Differences by class, of edges by their keys; classes without any are left out."""
    old_roads, new_roads = _roads(old), _roads(new)
    _, old_rows, new_rows = np.intersect1d(old.edge_key[old_roads], new.edge_key[new_roads], return_indices=True)
    was, now = old_roads[old_rows], new_roads[new_rows]
    changed = np.abs(old.length_m[was] - new.length_m[now]) > _MOVED_M
    for name in _COMPARED:
        changed |= getattr(old, name)[was] != getattr(new, name)[now]
    changed |= _names(old, was) != _names(new, now)
    added, removed = np.setdiff1d(new_roads, now), np.setdiff1d(old_roads, was)
    found = []
    for road_class in RoadClass:
        km = [
            float(network.length_m[rows][network.road_class[rows] == road_class].sum()) / 1000
            for network, rows in ((new, added), (old, removed), (new, now[changed]))
        ]
        if any(km):
            found.append(Difference(road_class, *km))
    return found


def _roads(network: RoadNetwork) -> NDArray[np.int64]:
    """Edges that are roads, not connectors or copies."""
    return np.flatnonzero(network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) == 0)


def _names(network: RoadNetwork, edges: NDArray[np.int64]) -> NDArray[np.object_]:
    said = np.array([*network.names, ""], object), np.array([*network.refs, ""], object)
    return np.asarray(said[0][network.name[edges]] + "|" + said[1][network.ref[edges]])


def apply_changes(source: Path, changes: Path, made: Path) -> None:
    """Write the OSM file `made`: the source with the changes of an `.osc.gz` in it.

    Raises:
        RefusedError: one of the two cannot be read.
    """
    for path in (source, changes):
        if not path.is_file():
            raise RefusedError(f"{path}: no such file", field="path", kind="missing")
    with tempfile.TemporaryDirectory(dir=made.parent) as folder:
        draft = Path(folder) / made.name
        try:
            merge = osmium.MergeInputReader()
            merge.add_file(str(changes))
            reader = osmium.io.Reader(str(source))
            writer = osmium.io.Writer(str(draft), reader.header())
            merge.apply_to_reader(reader, writer)
            writer.close()
            reader.close()
        except RuntimeError as error:
            raise RefusedError(f"{changes} onto {source}: {error}", field="path") from error
        draft.replace(made)
