"""Rows of small drives for streaming, and the batch match of exactly the fixes that streaming keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.position import LOCATED, POSITION
from domain.track import Track
from tests.tracking.small_roads import START_S, degrees, roads
from tracking.kernels.graph import FIX, lattice_for, scratch_for
from tracking.kernels.lattice import backtrack, step
from tracking.kernels.posterior import posterior
from tracking.kernels.route import trace
from tracking.matched import PATH_PART, PIECE, State
from tracking.network.model import RoadNetwork
from tracking.parameters import MatchParameters, quality_table
from tracking.roads import graph_of, limits_of

ENDLESS = MatchParameters(lag_s=float("inf"), window=400)
"""As a batch: nothing is forced."""
BLOCK_M = 400.0
WIDE = 6
"""Streets of the town each way."""


def town() -> RoadNetwork:
    """Streets at right angles, some one-way, a road 15 m beside another, a spur and a place that no road leads to."""
    places = {f"{x}{y}": (x * BLOCK_M, y * BLOCK_M) for x in range(WIDE) for y in range(WIDE)}
    letters = {name: chr(256 + row) for row, name in enumerate(places)}
    at = {letters[name]: place for name, place in places.items()}
    ways = ["".join(letters[f"{x}{y}"] for x in range(WIDE)) for y in range(WIDE)]
    ways += [(">" if x % 3 == 1 else "") + "".join(letters[f"{x}{y}"] for y in range(WIDE)) for x in range(WIDE)]
    at |= {"A": (0.0, 15.0), "B": ((WIDE - 1) * BLOCK_M, 15.0), "s": (2_900.0, 800.0)}
    ways += [letters["00"] + "AB" + letters[f"{WIDE - 1}0"], letters[f"{WIDE - 1}2"] + "s"]
    return roads(at, ways)[0]


def drive(seed: int, count: int = 80, *, vehicle: int = 1, quiet: bool = False) -> NDArray[Any]:
    """`POSITION` rows of a walk over the streets: turns, turns back, noise of all sizes, excursions, silences, stops, jumps.

    quiet: nothing that cleaning takes out.
    """
    random = np.random.default_rng(seed)
    noise = float(random.choice([1.0, 5.0, 12.0, 30.0])) if not quiet else float(random.choice([1.0, 4.0, 8.0]))
    step_s = int(random.choice([1, 5, 10, 30]))
    speed = float(random.uniform(9.0, 16.0))
    x, y, t = np.zeros(count), np.zeros(count), np.zeros(count)
    moves = np.zeros(count)
    node, heading, left = random.integers(0, WIDE, 2).astype(float), np.array([1.0, 0.0]), 0.0
    here = node * BLOCK_M
    now = 0.0
    for i in range(count):
        x[i], y[i], t[i] = *here, now
        chance = random.random()
        pause = 0.0 if quiet or chance > 0.06 else float(random.choice([20.0, 150.0, 400.0, 2_000.0]))
        standing = not quiet and 0.06 < chance < 0.1
        now += step_s + pause
        if standing:
            continue
        way, moves[i] = speed * (step_s + min(pause, 100.0)), speed
        while way > 0.0:
            if left <= 0.0:
                heading, left = _turned(here, heading, random, not quiet), BLOCK_M
            go = min(way, left)
            here, left, way = here + heading * go, left - go, way - go
    beside = (random.random(count) < (0.0 if quiet else 0.05)) * random.normal(0, 150.0, count)
    lon, lat = degrees(x + random.normal(0, noise, count) + beside, y + random.normal(0, noise, count) + np.roll(beside, 1))
    rows = np.zeros(count, POSITION)
    rows["t_ms"], rows["vehicle_id"] = (START_S + t) * 1000, vehicle
    rows["received_ms"] = rows["t_ms"] + 700
    rows["lon_e6"], rows["lat_e6"] = np.round(lon * 1e6), np.round(lat * 1e6)
    rows["status_bits"], rows["odometer_m"] = LOCATED | 1, -1
    rows["speed_kmh10"] = np.round(moves * 36 * (1.0 if quiet else random.uniform(0.8, 1.2, count)))
    rows["heading_deg"] = np.round(np.degrees(np.arctan2(np.gradient(x), np.gradient(y))) + random.normal(0, 8, count)) % 360
    rows["satellites"] = random.choice([3, 5, 9, 12], count)
    if not quiet:
        rows["status_bits"][random.random(count) < 0.03] = 1
        rows["flags"][random.random(count) < 0.2] = 256
    return rows


def _turned(here: NDArray[Any], heading: NDArray[Any], random: np.random.Generator, back: bool) -> NDArray[Any]:
    """A way on from a corner that stays in town."""
    while True:
        chance = random.random()
        side = np.array([heading[1], -heading[0]])
        way = heading if chance < 0.55 else side if chance < 0.75 else -side if chance < 0.95 or not back else -heading
        then = here + way * BLOCK_M
        if ((then > -1.0) & (then < (WIDE - 1) * BLOCK_M + 1.0)).all():
            return way


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch match of kept fixes: t_ms of the fixes that are on the way, pieces, path, and the confidence of all kept fixes."""

    t_ms: NDArray[np.int64]
    piece_of: NDArray[np.int32]
    path_m: NDArray[np.float64]
    edge: NDArray[np.int32]
    along_m: NDArray[np.float64]
    pieces: NDArray[Any]
    path: NDArray[Any]
    confidence: NDArray[np.float64]


def batch(network: RoadNetwork, rows: NDArray[Any], state: NDArray[np.uint8], p: MatchParameters) -> Batch:
    """Forward, backtrack and trace over the rows that streaming kept; state: (n,) `State` that it gave them, none thinned."""
    track = Track.of(rows)
    kept = np.flatnonzero((state == State.ON_ROAD) | (state == State.OFF_ROAD))
    x, y = network.project(track.lon_deg, track.lat_deg)
    t = track.t_ms / 1000.0
    fixes = np.zeros(kept.size, FIX)
    for name, column in (("x", x), ("y", y), ("lon", track.lon_deg), ("lat", track.lat_deg), ("t", t), ("leave", t)):
        fixes[name] = column[kept]
    fixes["speed"], fixes["heading"] = track.speed_kmh[kept] / 3.6, np.radians(track.heading_deg[kept])
    fixes["quality"] = quality_table()[np.minimum(rows["satellites"][kept], 10)]
    for row in np.flatnonzero(state == State.STILL):
        if kept.size and row > kept[0]:
            fixes["leave"][np.searchsorted(kept, row) - 1] = t[row]
    graph, scratch = graph_of(network, "bus", p), scratch_for(network.node_count, network.edge_count)
    m = kept.size
    lattice, chosen = lattice_for(m, p.k), np.empty(m, np.int32)
    for at in range(m):
        lattice.columns["gnss2"][0] = p.sigma_prior_m**2 if at == 0 else lattice.columns["gnss2"][0]
        scratch.clock[0] += 1
        step(graph, scratch, p.rules(), fixes, at, lattice, (at, at - 1, at - 2), np.empty(p.k, np.int32), p.gap_s)
    backtrack(lattice, chosen)
    path, pieces = np.zeros(200 * m + 64, PATH_PART), np.zeros(2 * m + 2, PIECE)
    piece_of, path_m = np.zeros(m, np.int32), np.zeros(m)
    parts, count = trace(graph, scratch, p.rules(), lattice, chosen, path, pieces, piece_of, path_m)
    confidence, low, high = np.zeros(m), np.zeros(m, np.uint8), np.zeros(m, np.uint8)
    posterior(graph, fixes, lattice, chosen, limits_of(network, "bus"), np.empty((2, p.k + 1)), confidence, low, high)
    place = lattice.states[np.arange(m), chosen]
    on = chosen != p.k
    way = piece_of >= 0
    return Batch(
        track.t_ms[kept][way], piece_of[way], path_m[way], np.where(on, place["edge"], -1)[way], np.where(on, place["along"], np.nan)[way],
        pieces[:count], path[:parts], confidence,
    )  # fmt: skip
