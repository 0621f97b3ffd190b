"""Days that lie behind: what the first vehicles of a fleet would have reported, in the order of time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulators.fleet import Fleet
from simulators.frames import BODY_BYTES, FrameMaker

_PIECE_S = 600
DELAY_MS = 700
"""From the fix to the gateway's clock."""


def past_reports(fleet: Fleet, vehicles: int, begin_s: int, end_s: int, interval_s: int) -> Iterator[tuple[int, bytes]]:
    """(epoch ms at which it is received, frame) of every report of the fleet's first vehicles.

    The places are those at which the same fleet would be seen if it ran then: a place is a function of seed, vehicle and time.

    Args:
        begin_s, end_s: epoch seconds, the end left out; interval_s: between two reports of a vehicle.
    """
    rows = np.arange(min(vehicles, len(fleet.identities)), dtype=np.int64)
    makers = [FrameMaker(one.terminal_id, one.version) for one in fleet.identities[: rows.size]]
    serials = [0] * rows.size
    for start in range(begin_s, end_s, _PIECE_S):
        due = [np.arange(start + (row - start) % interval_s, min(start + _PIECE_S, end_s), interval_s) for row in rows.tolist()]
        vehicle, t_s = np.repeat(rows, [one.size for one in due]), np.concatenate(due)
        order = np.argsort(t_s, kind="stable")
        vehicle, t_s = vehicle[order], t_s[order]
        _, bodies, xors = fleet.source.make(vehicle, t_s)
        for place, (row, second) in enumerate(zip(vehicle.tolist(), t_s.tolist(), strict=True)):
            body = bodies[place * BODY_BYTES : (place + 1) * BODY_BYTES]
            yield second * 1000 + DELAY_MS, makers[row].report(body, xors[place], serials[row])
            serials[row] = (serials[row] + 1) & 0xFFFF
