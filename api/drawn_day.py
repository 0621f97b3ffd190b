"""Lines of a day's segments: the stored way cut where the segments meet, straight over breaks, fixes where there is no way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from domain.position import located
from storage.driven_paths import DrivenPath, DrivenPiece
from tracking.matched import PieceKind
from tracking.segments import SegmentKind

Line = NDArray[np.float64]
Place = Literal["way", "fixes", "straight", "none"]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Line of one segment, (n, 2) lon, lat degrees: one row for a standstill, none where nothing is known; and how it was found."""

    line: Line
    place: Place


class _Measured:
    """A piece whose line can be cut by metres: `bounds` (k + 1,) metres of its path rows, in the metres of the segments."""

    def __init__(self, piece: DrivenPiece, path: DrivenPath) -> None:
        self.piece = piece
        sizes = (path.to_mm - path.from_mm)[piece.part_start : piece.part_end]
        self.bounds = np.concatenate([[0.0], np.cumsum(sizes)]) if sizes.size else np.array([0.0, float(piece.length_mm)])
        east = np.diff(piece.line[:, 0]) * np.cos(np.radians(piece.line[:-1, 1]))
        along = np.concatenate([[0.0], np.cumsum(np.hypot(east, np.diff(piece.line[:, 1])))])[: len(piece.line)]
        self.along = along * (self.total / along[-1]) if along.size and along[-1] > 0 else along

    @property
    def total(self) -> float:
        return float(self.bounds[-1])

    def starts(self, segment: np.void, extent: float) -> tuple[float, float]:
        """Least and greatest start of a segment of this extent, by the rows of the path that it touches."""
        first, last = int(segment["part_start"]) - self.piece.part_start, int(segment["part_end"]) - self.piece.part_start
        if last <= first:
            return 0.0, max(self.total - extent, 0.0)
        low = max(self.bounds[first], self.bounds[last - 1] - extent)
        high = min(self.bounds[min(first + 1, self.bounds.size - 1)], self.bounds[last] - extent)
        return float(min(low, high)), float(max(low, high))

    def cut(self, begin: float, end: float) -> Line:
        """The line from one measure to another, millimetres from its start."""
        line = self.piece.line
        if not len(line):
            return line
        begin, end = max(min(begin, self.total), 0.0), max(min(end, self.total), 0.0)
        inside = line[(self.along > begin) & (self.along < end)]
        ends = [[np.interp(at, self.along, line[:, k]) for k in (0, 1)] for at in (begin, end)]
        return np.concatenate([ends[:1], inside, ends[1:]])


def drawn(segments: NDArray[Any], path: DrivenPath | None, fixes: NDArray[Any]) -> list[Drawn]:
    """Line of every segment.

    Args:
        segments: (n,) `storage.day_columns.SEGMENT`, in time order.
        path: the way; None when there is none.
        fixes: (m,) `POSITION` of the day, used where there is no way.
    """
    out = [Drawn(np.zeros((0, 2)), "none") for _ in segments]
    for piece in path.pieces if path is not None else ():
        if path is not None and len(piece.line) > 1:
            _along(out, segments, _Measured(piece, path))
    rows = fixes[located(fixes)]
    for row, segment in enumerate(segments):
        if out[row].place == "none" and segment["kind"] == SegmentKind.OFF_ROAD:
            out[row] = _by_fixes(segment, rows)
    for row, segment in enumerate(segments):
        if out[row].place == "none":
            out[row] = _bridge(out, segments, row) if segment["kind"] != SegmentKind.STILL else _stand(out, row)
    return out


def _along(out: list[Drawn], segments: NDArray[Any], measured: _Measured) -> None:
    """Place the segments that run on one piece; what the odometer told lies between its neighbours."""
    end, waiting = 0.0, list[int]()
    for first, chain in _chains(segments, measured.piece):
        waiting.extend(first)
        if not chain:
            continue
        extents = [float(segments["length_mm"][row] + segments["ferry_mm"][row]) for row in chain]
        start = _start(measured, segments[chain], extents)
        for gap in waiting:
            out[gap] = Drawn(measured.cut(end, start), "way")
        waiting, end = [], start
        for row, extent in zip(chain, extents, strict=True):
            out[row] = Drawn(measured.cut(end, end + extent), "way")
            end += extent


def _chains(segments: NDArray[Any], piece: DrivenPiece) -> Iterator[tuple[list[int], list[int]]]:
    """Rows of the piece's segments: (gaps of unknown way, then segments that follow each other on the piece), again and again."""
    inside = (segments["from_ms"] < piece.to_ms) & (segments["to_ms"] > piece.from_ms)
    kinds = (SegmentKind.ON_ROAD, SegmentKind.FERRY) if piece.kind == PieceKind.ON_ROAD else (SegmentKind.OFF_ROAD,)
    gaps: list[int] = []
    chain: list[int] = []
    for row in np.flatnonzero(inside).tolist():
        kind = segments["kind"][row]
        routed = piece.kind == PieceKind.ON_ROAD and segments["part_end"][row] > segments["part_start"][row]
        if kind in kinds or (kind == SegmentKind.GAP and routed):
            chain.append(row)
        elif kind == SegmentKind.GAP:
            if chain:
                yield gaps, chain
                gaps, chain = [], []
            gaps.append(row)
    yield gaps, chain


def _start(measured: _Measured, chain: NDArray[Any], extents: list[float]) -> float:
    """Where a chain starts on its piece: at the piece's ends exactly, between gaps where all its path rows allow it."""
    piece, total = measured.piece, sum(extents)
    if chain["from_ms"][0] <= piece.from_ms:
        return 0.0
    if chain["to_ms"][-1] >= piece.to_ms:
        return max(measured.total - total, 0.0)
    least, most, before = -np.inf, np.inf, 0.0
    for segment, extent in zip(chain, extents, strict=True):
        low, high = measured.starts(segment, extent)
        least, most, before = max(least, low - before), min(most, high - before), before + extent
    return (least + most) / 2


def _by_fixes(segment: np.void, rows: NDArray[Any]) -> Drawn:
    inside = rows[(rows["t_ms"] >= segment["from_ms"]) & (rows["t_ms"] <= segment["to_ms"])]
    if len(inside) < 2:
        return Drawn(np.zeros((0, 2)), "none")
    return Drawn(np.column_stack([inside["lon_e6"], inside["lat_e6"]]) / 1e6, "fixes")


def _bridge(out: list[Drawn], segments: NDArray[Any], row: int) -> Drawn:
    """A straight line from the last place known before to the first known after."""
    before = next((out[i].line[-1] for i in range(row - 1, -1, -1) if len(out[i].line)), None)
    after = next((out[i].line[0] for i in range(row + 1, len(segments)) if len(out[i].line)), None)
    if before is None or after is None:
        return out[row]
    return Drawn(np.array([before, after]), "straight")


def _stand(out: list[Drawn], row: int) -> Drawn:
    near = next((one.line[-1:] for one in reversed(out[:row]) if len(one.line)), None)
    if near is None:
        near = next((one.line[:1] for one in out[row + 1 :] if len(one.line)), None)
    return Drawn(near, "way") if near is not None else out[row]
