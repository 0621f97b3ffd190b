"""Banned turns and barriers in terms of pieces."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

from tracking.network.cutting import Cut
from tracking.network.junctions import Ban, Bans, Drive
from tracking.network.model import ALL_PROFILES
from tracking.network.osm import OsmRoads
from tracking.network.turns import Restriction


def bans_of(roads: OsmRoads, cut: Cut) -> Bans:
    """The bans of a file's barriers and turn relations; relations that fit no pieces are counted."""
    finder = _Finder(roads, cut)
    turns: list[Ban] = []
    for restriction in roads.restrictions:
        found = finder.find(restriction)
        if isinstance(found, str):
            roads.tally[f"turn: {found}"] += 1
        else:
            turns += found
    roads.tally = Counter({reason: count for reason, count in roads.tally.items() if count})
    nodes = {*cut.tail.tolist(), *cut.head.tolist()}
    barriers = tuple((node, ALL_PROFILES & ~bits) for node, bits in sorted(roads.barriers.items()) if node in nodes)
    return Bans(tuple(turns), barriers)


class _Finder:
    """Pieces of the ways that relations name."""

    def __init__(self, roads: OsmRoads, cut: Cut) -> None:
        named = {way for r in roads.restrictions for way in (*r.from_ways, *r.via_ways, *r.to_ways)}
        two_way = [road.back is not None for _, road in roads.ways]
        self._ends: dict[Drive, tuple[int, int]] = {}
        self._drives: dict[int, list[Drive]] = {}
        for piece, (way, tail, head) in enumerate(zip(cut.way.tolist(), cut.tail.tolist(), cut.head.tolist(), strict=True)):
            way_id = roads.ways[way][0]
            if way_id not in named:
                continue
            drives = self._drives.setdefault(way_id, [])
            drives.append((piece, False))
            self._ends[piece, False] = (tail, head)
            if two_way[way]:
                drives.append((piece, True))
                self._ends[piece, True] = (head, tail)

    def find(self, restriction: Restriction) -> list[Ban] | str:
        """The bans of a relation, or why there is none."""
        bans: list[Ban] = []
        for origin in restriction.from_ways:
            for target in restriction.to_ways:
                way = (
                    self._by_node(restriction, origin, target) if restriction.via_node >= 0 else self._by_ways(restriction, origin, target)
                )
                if isinstance(way, str):
                    return way
                bans.append(Ban(way, restriction.only, restriction.bits))
        return bans

    def _of(self, way_id: int, fits: Callable[[int, int], bool]) -> list[Drive]:
        return [drive for drive in self._drives.get(way_id, []) if fits(*self._ends[drive])]

    def _by_node(self, restriction: Restriction, origin: int, target: int) -> tuple[Drive, ...] | str:
        node = restriction.via_node
        into = self._of(origin, lambda tail, head: head == node)
        out = self._of(target, lambda tail, head: tail == node)
        if not into or not out:
            return "its ways do not meet at via"
        if origin == target and len(into) == 1 and len(out) == 1:
            return (into[0], out[0])
        if len(into) > 1 or len(out) > 1:
            return "ambiguous: a way goes on through via"
        return (into[0], out[0])

    def _by_ways(self, restriction: Restriction, origin: int, target: int) -> tuple[Drive, ...] | str:
        """The drive from the one way over the via ways to the other, by the fewest pieces."""
        inner = [drive for way_id in restriction.via_ways for drive in self._drives.get(way_id, [])]
        if not inner:
            return "its ways do not meet at via"
        starts = {self._ends[drive][0] for drive in inner}
        into = self._of(origin, lambda tail, head: head in starts)
        queue: deque[tuple[Drive, ...]] = deque((drive,) for drive in into)
        seen = {self._ends[drive][1] for drive in into}
        while queue:
            way = queue.popleft()
            node = self._ends[way[-1]][1]
            out = self._of(target, lambda tail, head, node=node: tail == node)  # type: ignore[misc]
            if len(way) > 1 and out:
                return (*way, out[0])
            for drive in inner:
                tail, head = self._ends[drive]
                if tail == node and head not in seen:
                    seen.add(head)
                    queue.append((*way, drive))
        return "its ways do not meet at via"
