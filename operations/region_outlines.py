"""Outlines of regions: which datum they were drawn in, and whether the parts tile the whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from domain.datum import gcj02_to_wgs84, wgs84_to_gcj02
from domain.errors import RefusedError
from operations.regions import Region

Floats = NDArray[np.float64]

_METRES = 111_320.0
FAR_M = 150.0
"""An outline that lies further from known boundaries, at the median, belongs to another datum or another place."""
_SAMPLES = 20_000


def converted(regions: Sequence[Region], datum: str) -> list[Region]:
    """The regions with WGS-84 coordinates, vertex by vertex: equal vertices stay equal, so what tiled goes on tiling.

    Args:
        datum: what the coordinates are in, of `DATUMS`.
    """
    if datum != "gcj02":
        return [replace(region, datum=datum) for region in regions]
    outlines = _turned([region.outline for region in regions])
    moved = []
    for region, outline in zip(regions, outlines, strict=True):
        centre = region.centre
        if centre is not None:
            lon, lat = gcj02_to_wgs84(np.array([centre[0]]), np.array([centre[1]]))
            centre = float(lon[0]), float(lat[0])
        moved.append(replace(region, outline=outline, centre=centre, datum=datum))
    return moved


def _turned(outlines: Sequence[BaseGeometry | None]) -> list[BaseGeometry | None]:
    array = np.array(outlines, object)
    turned = shapely.transform(array, lambda places: np.column_stack(gcj02_to_wgs84(places[:, 0], places[:, 1])))
    return list(turned)


@dataclass(frozen=True, slots=True)
class Uneven:
    """Parts that do not tile their whole: square kilometres that two parts share, that no part covers, that stick out."""

    region_code: str
    shared_km2: float
    bare_km2: float
    outside_km2: float

    def __str__(self) -> str:
        return (
            f"the parts of {self.region_code} do not tile it: {self.shared_km2:.4f} km² twice, {self.bare_km2:.4f} km² bare, "
            f"{self.outside_km2:.4f} km² outside"
        )


def uneven(tree: Mapping[str, tuple[str | None, BaseGeometry | None]], tolerance: float = 1e-6) -> list[Uneven]:
    """Regions whose parts do not tile them.

    Args:
        tree: code to (parent, outline); a part without an outline counts by its own parts.
        tolerance: share of the whole's area that may be amiss.
    """
    parts: dict[str, list[str]] = defaultdict(list)
    for code, (parent, _) in tree.items():
        if parent is not None:
            parts[parent].append(code)
    found = []
    for code, (_, whole) in tree.items():
        pieces = _cover(code, parts, tree) if whole is not None else []
        if whole is not None and pieces:
            told = _compared(code, whole, pieces)
            if max(told.shared_km2, told.bare_km2, told.outside_km2) > tolerance * _km2(whole, whole):
                found.append(told)
    return found


def _cover(code: str, parts: Mapping[str, list[str]], tree: Mapping[str, tuple[str | None, BaseGeometry | None]]) -> list[BaseGeometry]:
    """Outlines of the nearest regions below a code that have one."""
    found: list[BaseGeometry] = []
    for part in parts.get(code, ()):
        outline = tree[part][1]
        found += [outline] if outline is not None else _cover(part, parts, tree)
    return found


def _compared(code: str, whole: BaseGeometry, pieces: list[BaseGeometry]) -> Uneven:
    together = shapely.union_all(pieces)
    shared = max(0.0, sum(piece.area for piece in pieces) - together.area)
    bare, outside = whole.difference(together), together.difference(whole)
    return Uneven(code, shared * _km2(whole, None), _km2(whole, bare), _km2(whole, outside))


def _km2(place: BaseGeometry, what: BaseGeometry | None) -> float:
    """Square kilometres of an area near a place; of one square degree there for None."""
    square = (_METRES / 1000.0) ** 2 * float(np.cos(np.radians((place.bounds[1] + place.bounds[3]) / 2)))
    return square if what is None else square * float(what.area)


def boundary_distances(regions: Sequence[Region], reference: Sequence[BaseGeometry]) -> dict[str, float]:
    """Median distance, metres, of the outlines to known boundaries (WGS-84), were they drawn in WGS-84 and were they drawn in GCJ-02.

    Raises:
        RefusedError: no outline lies where the boundaries are.
    """
    lines = shapely.boundary(np.array([one for one in reference if one is not None], object))
    kinds = np.array([one.geom_type for one in reference if one is not None])
    lines = np.where(np.isin(kinds, ("Polygon", "MultiPolygon")), lines, np.array(reference, object)) if len(lines) else lines
    places = shapely.get_coordinates(np.array([r.outline for r in regions if r.outline is not None], object))
    if not len(lines) or not len(places):
        raise RefusedError("nothing to compare: the regions or the reference have no outline", field="reference")
    west, south, east, north = shapely.total_bounds(lines)
    near = (places[:, 0] > west) & (places[:, 0] < east) & (places[:, 1] > south) & (places[:, 1] < north)
    if not near.any():
        raise RefusedError("the reference lies elsewhere: no vertex of the regions is within its bounds", field="reference")
    places = places[near][:: max(1, int(near.sum()) // _SAMPLES)]
    flat = shapely.transform(lines, lambda at: _flat(at, west + (east - west) / 2))
    tree = shapely.STRtree(flat)
    told = {}
    for datum, (lon, lat) in {"wgs84": places.T, "gcj02": gcj02_to_wgs84(places[:, 0], places[:, 1])}.items():
        points = shapely.points(_flat(np.column_stack([lon, lat]), west + (east - west) / 2))
        _, distance = tree.query_nearest(points, return_distance=True, all_matches=False)
        told[datum] = float(np.median(distance))
    return told


def _flat(places: Floats, middle_deg: float) -> Floats:
    """Sinusoidal plane, metres: true to distance near the middle meridian."""
    return np.column_stack([(places[:, 0] - middle_deg) * np.cos(np.radians(places[:, 1])) * _METRES, places[:, 1] * _METRES])


def decided(regions: Sequence[Region], datum: str, reference: Sequence[BaseGeometry] | None) -> list[Region]:
    """The regions in WGS-84, with what is known of their datum.

    Args:
        datum: of `DATUMS`, or "auto": whatever lies nearer to the reference.
        reference: known boundaries in WGS-84; None: nothing to compare with.
    Raises:
        RefusedError: "auto" without a reference, or both readings lie further than `FAR_M` from it.
    """
    if reference is None:
        if datum == "auto":
            raise RefusedError(
                "--datum auto needs known boundaries to compare with: give --reference, or say which datum it is", field="datum"
            )
        return converted(regions, datum)
    told = boundary_distances(regions, reference)
    nearer = min(told, key=lambda name: told[name])
    if datum == "auto" and told[nearer] > FAR_M:
        raise RefusedError(
            f"the outlines lie {told['wgs84']:.0f} m (as WGS-84) and {told['gcj02']:.0f} m (as GCJ-02) from the reference; over {FAR_M:.0f} m "
            "nothing is decided: check the file, or say the datum",
            field="datum",
        )
    chosen = nearer if datum == "auto" else datum
    off_m = told["gcj02" if chosen == "gcj02" else "wgs84"]
    verified = off_m == told[nearer] and off_m <= FAR_M
    return [replace(region, verified=verified, boundary_m=off_m) for region in converted(regions, chosen)]


def in_gcj02(outline: BaseGeometry) -> BaseGeometry:
    """An outline in WGS-84 as maps in GCJ-02 draw it."""
    return shapely.transform(outline, lambda places: np.column_stack(wgs84_to_gcj02(places[:, 0], places[:, 1])))
