"""OpenStreetMap files: ways that are roads, their nodes, barriers, and relations of banned turns."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from numpy.typing import NDArray
from shapely import from_wkb
from shapely.geometry.base import BaseGeometry

from domain.errors import RefusedError
from tracking.network.access import barrier_bits
from tracking.network.model import ALL_PROFILES
from tracking.network.rules import table
from tracking.network.tags import Road, read_way
from tracking.network.turns import Restriction, read_restriction

LICENCE = "© OpenStreetMap contributors, ODbL 1.0"
_STEP = 20_000

Progress = Callable[[str, int], None]
"""Called with the stage and the objects read in it so far."""


@dataclass(slots=True)
class OsmRoads:
    """What a file holds of roads. way_start: rows of each way in refs, one more than ways; tally: dropped things by reason."""

    ways: list[tuple[int, Road]] = field(default_factory=list)
    refs: array[int] = field(default_factory=lambda: array("q"))
    way_start: array[int] = field(default_factory=lambda: array("q", [0]))
    restrictions: list[Restriction] = field(default_factory=list)
    barriers: dict[int, int] = field(default_factory=dict)
    node_id: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    lon_deg: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    lat_deg: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    towns: list[BaseGeometry] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    source_date: str = ""

    def add(self, way_id: int, road: Road, refs: list[int]) -> None:
        """File a way in the order it is driven; a node twice in a row counts once."""
        refs = [ref for row, ref in enumerate(refs) if row == 0 or refs[row - 1] != ref]
        self.ways.append((way_id, road))
        self.refs.extend(reversed(refs) if road.against else refs)
        self.way_start.append(len(self.refs))


def read_osm(path: Path, progress: Progress | None = None) -> OsmRoads:
    """All roads of an `.osm.pbf`, `.osm.gz` or `.osm` file.

    Raises:
        RefusedError: no such file, damaged or not of OpenStreetMap, or without a way that is a road.
    """
    if not path.is_file():
        raise RefusedError(f"{path}: no such file", field="path", kind="missing")
    tell = progress or (lambda stage, done: None)
    roads = OsmRoads()
    stage = "ways"
    try:
        roads.source_date = _date(path)
        _read_ways(path, roads, tell)
        stage = "nodes"
        _read_nodes(path, roads, tell)
        stage = "towns"
        _read_towns(path, roads, tell)
    except (RuntimeError, ValueError, UnicodeDecodeError) as error:
        count = len(roads.ways)
        raise RefusedError(
            f"{path}: not readable as OpenStreetMap, among the {stage} after {count:,} roads: {error}", field="path"
        ) from error
    if not roads.ways:
        raise RefusedError(f"{path}: no drivable way in it", field="path")
    return roads


def _date(path: Path) -> str:
    """ISO day of the file's data, "" when it does not say."""
    header = osmium.FileProcessor(str(path), osmium.osm.NOTHING).header
    said = header.get("osmosis_replication_timestamp") or header.get("timestamp") or ""
    return str(said)[:10]


def _objects(path: Path, kinds: Any, *filters: Any) -> Iterator[Any]:
    processor = osmium.FileProcessor(str(path), kinds)
    for one in filters:
        processor = processor.with_filter(one)
    return iter(processor)


class _Memo:
    """Roads of tags that were read before: a map holds few combinations but for names."""

    _MOST = 200_000
    _SAID = frozenset({"name", "alt_name", "old_name", "ref", "note", "fixme", "source", "created_by", "wikidata", "wikipedia"})

    def __init__(self) -> None:
        self._known: dict[frozenset[tuple[str, str]], tuple[Road | str, Counter[str]]] = {}

    def read(self, tags: dict[str, str], tally: Counter[str]) -> Road | str:
        """As `read_way`."""
        plain = frozenset((key, value) for key, value in tags.items() if key not in self._SAID and not key.startswith("name:"))
        if plain not in self._known:
            if len(self._known) >= self._MOST:
                self._known.clear()
            counted: Counter[str] = Counter()
            self._known[plain] = read_way(dict(plain), counted), counted
        road, counted = self._known[plain]
        if counted:
            tally.update(counted)
        if isinstance(road, str) or not ("name" in tags or "ref" in tags or "name:en" in tags):
            return road
        return replace(road, name=tags.get("name", ""), name_en=tags.get("name:en", ""), ref=tags.get("ref", ""))


def _read_ways(path: Path, roads: OsmRoads, tell: Progress) -> None:
    seen: set[int] = set()
    memo = _Memo()
    kinds = osmium.osm.WAY | osmium.osm.RELATION
    for number, found in enumerate(_objects(path, kinds, osmium.filter.KeyFilter("highway", "route", "type"))):
        if number % _STEP == 0:
            tell("ways", number)
        tags = dict(found.tags)
        if found.is_relation():
            restriction = read_restriction(found.id, tags, [(m.type, m.ref, m.role) for m in found.members])
            if isinstance(restriction, Restriction):
                roads.restrictions.append(restriction)
            elif restriction:
                roads.tally[f"turn: {restriction}"] += 1
        elif "highway" in tags or tags.get("route") == "ferry":
            road = memo.read(tags, roads.tally) if found.id not in seen else "twice in the file"
            if isinstance(road, str):
                roads.tally[f"way: {road}"] += 1
                continue
            seen.add(found.id)
            roads.add(found.id, road, [node.ref for node in found.nodes])


def _read_nodes(path: Path, roads: OsmRoads, tell: Progress) -> None:
    wanted = np.unique(np.frombuffer(roads.refs, np.int64)) if len(roads.refs) else np.empty(0, np.int64)
    ids, lon, lat = array("q"), array("d"), array("d")
    for number, node in enumerate(_objects(path, osmium.osm.NODE, osmium.filter.IdFilter(wanted.tolist()))):
        if number % _STEP == 0:
            tell("nodes", number)
        if not node.location.valid():
            roads.tally["node without a place"] += 1
            continue
        ids.append(node.id)
        lon.append(node.location.lon)
        lat.append(node.location.lat)
        if len(node.tags) and "barrier" in node.tags:
            bits = barrier_bits(dict(node.tags))
            if bits != ALL_PROFILES:
                roads.barriers[node.id] = bits
    order = np.unique(np.array(ids, np.int64), return_index=True)[1]
    roads.node_id = np.array(ids, np.int64)[order]
    roads.lon_deg, roads.lat_deg = np.array(lon)[order], np.array(lat)[order]


def _read_towns(path: Path, roads: OsmRoads, tell: Progress) -> None:
    """Built-up areas; those whose ring is broken are left out. All are, and counted, when the file's ways are not in order."""
    words = set(table("roads")["towns"]["landuse"])
    makers: Any = osmium.geom.WKBFactory()
    only = osmium.filter.TagFilter(*[("landuse", word) for word in sorted(words)])
    areas: Iterator[Any] = iter(osmium.FileProcessor(str(path)).with_areas(only).with_filter(osmium.filter.EntityFilter(osmium.osm.AREA)))
    try:
        for number, area in enumerate(areas):
            if number % 1_000 == 0:
                tell("towns", number)
            if area.tags.get("landuse") in words:
                roads.towns.append(from_wkb(makers.create_multipolygon(area)))
    except RuntimeError as error:
        if "out of order" not in str(error):
            raise
        roads.towns.clear()
        roads.tally["town: all areas, the file's objects are not in order"] += 1
