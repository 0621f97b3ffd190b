"""Kernels that build networks against their slow twins."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking import naive_network as naive
from tracking.kernels import cells, contract

_PIECES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 2), st.integers(0, 2)), min_size=1, max_size=14)


def _columns(pieces: list[tuple[int, int, int, int]]) -> tuple[np.ndarray, ...]:
    tail, head, ahead, back = (np.array(column) for column in zip(*pieces, strict=True))
    return tail.astype(np.int32), head.astype(np.int32), ahead.astype(np.uint64), back.astype(np.uint64)


@settings(deadline=None)
@given(pieces=_PIECES, fixed=st.lists(st.booleans(), min_size=8, max_size=8))
def test_ends_are_joined_as_the_twin_joins_them(pieces: list[tuple[int, int, int, int]], fixed: list[bool]) -> None:
    columns = _columns(pieces)
    assert contract.joined_ends(*columns, np.array(fixed)).tolist() == naive.joined_ends(*columns, fixed)


@settings(deadline=None)
@given(pieces=_PIECES)
def test_chains_are_those_of_the_twin(pieces: list[tuple[int, int, int, int]]) -> None:
    tail, head, ahead, back = _columns(pieces)
    mate = np.array(naive.joined_ends(tail, head, ahead, back, [False] * 8))
    start, piece, turned = contract.chains(mate, tail, head)
    found = [
        list(zip(piece[a:b].tolist(), turned[a:b].tolist(), strict=True))
        for a, b in zip(start[:-1].tolist(), start[1:].tolist(), strict=True)
    ]
    assert found == naive.chains(mate.tolist(), tail, head)
    assert sorted(piece.tolist()) == list(range(len(pieces)))


@settings(deadline=None)
@given(
    runs=st.lists(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), min_size=1, max_size=8), min_size=1, max_size=5),
    random=st.randoms(use_true_random=False),
)
def test_the_longest_part_of_a_chain_is_that_of_the_twin(runs: list[list[tuple[int, int]]], random: Random) -> None:
    flat = [part for run in runs for part in run]
    start = np.concatenate([[0], np.cumsum([len(run) for run in runs])])
    piece = np.array(random.sample(range(len(flat)), len(flat)))
    way, length = np.array([w for w, _ in flat]), np.array([float(m) for _, m in flat])
    assert contract.longest_parts(start, piece, way, length).tolist() == naive.longest_parts(start, piece, way, length)


@settings(deadline=None)
@given(lines=st.lists(st.lists(st.floats(0, 1000), min_size=2, max_size=6), min_size=1, max_size=5))
def test_metres_along_are_those_of_the_twin(lines: list[list[float]]) -> None:
    start = np.concatenate([[0], np.cumsum([len(line) for line in lines])])
    legs = np.array([leg for line in lines for leg in line])
    out = np.empty(legs.size)
    contract.along(start, legs, out)
    assert np.allclose(out, naive.along(start, legs), rtol=1e-12, atol=0)


_METRES = st.integers(-950_000, 950_000).map(lambda mm: mm / 1000)
_PLACE = st.tuples(_METRES, _METRES)


@settings(deadline=None, max_examples=40)
@given(segments=st.lists(st.tuples(_PLACE, _PLACE), min_size=1, max_size=5), hidden=st.integers(0, 4))
def test_a_segment_stands_in_every_cell_it_touches_and_in_no_other(segments: list[tuple[tuple[float, float], ...]], hidden: int) -> None:
    grid = np.array([-1000.0, -1000.0, 200.0, 10.0, 10.0])
    x, y = (np.array([place[axis] for segment in segments for place in segment]) for axis in (0, 1))
    shown = np.arange(len(segments)) != hidden
    shape_start = np.arange(0, 2 * len(segments) + 1, 2).astype(np.int32)
    start, shape, edge = cells.fill_cells(x, y, shape_start, shown, grid)
    for number, (a, b) in enumerate(segments):
        mine = np.flatnonzero([(edge[start[c] : start[c + 1]] == number).any() for c in range(100)]).tolist()
        if not shown[number]:
            assert mine == []
            continue
        away = [naive.distance_to_cell(a, b, cell, grid) for cell in range(100)]
        assert {cell for cell in range(100) if away[cell] == 0} <= set(mine) <= {cell for cell in range(100) if away[cell] < 0.01}
    assert (shape == 2 * edge).all()
    assert all((np.diff(edge[start[c] : start[c + 1]]) > 0).all() for c in range(100))
