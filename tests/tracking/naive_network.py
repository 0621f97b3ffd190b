"""Slow twins of the kernels that build networks."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from shapely import LineString, box


def joined_ends(tail: Any, head: Any, ahead: Any, back: Any, fixed: Any) -> list[int]:
    at: dict[int, list[int]] = defaultdict(list)
    for piece in range(len(tail)):
        at[int(tail[piece])].append(2 * piece)
        at[int(head[piece])].append(2 * piece + 1)
    mate = [-1] * (2 * len(tail))
    for node, ends in at.items():
        if fixed[node] or len(ends) != 2 or ends[0] // 2 == ends[1] // 2:
            continue
        (into_a, out_a), (into_b, out_b) = ((ahead[e // 2], back[e // 2])[:: 1 if e % 2 else -1] for e in ends)
        if into_a == out_b and into_b == out_a:
            mate[ends[0]], mate[ends[1]] = ends[1], ends[0]
    return mate


def chains(mate: Any, tail: Any, head: Any) -> list[list[tuple[int, bool]]]:
    """Chains as lists of (piece, driven against it)."""
    seen: set[int] = set()
    found = []
    for piece in range(len(tail)):
        if piece in seen:
            continue
        run = [(piece, False)]
        ring = False
        while not ring and (before := mate[2 * run[0][0] + int(run[0][1])]) >= 0:
            ring = before // 2 == piece
            if not ring:
                run.insert(0, (before // 2, before % 2 == 0))
        while not ring and (after := mate[2 * run[-1][0] + 1 - int(run[-1][1])]) >= 0:
            run.append((after // 2, after % 2 == 1))
        if ring:
            starts = [int(head[p] if turned else tail[p]) for p, turned in run]
            cut = starts.index(min(starts))
            run = run[cut:] + run[:cut]
        found.append(run)
        seen |= {p for p, _ in run}
    return found


def longest_parts(start: Any, piece: Any, way_id: Any, length_m: Any) -> list[int]:
    out = []
    for first, last in pairwise(start):
        runs: list[tuple[float, int, int]] = []
        for place in range(first, last):
            way = int(way_id[piece[place]])
            if place > first and way == runs[-1][1]:
                runs[-1] = (runs[-1][0] - length_m[piece[place]], way, runs[-1][2])
            else:
                runs.append((0.0 - length_m[piece[place]], way, place))
        out.append(min(runs)[2])
    return out


def distance_to_cell(a: tuple[float, float], b: tuple[float, float], cell: int, grid: Any) -> float:
    """Metres of a segment to a cell; 0 when it touches it."""
    x0, y0, size, columns, _ = grid
    west, south = x0 + (cell % int(columns)) * size, y0 + (cell // int(columns)) * size
    return float(box(west, south, west + size, south + size).distance(LineString([a, b])))


def along(start: Any, legs: Any) -> list[float]:
    out: list[float] = []
    for first, last in pairwise(start):
        out += [float(sum(legs[first:j])) for j in range(first, last)]
    return out
