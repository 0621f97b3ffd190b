"""What a rule tells of an episode: it opened, it goes on, it closed. Twins: with those of the rules."""

from __future__ import annotations

import numpy as np
from numba import njit

EDGE = np.dtype(
    [
        ("opened_ms", "<i8"), ("t_ms", "<i8"), ("peak", "<f8"), ("amount", "<f8"), ("peak_kmh", "<f4"), ("limit_kmh", "<f4"),
        ("slot", "<i4"), ("lon_e6", "<i4"), ("lat_e6", "<i4"), ("kind", "u1"), ("severity", "u1"), ("quality", "u1"),
    ],
    align=True,
)  # fmt: skip
"""One edge of one episode. slot: the vehicle's place in the call; opened_ms: when the episode began, with rule and subject its key;
t_ms: the instant that the edge speaks of, at CLOSE the episode's last; lon_e6, lat_e6: where it opened, 1e-6 degree WGS-84; peak and
amount: in units that the rule names; peak_kmh and limit_kmh: of the worst fix, NaN where the rule knows no speed."""

OPEN, EXTEND, CLOSE = 1, 2, 3
"""`kind`."""

NOTICE, MINOR, GENERAL, SEVERE = 1, 2, 3, 4
"""`severity`, rising."""

GOOD, PARTIAL, DOUBTFUL = 0, 1, 2
"""`quality`: PARTIAL, a gap hides part of it; DOUBTFUL, the match was unsure and the highest plausible limit was used."""


@njit(cache=True, nogil=True)
def put(edges, count, slot, kind, opened_ms, t_ms, place):  # type: ignore[no-untyped-def]
    """Begin an edge: its row, the caller fills in the rest. The call fails when there is no room: that is a fault of ours.

    Args:
        edges, count: `EDGE` rows and how many of them are taken.
        place: (lon_e6, lat_e6).
    """
    if count >= edges.size:
        raise ValueError("more edges than a rule may tell")
    row = edges[count]
    row.slot, row.kind, row.opened_ms, row.t_ms = slot, kind, opened_ms, t_ms
    row.lon_e6, row.lat_e6 = place
    row.peak_kmh, row.limit_kmh = np.nan, np.nan
    return row


def room(rows: int, slots: int) -> np.ndarray:
    """Empty `EDGE` rows for a call: a fix closes and opens at most one episode of a rule at each of two boundaries of the clock."""
    return np.empty(4 * rows + 4 * slots, EDGE)


def fields(records: np.ndarray) -> np.ndarray:
    """The same records, their fields read by name as kernels do, also where those run without their compiler."""
    return records.view(np.recarray)
