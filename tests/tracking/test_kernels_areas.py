"""In which area a place lies: kernels against exact fractions, the grid against shapely."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, box

from tests.tracking import naive_areas
from tracking.kernels.areas import DOUBTFUL, NOWHERE, areas_at, middles
from tracking.kernels.cells import fill_cells
from tracking.places import Areas

COLUMNS = ROWS = 5
RING = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=3, max_size=6, unique=True)


def _kernels(
    rings: list[list[tuple[float, float]]], owner: list[int], areas: int, places: NDArray[np.float64]
) -> tuple[NDArray[np.int32], ...]:
    """(area of the middle of each cell, area of each place)."""
    x, y = (np.array([place[axis] for ring in rings for place in ring], np.float64) for axis in (0, 1))
    start = np.append(0, np.cumsum([len(ring) for ring in rings])).astype(np.int32)
    grid = (-0.3, -0.3, 9.1, COLUMNS, ROWS)
    cells = fill_cells(x, y, start, np.ones(len(rings), np.bool_), grid)
    middle = middles(x, y, start, np.array(owner, np.int32), areas, grid)
    out = np.empty(len(places), np.int32)
    area = np.array(owner, np.int32)[cells[2]]
    areas_at(x, y, cells[0], cells[1], area, middle, grid, places[:, 0].copy(), places[:, 1].copy(), out)
    return middle, out


@settings(max_examples=60, deadline=None)
@given(corners=st.lists(RING, min_size=1, max_size=3), places=st.lists(st.tuples(st.integers(-2, 84), st.integers(-2, 84)), max_size=12))
def test_kernels_agree_with_exact_fractions(corners: list[list[tuple[float, float]]], places: list[tuple[int, int]]) -> None:
    """Rings of any form, places on a lattice that meets corners and edges; what is near an edge may be left to the exact predicate."""
    rings = [[(float(x), float(y)) for x, y in [*ring, ring[0]]] for ring in corners]
    where = np.array(places, np.float64).reshape(-1, 2) / 2
    middle, found = _kernels(rings, list(range(len(rings))), len(rings), where)
    areas = [[ring] for ring in rings]
    for place, area in zip(where.tolist(), found.tolist(), strict=True):
        if area != DOUBTFUL:
            assert area == naive_areas.area_of(areas, tuple(place))
        else:
            over = sum(naive_areas.inside(area, tuple(place)) is not False for area in areas)
            assert len(areas) > 1 or over or (middle == DOUBTFUL).any() or _close(rings, place)
    for cell, area in enumerate(middle.tolist()):
        at = (-0.3 + (cell % COLUMNS + 0.5) * 9.1, -0.3 + (cell // COLUMNS + 0.5) * 9.1)
        assert area == DOUBTFUL or area == naive_areas.area_of(areas, at)


def _close(rings: list[list[tuple[float, float]]], place: list[float]) -> bool:
    """The line to a cell's middle may pass a corner: those places, too, are left to the exact predicate."""
    column, row = int((place[0] + 0.3) / 9.1), int((place[1] + 0.3) / 9.1)
    line = shapely.LineString([place, (-0.3 + (column + 0.5) * 9.1, -0.3 + (row + 0.5) * 9.1)])
    return any(line.distance(shapely.Point(corner)) < 1e-6 for ring in rings for corner in ring) or any(
        shapely.LineString(ring).distance(shapely.Point(place)) < 1e-6 for ring in rings
    )


def _counties() -> tuple[list[int], list[MultiPolygon]]:
    """Voronoi cells of a province: one has a hole, one two parts."""
    dice = np.random.default_rng(7)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(dice.uniform((105, 25), (108, 28), (40, 2)))))
    cells = shapely.intersection(cells, box(105, 25, 108, 28))
    holed = cells[0].difference(shapely.buffer(cells[0].representative_point(), 0.02))
    return list(range(520100, 520140)), [holed, shapely.union(cells[1], box(109, 25, 109.2, 25.2)), *cells[2:]]


def test_places_are_told_as_shapely_tells_them() -> None:
    codes, outlines = _counties()
    areas = Areas(codes[::-1], outlines[::-1], 0.05)
    dice = np.random.default_rng(3)
    lon, lat = dice.uniform(104.9, 109.3, 3_000), dice.uniform(24.9, 28.1, 3_000)
    corners = shapely.get_coordinates(np.array(outlines, object))
    borders = np.concatenate([corners, (corners[:-1] + corners[1:]) / 2, corners + dice.normal(0, 1e-9, corners.shape)])
    lon, lat = np.append(lon, borders[:, 0]), np.append(lat, borders[:, 1])
    assert np.array_equal(areas.rows(lon, lat), areas.exact_rows(lon, lat))
    assert np.array_equal(areas.at(lon, lat) > 0, areas.rows(lon, lat) >= 0)
    hole = outlines[0].envelope.intersection(shapely.buffer(shapely.Polygon(outlines[0].interiors[0]).centroid, 1e-4)).centroid
    assert areas.at(np.array([hole.x, 109.1, np.nan]), np.array([hole.y, 25.1, 26.0])).tolist() == [0, 520101, 0]


def test_areas_over_each_other_are_told_by_the_first() -> None:
    areas = Areas([2, 1], [box(105, 25, 106, 26), box(105.5, 25, 106.5, 26)], 0.05)
    dice = np.random.default_rng(5)
    lon, lat = dice.uniform(104.8, 106.7, 500), dice.uniform(24.8, 26.2, 500)
    assert np.array_equal(areas.rows(lon, lat), areas.exact_rows(lon, lat))
    assert areas.at(np.array([105.2, 105.7, 106.2]), np.array([25.5, 25.5, 25.5])).tolist() == [2, 1, 1]


def test_no_areas_hold_nothing() -> None:
    assert Areas([], []).at(np.array([106.0]), np.array([26.0])).tolist() == [0]
    assert Areas([], []).rows(np.array([106.0]), np.array([26.0]))[0] == NOWHERE
