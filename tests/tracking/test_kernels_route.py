"""From chosen states to pieces, parts of edges, places of the fixes between and lines, against their slow twins."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking import naive_route as naive
from tests.tracking.naive_search import graph
from tests.tracking.test_kernels_lattice import COMPILES, RULES, Case, cases
from tests.tracking.test_kernels_search import drawings, network_of
from tracking.kernels.graph import lattice_for
from tracking.kernels.outline import outline
from tracking.kernels.placing import place, place_all, spread
from tracking.kernels.route import ON_ROAD, trace
from tracking.kernels.spells import KEPT, STILL, THINNED
from tracking.matched import PATH_PART, PIECE
from tracking.network.model import RoadNetwork

TYPES = (np.uint8, np.int32, np.float64, np.float32, np.int32, np.float64, np.float32, np.uint8, np.uint8, np.float32)


def traced(case: Case, room: int = 200) -> tuple[Any, ...]:
    """(chosen, path, pieces, piece_of, path_m) of a filled lattice; path None when there is no room for it."""
    n = len(case.fixes)
    chosen, path, pieces = case.chosen, np.zeros(room, PATH_PART), np.zeros(2 * n + 2, PIECE)
    piece_of, path_m = np.zeros(n, np.int32), np.zeros(n)
    parts, count = trace(case.g, case.s, RULES, case.lattice, chosen, path, pieces, piece_of, path_m)
    return chosen, None if parts < 0 else path[:parts], pieces[:count], piece_of, path_m


def goes_on(network: RoadNetwork, a: Any, b: Any) -> bool:
    """True when a part begins where the one before ended."""
    e, f, left, begun = int(a["edge"]), int(b["edge"]), float(a["to_m"]), float(b["from_m"])
    if e == f:
        return abs(left - begun) < 1e-3
    if network.twin[e] == f and abs(network.length_m[e] - left - begun) < 1e-3:
        return True
    joined = network.base_node[network.head[e]] == network.base_node[network.tail[f]]
    return bool(joined and abs(network.length_m[e] - left) < 1e-3 and begun < 1e-3)


@settings(COMPILES, max_examples=100)
@given(cases(most=5))
def test_pieces_agree_with_their_twin(case: Case) -> None:
    chosen, _, pieces, piece_of, path_m = traced(case)
    wanted = naive.pieces(case.lattice, chosen.tolist())
    assert [(p["kind"], p["reason"], p["first_fix"], p["last_fix"]) for p in pieces] == [
        (p.kind, p.reason, p.rows[0], p.rows[-1]) for p in wanted
    ]
    assert pieces["length_m"].tolist() == pytest.approx([p.length_m for p in wanted], rel=1e-9, abs=1e-9)
    last = {}
    for number, p in sorted(enumerate(wanted), key=lambda each: -each[1].kind):  # on a border the piece on the road
        last |= {row: (number, metres) for row, metres in zip(p.rows, p.metres, strict=True)}
    for row in range(len(chosen)):
        number, metres = last.get(row, (-1, math.nan))
        assert piece_of[row] == number and path_m[row] == pytest.approx(metres, rel=1e-9, abs=1e-9, nan_ok=True)


@settings(COMPILES, max_examples=100)
@given(cases(most=5))
def test_the_parts_of_a_piece_lead_through_its_fixes(case: Case) -> None:
    chosen, path, pieces, piece_of, path_m = traced(case)
    for number, piece in enumerate(pieces):
        parts = path[piece["path_start"] : piece["path_end"]]
        if piece["kind"] != ON_ROAD:
            assert parts.size == 0
            continue
        assert (parts["from_m"] >= 0.0).all() and (parts["to_m"] >= parts["from_m"]).all()
        assert (parts["to_m"] <= case.network.length_m[parts["edge"]] + 1e-6).all()
        assert all(goes_on(case.network, a, b) for a, b in itertools.pairwise(parts))
        assert (parts["to_m"] - parts["from_m"]).sum() == pytest.approx(piece["length_m"], abs=1e-3)
        for row in np.flatnonzero(piece_of == number) if parts.size else ():
            state = case.lattice.states[row, chosen[row]]
            true = naive.point(case.g, int(state["edge"]), float(state["along"]))
            found = naive.locate(case.g, path, int(piece["path_start"]), int(piece["path_end"]), float(path_m[row]))
            assert math.dist(found, true) < 0.1


@settings(COMPILES, max_examples=40)
@given(cases(most=5), st.integers(0, 6))
def test_a_path_without_room_is_told(case: Case, room: int) -> None:
    whole, short = traced(case)[1], traced(case, room)[1]
    assert (short is None) == (len(whole) > room)
    if short is not None:
        assert (short == whole).all()


@st.composite
def drives(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """A graph, a connected path over it, metres before each part."""
    network = network_of(draw(drawings(bans=False)))
    g, _ = graph(network)
    edges = [draw(st.integers(0, network.edge_count - 1))]
    for _ in range(draw(st.integers(0, 5))):
        onward = network.out_edges(int(network.head[edges[-1]])).tolist()
        if onward:
            edges.append(draw(st.sampled_from(onward)))
    path = np.zeros(len(edges), PATH_PART)
    path["edge"], path["to_m"] = edges, network.length_m[edges]
    share = sorted([draw(st.floats(0.0, 1.0)), draw(st.floats(0.0, 1.0))])
    path["from_m"][0] = share[0] * path["to_m"][0]
    path["to_m"][-1] = max(share[1] * path["to_m"][-1], path["from_m"][-1])
    return g, path, np.concatenate([[0.0], np.cumsum(path["to_m"] - path["from_m"])])


@settings(COMPILES, max_examples=80)
@given(drives(), st.tuples(st.floats(-400.0, 400.0), st.floats(-400.0, 400.0)), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_place_on_the_way_is_the_nearest_between_its_bounds(drive: Any, spot: tuple[float, float], low: float, high: float) -> None:
    g, path, starts = drive
    metres, limit = sorted([low * starts[-1], high * starts[-1]])
    at = max(int(np.searchsorted(starts[:-1], metres, side="right")) - 1, 0)
    part, found, along, side = place(g, path, starts[:-1].copy(), at, len(path), metres, limit, *spot)
    assert metres <= found <= limit + 1e-3
    if along == 0.0 and side == 0.0 and found == metres:
        return  # a way without length
    x, y = naive.point(g, int(path[part]["edge"]), along)
    assert math.hypot(spot[0] - x, spot[1] - y) == pytest.approx(abs(side), abs=1e-2)
    assert starts[part] + along - path[part]["from_m"] == pytest.approx(found, abs=1e-3)
    assert abs(side) <= naive.nearest(naive.spots(g, path, 0, len(path)), metres, limit, *spot) + 1e-2


codes = st.lists(st.sampled_from([KEPT, KEPT, STILL, THINNED, THINNED, 3, 6]), max_size=20)


@settings(max_examples=100, deadline=None)
@given(codes, st.integers(0, 2**32 - 1))
def test_rows_take_after_the_kept_fix_before_them(said: list[int], seed: int) -> None:
    random, n = np.random.default_rng(seed), len(said)
    m, k = said.count(KEPT), 2
    lattice = lattice_for(m, k)
    for name in ("along", "side", "edge"):
        lattice.states[name] = random.integers(0, 50, (m, k + 1))
    lattice.columns["sigma"] = random.integers(3, 20, m)
    chosen = random.integers(0, k + 1, m).astype(np.int32)
    piece_of, path_m = random.integers(-1, 3, m).astype(np.int32), random.integers(0, 900, m).astype(np.float64)
    judged = random.integers(0, 2, m).astype(np.float64), *(random.integers(0, 120, m).astype(np.uint8) for _ in range(2))
    order = random.permutation(n).astype(np.int64)
    keep = np.zeros(n, np.uint8)
    keep[order] = said
    out = tuple(np.empty(n, dtype) for dtype in TYPES)
    spread(order, keep, lattice, chosen, piece_of, path_m, judged, out)
    wanted = naive.spread(said, lattice, chosen.tolist(), piece_of.tolist(), path_m.tolist(), judged)
    for row, true in zip(order.tolist(), wanted, strict=True):
        assert [float(column[row]) for column in out] == pytest.approx([float(value) for value in true], nan_ok=True)


@settings(COMPILES, max_examples=60)
@given(cases(most=4), st.data())
def test_thinned_fixes_lie_on_the_way_in_their_order(case: Case, data: st.DataObject) -> None:
    chosen, path, pieces, piece_of, path_m = traced(case)
    between = [data.draw(st.integers(0, 3)) for _ in chosen]
    said = [code for many in between for code in [KEPT, *[THINNED] * many]]
    n, order = len(said), np.arange(len(said))
    keep, kept = np.array(said, np.uint8), np.flatnonzero(np.array(said) == KEPT)
    x, y = (np.array([data.draw(st.floats(-400.0, 400.0)) for _ in said]) for _ in range(2))
    out = tuple(np.full(n, -1 if dtype is np.int32 else 0, dtype) for dtype in TYPES)
    out[5][kept] = path_m
    place_all(case.g, path, pieces, np.full(len(path), np.nan), order, keep, x, y, path_m, piece_of, out)
    for a, first in enumerate(kept):
        rows = range(int(first) + 1, int(first) + 1 + between[a])
        number = int(piece_of[a])
        together = a + 1 < len(kept) and 0 <= number == piece_of[a + 1] and pieces[number]["kind"] == ON_ROAD
        if not together or pieces[number]["path_start"] == pieces[number]["path_end"]:
            assert all(out[1][row] == -1 for row in rows)
            continue
        spots = naive.spots(case.g, path, int(pieces[number]["path_start"]), int(pieces[number]["path_end"]))
        reached = float(path_m[a])
        for row in rows:
            metres, away = float(out[5][row]), abs(float(out[3][row]))
            assert reached <= metres <= max(reached, path_m[a + 1]) + 1e-3
            assert away <= naive.nearest(spots, reached + 1e-3, path_m[a + 1] - 1e-3, x[row], y[row]) + 2e-2
            reached = metres


@settings(COMPILES, max_examples=80)
@given(drives())
def test_an_outline_has_every_corner_once(drive: Any) -> None:
    g, path, _ = drive
    start = np.append(g.edges["shape_start"], len(g.points)).astype(np.int32)
    lon, lat = (np.round(g.points[name] * 100).astype(np.int32) for name in ("x", "y"))
    along = g.points["along"].copy()
    found = outline(path, 0, len(path), start, lon, lat, along)
    shapes = [[(lon[j] * 1e-7, lat[j] * 1e-7, float(along[j])) for j in range(a, b)] for a, b in itertools.pairwise(start.tolist())]
    parts = [(int(p["edge"]), float(p["from_m"]), float(p["to_m"])) for p in path]
    corners = np.array(naive.outline(parts, shapes))
    wanted = corners[np.append(True, np.abs(np.diff(corners, axis=0)).max(axis=1) > 1e-9)]
    assert (np.diff(found, axis=0) != 0.0).any(axis=1).all()
    found = found[np.append(True, np.abs(np.diff(found, axis=0)).max(axis=1) > 1e-9)]
    np.testing.assert_allclose(found, wanted, atol=1e-8)
