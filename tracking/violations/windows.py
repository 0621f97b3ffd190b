"""What the rules of driving in a window share: the call of their kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracking.kernels.edges import fields, room
from tracking.kernels.windows import SWEEP, wheel_windows
from tracking.violations.model import Array


def judge(start: NDArray[np.int64], begin_ms: NDArray[np.int64], end_ms: NDArray[np.int64], limits: Array, until_ms: int) -> Array:
    """Edges of driving beyond the limit of a window. A piece that goes in and one that goes out may each open or close one episode."""
    edges = room(2 * begin_ms.size, start.size - 1)
    sweeps = np.zeros(start.size - 1, SWEEP)
    return edges[: wheel_windows(start, begin_ms, end_ms, fields(limits), fields(sweeps), until_ms, fields(edges))]
