"""What a match is: the way driven, fix by fix, piece by piece, edge by edge."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking.cleaning import Cleaned
from tracking.kernels.outline import outline
from tracking.network.model import RoadNetwork

Array = NDArray[Any]


class State(IntEnum):
    """What became of a fix."""

    ON_ROAD = 0
    OFF_ROAD = 1
    STILL = 2
    THINNED = 3
    VOID = 4


class PieceKind(IntEnum):
    """What a piece runs on."""

    ON_ROAD = 0
    OFF_ROAD = 1


class Reason(IntEnum):
    """Why a piece begins."""

    START = 1
    BREAK_TIME = 2
    BREAK_DISTANCE = 3
    LEFT_ROAD = 4
    BACK_ON_ROAD = 5
    NO_WAY = 6


PIECE = np.dtype(
    [
        ("kind", "u1"), ("reason", "u1"), ("first_fix", "<i4"), ("last_fix", "<i4"), ("path_start", "<i4"), ("path_end", "<i4"),
        ("length_m", "<f8"), ("from_ms", "<i8"), ("to_ms", "<i8"),
    ]
)  # fmt: skip
"""One run on or off the road; first_fix and last_fix are rows of the track, path_start:path_end rows of the path. Pieces touch: the
last fix of one is the first of the next, except across a break."""

PATH_PART = np.dtype([("edge", "<i4"), ("from_m", "<f8"), ("to_m", "<f8")])
"""Part of an edge that was driven, metres from the edge's start. A turn on the spot is a part of an edge and then one of its twin."""


@dataclass(frozen=True, slots=True)
class Match:
    """The way driven, for n fixes in the track's order.

    state (n,) `State`; edge (n,) int32, -1 none; along_m (n,) float64 metres from the edge's start, NaN off the road; offset_m
    (n,) float32, positive right of the way; confidence (n,) float32 0 to 1; limit_low_kmh, limit_high_kmh (n,) uint8, 0 none;
    piece (n,) int32, -1 none, on a border the one on the road; path_m (n,) float64 metres from the piece's beginning, never
    falling, NaN when void; sigma_m (n,) float32; pieces `PIECE`; path `PATH_PART`.
    """

    state: NDArray[np.uint8]
    edge: NDArray[np.int32]
    along_m: NDArray[np.float64]
    offset_m: NDArray[np.float32]
    confidence: NDArray[np.float32]
    limit_low_kmh: NDArray[np.uint8]
    limit_high_kmh: NDArray[np.uint8]
    piece: NDArray[np.int32]
    path_m: NDArray[np.float64]
    sigma_m: NDArray[np.float32]
    pieces: Array
    path: Array
    map_version: str
    match_version: str
    cleaned: Cleaned

    @property
    def length_m(self) -> float:
        """Metres of all pieces, on and off the road."""
        return float(self.pieces["length_m"].sum())

    def line(self, network: RoadNetwork, piece: int) -> NDArray[np.float64]:
        """(n, 2) lon, lat degrees of a piece on the road; empty for one off it."""
        start, end = int(self.pieces[piece]["path_start"]), int(self.pieces[piece]["path_end"])
        line: NDArray[np.float64] = outline(
            self.path, start, end, network.shape_start, network.lon_e7, network.lat_e7, network.along_m
        )  # fmt: skip
        return line

    def lines(self, network: RoadNetwork) -> list[NDArray[np.float64]]:
        """(n, 2) lon, lat degrees of every piece, in order."""
        return [self.line(network, piece) for piece in range(len(self.pieces))]
