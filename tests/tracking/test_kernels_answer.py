"""The one call that answers against its parts, each of which has a slow twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking import naive_route as naive
from tests.tracking.test_kernels_lattice import COMPILES, RULES, Case, cases
from tests.tracking.test_kernels_route import TYPES, traced
from tracking.kernels.answer import answer
from tracking.kernels.ends import draw_in
from tracking.kernels.graph import Lattice
from tracking.kernels.placing import place_all, spread
from tracking.kernels.posterior import posterior
from tracking.kernels.spells import KEPT, STILL, THINNED
from tracking.matched import PATH_PART, PIECE


@settings(COMPILES, max_examples=60)
@given(cases(most=4), st.data())
def test_an_answer_is_what_its_parts_tell(case: Case, data: st.DataObject) -> None:
    m, k = len(case.fixes), case.lattice.states.shape[1] - 1
    said = [code for _ in range(m) for code in [KEPT, *data.draw(st.lists(st.sampled_from([THINNED, STILL, 4]), max_size=3))]]
    n, keep = len(said), np.array(said, np.uint8)
    x, y = (np.array([data.draw(st.floats(-400.0, 400.0)) for _ in said]) for _ in range(2))
    order, limits = np.arange(n), (np.arange(len(case.g.edges)) % 90).astype(np.uint8)

    def judged() -> tuple[np.ndarray, ...]:
        return np.zeros(m), np.zeros(m, np.uint8), np.zeros(m, np.uint8)

    _, path, pieces, piece_of, path_m = traced(case)
    given = Lattice(case.lattice.states.copy(), case.lattice.trans, case.lattice.columns)
    path = path[: draw_in(case.g, case.lattice, case.chosen, case.fixes, path, pieces, np.empty(len(path)), path_m, piece_of)]
    path["edge"] = case.network.base_edge[path["edge"]]
    sure = judged()
    posterior(case.g, case.fixes, case.lattice, case.chosen, limits, np.empty((2, k + 1)), *sure)
    true = tuple(np.zeros(n, dtype) for dtype in TYPES)
    spread(order, keep, case.lattice, case.chosen, piece_of, path_m, sure, true)
    place_all(case.g, path, pieces, np.empty(len(path)), order, keep, x, y, path_m, piece_of, true)
    out = tuple(np.zeros(n, dtype) for dtype in TYPES)
    parts, listed = np.zeros(200, PATH_PART), np.zeros(2 * m + 2, PIECE)
    work = np.zeros(m, np.int32), np.zeros(m), *judged(), np.empty((2, k + 1)), np.empty(200)
    track = order, keep, x, y
    used, count = answer(
        case.g, case.s, RULES, limits, case.network.base_edge, given, (case.fixes, case.chosen), track, work, parts, listed, out
    )  # fmt: skip
    assert (parts[:used] == path).all()
    assert listed[:count].tolist() == pieces.tolist()
    on = np.flatnonzero(case.chosen != k), case.chosen[case.chosen != k]
    assert given.states[on].tolist() == case.lattice.states[on].tolist()
    assert count == len(naive.pieces(case.lattice, case.chosen.tolist()))
    for found, wanted in zip(out, true, strict=True):
        np.testing.assert_array_equal(found, wanted)
