"""How fast a vehicle goes along a path, and where it is at every second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.county.model import County
from tracking.network.model import RoadNetwork

Floats = NDArray[np.float64]

STEP_M = 5.0
"""Spacing of the speed profile."""


@dataclass(frozen=True, slots=True)
class Motor:
    """What a kind of vehicle can do: m/s^2 gained, lost, taken sideways; share of the free speed it drives at."""

    gain_mps2: float
    brake_mps2: float
    sideways_mps2: float
    pace: float


@dataclass(frozen=True, slots=True)
class Path:
    """A path as one line: along (n,) metres on the ellipsoid, lon, lat (n,) degrees, edge (n,) the edge that begins or goes on there."""

    along_m: Floats
    lon: Floats
    lat: Floats
    edge: NDArray[np.int32]

    @classmethod
    def of(cls, network: RoadNetwork, edges: NDArray[np.int32]) -> Path:
        """The line of edges that follow each other."""
        along, lon, lat, owner = [], [], [], []
        start = 0.0
        for edge in edges.tolist():
            rows = slice(int(network.shape_start[edge]), int(network.shape_start[edge + 1]))
            along.append(start + network.along_m[rows].astype(np.float64))
            lon.append(network.lon_e7[rows] / 1e7)
            lat.append(network.lat_e7[rows] / 1e7)
            owner.append(np.full(rows.stop - rows.start, edge, np.int32))
            start += float(network.length_m[edge])
        flat = np.maximum.accumulate(np.concatenate(along))
        return cls(flat, np.concatenate(lon), np.concatenate(lat), np.concatenate(owner))

    def place(self, s_m: Floats) -> tuple[Floats, Floats]:
        """(lon, lat) degrees at metres along."""
        return np.interp(s_m, self.along_m, self.lon), np.interp(s_m, self.along_m, self.lat)

    def edge_at(self, s_m: Floats) -> NDArray[np.int32]:
        """Edge at metres along; at a joint the edge that begins there."""
        return self.edge[np.clip(np.searchsorted(self.along_m, s_m, side="right") - 1, 0, self.edge.size - 1)]


@dataclass(frozen=True, slots=True)
class Run:
    """One drive along a path in even acceleration between knots: t_s, s_m, v_mps (k,); a dwell is two knots at one s."""

    path: Path
    t_s: Floats
    s_m: Floats
    v_mps: Floats

    def at(self, t_s: Floats) -> tuple[Floats, Floats]:
        """(metres along, m/s) at seconds from the start; held at both ends."""
        t = np.clip(t_s, 0.0, self.t_s[-1])
        row = np.clip(np.searchsorted(self.t_s, t, side="right") - 1, 0, self.t_s.size - 2)
        span = np.maximum(self.t_s[row + 1] - self.t_s[row], 1e-9)
        gain = (self.v_mps[row + 1] - self.v_mps[row]) / span
        run = t - self.t_s[row]
        s = self.s_m[row] + self.v_mps[row] * run + 0.5 * gain * run * run
        return np.minimum(s, self.s_m[row + 1]), self.v_mps[row] + gain * run


def headings(county: County, path: Path, s_m: Floats, reach_m: float) -> Floats:
    """Direction of the path (rad, from east, anticlockwise, unwrapped) at metres along, over reach_m to both sides."""
    ends = [county.plane.to_plane(*path.place(np.clip(s_m + d, 0.0, path.along_m[-1]))) for d in (-reach_m, reach_m)]
    return np.unwrap(np.arctan2(ends[1][1] - ends[0][1], ends[1][0] - ends[0][0]))


def drive_path(county: County, path: Path, stops: list[tuple[float, float]], motor: Motor, random: np.random.Generator) -> Run:
    """Drive a path from standstill to standstill.

    Args:
        county: the roads' limits and the drawing board.
        path: where to.
        stops: (metres along, dwell s), rising.
        motor: what the vehicle can do.
        random: small differences of pace along the way.
    """
    length = float(path.along_m[-1])
    s = np.unique(np.concatenate([np.arange(0.0, length, STEP_M), [length], [at for at, _ in stops]]))
    network = county.network
    edge = path.edge_at(np.minimum(s, length - 0.01))
    ceiling = network.free_kmh[edge] / 3.6 * motor.pace * _mood(s, random)
    turn = np.abs(np.gradient(headings(county, path, s, 12.0), s))
    v = np.minimum(ceiling, np.maximum(np.sqrt(motor.sideways_mps2 / np.maximum(turn, 1e-6)), 2.5))
    v[[0, -1]] = 0.0
    v[np.searchsorted(s, [at for at, _ in stops])] = 0.0
    square = v * v
    square = np.minimum.accumulate(square - 2 * motor.gain_mps2 * s) + 2 * motor.gain_mps2 * s
    back = square + 2 * motor.brake_mps2 * s
    square = np.minimum.accumulate(back[::-1])[::-1] - 2 * motor.brake_mps2 * s
    v = np.sqrt(np.maximum(square, 0.0))
    spans = 2 * np.diff(s) / np.maximum(v[1:] + v[:-1], 1e-6)
    t = np.concatenate([[0.0], np.cumsum(spans)])
    wait = np.zeros(s.size)
    wait[np.searchsorted(s, [at for at, _ in stops])] = [dwell for _, dwell in stops]
    twice = np.repeat(np.arange(s.size), np.where(wait > 0, 2, 1))
    second = np.concatenate([[False], twice[1:] == twice[:-1]])
    arrive = t + np.concatenate([[0.0], np.cumsum(wait)[:-1]])
    return Run(path, arrive[twice] + np.where(second, wait[twice], 0.0), s[twice], v[twice])


def _mood(s_m: Floats, random: np.random.Generator) -> Floats:
    """Traffic and attention: a share between 0.85 and 1 that changes over some hundred metres."""
    knots = np.arange(0.0, s_m[-1] + 800.0, 400.0)
    return np.interp(s_m, knots, random.uniform(0.85, 1.0, knots.size))
