"""Split junctions against a plain search over what was driven."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking.network.drawing import cost
from tracking.network import EdgeFlag, EdgeTable, RoadNetwork, from_edges
from tracking.network.check import check
from tracking.network.junctions import Ban, Bans, Drive

_NODES, _BAN_M = 6, 700.0
_Pieces = list[tuple[int, int, bool]]


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[_Pieces, list[Ban], list[tuple[int, int]]]:
    """Pieces, bans along real drives, barriers."""
    ends = st.tuples(st.integers(0, _NODES - 1), st.integers(0, _NODES - 1)).filter(lambda pair: pair[0] != pair[1])
    pieces = [(tail, head, draw(st.booleans())) for tail, head in draw(st.lists(ends, min_size=2, max_size=9, unique=True))]
    drives: list[tuple[Drive, int, int]] = [((row, False), tail, head) for row, (tail, head, _) in enumerate(pieces)]
    drives += [((row, True), head, tail) for row, (tail, head, oneway) in enumerate(pieces) if not oneway]
    bans = []
    for _ in range(draw(st.integers(0, 4))):
        way = [draw(st.sampled_from(drives))]
        while len(way) < draw(st.integers(2, 4)):
            on = [drive for drive in drives if drive[1] == way[-1][2]]
            if not on:
                break
            way.append(draw(st.sampled_from(on)))
        if len(way) > 1:
            bans.append(Ban(tuple(drive for drive, _, _ in way), draw(st.booleans()), draw(st.sampled_from([1, 2, 3, 15]))))
    barriers = draw(st.lists(st.tuples(st.integers(0, _NODES - 1), st.sampled_from([1, 14, 15])), max_size=1))
    return pieces, bans, barriers


def _network(world: tuple[_Pieces, list[Ban], list[tuple[int, int]]]) -> RoadNetwork:
    pieces, bans, barriers = world
    angle = np.arange(_NODES) * 2 * np.pi / _NODES
    lon, lat = 106.6 + 0.003 * np.cos(angle), 26.5 + 0.003 * np.sin(angle)
    ends = np.array([(tail, head) for tail, head, _ in pieces])
    table = EdgeTable(
        tail=ends[:, 0], head=ends[:, 1], shape_start=np.arange(len(pieces) + 1) * 2, lon_deg=lon[ends].ravel(), lat_deg=lat[ends].ravel(),
        road_class=np.full(len(pieces), 3, np.uint8), oneway=np.array([oneway for _, _, oneway in pieces]), keep_nodes=np.arange(_NODES),
    )  # fmt: skip
    return from_edges(table, bans=Bans(tuple(bans), tuple(barriers)))


def _plain(
    world: tuple[_Pieces, list[Ban], list[tuple[int, int]]], lengths: dict[Drive, float], first: Drive, last: Drive, bit: int
) -> float:
    """Metres from the end of one drive to the begin of another: a search over the last three drives."""
    pieces, bans, barriers = world
    ends = {(row, back): (head, tail) if back else (tail, head) for row, (tail, head, _) in enumerate(pieces) for back in (False, True)}
    drives = [drive for drive in ends if not (drive[1] and pieces[drive[0]][2])]
    shut = {node for node, bits in barriers if bits & bit}

    def price(driven: tuple[Drive, ...], on: Drive) -> float:
        twin = (driven[-1][0], not driven[-1][1])
        if ends[on][0] in shut and on != twin:
            return _BAN_M
        for ban in bans:
            banned = on not in (ban.way[-1], twin) if ban.only else on == ban.way[-1]
            if banned and ban.bits & bit and driven[-len(ban.way) + 1 :] == ban.way[:-1]:
                return _BAN_M
        return 0.0

    heap: list[tuple[float, tuple[Drive, ...]]] = [(0.0, (first,))]
    seen: set[tuple[Drive, ...]] = set()
    best = float("inf")
    while heap:
        at, driven = heappop(heap)
        if driven in seen or at >= best:
            continue
        seen.add(driven)
        for on in drives:
            if ends[on][0] == ends[driven[-1]][1]:
                paid = at + price(driven, on)
                if on == last:
                    best = min(best, paid)
                heappush(heap, (paid + lengths[on], (*driven, on)[-3:]))
    return best


@settings(deadline=None, max_examples=150)
@given(world=_worlds(), bit=st.sampled_from([1, 2]), data=st.data())
def test_a_ban_costs_exactly_where_it_holds(world: tuple[_Pieces, list[Ban], list[tuple[int, int]]], bit: int, data: st.DataObject) -> None:
    network = _network(world)
    rows = np.flatnonzero(network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) == 0)
    edge_of: dict[Drive, int] = {}
    for row, (_, _, oneway) in enumerate(world[0]):
        edge_of[row, False] = int(rows[len(edge_of)])
        if not oneway:
            edge_of[row, True] = int(rows[len(edge_of)])
    lengths = {drive: float(network.length_m[edge]) for drive, edge in edge_of.items()}
    first, last = (data.draw(st.sampled_from(sorted(edge_of))) for _ in range(2))
    ours = cost(network, edge_of[first], edge_of[last], bit, _BAN_M)
    theirs = _plain(world, lengths, first, last, bit)
    assert ours == theirs or abs(ours - theirs) < 1e-6
    assert check(network).sound


def test_a_ban_of_others_after_the_same_drive_lets_nobody_forget_a_longer_one() -> None:
    """Buses (bit 1) may turn where trucks (bit 2) may not; a ban over three pieces holds for both all the same."""
    pieces = [(2, 1, False), (5, 0, False), (1, 4, True), (0, 4, False), (5, 1, True), (0, 2, True), (1, 0, False)]
    long, short = Ban(((1, False), (5, False), (0, False)), False, 15), Ban(((1, False), (6, True)), False, 2)
    for bans in ([long], [long, short]):
        world = (pieces, bans, [])
        network = _network(world)
        rows = iter(np.flatnonzero(network.flags & (EdgeFlag.CONNECTOR | EdgeFlag.COPY) == 0).tolist())
        edge_of = {(row, back): next(rows) for row, (_, _, oneway) in enumerate(pieces) for back in ((False,) if oneway else (False, True))}
        lengths = {drive: float(network.length_m[edge]) for drive, edge in edge_of.items()}
        for bit in (1, 2):
            ours = cost(network, edge_of[1, False], edge_of[0, False], bit, _BAN_M)
            assert abs(ours - _plain(world, lengths, (1, False), (0, False), bit)) < 1e-6
