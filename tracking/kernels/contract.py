"""Chains of road pieces whose inner nodes say nothing. Twins: `tests/tracking/naive_network.py`.

An end of piece p is 2 p (its tail) or 2 p + 1 (its head).
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def joined_ends(tail, head, ahead, back, fixed):  # type: ignore[no-untyped-def]
    """The end that goes on at each end's node where the node can vanish, else -1.

    Args:
        tail, head: (W,) node rows of the pieces.
        ahead, back: (W,) uint64, equal for equal attributes along and against the piece; 0 where it cannot be driven.
        fixed: (N,) bool, nodes that stay.
    Returns:
        (2 W,) int64. A node vanishes when exactly two ends of two pieces meet there that go on alike in both directions.
    """
    count = np.zeros(len(fixed), np.int64)
    first = np.empty(len(fixed), np.int64)
    second = np.empty(len(fixed), np.int64)
    for end in range(2 * len(tail)):
        node = head[end >> 1] if end & 1 else tail[end >> 1]
        if count[node] == 0:
            first[node] = end
        elif count[node] == 1:
            second[node] = end
        count[node] += 1
    mate = np.full(2 * len(tail), -1, np.int64)
    for node in range(len(fixed)):
        if fixed[node] or count[node] != 2:
            continue
        a, b = first[node], second[node]
        p, q = a >> 1, b >> 1
        if p == q:
            continue
        into_a, out_a = (ahead[p], back[p]) if a & 1 else (back[p], ahead[p])
        into_b, out_b = (ahead[q], back[q]) if b & 1 else (back[q], ahead[q])
        if into_a == out_b and into_b == out_a:
            mate[a] = b
            mate[b] = a
    return mate


@njit(cache=True, nogil=True)
def chains(mate, tail, head):  # type: ignore[no-untyped-def]
    """Pieces in the order of their chains, chains by their smallest piece, which is driven along.

    A ring keeps the node with the smallest row.

    Returns:
        (start (C + 1,), piece (W,), turned (W,) bool: driven against the piece).
    """
    count = len(tail)
    start = np.empty(count + 1, np.int64)
    piece = np.empty(count, np.int64)
    turned = np.zeros(count, np.bool_)
    seen = np.zeros(count, np.bool_)
    found, used = 0, 0
    for p in range(count):
        if seen[p]:
            continue
        end = 2 * p
        least, least_node = end, tail[p]
        while mate[end] >= 0:
            end = mate[end] ^ 1
            if end == 2 * p:
                end = least
                break
            node = head[end >> 1] if end & 1 else tail[end >> 1]
            if node < least_node:
                least, least_node = end, node
        start[found] = used
        found += 1
        while end >= 0 and not seen[end >> 1]:
            q = end >> 1
            seen[q] = True
            piece[used] = q
            turned[used] = (end & 1) == 1
            used += 1
            end = mate[end ^ 1]
    start[found] = used
    return start[: found + 1].copy(), piece, turned


@njit(cache=True, nogil=True)
def longest_parts(start, piece, way_id, length_m):  # type: ignore[no-untyped-def]
    """(C,) place in `piece` of the first piece of each chain's longest run of one way; ties: the smaller way id."""
    out = np.empty(len(start) - 1, np.int64)
    for chain in range(len(out)):
        best, best_m = -1, -1.0
        i = start[chain]
        while i < start[chain + 1]:
            way, run_m, j = way_id[piece[i]], 0.0, i
            while j < start[chain + 1] and way_id[piece[j]] == way:
                run_m += length_m[piece[j]]
                j += 1
            if run_m > best_m or (run_m == best_m and way < way_id[piece[best]]):
                best, best_m = i, run_m
            i = j
        out[chain] = best
    return out


@njit(cache=True, nogil=True)
def along(start, legs, out):  # type: ignore[no-untyped-def]
    """Metres from the start of each line.

    Args:
        start: (L + 1,) rows of the lines in the flat points.
        legs: (S,) metres from each point to the next; the last of a line is not read.
        out: (S,) float64, filled.
    """
    for line in range(len(start) - 1):
        total = 0.0
        for j in range(start[line], start[line + 1]):
            out[j] = total
            total += legs[j]
